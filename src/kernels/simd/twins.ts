/**
 * Which WebAssembly kernel stands in for which plain loop. A kernel is assembled and compiled, in a module of its own,
 * when it is first asked for.
 */
import * as loops from '../elementwise.ts';
import type { ChooseLoop, FoldLoop, MapLoop, Scan2Loop, ScanLoop, ZipLoop } from '../lines.ts';
import * as folds from '../reduce.ts';
import type { Func } from '../wasm/assembler.ts';
import { choose, maps, zips } from '../wasm/elementwise.ts';
import * as rows from '../wasm/rows.ts';
import { scratchpad } from '../wasm/scratchpad.ts';

export type Loop = MapLoop | ZipLoop | ChooseLoop | FoldLoop | ScanLoop | Scan2Loop;
/** Takes addresses, counts and numbers. */
export type Kernel = (...args: number[]) => number;

const { amax, amin, sum, logsumexp, softmax, logSoftmax, softmaxGrad, logSoftmaxGrad } = rows;
const byName: readonly [Readonly<Record<string, Loop>>, Readonly<Record<string, Func>>][] = [
  [loops, { ...maps, ...zips, choose }],
  [folds, { amax, amin, sum, logsumexp, softmax, logSoftmax, softmaxGrad, logSoftmaxGrad }],
];

let twins: Map<Loop, Func> | undefined;

/** What stands in for a loop. */
export function twinOf(loop: Loop): Func | undefined {
  twins ??= new Map(byName.flatMap(([plain, simd]) => Object.entries(simd).map(([name, func]) => [plain[name], func])));
  return twins.get(loop);
}

const compiled = new Map<Loop | Func, Kernel | null>();

/** The compiled twin of a loop (or a kernel itself); null if there is none, or no WebAssembly. */
export function kernelOf(key: Loop | Func): Kernel | null {
  let kernel = compiled.get(key);
  if (kernel === undefined) {
    const func = typeof key === 'function' ? twinOf(key) : key;
    kernel = (func && scratchpad()?.compile([func]).run) ?? null;
    compiled.set(key, kernel);
  }
  return kernel;
}
