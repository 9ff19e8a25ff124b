/**
 * Elementwise work streamed through the scratchpad: chunks of the operands are copied in, a kernel goes over them, and
 * the result is copied out. Each function says whether it did the work; if not, the plain loop must.
 */
import { nd, type Data, type Nd } from '../../array/nd.ts';
import type { Func } from '../wasm/assembler.ts';
import { scratchpad } from '../wasm/scratchpad.ts';
import { AREA, OVERRUN } from '../wasm/vectors.ts';
import { kernelOf, type Kernel, type Loop } from './twins.ts';

/** Floats in a chunk: operands and result stay in the cache next to the processor. */
export const CHUNK = 4096;
/** A column whose elements are repeated fewer times than this is not worth a call for each. */
const NARROW = 32;
/** Smaller matrices of a stack are not worth a call each. */
const MATRIX = 1024;
/** Where operands lie, in floats. */
export const areas = [0, 1, 2, 3].map((area) => 1024 + area * AREA);

/** An operand of `rows` rows of `width`: steps from row to row and along a row, 0 where it is repeated. */
interface Operand {
  readonly data: Data;
  readonly start: number;
  readonly row: number;
  readonly col: number;
}

/** Copies n numbers into the scratchpad. */
export function copyIn(floats: Float32Array, to: number, x: Data, from: number, n: number): void {
  floats.set(from === 0 && n === x.length ? x : new Float32Array(x.buffer, x.byteOffset + 4 * from, n), to);
}

/** Copies n numbers out of it. */
export function copyOut(floats: Float32Array<ArrayBuffer>, from: number, y: Data, to: number, n: number): void {
  y.set(new Float32Array(floats.buffer, 4 * from, n), to);
}

/** Writes the row (or the number) over and over: once, then what is there already, twice as much each time. */
function repeat(floats: Float32Array, to: number, { data, start, col }: Operand, width: number, n: number): void {
  if (col === 0) {
    floats.fill(data[start], to, to + n);
    return;
  }
  copyIn(floats, to, data, start, width);
  for (let done = width; done < n; done *= 2) floats.copyWithin(to + done, to, to + Math.min(done, n - done));
}

const isFull = ({ row, col }: Operand, width: number): boolean => row === width && (width === 1 || col === 1);
const isRepeated = ({ row, col }: Operand): boolean => row === 0 && (col === 0 || col === 1);
const isColumn = ({ col }: Operand, width: number): boolean => col === 0 && width >= NARROW;

/** Copies rows of `width` numbers in, whatever their steps. */
// prettier-ignore
function collect(
  floats: Float32Array, to: number, x: Data, start: number, row: number, rows: number, col: number, width: number,
): void {
  for (let r = 0; r < rows; r++, start += row) {
    for (let j = 0, i = start; j < width; j++, i += col) floats[to++] = x[i];
  }
}

/** Works n elements out, to y from `at` on. */
function run(kernel: Kernel, y: Data, at: number, n: number, operands: readonly Operand[], width: number): void {
  const { floats } = scratchpad()!;
  const most = Math.max(1, Math.floor(CHUNK / width)) * width;
  for (let k = 0; k < n; k += most) {
    const some = Math.min(most, n - k);
    operands.forEach((x, o) => {
      const to = areas[o];
      if (isFull(x, width)) copyIn(floats, to, x.data, x.start + k, some);
      else if (isRepeated(x)) {
        if (k === 0 || o === 0) repeat(floats, to, x, width, some); // the result is written over the first one
      } else {
        const start = x.start + (k / width) * x.row;
        if (isColumn(x, width)) {
          for (let r = 0; r < some / width; r++) {
            floats.fill(x.data[start + r * x.row], to + r * width, to + (r + 1) * width);
          }
        } else collect(floats, to, x.data, start, x.row, some / width, x.col, width);
      }
    });
    kernel(4 * areas[0], 4 * (areas[0] + some));
    copyOut(floats, areas[0], y, at + k, some);
  }
}

/** The kernel, if all is float32 and it pays. */
function kernelFor(loop: Loop, y: Data, n: number, operands: readonly Nd[]): Kernel | null {
  if (!(y instanceof Float32Array)) return null;
  for (const { data } of operands) if (!(data instanceof Float32Array)) return null; // a mask of float64
  return kernelOf(loop, n);
}

/** n elements of y = f(operands) from `at` on, all without gaps. One of the operands may be y itself. */
export function dense(loop: Loop, y: Data, operands: readonly Nd[], at = 0, n = y.length): boolean {
  const kernel = kernelFor(loop, y, n, operands);
  if (kernel === null) return false;
  const all = operands.map(({ data, offset }) => ({ data, start: offset, row: 1, col: 1 }));
  run(kernel, y, at, n, all, 1);
  return true;
}

/** The same for operands that are expanded to one shape, with merged dims: matrix by matrix if there are more than two. */
export function broadcast(loop: Loop, y: Data, operands: readonly Nd[], at = 0, n = y.length): boolean {
  const { shape } = operands[0];
  if (shape.length > 2) {
    const part = n / shape[0];
    if (part < MATRIX) return false;
    const inner = (x: Nd, i: number): Nd => nd(x.data, shape.slice(1), x.strides.slice(1), x.offset + i * x.strides[0]);
    for (let i = 0; i < shape[0]; i++) {
      const done = broadcast(loop, y, operands.map((x) => inner(x, i)), at + i * part, part); // prettier-ignore
      if (!done) return false; // all are alike: the first one says so
    }
    return true;
  }
  const kernel = kernelFor(loop, y, n, operands);
  if (kernel === null) return false;
  const width = shape.length === 2 ? shape[1] : 1;
  if (width > AREA - OVERRUN) return false;
  const all = operands.map(({ data, offset, strides: [row, col = 0] }) => ({ data, start: offset, row, col }));
  run(kernel, y, at, n, all, width);
  return true;
}

/** An optimizer step over operands of one length, with numbers for the whole step. The first `results` are written over. */
export function step(func: Func, operands: readonly Data[], results: number, numbers: readonly number[]): boolean {
  if (!operands.every((data) => data instanceof Float32Array)) return false;
  const n = operands[0].length;
  const kernel = kernelOf(func, n);
  if (kernel === null) return false;
  const { floats } = scratchpad()!;
  for (let k = 0; k < n; k += CHUNK) {
    const some = Math.min(CHUNK, n - k);
    operands.forEach((data, o) => copyIn(floats, areas[o], data, k, some));
    kernel(4 * areas[0], 4 * (areas[0] + some), ...numbers);
    for (let o = 0; o < results; o++) copyOut(floats, areas[o], operands[o], k, some);
  }
  return true;
}
