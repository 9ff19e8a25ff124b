/**
 * Explanations as part of training: terms that are added to any loss, and differentiated with it. They need gradients of
 * gradients: `inputGradient` keeps the graph of the first one.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { broadcastShapes, sameShape } from '../array/nd.ts';
import { rand, randn, tensor } from '../create.ts';
import { enableGrad, grad, isGradEnabled } from '../engine.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import type { Tensor } from '../tensor.ts';
import { baselineOf, batchOf, countOf, type Model } from './model.ts';

/**
 * ∂(Σ of all outputs of g)/∂x, itself differentiable: what the terms below are made of.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { inputGradient } from 'adjoint/explain';
 * inputGradient((x) => x.pow(3), tensor([[2]])).toArray() // => [ [ 12 ] ]
 * ```
 */
export function inputGradient(g: Model, x: Tensor): Tensor {
  const at = batchOf('inputGradient', x).clone().requiresGrad_();
  const sum = enableGrad(() => g(at).sum());
  return grad(sum, [at], { createGraph: isGradEnabled() })[0];
}

/**
 * Expected gradients as part of the graph (Erion et al., 2021), for priors over them: the mean over `samples` draws of (x − b)·∂(Σ of all outputs
 * of f)/∂x at b + α(x − b), for b from the background and α in [0, 1]. One draw for each row and step of training will do.
 * ```ts
 * import { Generator, tensor } from 'adjoint';
 * import { expectedInputGradient, sparsityPrior } from 'adjoint/explain';
 * const f = (x) => x.matmul(tensor([[3], [-2]]));
 * const a = expectedInputGradient(f, tensor([[1, 2]]), { background: tensor([[0, 1]]), generator: new Generator(1) });
 * console.log(a.toArray(), sparsityPrior(a).item().toFixed(2)); // => [ [ 3, -2 ] ] -0.10
 * ```
 * @throws ShapeError when the background is no rows of x's shape; ValueError when samples is no count
 */
export function expectedInputGradient(
  f: Model, x: Tensor, { background, samples = 1, generator = defaultGenerator }: { readonly background: Tensor; readonly samples?: number; readonly generator?: Generator },
): Tensor {
  const where = 'expectedInputGradient';
  const [batch, rows] = [batchOf(where, x), batchOf(where, background)];
  baselineOf(where, batch, rows.select(0, 0)); // its shape is looked at
  const [n, ...rest] = batch.shape;
  const count = countOf(where, 'samples', samples) * n;
  const baselines = rows.indexSelect(0, tensor(Array.from({ length: count }, () => generator.integer(0, rows.shape[0]))));
  const places = rand([count, ...rest.map(() => 1)], { dtype: batch.dtype, generator });
  const way = batch.unsqueeze(0).expand([samples, n, ...rest]).reshape([count, ...rest]).sub(baselines);
  return inputGradient(f, baselines.add(way.mul(places))).mul(way).reshape([samples, n, ...rest]).mean(0);
} // prettier-ignore

/**
 * Right for the right reasons (Ross et al., 2017): the mean over rows of Σ (mask · ∂ Σ_c log p_c/∂x)², where the mask is 1 at
 * numbers that must not matter. `logProbabilities` gives log-softmax [N, C].
 * @throws ShapeError when the mask does not broadcast to x
 */
export function rightForTheRightReasons(logProbabilities: Model, x: Tensor, mask: Tensor): Tensor {
  const where = 'rightForTheRightReasons';
  if (!sameShape(broadcastShapes(where, x.shape, mask.shape), x.shape)) {
    throw new ShapeError(where, `the mask must broadcast to ${showShape(x.shape)}`, showShape(mask.shape));
  }
  return perRow(inputGradient(logProbabilities, x).mul(mask).square());
}

/** Mean over rows of ‖∂f/∂x‖² for the sum of f's outputs (Drucker and Le Cun, 1992): a flat function is a robust one. */
export const inputGradientPenalty = (f: Model, x: Tensor): Tensor => perRow(inputGradient(f, x).square());

/**
 * Mean over rows of ‖J‖²_F, the squared Frobenius norm of the Jacobian of f: x[N, …] to [N, C], by random projections
 * (Hoffman et al., 2019): C·‖∂(v·f)/∂x‖² for v on the unit sphere has that mean.
 */
export function jacobianPenalty(
  f: Model, x: Tensor, { projections = 1, generator = defaultGenerator }: { projections?: number; generator?: Generator } = {},
): Tensor {
  if (!Number.isInteger(projections) || projections < 1) {
    throw new ValueError('jacobianPenalty', 'projections must be a whole number, 1 or more', `${projections}`);
  }
  const at = batchOf('jacobianPenalty', x).clone().requiresGrad_();
  const y = enableGrad(() => f(at));
  if (y.ndim !== 2) throw new ShapeError('jacobianPenalty', 'f must return [N, C]', showShape(y.shape));
  const draws = Array.from({ length: projections }, () => {
    const v = randn(y.shape, { dtype: y.dtype, generator });
    const direction = v.div(v.square().sum(1, true).sqrt());
    const [g] = grad(y, [at], { gradOutputs: [direction], createGraph: isGradEnabled(), retainGraph: true });
    return perRow(g.square());
  });
  return draws.reduce((a, b) => a.add(b)).mul(y.shape[1] / projections);
} // prettier-ignore

/**
 * An attribution prior for few features (Erion et al., 2021): minus the Gini coefficient of the mean absolute attributions,
 * over the features of x[N, features]: 0 if all alike, 1/features − 1 if all in one.
 */
export function sparsityPrior(attributions: Tensor): Tensor {
  if (attributions.ndim !== 2) {
    throw new ShapeError('sparsityPrior', 'attributions must be [N, features]', showShape(attributions.shape));
  }
  const mean = attributions.abs().mean(0);
  const n = mean.numel();
  const differences = mean.unsqueeze(0).sub(mean.unsqueeze(1)).abs().sum();
  return differences.div(mean.sum().add(1e-12)).mul(-0.5 / n);
}

/**
 * Total variation of attributions [N, …, H, W] (or of any picture): the mean over rows of Σ|difference of neighbours|, down
 * and to the right. Added to a loss it wants explanations that are smooth.
 */
export function totalVariation(x: Tensor): Tensor {
  if (x.ndim < 3) throw new ShapeError('totalVariation', 'x must be [N, …, H, W]', showShape(x.shape));
  const along = (dim: number): Tensor => {
    const size = x.shape[x.ndim + dim];
    return perRow(
      x
        .narrow(dim, 1, size - 1)
        .sub(x.narrow(dim, 0, size - 1))
        .abs(),
    );
  };
  return along(-2).add(along(-1));
}

/**
 * Penalty for slopes of the wrong sign: the mean over rows of Σ relu(−sᵢ·∂f/∂xᵢ), where signs has 1 for a feature in which f
 * must not fall, −1 where it must not rise, and 0 where either may be. 0 if f is monotone at x.
 */
export function monotonicityPenalty(f: Model, x: Tensor, signs: Tensor): Tensor {
  if (!sameShape(signs.shape, x.shape.slice(1))) {
    throw new ShapeError('monotonicityPenalty', `signs must have the shape ${showShape(x.shape.slice(1))} of one input`, showShape(signs.shape));
  }
  return perRow(inputGradient(f, x).mul(signs).neg().relu());
} // prettier-ignore

/** The sum over all but the first dim, averaged over rows. */
const perRow = (x: Tensor): Tensor => x.sum().div(x.shape[0]);
