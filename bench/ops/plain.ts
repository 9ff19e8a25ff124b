/**
 * The loops that ops are compared with, as one would write them out for the data at hand: no strides where there are
 * none, no reuse between ops. They are put together from a formula, so that each has code (and V8's type feedback) of
 * its own. They make room for their result, as the ops do.
 */
import type { Nd } from '../../src/array/nd.ts';
import { digammaOf, erfcOf, erfinvOf, lgammaOf } from '../../src/kernels/special.ts';

/** Inputs of two dims to a new row-major array. */
export type Plain = (...inputs: readonly Nd[]) => Float32Array;

const letters = ['a', 'b', 'c'];

/** What formulas may use and JavaScript does not have. To the nearest whole number, halves to the even one. */
function round(x: number): number {
  const r = Math.round(x);
  return r - x === 0.5 && r % 2 !== 0 ? r - 1 : r;
}
/** Abramowitz and Stegun 7.1.26, to 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - p * Math.exp(-x * x));
}

/** The special functions are too long to write twice: a loop that calls them shows what comes on top. */
const helpers = { round, erf, erfc: erfcOf, erfinv: erfinvOf, lgamma: lgammaOf, digamma: digammaOf };

type Loop = (xs: readonly Nd['data'][], steps: readonly number[], rows: number, cols: number) => Float32Array;

/** Compiles a loop over x0, x1, …, whose element in row i and column j is at steps[0] + i·steps[1] + j·steps[2], … */
function compile(body: string): Loop {
  // oxlint-disable-next-line typescript/no-implied-eval -- the formulas are this folder's own
  const make = new Function(...Object.keys(helpers), `return (xs, steps, rows, cols) => { ${body} };`) as (
    ...functions: unknown[]
  ) => Loop;
  return make(...Object.values(helpers));
}

const call = (loop: Loop, inputs: readonly Nd[], [rows, cols]: readonly number[]): Float32Array =>
  loop(
    inputs.map((x) => x.data),
    inputs.flatMap(stepsOf),
    rows,
    cols,
  );

/** Offset and steps of an array of two dims; dims of size 1 are repeated. */
const stepsOf = ({ offset, strides, shape }: Nd): number[] => [
  offset,
  ...strides.map((stride, d) => (shape[d] === 1 ? 0 : stride)),
];

const isPlain = ({ offset, strides, shape }: Nd, [rows, cols]: readonly number[]): boolean =>
  offset === 0 && shape[0] === rows && shape[1] === cols && strides[0] === cols && strides[1] === 1;

/** y = formula(a, b, c) element by element, where inputs broadcast to the first one's shape. */
export function elementwise(formula: string): Plain {
  const args = letters.filter((x) => new RegExp(`\\b${x}\\b`).test(formula));
  const unpack = args.map((x, i) => `const ${x.toUpperCase()} = xs[${i}];`).join(' ');
  const read = (place: (i: number) => string): string =>
    args.map((x, i) => `const ${x} = ${x.toUpperCase()}[${place(i)}];`).join(' ');
  const dense = compile(
    `${unpack} const n = rows * cols, y = new Float32Array(n);
     for (let e = 0; e < n; e++) { ${read(() => 'e')} y[e] = ${formula}; } return y;`,
  );
  const strided = compile(
    `${unpack} const y = new Float32Array(rows * cols);
     ${args.map((_, i) => `const o${i} = steps[${3 * i}], r${i} = steps[${3 * i + 1}], s${i} = steps[${3 * i + 2}];`).join(' ')}
     for (let i = 0, e = 0; i < rows; i++) {
       for (let j = 0; j < cols; j++) { ${read((i) => `o${i} + i * r${i} + j * s${i}`)} y[e++] = ${formula}; }
     } return y;`,
  );
  return (...inputs) => {
    const shape = inputs[0].shape;
    return call(inputs.every((x) => isPlain(x, shape)) ? dense : strided, inputs, shape);
  };
}

/** Of each row one number: starts with `start`, goes on with `next` for each x at j, ends with `end`. */
export function fold(start: string, next: string, end = 's'): Plain {
  const loop = compile(
    `const X = xs[0], y = new Float32Array(rows), o = steps[0], r = steps[1], c = steps[2];
     for (let i = 0; i < rows; i++) {
       const first = X[o + i * r]; let at = 0; let s = ${start};
       for (let j = 0; j < cols; j++) { const x = X[o + i * r + j * c]; ${next} }
       y[i] = ${end};
     } return y;`,
  );
  return (x) => call(loop, [x], x.shape);
}

/** Of each row another one, of what has been so far: starts with `start`, goes on with `next` for each x at j. */
export function scan(start: string, next: string, each = 's'): Plain {
  const loop = compile(
    `const X = xs[0], y = new Float32Array(rows * cols), o = steps[0], r = steps[1], c = steps[2];
     for (let i = 0; i < rows; i++) {
       const first = X[o + i * r]; let at = 0; let s = ${start};
       for (let j = 0; j < cols; j++) { const x = X[o + i * r + j * c]; ${next} y[i * cols + j] = ${each}; }
     } return y;`,
  );
  return (x) => call(loop, [x], x.shape);
}

/** Of each row another one: softmax, or its logarithm. Rows are columns where the array is transposed. */
export function softmax(last: string): Plain {
  const loop = compile(
    `const X = xs[0], y = new Float32Array(rows * cols), o = steps[0], r = steps[1], c = steps[2];
     for (let i = 0; i < rows; i++) {
       let max = -Infinity, sum = 0;
       for (let j = 0; j < cols; j++) { const x = X[o + i * r + j * c]; if (x > max) max = x; }
       for (let j = 0; j < cols; j++) sum += Math.exp(X[o + i * r + j * c] - max);
       const scale = 1 / sum, shift = max + Math.log(sum);
       for (let j = 0; j < cols; j++) { const x = X[o + i * r + j * c]; y[i * cols + j] = ${last}; }
     } return y;`,
  );
  return (x) => call(loop, [x], x.shape);
}
