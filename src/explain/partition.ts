/**
 * Shapley values over a hierarchy of features: what comes to a group is shared among its parts, and within each part in turn.
 * It takes far fewer calls than all coalitions of all features, and how many is an option.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { ones, tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import type { Game, GameOptions } from './game.ts';
import { batchOf, countOf, type AnyModel } from './model.ts';
import { bits, shares, solved, type ShapleyExplanation } from './shapley.ts';

/** A feature (or group of featureMask) by its number, or several parts that belong together. */
export type Hierarchy = number | readonly Hierarchy[];

export interface PartitionOptions extends GameOptions {
  /** Which features belong together: see correlationHierarchy and halvingHierarchy. */
  readonly hierarchy: Hierarchy;
  /** So many rows at most are given to the model in all; 500 for each row of x and of the background if left out. */
  readonly maxEvals?: number;
}

export interface PartitionExplanation extends ShapleyExplanation {
  /** How much, Σ weight·|v(S ∪ part) − v(S)|, was shared evenly within parts that maxEvals left closed, [N]; 0: none. */
  readonly unresolved: Tensor;
}

interface Part {
  readonly members: readonly number[];
  readonly parts: readonly Part[];
}

/** The tree with the members of each part; parts of a single part are that part. */
function treeOf(where: string, hierarchy: Hierarchy, players: number): Part {
  const build = (node: Hierarchy): Part => {
    if (typeof node === 'number') return { members: [node], parts: [] };
    const parts = node.map(build);
    if (parts.length > 15) {
      throw new ValueError(where, 'a part of the hierarchy must have at most 15 parts', `${parts.length}`, 'put some together');
    }
    return parts.length === 1 ? parts[0] : { members: parts.flatMap((part) => part.members), parts };
  };
  const root = build(hierarchy);
  const sorted = root.members.toSorted((a, b) => a - b);
  if (sorted.length !== players || sorted.some((player, i) => player !== i)) {
    throw new ValueError(where, `the hierarchy must name each of 0 to ${players - 1} once`, `[${root.members.join(', ')}]`);
  }
  return root;
} // prettier-ignore

/** A part that joins when the coalition is there already: worth v(coalition) before and v(coalition ∪ part) after. */
interface Joining {
  readonly part: Part;
  readonly coalition: Uint8Array;
  readonly before: number;
  readonly after: number;
  readonly weight: number;
}

const size = ({ before, after, weight }: Joining): number => weight * Math.abs(after - before);

/**
 * SHAP over a hierarchy, SHAP's `PartitionExplainer`: Owen values (1977), and with more levels Winter's (1989). What a part brings when it joins is shared by
 * the Shapley values of the game of its parts, and so on down to single features. The part that brings most is opened first; when
 * maxEvals are used up, the members of parts that stay closed get equal shares. A flat hierarchy gives the Shapley values.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { partitionShap } from 'adjoint/explain';
 * const f = (x) => x.prod(1); // all three are needed
 * const { attributions } = await partitionShap(f, tensor([[1, 2, 3]]), { hierarchy: [[0, 1], 2] });
 * console.log(attributions.toArray()); // => [ [ 1.5, 1.5, 3 ] ]
 * ```
 * @throws ValueError when the hierarchy does not name each feature once, or maxEvals do not suffice for f(x) and f(background)
 */
export async function partitionShap(f: AnyModel, x: Tensor, options: PartitionOptions): Promise<PartitionExplanation> {
  const where = 'partitionShap';
  const left: number[] = [];
  const explanation = await solved(where, f, x, options, async (game, empty, whole, most) => {
    const root = treeOf(where, options.hierarchy, game.players);
    const all = { part: root, coalition: new Uint8Array(game.players), before: empty, after: whole, weight: 1 };
    const dues = new Float64Array(game.players);
    const closed = await open(game, all, options.maxEvals === undefined ? 498 : most, dues);
    for (const { part, before, after, weight } of closed) {
      for (const i of part.members) dues[i] += (weight * (after - before)) / part.members.length;
    }
    left.push(closed.reduce((sum, joining) => sum + size(joining), 0));
    return dues;
  });
  return { ...explanation, unresolved: tensor(left, { dtype: x.dtype }) };
}

/**
 * Opens parts, those that bring most first, for at most so many coalitions, about a tenth of them at a time. Single features
 * get their dues; the parts that stay closed are returned.
 */
async function open(game: Game, all: Joining, most: number, dues: Float64Array): Promise<Joining[]> {
  let waiting = [all];
  for (let left = most; ;) {
    const closed: Joining[] = [];
    for (const joining of waiting) {
      const { part, before, after, weight } = joining;
      if (part.parts.length > 0) closed.push(joining);
      else dues[part.members[0]] += weight * (after - before);
    }
    closed.sort((a, b) => size(b) - size(a));
    const [now, later]: Joining[][] = [[], []];
    let asked = 0;
    for (const joining of closed) {
      const cost = 2 ** joining.part.parts.length - 2;
      const fits = asked + cost <= left && (asked === 0 || asked + cost <= most / 10);
      (fits ? now : later).push(joining);
      if (fits) asked += cost;
    }
    if (now.length === 0) return later;
    left -= asked;
    waiting = [...later, ...(await opened(game, now, asked))];
  }
}

/** The parts of each of these, joining one another in every order: each meets every set of the others. */
async function opened(game: Game, now: readonly Joining[], asked: number): Promise<Joining[]> {
  const { players } = game;
  const coalitions = new Uint8Array(asked * players);
  let at = 0;
  const sets = now.map(({ part: { parts }, coalition }) =>
    Array.from({ length: 2 ** parts.length - 1 }, (_, s) => {
      if (s === 0) return coalition;
      const set = coalitions.subarray(at, (at += players));
      set.set(coalition);
      parts.forEach((part, p) => (s >> p) & 1 && part.members.forEach((i) => (set[i] = 1)));
      return set;
    }),
  );
  const worths = await game.worth(coalitions, asked);
  at = 0;
  return now.flatMap(({ part: { parts }, before, after, weight }, j) => {
    const worth = [before, ...worths.subarray(at, (at += sets[j].length - 1)), after];
    const share = shares(parts.length);
    return parts.flatMap((part, p) =>
      sets[j].flatMap((coalition, s) =>
        (s >> p) & 1
          ? []
          : [{ part, coalition, before: worth[s], after: worth[s | (1 << p)], weight: weight * share[bits(s)] }],
      ),
    );
  });
}

/**
 * The hierarchy of the columns of a table x[N, features]: the two groups that are nearest are put together, again and again.
 * Two columns are 1 − |r| apart, r their correlation, and two groups as far as their farthest columns (complete linkage, as SHAP's).
 * ```ts
 * import { tensor } from 'adjoint';
 * import { correlationHierarchy } from 'adjoint/explain';
 * const x = tensor([[1, 0, 2], [2, 1, 4], [3, 0, 6]]); // the last column is twice the first
 * correlationHierarchy(x) // => [ 1, [ 0, 2 ] ]
 * ```
 * @throws ShapeError when x is not at least two rows
 */
export function correlationHierarchy(x: Tensor): Hierarchy {
  const where = 'correlationHierarchy';
  const batch = batchOf(where, x);
  if (batch.ndim !== 2 || batch.shape[0] < 2)
    throw new ShapeError(where, 'x must be two rows or more [N, features]', showShape(batch.shape));
  const p = batch.shape[1];
  const r = p === 1 ? ones([1, 1]) : batch.to('float64').t().corrcoef();
  const distance = r.abs().nanToNum().neg().add(1).toArray() as number[][]; // a constant column goes with no other
  const groups = Array.from({ length: p }, (_, i): { tree: Hierarchy; members: number[] } => ({
    tree: i,
    members: [i],
  }));
  const apart = (a: number, b: number): number =>
    Math.max(...groups[a].members.flatMap((i) => groups[b].members.map((j) => distance[i][j])));
  while (groups.length > 1) {
    let [best, left, right] = [Infinity, 0, 1];
    for (let a = 0; a < groups.length; a++) {
      for (let b = a + 1; b < groups.length; b++) {
        const d = apart(a, b);
        if (d < best) [best, left, right] = [d, a, b];
      }
    }
    const [b, a] = [groups.splice(right, 1)[0], groups.splice(left, 1)[0]];
    groups.push({ tree: [a.tree, b.tree], members: [...a.members, ...b.members] });
  }
  return groups[0].tree;
}

/**
 * The hierarchy of neighbours: the words of a text [n], the pixels or grid segments of a picture [H, W], numbered by rows. The
 * longest side is halved, and each half in turn.
 * ```ts
 * import { halvingHierarchy } from 'adjoint/explain';
 * console.log(halvingHierarchy([3])); // => [ [ 0, 1 ], 2 ]
 * console.log(halvingHierarchy([2, 2])); // => [ [ 0, 1 ], [ 2, 3 ] ]
 * ```
 */
export function halvingHierarchy(sizes: readonly number[]): Hierarchy {
  sizes.forEach((n) => countOf('halvingHierarchy', 'a side', n));
  const half = (from: readonly number[], to: readonly number[]): Hierarchy => {
    const lengths = to.map((end, d) => end - from[d]);
    const longest = Math.max(...lengths);
    if (longest === 1) return from.reduce((flat, at, d) => flat * sizes[d] + at, 0);
    const d = lengths.indexOf(longest);
    const middle = from[d] + Math.ceil(longest / 2);
    return [half(from, to.with(d, middle)), half(from.with(d, middle), to)];
  };
  return half(
    sizes.map(() => 0),
    sizes,
  );
}
