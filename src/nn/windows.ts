/**
 * Windows over one, two or three dims, as ranges of places: what pooling is made of. The ops know windows over two dims; a
 * signal is an image of one row, and a volume's windows are taken in each plane first, then along the depth.
 */
import { ShapeError, ValueError } from '../array/errors.ts';
import type { Range } from '../array/views.ts';
import { arange } from '../create.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';
import { sizes, type Dims, type Size } from './sizes.ts';

export interface PoolOptions {
  /** Steps from one window to the next; the kernel size if left out. */
  readonly stride?: Size;
  /** How far windows begin outside of the image, at most half a window; 0 if left out. */
  readonly padding?: Size;
  /** Windows that only begin inside (or in the padding before) count as well. false if left out. */
  readonly ceilMode?: boolean;
}

/** What a window sees of a dim: `size` places from `start` on, `step` apart; `padded` counts those in the padding too. */
export interface Span extends Range {
  readonly padded: number;
}

/** All windows along one dim of n places. */
// prettier-ignore
function spans(
  where: string, n: number, kernel: number, stride: number, padding: number, dilation: number, ceil: boolean,
): Span[] {
  if (2 * padding > kernel) {
    throw new ValueError(where, 'padding must be at most half the kernel size', `${padding} for ${kernel}`);
  }
  const room = n + 2 * padding - dilation * (kernel - 1) - 1; // steps of 1 that a window can go
  if (room < 0) throw new ShapeError(where, `the window of ${kernel} must fit into the padded input`, `size ${n}`);
  let count = Math.floor(room / stride) + 1;
  if (ceil && room % stride > 0 && count * stride < n + padding) count++;
  return Array.from({ length: count }, (_, i) => {
    const from = i * stride - padding;
    const skipped = from < 0 ? Math.ceil(-from / dilation) : 0;
    const start = from + skipped * dilation;
    const size = Math.min(kernel - skipped, Math.ceil((n - start) / dilation));
    return { start, step: dilation, size, padded: Math.min(kernel, n + padding - from) };
  });
}

/** The windows of a pool along each of the last dims of x. */
export function windows(
  where: string,
  x: Tensor,
  kernelSize: Size,
  o: PoolOptions & { readonly dilation?: Size },
  dims: Dims,
): Span[][] {
  const kernel = sizes(where, 'kernelSize', kernelSize, 1, dims);
  const stride = sizes(where, 'stride', o.stride ?? kernelSize, 1, dims);
  const padding = sizes(where, 'padding', o.padding ?? 0, 0, dims);
  const dilation = sizes(where, 'dilation', o.dilation ?? 1, 1, dims);
  return kernel.map((k, d) =>
    spans(where, x.shape[x.ndim - dims + d], k, stride[d], padding[d], dilation[d], o.ceilMode ?? false),
  );
}

/** Windows that cover n places in `count` parts of nearly equal size: ⌊i·n/count⌋ to ⌈(i + 1)·n/count⌉. */
export const evenly = (n: number, count: number): Span[] =>
  Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * n) / count);
    const size = Math.ceil(((i + 1) * n) / count) - start;
    return { start, step: 1, size, padded: size };
  });

/** Each of n places by itself. */
const each = (n: number): Range[] => Array.from({ length: n }, (_, start) => ({ start, step: 1, size: 1 }));

/** The rows and columns of the planes in which windows lie, and how many places a plane and its results have. */
function inPlanes(x: Tensor, along: readonly Range[][]) {
  const [rows, cols] = along.length === 1 ? [each(1), along[0]] : along.slice(-2);
  const [H, W] = along.length === 1 ? [1, x.shape[2]] : x.shape.slice(-2);
  return { rows, cols, H, W, n: rows.length * cols.length };
}

/** The sum of each window of x [N, C, …places]; `along` holds the windows of each dim. */
export function windowSums(x: Tensor, along: readonly Range[][]): Tensor {
  const [N, C] = x.shape;
  const { rows, cols, H, W, n } = inPlanes(x, along);
  const D = along.length === 3 ? x.shape[2] : 1;
  const planes = apply(ops.windowSum, x.reshape([N, C * D, H, W]), rows, cols);
  const sums = along.length < 3 ? planes : apply(ops.windowSum, planes.reshape([N, C, D, n]), along[0], each(n)); // prettier-ignore
  return sums.reshape([N, C, ...along.map((windows) => windows.length)]);
}

/**
 * The place of the largest number of each window of x [N, C, …places], in row-major order within its channel: the first of
 * several, the last NaN.
 */
export function windowPlaces(x: Tensor, along: readonly Range[][]): Tensor {
  const [N, C] = x.shape;
  const { rows, cols, H, W, n } = inPlanes(x, along);
  const counts = along.map((windows) => windows.length);
  if (along.length < 3) return apply(ops.windowArgmax, x.reshape([N, C, H, W]), rows, cols).reshape([N, C, ...counts]);
  const D = x.shape[2];
  const planes = x.detach().reshape([N, C * D, H, W]); // prettier-ignore
  const inPlane = apply(ops.windowArgmax, planes, rows, cols).reshape([N, C, D, n]);
  const values = apply(ops.gather, planes.reshape([N, C, D, H * W]), inPlane, 3);
  const found = apply(ops.windowArgmax, values, along[0], each(n)); // [N, C, d, n]: depth·n + column, in its own column
  const depth = found.sub(arange(n, { dtype: x.dtype })).div(Math.max(1, n)); // prettier-ignore
  const places = depth.mul(H * W).add(apply(ops.gather, inPlane, depth, 2));
  return places.reshape([N, C, ...counts]);
}

/** The numbers of x [N, C, …places] (N may lack) at such places [N, C, …results]. */
export const at = (x: Tensor, places: Tensor, dims: Dims): Tensor =>
  apply(ops.gather, x.flatten(-dims), places.flatten(-dims), x.ndim - dims).reshape(places.shape);

/** The products of one number each of several lists, in row-major order. */
export const products = (lists: readonly (readonly number[])[]): number[] =>
  lists.reduce<number[]>((all, list) => all.flatMap((n) => list.map((m) => n * m)), [1]);
