/**
 * C = A·B by several threads: the loops of simd.ts over memory that they share. A and B are copied in whole (or as much
 * of them as there is room for), B is packed by all, and then each takes a block of C at a time. A block is computed as
 * simd computes it, so the bits are the same whatever the number of threads.
 */
import { ValueError } from '../../array/errors.ts';
import { functionsFor, tileOf, type FunctionName } from '../wasm/matmul.ts';
import { starter, startPool, type Call, type Pool } from '../wasm/pool.ts';
import { kernel } from './instructions.ts';
import type { Data } from '../../array/nd.ts';
import { GAP, KC, MC, roundUp, simd, SLACK, stage } from './simd.ts';

/** Products of fewer multiplications are not worth the copies and the waiting. */
const PAYS = 2 ** 23;
/** The shared memory: 128 MiB, of which only what is used is ever touched. */
const PAGES = 2048;
const ROOM = PAGES * 16384;
/** So many units of work for each thread, that all end at about the same time. */
const SHARES = 4;

let threads = 1;
let pool: Pool | null = null;
let instructions = '';
let why = 'the default: setNumThreads(n) asks for more';

/** How many threads multiply large matrices. PyTorch: `torch.get_num_threads`. `getNumThreads() // => 1` */
export const getNumThreads = (): number => threads;

/** How many take part now, and why: workers start in their own time. */
export const threadsInUse = (): { count: number; why: string } => ({ count: 1 + (pool?.ready() ?? 0), why });

/**
 * Lets n threads share large matrix products and convolutions from now on, this one included; 1 is the default. Results
 * do not depend on it, to the bit. Workers start in their own time; until they are there, and wherever threads cannot be
 * had (in pages that are not cross-origin isolated) this thread computes alone, with one warning if it was to be otherwise.
 * The process ends without waiting for them. PyTorch: `torch.set_num_threads`.
 * @throws ValueError unless n is a whole number from 1 to 64
 */
export function setNumThreads(n: number): void {
  if (!Number.isInteger(n) || n < 1 || n > 64) {
    throw new ValueError('setNumThreads', 'n must be a whole number from 1 to 64', `${n}`);
  }
  pool?.close();
  pool = null;
  threads = n;
  why = n === 1 ? 'asked for' : 'asked for; workers start when a product is large enough';
}

function giveUp(reason: string): null {
  if (threads > 1) console.warn(`adjoint: matrix products go on with one thread: ${reason}`);
  pool?.close();
  [pool, threads, why] = [null, 1, reason];
  return null;
}

/** The pool, started when first needed; null while there is nobody but this thread. */
function helpers(): Pool | null {
  const { instructions: inUse } = kernel()!;
  if (instructions !== inUse) {
    pool?.close(); // its module has other instructions
    pool = null;
  }
  if (pool === null) {
    const start = starter();
    if (typeof start === 'string') return giveUp(start);
    instructions = inUse;
    try {
      pool = startPool(
        functionsFor(tileOf[inUse]),
        threads - 1,
        PAGES,
        start,
        (reason) => void giveUp(`a worker failed: ${reason}`),
      );
      why = 'asked for';
    } catch (error) {
      return giveUp(String(error));
    }
  }
  return pool.ready() > 0 ? pool : null;
}

/** As simd, by several threads where they were asked for and it pays. */
// prettier-ignore
export const shared = (
  m: number, n: number, k: number, a: Data, ai: number, aRow: number, aCol: number,
  b: Data, bi: number, bRow: number, bCol: number, c: Data, ci: number, begin: Data | null = null,
): void => {
  const crew = threads > 1 && m > 1 && n > 1 && m * n * k >= PAYS ? helpers() : null;
  if (crew === null) return simd(m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci, begin);
  let [mc, nc] = [m, n];
  while (needed(mc, nc, k) > ROOM) {
    if (mc > nc) mc = Math.ceil(mc / 2);
    else nc = Math.ceil(nc / 2);
  }
  for (let jc = 0; jc < n; jc += nc) {
    const cols = Math.min(nc, n - jc);
    const from = begin && begin.subarray(jc, jc + cols);
    if (!columns(crew, m, cols, k, mc, a, ai, aRow, aCol, b, bi + jc * bCol, bRow, bCol, c, ci + jc, n, from)) {
      giveUp('a worker has died');
      return simd(m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci, begin);
    }
  }
};

/** Floats that a block of C needs at most, with A and B as they are staged, and packed. */
const needed = (m: number, n: number, k: number): number =>
  (1 << 17) + (k + GAP) * (m + n + 2 * GAP) + (k + 8) * (m + n + 32) + (m + 8) * (n + 16);

/** C[m, n] = A·B (+ begin in each row), `most` rows of A at a time; rows of C are cPitch apart. False if a worker has died. */
// prettier-ignore
function columns(
  { floats, start, run }: Pool, m: number, n: number, k: number, most: number,
  a: Data, ai: number, aRow: number, aCol: number,
  b: Data, bi: number, bRow: number, bCol: number,
  c: Data, ci: number, cPitch: number, begin: Data | null,
): boolean {
  const tile = kernel()!;
  const fn = Object.fromEntries(functionsFor(tile).map(({ name }, i) => [name, i])) as Record<FunctionName, number>;
  const panel = tile.cols * roundUp(k, 4);
  const panels = Math.ceil(n / tile.cols);
  const pitch = panels * tile.cols;
  const packed = start + pitch + SLACK; // in front of it the row that sums begin with
  const staged = packed + panels * panel + SLACK;
  const some = Math.ceil(panels / (threads * SHARES)); // panels of B for a unit of work

  if (begin === null) floats.fill(0, start, start + pitch);
  else floats.set(begin, start);
  const bPitch = bCol === 1 ? stage(floats, b, bi, bRow, k, n, staged) : stage(floats, b, bi, bCol, n, k, staged);
  const packing = inSteps(panels, some).map(([from, count]): Call[] => [[
    bCol === 1 ? fn.packRows : fn.packColumns,
    4 * (staged + from * tile.cols * (bCol === 1 ? 1 : bPitch)), 4 * bPitch, count, k, 4 * (packed + from * panel), 4 * panel,
  ]]);
  if (!run(packing)) return false;

  const byRows = aCol === 1;
  for (let ic = 0; ic < m; ic += most) {
    const rows = Math.min(most, m - ic);
    const aPitch = byRows
      ? stage(floats, a, ai + ic * aRow, aRow, rows, k, staged)
      : stage(floats, a, ai + ic, aCol, k, rows, staged);
    const block = staged + (byRows ? rows + 8 : k) * aPitch + SLACK;
    // A that lies by columns is packed too, behind C: panels of a tile's rows, with room for what packA writes too much.
    const packedA = block + (rows + 8) * pitch + SLACK;
    const aPanel = tile.rows * k + 8;
    if (!byRows) {
      const units = inSteps(Math.ceil(rows / tile.rows), 8).map(([from, count]): Call[] => [
        [fn.packA, 4 * (staged + from * tile.rows), 4 * aPitch, count, k, 4 * (packedA + from * aPanel), 4 * aPanel],
      ]);
      if (!run(units)) return false;
    }
    // A unit is some rows by all columns or, where C is wider than tall, all rows by some panels.
    const tall = rows >= n;
    const unitRows = tall ? Math.min(MC, roundUp(Math.ceil(rows / (threads * SHARES)), tile.rows)) : rows;
    const units = inSteps(rows, unitRows).flatMap(([row, count]) =>
      inSteps(panels, tall ? panels : some).map(([first, width]) =>
        inSteps(count, MC).flatMap(([top, height]) =>
          inSteps(k, KC).map(([pc, kc]): Call => {
            const at = row + top;
            const A = byRows ? staged + at * aPitch + pc : packedA + (at / tile.rows) * aPanel + pc * tile.rows;
            const step = byRows ? tile.rows * aPitch : aPanel;
            const B = packed + first * panel + pc * tile.cols;
            const C = block + at * pitch + first * tile.cols;
            return [
              byRows ? fn.tilesByRows : fn.tilesByColumns,
              4 * A, 4 * (A + Math.ceil(height / tile.rows) * step), 4 * step, 4 * (byRows ? aPitch : tile.rows),
              4 * B, 4 * (B + width * panel), 4 * panel, 4 * tile.cols,
              4 * C, 4 * pitch, kc, pc === 0 ? 4 * (start + first * tile.cols) : 0,
            ];
          }))));
    if (!run(units)) return false;
    if (pitch === n && cPitch === n) c.set(floats.subarray(block, block + rows * n), ci + ic * n);
    else {
      for (let i = 0; i < rows; i++) c.set(floats.subarray(block + i * pitch, block + i * pitch + n), ci + (ic + i) * cPitch);
    }
  }
  return true;
}

/** 0 … n in steps of `step`: where each begins, and how long it is. */
const inSteps = (n: number, step: number): [from: number, count: number][] =>
  Array.from({ length: Math.ceil(n / step) }, (_, i) => [i * step, Math.min(step, n - i * step)]);
