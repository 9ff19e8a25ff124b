/** Layers that move numbers and compute none: Identity, Flatten, Unflatten, and channels to places and back. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { Shape } from '../array/nd.ts';
import type { Tensor } from '../tensor.ts';
import { Module } from './module.ts';
import { pixelShuffle, pixelUnshuffle } from './patches.ts';

/** x itself. `new nn.Identity()(ones([2])) // => Tensor[2] [1, 1]` */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** Dims from start to end as one; by default all but the first. `new nn.Flatten()(zeros([2, 3, 4])).shape // => [ 2, 12 ]` */
export class Flatten extends Module {
  start: number;
  end: number;
  constructor(start = 1, end = -1) {
    super();
    this.start = start;
    this.end = end;
  }
  override forward(x: Tensor): Tensor {
    return x.flatten(this.start, this.end);
  }
  protected override describe(): string {
    return `start=${this.start}, end=${this.end}`;
  }
}

/** One dim as several, whose sizes may hold one −1. `new nn.Unflatten(1, [3, -1])(zeros([2, 12])).shape // => [ 2, 3, 4 ]` */
export class Unflatten extends Module {
  dim: number;
  sizes: Shape;
  constructor(dim: number, sizes: Shape) {
    super();
    this.dim = dim;
    this.sizes = sizes;
  }
  override forward(x: Tensor): Tensor {
    return x.unflatten(this.dim, this.sizes);
  }
  protected override describe(): string {
    return `dim=${this.dim}, sizes=${showShape(this.sizes)}`;
  }
}

/** A whole number above 0, or an error. */
function positive(where: string, name: string, n: number): number {
  if (!Number.isInteger(n) || n < 1) throw new ValueError(where, `${name} must be a whole number above 0`, `${n}`);
  return n;
}

/**
 * Channels of x [N, C, …] in `groups` groups, one of each in turn (Zhang et al., 2017).
 * `nn.functional.channelShuffle(arange(4).reshape([1, 4]), 2).flatten() // => Tensor[4] [0, 2, 1, 3]`
 */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  const g = positive('channelShuffle', 'groups', groups);
  const [N, C, ...places] = x.shape;
  if (x.ndim < 2 || C % g !== 0) {
    throw new ShapeError('channelShuffle', `x must be [N, C, …] with C a multiple of ${g}`, showShape(x.shape));
  }
  return x.reshape([N, g, C / g, ...places]).transpose(1, 2).reshape(x.shape); // prettier-ignore
}

/** Channels to places; see nn.functional.pixelShuffle. `new nn.PixelShuffle(2)(zeros([1, 8, 3, 3])).shape // => [ 1, 2, 6, 6 ]` */
export class PixelShuffle extends Module {
  upscaleFactor: number;
  constructor(upscaleFactor: number) {
    super();
    this.upscaleFactor = positive('PixelShuffle', 'upscaleFactor', upscaleFactor);
  }
  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }
  protected override describe(): string {
    return `upscaleFactor=${this.upscaleFactor}`;
  }
}

/** Places to channels; see nn.functional.pixelUnshuffle. `new nn.PixelUnshuffle(2)(zeros([1, 2, 6, 6])).shape // => [ 1, 8, 3, 3 ]` */
export class PixelUnshuffle extends Module {
  downscaleFactor: number;
  constructor(downscaleFactor: number) {
    super();
    this.downscaleFactor = positive('PixelUnshuffle', 'downscaleFactor', downscaleFactor);
  }
  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }
  protected override describe(): string {
    return `downscaleFactor=${this.downscaleFactor}`;
  }
}

/** Channels of the groups in turn; see nn.functional.channelShuffle. `new nn.ChannelShuffle(2)(zeros([1, 4, 3])).shape // => [ 1, 4, 3 ]` */
export class ChannelShuffle extends Module {
  groups: number;
  constructor(groups: number) {
    super();
    this.groups = positive('ChannelShuffle', 'groups', groups);
  }
  override forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }
  protected override describe(): string {
    return `groups=${this.groups}`;
  }
}
