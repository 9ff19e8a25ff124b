/** Layers and losses as functions of tensors: what PyTorch has in torch.nn.functional. */
import { checkWhole } from '../array/checks.ts';
import { showShape, ShapeError, ValueError } from '../array/errors.ts';
import { sameShape, sizeOf } from '../array/nd.ts';
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

/** How the losses of single elements or rows become the result. */
export type Reduction = 'mean' | 'sum' | 'none';

export interface LossOptions {
  /** 'mean' (the default), 'sum', or 'none' for one loss per element or row. */
  readonly reduction?: Reduction;
}

function reduced(where: string, losses: Tensor, reduction: Reduction): Tensor {
  if (reduction === 'mean') return losses.mean();
  if (reduction === 'sum') return losses.sum();
  if (reduction === 'none') return losses;
  throw new ValueError(where, "the reduction must be 'mean', 'sum' or 'none'", `'${String(reduction)}'`);
}

/**
 * Mean squared error (1/n) Σ (y − ŷ)². Where PyTorch warns that shapes differ and broadcasts, this refuses.
 * `nn.functional.mseLoss(tensor([1, 2]), tensor([1, 4])) // => Tensor[] 2`
 */
export function mseLoss(input: Tensor, target: Tensor, { reduction = 'mean' }: LossOptions = {}): Tensor {
  if (!sameShape(input.shape, target.shape)) {
    throw new ShapeError(
      'mseLoss',
      `the target must have the input's shape ${showShape(input.shape)}`,
      showShape(target.shape),
    );
  }
  if (reduction === 'mean') return apply(ops.squaredError, input, target, 1 / input.numel());
  if (reduction === 'sum') return apply(ops.squaredError, input, target, 1);
  return reduced('mseLoss', input.sub(target).square(), reduction);
}

/**
 * Cross-entropy of logits with class numbers: −log softmax(x)[target]. Logits [N, C] with targets [N], [C] with a
 * single number, or [N, C, …] with [N, …].
 * `nn.functional.crossEntropy(tensor([[0, 0]]), tensor([1])) // => Tensor[] 0.6931`
 * @throws ShapeError when the shapes do not fit; ValueError when a target is not a whole number from 0 to C − 1
 */
export function crossEntropy(input: Tensor, target: Tensor, { reduction = 'mean' }: LossOptions = {}): Tensor {
  const classDim = input.ndim === 1 ? 0 : 1;
  const expected = input.shape.filter((_, d) => d !== classDim);
  if (input.ndim === 0 || !sameShape(target.shape, expected)) {
    throw new ShapeError(
      'crossEntropy',
      'for logits [N, C, …] the targets must be [N, …]',
      `${showShape(input.shape)} and ${showShape(target.shape)}`,
    );
  }
  const C = input.shape[classDim];
  const last = input.ndim > 2 ? input.permute(...expected.map((_, d) => (d === 0 ? 0 : d + 1)), 1) : input;
  checkWhole('crossEntropy', target.nd, C);
  const N = target.numel();
  const losses = apply(ops.crossEntropy, last.reshape([N, C]), target.reshape([N]));
  return reduced('crossEntropy', losses.reshape(target.shape), reduction);
}
