/** Kernels over one row (see rows.ts) for normalization: its mean and scale are given, as float32. */
import { f32, f32x4, i32, v128, type Code, type Func, type Local } from './assembler.ts';
import { doubleSum, load, result, rowKernel, second, store, total, type Row } from './rows.ts';

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

/** What all rows share lies in the fourth area, so far from the row: w, and the next row there, b. */
const shared = (at: Code, way: Local): Code => i32.add(at, way.get);

/** run(at, n, wayW, wayB, mean, scale): y = (x − μ)·s·w + b. */
export const layerNorm: Func = rowKernel(
  null,
  (row, [wayW, wayB, ...numbers]) => {
    const { start, lanes: [mean, scale] } = splats(row, numbers); // prettier-ignore
    const w = (at: Code): Code => v128.load(0, shared(at, wayW));
    const b = (at: Code): Code => v128.load(0, shared(at, wayB));
    return [...start, ...row.pass((at) => store(at, add(mul(mul(sub(load(at), mean), scale), w(at)), b(at))))];
  },
  ['i32', 'i32', 'f32', 'f32'],
);

/**
 * run(at, n, wayW, mean, scale, n as float32), from x and g: with z = (x − μ)·s and u = g⊙w it gives
 * x̄ = s·(u − mean u − z·mean(u⊙z)), and writes g⊙z, whose sums over rows are w̄, over x.
 */
export const layerNormGrad: Func = rowKernel(
  null,
  (row, [wayW, mean, scale, count]) => {
    const { pen } = row;
    const { start, lanes: [m, s] } = splats(row, [mean, scale]); // prettier-ignore
    const [sums, along] = [doubleSum(row), doubleSum(row)];
    const [middle, slope] = [row.variable(), row.variable()];
    const average = (lanes: Code): Code => splat(f32.div(f32.demote_f64(total(lanes)), count.get));
    return [
      ...start,
      ...row.pass((at, masked) => {
        const z = pen.keep(mul(sub(load(at), m), s));
        const u = pen.keep(masked(mul(second(at), v128.load(0, shared(at, wayW))), pen.constant(0)));
        return [
          ...sums.add(u),
          ...along.add(pen.keep(mul(u, masked(z, pen.constant(0))))),
          ...store(at, u),
          ...v128.store(0, at, masked(z, load(at))),
        ];
      }),
      ...middle.set(average(sums.lanes)),
      ...slope.set(average(along.lanes)),
      ...row.pass((at, masked) => {
        const z = pen.keep(load(at));
        return [
          ...store(at, mul(s, sub(sub(result(at), middle.get), mul(z, slope.get)))),
          ...v128.store(0, at, masked(mul(second(at), z), z)),
        ];
      }),
    ];
  },
  ['i32', 'f32', 'f32', 'f32'],
);
