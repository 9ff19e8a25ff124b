/** Pooling as layers: thin shells around pooling.ts. */
import type { Tensor } from '../tensor.ts';
import { Module, shown } from './module.ts';
import * as F from './pooling.ts';
import type { AvgPoolOptions, Indices, LPPoolOptions, MaxPooled, MaxPoolOptions, OutputSize } from './pooling.ts';
import type { Size } from './sizes.ts';

/** A layer that knows its window. */
abstract class Pool<O extends object> extends Module {
  kernelSize: Size;
  options: O;
  constructor(kernelSize: Size, options: O) {
    super();
    this.kernelSize = kernelSize;
    this.options = options;
  }
  protected override describe(): string {
    return shown({ kernelSize: this.kernelSize, ...this.options });
  }
}

/** A layer that knows how many results it gives along each dim. */
abstract class AdaptivePool<O extends object> extends Module {
  outputSize: OutputSize;
  options: O;
  constructor(outputSize: OutputSize, options: O) {
    super();
    this.outputSize = outputSize;
    this.options = options;
  }
  protected override describe(): string {
    return shown({ outputSize: this.outputSize, ...this.options });
  }
}

/** The largest number of each window, with returnIndices also its place; see nn.functional.maxPool1d. `new nn.MaxPool1d(2)(zeros([1, 3, 8])).shape // => [ 1, 3, 4 ]` */
export class MaxPool1d<I extends boolean = false> extends Pool<MaxPoolOptions & Indices<I>> {
  constructor(kernelSize: Size, options: MaxPoolOptions & Indices<I> = {}) {
    super(kernelSize, options);
  }
  override forward(x: Tensor): MaxPooled<I> {
    return F.maxPool1d(x, this.kernelSize, this.options);
  }
}

/** The largest number of each window, with returnIndices also its place; see nn.functional.maxPool2d. `new nn.MaxPool2d(2)(zeros([1, 3, 8, 6])).shape // => [ 1, 3, 4, 3 ]` */
export class MaxPool2d<I extends boolean = false> extends Pool<MaxPoolOptions & Indices<I>> {
  constructor(kernelSize: Size, options: MaxPoolOptions & Indices<I> = {}) {
    super(kernelSize, options);
  }
  override forward(x: Tensor): MaxPooled<I> {
    return F.maxPool2d(x, this.kernelSize, this.options);
  }
}

/** The largest number of each window, with returnIndices also its place; see nn.functional.maxPool3d. `new nn.MaxPool3d(2)(zeros([1, 3, 8, 6, 4])).shape // => [ 1, 3, 4, 3, 2 ]` */
export class MaxPool3d<I extends boolean = false> extends Pool<MaxPoolOptions & Indices<I>> {
  constructor(kernelSize: Size, options: MaxPoolOptions & Indices<I> = {}) {
    super(kernelSize, options);
  }
  override forward(x: Tensor): MaxPooled<I> {
    return F.maxPool3d(x, this.kernelSize, this.options);
  }
}

/** The mean of each window; see nn.functional.avgPool1d. `new nn.AvgPool1d(2)(zeros([1, 3, 8])).shape // => [ 1, 3, 4 ]` */
export class AvgPool1d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: Size, options: AvgPoolOptions = {}) {
    super(kernelSize, options);
  }
  override forward(x: Tensor): Tensor {
    return F.avgPool1d(x, this.kernelSize, this.options);
  }
}

/** The mean of each window; see nn.functional.avgPool2d. `new nn.AvgPool2d(2)(zeros([1, 3, 8, 6])).shape // => [ 1, 3, 4, 3 ]` */
export class AvgPool2d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: Size, options: AvgPoolOptions = {}) {
    super(kernelSize, options);
  }
  override forward(x: Tensor): Tensor {
    return F.avgPool2d(x, this.kernelSize, this.options);
  }
}

/** The mean of each window; see nn.functional.avgPool3d. `new nn.AvgPool3d(2)(zeros([1, 3, 8, 6, 4])).shape // => [ 1, 3, 4, 3, 2 ]` */
export class AvgPool3d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: Size, options: AvgPoolOptions = {}) {
    super(kernelSize, options);
  }
  override forward(x: Tensor): Tensor {
    return F.avgPool3d(x, this.kernelSize, this.options);
  }
}

/** The p-norm of each window; see nn.functional.lpPool1d. `new nn.LPPool1d(2, 2)(zeros([1, 3, 8])).shape // => [ 1, 3, 4 ]` */
export class LPPool1d extends Pool<LPPoolOptions> {
  normType: number;
  constructor(normType: number, kernelSize: Size, options: LPPoolOptions = {}) {
    super(kernelSize, options);
    this.normType = normType;
  }
  override forward(x: Tensor): Tensor {
    return F.lpPool1d(x, this.normType, this.kernelSize, this.options);
  }
  protected override describe(): string {
    return `normType=${this.normType}, ${super.describe()}`;
  }
}

/** The p-norm of each window; see nn.functional.lpPool2d. `new nn.LPPool2d(2, 2)(zeros([1, 3, 8, 6])).shape // => [ 1, 3, 4, 3 ]` */
export class LPPool2d extends Pool<LPPoolOptions> {
  normType: number;
  constructor(normType: number, kernelSize: Size, options: LPPoolOptions = {}) {
    super(kernelSize, options);
    this.normType = normType;
  }
  override forward(x: Tensor): Tensor {
    return F.lpPool2d(x, this.normType, this.kernelSize, this.options);
  }
  protected override describe(): string {
    return `normType=${this.normType}, ${super.describe()}`;
  }
}

/** The p-norm of each window; see nn.functional.lpPool3d. `new nn.LPPool3d(2, 2)(zeros([1, 3, 8, 6, 4])).shape // => [ 1, 3, 4, 3, 2 ]` */
export class LPPool3d extends Pool<LPPoolOptions> {
  normType: number;
  constructor(normType: number, kernelSize: Size, options: LPPoolOptions = {}) {
    super(kernelSize, options);
    this.normType = normType;
  }
  override forward(x: Tensor): Tensor {
    return F.lpPool3d(x, this.normType, this.kernelSize, this.options);
  }
  protected override describe(): string {
    return `normType=${this.normType}, ${super.describe()}`;
  }
}

/** Means of a fixed number of windows; see nn.functional.adaptiveAvgPool1d. `new nn.AdaptiveAvgPool1d(1)(zeros([2, 3, 5])).shape // => [ 2, 3, 1 ]` */
export class AdaptiveAvgPool1d extends AdaptivePool<object> {
  constructor(outputSize: OutputSize) {
    super(outputSize, {});
  }
  override forward(x: Tensor): Tensor {
    return F.adaptiveAvgPool1d(x, this.outputSize);
  }
}

/** Means of a fixed number of windows; see nn.functional.adaptiveAvgPool2d. `new nn.AdaptiveAvgPool2d(1)(zeros([2, 3, 5, 7])).shape // => [ 2, 3, 1, 1 ]` */
export class AdaptiveAvgPool2d extends AdaptivePool<object> {
  constructor(outputSize: OutputSize) {
    super(outputSize, {});
  }
  override forward(x: Tensor): Tensor {
    return F.adaptiveAvgPool2d(x, this.outputSize);
  }
}

/** Means of a fixed number of windows; see nn.functional.adaptiveAvgPool3d. `new nn.AdaptiveAvgPool3d(1)(zeros([2, 3, 5, 7, 4])).shape // => [ 2, 3, 1, 1, 1 ]` */
export class AdaptiveAvgPool3d extends AdaptivePool<object> {
  constructor(outputSize: OutputSize) {
    super(outputSize, {});
  }
  override forward(x: Tensor): Tensor {
    return F.adaptiveAvgPool3d(x, this.outputSize);
  }
}

/** The largest numbers of a fixed number of windows; see nn.functional.adaptiveMaxPool1d. `new nn.AdaptiveMaxPool1d(1)(zeros([2, 3, 5])).shape // => [ 2, 3, 1 ]` */
export class AdaptiveMaxPool1d<I extends boolean = false> extends AdaptivePool<Indices<I>> {
  constructor(outputSize: OutputSize, options: Indices<I> = {}) {
    super(outputSize, options);
  }
  override forward(x: Tensor): MaxPooled<I> {
    return F.adaptiveMaxPool1d(x, this.outputSize, this.options);
  }
}

/** The largest numbers of a fixed number of windows; see nn.functional.adaptiveMaxPool2d. `new nn.AdaptiveMaxPool2d(1)(zeros([2, 3, 5, 7])).shape // => [ 2, 3, 1, 1 ]` */
export class AdaptiveMaxPool2d<I extends boolean = false> extends AdaptivePool<Indices<I>> {
  constructor(outputSize: OutputSize, options: Indices<I> = {}) {
    super(outputSize, options);
  }
  override forward(x: Tensor): MaxPooled<I> {
    return F.adaptiveMaxPool2d(x, this.outputSize, this.options);
  }
}

/** The largest numbers of a fixed number of windows; see nn.functional.adaptiveMaxPool3d. `new nn.AdaptiveMaxPool3d(1)(zeros([2, 3, 5, 7, 4])).shape // => [ 2, 3, 1, 1, 1 ]` */
export class AdaptiveMaxPool3d<I extends boolean = false> extends AdaptivePool<Indices<I>> {
  constructor(outputSize: OutputSize, options: Indices<I> = {}) {
    super(outputSize, options);
  }
  override forward(x: Tensor): MaxPooled<I> {
    return F.adaptiveMaxPool3d(x, this.outputSize, this.options);
  }
}
