/**
 * LIME (Ribeiro et al., 2016): a linear model that is like f near x. What is perturbed are the numbers themselves (tables), or
 * which groups of features are there (superpixels of an image, words of a text). R² says how linear f is there.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { eye, tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { gameOf, type GameOptions } from './game.ts';
import { batchOf, counting, countOf, values, type AnyModel, type TargetOptions, type WorkOptions } from './model.ts';

export interface LimeExplanation {
  /** The coefficients: per unit of a number (tables), or for a group being there (at each of its members). x's shape. */
  readonly attributions: Tensor;
  /** What the linear model adds to them, [N]. */
  readonly intercept: Tensor;
  /** How much of the variance of f near x the linear model explains, [N]; 1 is all. */
  readonly rSquared: Tensor;
}

interface FitOptions {
  /** Perturbed copies of each row; 1000 if left out. */
  readonly samples?: number;
  /** Width of the exponential kernel that weighs copies by their distance: see each method. */
  readonly width?: number;
  /** Strength of the ridge, as a share of the mean weighted variance of a feature; 1e-6 if left out. */
  readonly ridge?: number;
  readonly generator?: Generator;
}

/** Weighted ridge regression with an intercept: coefficients, intercept and R². */
function regress(design: Float64Array, y: Float64Array, weights: Float64Array, ridge: number): { coefficients: Float64Array; intercept: number; rSquared: number } {
  const m = y.length;
  const p = design.length / m;
  const total = weights.reduce((a, b) => a + b, 0);
  const means = new Float64Array(p);
  let meanY = 0;
  for (let r = 0; r < m; r++) {
    meanY += (weights[r] * y[r]) / total;
    for (let i = 0; i < p; i++) means[i] += (weights[r] * design[r * p + i]) / total;
  }
  const scaled = design.map((z, at) => (z - means[at % p]) * Math.sqrt(weights[Math.floor(at / p)]));
  const right = y.map((v, r) => (v - meanY) * Math.sqrt(weights[r]));
  const coefficients = noGrad(() => {
    const Z = tensor(scaled).reshape([m, p]);
    const normal = Z.t().matmul(Z);
    const size = normal.diagonal().mean().item();
    const A = normal.add(eye(p, p, { dtype: 'float64' }).mul(size === 0 ? 1 : ridge * size));
    return Float64Array.from(A.solve(Z.t().matmul(tensor(right))).toTypedArray());
  });
  const intercept = meanY - coefficients.reduce((sum, c, i) => sum + c * means[i], 0);
  let [left, all] = [0, 0];
  for (let r = 0; r < m; r++) {
    let fitted = intercept;
    for (let i = 0; i < p; i++) fitted += coefficients[i] * design[r * p + i];
    left += weights[r] * (y[r] - fitted) ** 2;
    all += weights[r] * (y[r] - meanY) ** 2;
  }
  return { coefficients, intercept, rSquared: all === 0 ? 1 : 1 - left / all };
} // prettier-ignore

export interface LimeTableOptions extends TargetOptions, WorkOptions, FitOptions {
  /** How far each number is moved: the standard deviation of its column, [features], or one number for all; 1 if left out. */
  readonly scale?: Tensor | number;
}

/**
 * LIME for rows of numbers [N, features]: copies with normal noise of the columns' scale, weighed by e^(−d²/width²) with the
 * distance d in units of the scale; width is 0.75·√features if left out.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { lime } from 'adjoint/explain';
 * const f = (x) => x.matmul(tensor([2, -1])); // linear: its weights come back
 * const { attributions, rSquared } = await lime(f, tensor([[3, 4]]));
 * console.log(attributions.round(3).toArray(), rSquared.round(3).item()); // => [ [ 2, -1 ] ] 1
 * ```
 */
export async function lime(f: AnyModel, x: Tensor, options: LimeTableOptions = {}): Promise<LimeExplanation> {
  const where = 'lime';
  const batch = batchOf(where, x);
  if (batch.ndim !== 2) {
    throw new ShapeError(where, 'rows of numbers [N, features] are explained', showShape(batch.shape), 'use limeGroups for other inputs');
  }
  const [n, p] = batch.shape;
  const samples = countOf(where, 'samples', options.samples ?? 1000, 2);
  const { scale = 1, width = 0.75 * Math.sqrt(p), ridge = 1e-6, generator = defaultGenerator } = options;
  if (typeof scale !== 'number' && !sameShape(scale.shape, [p])) {
    throw new ShapeError(where, `scale must be a number or of shape [${p}]`, showShape(scale.shape));
  }
  if (!(width > 0)) throw new ValueError(where, 'width must be above 0', `${width}`);
  if (!(ridge >= 0)) throw new ValueError(where, 'ridge must be 0 or more', `${ridge}`);
  const scales = typeof scale === 'number' ? new Float64Array(p).fill(scale) : Float64Array.from(scale.toTypedArray());
  const work = counting(options);
  const [attributions, intercepts, fits]: number[][] = [[], [], []];
  for (let row = 0; row < n; row++) {
    const at = batch.select(0, row).toTypedArray();
    const noise = Float64Array.from({ length: samples * p }, (_, e) => (e < p ? 0 : generator.normal())); // x itself first
    const copies = tensor(noise.map((z, e) => at[e % p] + z * scales[e % p]), { dtype: batch.dtype });
    const y = await values(where, f, copies.reshape([samples, p]), work, () => row);
    const weights = Float64Array.from({ length: samples }, (_, r) => {
      let square = 0;
      for (let i = 0; i < p; i++) square += noise[r * p + i] ** 2;
      return Math.exp(-square / width ** 2);
    });
    const { coefficients, intercept, rSquared } = regress(Float64Array.from(copies.toTypedArray()), Float64Array.from(y.toTypedArray()), weights, ridge);
    attributions.push(...coefficients);
    intercepts.push(intercept);
    fits.push(rSquared);
  }
  return packed(batch, attributions, intercepts, fits);
} // prettier-ignore

export interface LimeGroupsOptions extends GameOptions, FitOptions {}

/**
 * LIME for inputs of any shape whose features are there or not: superpixels of an image, words of a text. A copy keeps each group with probability ½, and weighs e^(−d²/width²) with the cosine distance d between what it
 * keeps and everything; width is 0.25 if left out.
 */
export async function limeGroups(f: AnyModel, x: Tensor, options: LimeGroupsOptions = {}): Promise<LimeExplanation> {
  const where = 'limeGroups';
  const batch = batchOf(where, x);
  const samples = countOf(where, 'samples', options.samples ?? 1000, 2);
  const { width = 0.25, ridge = 1e-6, generator = defaultGenerator } = options;
  if (!(width > 0)) throw new ValueError(where, 'width must be above 0', `${width}`);
  if (!(ridge >= 0)) throw new ValueError(where, 'ridge must be 0 or more', `${ridge}`);
  const work = counting(options);
  const [attributions, intercepts, fits]: number[][] = [[], [], []];
  for (let row = 0; row < batch.shape[0]; row++) {
    const game = gameOf(where, f, batch, row, work);
    const { players } = game;
    const members = Uint8Array.from({ length: samples * players }, (_, e) => (e < players || generator.uniform() < 0.5 ? 1 : 0));
    const y = await game.worth(members, samples);
    const weights = Float64Array.from({ length: samples }, (_, r) => {
      let kept = 0;
      for (let i = 0; i < players; i++) kept += members[r * players + i];
      return Math.exp(-((1 - Math.sqrt(kept / players)) ** 2) / width ** 2);
    });
    const { coefficients, intercept, rSquared } = regress(Float64Array.from(members), y, weights, ridge);
    attributions.push(...game.spread(coefficients));
    intercepts.push(intercept);
    fits.push(rSquared);
  }
  return packed(batch, attributions, intercepts, fits);
} // prettier-ignore

const packed = (x: Tensor, attributions: number[], intercepts: number[], fits: number[]): LimeExplanation => ({
  attributions: tensor(attributions, { dtype: x.dtype }).reshape(x.shape),
  intercept: tensor(intercepts, { dtype: x.dtype }),
  rSquared: tensor(fits, { dtype: x.dtype }),
});
