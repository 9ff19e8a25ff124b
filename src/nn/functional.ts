/** Layers as functions of tensors: what PyTorch has in torch.nn.functional. */
import { checkTensors } from '../array/checks.ts';
import { showShape, ShapeError } from '../array/errors.ts';
import { sizeOf } from '../array/nd.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';

/**
 * x·Wᵀ + b on the last dim: x […, in], W [out, in], b [out], to […, out].
 * @throws ShapeError when the sizes do not fit
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  checkTensors('linear', x, weight);
  const [out, inputs] = weight.shape;
  if (
    weight.ndim !== 2 ||
    x.ndim === 0 ||
    x.shape[x.ndim - 1] !== inputs ||
    (bias && (bias.ndim !== 1 || bias.shape[0] !== out))
  ) {
    throw new ShapeError(
      'linear',
      'x must be […, in] for a weight [out, in] and a bias [out]',
      `${showShape(x.shape)}, ${showShape(weight.shape)} and ${bias ? showShape(bias.shape) : 'none'}`,
    );
  }
  if (!bias) return x.matmul(weight.t());
  if (x.ndim === 2) return apply(ops.linear, x, weight, bias);
  const rows = x.shape.slice(0, -1);
  return apply(ops.linear, x.reshape([sizeOf(rows), inputs]), weight, bias).reshape([...rows, out]);
}
