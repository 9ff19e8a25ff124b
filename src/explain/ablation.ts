/** Explanations by taking something away, for any function: a feature, a window that slides over a picture, a column's order. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { concat, tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import type { Explanation } from './gradients.ts';
import {
  baselineOf,
  batchOf,
  counting,
  countOf,
  groupsOf,
  outputs,
  values,
  type AnyModel,
  type TargetOptions,
  type WorkOptions,
} from './model.ts';

export interface AblationOptions extends TargetOptions, WorkOptions {
  /** What is put in place of what is taken away: 0 if left out. */
  readonly baseline?: Tensor | number;
  /** The group of each number of one input, 0, 1, 2, …: members go together. Each number on its own if left out. */
  readonly featureMask?: Tensor;
}

/** How much f falls when each of some sets of features (1 in a row of `sets`) is replaced by the baseline: [sets, N]. */
async function falls(where: string, f: AnyModel, x: Tensor, sets: readonly Float64Array[], options: AblationOptions): Promise<Tensor> {
  const baseline = baselineOf(where, x, options.baseline);
  const [n, ...rest] = x.shape;
  const copies = sets.map((set) => {
    const taken = tensor(set, { dtype: x.dtype }).reshape([1, ...rest]);
    return baseline.where(taken.expand(x.shape), x);
  });
  const y = await values(where, f, concat([x, ...copies]), options, (r) => r % n);
  const each = y.reshape([sets.length + 1, n]);
  return each.narrow(0, 0, 1).sub(each.narrow(0, 1, sets.length));
} // prettier-ignore

/**
 * f(x) − f(x without the feature), each feature (or group) replaced by the baseline in turn. Captum: `FeatureAblation`.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { featureAblation } from 'adjoint/explain';
 * const f = (x) => x.select(1, 0).mul(x.select(1, 1)); // either one is needed: both are due everything
 * (await featureAblation(f, tensor([[2, 3]]))).attributions.toArray() // => [ [ 6, 6 ] ]
 * ```
 */
export async function featureAblation(f: AnyModel, x: Tensor, options: AblationOptions = {}): Promise<Explanation> {
  const where = 'featureAblation';
  const batch = batchOf(where, x);
  const { group, count } = groupsOf(where, batch, options.featureMask);
  const sets = Array.from({ length: count }, (_, g) => Float64Array.from(group, (of) => (of === g ? 1 : 0)));
  const fall = await falls(where, f, batch, sets, options);
  return { attributions: fall.t().indexSelect(1, tensor([...group])).reshape(batch.shape) };
} // prettier-ignore

export interface OcclusionOptions extends Omit<AblationOptions, 'featureMask'> {
  /** Height and width of what is covered. */
  readonly window: readonly [height: number, width: number];
  /** How far the window moves; as far as it is wide if left out. */
  readonly stride?: readonly [down: number, right: number];
}

/**
 * f(x) − f(x with a window covered), for pictures [N, …, H, W] (Zeiler and Fergus, 2014): each place has the mean over the
 * windows that covered it. Captum: `Occlusion`.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { occlusion } from 'adjoint/explain';
 * const f = (x) => x.index('...', 0, 0); // the corner of the picture
 * const { attributions } = await occlusion(f, tensor([[[7, 1], [1, 1]]]), { window: [1, 2] });
 * console.log(attributions.toArray()); // => [ [ [ 7, 7 ], [ 0, 0 ] ] ]
 * ```
 * @throws ShapeError, ValueError when x is no picture or the window does not fit
 */
export async function occlusion(f: AnyModel, x: Tensor, options: OcclusionOptions): Promise<Explanation> {
  const where = 'occlusion';
  const batch = batchOf(where, x);
  if (batch.ndim < 3) throw new ShapeError(where, 'x must be [N, …, H, W]', showShape(batch.shape));
  const [H, W] = batch.shape.slice(-2);
  const [h, w] = options.window.map((size) => countOf(where, 'window', size));
  const [down, right] = (options.stride ?? options.window).map((step) => countOf(where, 'stride', step));
  if (h > H || w > W) throw new ValueError(where, `the window must fit into ${H} × ${W}`, `${h} × ${w}`);
  const planes = batch.numel() / batch.shape[0] / (H * W);
  const starts = (size: number, window: number, step: number): number[] => {
    const list = Array.from({ length: Math.floor((size - window) / step) + 1 }, (_, i) => i * step);
    return list[list.length - 1] + window < size ? [...list, size - window] : list; // so that the edge is covered
  };
  const windows = starts(H, h, down).flatMap((top) => starts(W, w, right).map((left) => [top, left]));
  const sets = windows.map(([top, left]) => {
    const set = new Float64Array(planes * H * W);
    for (let p = 0; p < planes; p++) {
      for (let i = top; i < top + h; i++) set.fill(1, (p * H + i) * W + left, (p * H + i) * W + left + w);
    }
    return set;
  });
  const fall = await falls(where, f, batch, sets, options); // [windows, N]
  const covered = tensor(Float64Array.from(sets.flatMap((set) => [...set])), { dtype: batch.dtype }).reshape([sets.length, -1]);
  const sum = fall.t().matmul(covered);
  return { attributions: sum.div(covered.sum(0)).reshape(batch.shape) };
} // prettier-ignore

/**
 * How much worse a model is when a column is shuffled (Breiman, 2001; Fisher et al., 2019): mean loss with the column in
 * random order − mean loss, for rows x[N, features], over `repeats` orders. Of the whole model, not of one row.
 * ```ts
 * import { Generator, tensor } from 'adjoint';
 * import { permutationImportance } from 'adjoint/explain';
 * const x = tensor([[1, 5], [2, 5], [3, 7], [4, 7]]);
 * const f = (x) => x.select(1, 0); // reads only the first column
 * const loss = (y) => y.sub(tensor([1, 2, 3, 4])).square().mean().item();
 * const { importance } = await permutationImportance(f, x, loss, { generator: new Generator(1) });
 * console.log(importance.gt(0).toArray()); // => [ 1, 0 ]
 * ```
 * @param loss from the model's outputs to a number: the lower the better
 * @throws ShapeError when x is not rows; ValueError when the loss is not finite
 */
export async function permutationImportance(
  f: AnyModel, x: Tensor, loss: (y: Tensor) => number,
  options: WorkOptions & { readonly repeats?: number; readonly generator?: Generator } = {},
): Promise<{ readonly importance: Tensor; readonly deviation: Tensor }> {
  const where = 'permutationImportance';
  const batch = batchOf(where, x);
  if (batch.ndim !== 2) throw new ShapeError(where, 'x must be rows [N, features]', showShape(batch.shape));
  const repeats = countOf(where, 'repeats', options.repeats ?? 10);
  const generator = options.generator ?? defaultGenerator;
  const [n, p] = batch.shape;
  const work = counting(options);
  const lossOf = async (rows: Tensor): Promise<number> => {
    const value = loss(await outputs(where, f, rows, work, (y) => y));
    if (!Number.isFinite(value)) throw new ValueError(where, 'the loss must be a finite number', `${value}`);
    return value;
  };
  const before = await lossOf(batch);
  const worse = new Float64Array(repeats * p);
  for (let r = 0; r < repeats; r++) {
    for (let j = 0; j < p; j++) {
      const shuffled = batch.narrow(1, j, 1).indexSelect(0, tensor([...generator.permutation(n)]));
      const columns = [batch.narrow(1, 0, j), shuffled, batch.narrow(1, j + 1, p - j - 1)];
      worse[r * p + j] = (await lossOf(concat(columns, 1))) - before;
    }
  }
  const all = tensor(worse).reshape([repeats, p]);
  return { importance: all.mean(0), deviation: all.std(0, { correction: 0 }) };
} // prettier-ignore
