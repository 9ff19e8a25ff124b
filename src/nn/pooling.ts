/** Pooling over windows of signals, images and volumes: the largest number, the mean or a norm of each, as functions. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { batched, sizes, type Dims, type Size } from './sizes.ts';
import { at, evenly, products, windowPlaces, windows, windowSums, type PoolOptions, type Span } from './windows.ts';

export type { PoolOptions } from './windows.ts';

export interface MaxPoolOptions extends PoolOptions {
  /** Steps between the numbers of a window; 1 if left out. */
  readonly dilation?: Size;
}

export interface AvgPoolOptions extends PoolOptions {
  /** Whether a mean counts the zeros of the padding. true if left out, as in PyTorch. */
  readonly countIncludePad?: boolean;
  /** What each sum is divided by, in place of how many numbers a window has. */
  readonly divisorOverride?: number;
}

/** Values, and their places within the channel, in row-major order. */
export interface Pooled {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/** Whether a pool gives the places of its values too. */
export interface Indices<I extends boolean> {
  readonly returnIndices?: I;
}
/** What such a pool gives. */
export type MaxPooled<I extends boolean> = I extends true ? Pooled : Tensor;

/** The largest numbers at their places. */
function picked<I extends boolean>(x: Tensor, indices: Tensor, o: Indices<I>, dims: Dims): MaxPooled<I> {
  const values = at(x, indices, dims);
  return (o.returnIndices ? { values, indices } : values) as MaxPooled<I>;
}

type MaxOptions<I extends boolean> = MaxPoolOptions & Indices<I>;

function maxPool<I extends boolean>(x: Tensor, kernelSize: Size, o: MaxOptions<I>, dims: Dims): MaxPooled<I> {
  const where = `maxPool${dims}d`;
  const indices = batched(where, x, dims + 2, (x) => windowPlaces(x, windows(where, x, kernelSize, o, dims)));
  return picked(x, indices, o, dims);
}

/**
 * The largest number of each window of images [N, C, H, W] (or one, [C, H, W]), the first of several; padding never
 * wins. With returnIndices also their places in the plane, row·W + column. PyTorch: `torch.nn.functional.max_pool2d`.
 * `nn.functional.maxPool2d(arange(16).reshape([1, 1, 4, 4]), 2).flatten() // => Tensor[4] [5, 7, 13, 15]`
 * @throws ShapeError when a window does not fit; ValueError on bad options
 */
export const maxPool2d = <I extends boolean = false>(x: Tensor, kernelSize: Size, options: MaxOptions<I> = {}) =>
  maxPool(x, kernelSize, options, 2);

/**
 * The largest number of each window of signals [N, C, L] (or one, [C, L]). See maxPool2d.
 * `nn.functional.maxPool1d(tensor([[[1, 3, 2, 5, 4]]]), 2).flatten() // => Tensor[2] [3, 5]`
 * @throws ShapeError and ValueError as maxPool2d
 */
export const maxPool1d = <I extends boolean = false>(x: Tensor, kernelSize: Size, options: MaxOptions<I> = {}) =>
  maxPool(x, kernelSize, options, 1);

/**
 * The largest number of each window of volumes [N, C, D, H, W] (or one, [C, D, H, W]). See maxPool2d.
 * `nn.functional.maxPool3d(arange(8).reshape([1, 2, 2, 2]), 2).item() // => 7`
 * @throws ShapeError and ValueError as maxPool2d
 */
export const maxPool3d = <I extends boolean = false>(x: Tensor, kernelSize: Size, options: MaxOptions<I> = {}) =>
  maxPool(x, kernelSize, options, 3);

/** The sum of each window over its count. */
function means(x: Tensor, along: readonly Span[][], counts: readonly number[]): Tensor {
  const sums = windowSums(x, along);
  if (counts.every((n) => n === counts[0])) return sums.div(counts[0] ?? 1);
  return sums.div(tensor(counts, { dtype: x.dtype }).reshape(sums.shape.slice(2)));
}

function avgPool(where: string, x: Tensor, kernelSize: Size, o: AvgPoolOptions, dims: Dims): Tensor {
  const { countIncludePad = true, divisorOverride } = o;
  if (divisorOverride === 0) throw new ValueError(where, 'divisorOverride must not be 0', '0');
  const key = countIncludePad ? 'padded' : 'size';
  return batched(where, x, dims + 2, (x) => {
    const along = windows(where, x, kernelSize, o, dims);
    const counts = divisorOverride === undefined ? products(along.map((w) => w.map((s) => s[key]))) : [divisorOverride];
    return means(x, along, counts);
  });
}

/**
 * The mean of each window of images [N, C, H, W] (or one, [C, H, W]). PyTorch: `torch.nn.functional.avg_pool2d`.
 * `nn.functional.avgPool2d(arange(16).reshape([1, 1, 4, 4]), 2).flatten() // => Tensor[4] [2.5000, 4.5000, 10.5000, 12.5000]`
 * @throws ShapeError when a window does not fit; ValueError on bad options
 */
export const avgPool2d = (x: Tensor, kernelSize: Size, options: AvgPoolOptions = {}): Tensor =>
  avgPool('avgPool2d', x, kernelSize, options, 2);

/**
 * The mean of each window of signals [N, C, L] (or one, [C, L]). See avgPool2d.
 * `nn.functional.avgPool1d(tensor([[[1, 3, 2, 6]]]), 2).flatten() // => Tensor[2] [2, 4]`
 * @throws ShapeError and ValueError as avgPool2d
 */
export const avgPool1d = (x: Tensor, kernelSize: Size, options: AvgPoolOptions = {}): Tensor =>
  avgPool('avgPool1d', x, kernelSize, options, 1);

/**
 * The mean of each window of volumes [N, C, D, H, W] (or one, [C, D, H, W]). See avgPool2d.
 * `nn.functional.avgPool3d(arange(8).reshape([1, 2, 2, 2]), 2).item() // => 3.5`
 * @throws ShapeError and ValueError as avgPool2d
 */
export const avgPool3d = (x: Tensor, kernelSize: Size, options: AvgPoolOptions = {}): Tensor =>
  avgPool('avgPool3d', x, kernelSize, options, 3);

/** How many results an adaptive pool gives along each dim; null keeps a dim's size. */
export type OutputSize = number | readonly (number | null)[];

/** Windows that cover x in the given number of parts along each of its last dims. */
function cover(where: string, x: Tensor, outputSize: OutputSize, dims: Dims): Span[][] {
  const places = x.shape.slice(-dims);
  if (places.includes(0)) throw new ShapeError(where, 'the dims to pool over must not be 0', showShape(x.shape));
  const asked = typeof outputSize === 'number' ? outputSize : outputSize.map((n, d) => n ?? places[d]);
  return sizes(where, 'outputSize', asked, 1, dims).map((count, d) => evenly(places[d], count)); // prettier-ignore
}

function adaptiveAvgPool(where: string, x: Tensor, outputSize: OutputSize, dims: Dims): Tensor {
  return batched(where, x, dims + 2, (x) => {
    const along = cover(where, x, outputSize, dims);
    return means(x, along, products(along.map((w) => w.map((s) => s.size)))); // prettier-ignore
  });
}

/**
 * The means of windows that cover images [N, C, H, W] (or one, [C, H, W]) in the given number of rows and columns.
 * PyTorch: `torch.nn.functional.adaptive_avg_pool2d`.
 * `nn.functional.adaptiveAvgPool2d(arange(16).reshape([1, 1, 4, 4]), 1).item() // => 7.5`
 * @throws ShapeError when the input is no image or empty; ValueError on a bad size
 */
export const adaptiveAvgPool2d = (x: Tensor, outputSize: OutputSize): Tensor =>
  adaptiveAvgPool('adaptiveAvgPool2d', x, outputSize, 2);

/** As adaptiveAvgPool2d, of signals [N, C, L] (or [C, L]). `nn.functional.adaptiveAvgPool1d(tensor([[1, 3, 8]]), 2).flatten() // => Tensor[2] [2.0000, 5.5000]` */
export const adaptiveAvgPool1d = (x: Tensor, outputSize: OutputSize): Tensor =>
  adaptiveAvgPool('adaptiveAvgPool1d', x, outputSize, 1);

/** As adaptiveAvgPool2d, of volumes [N, C, D, H, W] (or [C, D, H, W]). `nn.functional.adaptiveAvgPool3d(arange(8).reshape([1, 2, 2, 2]), 1).item() // => 3.5` */
export const adaptiveAvgPool3d = (x: Tensor, outputSize: OutputSize): Tensor =>
  adaptiveAvgPool('adaptiveAvgPool3d', x, outputSize, 3);

function adaptiveMaxPool<I extends boolean>(
  x: Tensor,
  outputSize: OutputSize,
  o: Indices<I>,
  dims: Dims,
): MaxPooled<I> {
  const where = `adaptiveMaxPool${dims}d`;
  const indices = batched(where, x, dims + 2, (x) => windowPlaces(x, cover(where, x, outputSize, dims)));
  return picked(x, indices, o, dims);
}

/**
 * The largest numbers of windows that cover images [N, C, H, W] (or one, [C, H, W]) in the given number of rows and
 * columns; with returnIndices their places too, as maxPool2d. PyTorch: `torch.nn.functional.adaptive_max_pool2d`.
 * `nn.functional.adaptiveMaxPool2d(arange(16).reshape([1, 1, 4, 4]), [1, 2]).flatten() // => Tensor[2] [13, 15]`
 * @throws ShapeError when the input is no image or empty; ValueError on a bad size
 */
export const adaptiveMaxPool2d = <I extends boolean = false>(
  x: Tensor,
  outputSize: OutputSize,
  options: Indices<I> = {},
) => adaptiveMaxPool(x, outputSize, options, 2);

/** As adaptiveMaxPool2d, of signals [N, C, L] (or [C, L]). `nn.functional.adaptiveMaxPool1d(tensor([[1, 3, 8]]), 2).flatten() // => Tensor[2] [3, 8]` */
export const adaptiveMaxPool1d = <I extends boolean = false>(
  x: Tensor,
  outputSize: OutputSize,
  options: Indices<I> = {},
) => adaptiveMaxPool(x, outputSize, options, 1);

/** As adaptiveMaxPool2d, of volumes [N, C, D, H, W] (or [C, D, H, W]). `nn.functional.adaptiveMaxPool3d(arange(8).reshape([1, 2, 2, 2]), 1).item() // => 7` */
export const adaptiveMaxPool3d = <I extends boolean = false>(
  x: Tensor,
  outputSize: OutputSize,
  options: Indices<I> = {},
) => adaptiveMaxPool(x, outputSize, options, 3);

export type LPPoolOptions = Omit<PoolOptions, 'padding'>;

/** (Σ xᵖ)^(1/p) of each window, from its mean: also a window that is cut off counts as a whole one, as in PyTorch. */
function lpPool(x: Tensor, normType: number, kernelSize: Size, o: LPPoolOptions, dims: Dims): Tensor {
  const where = `lpPool${dims}d`;
  if (normType === 0 || Number.isNaN(normType))
    throw new ValueError(where, 'normType must be a number other than 0', `${normType}`);
  const { stride = kernelSize, ceilMode = false } = o;
  const count = sizes(where, 'kernelSize', kernelSize, 1, dims).reduce((a, b) => a * b, 1);
  const sum = avgPool(where, x.pow(normType), kernelSize, { stride, ceilMode }, dims).mul(count);
  const some = sum.ne(0); // where nothing is, the root has no slope
  return sum.where(some, 1).pow(1 / normType).where(some, normType > 0 ? 0 : Infinity); // prettier-ignore
}

/**
 * The p-norm (Σ xᵖ)^(1/p), p = normType, of each window of images [N, C, H, W] (or [C, H, W]). NaN where the sum is
 * negative, as it may be for odd p. PyTorch: `torch.nn.functional.lp_pool2d`.
 * `nn.functional.lpPool2d(tensor([[[3, 4]]]), 2, [1, 2]).item() // => 5`
 * @throws ShapeError when a window does not fit; ValueError on bad options
 */
export const lpPool2d = (x: Tensor, normType: number, kernelSize: Size, options: LPPoolOptions = {}): Tensor =>
  lpPool(x, normType, kernelSize, options, 2);

/** As lpPool2d, of signals [N, C, L] (or [C, L]). `nn.functional.lpPool1d(tensor([[3, 4]]), 2, 2).item() // => 5` */
export const lpPool1d = (x: Tensor, normType: number, kernelSize: Size, options: LPPoolOptions = {}): Tensor =>
  lpPool(x, normType, kernelSize, options, 1);

/** As lpPool2d, of volumes [N, C, D, H, W] (or [C, D, H, W]). `nn.functional.lpPool3d(ones([1, 2, 2, 1]), 2, [2, 2, 1]).item() // => 2` */
export const lpPool3d = (x: Tensor, normType: number, kernelSize: Size, options: LPPoolOptions = {}): Tensor =>
  lpPool(x, normType, kernelSize, options, 3);
