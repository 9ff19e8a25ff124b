/** Where the numbers of arrays come from: small arrays out of shared buffers, large ones used again within a scope. */
import { ShapeError, ValueError } from './errors.ts';
import type { Data, DType } from './nd.ts';

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

/** New memory, whose lack is told in the words of the house. */
function large<T extends Data>(kind: new (n: number) => T, n: number): T {
  try {
    return new kind(n);
  } catch (cause) {
    throw new ShapeError('a new tensor', 'there must be memory for its numbers', `${n} of them`, 'use smaller sizes', {
      cause,
    });
  }
}

function fresh(dtype: DType, n: number): Data {
  if (dtype === 'float64') return large<Data>(Float64Array, n);
  if (dtype !== 'float32') throw new ValueError('dtype', "it must be 'float32' or 'float64'", `'${String(dtype)}'`);
  if (n * 4 > LARGEST) {
    const data = large<Data>(Float32Array, n);
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
