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

/** Puts a value in place of what is not of the row. */
type Masked = (x: Code, outside: Code) => Code;

/** What a kernel over a row is written with. */
export interface Row {
  readonly pen: Pen;
  /** The row's place, and how many numbers it has. */
  readonly at: Code;
  readonly n: Code;
  readonly variable: () => Local;
  /** Goes over the row's vectors, whose addresses `visit` is given; first over two at a time if `pair` is given. */
  readonly pass: (visit: (at: Code, masked: Masked) => Code, pair?: (at: Code, next: Code) => Code) => Code;
  /**
   * The same where `values` are made of each vector, and then used; `second` says of which of two vectors. Of two that are
   * made side by side V8 may make one of 256 bits, if neither was stored before both are made.
   */
  readonly through: (
    values: (at: Code, masked: Masked) => readonly Code[],
    use: (values: readonly Code[], at: Code, second: boolean) => Code,
  ) => Code;
}
/** What is done with a row; numbers are the kernel's own. */
type Body = (row: Row, numbers: readonly Local[]) => Code;

/** A row of n numbers, and what is to be done before it. */
function rowOf(pen: Pen, at: Local, n: Local, variable: (type: ValueType) => Local): { row: Row; start: Code } {
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
  const through: Row['through'] = (values, use) => {
    const made = (at: Code, masked: Masked = (x) => x): readonly Code[] => values(at, masked).map((x) => pen.keep(x));
    return pass(
      (at, masked) => use(made(at, masked), at, false),
      (at, next) => {
        const [first, other] = [made(at), made(next)];
        return [...use(first, at, false), ...use(other, next, true)];
      },
    );
  };
  return {
    row: { pen, at: at.get, n: n.get, variable: () => variable('v128'), pass, through },
    start: [
      ...left.set(i32.and(n.get, i32.const(3))),
      ...end.set(i32.add(at.get, i32.shl(i32.sub(n.get, left.get), i32.const(2)))),
      ...mask.set(i32x4.lt_s(pen.bits([0, 1, 2, 3]), i32x4.splat(left.get))),
    ],
  };
}

/** run(at, n, …numbers). */
export const rowKernel = (type: ValueType | null, body: Body, numbers: readonly ValueType[] = []): Func =>
  written(['i32', 'i32', ...numbers], type, (pen, [at, n, ...rest], variable) => {
    const { row, start } = rowOf(pen, at, n, variable);
    return [...start, ...body(row, rest)];
  });

/** A period that does not end: with a length of `width` all numbers of all rows count. */
export const ENDLESS = 2 ** 31 - 1;

/**
 * run(at, width, rows, length, period, …numbers): the same for row after row of `width` numbers. Of the first one so many
 * count as `length` says (at most all), of each next one more, and after the `period`-th 1 again; their results are
 * followed by zeros.
 */
export const rowsKernel = (body: Body, numbers: readonly ValueType[] = []): Func =>
  written(
    ['i32', 'i32', 'i32', 'i32', 'i32', ...numbers],
    null,
    (pen, [at, width, rows, length, period, ...rest], variable) => {
      const [n, next] = [variable('i32'), variable('i32')];
      const { row, start } = rowOf(pen, at, n, variable);
      const oneMore = (x: Local, by: number): Code => x.set(i32.add(x.get, i32.const(by)));
      const round = pen.steps(() => [
        ...n.set(length.get),
        ...when(i32.gt_s(n.get, width.get), n.set(width.get)),
        ...start,
        ...body(row, rest),
        ...next.set(i32.add(at.get, i32.shl(width.get, i32.const(2)))),
        ...at.set(i32.add(at.get, i32.shl(n.get, i32.const(2)))),
        ...whileLoop(i32.lt_u(at.get, next.get), [...store(at.get, pen.constant(0)), ...oneMore(at, 16)]),
        ...at.set(next.get),
        ...when(i32.ge_s(length.get, period.get), length.set(i32.const(0))),
        ...oneMore(length, 1),
        ...oneMore(rows, -1),
      ]);
      return whileLoop(rows.get, round);
    },
  );

/** A sum of float32 in float64: lanes for the halves of vectors, and others for every second vector, for additions wait for each other. */
export function doubleSum({ pen, variable }: Row): {
  clear: Code;
  lanes: Code;
  add: (x: Code, second?: boolean) => Code;
} {
  const all = [variable(), variable(), variable(), variable()];
  const [a, b, c, d] = all.map((x) => x.get);
  return {
    clear: all.flatMap((x) => x.set(pen.constant(0))),
    lanes: f64x2.add(f64x2.add(a, b), f64x2.add(c, d)),
    add: (x, second = false) => {
      const [low, high] = all.slice(second ? 2 : 0);
      return [
        ...low.set(f64x2.add(low.get, f64x2.promote_low_f32x4(x))),
        ...high.set(f64x2.add(high.get, f64x2.promote_low_f32x4(i8x16.shuffle([2, 3, 2, 3], x, x)))),
      ];
    },
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

/** Σ x. */
export const sum = rowKernel('f64', (row) => {
  const sums = doubleSum(row);
  const pass = row.through(
    (at, masked) => [masked(load(at), row.pen.constant(0))],
    ([x], _at, second) => sums.add(x, second),
  );
  return [...pass, ...total(sums.lanes)];
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
  row.through(
    (at, masked) => [masked(exp(row.pen, row.pen.keep(sub(read(at), m.get))), row.pen.constant(0))],
    ([e], at, second) => [...sums.add(e, second), ...(use ? use(at, e) : [])],
  );

/** y = weight · e^(x−m) / Σ e^(x−m). The number is the weight or, if `scaled`, what x is multiplied by. */
const softmaxOf =
  (scaled: boolean): Body =>
  (row, [number]) => {
    const [m, factor, sums] = [row.variable(), row.variable(), doubleSum(row)];
    const read = (at: Code): Code => (scaled ? mul(load(at), factor.get) : load(at));
    const weight = scaled ? f32.const(1) : number.get;
    return [
      ...sums.clear,
      ...factor.set(f32x4.splat(number.get)),
      ...largest(row, m, read),
      ...sumOfPowers(row, m, sums, store, read),
      ...factor.set(f32x4.splat(f32.div(weight, f32.demote_f64(total(sums.lanes))))),
      ...row.through(
        (at) => [mul(result(at), factor.get)],
        ([y], at) => store(at, y),
      ),
    ];
  };
/** run(at, n, weight). */
export const softmax = rowKernel(null, softmaxOf(false), ['f32']);
/** Over rows: see rowsKernel, and attention.ts. */
export const scaledSoftmax = rowsKernel(softmaxOf(true), ['f32']);

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

/** y = scale · t ⊙ (g − Σ g⊙t), from g and the softmax t. */
const softmaxBack: Body = (row, [scale]) => {
  const [dot, factor, sums] = [row.variable(), row.variable(), doubleSum(row)];
  return [
    ...sums.clear,
    ...row.through(
      (at, masked) => [masked(mul(load(at), second(at)), row.pen.constant(0))],
      ([x], _at, other) => sums.add(x, other),
    ),
    ...dot.set(totals(sums.lanes)),
    ...factor.set(f32x4.splat(scale.get)),
    ...row.through(
      (at) => [mul(mul(second(at), sub(load(at), dot.get)), factor.get)],
      ([y], at) => store(at, y),
    ),
  ];
};
/** run(at, n, scale). */
export const softmaxGrad = rowKernel(null, softmaxBack, ['f32']);
/** Over rows. */
export const scaledSoftmaxGrad = rowsKernel(softmaxBack, ['f32']);

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
