/** Grad-CAM: where the last planes look. */
import { ShapeError, showShape } from '../array/errors.ts';
import { noGrad } from '../engine.ts';
import type { Explanation } from './gradients.ts';
import { batchOf, slopes, type Model, type TargetOptions } from './model.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Grad-CAM (Selvaraju et al., 2017): f = head ∘ features, where features gives planes A[N, K, h, w]; relu(Σₖ wₖ·Aₖ), wₖ the mean of ∂f/∂Aₖ over the
 * plane. The result is [N, h, w], as coarse as the features are. `plusPlus` weighs places by Grad-CAM++ (Chattopadhay et al., 2018).
 * ```ts
 * import { tensor } from 'adjoint';
 * import { gradCam } from 'adjoint/explain';
 * const head = (a) => a.mean([2, 3]); // the mean of each plane is a class
 * const x = tensor([[[[1, 3]], [[9, 9]]]]); // [1, 2, 1, 2]
 * gradCam((x) => x, head, x, { target: 0 }).attributions.toArray() // => [ [ [ 0.5, 1.5 ] ] ]
 * ```
 * @throws ShapeError, ValueError when features gives no planes, or the target does not fit
 */
export function gradCam(
  features: Model,
  head: Model,
  x: Tensor,
  options: TargetOptions & { readonly plusPlus?: boolean } = {},
): Explanation {
  const planes = noGrad(() => features(batchOf('gradCam', x))).detach();
  if (planes.ndim !== 4)
    throw new ShapeError('gradCam', 'features must give planes [N, K, h, w]', showShape(planes.shape));
  const { gradient: g } = slopes('gradCam', head, planes, options);
  let weights = g.mean([2, 3], true);
  if (options.plusPlus) {
    // αₖ at each place: g² / (2g² + ΣAₖ·g³), and wₖ = Σ α·relu(g)
    const denominator = g
      .square()
      .mul(2)
      .add(planes.sum([2, 3], true).mul(g.pow(3)));
    const alpha = g.square().div(denominator.onesLike().where(denominator.eq(0), denominator));
    weights = alpha.mul(g.relu()).sum([2, 3], true);
  }
  return { attributions: weights.mul(planes).sum(1).relu() };
}
