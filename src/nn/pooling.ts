/** Pooling over windows of images and signals: the largest number or the mean of each, as functions and as layers. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { tensor } from '../create.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';
import { Module } from './module.ts';
import { batched, pair, type Size } from './sizes.ts';

export interface PoolOptions {
  /** Steps from one window to the next; the kernel size if left out. */
  readonly stride?: Size;
  /** How far windows begin outside of the image, at most half a window; 0 if left out. */
  readonly padding?: Size;
  /** Windows that only begin inside (or in the padding before) count as well. false if left out. */
  readonly ceilMode?: boolean;
}

export interface MaxPoolOptions extends PoolOptions {
  /** Steps between the numbers of a window; 1 if left out. */
  readonly dilation?: Size;
}

export interface AvgPoolOptions extends PoolOptions {
  /** Whether a mean counts the zeros of the padding. true if left out, as in PyTorch. */
  readonly countIncludePad?: boolean;
}

/** What a window sees of a dim: `size` places from `start` on, `step` apart; `padded` counts those in the padding too. */
interface Span {
  readonly start: number;
  readonly step: number;
  readonly size: number;
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

/** The windows of a pool over the last two dims (or, in one dim, over the last). */
// prettier-ignore
function windows(
  where: string, x: Tensor, kernelSize: Size, o: MaxPoolOptions, dims: 1 | 2,
): { rows: Span[]; cols: Span[] } {
  const kernel = pair(where, 'kernelSize', kernelSize, 1, dims);
  const stride = pair(where, 'stride', o.stride ?? kernelSize, 1, dims);
  const padding = pair(where, 'padding', o.padding ?? 0, 0, dims);
  const dilation = pair(where, 'dilation', o.dilation ?? 1, 1, dims);
  const along = (d: 0 | 1): Span[] =>
    spans(where, x.shape[2 + d], kernel[d], stride[d], padding[d], dilation[d], o.ceilMode ?? false);
  return { rows: along(0), cols: along(1) };
}

/** A batch of planes [N, C, H, W] of whatever f is given: images, or signals as planes of one row. */
const planes = (where: string, x: Tensor, dims: 1 | 2, f: (x: Tensor) => Tensor): Tensor =>
  batched(where, x, dims + 2, (x) => (dims === 2 ? f(x) : f(x.unsqueeze(-2)).squeeze(-2)));

/** The places of the largest numbers, in row·W + column. */
const places = (where: string, x: Tensor, kernelSize: Size, options: MaxPoolOptions, dims: 1 | 2): Tensor =>
  planes(where, x, dims, (x) => {
    const { rows, cols } = windows(where, x, kernelSize, options, dims);
    return apply(ops.windowArgmax, x, rows, cols);
  });

/** The numbers of x [N, C, …plane] (N may lack) at places [N, C, …results] of each plane. */
const at = (x: Tensor, places: Tensor, dims: 1 | 2): Tensor =>
  apply(ops.gather, x.flatten(-dims), places.flatten(-dims), x.ndim - dims).reshape(places.shape);

/** Values, and their places in the plane. */
export interface Pooled {
  readonly values: Tensor;
  readonly indices: Tensor;
}
type WithIndices = MaxPoolOptions & { readonly returnIndices: true };

function maxPool(x: Tensor, kernelSize: Size, o: MaxPoolOptions & { returnIndices?: boolean }, dims: 1 | 2) {
  const indices = places(`maxPool${dims}d`, x, kernelSize, o, dims);
  const values = at(x, indices, dims);
  return o.returnIndices ? { values, indices } : values;
}

/**
 * The largest number of each window of images [N, C, H, W] (or one, [C, H, W]), the first of several; padding never
 * wins. With returnIndices also their places in the plane, row·W + column. PyTorch: `torch.nn.functional.max_pool2d`.
 * `nn.functional.maxPool2d(arange(16).reshape([1, 1, 4, 4]), 2).flatten() // => Tensor[4] [5, 7, 13, 15]`
 * @throws ShapeError when a window does not fit; ValueError on bad options
 */
export function maxPool2d(x: Tensor, kernelSize: Size, options: WithIndices): Pooled;
export function maxPool2d(x: Tensor, kernelSize: Size, options?: MaxPoolOptions): Tensor;
export function maxPool2d(x: Tensor, kernelSize: Size, options: MaxPoolOptions = {}): Tensor | Pooled {
  return maxPool(x, kernelSize, options, 2);
}

/**
 * The largest number of each window of signals [N, C, L] (or one, [C, L]). See maxPool2d.
 * `nn.functional.maxPool1d(tensor([[[1, 3, 2, 5, 4]]]), 2).flatten() // => Tensor[2] [3, 5]`
 * @throws ShapeError and ValueError as maxPool2d
 */
export function maxPool1d(x: Tensor, kernelSize: number, options: WithIndices): Pooled;
export function maxPool1d(x: Tensor, kernelSize: number, options?: MaxPoolOptions): Tensor;
export function maxPool1d(x: Tensor, kernelSize: number, options: MaxPoolOptions = {}): Tensor | Pooled {
  return maxPool(x, kernelSize, options, 1);
}

/** The sum of each window over its count, rows × cols. */
function means(x: Tensor, rows: readonly Span[], cols: readonly Span[], counts: readonly number[]): Tensor {
  const sums = apply(ops.windowSum, x, rows, cols);
  if (counts.every((n) => n === counts[0])) return sums.div(counts[0] ?? 1);
  return sums.div(tensor(counts, { dtype: x.dtype }).reshape([rows.length, cols.length]));
}

const avgPool = (x: Tensor, kernelSize: Size, o: AvgPoolOptions, dims: 1 | 2): Tensor =>
  planes(`avgPool${dims}d`, x, dims, (x) => {
    const { rows, cols } = windows(`avgPool${dims}d`, x, kernelSize, o, dims);
    const key = (o.countIncludePad ?? true) ? 'padded' : 'size';
    const counts = rows.flatMap((r) => cols.map((c) => r[key] * c[key]));
    return means(x, rows, cols, counts);
  });

/**
 * The mean of each window of images [N, C, H, W] (or one, [C, H, W]). PyTorch: `torch.nn.functional.avg_pool2d`.
 * `nn.functional.avgPool2d(arange(16).reshape([1, 1, 4, 4]), 2).flatten() // => Tensor[4] [2.5000, 4.5000, 10.5000, 12.5000]`
 * @throws ShapeError when a window does not fit; ValueError on bad options
 */
export function avgPool2d(x: Tensor, kernelSize: Size, options: AvgPoolOptions = {}): Tensor {
  return avgPool(x, kernelSize, options, 2);
}

/**
 * The mean of each window of signals [N, C, L] (or one, [C, L]). See avgPool2d.
 * `nn.functional.avgPool1d(tensor([[[1, 3, 2, 6]]]), 2).flatten() // => Tensor[2] [2, 4]`
 * @throws ShapeError and ValueError as avgPool2d
 */
export function avgPool1d(x: Tensor, kernelSize: number, options: AvgPoolOptions = {}): Tensor {
  return avgPool(x, kernelSize, options, 1);
}

/** Windows that cover n places in `count` parts of nearly equal size: ⌊i·n/count⌋ to ⌈(i + 1)·n/count⌉. */
const evenly = (n: number, count: number): Span[] =>
  Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * n) / count);
    const size = Math.ceil(((i + 1) * n) / count) - start;
    return { start, step: 1, size, padded: size };
  });

/**
 * The means of windows that cover images [N, C, H, W] (or one, [C, H, W]) in the given number of rows and columns.
 * PyTorch: `torch.nn.functional.adaptive_avg_pool2d`.
 * `nn.functional.adaptiveAvgPool2d(arange(16).reshape([1, 1, 4, 4]), 1).item() // => 7.5`
 * @throws ShapeError when the input is no image or empty; ValueError on a bad size
 */
export function adaptiveAvgPool2d(x: Tensor, outputSize: Size): Tensor {
  const where = 'adaptiveAvgPool2d';
  const [h, w] = pair(where, 'outputSize', outputSize, 1, 2);
  return batched(where, x, 4, (x) => {
    const [, , H, W] = x.shape;
    if (H * W === 0) throw new ShapeError(where, 'height and width must not be 0', showShape(x.shape));
    const [rows, cols] = [evenly(H, h), evenly(W, w)];
    return means(x, rows, cols, rows.flatMap((r) => cols.map((c) => r.size * c.size))); // prettier-ignore
  });
}

/** A layer that knows its window. */
abstract class Pool<O extends PoolOptions, K extends Size = Size> extends Module {
  kernelSize: K;
  options: O;
  constructor(kernelSize: K, options: O) {
    super();
    this.kernelSize = kernelSize;
    this.options = options;
  }
  protected override describe(): string {
    const options = Object.entries(this.options).map(([name, value]) => `, ${name}=${String(value)}`);
    return `kernelSize=${String(this.kernelSize)}${options.join('')}`;
  }
}

/** The largest number of each window; see nn.functional.maxPool2d. `new nn.MaxPool2d(2)(zeros([1, 3, 8, 6])).shape // => [ 1, 3, 4, 3 ]` */
export class MaxPool2d extends Pool<MaxPoolOptions> {
  constructor(kernelSize: Size, options: MaxPoolOptions = {}) {
    super(kernelSize, options);
  }
  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.kernelSize, this.options);
  }
}

/** The largest number of each window; see nn.functional.maxPool1d. `new nn.MaxPool1d(2)(zeros([1, 3, 8])).shape // => [ 1, 3, 4 ]` */
export class MaxPool1d extends Pool<MaxPoolOptions, number> {
  constructor(kernelSize: number, options: MaxPoolOptions = {}) {
    super(kernelSize, options);
  }
  override forward(x: Tensor): Tensor {
    return maxPool1d(x, this.kernelSize, this.options);
  }
}

/** The mean of each window; see nn.functional.avgPool2d. `new nn.AvgPool2d(2)(zeros([1, 3, 8, 6])).shape // => [ 1, 3, 4, 3 ]` */
export class AvgPool2d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: Size, options: AvgPoolOptions = {}) {
    super(kernelSize, options);
  }
  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options);
  }
}

/** The mean of each window; see nn.functional.avgPool1d. `new nn.AvgPool1d(2)(zeros([1, 3, 8])).shape // => [ 1, 3, 4 ]` */
export class AvgPool1d extends Pool<AvgPoolOptions, number> {
  constructor(kernelSize: number, options: AvgPoolOptions = {}) {
    super(kernelSize, options);
  }
  override forward(x: Tensor): Tensor {
    return avgPool1d(x, this.kernelSize, this.options);
  }
}

/** Means in a fixed number of rows and columns; see nn.functional.adaptiveAvgPool2d. `new nn.AdaptiveAvgPool2d(1)(zeros([2, 3, 5, 7])).shape // => [ 2, 3, 1, 1 ]` */
export class AdaptiveAvgPool2d extends Module {
  outputSize: Size;
  constructor(outputSize: Size) {
    super();
    this.outputSize = outputSize;
  }
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
  protected override describe(): string {
    return `outputSize=${String(this.outputSize)}`;
  }
}
