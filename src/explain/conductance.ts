/**
 * What flows through a layer on the way from a baseline to the input. The model is given as f = head ∘ features, the layer
 * being what features gives: planes, hidden numbers, embeddings.
 */
import { showShape, ValueError } from '../array/errors.ts';
import { tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { jvp, vjp } from '../transforms.ts';
import type { Explanation } from './gradients.ts';
import {
  complete,
  inParts,
  integratedGradients,
  wayFrom,
  type CompleteExplanation,
  type IntegratedOptions,
} from './integrated.ts';
import { baselineOf, batchOf, layerAt, slopes, type Model } from './model.ts';

/**
 * Layer conductance (Dhamdhere, Sundararajan and Yan, 2018): ∫₀¹ ∂f/∂hⱼ · dhⱼ/dα dα for each number hⱼ of the layer, on the way
 * x(α) = b + α(x − b): how much of f(x) − f(b) went through it. dh/dα is a derivative too, where Captum's `LayerConductance`
 * has differences between steps. The gap is Σⱼ − (f(x) − f(b)).
 * ```ts
 * import { tensor } from 'adjoint';
 * import { layerConductance } from 'adjoint/explain';
 * const [features, head] = [(x) => x.square(), (h) => h.matmul(tensor([1, -1]))];
 * const { attributions, gap } = layerConductance(features, head, tensor([[3, 2]]));
 * console.log(attributions.round(4).toArray(), Math.abs(gap.item()) < 1e-5); // => [ [ 9, -4 ] ] true
 * ```
 * @returns attributions of the layer's shape
 * @throws ShapeError, ValueError when baseline or target does not fit, or features gives no layer [N, …]
 */
export function layerConductance(
  features: Model,
  head: Model,
  x: Tensor,
  options: IntegratedOptions = {},
): CompleteExplanation {
  const where = 'layerConductance';
  const batch = batchOf(where, x);
  const baseline = baselineOf(where, batch, options.baseline);
  layerAt(where, features, batch);
  const { way, points, integral } = wayFrom(where, baseline, batch, options);
  const flow = inParts(
    where,
    points,
    options,
    (some, rowOf) => {
      const direction = way.indexSelect(0, tensor(Array.from({ length: some.shape[0] }, (_, r) => rowOf(r))));
      const { value, tangent } = jvp(features, some, direction);
      return slopes(where, head, value, options, rowOf).gradient.mul(tangent.detach());
    },
    batch.shape[0],
  );
  return complete(where, (z) => head(features(z)), integral(flow), batch, baseline, options);
}

export interface NeuronOptions extends IntegratedOptions {
  /** Which number of the layer: its place in one row of it, as [plane, row, column]; a number for a layer [N, H]. */
  readonly neuron: number | readonly number[];
}

/**
 * Neuron conductance (Dhamdhere, Sundararajan and Yan, 2018): (xᵢ − bᵢ)·∫₀¹ ∂f/∂hⱼ · ∂hⱼ/∂xᵢ dα, what of each input went through
 * the one neuron hⱼ. Over the inputs it sums to the neuron's layer conductance: the gap is Σᵢ minus that with twice the
 * steps, which tells how far the integral is from settled. Captum: `NeuronConductance`.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { neuronConductance } from 'adjoint/explain';
 * const [features, head] = [(x) => x.matmul(tensor([[1, 0], [1, 1]])), (h) => h.matmul(tensor([2, 5]))];
 * const { attributions } = neuronConductance(features, head, tensor([[3, 4]]), { neuron: 0 }); // h₀ = x₀ + x₁ counts twice
 * console.log(attributions.round(4).toArray()); // => [ [ 6, 8 ] ]
 * ```
 * @returns attributions of x's shape
 * @throws ShapeError, ValueError as layerConductance, and when there is no such neuron
 */
export function neuronConductance(
  features: Model,
  head: Model,
  x: Tensor,
  options: NeuronOptions,
): CompleteExplanation {
  const where = 'neuronConductance';
  const batch = batchOf(where, x);
  const baseline = baselineOf(where, batch, options.baseline);
  const [n, ...sizes] = layerAt(where, features, batch).shape;
  const place = typeof options.neuron === 'number' ? [options.neuron] : options.neuron;
  if (place?.length !== sizes.length || place.some((at, d) => !Number.isInteger(at) || at < 0 || at >= sizes[d])) {
    throw new ValueError(
      where,
      `neuron must be a place in the layer ${showShape(sizes)}`,
      `[${place?.join(', ') ?? ''}]`,
    );
  }
  const at = place.reduce((flat, p, d) => flat * sizes[d] + p, 0);
  const { way, points, integral } = wayFrom(where, baseline, batch, options);
  const slope = inParts(
    where,
    points,
    options,
    (some, rowOf) => {
      const { value, pullback } = vjp(features, some);
      const { gradient } = slopes(where, head, value, options, rowOf);
      const one = gradient.zerosLike().flatten(1);
      noGrad(() => one.narrow(1, at, 1).copy_(gradient.flatten(1).narrow(1, at, 1)));
      return pullback(one.reshape(gradient.shape)).detach();
    },
    n,
  );
  const attributions = way.mul(integral(slope));
  const { steps = 50 } = options;
  const through = layerConductance(features, head, x, { ...options, steps: 2 * steps })
    .attributions.flatten(1)
    .select(1, at);
  return { attributions, gap: attributions.reshape([n, -1]).sum(1).sub(through) };
}

/** Integrated gradients of head between the layer at the baseline and at x, of the layer's shape. Captum: `LayerIntegratedGradients`. */
export function layerIntegratedGradients(
  features: Model,
  head: Model,
  x: Tensor,
  options: IntegratedOptions = {},
): CompleteExplanation {
  const where = 'layerIntegratedGradients';
  const batch = batchOf(where, x);
  const [from, to] = [baselineOf(where, batch, options.baseline), batch].map((z) => layerAt(where, features, z));
  return integratedGradients(head, to, { ...options, baseline: from });
}

/** ∫₀¹ ∂f/∂h dα on the way of x, of the layer's shape (Leino et al., 2018): which neurons f leans on. Captum: `InternalInfluence`. */
export function internalInfluence(
  features: Model,
  head: Model,
  x: Tensor,
  options: IntegratedOptions = {},
): Explanation {
  const where = 'internalInfluence';
  const batch = batchOf(where, x);
  const { points, integral } = wayFrom(where, baselineOf(where, batch, options.baseline), batch, options);
  const slope = inParts(
    where,
    points,
    options,
    (some, rowOf) => slopes(where, head, layerAt(where, features, some), options, rowOf).gradient,
    batch.shape[0],
  );
  return { attributions: integral(slope) };
}
