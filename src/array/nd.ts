/**
 * Nd: numbers in memory, seen as an n-dimensional array through strides. Knows nothing of gradients.
 *
 * The element at index (i₀, …, iₖ) is data[offset + Σ iⱼ·strides[j]]. Row-major ("dense") order has
 * strides[k] = 1 and strides[j] = strides[j+1]·shape[j+1]. A view is another Nd over the same data.
 */
import { ShapeError, showShape, ValueError } from './errors.ts';

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

// A typed array of its own costs V8 some 250 ns and a visit of the garbage collector; a view of a larger buffer 20 ns.
// So small arrays are cut, one after another, from a slab. A slab lives as long as the last array cut from it.
const SLAB = 1 << 16; // bytes
const LARGEST = 1 << 12; // of what is cut from one
let slab = new ArrayBuffer(0);
let used = 0;

// Fresh memory costs more than the arithmetic on it: the system gives it page by page, at the first touch. So large arrays
// that were made within one `reusing`, and that nobody refers to any more, are used again within it.
interface Scope {
  readonly made: Set<Data>;
  /** What was given back, by its length. */
  readonly spare: Map<number, Data[]>;
}
let scope: Scope | null = null;

/** Runs f; arrays that are made and given back meanwhile are used again until it ends. */
export function reusing<T>(f: () => T): T {
  const before = scope;
  scope ??= { made: new Set(), spare: new Map() };
  try {
    return f();
  } finally {
    scope = before;
  }
}

/** Hands in an array that nobody will read or write any more. */
export function giveBack(data: Data): void {
  if (!scope?.made.has(data)) return;
  const list = scope.spare.get(data.length);
  if (list) list.push(data);
  else scope.spare.set(data.length, [data]);
}

/** An array of n float32 that was given back. */
const again = (dtype: DType, n: number): Data | undefined =>
  dtype === 'float32' ? scope?.spare.get(n)?.pop() : undefined;

/** Zeroed memory for n numbers. Small float32 arrays share buffers: do not use `data.buffer` without its offset. */
export function allocate(dtype: DType, n: number): Data {
  return again(dtype, n)?.fill(0) ?? fresh(dtype, n);
}

/** The same for whoever writes all n numbers: what they are at first is not said. */
export function unwritten(dtype: DType, n: number): Data {
  return again(dtype, n) ?? fresh(dtype, n);
}

function fresh(dtype: DType, n: number): Data {
  if (dtype === 'float64') return new Float64Array(n);
  if (dtype !== 'float32') throw new ValueError('dtype', "it must be 'float32' or 'float64'", `'${String(dtype)}'`);
  if (n * 4 > LARGEST) {
    const data = new Float32Array(n);
    scope?.made.add(data);
    return data;
  }
  if (used + n * 4 > slab.byteLength) {
    slab = new ArrayBuffer(SLAB);
    used = 0;
  }
  const data = new Float32Array(slab, used, n);
  used += (n * 4 + 15) & -16;
  return data;
}

/** Whether two arrays have memory in common. */
export const overlap = (a: Data, b: Data): boolean =>
  a === b ||
  (a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength);

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
