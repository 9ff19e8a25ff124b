/**
 * Which WebAssembly kernel stands in for which plain loop. A kernel is assembled and compiled, in a module of its own,
 * when it is first asked for.
 */
import * as loops from '../elementwise.ts';
import type { Zip3Loop, FoldLoop, MapLoop, Scan2Loop, ScanLoop, ZipLoop } from '../lines.ts';
import * as folds from '../reduce.ts';
import type { Func } from '../wasm/assembler.ts';
import { choose, maps, zips } from '../wasm/elementwise.ts';
import * as rows from '../wasm/rows.ts';
import { scratchpad } from '../wasm/scratchpad.ts';

export type Loop = MapLoop | ZipLoop | Zip3Loop | FoldLoop | ScanLoop | Scan2Loop;
/** Takes addresses, counts and numbers. */
export type Kernel = (...args: number[]) => number;

const { amax, amin, sum, logsumexp, softmax, logSoftmax, softmaxGrad, logSoftmaxGrad } = rows;
const byName: readonly [Readonly<Record<string, Loop>>, Readonly<Record<string, Func>>][] = [
  [loops, { ...maps, ...zips, choose }],
  [folds, { amax, amin, sum, logsumexp, softmax, logSoftmax, softmaxGrad, logSoftmaxGrad }],
];

/** Elements from which on a kernel pays for the copies: measured. */
const MANY = 128;
/** The same where each element costs much. */
const FEW = 32;
const { exp, log, tanh, sigmoid, erf, gelu } = maps;
const costly = new Set([exp, log, tanh, sigmoid, erf, gelu, zips.geluGrad, logsumexp, softmax, logSoftmax]);

let twins: Map<Loop, Func> | undefined;

/** What stands in for a loop. */
export function twinOf(loop: Loop): Func | undefined {
  twins ??= new Map(byName.flatMap(([plain, simd]) => Object.entries(simd).map(([name, func]) => [plain[name], func])));
  return twins.get(loop);
}

interface Twin {
  readonly func: Func;
  /** The number of elements from which on it is used. */
  readonly from: number;
  /** Null where there is no WebAssembly; undefined until it is compiled. */
  kernel: Kernel | null | undefined;
}
const known = new Map<Loop | Func, Twin | null>();

function find(key: Loop | Func): Twin | null {
  const func = typeof key === 'function' ? twinOf(key) : key;
  const twin = func ? { func, from: costly.has(func) ? FEW : MANY, kernel: undefined } : null;
  known.set(key, twin);
  return twin;
}

/** Whether a loop costs so much that a copy of its numbers, to have them in rows, pays for itself. */
export function isCostly(loop: Loop): boolean {
  const func = twinOf(loop);
  return func !== undefined && costly.has(func);
}

/** The compiled twin of a loop (or a kernel itself) for n elements; null if there is none, or the loop is as fast. */
export function kernelOf(key: Loop | Func, n: number): Kernel | null {
  if (n < FEW) return null;
  let twin = known.get(key);
  if (twin === undefined) twin = find(key);
  if (twin === null || n < twin.from) return null;
  if (twin.kernel === undefined) twin.kernel = scratchpad()?.compile([twin.func]).run ?? null;
  return twin.kernel;
}
