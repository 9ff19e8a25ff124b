/**
 * Nd: numbers in memory, seen as an n-dimensional array through strides. Knows nothing of gradients.
 *
 * The element at index (i₀, …, iₖ) is data[offset + Σ iⱼ·strides[j]]. Row-major ("dense") order has
 * strides[k] = 1 and strides[j] = strides[j+1]·shape[j+1]. A view is another Nd over the same data.
 */
import { ShapeError, showShape } from './errors.ts';
import { allocate, unwritten } from './memory.ts';

export type Data = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export type DType = 'float32' | 'float64';
export type Shape = readonly number[];

export interface Nd {
  readonly data: Data;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** An Nd over `data`; row-major unless strides are given. */
export const nd = (data: Data, shape: Shape, strides: readonly number[] = rowMajor(shape), offset = 0): Nd => ({
  data,
  shape,
  strides,
  offset,
});

export const dtypeOf = (data: Data): DType => (data instanceof Float32Array ? 'float32' : 'float64');

/** The dtype of a result of a and b: float64 if either is. */
export const promote = (a: Nd, b: Nd): DType =>
  a.data instanceof Float32Array && b.data instanceof Float32Array ? 'float32' : 'float64';

/** A new row-major array of zeros. */
export const zerosNd = (dtype: DType, shape: Shape): Nd => nd(allocate(dtype, sizeOf(shape)), shape);

/** A new row-major array, all of whose numbers are to be written. */
export const unwrittenNd = (dtype: DType, shape: Shape): Nd => nd(unwritten(dtype, sizeOf(shape)), shape);

/** Whole numbers in float64, which holds every place in memory exactly: a vector, or row-major in a shape. Not copied. */
export const wholeNd = (values: ArrayLike<number>, shape: Shape = [values.length]): Nd =>
  nd(values instanceof Float64Array ? (values as Float64Array<ArrayBuffer>) : Float64Array.from(values), shape);

/** Number of elements: the product of the sizes; 1 for a 0-d array. */
export function sizeOf(shape: Shape): number {
  let n = 1;
  for (let i = 0; i < shape.length; i++) n *= shape[i];
  return n;
}

/** Row-major strides. */
export function rowMajor(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

/** Whether the elements lie in row-major order without gaps (from `offset` on). */
export function isDense({ shape, strides }: Nd): boolean {
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== step) return false;
    step *= shape[i];
  }
  return true;
}

/**
 * Whether several elements may have one place in memory, as those of an expanded view or of windows that overlap.
 * None has where each dim steps beyond all that the dims of smaller steps reach.
 */
export function sharesMemory({ shape, strides }: Nd): boolean {
  if (shape.includes(0)) return false;
  let reach = 0;
  for (const d of shape.map((_, d) => d).sort((a, b) => Math.abs(strides[a]) - Math.abs(strides[b]))) {
    if (shape[d] === 1) continue;
    if (Math.abs(strides[d]) <= reach) return true;
    reach += (shape[d] - 1) * Math.abs(strides[d]);
  }
  return false;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * The shape that a and b broadcast to, as NumPy: aligned at the last dim, sizes equal or one of them 1.
 * @throws ShapeError when two sizes differ and neither is 1.
 */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const p = a[a.length - i] ?? 1;
    const q = b[b.length - i] ?? 1;
    if (p !== q && p !== 1 && q !== 1) {
      const got = `${showShape(a)} and ${showShape(b)} (${p} vs ${q} at dim ${-i})`;
      throw new ShapeError(where, 'sizes must be equal or 1, aligned at the last dim', got);
    }
    shape[rank - i] = p === 1 ? q : p;
  }
  return shape;
}

/** A dim counted from the front; −1 is the last. A 0-d array has the dims 0 and −1, as in PyTorch. */
export function wrapDim(where: string, dim: number, rank: number): number {
  const n = Math.max(rank, 1);
  if (!Number.isInteger(dim) || dim < -n || dim >= n) {
    throw new ShapeError(where, `dim must be a whole number from ${-n} to ${n - 1}`, `${dim}`);
  }
  return dim < 0 ? dim + n : dim;
}
