/** Layers that add places on all sides of signals, images and volumes, and those that cut images into patches and back. */
import { ShapeError, showShape } from '../array/errors.ts';
import type { Tensor } from '../tensor.ts';
import { Module, shown } from './module.ts';
import { fold, pad, unfold, type PadMode, type UnfoldOptions } from './patches.ts';
import type { Size } from './sizes.ts';

/** How many places on each side: one number for all, or [before, after] of the last dim, then of the one before it, … */
export type Padding = number | readonly number[];

/** nn.functional.pad over the last `dims` dims of [C, …] or [N, C, …]. */
abstract class Pad extends Module {
  padding: readonly number[];
  protected abstract readonly dims: number;
  protected abstract readonly mode: PadMode;
  value = 0;

  constructor(padding: Padding) {
    super();
    this.padding = typeof padding === 'number' ? [padding] : [...padding];
  }
  override forward(x: Tensor): Tensor {
    const { dims, mode, value, padding } = this;
    const sides = padding.length === 1 ? new Array<number>(2 * dims).fill(padding[0]) : padding;
    if (sides.length !== 2 * dims || (x.ndim !== dims + 1 && x.ndim !== dims + 2)) {
      const rule = `x must have ${dims} dims after [C] or [N, C], the padding one number or ${2 * dims}`;
      throw new ShapeError(this.constructor.name, rule, `${showShape(x.shape)} and ${showShape(padding)}`);
    }
    return pad(x, sides, { mode, value });
  }
  protected override describe(): string {
    return [this.padding.join(', '), ...(this.value === 0 ? [] : [`value=${this.value}`])].join(', ');
  }
}

/** A layer that knows its value. */
abstract class ConstantPad extends Pad {
  protected readonly mode = 'constant';
  constructor(padding: Padding, value: number) {
    super(padding);
    this.value = value;
  }
}

/** One value around a signal [C, L] or [N, C, L]. `new nn.ConstantPad1d(1, 3)(zeros([1, 5])).shape // => [ 1, 7 ]` */
export class ConstantPad1d extends ConstantPad {
  protected readonly dims = 1;
}

/** One value around an image [C, H, W] or [N, C, H, W]. `new nn.ConstantPad2d(1, 3)(zeros([1, 5, 5])).shape // => [ 1, 7, 7 ]` */
export class ConstantPad2d extends ConstantPad {
  protected readonly dims = 2;
}

/** One value around a volume [C, D, H, W] or [N, C, D, H, W]. `new nn.ConstantPad3d(1, 3)(zeros([1, 5, 5, 5])).shape // => [ 1, 7, 7, 7 ]` */
export class ConstantPad3d extends ConstantPad {
  protected readonly dims = 3;
}

/** Zeros around a signal [C, L] or [N, C, L]. `new nn.ZeroPad1d(1)(zeros([1, 5])).shape // => [ 1, 7 ]` */
export class ZeroPad1d extends Pad {
  protected readonly dims = 1;
  protected readonly mode = 'constant';
}

/** Zeros around an image [C, H, W] or [N, C, H, W]. `new nn.ZeroPad2d(1)(zeros([1, 5, 5])).shape // => [ 1, 7, 7 ]` */
export class ZeroPad2d extends Pad {
  protected readonly dims = 2;
  protected readonly mode = 'constant';
}

/** Zeros around a volume [C, D, H, W] or [N, C, D, H, W]. `new nn.ZeroPad3d(1)(zeros([1, 5, 5, 5])).shape // => [ 1, 7, 7, 7 ]` */
export class ZeroPad3d extends Pad {
  protected readonly dims = 3;
  protected readonly mode = 'constant';
}

/** Mirror images, without the edge, around a signal [C, L] or [N, C, L]. `new nn.ReflectionPad1d(1)(zeros([1, 5])).shape // => [ 1, 7 ]` */
export class ReflectionPad1d extends Pad {
  protected readonly dims = 1;
  protected readonly mode = 'reflect';
}

/** Mirror images, without the edge, around an image [C, H, W] or [N, C, H, W]. `new nn.ReflectionPad2d(1)(zeros([1, 5, 5])).shape // => [ 1, 7, 7 ]` */
export class ReflectionPad2d extends Pad {
  protected readonly dims = 2;
  protected readonly mode = 'reflect';
}

/** Mirror images, without the edge, around a volume [C, D, H, W] or [N, C, D, H, W]. `new nn.ReflectionPad3d(1)(zeros([1, 5, 5, 5])).shape // => [ 1, 7, 7, 7 ]` */
export class ReflectionPad3d extends Pad {
  protected readonly dims = 3;
  protected readonly mode = 'reflect';
}

/** The edges, repeated, around a signal [C, L] or [N, C, L]. `new nn.ReplicationPad1d(1)(zeros([1, 5])).shape // => [ 1, 7 ]` */
export class ReplicationPad1d extends Pad {
  protected readonly dims = 1;
  protected readonly mode = 'replicate';
}

/** The edges, repeated, around an image [C, H, W] or [N, C, H, W]. `new nn.ReplicationPad2d(1)(zeros([1, 5, 5])).shape // => [ 1, 7, 7 ]` */
export class ReplicationPad2d extends Pad {
  protected readonly dims = 2;
  protected readonly mode = 'replicate';
}

/** The edges, repeated, around a volume [C, D, H, W] or [N, C, D, H, W]. `new nn.ReplicationPad3d(1)(zeros([1, 5, 5, 5])).shape // => [ 1, 7, 7, 7 ]` */
export class ReplicationPad3d extends Pad {
  protected readonly dims = 3;
  protected readonly mode = 'replicate';
}

/** What is at the other end, around a signal [C, L] or [N, C, L]. `new nn.CircularPad1d(1)(zeros([1, 5])).shape // => [ 1, 7 ]` */
export class CircularPad1d extends Pad {
  protected readonly dims = 1;
  protected readonly mode = 'circular';
}

/** What is at the other end, around an image [C, H, W] or [N, C, H, W]. `new nn.CircularPad2d(1)(zeros([1, 5, 5])).shape // => [ 1, 7, 7 ]` */
export class CircularPad2d extends Pad {
  protected readonly dims = 2;
  protected readonly mode = 'circular';
}

/** What is at the other end, around a volume [C, D, H, W] or [N, C, D, H, W]. `new nn.CircularPad3d(1)(zeros([1, 5, 5, 5])).shape // => [ 1, 7, 7, 7 ]` */
export class CircularPad3d extends Pad {
  protected readonly dims = 3;
  protected readonly mode = 'circular';
}

/** Patches as columns; see nn.functional.unfold. `new nn.Unfold(2)(zeros([1, 2, 4, 4])).shape // => [ 1, 8, 9 ]` */
export class Unfold extends Module {
  kernelSize: Size;
  options: UnfoldOptions;
  constructor(kernelSize: Size, options: UnfoldOptions = {}) {
    super();
    this.kernelSize = kernelSize;
    this.options = options;
  }
  override forward(x: Tensor): Tensor {
    return unfold(x, this.kernelSize, this.options);
  }
  protected override describe(): string {
    return shown({ kernelSize: this.kernelSize, ...this.options });
  }
}

/** Patches added up to images; see nn.functional.fold. `new nn.Fold([4, 4], 2)(zeros([1, 8, 9])).shape // => [ 1, 2, 4, 4 ]` */
export class Fold extends Module {
  outputSize: Size;
  kernelSize: Size;
  options: UnfoldOptions;
  constructor(outputSize: Size, kernelSize: Size, options: UnfoldOptions = {}) {
    super();
    this.outputSize = outputSize;
    this.kernelSize = kernelSize;
    this.options = options;
  }
  override forward(x: Tensor): Tensor {
    return fold(x, this.outputSize, this.kernelSize, this.options);
  }
  protected override describe(): string {
    return shown({ outputSize: this.outputSize, kernelSize: this.kernelSize, ...this.options });
  }
}
