/**
 * Views: new shape, strides and offset over the same data; no number is moved.
 * Whoever calls has checked that the shapes fit.
 */
import { isDense, nd, rowMajor, sizeOf, type Nd, type Shape } from './nd.ts';

/** Repeats dims of size 1, and adds dims in front, by a stride of 0. */
export function expand(x: Nd, shape: Shape): Nd {
  const lead = shape.length - x.shape.length;
  const strides = shape.map((size, i) =>
    i < lead || (x.shape[i - lead] === 1 && size !== 1) ? 0 : x.strides[i - lead],
  );
  return nd(x.data, shape, strides, x.offset);
}

/** Dim i of the view is dim dims[i] of x. */
export const permute = (x: Nd, dims: readonly number[]): Nd =>
  nd(
    x.data,
    dims.map((d) => x.shape[d]),
    dims.map((d) => x.strides[d]),
    x.offset,
  );

/** Which elements a slice takes along one dim: start, start+step, …, `size` of them; the step may be negative. */
export interface Range {
  readonly start: number;
  readonly step: number;
  readonly size: number;
}

/** One range a dim. */
export function slice(x: Nd, ranges: readonly Range[]): Nd {
  let offset = x.offset;
  for (let d = 0; d < ranges.length; d++) if (ranges[d].size > 0) offset += ranges[d].start * x.strides[d];
  return nd(
    x.data,
    ranges.map((r) => r.size),
    ranges.map((r, d) => r.step * x.strides[d]),
    offset,
  );
}

/** One dim of a lattice: `size` places, each of them `steps[d]` further along each dim d of x. */
export interface Walk {
  readonly size: number;
  readonly steps: readonly number[];
}

/** y[j₀, j₁, …] = x[start + j₀·steps₀ + j₁·steps₁ + …]: diagonals and sliding windows, which may take an element often. */
export function lattice(x: Nd, start: readonly number[], walks: readonly Walk[]): Nd {
  const along = (steps: readonly number[]): number => steps.reduce((sum, step, d) => sum + step * x.strides[d], 0);
  return nd(
    x.data,
    walks.map(({ size }) => size),
    walks.map(({ steps }) => along(steps)),
    walks.some(({ size }) => size === 0) ? x.offset : x.offset + along(start),
  );
}

/**
 * The same elements in row-major order under another shape, if strides can say it without a copy; else null.
 * Walks both shapes from the back: each run of dims of x that steps through memory as one
 * must be covered exactly by dims of the new shape.
 */
export function reshapeView(x: Nd, shape: Shape): Nd | null {
  if (isDense(x) || sizeOf(shape) === 0) return nd(x.data, shape, rowMajor(shape), x.offset);
  const strides = new Array<number>(shape.length);
  let s = shape.length - 1; // the next dim of the new shape
  let run = 1; // elements of x in this run
  let covered = 1; // of which the new dims cover so many
  let step = x.strides[x.strides.length - 1];
  for (let d = x.shape.length - 1; d >= 0; d--) {
    run *= x.shape[d];
    const ends = d === 0 || (x.shape[d - 1] !== 1 && x.strides[d - 1] !== run * step);
    if (!ends) continue;
    while (s >= 0 && (covered < run || shape[s] === 1)) {
      strides[s] = covered * step;
      covered *= shape[s--];
    }
    if (covered !== run) return null;
    if (d > 0) step = x.strides[d - 1];
    run = covered = 1;
  }
  return nd(x.data, shape, strides, x.offset);
}
