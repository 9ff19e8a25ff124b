/**
 * Kernels over one row of n numbers that lies at `at`, a second operand an area and the result two areas further.
 * Sums run in float64, in an order that depends on n alone. What is left of a last vector after the row's end is
 * masked on the way in, and on the way out lands where the next row's result will be.
 */
import { f32, f32x4, f64, f64x2, i32, i32x4, i8x16, v128, when, whileLoop } from './assembler.ts';
import type { Code, Func, Instruction, Local, ValueType } from './assembler.ts';
import { exp, log } from './functions.ts';
import { AREA, select, written, type Pen } from './vectors.ts';

const { abs, add, sub, mul, lt, pmax } = f32x4;

export const load = (at: Code): Code => v128.load(0, at);
export const second = (at: Code): Code => v128.load(4 * AREA, at);
export const result = (at: Code): Code => v128.load(8 * AREA, at);
export const store = (at: Code, x: Code): Code => v128.store(8 * AREA, at, x);

/** What is done with the vector at an address; `masked` puts a value in place of what is not of the row. */
type Visit = (at: Code, masked: (x: Code, outside: Code) => Code) => Code;

/** What a kernel over a row is written with. */
export interface Row {
  readonly pen: Pen;
  readonly at: Code;
  readonly variable: () => Local;
  /** Goes over the row's vectors; first over two at a time if `pair` is given. */
  readonly pass: (visit: Visit, pair?: (at: Code, next: Code) => Code) => Code;
}

/** run(at, n, …numbers). */
export const rowKernel = (
  type: ValueType | null,
  body: (row: Row, numbers: readonly Local[]) => Code,
  numbers: readonly ValueType[] = [],
): Func =>
  written(['i32', 'i32', ...numbers], type, (pen, [at, n, ...rest], variable) => {
    const [place, end, left] = [variable('i32'), variable('i32'), variable('i32')];
    const mask = variable('v128');
    const go = (bytes: number): Code => place.set(i32.add(place.get, i32.const(bytes)));
    const next = i32.add(place.get, i32.const(16));
    const pass: Row['pass'] = (visit, pair) => [
      ...place.set(at.get),
      ...(pair ? whileLoop(i32.lt_u(next, end.get), [...pen.steps(() => pair(place.get, next)), ...go(32)]) : []),
      ...whileLoop(i32.lt_u(place.get, end.get), [...pen.steps(() => visit(place.get, (x) => x)), ...go(16)]),
      ...when(
        left.get,
        pen.steps(() => visit(place.get, (x, outside) => select(mask.get, x, outside))),
      ),
    ];
    return [
      ...left.set(i32.and(n.get, i32.const(3))),
      ...end.set(i32.add(at.get, i32.shl(i32.sub(n.get, left.get), i32.const(2)))),
      ...mask.set(i32x4.lt_s(pen.bits([0, 1, 2, 3]), i32x4.splat(left.get))),
      ...body({ pen, at: at.get, variable: () => variable('v128'), pass }, rest),
    ];
  });

/** A sum of float32 in float64: two lanes for the lower halves of vectors, two for the upper ones. */
export function doubleSum({ variable }: Row): { lanes: Code; add: (x: Code) => Code } {
  const [low, high] = [variable(), variable()]; // locals begin at 0
  return {
    lanes: f64x2.add(low.get, high.get),
    add: (x) => [
      ...low.set(f64x2.add(low.get, f64x2.promote_low_f32x4(x))),
      ...high.set(f64x2.add(high.get, f64x2.promote_low_f32x4(i8x16.shuffle([2, 3, 2, 3], x, x)))),
    ],
  };
}
/** Its value: that of both lanes together. */
export const total = (lanes: Code): Code => f64.add(f64x2.extract_lane(0, lanes), f64x2.extract_lane(1, lanes));
/** The same in float32, in all four lanes. */
export const totals = (lanes: Code): Code => f32x4.splat(f32.demote_f64(total(lanes)));

/** The four lanes of x brought together, in all lanes. */
const across = (x: Local, join: Instruction): Code => [
  ...x.set(join(x.get, i8x16.shuffle([2, 3, 0, 1], x.get, x.get))),
  ...x.set(join(x.get, i8x16.shuffle([1, 0, 3, 2], x.get, x.get))),
];

/** The extreme by `pick`, which passes NaN over; it is noted apart, and `join` lets it through. */
const extreme = (pick: Instruction, join: Instruction, none: number): Func =>
  rowKernel('f32', (row) => {
    const { pen } = row;
    const [best, odd] = [row.variable(), row.variable()];
    return [
      ...best.set(pen.constant(none)),
      ...row.pass((at, masked) => {
        const x = pen.keep(masked(load(at), pen.constant(none)));
        return [...best.set(pick(best.get, x)), ...odd.set(v128.or(odd.get, f32x4.ne(x, x)))];
      }),
      ...best.set(v128.or(best.get, odd.get)), // all ones are a NaN
      ...across(best, join),
      ...f32x4.extract_lane(0, best.get),
    ];
  });

export const amax = extreme(pmax, f32x4.max, -Infinity);
export const amin = extreme(f32x4.pmin, f32x4.min, Infinity);

/** Σ x. Two vectors at a time, for additions wait for each other. */
export const sum = rowKernel('f64', (row) => {
  const [first, other] = [doubleSum(row), doubleSum(row)];
  const { pen } = row;
  const pass = row.pass(
    (at, masked) => first.add(pen.keep(masked(load(at), pen.constant(0)))),
    (at, next) => [...first.add(pen.keep(load(at))), ...other.add(pen.keep(load(next)))],
  );
  return [...pass, ...total(f64x2.add(first.lanes, other.lanes))];
});

/** The largest x into m. Beside NaN it does not matter: e^(x−m) is NaN all the same, and so is the sum. */
function largest({ pen, pass }: Row, m: Local, read = load): Code {
  const none = pen.constant(-Infinity);
  return [...m.set(none), ...pass((at, masked) => m.set(pmax(m.get, masked(read(at), none)))), ...across(m, pmax)];
}

/** Adds up e^(x−m), and does with each what `use` says. */
const sumOfPowers = (
  row: Row,
  m: Local,
  sums: ReturnType<typeof doubleSum>,
  use?: (at: Code, e: Code) => Code,
  read = load,
): Code =>
  row.pass((at, masked) => {
    const { pen } = row;
    const e = pen.keep(masked(exp(pen, pen.keep(sub(read(at), m.get))), pen.constant(0)));
    return [...sums.add(e), ...(use ? use(at, e) : [])];
  });

/** run(at, n, number): y = weight · e^(x−m) / Σ e^(x−m). The number is the weight or, if `scaled`, what x is multiplied by. */
const softmaxKernel = (scaled: boolean): Func =>
  rowKernel(
    null,
    (row, [number]) => {
      const [m, factor, sums] = [row.variable(), row.variable(), doubleSum(row)];
      const read = (at: Code): Code => (scaled ? mul(load(at), factor.get) : load(at));
      const weight = scaled ? f32.const(1) : number.get;
      return [
        ...factor.set(f32x4.splat(number.get)),
        ...largest(row, m, read),
        ...sumOfPowers(row, m, sums, store, read),
        ...factor.set(f32x4.splat(f32.div(weight, f32.demote_f64(total(sums.lanes))))),
        ...row.pass((at) => store(at, mul(result(at), factor.get))),
      ];
    },
    ['f32'],
  );
export const softmax = softmaxKernel(false);
export const scaledSoftmax = softmaxKernel(true);

/** y = (x − m) − log Σ e^(x−m). */
export const logSoftmax = rowKernel(null, (row) => {
  const [m, shift, sums] = [row.variable(), row.variable(), doubleSum(row)];
  return [
    ...largest(row, m),
    ...sumOfPowers(row, m, sums),
    ...row.pen.steps(() => shift.set(log(row.pen, row.pen.keep(totals(sums.lanes))))),
    ...row.pass((at) => store(at, sub(sub(load(at), m.get), shift.get))),
  ];
});

/** A number made of m and log Σ e^(x−m). Where m is infinite 0 takes its place, and the logarithm is infinite. */
const fromLogSum = (made: (row: Row, m: Code, log: Code, number: Local) => Code, numbers: readonly ValueType[]): Func =>
  rowKernel(
    'f32',
    (row, [number]) => {
      const [m, sums] = [row.variable(), doubleSum(row)];
      const { pen } = row;
      return [
        ...largest(row, m),
        ...m.set(v128.and(m.get, lt(abs(m.get), pen.constant(Infinity)))),
        ...sumOfPowers(row, m, sums),
        ...pen.steps(() => made(row, m.get, log(pen, pen.keep(totals(sums.lanes))), number)),
      ];
    },
    numbers,
  );

export const logsumexp = fromLogSum((_row, m, logSum) => f32x4.extract_lane(0, add(m, logSum)), []);

/** run(at, n, target): −log softmax(x)[target], from the target's place in bytes. */
export const crossEntropy = fromLogSum(
  (row, m, logSum, target) =>
    f32x4.extract_lane(0, sub(logSum, sub(v128.load32_splat(0, i32.add(row.at, target.get)), m))),
  ['i32'],
);

/** run(at, n, scale): y = scale · t ⊙ (g − Σ g⊙t), from g and the softmax t. */
export const softmaxGrad = rowKernel(
  null,
  (row, [scale]) => {
    const [dot, factor, sums] = [row.variable(), row.variable(), doubleSum(row)];
    const { pen } = row;
    return [
      ...row.pass((at, masked) => sums.add(pen.keep(masked(mul(load(at), second(at)), pen.constant(0))))),
      ...dot.set(totals(sums.lanes)),
      ...factor.set(f32x4.splat(scale.get)),
      ...row.pass((at) => store(at, mul(mul(second(at), sub(load(at), dot.get)), factor.get))),
    ];
  },
  ['f32'],
);

/** y = g − e^t Σ g, from g and the logarithm t of a softmax. */
export const logSoftmaxGrad = rowKernel(null, (row) => {
  const [all, sums] = [row.variable(), doubleSum(row)];
  const { pen } = row;
  return [
    ...row.pass((at, masked) => sums.add(pen.keep(masked(load(at), pen.constant(0))))),
    ...all.set(totals(sums.lanes)),
    ...row.pass((at) => store(at, sub(load(at), mul(exp(pen, pen.keep(second(at))), all.get)))),
  ];
});

/**
 * run(at, n, sums, rows, pitch): adds each of n columns of `rows` rows, which are `pitch` bytes apart, to its
 * sum in float64. Four columns at a time; sums of up to three columns more than there are must have room.
 */
export const sumColumns = written(['i32', 'i32', 'i32', 'i32', 'i32'], null, (pen, params, variable) => {
  const [at, n, sums, rows, pitch] = params;
  const [place, row, end] = [variable('i32'), variable('i32'), variable('i32')];
  const [low, high] = [variable('v128'), variable('v128')];
  const round = pen.steps(() => {
    const x = pen.keep(load(place.get));
    return [
      ...low.set(f64x2.add(low.get, f64x2.promote_low_f32x4(x))),
      ...high.set(f64x2.add(high.get, f64x2.promote_low_f32x4(i8x16.shuffle([2, 3, 2, 3], x, x)))),
      ...place.set(i32.add(place.get, pitch.get)),
      ...row.set(i32.sub(row.get, i32.const(1))),
    ];
  });
  return [
    ...end.set(i32.add(at.get, i32.shl(n.get, i32.const(2)))),
    ...whileLoop(i32.lt_u(at.get, end.get), [
      ...low.set(v128.load(0, sums.get)),
      ...high.set(v128.load(16, sums.get)),
      ...place.set(at.get),
      ...row.set(rows.get),
      ...whileLoop(row.get, round),
      ...v128.store(0, sums.get, low.get),
      ...v128.store(16, sums.get, high.get),
      ...sums.set(i32.add(sums.get, i32.const(32))),
      ...at.set(i32.add(at.get, i32.const(16))),
    ]),
  ];
});
