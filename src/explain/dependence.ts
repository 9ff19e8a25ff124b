/** How the output goes with one feature, all others as they are: for each row (ICE), and on average (partial dependence). */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { concat, linspace } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { batchOf, countOf, values, type AnyModel, type TargetOptions, type WorkOptions } from './model.ts';

export interface DependenceOptions extends TargetOptions, WorkOptions {
  /** Values at which the feature is set, [G]; `points` of them from its least to its largest in x if left out. */
  readonly grid?: Tensor;
  /** 20 if left out. */
  readonly points?: number;
}

export interface Dependence {
  readonly grid: Tensor;
  /** The output of each row at each value, [N, G] (Goldstein et al., 2015). */
  readonly individual: Tensor;
  /** Their mean over rows, [G] (Friedman, 2001). */
  readonly mean: Tensor;
}

/**
 * Partial dependence of f on a column of x[N, features], and the curves of single rows that it is the mean of. Where these
 * cross, the mean hides an interaction.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { partialDependence } from 'adjoint/explain';
 * const f = (x) => x.select(1, 0).mul(x.select(1, 1));
 * const { individual, mean } = await partialDependence(f, tensor([[1, 1], [2, -1]]), 0, { points: 2 });
 * console.log(individual.toArray(), mean.toArray()); // => [ [ 1, 2 ], [ -1, -2 ] ] [ 0, 0 ]
 * ```
 * @throws ShapeError, ValueError when x is not rows, there is no such column, or the grid is no list
 */
export async function partialDependence(
  f: AnyModel, x: Tensor, feature: number, options: DependenceOptions = {},
): Promise<Dependence> {
  const where = 'partialDependence';
  const batch = batchOf(where, x);
  if (batch.ndim !== 2) throw new ShapeError(where, 'x must be rows [N, features]', showShape(batch.shape));
  const [n, p] = batch.shape;
  if (!Number.isInteger(feature) || feature < 0 || feature >= p) {
    throw new ValueError(where, `feature must be a column from 0 to ${p - 1}`, `${feature}`);
  }
  const column = batch.select(1, feature);
  const points = countOf(where, 'points', options.points ?? 20);
  const grid = options.grid?.detach().to(batch.dtype) ?? linspace(column.min().item(), column.max().item(), points, { dtype: batch.dtype });
  if (grid.ndim !== 1 || grid.numel() === 0) throw new ShapeError(where, 'grid must be a list [G]', showShape(grid.shape));
  const g = grid.numel();
  const copies = batch.unsqueeze(1).expand([n, g, p]); // row r·G + i is row r with the feature at grid[i]
  const at = grid.reshape([1, g, 1]).expand([n, g, 1]);
  const varied = concat([copies.narrow(2, 0, feature), at, copies.narrow(2, feature + 1, p - feature - 1)], 2);
  const y = await values(where, f, varied.reshape([n * g, p]), options, (r) => Math.floor(r / g));
  const individual = y.reshape([n, g]);
  return { grid, individual, mean: individual.mean(0) };
} // prettier-ignore
