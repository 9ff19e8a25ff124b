/** Which training rows a prediction comes from. */
import { ValueError } from '../array/errors.ts';
import { tensor } from '../create.ts';
import { enableGrad, grad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { countOf } from './model.ts';

/** The loss of one row, by its number: a single number that depends on the parameters. */
export type RowLoss = (row: number) => Tensor;

const flat = (list: readonly Tensor[]): Float64Array => Float64Array.from(list.flatMap((t) => [...t.toTypedArray()]));
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i], 0);

function gradientOf(loss: () => Tensor, parameters: readonly Tensor[]): Float64Array {
  const y = enableGrad(loss);
  return flat(grad(y, parameters, { allowUnused: true }).map((g, i) => g ?? parameters[i].zerosLike()));
}

/**
 * TracIn (Pruthi et al., 2020) at the present parameters: ∇ℓ(test)·∇ℓ(row) of each of `rows` training rows, times the learning rate: how much a step on the
 * row lowers the loss of the test row. Above 0: a helpful row. Add it up over checkpoints for the whole of training.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { tracIn } from 'adjoint/explain';
 * const w = tensor([1], { requiresGrad: true });
 * const [x, y] = [[1, 2, -1], [2, 4, 0]];
 * const loss = (row) => w.mul(x[row]).sub(y[row]).square().sum();
 * // the test row is (3, 6)
 * tracIn(() => w.mul(3).sub(6).square().sum(), loss, 3, [w]).toArray() // => [ 36, 144, -36 ]
 * ```
 */
export function tracIn(
  test: () => Tensor, train: RowLoss, rows: number, parameters: readonly Tensor[], { lr = 1 }: { readonly lr?: number } = {},
): Tensor {
  const toTest = gradientOf(test, parameters);
  const count = countOf('tracIn', 'rows', rows);
  return tensor(Array.from({ length: count }, (_, r) => lr * dot(toTest, gradientOf(() => train(r), parameters))));
} // prettier-ignore

export interface InfluenceOptions {
  /** λ of H + λI, which makes it positive definite; 0.01 if left out. */
  readonly damping?: number;
  /** Steps of conjugate gradients at most; 100 if left out. */
  readonly steps?: number;
}

/**
 * Influence functions (Koh and Liang, 2017): ∇ℓ(test)ᵀ(H + λI)⁻¹∇ℓ(row)/rows, what the loss of the test row would rise by without the
 * row, to the first order, where H is the Hessian of the mean training loss; above 0: a helpful row. H is only multiplied with, by a gradient of a gradient, and the
 * system solved by conjugate gradients. `residual` is ‖(H + λI)s − ∇ℓ(test)‖/‖∇ℓ(test)‖: how far from solved.
 * @throws ValueError when damping is negative
 */
export function influence(
  test: () => Tensor, train: RowLoss, rows: number, parameters: readonly Tensor[], options: InfluenceOptions = {},
): { readonly influence: Tensor; readonly residual: number } {
  const { damping = 0.01 } = options;
  if (!(damping >= 0)) throw new ValueError('influence', 'damping must be 0 or more', `${damping}`);
  const count = countOf('influence', 'rows', rows);
  const steps = countOf('influence', 'steps', options.steps ?? 100);
  const list = [...parameters];
  const slope = enableGrad(() => {
    const losses = Array.from({ length: count }, (_, r) => train(r).sum());
    return grad(losses.reduce((a, b) => a.add(b)).div(count), list, { createGraph: true });
  });
  const product = (v: Float64Array): Float64Array => {
    let from = 0;
    const direction = list.map((p) => tensor(v.subarray(from, (from += p.numel())), { dtype: p.dtype }).reshape(p.shape));
    const along = enableGrad(() => slope.map((g, i) => g.mul(direction[i]).sum()).reduce((a, b) => a.add(b)));
    const Hv = flat(grad(along, list, { allowUnused: true, retainGraph: true }).map((g, i) => g ?? list[i].zerosLike()));
    return Hv.map((h, i) => h + damping * v[i]);
  };
  const right = gradientOf(test, list);
  const solution = new Float64Array(right.length);
  let left = right.slice();
  let direction = right.slice();
  let size = dot(left, left);
  const all = size;
  for (let step = 0; step < steps && size > 1e-16 * all; step++) {
    const A = product(direction);
    const length = size / dot(direction, A);
    solution.forEach((_, i) => (solution[i] += length * direction[i]));
    left = left.map((v, i) => v - length * A[i]);
    const next = dot(left, left);
    direction = left.map((v, i) => v + (next / size) * direction[i]);
    size = next;
  }
  const due = Array.from({ length: count }, (_, r) => dot(solution, gradientOf(() => train(r), list)) / count);
  return { influence: tensor(due), residual: all === 0 ? 0 : Math.sqrt(size / all) };
} // prettier-ignore
