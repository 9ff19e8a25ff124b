/** The way back from a max-pool: each value to its place, zeros elsewhere; as functions and as layers. */
import { ShapeError, showShape } from '../array/errors.ts';
import { sameShape, sizeOf, type Shape } from '../array/nd.ts';
import { zeros } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { Module, shown } from './module.ts';
import { sizes, type Dims, type Size } from './sizes.ts';

export interface MaxUnpoolOptions {
  /** Steps from one window to the next; the kernel size if left out. */
  readonly stride?: Size;
  /** 0 if left out. */
  readonly padding?: Size;
  /** Sizes of the result's last dims (those before may stand there too), less than a stride from what windows make of the input. */
  readonly outputSize?: Shape;
}

function maxUnpool(x: Tensor, indices: Tensor, kernelSize: Size, o: MaxUnpoolOptions, dims: Dims): Tensor {
  const where = `maxUnpool${dims}d`;
  if (x.ndim !== dims + 2 && x.ndim !== dims + 1) {
    const rule = `the input must have ${dims + 2} dims, or ${dims + 1} without a batch`;
    throw new ShapeError(where, rule, showShape(x.shape));
  }
  if (!sameShape(x.shape, indices.shape)) {
    throw new ShapeError(
      where,
      `the indices must have the input's shape ${showShape(x.shape)}`,
      showShape(indices.shape),
    );
  }
  const kernel = sizes(where, 'kernelSize', kernelSize, 1, dims);
  const stride = sizes(where, 'stride', o.stride ?? kernelSize, 1, dims);
  const padding = sizes(where, 'padding', o.padding ?? 0, 0, dims);
  const usual = kernel.map((k, d) => (x.shape[x.ndim - dims + d] - 1) * stride[d] - 2 * padding[d] + k);
  const size = o.outputSize?.slice(-dims) ?? usual;
  if (
    size.length !== dims ||
    size.some((n, d) => Math.abs(n - usual[d]) >= stride[d] || n < 0 || !Number.isInteger(n))
  ) {
    const rule = `the output size must be less than a stride ${showShape(stride)} from ${showShape(usual)}`;
    throw new ShapeError(where, rule, showShape(size));
  }
  const lead = x.shape.slice(0, -dims);
  const places = zeros([...lead, sizeOf(size)], { dtype: x.dtype });
  return places.scatter(-1, indices.flatten(-dims), x.flatten(-dims)).reshape([...lead, ...size]);
}

/**
 * Zeros with the values x [N, C, h, w] (or [C, h, w]) at their places in the plane, as maxPool2d gives them with
 * returnIndices; of several at one place the last stays. PyTorch: `torch.nn.functional.max_unpool2d`.
 * `nn.functional.maxUnpool2d(tensor([[[5]]]), tensor([[[3]]]), 2).flatten() // => Tensor[4] [0, 0, 0, 5]`
 * @throws ShapeError when shapes do not fit; ValueError when a place is outside of the plane
 */
export const maxUnpool2d = (x: Tensor, indices: Tensor, kernelSize: Size, options: MaxUnpoolOptions = {}): Tensor =>
  maxUnpool(x, indices, kernelSize, options, 2);

/** As maxUnpool2d, of signals [N, C, L] (or [C, L]). `nn.functional.maxUnpool1d(tensor([[5]]), tensor([[1]]), 2).flatten() // => Tensor[2] [0, 5]` */
export const maxUnpool1d = (x: Tensor, indices: Tensor, kernelSize: Size, options: MaxUnpoolOptions = {}): Tensor =>
  maxUnpool(x, indices, kernelSize, options, 1);

/** As maxUnpool2d, of volumes [N, C, D, H, W] (or [C, D, H, W]). `nn.functional.maxUnpool3d(ones([1, 1, 1, 1]), zeros([1, 1, 1, 1]), 2).shape // => [ 1, 2, 2, 2 ]` */
export const maxUnpool3d = (x: Tensor, indices: Tensor, kernelSize: Size, options: MaxUnpoolOptions = {}): Tensor =>
  maxUnpool(x, indices, kernelSize, options, 3);

type UnpoolLayerOptions = Omit<MaxUnpoolOptions, 'outputSize'>;

/** A layer that knows the windows of the pool that it undoes. */
abstract class MaxUnpool extends Module {
  kernelSize: Size;
  options: UnpoolLayerOptions;
  constructor(kernelSize: Size, options: UnpoolLayerOptions = {}) {
    super();
    this.kernelSize = kernelSize;
    this.options = options;
  }
  protected unpool(x: Tensor, indices: Tensor, outputSize: Shape | undefined, dims: Dims): Tensor {
    return maxUnpool(x, indices, this.kernelSize, outputSize ? { ...this.options, outputSize } : this.options, dims);
  }
  protected override describe(): string {
    return shown({ kernelSize: this.kernelSize, ...this.options });
  }
}

/** Undoes MaxPool1d; see nn.functional.maxUnpool1d. `new nn.MaxUnpool1d(2)(ones([1, 1, 3]), zeros([1, 1, 3])).shape // => [ 1, 1, 6 ]` */
export class MaxUnpool1d extends MaxUnpool {
  override forward(x: Tensor, indices: Tensor, outputSize?: Shape): Tensor {
    return this.unpool(x, indices, outputSize, 1);
  }
}

/** Undoes MaxPool2d; see nn.functional.maxUnpool2d. `new nn.MaxUnpool2d(2)(ones([1, 3, 2]), zeros([1, 3, 2])).shape // => [ 1, 6, 4 ]` */
export class MaxUnpool2d extends MaxUnpool {
  override forward(x: Tensor, indices: Tensor, outputSize?: Shape): Tensor {
    return this.unpool(x, indices, outputSize, 2);
  }
}

/** Undoes MaxPool3d; see nn.functional.maxUnpool3d. `new nn.MaxUnpool3d(2)(ones([1, 1, 3, 2]), zeros([1, 1, 3, 2])).shape // => [ 1, 2, 6, 4 ]` */
export class MaxUnpool3d extends MaxUnpool {
  override forward(x: Tensor, indices: Tensor, outputSize?: Shape): Tensor {
    return this.unpool(x, indices, outputSize, 3);
  }
}
