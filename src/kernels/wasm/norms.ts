/** Kernels over one row (see rows.ts) for normalization; where a kernel is given mean and scale, as float32. */
import { f32, f32x4, f64, i32, v128, type Code, type Func, type Local } from './assembler.ts';
import { doubleSum, load, rowKernel, rowsKernel, second, store, total, type Row } from './rows.ts';

const { add, sub, mul, splat } = f32x4;

/** The numbers of a kernel in all lanes, and the code that puts them there. */
function splats({ variable }: Row, numbers: readonly Local[]): { start: Code; lanes: Code[] } {
  const lanes = numbers.map(() => variable());
  return { start: lanes.flatMap((x, i) => x.set(splat(numbers[i].get))), lanes: lanes.map((x) => x.get) };
}

/** run(at, n, mean): Σ (x − μ)². */
export const squares = rowKernel(
  'f64',
  (row, numbers) => {
    const { pen } = row;
    const { start, lanes: [mean] } = splats(row, numbers); // prettier-ignore
    const sums = doubleSum(row);
    const pass = row.pass((at, masked) => {
      const d = pen.keep(masked(sub(load(at), mean), pen.constant(0)));
      return sums.add(pen.keep(mul(d, d)));
    });
    return [...start, ...pass, ...total(sums.lanes)];
  },
  ['f32'],
);

/** run(at, n): Σ x·y with the second operand. */
export const dot = rowKernel('f64', (row) => {
  const { pen } = row;
  const sums = doubleSum(row);
  const pass = row.pass((at, masked) => sums.add(pen.keep(masked(mul(load(at), second(at)), pen.constant(0)))));
  return [...pass, ...total(sums.lanes)];
});

/** run(at, n, mean, scale): y = (x − μ)·s. */
export const standardize = rowKernel(
  null,
  (row, numbers) => {
    const { start, lanes: [mean, scale] } = splats(row, numbers); // prettier-ignore
    return [...start, ...row.pass((at) => store(at, mul(sub(load(at), mean), scale)))];
  },
  ['f32', 'f32'],
);

/** run(at, n, scale, mean, slope): x̄ = s·(g − m − y·p), from g and the standardized y. */
export const standardizeGrad = rowKernel(
  null,
  (row, numbers) => {
    const { start, lanes: [scale, mean, slope] } = splats(row, numbers); // prettier-ignore
    return [...start, ...row.pass((at) => store(at, mul(scale, sub(sub(load(at), mean), mul(second(at), slope)))))];
  },
  ['f32', 'f32', 'f32'],
);

/** What all rows share, w and b, lies somewhere at an address; here the part of it that belongs to the vector at `at`. */
const shared = (row: Row, at: Code, address: Local): Code => v128.load(0, i32.add(i32.sub(at, row.at), address.get));

/** Mean and 1/√(σ² + ε) of a row into all lanes of two variables. */
function moments(row: Row, mean: Local, scale: Local, eps: Local): Code {
  const { pen, n, through } = row;
  const sums = doubleSum(row);
  const average = f64.div(total(sums.lanes), f64.convert_i32_s(n));
  return [
    ...sums.clear,
    ...through(
      (at, masked) => [masked(load(at), pen.constant(0))],
      ([x], _at, second) => sums.add(x, second),
    ),
    ...mean.set(splat(f32.demote_f64(average))),
    ...sums.clear,
    ...through(
      (at, masked) => [masked(sub(load(at), mean.get), pen.constant(0))],
      ([d], _at, second) => sums.add(pen.keep(mul(d, d)), second),
    ),
    ...scale.set(splat(f32.demote_f64(f64.div(f64.const(1), f64.sqrt(f64.add(average, eps.get)))))),
  ];
}

/** Rows; addresses of w and b, ε: y = (x − μ)·s·w + b. */
export const layerNorm: Func = rowsKernel(
  (row, [w, b, eps]) => {
    const [mean, scale] = [row.variable(), row.variable()];
    return [
      ...moments(row, mean, scale, eps),
      ...row.through(
        (at) => [add(mul(mul(sub(load(at), mean.get), scale.get), shared(row, at, w)), shared(row, at, b))],
        ([y], at) => store(at, y),
      ),
    ];
  },
  ['i32', 'i32', 'f64'],
);

/**
 * Rows; the address of w, ε: from x and g, with z = (x − μ)·s and u = g⊙w, x̄ = s·(u − mean u − z·mean(u⊙z)); and
 * g⊙z, whose sums over rows are w̄, are written over x.
 */
export const layerNormGrad: Func = rowsKernel(
  (row, [w, eps]) => {
    const { pen, through } = row;
    const [mean, scale, middle, slope] = [row.variable(), row.variable(), row.variable(), row.variable()];
    const [sums, along] = [doubleSum(row), doubleSum(row)];
    const average = (lanes: Code): Code => splat(f32.demote_f64(f64.div(total(lanes), f64.convert_i32_s(row.n))));
    const z = (at: Code): Code => pen.keep(mul(sub(load(at), mean.get), scale.get));
    const u = (at: Code): Code => mul(second(at), shared(row, at, w));
    return [
      ...moments(row, mean, scale, eps),
      ...sums.clear,
      ...along.clear,
      ...through(
        (at, masked) => {
          const weighed = pen.keep(masked(u(at), pen.constant(0)));
          return [weighed, mul(weighed, masked(z(at), pen.constant(0)))];
        },
        ([x, y], _at, other) => [...sums.add(x, other), ...along.add(y, other)],
      ),
      ...middle.set(average(sums.lanes)),
      ...slope.set(average(along.lanes)),
      ...through(
        (at, masked) => {
          const standard = z(at);
          const xBar = mul(scale.get, sub(sub(u(at), middle.get), mul(standard, slope.get)));
          return [xBar, masked(mul(second(at), standard), load(at))];
        },
        ([xBar, product], at) => [...store(at, xBar), ...v128.store(0, at, product)],
      ),
    ];
  },
  ['i32', 'f64'],
);
