/** Convolution and transposed convolution over one, two or three dims, as layers. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { DType, Shape } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { zeros } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import * as F from './conv.ts';
import type { ConvOptions, ConvTransposeOptions } from './conv.ts';
import { fans, uniform_ } from './init.ts';
import { Module, parameter, shown } from './module.ts';
import { pad } from './patches.ts';
import { sizes, type Dims, type Size } from './sizes.ts';

interface Common {
  readonly bias?: boolean;
  readonly dtype?: DType;
  readonly generator?: Generator;
}

export interface ConvLayerOptions extends ConvOptions, Common {
  /** What stands in the padding: zeros, the image mirrored without its edge, its edge, or its other end. 'zeros' if left out. */
  readonly paddingMode?: 'zeros' | 'reflect' | 'replicate' | 'circular';
}

export interface ConvTransposeLayerOptions extends ConvTransposeOptions, Common {}

/** What convolution layers share: weight and bias, uniform in ±1/√(numbers that one output sees), as in PyTorch. */
abstract class ConvLayer<O extends ConvOptions & Common> extends Module {
  weight: Tensor;
  bias: Tensor | null;
  /** Stride, padding and so on. */
  options: O;

  /** A weight [first, second/groups, …kernel]. */
  constructor(first: number, second: number, outChannels: number, kernelSize: Size, dims: Dims, options: O) {
    super();
    const where = new.target.name;
    const { bias = true, dtype = 'float32', generator = defaultGenerator, groups = 1 } = options;
    const kernel = sizes(where, 'kernelSize', kernelSize, 1, dims);
    if (![first, second, groups].every((n) => Number.isInteger(n) && n > 0) || first % groups || second % groups) {
      throw new ValueError(where, 'channels must be whole multiples of groups', `${first}, ${second} and ${groups}`);
    }
    const empty = zeros([first, second / groups, ...kernel], { dtype });
    const bound = 1 / Math.sqrt(Math.max(1, fans(empty).in));
    this.weight = parameter(uniform_(empty, -bound, bound, generator));
    this.bias = bias ? parameter(uniform_(zeros([outChannels], { dtype }), -bound, bound, generator)) : null;
    this.options = options;
  }
  protected override describe(): string {
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = this.options;
    const weight = showShape(this.weight.shape);
    return shown({ weight, stride, padding, dilation, groups, bias: this.bias !== null });
  }
}

type Convolution<O> = (x: Tensor, weight: Tensor, bias: Tensor | null, options: O) => Tensor;

abstract class Conv extends ConvLayer<ConvLayerOptions> {
  private readonly dims: Dims;
  constructor(inChannels: number, outChannels: number, kernelSize: Size, dims: Dims, options: ConvLayerOptions) {
    super(outChannels, inChannels, outChannels, kernelSize, dims, options);
    this.dims = dims;
    const { paddingMode = 'zeros' } = options;
    if (!['zeros', 'reflect', 'replicate', 'circular'].includes(paddingMode)) {
      const rule = "paddingMode must be 'zeros', 'reflect', 'replicate' or 'circular'";
      throw new ValueError(new.target.name, rule, `'${paddingMode}'`);
    }
    F.movesOf(new.target.name, options, this.weight.shape.slice(2), dims); // so that bad options are refused here
  }
  /** The convolution of x, or of x with its padding written out. */
  protected convolve(f: Convolution<ConvOptions>, x: Tensor): Tensor {
    const { weight, bias, options, dims } = this;
    const { paddingMode = 'zeros' } = options;
    if (paddingMode === 'zeros') return f(x, weight, bias, options);
    const { before, total } = F.movesOf(this.constructor.name, options, weight.shape.slice(2), dims);
    const sides = before.map((n, d) => [n, total[d] - n]).toReversed().flat(); // prettier-ignore
    return f(pad(x, sides, { mode: paddingMode }), weight, bias, { ...options, padding: 0 });
  }
}

/**
 * Convolution of signals [N, C, L]; see nn.functional.conv1d. Weight [O, C/groups, k] and bias [O].
 * `new nn.Conv1d(4, 6, 3, { padding: 1 })(zeros([2, 4, 10])).shape // => [ 2, 6, 10 ]`
 */
export class Conv1d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: Size, options: ConvLayerOptions = {}) {
    super(inChannels, outChannels, kernelSize, 1, options);
  }
  override forward(x: Tensor): Tensor {
    return this.convolve(F.conv1d, x);
  }
}

/**
 * Convolution of images [N, C, H, W]; see nn.functional.conv2d. Weight [O, C/groups, kH, kW] and bias [O].
 * `new nn.Conv2d(3, 8, 5, { stride: 2 })(zeros([1, 3, 28, 28])).shape // => [ 1, 8, 12, 12 ]`
 */
export class Conv2d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: Size, options: ConvLayerOptions = {}) {
    super(inChannels, outChannels, kernelSize, 2, options);
  }
  override forward(x: Tensor): Tensor {
    return this.convolve(F.conv2d, x);
  }
}

/**
 * Convolution of volumes [N, C, D, H, W]; see nn.functional.conv3d. Weight [O, C/groups, kD, kH, kW] and bias [O].
 * `new nn.Conv3d(2, 4, 3, { padding: 'same' })(zeros([1, 2, 5, 6, 7])).shape // => [ 1, 4, 5, 6, 7 ]`
 */
export class Conv3d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: Size, options: ConvLayerOptions = {}) {
    super(inChannels, outChannels, kernelSize, 3, options);
  }
  override forward(x: Tensor): Tensor {
    return this.convolve(F.conv3d, x);
  }
}

abstract class ConvTranspose extends ConvLayer<ConvTransposeLayerOptions> {
  private readonly dims: Dims;
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size,
    dims: Dims,
    options: ConvTransposeLayerOptions,
  ) {
    super(inChannels, outChannels, outChannels, kernelSize, dims, options);
    this.dims = dims;
    F.movesOf(new.target.name, options, this.weight.shape.slice(2), dims);
  }
  /** The transposed convolution of x, to outputSize if it is given: of several sizes that are possible, this one. */
  protected convolveBack(f: Convolution<ConvTransposeOptions>, x: Tensor, outputSize: Shape | undefined): Tensor {
    const { weight, bias, options, dims } = this;
    if (outputSize === undefined) return f(x, weight, bias, options);
    const where = this.constructor.name;
    const { stride, total, reach } = F.movesOf(where, options, weight.shape.slice(2), dims);
    const least = x.shape.slice(-dims).map((n, d) => (n - 1) * stride[d] - total[d] + reach[d] + 1);
    const wanted = outputSize.slice(-dims);
    const outputPadding = wanted.map((n, d) => n - least[d]);
    if (wanted.length !== dims || outputPadding.some((n, d) => !(n >= 0 && n < stride[d]))) {
      const most = least.map((n, d) => n + stride[d] - 1);
      throw new ShapeError(
        where,
        `outputSize must be from ${showShape(least)} to ${showShape(most)}`,
        showShape(outputSize),
      );
    }
    return f(x, weight, bias, { ...options, outputPadding });
  }
}

/**
 * Transposed convolution of signals [N, C, L]; see nn.functional.convTranspose1d. Weight [C, O/groups, k], bias [O].
 * `new nn.ConvTranspose1d(8, 3, 2, { stride: 2 })(zeros([1, 8, 7])).shape // => [ 1, 3, 14 ]`
 */
export class ConvTranspose1d extends ConvTranspose {
  constructor(inChannels: number, outChannels: number, kernelSize: Size, options: ConvTransposeLayerOptions = {}) {
    super(inChannels, outChannels, kernelSize, 1, options);
  }
  override forward(x: Tensor, outputSize?: Shape): Tensor {
    return this.convolveBack(F.convTranspose1d, x, outputSize);
  }
}

/**
 * Transposed convolution of images [N, C, H, W]; see nn.functional.convTranspose2d. Weight [C, O/groups, kH, kW], bias [O].
 * `new nn.ConvTranspose2d(8, 3, 2, { stride: 2 })(zeros([1, 8, 7, 7])).shape // => [ 1, 3, 14, 14 ]`
 */
export class ConvTranspose2d extends ConvTranspose {
  constructor(inChannels: number, outChannels: number, kernelSize: Size, options: ConvTransposeLayerOptions = {}) {
    super(inChannels, outChannels, kernelSize, 2, options);
  }
  override forward(x: Tensor, outputSize?: Shape): Tensor {
    return this.convolveBack(F.convTranspose2d, x, outputSize);
  }
}

/**
 * Transposed convolution of volumes [N, C, D, H, W]; see nn.functional.convTranspose3d. Weight [C, O/groups, kD, kH, kW], bias [O].
 * `new nn.ConvTranspose3d(4, 2, 2, { stride: 2 })(zeros([1, 4, 3, 3, 3])).shape // => [ 1, 2, 6, 6, 6 ]`
 */
export class ConvTranspose3d extends ConvTranspose {
  constructor(inChannels: number, outChannels: number, kernelSize: Size, options: ConvTransposeLayerOptions = {}) {
    super(inChannels, outChannels, kernelSize, 3, options);
  }
  override forward(x: Tensor, outputSize?: Shape): Tensor {
    return this.convolveBack(F.convTranspose3d, x, outputSize);
  }
}
