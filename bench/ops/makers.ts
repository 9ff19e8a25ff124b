/** How the numbers are drawn that an op is measured on, and the loop made that it is measured against. */
import { nd, type Nd } from '../../src/array/nd.ts';
import { Generator } from '../../src/array/random.ts';
import { permute } from '../../src/array/views.ts';
import { elementwise, type Plain } from './plain.ts';

/** An op over given data, and the plain loop over the same. */
export interface Prepared {
  readonly op: () => Nd;
  readonly plain: () => Float32Array;
  /** What the time is divided by. */
  readonly elements: number;
}

/** For arrays of rows × cols; `strided`: transposed in memory, or broadcast. Null where there is no such case. */
export type Maker = (rows: number, cols: number, strided: boolean) => Prepared | null;

const generator = new Generator(5);

/** Random numbers, row-major or, if strided, by columns. */
export function random(rows: number, cols: number, strided: boolean, draw: () => number): Nd {
  const data = Float32Array.from({ length: rows * cols }, draw);
  return strided ? permute(nd(data, [cols, rows]), [1, 0]) : nd(data, [rows, cols]);
}
export const between = (low: number, high: number) => (): number => generator.uniform(low, high);
export const wholeBelow = (limit: number) => (): number => generator.integer(0, limit);

type Unary = (x: Nd) => Nd;
type Binary = (a: Nd, b: Nd) => Nd;

export function unary(op: Unary, formula: string, low = -2, high = 2): Maker {
  const plain = elementwise(formula);
  return (rows, cols, strided) => {
    const x = random(rows, cols, strided, between(low, high));
    return { op: () => op(x), plain: () => plain(x), elements: rows * cols };
  };
}

/** Strided: b is a row that is repeated. */
export function binary(op: Binary, formula: string, low = -2, high = 2, draw = between(low, high)): Maker {
  const plain = elementwise(formula);
  return (rows, cols, strided) => {
    const [a, b] = [random(rows, cols, false, draw), random(strided ? 1 : rows, cols, false, draw)];
    return { op: () => op(a, b), plain: () => plain(a, b), elements: rows * cols };
  };
}
export const comparison = (op: Binary, sign: string): Maker =>
  binary(op, `a ${sign} b ? 1 : 0`, 0, 4, () => generator.integer(0, 4));

export const truth = (op: Binary, formula: string): Maker => binary(op, formula, 0, 2, wholeBelow(2));

/** Strided: b and c are rows that are repeated. */
export function ternary(op: (a: Nd, b: Nd, c: Nd) => Nd, formula: string): Maker {
  const plain = elementwise(formula);
  return (rows, cols, strided) => {
    const [a, b, c] = [rows, strided ? 1 : rows, strided ? 1 : rows].map((n) => random(n, cols, false, between(-2, 2)));
    return { op: () => op(a, b, c), plain: () => plain(a, b, c), elements: rows * cols };
  };
}

/** Each row to one number; strided: each column. */
export function reduction(op: (x: Nd, shape: readonly number[]) => Nd, plain: Plain, draw = between(-2, 2)): Maker {
  return (rows, cols, strided) => {
    const x = random(rows, cols, false, draw);
    const lines = strided ? permute(x, [1, 0]) : x;
    return { op: () => op(x, strided ? [1, cols] : [rows, 1]), plain: () => plain(lines), elements: rows * cols };
  };
}

/** Along rows; strided: of an array that lies by columns. */
export function alongRows(op: (x: Nd, dim: number) => Nd, plain: Plain): Maker {
  return (rows, cols, strided) => {
    const x = random(rows, cols, strided, between(-2, 2));
    return { op: () => op(x, 1), plain: () => plain(x), elements: rows * cols };
  };
}

/** Written out for row-major data; strided cases are left out. */
export const dense =
  (make: (rows: number, cols: number) => Prepared): Maker =>
  (rows, cols, strided) =>
    strided ? null : make(rows, cols);
