/**
 * Gradients along the way from a baseline to the input. Their integral accounts for the whole difference of the output:
 * Σᵢ attributionᵢ = f(x) − f(baseline), and how far a sum of finitely many is from that is returned with it.
 */
import { ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
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
  const { rule = 'gauss-legendre' } = options;
  if (!Object.hasOwn(rules, rule)) {
    throw new ValueError(where, `the rule must be one of ${Object.keys(rules).join(', ')}`, `'${rule}'`);
  }
  const batch = batchOf(where, x);
  const baseline = baselineOf(where, batch, options.baseline);
  const { nodes, weights } = rules[rule](countOf(where, 'steps', options.steps ?? 50));
  const [n, ...rest] = batch.shape;
  const onAxis = (list: readonly number[]): Tensor =>
    tensor([...list], { dtype: batch.dtype }).reshape([list.length, ...batch.shape.map(() => 1)]);
  const way = batch.sub(baseline);
  const points = way
    .mul(onAxis(nodes))
    .add(baseline)
    .reshape([nodes.length * n, ...rest]);
  const gradients = inParts(where, f, points, options, n);
  const mean = gradients
    .reshape([nodes.length, ...batch.shape])
    .mul(onAxis(weights))
    .sum(0);
  return complete(where, f, way.mul(mean), batch, baseline, options);
}

/** Gradients at many points, some of them at a time. Point r is a variation of row r mod n. */
function inParts(where: string, f: Model, points: Tensor, options: IntegratedOptions, n: number): Tensor {
  const [total] = points.shape;
  const most = countOf(where, 'batchSize', options.batchSize ?? total);
  const parts: Tensor[] = [];
  for (let from = 0; from < total; from += most) {
    const some = points.narrow(0, from, Math.min(most, total - from));
    parts.push(slopes(where, f, some, options, (r) => (from + r) % n).gradient);
  }
  return concat(parts);
}

/** Attributions with their gap. */
function complete(
  where: string, f: Model, attributions: Tensor, x: Tensor, baseline: Tensor, options: TargetOptions,
): CompleteExplanation {
  const [n] = x.shape;
  const { value } = slopes(where, f, concat([x, baseline]), options, (r) => r % n);
  const difference = value.narrow(0, 0, n).sub(value.narrow(0, n, n));
  return { attributions, gap: attributions.reshape([n, -1]).sum(1).sub(difference) };
} // prettier-ignore

export interface ExpectedOptions extends TargetOptions {
  /** What inputs are like: [M, …]. A sample's baseline is one of these. */
  readonly background: Tensor;
  /** Samples for each row; 200 if left out. */
  readonly samples?: number;
  readonly generator?: Generator;
}

/**
 * Expected gradients (Erion et al., 2021), SHAP's `GradientExplainer`: integrated gradients averaged over baselines drawn from
 * a background, with one random place on the way for each. The gap is to f(x) − mean f(background), and shrinks as
 * 1/√samples.
 */
export function expectedGradients(f: Model, x: Tensor, options: ExpectedOptions): CompleteExplanation {
  const where = 'expectedGradients';
  const { background, generator = defaultGenerator } = options;
  const batch = batchOf(where, x);
  const samples = countOf(where, 'samples', options.samples ?? 200);
  const [n, ...rest] = batch.shape;
  const rows = batchOf(where, background);
  baselineOf(where, batch, rows.select(0, 0)); // its shape is looked at
  const drawn = Array.from({ length: samples * n }, () => generator.integer(0, rows.shape[0]));
  const baselines = rows.indexSelect(0, tensor(drawn)).reshape([samples, n, ...rest]);
  const places = tensor(
    drawn.map(() => generator.uniform()),
    { dtype: batch.dtype },
  ).reshape([samples, n, ...rest.map(() => 1)]);
  const way = batch.sub(baselines);
  const points = baselines.add(way.mul(places)).reshape([samples * n, ...rest]);
  const { gradient } = slopes(where, f, points, options, (r) => r % n);
  const attributions = gradient
    .reshape([samples, n, ...rest])
    .mul(way)
    .mean(0);
  const { value: at } = slopes(where, f, batch, options);
  const m = rows.shape[0];
  const everywhere = rows
    .unsqueeze(1)
    .expand([m, n, ...rest])
    .reshape([m * n, ...rest]);
  const { value: around } = slopes(where, f, everywhere, options, (r) => r % n);
  const difference = at.sub(around.reshape([m, n]).mean(0));
  return { attributions, gap: attributions.reshape([n, -1]).sum(1).sub(difference) };
}
