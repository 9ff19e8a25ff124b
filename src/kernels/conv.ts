/**
 * Convolution as matmul over unfolded patches, a block at a time.
 *
 * For a block of B output places (of one image, or of several small ones) and one group of channels,
 *   patches[K, B]  column q holds what output place q sees: K = C/groups·kH·kW numbers, 0 outside of the image
 *   y[O/groups, B] = w[O/groups, K] · patches
 * and its two adjoints: wᵀ·y is folded back onto x, y·patchesᵀ is summed over blocks. Patches never take more than a
 * fixed scratch, and none at all for 1×1 kernels, whose patches are the image itself.
 */
import { dense } from '../array/dense.ts';
import { dtypeOf, promote, zerosNd, type Data, type DType, type Nd, type Shape } from '../array/nd.ts';
import { gemm } from './matmul/index.ts';
import * as simd from './simd/conv.ts';

/** Along the height and the width. */
export type Pair = readonly [height: number, width: number];

/** How the kernel moves over the image. Padding is that before the first row and column; what lies outside counts as 0. */
export interface Movement {
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

const SCRATCH = 1 << 17; // numbers of unfolded patches: half a megabyte stays in the L2 cache

type Role = 'patches' | 'side' | 'product';
const scratches = new Map<string, Data>();

/** Room for n numbers, used again by the next call. */
function scratch(role: Role, dtype: DType, n: number): Data {
  const key = role + dtype;
  let room = scratches.get(key);
  if (room === undefined || room.length < n) {
    const size = Math.max(n, role === 'patches' ? SCRATCH : 0);
    scratches.set(key, (room = dtype === 'float32' ? new Float32Array(size) : new Float64Array(size)));
  }
  return room;
}

/** The sizes of one convolution, worked out once for all three kernels. */
function planOf([N, C, H, W]: Shape, O: number, [kH, kW]: Pair, [h, w]: Pair, move: Movement) {
  const { stride, padding, groups } = move;
  return {
    C, H, W, O, w, kH, kW, move,
    Cg: C / groups, // channels of one group
    Og: O / groups,
    K: (C / groups) * kH * kW, // numbers that one place sees
    P: h * w, // places of one image
    places: N * h * w, // of all images
    pointwise: kH * kW === 1 && Math.max(...stride) === 1 && Math.max(...padding) === 0 && h === H && w === W,
  }; // prettier-ignore
}
export type Plan = ReturnType<typeof planOf>;

/** Calls visit with the first place and the number of places of each block, group by group. */
function eachBlock(
  { K, P, w, places, move, pointwise }: Plan,
  visit: (group: number, place: number, B: number) => void,
): void {
  const room = Math.floor(SCRATCH / Math.max(1, K));
  const unit = [P, w].find((size) => size <= room) ?? 1; // whole images or else whole rows, if there is room
  const most = pointwise ? P : Math.max(1, Math.floor(room / unit) * unit);
  for (let g = 0; g < move.groups; g++) {
    for (let q = 0; q < places;) {
      const B = Math.min(most, places - q, most < P ? P - (q % P) : most); // part of one image, or whole images
      visit(g, q, B);
      q += B;
    }
  }
}

/** Where what a group sees of a place's image begins in x. */
const xAt = ({ P, C, Cg, H, W }: Plan, group: number, place: number): number =>
  (Math.floor(place / P) * C + group * Cg) * H * W;

/** Where a group's results at a place begin in y. */
const yAt = ({ P, O, Og }: Plan, group: number, place: number): number =>
  (Math.floor(place / P) * O + group * Og) * P + (place % P);

/** Fills patches[K, B] from x; or, going back, adds them onto x. */
// prettier-ignore
function unfold(
  plan: Plan, x: Data, xi: number, patches: Data, group: number, place: number, B: number, back: boolean,
): void {
  if (simd.unfold(plan, x, xi, patches, group, place, B, back)) return;
  const { C, H, W, w, kH, kW, Cg, P, move } = plan;
  const [[sH, sW], [pH, pW], [dH, dW]] = [move.stride, move.padding, move.dilation];
  const firstImage = Math.floor(place / P);
  const firstRow = Math.floor((place % P) / w);
  let at = 0;
  for (let c = 0; c < Cg; c++) {
    for (let kh = 0; kh < kH; kh++) {
      for (let kw = 0; kw < kW; kw++) {
        // Column j of y reads column j·sW + left of x, which exists for lo ≤ j < hi.
        const left = kw * dW - pW;
        const lo = Math.max(0, Math.ceil(-left / sW));
        const hi = Math.ceil((W - left) / sW);
        let plane = xi + (firstImage * C + group * Cg + c) * H * W;
        let i = firstRow;
        let j = place % w;
        for (const end = at + B; at < end; ) {
          // One row of y, or the part of it that is in the block.
          const stop = Math.min(w, j + end - at);
          const row = i * sH + kh * dH - pH;
          const from = row >= 0 && row < H ? Math.min(stop, Math.max(j, lo)) : stop;
          const to = Math.max(from, Math.min(stop, hi));
          let s = plane + row * W + left + from * sW;
          let k = at + from - j;
          const last = k + to - from;
          if (back) for (; k < last; k++, s += sW) x[s] += patches[k];
          else {
            for (let z = at; z < k; z++) patches[z] = 0;
            for (; k < last; k++, s += sW) patches[k] = x[s];
            for (const z = at + stop - j; k < z; k++) patches[k] = 0;
          }
          at += stop - j;
          j = 0;
          if (++i * w === P) {
            i = 0;
            plane += C * H * W;
          }
        }
      }
    }
  }
}

/** Copies a block[O/groups, B] to its places in y; or, going back, from them. */
// prettier-ignore
function spread(
  plan: Plan, block: Data, y: Data, yi: number, group: number, place: number, B: number, back: boolean,
): void {
  const { Og, P } = plan;
  for (let q = 0; q < B; ) {
    const run = Math.min(B - q, P - ((place + q) % P));
    const at = yi + yAt(plan, group, place + q);
    for (let o = 0; o < Og; o++) {
      if (back) block.set(y.subarray(at + o * P, at + o * P + run), o * B + q);
      else y.set(block.subarray(o * B + q, o * B + q + run), at + o * P);
    }
    q += run;
  }
}

/** y[N, O, …size] of x[N, C, H, W] and w[O, C/groups, kH, kW]: y(i) = Σ w(k)·x(i·stride + k·dilation − padding). */
export function conv2d(x: Nd, w: Nd, size: Pair, move: Movement): Nd {
  const [N] = x.shape;
  const [O, , kH, kW] = w.shape;
  const plan = planOf(x.shape, O, [kH, kW], size, move);
  const { K, P, Og } = plan;
  const [X, V] = [dense(x), dense(w)];
  const y = zerosNd(promote(x, w), [N, O, ...size]);
  eachBlock(plan, (g, q, B) => {
    const at = V.offset + g * Og * K;
    if (plan.pointwise) {
      gemm(Og, B, K, V.data, at, K, 1, X.data, X.offset + xAt(plan, g, q), P, 1, y.data, yAt(plan, g, q));
      return;
    }
    const patches = scratch('patches', dtypeOf(X.data), K * B);
    unfold(plan, X.data, X.offset, patches, g, q, B, false);
    if (B === P) gemm(Og, B, K, V.data, at, K, 1, patches, 0, B, 1, y.data, yAt(plan, g, q));
    else {
      const block = scratch('side', dtypeOf(y.data), Og * B);
      gemm(Og, B, K, V.data, at, K, 1, patches, 0, B, 1, block, 0);
      spread(plan, block, y.data, 0, g, q, B, false);
    }
  });
  return y;
}

/** A block of y as a matrix: where its numbers are, and how far apart its rows. */
function sideOf(plan: Plan, y: Nd, g: number, q: number, B: number): readonly [Data, start: number, row: number] {
  if (B <= plan.P) return [y.data, y.offset + yAt(plan, g, q), plan.P]; // of one image: it lies there as it is
  const side = scratch('side', dtypeOf(y.data), plan.Og * B);
  spread(plan, side, y.data, y.offset, g, q, B, true);
  return [side, 0, B];
}

/** The adjoint of conv2d in x: x[N, C, …size] of y[N, O, h, w] and w. */
export function conv2dInput(y: Nd, w: Nd, size: Pair, move: Movement): Nd {
  const [N, O, h, wide] = y.shape;
  const [, channels, kH, kW] = w.shape;
  const x = zerosNd(promote(y, w), [N, channels * move.groups, ...size]);
  const plan = planOf(x.shape, O, [kH, kW], [h, wide], move);
  const { K, Og } = plan;
  const [Y, V] = [dense(y), dense(w)];
  eachBlock(plan, (g, q, B) => {
    const [data, at, row] = sideOf(plan, Y, g, q, B);
    const from = V.offset + g * Og * K;
    if (plan.pointwise) gemm(K, B, Og, V.data, from, 1, K, data, at, row, 1, x.data, xAt(plan, g, q));
    else {
      const patches = scratch('patches', dtypeOf(x.data), K * B);
      gemm(K, B, Og, V.data, from, 1, K, data, at, row, 1, patches, 0);
      unfold(plan, x.data, 0, patches, g, q, B, true);
    }
  });
  return x;
}

/** The adjoint of conv2d in w: w[O, C/groups, …size] of x and y. */
export function conv2dWeight(x: Nd, y: Nd, size: Pair, move: Movement): Nd {
  const [, O, h, wide] = y.shape;
  const w = zerosNd(promote(x, y), [O, x.shape[1] / move.groups, ...size]);
  const plan = planOf(x.shape, O, size, [h, wide], move);
  const { K, P, Og } = plan;
  const [X, Y] = [dense(x), dense(y)];
  const product = scratch('product', dtypeOf(w.data), Og * K);
  eachBlock(plan, (g, q, B) => {
    const [data, at, row] = sideOf(plan, Y, g, q, B);
    if (plan.pointwise) gemm(Og, K, B, data, at, row, 1, X.data, X.offset + xAt(plan, g, q), 1, P, product, 0);
    else {
      const patches = scratch('patches', dtypeOf(X.data), K * B);
      unfold(plan, X.data, X.offset, patches, g, q, B, false);
      gemm(Og, K, B, data, at, row, 1, patches, 0, 1, B, product, 0);
    }
    for (let i = 0, k = g * Og * K; i < Og * K; i++) w.data[k++] += product[i];
  });
  return w;
}
