/** Images and volumes at places of one's own: affineGrid makes the places, gridSample looks there. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sizeOf, type Shape } from '../array/nd.ts';
import { concat, full, stack, tensor, zeros } from '../create.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';
import { cubicWeights } from './interpolate.ts';

export interface AlignOptions {
  /** Whether −1 and 1 are the middles of the first and last cells, or their outer edges. false if left out. */
  readonly alignCorners?: boolean;
}

/**
 * Where an affine map θ [N, 2, 3] sends the places of images [N, C, H, W], or θ [N, 3, 4] those of volumes [N, C, D, H, W]:
 * a grid [N, H, W, 2] of (x, y), or [N, D, H, W, 3] of (x, y, z), from −1 to 1 along each dim (Jaderberg et al., 2015).
 * PyTorch: `torch.nn.functional.affine_grid`.
 * `nn.functional.affineGrid(tensor([[[1, 0, 0], [0, 1, 0]]]), [1, 1, 1, 2]).flatten() // => Tensor[4] [-0.5000, 0.0000, 0.5000, 0.0000]`
 * @throws ShapeError when θ and size do not fit
 */
export function affineGrid(theta: Tensor, size: Shape, { alignCorners = false }: AlignOptions = {}): Tensor {
  const places = size.slice(2);
  const dims = places.length;
  const fits = (dims === 2 || dims === 3) && theta.ndim === 3 && theta.shape[0] === size[0] && theta.shape[1] === dims && theta.shape[2] === dims + 1; // prettier-ignore
  if (!fits || !size.every((n) => Number.isInteger(n) && n > 0)) {
    const rule = 'theta must be [N, 2, 3] for sizes [N, C, H, W], or [N, 3, 4] for [N, C, D, H, W], all above 0';
    throw new ShapeError('affineGrid', rule, `${showShape(theta.shape)} and ${showShape(size)}`);
  }
  const along = (n: number): number[] =>
    Array.from({ length: n }, (_, i) => (alignCorners ? (n > 1 ? (2 * i) / (n - 1) - 1 : 0) : (2 * i + 1) / n - 1));
  const coordinates = places.map((n, d) => {
    const line = tensor(Float64Array.from(along(n))).to(theta.dtype);
    return line.reshape([n, ...places.slice(d + 1).map(() => 1)]).expand(places).flatten(); // prettier-ignore
  });
  const ones = full([sizeOf(places)], 1, { dtype: theta.dtype });
  const base = stack([...coordinates.reverse(), ones], 1); // rows (x, y, 1)
  return base.matmul(theta.mT).reshape([size[0], ...places, dims]);
}

export interface GridSampleOptions extends AlignOptions {
  /** 'bilinear' (of volumes trilinear), 'nearest', or of images 'bicubic'. 'bilinear' if left out. */
  readonly mode?: 'bilinear' | 'nearest' | 'bicubic';
  /** What stands outside: zeros, the border, or the image mirrored at its border. 'zeros' if left out. */
  readonly paddingMode?: 'zeros' | 'border' | 'reflection';
}

/** Places outside of a dim of n set to its border, where they have no gradient. */
const clip = (p: Tensor, n: number): Tensor => p.maskedFill(p.le(0), 0).maskedFill(p.ge(n - 1), n - 1);

/** Places mirrored at the border, as often as it takes, until they are inside: at the middle of its cells, or at their edge. */
function reflect(p: Tensor, n: number, alignCorners: boolean): Tensor {
  const low = alignCorners ? 0 : -0.5;
  const span = alignCorners ? n - 1 : n;
  if (span === 0) return p.mul(0);
  const shifted = p.sub(low);
  const u = shifted.where(shifted.ge(0), shifted.neg());
  const flips = u.detach().div(span).floor();
  const extra = u.sub(flips.mul(span));
  const even = flips.sub(flips.div(2).floor().mul(2)).eq(0); // prettier-ignore
  return extra.where(even, extra.neg().add(span)).add(low);
}

/**
 * x [N, C, S + 1], images of S = Π sizes places and a 0 behind, read at whole places, one tensor [N, P] a dim: that 0 where
 * they are outside. [N, C, P]
 */
function read(x: Tensor, places: readonly Tensor[], sizes: Shape): Tensor {
  const inside = places.map((p, d) => p.ge(0).mul(p.lt(sizes[d]))).reduce((a, b) => a.mul(b)); // prettier-ignore
  const at = places.reduce((at, p, d) => at.mul(sizes[d]).add(p), inside.zerosLike()).where(inside, sizeOf(sizes));
  const [N, P] = at.shape;
  return apply(ops.gather, x, at.detach().unsqueeze(1).expand([N, x.shape[1], P]), 2);
}

/**
 * x [N, C, H, W] at places of a grid [N, h, w, 2] of (x, y) from −1 to 1, to [N, C, h, w]; or x [N, C, D, H, W] at places
 * [N, d, h, w, 3] of (x, y, z). Gradients flow to both (Jaderberg et al., 2015). PyTorch: `torch.nn.functional.grid_sample`.
 * `nn.functional.gridSample(tensor([[[[1, 2]]]]), tensor([[[[0, 0]]]])).item() // => 1.5`
 * @throws ShapeError when x and grid do not fit; ValueError on an unknown mode
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  const where = 'gridSample';
  const { mode = 'bilinear', paddingMode = 'zeros', alignCorners = false } = options;
  const sizes = x.shape.slice(2);
  const dims = sizes.length;
  const fits = (dims === 2 || dims === 3) && grid.ndim === x.ndim && grid.shape[0] === x.shape[0] && grid.shape[dims + 1] === dims; // prettier-ignore
  if (!fits || sizes.includes(0)) {
    const rule = 'x must be [N, C, H, W] for a grid [N, h, w, 2], or [N, C, D, H, W] for [N, d, h, w, 3], not empty';
    throw new ShapeError(where, rule, `${showShape(x.shape)} and ${showShape(grid.shape)}`);
  }
  if (!['bilinear', 'nearest', 'bicubic'].includes(mode) || (mode === 'bicubic' && dims === 3)) {
    throw new ValueError(where, "the mode must be 'bilinear', 'nearest' or, of images, 'bicubic'", `'${mode}'`);
  }
  if (!['zeros', 'border', 'reflection'].includes(paddingMode)) {
    throw new ValueError(where, "paddingMode must be 'zeros', 'border' or 'reflection'", `'${paddingMode}'`);
  }
  const inner = (p: Tensor, n: number): Tensor =>
    paddingMode === 'zeros' ? p : clip(paddingMode === 'border' ? p : reflect(p, n, alignCorners), n);

  // The grid's coordinates, in x's order of dims and counted in its places: [N, P] each.
  const all = grid.reshape([grid.shape[0], sizeOf(grid.shape.slice(1, -1)), dims]);
  const places = sizes.map((n, d) => {
    const c = all.select(2, dims - 1 - d).add(1);
    return alignCorners ? c.mul((n - 1) / 2) : c.mul(n / 2).sub(0.5); // prettier-ignore
  });
  const [N, C] = x.shape;
  const image = concat([x.flatten(2), zeros([N, C, 1], { dtype: x.dtype })], 2);
  const result = [N, C, ...grid.shape.slice(1, -1)];
  if (mode === 'nearest') {
    return read(image, places.map((p, d) => inner(p, sizes[d]).round()), sizes).reshape(result); // prettier-ignore
  }
  const cubic = mode === 'bicubic';
  const exact = cubic ? places : places.map((p, d) => inner(p, sizes[d]));
  const first = exact.map((p) => p.detach().floor());
  const weights = exact.map((p, d) => {
    const t = p.sub(first[d]);
    return cubic ? cubicWeights(t) : [t.neg().add(1), t];
  });
  const parts = corners(weights.map((list) => list.length)).map((corner) => {
    const at = corner.map((k, d) => (cubic ? inner(first[d].add(k - 1), sizes[d]) : first[d].add(k)));
    const weight = corner.map((k, d) => weights[d][k]).reduce((a, b) => a.mul(b)); // prettier-ignore
    return read(image, at, sizes).mul(weight.unsqueeze(1));
  });
  return parts.reduce((a, b) => a.add(b)).reshape(result);
}

/** All lists of one whole number each below the counts. */
const corners = (counts: readonly number[]): number[][] =>
  counts.reduce<number[][]>(
    (lists, n) => lists.flatMap((list) => Array.from({ length: n }, (_, k) => [...list, k])),
    [[]],
  );
