/** Edges and patches of images: pad, unfold and its adjoint fold, pixelShuffle and its inverse. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape, wholeNd } from '../array/nd.ts';
import type { Walk } from '../array/views.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';
import { batched, pair, type Pair, type Size } from './sizes.ts';

/** Which element of a dim of n stands at place i, before the first or after the last one too. */
const REACH: Readonly<Record<Exclude<PadMode, 'constant'>, (i: number, n: number) => number>> = {
  reflect: (i, n) => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i),
  replicate: (i, n) => Math.min(n - 1, Math.max(0, i)),
  circular: (i, n) => (i + n) % n,
};

/** What stands beyond the edge: one value; the image mirrored without its edge; the edge; the image from its other end. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

/**
 * x with so many elements more before and after each of its last dims: `sides` is [before, after] of the last dim, then
 * of the one before it, and so on. Negative numbers take away. PyTorch: `F.pad`, here over any number of dims in all modes.
 * `nn.functional.pad(tensor([1, 2, 3]), [2, 1], { mode: 'reflect' }) // => Tensor[6] [3, 2, 1, 2, 3, 2]`
 * @throws ShapeError when the sides are no pairs, are too many, or reach further than the mode can
 */
export function pad(
  x: Tensor,
  sides: readonly number[],
  { mode = 'constant', value = 0 }: { mode?: PadMode; value?: number } = {},
): Tensor {
  if (sides.length % 2 === 1 || sides.length > 2 * x.ndim || !sides.every(Number.isInteger)) {
    throw new ShapeError(
      'pad',
      `the sides must be whole numbers, a pair each for at most ${x.ndim} dims`,
      showShape(sides),
    );
  }
  const side = (d: number, which: 0 | 1): number => sides[2 * (x.ndim - 1 - d) + which] ?? 0;
  const sizes = x.shape.map((n, d) => n + side(d, 0) + side(d, 1));
  if (sizes.some((n) => n < 0)) {
    throw new ShapeError(
      'pad',
      'no more may be taken away than is there',
      `${showShape(sides)} of ${showShape(x.shape)}`,
    );
  }
  if (mode === 'constant') {
    const cut = x.shape.map((n, d) => ({
      start: Math.max(0, -side(d, 0)),
      step: 1,
      size: Math.max(0, n + Math.min(0, side(d, 0)) + Math.min(0, side(d, 1))),
    }));
    const put = cut.map(({ size }, d) => ({ start: Math.max(0, side(d, 0)), step: 1, size }));
    const kept = apply(ops.slice, x, cut);
    return sameShape(kept.shape, sizes) ? kept : apply(ops.unslice, kept, put, sizes, value);
  }
  if (!Object.hasOwn(REACH, mode)) {
    throw new ValueError('pad', `the mode must be constant, ${Object.keys(REACH).join(', ')}`, `'${mode}'`);
  }
  return sizes.reduce((y, size, d) => {
    const n = x.shape[d];
    const [before, after] = [side(d, 0), side(d, 1)];
    if (before === 0 && after === 0) return y;
    const furthest = mode === 'reflect' ? n - 1 : mode === 'circular' ? n : n === 0 ? 0 : Infinity;
    if (Math.max(before, after) > furthest) {
      throw new ShapeError(
        'pad',
        `'${mode}' can add at most ${furthest} to a side of dim ${d} of size ${n}`,
        `${before} and ${after}`,
      );
    }
    const from = Array.from({ length: size }, (_, i) => REACH[mode](i - before, n));
    return apply(ops.indexSelect, y, y.wrap(wholeNd(from)), d);
  }, x);
}

export interface UnfoldOptions {
  /** Elements from one patch to the next; 1. */
  readonly stride?: Size;
  /** Zeros on each side; 0. */
  readonly padding?: Size;
  /** Elements from one element of a patch to the next; 1. */
  readonly dilation?: Size;
}

/** How patches lie in an image of [N, C, H, W]: as a lattice [N, C, kernel height, kernel width, rows, columns]. */
function patches(where: string, size: Pair, kernelSize: Size, options: UnfoldOptions) {
  const two = (name: string, value: Size, least: 0 | 1): Pair => pair(where, name, value, least, 2);
  const kernel = two('kernelSize', kernelSize, 1);
  const stride = two('stride', options.stride ?? 1, 1);
  const padding = two('padding', options.padding ?? 0, 0);
  const dilation = two('dilation', options.dilation ?? 1, 1);
  const padded = size.map((n, d) => n + 2 * padding[d]);
  const counts = padded.map((n, d) => Math.floor((n - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1);
  if (counts.some((n) => n < 1)) {
    throw new ShapeError(
      where,
      `the image must hold a patch of ${showShape(kernel)}`,
      `${showShape(padded)} with its padding`,
    );
  }
  const walks = (N: number, C: number): Walk[] => [
    { size: N, steps: [1, 0, 0, 0] },
    { size: C, steps: [0, 1, 0, 0] },
    { size: kernel[0], steps: [0, 0, dilation[0], 0] },
    { size: kernel[1], steps: [0, 0, 0, dilation[1]] },
    { size: counts[0], steps: [0, 0, stride[0], 0] },
    { size: counts[1], steps: [0, 0, 0, stride[1]] },
  ];
  return { kernel, padding, padded, walks, area: kernel[0] * kernel[1], count: counts[0] * counts[1] };
}

/**
 * The patches of an image as columns: x [N, C, H, W] or [C, H, W] to [N, C·area, count], im2col. PyTorch: `F.unfold`.
 * `nn.functional.unfold(ones([1, 2, 4, 4]), 2).shape // => [ 1, 8, 9 ]`
 */
export function unfold(x: Tensor, kernelSize: Size, options: UnfoldOptions = {}): Tensor {
  return batched('unfold', x, 4, (image) => {
    const [N, C, H, W] = image.shape;
    const { padding: [p, q], walks, area, count } = patches('unfold', [H, W], kernelSize, options); // prettier-ignore
    return apply(ops.lattice, pad(image, [q, q, p, p]), [0, 0, 0, 0], walks(N, C)).reshape([N, C * area, count]);
  });
}

/**
 * Images of size [height, width] made of patches, which add up where they overlap: [N, C·area, count] or [C·area, count]
 * to [N, C, height, width]. The adjoint of `unfold`. PyTorch: `F.fold`.
 * `nn.functional.fold(ones([1, 4, 9]), [4, 4], 2).sum() // => Tensor[] 36`
 */
export function fold(x: Tensor, outputSize: Size, kernelSize: Size, options: UnfoldOptions = {}): Tensor {
  const size = pair('fold', 'outputSize', outputSize, 1, 2);
  const { padding: [p, q], padded, walks, area, count } = patches('fold', size, kernelSize, options); // prettier-ignore
  return batched('fold', x, 3, (columns) => {
    const [N, rows, n] = columns.shape;
    if (rows % area !== 0 || n !== count) {
      throw new ShapeError(
        'fold',
        `there must be a multiple of ${area} rows and ${count} columns, one a patch`,
        showShape(x.shape),
      );
    }
    const lattice = walks(N, rows / area);
    const shape = [N, rows / area, ...padded];
    const image = apply(ops.unlattice, columns.reshape(lattice.map((walk) => walk.size)), [0, 0, 0, 0], lattice, shape);
    return pad(image, [-q, -q, -p, -p]);
  });
}

const factor = (where: string, r: number): number => {
  if (!Number.isInteger(r) || r < 1)
    throw new ValueError(where, 'the factor must be a whole number, 1 or more', `${r}`);
  return r;
};

/**
 * Channels to pixels: […, C·r², H, W] to […, C, H·r, W·r] (Shi et al., 2016). `nn.functional.pixelShuffle(ones([1, 8, 2, 3]), 2).shape // => [ 1, 2, 4, 6 ]`
 */
export function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor {
  const r = factor('pixelShuffle', upscaleFactor);
  const [C, H, W] = x.shape.slice(-3);
  if (x.ndim < 3 || C % (r * r) !== 0) {
    throw new ShapeError(
      'pixelShuffle',
      `x must be […, C, H, W] with a multiple of ${r * r} channels`,
      showShape(x.shape),
    );
  }
  const lead = x.shape.slice(0, -3);
  const d = lead.length; // […, C/r², r, r, H, W] → […, C/r², H, r, W, r]
  const apart = x.reshape([...lead, C / (r * r), r, r, H, W]);
  const order = [...lead.keys(), d, d + 3, d + 1, d + 4, d + 2];
  return apart.permute(...order).reshape([...lead, C / (r * r), H * r, W * r]);
}

/** Pixels to channels, the inverse of pixelShuffle: […, C, H·r, W·r] to […, C·r², H, W]. `nn.functional.pixelUnshuffle(ones([1, 2, 4, 6]), 2).shape // => [ 1, 8, 2, 3 ]` */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  const r = factor('pixelUnshuffle', downscaleFactor);
  const [C, H, W] = x.shape.slice(-3);
  if (x.ndim < 3 || H % r !== 0 || W % r !== 0) {
    throw new ShapeError(
      'pixelUnshuffle',
      `x must be […, C, H, W] with multiples of ${r} as H and W`,
      showShape(x.shape),
    );
  }
  const lead = x.shape.slice(0, -3);
  const d = lead.length; // […, C, H/r, r, W/r, r] → […, C, r, r, H/r, W/r]
  const apart = x.reshape([...lead, C, H / r, r, W / r, r]);
  const order = [...lead.keys(), d, d + 2, d + 4, d + 1, d + 3];
  return apart.permute(...order).reshape([...lead, C * r * r, H / r, W / r]);
}
