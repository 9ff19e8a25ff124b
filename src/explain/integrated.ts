/**
 * Gradients along the way from a baseline to the input. Their integral accounts for the whole difference of the output:
 * Σᵢ attributionᵢ = f(x) − f(baseline), and how far a sum of finitely many is from that is returned with it.
 */
import { ValueError } from '../array/errors.ts';
import { concat, tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import type { Explanation } from './gradients.ts';
import { baselineOf, batchOf, countOf, slopes, type Model, type TargetOptions } from './model.ts';

export interface CompleteExplanation extends Explanation {
  /** Σᵢ attributionᵢ − (f(x) − f(baseline)) for each row, [N]; 0 if it were exact. */
  readonly gap: Tensor;
}

/** Rules of quadrature on [0, 1]: n nodes and their weights. */
const rules = {
  left: (n: number) => even(n, 0),
  middle: (n: number) => even(n, 0.5),
  right: (n: number) => even(n, 1),
  trapezoid: (n: number) => {
    const nodes = Array.from({ length: n }, (_, i) => (n === 1 ? 0.5 : i / (n - 1)));
    return { nodes, weights: nodes.map((_, i) => (n === 1 ? 1 : (i === 0 || i === n - 1 ? 0.5 : 1) / (n - 1))) };
  },
  'gauss-legendre': gaussLegendre,
};
export type Rule = keyof typeof rules;

const even = (n: number, shift: number): { nodes: number[]; weights: number[] } => ({
  nodes: Array.from({ length: n }, (_, i) => (i + shift) / n),
  weights: new Array<number>(n).fill(1 / n),
});

/** The roots of the Legendre polynomial Pₙ by Newton's method, from Tricomi's guess; moved from [−1, 1] to [0, 1]. */
function gaussLegendre(n: number): { nodes: number[]; weights: number[] } {
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let round = 0; round < 50; round++) {
      let [p, before] = [x, 1]; // P₁ and P₀; k·Pₖ = (2k − 1)·x·Pₖ₋₁ − (k − 1)·Pₖ₋₂
      for (let k = 2; k <= n; k++) [p, before] = [((2 * k - 1) * x * p - (k - 1) * before) / k, p];
      slope = (n * (x * p - before)) / (x * x - 1);
      const step = p / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    nodes.push((1 - x) / 2);
    weights.push(1 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}

export interface IntegratedOptions extends TargetOptions {
  /** What stands for "nothing there": a number, one input, or one for each row; 0 if left out. */
  readonly baseline?: Tensor | number;
  /** Places on the way; 50 if left out. */
  readonly steps?: number;
  /** 'gauss-legendre' if left out: exact for polynomials of degree 2·steps − 1 along the way. */
  readonly rule?: Rule;
  /** So many rows at most go into one call of the model; all steps of all rows at once if left out. */
  readonly batchSize?: number;
}

/**
 * Integrated gradients (Sundararajan et al., 2017): (x − b) · ∫₀¹ ∂f/∂x(b + α(x − b)) dα. Captum: `IntegratedGradients`.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { integratedGradients } from 'adjoint/explain';
 * const f = (x) => x.select(1, 0).mul(x.select(1, 1)); // x₀·x₁: both have the same share
 * const { attributions, gap } = integratedGradients(f, tensor([[2, 3]]));
 * console.log(attributions.toArray(), Math.abs(gap.item()) < 1e-5); // => [ [ 3, 3 ] ] true
 * ```
 * @throws ShapeError, ValueError when baseline, target or the model's result does not fit
 */
export function integratedGradients(f: Model, x: Tensor, options: IntegratedOptions = {}): CompleteExplanation {
  const where = 'integratedGradients';
  const batch = batchOf(where, x);
  const baseline = baselineOf(where, batch, options.baseline);
  const { way, points, integral } = wayFrom(where, baseline, batch, options);
  const gradients = inParts(
    where,
    points,
    options,
    (some, rowOf) => slopes(where, f, some, options, rowOf).gradient,
    batch.shape[0],
  );
  return complete(where, f, way.mul(integral(gradients)), batch, baseline, options);
}

/** The straight way from a baseline to x, and the places of the rule on it as one batch [steps·N, …]. */
export function wayFrom(where: string, baseline: Tensor, x: Tensor, options: IntegratedOptions): {
  readonly way: Tensor;
  readonly points: Tensor;
  /** ∫₀¹ of what stands at each place, [steps·N, …] → [N, …]. */
  readonly integral: (each: Tensor) => Tensor;
} {
  const { rule = 'gauss-legendre' } = options;
  if (!Object.hasOwn(rules, rule)) {
    throw new ValueError(where, `the rule must be one of ${Object.keys(rules).join(', ')}`, `'${rule}'`);
  }
  const { nodes, weights } = rules[rule](countOf(where, 'steps', options.steps ?? 50));
  const [n, ...rest] = x.shape;
  const onAxis = (list: readonly number[], ndim: number): Tensor =>
    tensor([...list], { dtype: x.dtype }).reshape([list.length, ...new Array<number>(ndim).fill(1)]);
  const way = x.sub(baseline);
  return {
    way,
    points: way.mul(onAxis(nodes, x.ndim)).add(baseline).reshape([nodes.length * n, ...rest]),
    integral: (each) =>
      each.reshape([nodes.length, n, ...each.shape.slice(1)]).mul(onAxis(weights, each.ndim)).sum(0),
  };
} // prettier-ignore

/** What `of` gives for many points, some of them at a time. Point r is a variation of row r mod (rows of x). */
export function inParts(
  where: string,
  points: Tensor,
  { batchSize }: IntegratedOptions,
  of: (some: Tensor, rowOf: (r: number) => number) => Tensor,
  n: number,
): Tensor {
  const [total] = points.shape;
  const most = countOf(where, 'batchSize', batchSize ?? total);
  const parts: Tensor[] = [];
  for (let from = 0; from < total; from += most) {
    parts.push(of(points.narrow(0, from, Math.min(most, total - from)), (r) => (from + r) % n));
  }
  return concat(parts);
}

/** Attributions with their gap. */
export function complete(
  where: string, f: Model, attributions: Tensor, x: Tensor, baseline: Tensor, options: TargetOptions,
): CompleteExplanation {
  const [n] = x.shape;
  const { value } = slopes(where, f, concat([x, baseline]), options, (r) => r % n);
  const difference = value.narrow(0, 0, n).sub(value.narrow(0, n, n));
  return { attributions, gap: attributions.reshape([n, -1]).sum(1).sub(difference) };
} // prettier-ignore
