/** Convolution and transposed convolution over one or two dims, as functions and as layers. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { zeros } from '../create.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';
import { fans, uniform_ } from './init.ts';
import { Module, parameter } from './module.ts';
import { batched, pair, type Pair, type Size } from './sizes.ts';

export interface ConvOptions {
  /** Steps from one place of the kernel to the next; 1 if left out. */
  readonly stride?: Size;
  /** Zeros around the image; 'same' as many as keep its size (with stride 1), 'valid' none. 0 if left out. */
  readonly padding?: Size | 'same' | 'valid';
  /** Steps between the kernel's own numbers; 1 if left out. */
  readonly dilation?: Size;
  /** The channels fall into so many groups, each convolved by itself. 1 if left out. */
  readonly groups?: number;
}

export interface ConvTransposeOptions extends ConvOptions {
  readonly padding?: Size;
  /** Rows and columns more at the end: with a stride several sizes are convolved to one. 0 if left out. */
  readonly outputPadding?: Size;
}

/** The options of a convolution over `dims` dims as pairs, checked; a missing height is that of a flat image. */
function movement(where: string, options: ConvOptions, kernel: Pair, dims: 1 | 2) {
  const stride = pair(where, 'stride', options.stride ?? 1, 1, dims);
  const dilation = pair(where, 'dilation', options.dilation ?? 1, 1, dims);
  const reach: Pair = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)];
  const { padding = 0, groups = 1 } = options;
  const same = padding === 'same';
  if (same && Math.max(...stride) > 1) {
    throw new ValueError(where, "with padding 'same' the stride must be 1", showShape(stride));
  }
  const around = same || padding === 'valid' ? null : pair(where, 'padding', padding, 0, dims);
  // Of an odd number of zeros, the one more comes after.
  const before: Pair = around ?? (same ? [Math.floor(reach[0] / 2), Math.floor(reach[1] / 2)] : [0, 0]);
  const total: Pair = around ? [2 * around[0], 2 * around[1]] : same ? reach : [0, 0];
  return { move: { stride, padding: before, dilation, groups }, reach, total };
}

/** Refuses channels that the weight, the groups or the bias do not fit. */
// prettier-ignore
function checkChannels(
  where: string, x: Tensor, weight: Tensor, bias: Tensor | null | undefined, groups: number, dims: 1 | 2, turned = false,
): void {
  const spatial = dims === 2 ? ', kH, kW' : ', k';
  const [first, second] = weight.shape;
  const [ins, outs] = turned ? [first, second * groups] : [second * groups, first];
  const fits =
    weight.ndim === dims + 2 &&
    (x.ndim === dims + 2 || x.ndim === dims + 1) &&
    Number.isInteger(groups) && groups > 0 && first % groups === 0 &&
    x.shape[x.ndim - dims - 1] === ins &&
    (!bias || (bias.ndim === 1 && bias.shape[0] === outs));
  if (fits) return;
  const rule = turned
    ? `x must be [N, C, …] for a weight [C, O/groups${spatial}] and a bias [O]`
    : `x must be [N, C, …] for a weight [O, C/groups${spatial}] and a bias [O]`;
  throw new ShapeError(where, `${rule}, C and O multiples of groups`,
    `${showShape(x.shape)}, ${showShape(weight.shape)} and ${bias ? showShape(bias.shape) : 'none'} in ${groups} group${groups === 1 ? '' : 's'}`);
}

/** y + b for each channel. Expanded over the batch first: then its gradient is summed image by image, as memory lies. */
const addBias = (y: Tensor, bias: Tensor | null | undefined): Tensor =>
  bias ? y.add(bias.reshape([1, bias.shape[0], 1, 1]).expand([y.shape[0], bias.shape[0], 1, 1])) : y;

/** A 1-d signal as an image of one row, and back. */
const flat = (x: Tensor): Tensor => x.unsqueeze(-2);

function convolve(where: string, x: Tensor, w: Tensor, bias: Tensor | null | undefined, o: ConvOptions, dims: 1 | 2) {
  checkChannels(where, x, w, bias, o.groups ?? 1, dims);
  return batched(where, x, dims + 2, (images) => {
    const [image, kernel] = dims === 1 ? [flat(images), flat(w)] : [images, w];
    const [kH, kW] = kernel.shape.slice(2);
    const { move, reach, total } = movement(where, o, [kH, kW], dims);
    const room = (d: 0 | 1): number => image.shape[d + 2] + total[d] - reach[d] - 1; // steps of 1 that it can go
    if (room(0) < 0 || room(1) < 0 || kH === 0 || kW === 0) {
      const got = `${showShape(w.shape.slice(2))} on ${showShape(x.shape.slice(-dims))}`;
      throw new ShapeError(where, 'the dilated kernel must fit into the padded input', got);
    }
    const along = (d: 0 | 1): number => Math.floor(room(d) / move.stride[d]) + 1;
    const places: Pair = [along(0), along(1)];
    const y = addBias(apply(ops.conv2d, image, kernel, places, move), bias);
    return dims === 1 ? y.squeeze(-2) : y;
  });
}

/**
 * Convolution (cross-correlation, as everywhere in deep learning) of images x [N, C, H, W] (or one, [C, H, W]) with a
 * weight [O, C/groups, kH, kW] and a bias [O]: y(o, i) = b(o) + Σ w(o, c, k)·x(c, i·stride + k·dilation − padding), to
 * [N, O, ⌊(H + 2·padding − dilation·(kH − 1) − 1)/stride⌋ + 1, …]. PyTorch: `torch.nn.functional.conv2d`.
 * `nn.functional.conv2d(ones([1, 1, 3, 3]), ones([1, 1, 2, 2])).flatten() // => Tensor[4] [4, 4, 4, 4]`
 * @throws ShapeError when channels do not fit or the kernel is larger than the padded image; ValueError on bad options
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor {
  return convolve('conv2d', x, weight, bias, options, 2);
}

/**
 * Convolution of signals x [N, C, L] (or one, [C, L]) with a weight [O, C/groups, k] and a bias [O]. See conv2d.
 * `nn.functional.conv1d(tensor([[[1, 2, 4]]]), tensor([[[-1, 1]]])).flatten() // => Tensor[2] [1, 2]`
 * @throws ShapeError and ValueError as conv2d
 */
export function conv1d(x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor {
  return convolve('conv1d', x, weight, bias, options, 1);
}

/**
 * The adjoint of conv2d in its input: each number of x [N, C, H, W] (or [C, H, W]) adds its multiple of the kernel, weight
 * [C, O/groups, kH, kW], to the result [N, O, (H − 1)·stride − 2·padding + dilation·(kH − 1) + outputPadding + 1, …].
 * PyTorch: `torch.nn.functional.conv_transpose2d`.
 * `nn.functional.convTranspose2d(ones([1, 1, 1, 2]), ones([1, 1, 1, 2])).flatten() // => Tensor[3] [1, 2, 1]`
 * @throws ShapeError when channels do not fit or nothing would be left; ValueError on bad options
 */
// prettier-ignore
export function convTranspose2d(
  x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvTransposeOptions = {},
): Tensor {
  const where = 'convTranspose2d';
  checkChannels(where, x, weight, bias, options.groups ?? 1, 2, true);
  const [kH, kW] = weight.shape.slice(2);
  const { move, reach, total } = movement(where, options, [kH, kW], 2);
  const more = pair(where, 'outputPadding', options.outputPadding ?? 0, 0, 2);
  if (more.some((n, d) => n >= Math.max(move.stride[d], move.dilation[d]))) {
    throw new ValueError(where, 'outputPadding must be less than stride or dilation', showShape(more));
  }
  return batched(where, x, 4, (images) => {
    const along = (d: 0 | 1): number => (images.shape[d + 2] - 1) * move.stride[d] - total[d] + reach[d] + more[d] + 1;
    const size: Pair = [along(0), along(1)];
    if (size[0] < 1 || size[1] < 1) {
      throw new ShapeError(where, 'the result must have at least one row and column', showShape(size));
    }
    return addBias(apply(ops.conv2dInput, images, weight, size, move), bias);
  });
}

export interface ConvLayerOptions {
  readonly bias?: boolean;
  readonly dtype?: DType;
  readonly generator?: Generator;
}

/** What convolution layers share: weight and bias, uniform in ±1/√(numbers that one output sees), as in PyTorch. */
abstract class Conv<O extends ConvOptions> extends Module {
  weight: Tensor;
  bias: Tensor | null;
  /** Stride, padding and so on. */
  options: O;

  constructor(shape: readonly number[], outChannels: number, options: O & ConvLayerOptions) {
    super();
    const { bias = true, dtype = 'float32', generator = defaultGenerator } = options;
    const empty = zeros(shape, { dtype });
    const bound = 1 / Math.sqrt(Math.max(1, fans(empty).in));
    this.weight = parameter(uniform_(empty, -bound, bound, generator));
    this.bias = bias ? parameter(uniform_(zeros([outChannels], { dtype }), -bound, bound, generator)) : null;
    this.options = options;
  }
  protected override describe(): string {
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = this.options;
    const parts = { weight: showShape(this.weight.shape), stride, padding, dilation, groups, bias: this.bias !== null };
    return Object.entries(parts).map(([name, value]) => `${name}=${String(value)}`).join(', '); // prettier-ignore
  }
}

/** The sizes of a weight [first, second/groups, …kernel], checked. */
function weightShape(
  where: string,
  first: number,
  second: number,
  groups: number,
  kernel: readonly number[],
): number[] {
  if (![first, second, groups].every((n) => Number.isInteger(n) && n > 0) || first % groups || second % groups) {
    throw new ValueError(where, 'channels must be whole multiples of groups', `${first}, ${second} and ${groups}`);
  }
  return [first, second / groups, ...kernel];
}

/**
 * Convolution of signals [N, C, L]; see nn.functional.conv1d. Weight [O, C/groups, k] and bias [O].
 * `new nn.Conv1d(4, 6, 3, { padding: 1 })(zeros([2, 4, 10])).shape // => [ 2, 6, 10 ]`
 */
export class Conv1d extends Conv<ConvOptions> {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: ConvOptions & ConvLayerOptions = {},
  ) {
    const [, k] = pair('Conv1d', 'kernelSize', kernelSize, 1, 1);
    super(weightShape('Conv1d', outChannels, inChannels, options.groups ?? 1, [k]), outChannels, options);
  }
  override forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.bias, this.options);
  }
}

/**
 * Convolution of images [N, C, H, W]; see nn.functional.conv2d. Weight [O, C/groups, kH, kW] and bias [O].
 * `new nn.Conv2d(3, 8, 5, { stride: 2 })(zeros([1, 3, 28, 28])).shape // => [ 1, 8, 12, 12 ]`
 */
export class Conv2d extends Conv<ConvOptions> {
  constructor(inChannels: number, outChannels: number, kernelSize: Size, options: ConvOptions & ConvLayerOptions = {}) {
    const kernel = pair('Conv2d', 'kernelSize', kernelSize, 1, 2);
    super(weightShape('Conv2d', outChannels, inChannels, options.groups ?? 1, kernel), outChannels, options);
  }
  override forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.options);
  }
}

/**
 * Transposed convolution of images [N, C, H, W]; see nn.functional.convTranspose2d. Weight [C, O/groups, kH, kW], bias [O].
 * `new nn.ConvTranspose2d(8, 3, 2, { stride: 2 })(zeros([1, 8, 7, 7])).shape // => [ 1, 3, 14, 14 ]`
 */
export class ConvTranspose2d extends Conv<ConvTransposeOptions> {
  // prettier-ignore
  constructor(
    inChannels: number, outChannels: number, kernelSize: Size, options: ConvTransposeOptions & ConvLayerOptions = {},
  ) {
    const kernel = pair('ConvTranspose2d', 'kernelSize', kernelSize, 1, 2);
    super(weightShape('ConvTranspose2d', inChannels, outChannels, options.groups ?? 1, kernel), outChannels, options);
  }
  override forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.options);
  }
}
