/** Normalization of each sample by itself: over groups of channels, over single channels, and by neighbouring channels. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sizeOf, type DType } from '../array/nd.ts';
import { ones, zeros } from '../create.ts';
import { noGrad } from '../engine.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';
import { Module, parameter, shown } from './module.ts';
import { affine, ChannelNorm, channelShape, checkEps } from './normalization.ts';
import type { BatchNormFunctionOptions, BatchNormOptions, NormOptions } from './normalization.ts';
import { batched } from './sizes.ts';

/**
 * (x − μ)/√(σ² + ε)·w + b with mean and variance over each sample's groups of channels: x [N, C, …], C a multiple of
 * numGroups, w and b [C] (Wu and He, 2018). PyTorch: `torch.nn.functional.group_norm`.
 * `nn.functional.groupNorm(tensor([[1, 3, 5, 9]]), 2).flatten() // => Tensor[4] [-1.0000, 1.0000, -1.0000, 1.0000]`
 * @throws ShapeError when shapes do not fit, or all groups have but one value
 */
// prettier-ignore
export function groupNorm(
  x: Tensor, numGroups: number, weight?: Tensor | null, bias?: Tensor | null, { eps = 1e-5 }: NormOptions = {},
): Tensor {
  const where = 'groupNorm';
  checkEps(where, eps);
  const wide = channelShape(where, x, 2, weight, bias);
  const [N, C] = x.shape;
  if (!Number.isInteger(numGroups) || numGroups < 1 || C % numGroups !== 0) {
    throw new ShapeError(where, 'the channels must be a multiple of numGroups', `${C} and ${numGroups}`);
  }
  const values = (C / numGroups) * sizeOf(x.shape.slice(2)); // of one group
  if (N * values === 1) {
    throw new ShapeError(where, 'there must be more than one value a group', `${showShape(x.shape)} in ${numGroups} groups`);
  }
  const y = apply(ops.standardize, x.reshape([1, N * numGroups, values]), eps).reshape(x.shape);
  return affine(y, weight?.reshape(wide), bias?.reshape(wide));
}

export interface InstanceNormFunctionOptions extends Omit<BatchNormFunctionOptions, 'training'> {
  /** Whether each channel of each sample is normalized by its own statistics; else by the running ones. true if left out. */
  readonly useInputStats?: boolean;
}

/**
 * (x − μ)/√(σ² + ε)·w + b with mean and variance over the places of each channel of each sample, x [N, C, …] (Ulyanov, Vedaldi
 * and Lempitsky, 2016). Running statistics [C], if given, are moved towards the means over the batch, the variance with n − 1.
 * PyTorch: `torch.nn.functional.instance_norm`.
 * `nn.functional.instanceNorm(tensor([[[1, 3]]])).flatten() // => Tensor[2] [-1.0000, 1.0000]`
 * @throws ShapeError when shapes do not fit, or there is but one place; ValueError without the statistics that are asked for
 */
export function instanceNorm(x: Tensor, options: InstanceNormFunctionOptions = {}): Tensor {
  const where = 'instanceNorm';
  const { runningMean, runningVar, weight, bias, eps = 1e-5, momentum = 0.1, useInputStats = true } = options;
  checkEps(where, eps);
  const wide = channelShape(where, x, 3, runningMean, runningVar, weight, bias);
  const [N, C, ...places] = x.shape;
  if (!useInputStats) {
    if (!runningMean || !runningVar) {
      throw new ValueError(where, 'without the input’s statistics there must be running ones', 'none'); // prettier-ignore
    }
    const y = x.sub(runningMean.reshape(wide)).div(runningVar.reshape(wide).add(eps).sqrt());
    return affine(y, weight?.reshape(wide), bias?.reshape(wide));
  }
  const n = sizeOf(places);
  if (n === 1) throw new ShapeError(where, 'there must be more than one place', showShape(x.shape));
  const rows = x.reshape([N * C, n]);
  noGrad(() => {
    const overBatch = (y: Tensor): Tensor => y.reshape([N, C]).mean(0);
    runningMean?.add_(overBatch(rows.mean(1)).sub(runningMean).mul(momentum));
    runningVar?.add_(overBatch(rows.var(1)).sub(runningVar).mul(momentum));
  });
  const y = apply(ops.standardize, rows.reshape([1, N * C, n]), eps).reshape(x.shape);
  return affine(y, weight?.reshape(wide), bias?.reshape(wide));
}

export interface LocalResponseOptions {
  /** 1e-4 if left out. */
  readonly alpha?: number;
  /** 0.75 if left out. */
  readonly beta?: number;
  /** 1 if left out. */
  readonly k?: number;
}

/**
 * x/(k + α·m)^β, where m is the mean square of the `size` channels around each (those beyond the first and last count as 0):
 * x [N, C, …] (Krizhevsky et al., 2012). PyTorch: `torch.nn.functional.local_response_norm`.
 * `nn.functional.localResponseNorm(ones([1, 1, 1]), 1, { alpha: 3, beta: 0.5 }).item() // => 0.5`
 * @throws ShapeError when x has less than three dims; ValueError when size is not a whole number above 0
 */
export function localResponseNorm(x: Tensor, size: number, options: LocalResponseOptions = {}): Tensor {
  const where = 'localResponseNorm';
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
  channelShape(where, x, 3);
  if (!Number.isInteger(size) || size < 1)
    throw new ValueError(where, 'size must be a whole number above 0', `${size}`);
  const [N, C, ...places] = x.shape;
  const S = sizeOf(places);
  const channels = Array.from({ length: C }, (_, c) => {
    const start = Math.max(0, c - Math.floor(size / 2));
    return { start, step: 1, size: Math.min(C, c + Math.ceil(size / 2)) - start };
  });
  const each = Array.from({ length: S }, (_, s) => ({ start: s, step: 1, size: 1 }));
  const sums = apply(ops.windowSum, x.square().reshape([N, 1, C, S]), channels, each).reshape(x.shape);
  return x.div(sums.mul(alpha / size).add(k).pow(beta)); // prettier-ignore
}

export interface GroupNormOptions extends NormOptions {
  /** Whether there are weight and bias. true if left out. */
  readonly affine?: boolean;
  readonly dtype?: DType;
}

/** Normalization over groups of channels; see nn.functional.groupNorm. Weight starts at 1, bias at 0. `new nn.GroupNorm(2, 4)(zeros([1, 4, 3])).shape // => [ 1, 4, 3 ]` */
export class GroupNorm extends Module {
  numGroups: number;
  numChannels: number;
  eps: number;
  weight: Tensor | null;
  bias: Tensor | null;

  constructor(numGroups: number, numChannels: number, options: GroupNormOptions = {}) {
    super();
    const { eps = 1e-5, affine = true, dtype = 'float32' } = options;
    if (!Number.isInteger(numGroups) || numGroups < 1 || numChannels % numGroups !== 0) {
      throw new ValueError(
        'GroupNorm',
        'numChannels must be a multiple of numGroups',
        `${numChannels} and ${numGroups}`,
      );
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
    this.weight = affine ? parameter(ones([numChannels], { dtype })) : null;
    this.bias = affine ? parameter(zeros([numChannels], { dtype })) : null;
  }
  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, { eps: this.eps });
  }
  protected override describe(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${this.eps}, affine=${this.weight !== null}`;
  }
}

export interface InstanceNormOptions extends BatchNormOptions {
  readonly momentum?: number;
}

/** What instance normalization has for any number of dims; without weight, bias and running statistics unless asked for. */
abstract class InstanceNorm extends ChannelNorm {
  constructor(numFeatures: number, options: InstanceNormOptions = {}) {
    super(numFeatures, { affine: false, trackRunningStats: false, ...options });
  }
  override forward(x: Tensor): Tensor {
    const { eps, training, momentum, weight, bias, running_mean: runningMean, running_var: runningVar } = this;
    const useInputStats = training || runningMean === null;
    const statistics = { runningMean, runningVar, weight, bias, eps, useInputStats, momentum: momentum ?? 0.1 };
    return batched(this.constructor.name, x, this.ranks[0], (x) => {
      if (x.shape[1] !== this.numFeatures) {
        const rule = `x must have ${this.numFeatures} channels`;
        throw new ShapeError(this.constructor.name, rule, showShape(x.shape));
      }
      return instanceNorm(x, statistics);
    });
  }
}

/** Instance normalization of signals [N, C, L] (or [C, L]); see nn.functional.instanceNorm. `new nn.InstanceNorm1d(2)(zeros([4, 2, 3])).shape // => [ 4, 2, 3 ]` */
export class InstanceNorm1d extends InstanceNorm {
  protected override get ranks(): readonly number[] {
    return [3];
  }
}

/** Instance normalization of images [N, C, H, W] (or [C, H, W]); see nn.functional.instanceNorm. `new nn.InstanceNorm2d(2)(zeros([4, 2, 3, 3])).shape // => [ 4, 2, 3, 3 ]` */
export class InstanceNorm2d extends InstanceNorm {
  protected override get ranks(): readonly number[] {
    return [4];
  }
}

/** Instance normalization of volumes [N, C, D, H, W] (or [C, D, H, W]); see nn.functional.instanceNorm. `new nn.InstanceNorm3d(2)(zeros([2, 3, 3, 3])).shape // => [ 2, 3, 3, 3 ]` */
export class InstanceNorm3d extends InstanceNorm {
  protected override get ranks(): readonly number[] {
    return [5];
  }
}

/** Normalization by neighbouring channels; see nn.functional.localResponseNorm. `new nn.LocalResponseNorm(2)(ones([1, 4, 3])).shape // => [ 1, 4, 3 ]` */
export class LocalResponseNorm extends Module {
  size: number;
  options: LocalResponseOptions;
  constructor(size: number, options: LocalResponseOptions = {}) {
    super();
    this.size = size;
    this.options = options;
  }
  override forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this.options);
  }
  protected override describe(): string {
    return shown({ size: this.size, ...this.options });
  }
}
