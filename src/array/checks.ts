/** The shapes that public methods are asked for, worked out and checked; and the values of index tensors. */
import { copy, dense } from './dense.ts';
import { ShapeError, showShape, ValueError } from './errors.ts';
import { broadcastShapes, nd, sameShape, sizeOf, wrapDim, type Nd, type Shape } from './nd.ts';
import { wrapIndex } from './ranges.ts';

/** What a wrong value is, in a word or two. */
const kindOf = (x: unknown): string => (Array.isArray(x) ? 'an array' : x === null ? 'null' : typeof x);

/** Refuses what is no tensor. The types say so too, but not to who writes JavaScript. */
export function checkTensors(where: string, ...xs: readonly unknown[]): void {
  for (const x of xs) {
    if (typeof x === 'object' && x !== null && 'nd' in x) continue;
    throw new ValueError(where, 'it takes tensors', kindOf(x), 'make one with tensor(…)');
  }
}

/** Refuses what is no list, of sizes or of tensors. */
export function checkList(where: string, what: string, x: unknown): void {
  if (!Array.isArray(x)) throw new ValueError(where, `it takes an array of ${what}`, kindOf(x));
}

/** The shape asked for by reshape, with one −1 worked out. */
export function inferShape(where: string, shape: readonly number[], total: number): number[] {
  checkList(where, 'sizes', shape);
  const unknown = shape.indexOf(-1);
  const known = shape.reduce((n, size, d) => (d === unknown ? n : n * size), 1);
  const fits = shape.every((size, d) => Number.isInteger(size) && (size >= 0 || d === unknown));
  const missing = unknown === -1 ? 1 : total / known;
  if (!fits || !Number.isInteger(missing) || known * missing !== total) {
    throw new ShapeError(where, `the new sizes must multiply to ${total} (one may be -1)`, showShape(shape));
  }
  return shape.map((size, d) => (d === unknown ? missing : size));
}

/** The shape asked for by expand, where −1 keeps a size. */
export function expandedShape(from: Shape, shape: Shape): number[] {
  checkList('expand', 'sizes', shape);
  const lead = shape.length - from.length;
  const sizes = shape.map((size, d) => (size === -1 && d >= lead ? from[d - lead] : size));
  const valid = lead >= 0 && sizes.every((size) => Number.isInteger(size) && size >= 0);
  if (!valid || !sameShape(broadcastShapes('expand', from, sizes), sizes)) {
    throw new ShapeError('expand', `${showShape(from)} can grow only at sizes of 1 and in front`, showShape(shape));
  }
  return sizes;
}

/** One dim, or several, counted from the front; each may be named once. */
export function namedDims(where: string, ndim: number, dim: number | readonly number[]): Set<number> {
  const named = typeof dim === 'number' ? [dim] : dim;
  checkList(where, 'dims, or one dim', named);
  const dims = new Set(named.map((d) => wrapDim(where, d, ndim)));
  if (dims.size !== named.length) throw new ShapeError(where, 'each dim may be named once', showShape(named));
  return dims;
}

/**
 * What a reduction over `dim` (one, several, or all if none is named) makes of a shape: `kept` has 1 where elements are
 * folded, `dropped` leaves those dims out, `count` elements go into each result. `aligned`: `dropped` broadcasts to the
 * shape as it is, since only leading dims are gone.
 */
export function reducedShapes(
  where: string,
  shape: Shape,
  dim: number | readonly number[] | undefined,
): { kept: Shape; dropped: Shape; count: number; aligned: boolean } {
  const named = namedDims(where, shape.length, dim ?? []);
  const dims = named.size === 0 ? new Set(shape.keys()) : named;
  return {
    kept: shape.map((size, d) => (dims.has(d) ? 1 : size)),
    dropped: shape.filter((_, d) => !dims.has(d)),
    count: sizeOf(shape.filter((_, d) => dims.has(d))),
    aligned: [...dims].every((d) => d < dims.size),
  };
}

/** Where along dim d each of several shapes begins, one after another; all their other sizes must be equal. */
export function startsAlong(where: string, shapes: readonly Shape[], d: number): number[] {
  const [first] = shapes;
  let end = 0;
  return shapes.map((shape) => {
    const fits = shape.length === first.length && shape.length > 0;
    if (!fits || shape.some((size, at) => at !== d && size !== first[at])) {
      const got = `${showShape(first)} and ${showShape(shape)}`;
      throw new ShapeError(where, `all sizes but that of dim ${d} must be equal`, got);
    }
    return (end += shape[d]) - shape[d];
  });
}

/** Refuses an index whose values are not all whole numbers in 0 … limit−1. */
export function checkWhole(where: string, index: Nd, limit: number): void {
  const { data, offset } = dense(index);
  for (let i = offset, end = offset + sizeOf(index.shape); i < end; i++) {
    const v = data[i];
    if (!(v >= 0 && v < limit) || Math.floor(v) !== v) {
      throw new ValueError(
        where,
        `every index must be a whole number from 0 to ${limit - 1}`,
        `${v} at place ${i - offset}`,
      );
    }
  }
}

/** Refuses an index that gather and scatter along `dim` cannot use: it has as many dims, is nowhere longer, and in range. */
export function checkGather(where: string, shape: Shape, index: Nd, dim: number): void {
  if (index.shape.length !== shape.length || index.shape.some((size, d) => d !== dim && size > shape[d])) {
    const rule = `the index must have ${shape.length} dims, none but dim ${dim} longer than in ${showShape(shape)}`;
    throw new ShapeError(where, rule, showShape(index.shape));
  }
  checkWhole(where, index, shape[dim] ?? 1);
}

/** An index with its negative numbers counted from the end: whole numbers in 0 … limit−1, in float64. */
export function wrapWhole(where: string, index: Nd, limit: number): Nd {
  const { data } = copy(index, 'float64');
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (!(v >= 0 && v < limit && Math.floor(v) === v)) data[i] = wrapIndex(where, v, limit);
  }
  return nd(data, index.shape);
}
