/**
 * Shapley values: what each player of a game is due. A player's value is the mean of what joining adds to a coalition, over
 * all orders in which the players may come (Shapley, 1953; for predictions: Štrumbelj and Kononenko, 2014; Lundberg and
 * Lee, 2017). Each method is given the game as any function, and says by how much Σᵢ φᵢ misses f(x) − f(background).
 */
import { ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { eye, tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { gameOf, type Game, type GameOptions } from './game.ts';
import { batchOf, counting, countOf, remaining, type AnyModel } from './model.ts';

export interface ShapleyExplanation {
  /** The value of each feature; of a group, at each of its members. x's shape. */
  readonly attributions: Tensor;
  /** What the model gives where no feature is known, [N]. */
  readonly expected: Tensor;
  /** Σ over players − (f(x) − expected), [N]. */
  readonly gap: Tensor;
}

/** Solves the game of each row by `solve`, which gives each player's due and may ask for `most` more coalitions. */
export async function solved(
  where: string, f: AnyModel, x: Tensor, options: GameOptions, solve: (game: Game, empty: number, whole: number, most: number) => Promise<Float64Array>,
): Promise<ShapleyExplanation> {
  const batch = batchOf(where, x);
  const [n] = batch.shape;
  const work = counting(options);
  const [attributions, expected, gaps]: number[][] = [[], [], []];
  for (let row = 0; row < n; row++) {
    const game = gameOf(where, f, batch, row, work);
    const ends = new Uint8Array(2 * game.players).fill(1, game.players);
    const [empty, whole] = await game.worth(ends, 2);
    const dues = await solve(game, empty, whole, Math.floor(remaining(work) / (n - row) / game.rows));
    attributions.push(...game.spread(dues));
    expected.push(empty);
    gaps.push(dues.reduce((a, b) => a + b, 0) - (whole - empty));
  }
  const of = (list: number[]): Tensor => tensor(list, { dtype: batch.dtype });
  return { attributions: of(attributions).reshape(batch.shape), expected: of(expected), gap: of(gaps) };
} // prettier-ignore

/** s!·(n − 1 − s)!/n!: the share of orders in which exactly a given s players come before a given other one. */
export const shares = (n: number): number[] => {
  const list = [1 / n];
  for (let s = 1; s < n; s++) list.push((list[s - 1] * s) / (n - s));
  return list;
};

const MOST = 15;

/**
 * Exact Shapley values, from all 2ⁿ coalitions of up to 15 features or groups.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { shapley } from 'adjoint/explain';
 * const f = (x) => x.select(1, 0).mul(x.select(1, 1)).add(x.select(1, 2)); // x₀·x₁ + x₂
 * const { attributions } = await shapley(f, tensor([[2, 3, 5]]));
 * console.log(attributions.toArray()); // => [ [ 3, 3, 5 ] ]
 * ```
 * @throws ValueError for more players; see featureMask, kernelShap and permutationShap
 */
export const shapley = (f: AnyModel, x: Tensor, options: GameOptions = {}): Promise<ShapleyExplanation> =>
  solved('shapley', f, x, options, async ({ players, worth }) => {
    if (players > MOST) {
      throw new ValueError('shapley', `there must be at most ${MOST} features or groups`, `${players}`,
        'group them with featureMask, or use kernelShap or permutationShap'); // prettier-ignore
    }
    const worths = await worth(allCoalitions(players), 2 ** players);
    const share = shares(players);
    const dues = new Float64Array(players);
    for (let s = 0; s < worths.length; s++) {
      for (let i = 0; i < players; i++) {
        if (!(s & (1 << i))) dues[i] += share[bits(s)] * (worths[s | (1 << i)] - worths[s]);
      }
    }
    return dues;
  });

export const bits = (s: number): number => {
  let count = 0;
  for (; s !== 0; s &= s - 1) count++;
  return count;
};

/** Coalition s has player i if bit i of s is set. */
const allCoalitions = (players: number): Uint8Array =>
  Uint8Array.from({ length: 2 ** players * players }, (_, at) => (Math.floor(at / players) >> (at % players)) & 1);

export interface OwenOptions extends GameOptions {
  /** Which union each player belongs to, 0, 1, 2, …: unions join one after another, and within a union its members. */
  readonly unions: readonly number[];
}

/** Owen values (Owen, 1977): Shapley values where the members of a union always come one behind the other. */
export const owen = (f: AnyModel, x: Tensor, options: OwenOptions): Promise<ShapleyExplanation> =>
  solved('owen', f, x, options, async ({ players, worth }) => {
    const { unions } = options;
    const members = Array.from({ length: Math.max(-1, ...unions) + 1 }, (_, u) => unions.flatMap((v, i) => (v === u ? [i] : [])));
    if (unions.length !== players || members.flat().length !== players || members.some((list) => list.length === 0)) {
      throw new ValueError('owen', `unions must give each of the ${players} players a union 0, 1, 2, … and skip none`, `[${unions.join(', ')}]`);
    }
    const largest = Math.max(...members.map((list) => list.length));
    if (members.length + largest > MOST + 1) {
      throw new ValueError('owen', `unions and members of the largest must be at most ${MOST + 1} together`, `${members.length} and ${largest}`);
    }
    const outer = shares(members.length);
    const dues = new Float64Array(players);
    for (const [u, own] of members.entries()) {
      const others = members.filter((_, v) => v !== u);
      const inner = shares(own.length);
      // For each set of other unions each set of own members: 2^(unions − 1 + members) coalitions.
      const sets = 2 ** others.length * 2 ** own.length;
      const coalitions = new Uint8Array(sets * players);
      for (let c = 0; c < sets; c++) {
        others.forEach((list, v) => (c >> own.length) & (1 << v) && list.forEach((i) => (coalitions[c * players + i] = 1)));
        own.forEach((i, p) => (coalitions[c * players + i] = (c >> p) & 1));
      }
      const worths = await worth(coalitions, sets);
      for (let c = 0; c < sets; c++) {
        const before = c & (2 ** own.length - 1);
        const weight = outer[bits(c >> own.length)] * (inner[bits(before)] ?? 0);
        own.forEach((i, p) => {
          if (!(before & (1 << p))) dues[i] += weight * (worths[c | (1 << p)] - worths[c]);
        });
      }
    }
    return dues;
  }); // prettier-ignore

export interface SampledOptions extends GameOptions {
  /** kernelShap: coalitions, 2·players + 2048 if left out. permutationShap: orders (each with its reverse), 10. Fewer where maxEvals says so. */
  readonly samples?: number;
  readonly generator?: Generator;
}

/**
 * Shapley values by sampled orders, each followed by its reverse (Castro et al., 2009; Mitchell et al., 2022): the error
 * shrinks as 1/√samples, and the sum is always exact. SHAP: `PermutationExplainer`.
 */
export const permutationShap = (f: AnyModel, x: Tensor, options: SampledOptions = {}): Promise<ShapleyExplanation> =>
  solved('permutationShap', f, x, options, async ({ players, worth }, empty, whole, most) => {
    const enough = Math.max(1, Math.min(10, Math.floor(most / Math.max(1, 2 * (players - 1)))));
    const samples = countOf('permutationShap', 'samples', options.samples ?? enough);
    const generator = options.generator ?? defaultGenerator;
    const dues = new Float64Array(players);
    for (let s = 0; s < samples; s++) {
      const forth = [...generator.permutation(players)];
      for (const order of [forth, forth.toReversed()]) {
        const coalitions = new Uint8Array(Math.max(0, players - 1) * players);
        for (let c = 0; c + 1 < players; c++) for (let p = 0; p <= c; p++) coalitions[c * players + order[p]] = 1;
        const worths = [empty, ...(await worth(coalitions, Math.max(0, players - 1))), whole];
        order.forEach((i, p) => (dues[i] += (worths[p + 1] - worths[p]) / (2 * samples)));
      }
    }
    return dues;
  });

/**
 * Kernel SHAP (Lundberg and Lee, 2017): the linear model of coalitions that fits their worths best, where a coalition of s of
 * n players weighs (n − 1)/(C(n, s)·s·(n − s)), and the sum is held to be exact. All coalitions if there are no more than
 * samples, and then the exact values; else sampled by weight, each with its complement. SHAP: `KernelExplainer`.
 */
export const kernelShap = (f: AnyModel, x: Tensor, options: SampledOptions = {}): Promise<ShapleyExplanation> =>
  solved('kernelShap', f, x, options, async ({ players: n, worth }, empty, whole, most) => {
    const enough = Math.max(2, Math.min(2 * n + 2048, 2 * Math.floor(most / 2)));
    const samples = countOf('kernelShap', 'samples', options.samples ?? enough);
    if (n === 1) return Float64Array.of(whole - empty);
    const { coalitions, weights } = n < 31 && 2 ** n - 2 <= samples ? weighted(n) : drawn(n, samples, options.generator ?? defaultGenerator);
    const worths = await worth(coalitions, weights.length);
    return fit(n, coalitions, weights, worths, empty, whole);
  }); // prettier-ignore

interface Coalitions {
  readonly coalitions: Uint8Array;
  readonly weights: Float64Array;
}

/** All but the empty and the whole one, with their weights. */
function weighted(n: number): Coalitions {
  const coalitions = allCoalitions(n).slice(n, -n);
  const binomials = [1];
  for (let s = 1; s <= n; s++) binomials.push((binomials[s - 1] * (n - s + 1)) / s);
  const weights = Float64Array.from({ length: 2 ** n - 2 }, (_, c) => {
    const s = bits(c + 1);
    return (n - 1) / (binomials[s] * s * (n - s));
  });
  return { coalitions, weights };
}

/** Coalitions drawn by their weight, each with its complement; all count the same. */
function drawn(n: number, samples: number, generator: Generator): Coalitions {
  const pairs = Math.ceil(samples / 2);
  const bySize = Array.from({ length: n - 1 }, (_, s) => 1 / ((s + 1) * (n - s - 1)));
  const total = bySize.reduce((a, b) => a + b, 0);
  const coalitions = new Uint8Array(2 * pairs * n);
  for (let c = 0; c < pairs; c++) {
    let [size, left] = [1, generator.uniform() * total - bySize[0]];
    for (; left > 0 && size < n - 1; size++) left -= bySize[size];
    const members = new Set([...generator.permutation(n)].slice(0, size));
    for (let i = 0; i < n; i++) coalitions[(2 * c + (members.has(i) ? 0 : 1)) * n + i] = 1;
  }
  return { coalitions, weights: new Float64Array(2 * pairs).fill(1) };
}

/**
 * Weighted least squares with Σφ = whole − empty: the last player's due is what the others leave. Where coalitions
 * are sampled the normal equations get a ridge of 1e-9 of their size, so that too few give small values and not none.
 */
function fit(n: number, members: Uint8Array, weights: Float64Array, worths: Float64Array, empty: number, whole: number): Float64Array {
  const m = weights.length;
  const sampled = weights.every((w) => w === 1); // sampled; then sums of −1, 0 and 1 are exact in float32, and fast
  const design = sampled ? new Float32Array(m * (n - 1)) : new Float64Array(m * (n - 1));
  const right = new Float64Array(n - 1);
  for (let c = 0; c < m; c++) {
    const last = members[c * n + n - 1];
    const rest = worths[c] - empty - last * (whole - empty);
    for (let i = 0; i + 1 < n; i++) {
      const z = members[c * n + i] - last;
      design[c * (n - 1) + i] = z * Math.sqrt(weights[c]);
      right[i] += weights[c] * z * rest;
    }
  }
  return noGrad(() => {
    const Z = tensor(design).reshape([m, n - 1]);
    const normal = Z.t().matmul(Z).to('float64');
    const ridge = sampled ? 1e-9 * normal.diagonal().mean().item() : 0;
    const A = normal.add(eye(n - 1, n - 1, { dtype: 'float64' }).mul(ridge));
    const L = A.cholesky(); // A is symmetric, and positive since no coalition determines the others
    const half = L.solveTriangular(tensor(right).unsqueeze(1));
    const dues = Float64Array.from(L.t().solveTriangular(half, { upper: true }).toTypedArray());
    const sum = dues.reduce((a, b) => a + b, 0);
    return Float64Array.of(...dues, whole - empty - sum);
  });
} // prettier-ignore
