/** Layers as functions of tensors: what PyTorch has in torch.nn.functional. */
import { showShape, ShapeError, ValueError } from '../array/errors.ts';
import { sizeOf } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { rand } from '../create.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';

/**
 * x·Wᵀ + b on the last dim: x […, in], W [out, in], b [out], to […, out].
 * @throws ShapeError when the sizes do not fit
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
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

/** max(x, 0). */
export const relu = (x: Tensor): Tensor => x.relu();
/** x where positive, else slope·x. `nn.functional.leakyRelu(tensor([-1, 2])) // => Tensor[2] [-0.0100, 2.0000]` */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => x.where(x.gt(0), x.mul(slope));
/** x·Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel, 2016). `nn.functional.gelu(tensor(1)) // => Tensor[] 0.8413` */
export const gelu = (x: Tensor): Tensor => apply(ops.gelu, x);
/** x·σ(x) (also called swish). `nn.functional.silu(tensor(1)) // => Tensor[] 0.7311` */
export const silu = (x: Tensor): Tensor => x.mul(x.sigmoid());
/**
 * log(1 + eˣ); beyond 40 it is x, to the last bit, and eˣ might overflow. `nn.functional.softplus(tensor(0)) // => Tensor[] 0.6931`
 */
export const softplus = (x: Tensor): Tensor => x.where(x.gt(40), x.clamp(-Infinity, 40).exp().log1p());

/**
 * In training, sets each element to 0 with probability p and multiplies the others by 1/(1 − p) (Srivastava et al., 2014).
 * `nn.functional.dropout(ones([2]), 0.5, false) // => Tensor[2] [1, 1]`
 */
export function dropout(x: Tensor, p = 0.5, training = true, generator: Generator = defaultGenerator): Tensor {
  if (!(p >= 0 && p <= 1)) throw new ValueError('dropout', 'p must be a probability from 0 to 1', `${p}`);
  if (!training || p === 0) return x;
  if (p === 1) return x.mul(0);
  const kept = rand(x.shape, { dtype: x.dtype, generator }).ge(p);
  return x.mul(kept.div(1 - p));
}
