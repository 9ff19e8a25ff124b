/**
 * Concepts that are shown by examples (Kim et al., 2018): is a concept a direction of a layer, and does the output rise along
 * it? The model is given as f = head ∘ features, the layer being what features gives.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { concat, tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { batchOf, layerAt, slopes, type Model, type TargetOptions } from './model.ts';
import { tTest } from './significance.ts';

export interface ConceptOptions {
  /** λ of the ridge that the classifier's weights have, mean loss + λ/2·‖w‖²; 0.01 if left out. */
  readonly penalty?: number;
}

export interface ConceptVector {
  /** The normal of the border between concept and random, towards the concept: of length 1, the layer's shape. */
  readonly vector: Tensor;
  /** How many rows that it was not fitted to the classifier tells right, by three folds: 0.5 is chance, and no concept. */
  readonly accuracy: number;
}

/**
 * Logistic regression with a ridge and a free intercept, by Newton's method in as many numbers as there are rows, the layer
 * having more: w = Xᵀβ, and each step solves (K + nλ·diag(1/(p(1 − p))))·β + b = f + (t − p)/(p(1 − p)), Σβ = 0, for K = XXᵀ.
 */
function logistic(x: Tensor, isConcept: Float64Array, penalty: number): { weights: Tensor; intercept: number } {
  const n = x.shape[0];
  const K = x.matmul(x.t());
  const t = tensor(isConcept, { dtype: 'float64' });
  const edge = tensor(new Float64Array(n).fill(1));
  let solution = tensor(new Float64Array(n + 1));
  const scores = (s: Tensor): Tensor => K.matmul(s.narrow(0, 0, n)).add(s.narrow(0, n, 1));
  const loss = (s: Tensor): number => {
    const [f, beta] = [scores(s), s.narrow(0, 0, n)];
    const each = f.relu().sub(f.mul(t)).add(f.abs().neg().exp().log1p()); // log(1 + e^f) − t·f
    return each.mean().add(beta.mul(K.matmul(beta)).sum().mul(penalty / 2)).item();
  };
  let before = loss(solution);
  for (let step = 0; step < 100; step++) {
    const f = scores(solution);
    const p = f.sigmoid();
    const spread = p.mul(p.neg().add(1)).clamp(1e-12, 1);
    const A = concat([
      concat([K.add(spread.reciprocal().mul(n * penalty).diag()), edge.unsqueeze(1)], 1),
      concat([edge, tensor([0], { dtype: 'float64' })]).unsqueeze(0),
    ]);
    const right = concat([f.add(t.sub(p).div(spread)), tensor([0], { dtype: 'float64' })]);
    const way = A.solve(right).sub(solution);
    let share = 1; // of Newton's step, so that the loss falls
    while (share > 1e-6 && loss(solution.add(way.mul(share))) > before) share /= 2;
    solution = solution.add(way.mul(share));
    const after = loss(solution);
    if (before - after < 1e-14) break;
    before = after;
  }
  return { weights: solution.narrow(0, 0, n).matmul(x), intercept: solution.select(0, n).item() };
} // prettier-ignore

/**
 * The direction of a layer that tells examples of a concept from others, given what the layer is for both, [n, …] and [m, …]: the weights of a
 * logistic regression between them. Captum: `CAV`.
 * ```ts
 * import { Generator, randn, tensor } from 'adjoint';
 * import { conceptVector } from 'adjoint/explain';
 * const random = randn([60, 3], { generator: new Generator(1) });
 * const concept = randn([60, 3], { generator: new Generator(2) }).add(tensor([0, 3, 0])); // lies in the second number
 * const { vector, accuracy } = conceptVector(concept, random);
 * console.log(vector.select(0, 1).gt(0.9).item(), accuracy > 0.9); // => 1 true
 * ```
 * @throws ShapeError when the examples differ in shape or are fewer than three; ValueError when penalty is not above 0
 */
export function conceptVector(concept: Tensor, random: Tensor, options: ConceptOptions = {}): ConceptVector {
  const { all, isConcept, fitted, vector } = between('conceptVector', concept, random, options);
  const rows = isConcept.map((_, r) => r);
  const foldOf = (r: number): number => (isConcept[r] ? r : r - isConcept.lastIndexOf(1) - 1) % 3; // each fold has its part of both
  let right = 0;
  for (const fold of [0, 1, 2]) {
    const { weights, intercept } = fitted(rows.filter((r) => foldOf(r) !== fold));
    const out = rows.filter((r) => foldOf(r) === fold);
    const scores = all.indexSelect(0, tensor(out)).matmul(weights).add(intercept).toTypedArray();
    out.forEach((r, i) => (right += scores[i] > 0 === (isConcept[r] === 1) ? 1 : 0));
  }
  return { vector: vector(), accuracy: right / rows.length };
} // prettier-ignore

/** The two sides as rows of numbers, what is fitted to some of these, and the direction that all of them give. */
function between(where: string, concept: Tensor, random: Tensor, { penalty = 0.01 }: ConceptOptions): {
  readonly all: Tensor;
  readonly isConcept: readonly number[];
  readonly fitted: (rows: readonly number[]) => { weights: Tensor; intercept: number };
  readonly vector: () => Tensor;
} {
  const [yes, no] = [batchOf(where, concept), batchOf(where, random)];
  const single = yes.shape.slice(1);
  if (!sameShape(single, no.shape.slice(1)) || Math.min(yes.shape[0], no.shape[0]) < 3) {
    throw new ShapeError(where, 'concept and random must be at least 3 rows each, of one shape', `${showShape(yes.shape)} and ${showShape(no.shape)}`);
  }
  if (!(penalty > 0)) throw new ValueError(where, 'penalty must be above 0', `${penalty}`);
  const n = yes.shape[0] + no.shape[0];
  const all = concat([yes, no]).to('float64').reshape([n, -1]);
  const isConcept = Array.from({ length: n }, (_, r) => (r < yes.shape[0] ? 1 : 0));
  const fitted = (rows: readonly number[]): { weights: Tensor; intercept: number } =>
    noGrad(() => logistic(all.indexSelect(0, tensor([...rows])), Float64Array.from(rows, (r) => isConcept[r]), penalty));
  const vector = (): Tensor => {
    const { weights } = fitted(isConcept.map((_, r) => r));
    return weights.div(weights.square().sum().sqrt().add(1e-300)).to(yes.dtype).reshape(single);
  };
  return { all, isConcept, fitted, vector };
} // prettier-ignore

export interface TcavOptions extends TargetOptions, ConceptOptions {
  /** Inputs that show the concept, [n, …]. */
  readonly concept: Tensor;
  /** Two sets or more of other inputs, each [m, …]: each gives a concept vector of its own. */
  readonly random: readonly Tensor[];
}

export interface Tcav {
  /** The share of rows of x whose explained number rises along the concept, the mean over the random sets. */
  readonly score: number;
  /** The same for each random set. */
  readonly scores: readonly number[];
  /** For each random set that of the next one in the concept's place: what comes of no concept. */
  readonly randomScores: readonly number[];
  /** Student's t-test of scores against randomScores, both sides: at 0.05 or more the concept tells nothing. */
  readonly pValue: number;
  /** The mean accuracy of the concept vectors; see conceptVector. */
  readonly accuracy: number;
}

/**
 * Testing with concept activation vectors (Kim et al., 2018): for how many inputs of a class does the class score rise where
 * the layer moves towards a concept? Σ [∇h f(x)·v > 0]/N, for the vector v of the concept. Captum: `TCAV`.
 * ```ts
 * import { Generator, randn, tensor } from 'adjoint';
 * import { tcav } from 'adjoint/explain';
 * const generator = new Generator(1);
 * const draw = () => randn([40, 3], { generator });
 * const head = (h) => h.matmul(tensor([0, 1, 0])); // lives on the second number
 * const concept = draw().add(tensor([0, 3, 0]));
 * const { score, pValue } = tcav((x) => x, head, draw(), { concept, random: [draw(), draw(), draw(), draw(), draw(), draw()] });
 * console.log(score, pValue < 0.05); // => 1 true
 * ```
 * @param x inputs of the class that is asked for, [N, …]
 * @throws ShapeError, ValueError when there are fewer than two random sets, or target or shapes do not fit
 */
export function tcav(features: Model, head: Model, x: Tensor, options: TcavOptions): Tcav {
  const where = 'tcav';
  const { concept, random } = options;
  if (!Array.isArray(random) || random.length < 2) {
    throw new ValueError(where, 'random must be a list of two sets of inputs or more', Array.isArray(random) ? `${random.length}` : typeof random);
  }
  const layer = (z: Tensor): Tensor => layerAt(where, features, batchOf(where, z));
  const { gradient } = slopes(where, head, layer(x), options);
  const others = random.map(layer);
  const scoreOf = (vector: Tensor): number => {
    const along = noGrad(() => gradient.mul(vector).reshape([gradient.shape[0], -1]).sum(1));
    return along.gt(0).mean().item();
  };
  const shown = layer(concept);
  const vectors = others.map((set) => conceptVector(shown, set, options));
  const scores = vectors.map(({ vector }) => scoreOf(vector));
  const randomScores = others.map((set, r) => scoreOf(between(where, others[(r + 1) % others.length], set, options).vector()));
  const mean = (list: readonly number[]): number => list.reduce((sum, v) => sum + v, 0) / list.length;
  return {
    score: mean(scores),
    scores,
    randomScores,
    pValue: tTest(scores, randomScores),
    accuracy: mean(vectors.map(({ accuracy }) => accuracy)),
  };
} // prettier-ignore
