/** Explanations against what is usual: averaged over a background of baselines, so that none has to be chosen. */
import { ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { randn, tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { deepLift } from './deepLift.ts';
import { integratedGradients, type CompleteExplanation, type IntegratedOptions } from './integrated.ts';
import { baselineOf, batchOf, countOf, slopes, type Model, type TargetOptions } from './model.ts';

export interface BackgroundOptions extends TargetOptions {
  /** What inputs are like: [M, …]. */
  readonly background: Tensor;
}

/** x and the rows of the background, whose shape is looked at. */
function withBackground(where: string, x: Tensor, { background }: BackgroundOptions): [batch: Tensor, rows: Tensor] {
  const batch = batchOf(where, x);
  const rows = batchOf(where, background);
  baselineOf(where, batch, rows.select(0, 0));
  return [batch, rows];
}

export interface ExpectedOptions extends BackgroundOptions {
  /** Samples for each row; 200 if left out. */
  readonly samples?: number;
  /** Standard deviation of normal noise on x, drawn for each sample (Captum's `stdevs`, SHAP's `local_smoothing`); 0 if left out. */
  readonly noise?: number;
  readonly generator?: Generator;
}

/**
 * Expected gradients (Erion et al., 2021): integrated gradients averaged over baselines drawn from a background, with one
 * random place on the way for each. The gap is to f(x) − mean f(background), and shrinks as 1/√samples.
 */
export function expectedGradients(f: Model, x: Tensor, options: ExpectedOptions): CompleteExplanation {
  const where = 'expectedGradients';
  const { noise = 0, generator = defaultGenerator } = options;
  const [batch, rows] = withBackground(where, x, options);
  const samples = countOf(where, 'samples', options.samples ?? 200);
  if (!(noise >= 0)) throw new ValueError(where, 'noise must be 0 or more', `${noise}`);
  const [n, ...rest] = batch.shape;
  const drawn = Array.from({ length: samples * n }, () => generator.integer(0, rows.shape[0]));
  const baselines = rows.indexSelect(0, tensor(drawn)).reshape([samples, n, ...rest]);
  const places = tensor(
    drawn.map(() => generator.uniform()),
    { dtype: batch.dtype },
  ).reshape([samples, n, ...rest.map(() => 1)]);
  const shift = noise === 0 ? 0 : randn([samples, ...batch.shape], { dtype: batch.dtype, generator }).mul(noise);
  const way = batch.sub(baselines).add(shift);
  const points = baselines.add(way.mul(places)).reshape([samples * n, ...rest]);
  const { gradient } = slopes(where, f, points, options, (r) => r % n);
  const attributions = gradient
    .reshape([samples, n, ...rest])
    .mul(way)
    .mean(0);
  const { value: at } = slopes(where, f, batch, options);
  const m = rows.shape[0];
  const { value: around } = slopes(where, f, paired(rows, batch)[0], options, (r) => r % n);
  const difference = at.sub(around.reshape([m, n]).mean(0));
  return { attributions, gap: attributions.reshape([n, -1]).sum(1).sub(difference) };
}

/**
 * Gradient SHAP, SHAP's `GradientExplainer` and Captum's `GradientShap`: expected gradients, with their `noise`. Both packages
 * estimate the same mean; Captum adds noise by default, SHAP does not, nor is it here.
 * ```ts
 * import { Generator, tensor } from 'adjoint';
 * import { gradientShap } from 'adjoint/explain';
 * const f = (x) => x.matmul(tensor([2, -1])); // linear: weight · (x − mean of the background)
 * const background = tensor([[1, 1], [1, 1]]);
 * gradientShap(f, tensor([[3, 4]]), { background, generator: new Generator(1) }).attributions.round(4).toArray() // => [ [ 4, -3 ] ]
 * ```
 */
export const gradientShap = expectedGradients;

/** Rows [M, …] and [N, …] to all pairs of them as two batches, row r of the second being r mod N. */
function paired(rows: Tensor, batch: Tensor): [rows: Tensor, batch: Tensor] {
  const [m, n, rest] = [rows.shape[0], batch.shape[0], batch.shape.slice(1)];
  const flat = (t: Tensor): Tensor => t.expand([m, n, ...rest]).reshape([m * n, ...rest]);
  return [flat(rows.unsqueeze(1)), flat(batch.unsqueeze(0))];
}

export interface AveragedOptions extends BackgroundOptions {
  /** So many pairs of a row and a baseline at most are explained at a time; 1024 if left out. */
  readonly batchSize?: number;
}

type Against = (x: Tensor, options: TargetOptions & { readonly baseline: Tensor }) => CompleteExplanation;

/** The mean over all of the background of what `explain` gives for pairs of a row and a baseline. */
function averaged(where: string, x: Tensor, options: AveragedOptions, explain: Against): CompleteExplanation {
  const [batch, rows] = withBackground(where, x, options);
  const [n, m] = [batch.shape[0], rows.shape[0]];
  const { target } = options;
  const most = Math.max(1, Math.floor(countOf(where, 'batchSize', options.batchSize ?? 1024) / n));
  const total = { attributions: batch.zerosLike(), gap: batch.reshape([n, -1]).select(1, 0).zerosLike() };
  for (let from = 0; from < m; from += most) {
    const some = Math.min(most, m - from);
    const [baseline, copies] = paired(rows.narrow(0, from, some), batch);
    const targets = typeof target === 'object' ? Array.from({ length: some * n }, (_, r) => target[r % n]) : target;
    const each = explain(copies, { baseline, ...(targets !== undefined && { target: targets }) });
    const sum = (t: Tensor): Tensor => t.reshape([some, n, ...t.shape.slice(1)]).sum(0).div(m);
    total.attributions = total.attributions.add(sum(each.attributions));
    total.gap = total.gap.add(sum(each.gap));
  }
  return total;
} // prettier-ignore

/**
 * Deep SHAP (Lundberg and Lee, 2017), SHAP's `DeepExplainer` and Captum's `DeepLiftShap`: DeepLIFT with the rescale rule, the mean
 * over a background of baselines. The gap is Σ − (f(x) − mean f(background)).
 * ```ts
 * import { tensor } from 'adjoint';
 * import { deepShap } from 'adjoint/explain';
 * const f = (x) => x.sum(1).relu();
 * const { attributions, gap } = deepShap(f, tensor([[1, 1]]), { background: tensor([[0, 0], [-1, -1]]) });
 * console.log(attributions.toArray(), gap.item()); // => [ [ 1, 1 ] ] 0
 * ```
 * @throws ShapeError, ValueError when the background or the target does not fit
 */
export const deepShap = (f: Model, x: Tensor, options: AveragedOptions): CompleteExplanation =>
  averaged('deepShap', x, options, (rows, o) => deepLift(f, rows, o));

/**
 * Integrated gradients blended over baselines: the mean of those from every row of the background, what expectedGradients
 * estimates, without chance. The gap is Σ − (f(x) − mean f(background)).
 * @throws ShapeError, ValueError when the background or the target does not fit, or the rule is unknown
 */
export const blendedIntegratedGradients = (
  f: Model, x: Tensor, options: AveragedOptions & Pick<IntegratedOptions, 'steps' | 'rule'>,
): CompleteExplanation =>
  averaged('blendedIntegratedGradients', x, options, (rows, { baseline, target }) =>
    integratedGradients(f, rows, { ...options, baseline, ...(target !== undefined && { target }) })); // prettier-ignore
