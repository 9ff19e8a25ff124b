/**
 * Anchors (Ribeiro, Singh and Guestrin, 2018): a rule that holds for x, and where it holds the prediction is nearly always that of
 * x, whatever the other features are. Rules are grown by a beam search, whose candidates are told apart by KL-LUCB.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { allocate } from '../array/memory.ts';
import { sameShape } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { ask, bestOf, bound, meanOf, type Arm, type Draw } from './bandit.ts';
import { backgroundOf, type GameOptions } from './game.ts';
import {
  answers,
  batchOf,
  counting,
  countOf,
  groupsOf,
  outputs,
  remaining,
  type AnyModel,
  type WorkOptions,
} from './model.ts';

export interface AnchorOptions extends WorkOptions {
  /** What share of inputs that obey the rule must get x's prediction; 0.95 if left out. */
  readonly precision?: number;
  /** How likely the search may be wrong; 0.05 if left out. */
  readonly delta?: number;
  /** How near two rules' precisions are that need not be told apart; 0.1 if left out. */
  readonly epsilon?: number;
  /** How many rules of a length are kept to be grown; 4 if left out. */
  readonly beam?: number;
  /** Of a model with one output, [N] or [N, 1]: the prediction is whether it is above this; 0, as for logits, if left out. */
  readonly threshold?: number;
  /** So many inputs are drawn at a time for a rule; 64 if left out. */
  readonly batch?: number;
  /** So many fresh inputs judge the rule that is returned; 1000 if left out. */
  readonly samples?: number;
  /** So many rows at most are given to the model in all; 20,000 for each row of x if left out. */
  readonly maxEvals?: number;
  readonly generator?: Generator;
}

export interface Anchor {
  /** The features (or groups) that the rule is about, from the one that was chosen first. */
  readonly features: readonly number[];
  /** In what range each of them must be: above < value ≤ upTo. Of groups none: they must be as in x. */
  readonly ranges: readonly { readonly above: number; readonly upTo: number }[];
  /** What f predicts for x: a class, or 1 where one output is above the threshold and 0 where not. */
  readonly prediction: number;
  /** The share of `samples` fresh inputs under the rule that get x's prediction. */
  readonly precision: number;
  /** The precision is at least that, with a confidence of 1 − delta. */
  readonly lowerBound: number;
  /** The share of inputs to which the rule applies. */
  readonly coverage: number;
  /** lowerBound − the precision that was asked for: below 0 where fresh inputs do not confirm the rule. */
  readonly gap: number;
}

/** Where rules live: what share of inputs obeys one, and a new input that does. */
interface World {
  readonly features: number;
  readonly coverage: (rule: readonly number[]) => number;
  readonly drawn: (rule: readonly number[]) => ArrayLike<number>;
  readonly ranges: (rule: readonly number[]) => Anchor['ranges'];
}

interface Rule extends Arm {
  readonly features: readonly number[];
  readonly coverage: number;
}

/**
 * Grows rules feature by feature, and returns that of the largest coverage which is precise enough; else the most precise. `left` tells
 * how many inputs may still be drawn.
 */
async function search(world: World, draw: Draw, options: AnchorOptions, left: () => number): Promise<Rule> {
  const { precision = 0.95, delta = 0.05, epsilon = 0.1, beam = 4, batch = 64 } = options;
  const rule = (features: readonly number[]): Rule => ({ features, coverage: world.coverage(features), asked: 0, yes: 0 });
  const beta = Math.log((1 + (beam - 1) * world.features) / delta);
  /** Asks until it is plain whether a rule is precise enough; near the border, after 16 batches, it is not. */
  const isAnchor = async (candidate: Rule): Promise<boolean> => {
    for (;;) {
      if (bound(candidate, beta, 'lower') >= precision) return true;
      const isPlain = bound(candidate, beta, 'upper') < precision || candidate.asked >= 16 * batch;
      if (isPlain || left() < batch) return false;
      await ask(draw, [candidate], [batch]);
    }
  };
  const all = rule([]);
  if (await isAnchor(all)) return all; // the prediction does not depend on x
  let kept = [all];
  let [best, closest]: [Rule | null, Rule] = [null, all];
  for (let length = 1; length <= world.features; length++) {
    const grown = new Map<string, Rule>();
    for (const { features } of kept) {
      for (let i = 0; i < world.features; i++) {
        if (features.includes(i)) continue;
        const longer = rule([...features, i]);
        const key = longer.features.toSorted((a, b) => a - b).join();
        if (longer.coverage > (best?.coverage ?? -1)) grown.set(key, grown.get(key) ?? longer);
      }
    }
    if (grown.size === 0) break;
    const least = 0.75 * left(); // longer rules must have their turn
    const mayAsk = (more: number): boolean => left() - more >= least;
    kept = await bestOf([...grown.values()], beam, draw, { delta, epsilon, batch, mayAsk });
    for (const candidate of kept) {
      if (candidate.coverage > (best?.coverage ?? -1) && (await isAnchor(candidate))) best = candidate;
      if (candidate.asked > 0 && meanOf(candidate) > meanOf(closest)) closest = candidate;
    }
    if (left() < batch) break;
  }
  return best ?? closest;
} // prettier-ignore

/** The class of each row, or of a single output whether it is above the threshold. */
function predicted(where: string, y: Tensor, n: number, threshold: number): Tensor {
  const checked = answers(where, y, n);
  return checked.ndim === 1 || checked.shape[1] === 1 ? checked.reshape([n]).gt(threshold) : checked.argmax(1);
}

/** The anchors of all rows of x, each in the world that `worldOf` makes for it. */
async function anchored(where: string, f: AnyModel, x: Tensor, options: AnchorOptions, worldOf: (at: ArrayLike<number>) => World): Promise<Anchor[]> {
  const { precision = 0.95, delta = 0.05, epsilon = 0.1, threshold = 0 } = options;
  for (const [name, value] of Object.entries({ precision, delta, epsilon })) {
    if (!(value > 0 && value < 1)) throw new ValueError(where, `${name} must be between 0 and 1`, `${value}`);
  }
  countOf(where, 'beam', options.beam ?? 4);
  countOf(where, 'batch', options.batch ?? 64);
  if (!Number.isFinite(threshold)) throw new ValueError(where, 'threshold must be a finite number', `${threshold}`);
  const [n, ...single] = x.shape;
  const size = x.numel() / n;
  const work = counting({ ...options, maxEvals: options.maxEvals ?? 20_000 * n });
  const anchors: Anchor[] = [];
  for (let row = 0; row < n; row++) {
    const budget = Math.floor(remaining(work) / (n - row));
    const samples = countOf(where, 'samples', options.samples ?? Math.max(1, Math.min(1000, Math.floor(budget / 4))));
    const end = remaining(work) - budget;
    const left = (): number => remaining(work) - samples - end; // for the search
    const part = (y: Tensor, _: number, some: number): Tensor => predicted(where, y, some, threshold);
    const prediction = (await outputs(where, f, x.narrow(0, row, 1), work, part)).item();
    const world = worldOf(x.select(0, row).toTypedArray());
    const draw: Draw = async (arms, counts) => {
      const total = counts.reduce((a, b) => a + b, 0);
      const inputs = allocate(x.dtype, total * size);
      const of = arms.flatMap((_, i) => new Array<number>(counts[i]).fill(i));
      of.forEach((i, r) => inputs.set(world.drawn((arms[i] as Rule).features), r * size));
      const classes = (await outputs(where, f, tensor(inputs, { dtype: x.dtype }).reshape([total, ...single]), work, part)).toTypedArray();
      const yes = counts.map(() => 0);
      of.forEach((i, r) => (yes[i] += classes[r] === prediction ? 1 : 0));
      return yes;
    };
    const { features, coverage } = await search(world, draw, options, left);
    const fresh: Rule = { features, coverage, asked: 0, yes: 0 };
    await ask(draw, [fresh], [samples]);
    const lowerBound = bound(fresh, Math.log(1 / delta), 'lower');
    anchors.push({
      features, ranges: world.ranges(features), prediction, coverage,
      precision: meanOf(fresh), lowerBound, gap: lowerBound - precision,
    });
  }
  return anchors;
} // prettier-ignore

export interface AnchorTableOptions extends AnchorOptions {
  /** What rows are like, [M, features]: inputs are drawn from these, and ranges are cut by their quantiles. */
  readonly background: Tensor;
  /** Into how many ranges of equal shares a column is cut, 4 if left out; one of no more than 10 different values has one for each. */
  readonly bins?: number;
}

/**
 * Anchors of rows of numbers x[N, features]: IF above < xᵢ ≤ upTo AND … THEN the prediction is that of x. An input under a rule is a row of the background
 * whose columns that break the rule are taken from other rows that obey it there.
 * ```ts
 * import { Generator, randn, tensor } from 'adjoint';
 * import { anchors } from 'adjoint/explain';
 * const f = (x) => x.select(1, 1); // above 0 or not: only the second column matters
 * const background = randn([400, 3], { generator: new Generator(1) });
 * const [rule] = await anchors(f, tensor([[0.2, 2, 0.1]]), { background, generator: new Generator(2) });
 * console.log(rule.features, rule.precision, rule.coverage); // => [ 1 ] 1 0.25
 * ```
 * @returns the rule of each row; `gap` is below 0 where none is as precise as was asked for
 * @throws ShapeError, ValueError when x and the background are no rows of the same columns, or an option cannot be
 */
export async function anchors(f: AnyModel, x: Tensor, options: AnchorTableOptions): Promise<Anchor[]> {
  const where = 'anchors';
  const [batch, rows] = [batchOf(where, x), batchOf(where, options.background)];
  const p = batch.shape[1];
  if (batch.ndim !== 2 || !sameShape(rows.shape.slice(1), [p])) {
    throw new ShapeError(where, 'x and background must be rows [N, features] of the same columns',
      `${showShape(batch.shape)} and ${showShape(rows.shape)}`, 'use anchorGroups for other inputs');
  }
  const bins = countOf(where, 'bins', options.bins ?? 4, 2);
  const generator = options.generator ?? defaultGenerator;
  const columns = Array.from({ length: p }, (_, j) => [...rows.select(1, j).toTypedArray()]);
  const cuts = columns.map((column) => cutsOf(column, bins));
  const m = rows.shape[0];
  return anchored(where, f, batch, options, (at) => {
    const ranges = cuts.map((list, j) => {
      const bin = list.filter((cut) => cut < at[j]).length;
      return { above: list[bin - 1] ?? -Infinity, upTo: list[bin] ?? Infinity };
    });
    const obeys = columns.map((column, j) => column.map((v) => v > ranges[j].above && v <= ranges[j].upTo));
    const within = columns.map((column, j) => column.filter((_, r) => obeys[j][r]));
    return {
      features: p,
      coverage: (rule) => columns[0].filter((_, r) => rule.every((j) => obeys[j][r])).length / m,
      drawn: (rule) => {
        const r = generator.integer(0, m);
        const input = columns.map((column) => column[r]);
        for (const j of rule) {
          if (!obeys[j][r]) input[j] = within[j].length === 0 ? at[j] : within[j][generator.integer(0, within[j].length)];
        }
        return input;
      },
      ranges: (rule) => rule.map((j) => ranges[j]),
    };
  });
} // prettier-ignore

/** Where a column is cut: at each value but the last if there are few, else at its quantiles. */
function cutsOf(column: readonly number[], bins: number): number[] {
  const sorted = column.toSorted((a, b) => a - b);
  const different = [...new Set(sorted)];
  if (different.length <= 10) return different.slice(0, -1);
  const quantiles = Array.from({ length: bins - 1 }, (_, k) => sorted[Math.floor(((k + 1) * (sorted.length - 1)) / bins)]);
  return [...new Set(quantiles)];
} // prettier-ignore

export interface AnchorGroupsOptions extends AnchorOptions, Pick<GameOptions, 'background' | 'featureMask'> {}

/**
 * Anchors of inputs of any shape whose features are there or not, superpixels of an image or words of a text: IF these groups are as in x THEN the
 * prediction is that of x. An input under a rule has each other group with probability ½ from a row of the background.
 * ```ts
 * import { Generator, tensor } from 'adjoint';
 * import { anchorGroups } from 'adjoint/explain';
 * const f = (x) => x.select(1, 0).mul(x.select(1, 2)).sub(0.5); // the first and the third word
 * const [rule] = await anchorGroups(f, tensor([[1, 1, 1, 1]]), { generator: new Generator(1) });
 * console.log(rule.features.toSorted(), rule.precision, rule.coverage); // => [ 0, 2 ] 1 0.25
 * ```
 * @throws ShapeError, ValueError when the background or the mask does not fit, or an option cannot be
 */
export async function anchorGroups(f: AnyModel, x: Tensor, options: AnchorGroupsOptions = {}): Promise<Anchor[]> {
  const where = 'anchorGroups';
  const batch = batchOf(where, x);
  const { group, count } = groupsOf(where, batch, options.featureMask);
  const background = backgroundOf(where, options.background ?? 0, batch.shape.slice(1), group.length);
  const generator = options.generator ?? defaultGenerator;
  return anchored(where, f, batch, options, (at) => ({
    features: count,
    coverage: (rule) => 0.5 ** rule.length,
    drawn: (rule) => {
      const from = generator.integer(0, background.length / group.length) * group.length;
      const isThere = Array.from({ length: count }, () => generator.uniform() < 0.5);
      for (const g of rule) isThere[g] = true;
      return Float64Array.from(group, (g, i) => (isThere[g] ? at[i] : background[from + i]));
    },
    ranges: () => [],
  }));
}

/**
 * The rule in words: IF … THEN ….
 * ```ts
 * import { anchorText } from 'adjoint/explain';
 * const rule = { features: [1, 0], ranges: [{ above: 1.5, upTo: Infinity }, { above: 0, upTo: 2 }], prediction: 1 };
 * anchorText(rule, ['age', 'income']) // => IF income > 1.5 AND 0 < age ≤ 2 THEN 1
 * ```
 * @param names of features (or groups); their numbers if left out
 */
export function anchorText({ features, ranges, prediction }: Pick<Anchor, 'features' | 'ranges' | 'prediction'>, names?: readonly string[]): string {
  const short = (v: number): string => `${Number(v.toPrecision(4))}`;
  const conditions = features.map((i, at) => {
    const name = names?.[i] ?? `#${i}`;
    const { above, upTo } = ranges[at] ?? {};
    if (above === undefined || upTo === undefined) return `${name} is there`;
    if (above === -Infinity) return upTo === Infinity ? name : `${name} ≤ ${short(upTo)}`;
    return upTo === Infinity ? `${name} > ${short(above)}` : `${short(above)} < ${name} ≤ ${short(upTo)}`;
  });
  return conditions.length === 0 ? `ALWAYS ${prediction}` : `IF ${conditions.join(' AND ')} THEN ${prediction}`;
} // prettier-ignore
