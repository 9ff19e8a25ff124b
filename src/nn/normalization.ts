/** Layer, batch and root-mean-square normalization, as functions and as layers. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape, sizeOf, type DType, type Shape } from '../array/nd.ts';
import { ones, zeros } from '../create.ts';
import { noGrad } from '../engine.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';
import { buffer, Module, parameter } from './module.ts';

/** y·w + b, either of which may lack. */
export function affine(y: Tensor, weight: Tensor | null | undefined, bias: Tensor | null | undefined): Tensor {
  const scaled = weight ? y.mul(weight) : y;
  return bias ? scaled.add(bias) : scaled;
}

/** Refuses an input that does not end in `shape`, and parameters that do not have it. */
function checkLast(where: string, x: Tensor, shape: Shape, ...parameters: (Tensor | null | undefined)[]): void {
  const tail = x.shape.slice(Math.max(0, x.ndim - shape.length));
  const odd = parameters.find((p) => p && !sameShape(p.shape, shape));
  if (shape.length > 0 && sameShape(tail, shape) && !odd) return;
  const rule = `x must end in the normalized shape ${showShape(shape)}, and parameters must have it`;
  throw new ShapeError(where, rule, `${showShape(x.shape)}${odd ? ` and ${showShape(odd.shape)}` : ''}`);
}

/** Refuses anything but x [N, C, …] and parameters [C]; gives a parameter's shape that broadcasts to x. */
export function channelShape(
  where: string,
  x: Tensor,
  least: number,
  ...parameters: (Tensor | null | undefined)[]
): number[] {
  const C = x.shape[1];
  const odd = parameters.find((p) => p && !sameShape(p.shape, [C]));
  if (x.ndim < least || odd) {
    const got = `${showShape(x.shape)}${odd ? ` and ${showShape(odd.shape)}` : ''}`;
    throw new ShapeError(where, `x must be [N, C, …] of ${least} dims or more, and parameters and statistics [C]`, got);
  }
  return [C, ...x.shape.slice(2).map(() => 1)];
}

/** Refuses what would make all results NaN. */
export function checkEps(where: string, eps: number): void {
  if (!(eps >= 0)) throw new ValueError(where, 'eps must be 0 or more', `${eps}`);
}

export interface NormOptions {
  /** Added to the variance, so that a constant input does not divide by 0: 0 or more, 1e-5 if left out. */
  readonly eps?: number;
}

/**
 * (x − μ)/√(σ² + ε)·w + b, with mean and variance over the last dims, those of normalizedShape (Ba, Kiros and Hinton, 2016).
 * x […, …normalizedShape], w and b of normalizedShape. PyTorch: `torch.nn.functional.layer_norm`.
 * `nn.functional.layerNorm(tensor([1, 2, 3]), [3]) // => Tensor[3] [-1.2247, 0.0000, 1.2247]`
 * @throws ShapeError when shapes do not fit
 */
// prettier-ignore
export function layerNorm(
  x: Tensor, normalizedShape: Shape, weight?: Tensor | null, bias?: Tensor | null, { eps = 1e-5 }: NormOptions = {},
): Tensor {
  checkEps('layerNorm', eps);
  checkLast('layerNorm', x, normalizedShape, weight, bias);
  const rows = sizeOf(x.shape.slice(0, x.ndim - normalizedShape.length));
  const n = sizeOf(normalizedShape);
  if (weight) {
    const shift = bias ? bias.reshape([n]) : zeros([n], { dtype: weight.dtype });
    return apply(ops.layerNorm, x.reshape([rows, n]), weight.reshape([n]), shift, eps).reshape(x.shape);
  }
  return affine(apply(ops.standardize, x.reshape([1, rows, n]), eps).reshape(x.shape), weight, bias);
}

/**
 * x/√(mean x² + ε)·w over the last dims, those of normalizedShape (Zhang and Sennrich, 2019).
 * ε is the dtype's own precision if left out. PyTorch: `torch.nn.functional.rms_norm`.
 * `nn.functional.rmsNorm(tensor([3, 4]), [2]) // => Tensor[2] [0.8485, 1.1314]`
 * @throws ShapeError when shapes do not fit
 */
// prettier-ignore
export function rmsNorm(
  x: Tensor, normalizedShape: Shape, weight?: Tensor | null, { eps = x.dtype === 'float32' ? 2 ** -23 : 2 ** -52 }: NormOptions = {},
): Tensor {
  checkEps('rmsNorm', eps);
  checkLast('rmsNorm', x, normalizedShape, weight);
  const dims = normalizedShape.map((_, d) => d - normalizedShape.length);
  return affine(x.div(x.square().mean(dims, true).add(eps).sqrt()), weight, null);
}

export interface BatchNormFunctionOptions extends NormOptions {
  /** Normalize by the batch's own statistics, and move the running ones towards them; else by the running ones. */
  readonly training?: boolean;
  /** How far the running statistics move towards the batch's. 0.1 if left out. */
  readonly momentum?: number;
  readonly runningMean?: Tensor | null;
  readonly runningVar?: Tensor | null;
  readonly weight?: Tensor | null;
  readonly bias?: Tensor | null;
}

/**
 * (x − μ)/√(σ² + ε)·w + b for each channel of x [N, C, …], with mean and variance over the batch and all places in
 * training (or where there are no running statistics), else with the running ones (Ioffe and Szegedy, 2015). In training
 * the running ones, if given, are changed in place: r + momentum·(batch − r), the variance with n − 1.
 * All parameters and statistics are [C]. PyTorch: `torch.nn.functional.batch_norm`.
 * `nn.functional.batchNorm(tensor([[1], [3]]), { training: true }).flatten() // => Tensor[2] [-1.0000, 1.0000]`
 * @throws ShapeError when shapes do not fit, or there is but one value a channel to train on
 */
export function batchNorm(x: Tensor, options: BatchNormFunctionOptions = {}): Tensor {
  const { runningMean, runningVar, weight, bias, eps = 1e-5, momentum = 0.1, training = false } = options;
  checkEps('batchNorm', eps);
  const channels = channelShape('batchNorm', x, 2, runningMean, runningVar, weight, bias);
  const C = channels[0];
  const wide = (p: Tensor | null | undefined): Tensor | null => p?.reshape(channels) ?? null;
  if (!training && runningMean && runningVar) {
    const y = x.sub(wide(runningMean)!).div(wide(runningVar)!.add(eps).sqrt());
    return affine(y, wide(weight), wide(bias));
  }
  const [N, places] = [x.shape[0], sizeOf(x.shape.slice(2))];
  if (training && N * places < 2) {
    throw new ShapeError('batchNorm', 'training needs at least two values a channel', showShape(x.shape));
  }
  const flat = x.reshape([N, C, places]);
  if (training) {
    noGrad(() => {
      runningMean?.add_(flat.mean([0, 2]).sub(runningMean).mul(momentum));
      runningVar?.add_(flat.var([0, 2]).sub(runningVar).mul(momentum));
    });
  }
  return affine(apply(ops.standardize, flat, eps).reshape(x.shape), wide(weight), wide(bias));
}

export interface LayerNormOptions extends NormOptions {
  /** Whether there are weight and bias. true if left out. */
  readonly elementwiseAffine?: boolean;
  /** Whether there is a bias. true if left out. */
  readonly bias?: boolean;
  readonly dtype?: DType;
}

/** Layer normalization over the last dims; see nn.functional.layerNorm. Weight starts at 1, bias at 0. `new nn.LayerNorm(3)(tensor([1, 2, 3])) // => Tensor[3] from reshape [-1.2247, 0.0000, 1.2247]` */
export class LayerNorm extends Module {
  normalizedShape: Shape;
  eps: number;
  weight: Tensor | null;
  bias: Tensor | null;

  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super();
    const { eps = 1e-5, elementwiseAffine = true, bias = true, dtype = 'float32' } = options;
    const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
    this.normalizedShape = shape;
    this.eps = eps;
    this.weight = elementwiseAffine ? parameter(ones(shape, { dtype })) : null;
    this.bias = elementwiseAffine && bias ? parameter(zeros(shape, { dtype })) : null;
  }
  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, { eps: this.eps });
  }
  protected override describe(): string {
    return `${showShape(this.normalizedShape)}, eps=${this.eps}, affine=${this.weight !== null}`;
  }
}

/** Root-mean-square normalization over the last dims; see nn.functional.rmsNorm. Weight starts at 1. `new nn.RMSNorm(2)(tensor([3, 4])) // => Tensor[2] from mul [0.8485, 1.1314]` */
export class RMSNorm extends Module {
  normalizedShape: Shape;
  options: NormOptions;
  weight: Tensor | null;

  constructor(normalizedShape: number | Shape, options: Omit<LayerNormOptions, 'bias'> = {}) {
    super();
    const { elementwiseAffine = true, dtype = 'float32' } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
    this.options = options;
    this.weight = elementwiseAffine ? parameter(ones(this.normalizedShape, { dtype })) : null;
  }
  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this.weight, this.options);
  }
  protected override describe(): string {
    return `${showShape(this.normalizedShape)}, affine=${this.weight !== null}`;
  }
}

export interface BatchNormOptions extends NormOptions {
  /** How far running statistics move towards each batch's; null makes them the mean of all batches. 0.1 if left out. */
  readonly momentum?: number | null;
  /** Whether there are weight and bias. true if left out. */
  readonly affine?: boolean;
  /** Whether running statistics are kept, and used in evaluation. true if left out. */
  readonly trackRunningStats?: boolean;
  readonly dtype?: DType;
}

/** What batch and instance normalization have: parameters and statistics [C], by PyTorch's names. */
export abstract class ChannelNorm extends Module {
  numFeatures: number;
  eps: number;
  momentum: number | null;
  weight: Tensor | null;
  bias: Tensor | null;
  running_mean: Tensor | null;
  running_var: Tensor | null;
  num_batches_tracked: Tensor | null;

  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super();
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true, dtype = 'float32' } = options;
    const [shape, kind] = [[numFeatures], { dtype }];
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.momentum = momentum;
    this.weight = affine ? parameter(ones(shape, kind)) : null;
    this.bias = affine ? parameter(zeros(shape, kind)) : null;
    this.running_mean = trackRunningStats ? buffer(zeros(shape, kind)) : null;
    this.running_var = trackRunningStats ? buffer(ones(shape, kind)) : null;
    this.num_batches_tracked = trackRunningStats ? buffer(zeros([], kind)) : null;
  }
  /** How many dims an input may have. */
  protected abstract readonly ranks: readonly number[];

  protected override describe(): string {
    const { eps, momentum, weight, running_mean: mean } = this;
    return `eps=${eps}, momentum=${momentum}, affine=${weight !== null}, trackRunningStats=${mean !== null}`;
  }
}

/** What batch normalization has for any number of dims. */
abstract class BatchNorm extends ChannelNorm {
  override forward(x: Tensor): Tensor {
    const { eps, training, weight, bias, running_mean: runningMean, running_var: runningVar } = this;
    if (!this.ranks.includes(x.ndim)) {
      throw new ShapeError(this.constructor.name, `x must have ${this.ranks.join(' or ')} dims`, showShape(x.shape));
    }
    const statistics = { runningMean, runningVar, weight, bias, eps, training };
    if (!training || this.num_batches_tracked === null) return batchNorm(x, statistics);
    const batches = this.num_batches_tracked.item() + 1;
    const y = batchNorm(x, { ...statistics, momentum: this.momentum ?? 1 / batches });
    this.num_batches_tracked.add_(1);
    return y;
  }
}

/** Batch normalization of [N, C] or [N, C, L]; see nn.functional.batchNorm. `new nn.BatchNorm1d(2)(zeros([4, 2])).shape // => [ 4, 2 ]` */
export class BatchNorm1d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [2, 3];
  }
}

/** Batch normalization of images [N, C, H, W]; see nn.functional.batchNorm. `new nn.BatchNorm2d(3)(zeros([4, 3, 5, 5])).shape // => [ 4, 3, 5, 5 ]` */
export class BatchNorm2d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [4];
  }
}

/** Batch normalization of volumes [N, C, D, H, W]; see nn.functional.batchNorm. `new nn.BatchNorm3d(3)(zeros([4, 3, 2, 5, 5])).shape // => [ 4, 3, 2, 5, 5 ]` */
export class BatchNorm3d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [5];
  }
}
