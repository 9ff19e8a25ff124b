/** Kernels over one row of n cells of an LSTM, forwards and back: see kernels/recurrent.ts for the formulas. */
import { f32x4, i32, join, v128, whileLoop, type Code, type Local } from './assembler.ts';
import { sigmoid, tanh } from './functions.ts';
import { AREA, written, type Pen } from './vectors.ts';

const { add, sub, mul } = f32x4;

/** Goes over n numbers, four at a time, with the addresses `at` as they go on. */
const along = (pen: Pen, n: Local, at: readonly Local[], visit: () => Code): Code =>
  whileLoop(i32.gt_s(n.get, i32.const(0)), [
    ...pen.steps(visit),
    ...at.flatMap((x) => x.set(i32.add(x.get, i32.const(16)))),
    ...n.set(i32.sub(n.get, i32.const(4))),
  ]);

/** The address so many times a distance further. */
const further = (at: Local, times: number, distance: Local): Code =>
  times === 0 ? at.get : i32.add(at.get, i32.mul(distance.get, i32.const(times)));

/**
 * run(z, n, c, y, gate, plane), distances in bytes: from z and, an area further, x, whose sums are the gates i, f, g, o
 * before their functions, `gate` apart, and the cells c, to h, c, i, f, g, o, `plane` apart from y on.
 */
export const lstmStep = written(['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], null, (pen, [z, n, c, y, gate, plane]) =>
  along(pen, n, [z, c, y], () => {
    const before = (p: number): Code => {
      const at = further(z, p, gate);
      return pen.keep(add(v128.load(0, at), v128.load(4 * AREA, at)));
    };
    const i = pen.keep(sigmoid(pen, before(0)));
    const f = pen.keep(sigmoid(pen, before(1)));
    const g = pen.keep(tanh(pen, before(2)));
    const o = pen.keep(sigmoid(pen, before(3)));
    const cell = pen.keep(add(mul(f, v128.load(0, c.get)), mul(i, g)));
    const h = pen.keep(mul(o, tanh(pen, cell)));
    return join(...[h, cell, i, f, g, o].map((value, p) => v128.store(0, further(y, p, plane), value)));
  }),
);

/** The planes that lstmStepBack reads, in order, and the one that it writes. */
export const planes = ['cell', 'i', 'f', 'g', 'o', 'gh', 'gc', 'gi', 'gf', 'gg', 'go', 'before', 'dh', 'dc', 'out'] as const; // prettier-ignore

/**
 * run(at, n, x, gate, plane): from the planes, `plane` bytes apart from `at` on, the gradients of the gates before their
 * functions, `gate` apart from x on, and in the last plane that of the cells before.
 */
export const lstmStepBack = written(['i32', 'i32', 'i32', 'i32', 'i32'], null, (pen, [at, n, x, gate, plane]) =>
  along(pen, n, [at, x], () => {
    const read = (name: (typeof planes)[number]): Code =>
      pen.keep(v128.load(0, further(at, planes.indexOf(name), plane)));
    const one = pen.constant(1);
    const slope = (u: Code): Code => mul(sub(one, u), add(one, u)); // 1 − u² would lose digits near 1
    const rest = (gate: Code): Code => mul(gate, sub(one, gate));
    const [i, f, g, o] = (['i', 'f', 'g', 'o'] as const).map(read);
    const u = pen.keep(tanh(pen, read('cell')));
    const hBar = pen.keep(add(read('dh'), read('gh')));
    const cBar = pen.keep(add(add(read('dc'), read('gc')), mul(mul(hBar, o), slope(u))));
    const gates = [
      mul(add(mul(cBar, g), read('gi')), rest(i)),
      mul(add(mul(cBar, read('before')), read('gf')), rest(f)),
      mul(add(mul(cBar, i), read('gg')), slope(g)),
      mul(add(mul(hBar, u), read('go')), rest(o)),
    ].map((value) => pen.keep(value));
    return join(
      v128.store(0, further(at, planes.indexOf('out'), plane), mul(cBar, f)),
      ...gates.map((value, p) => v128.store(0, further(x, p, gate), value)),
    );
  }),
);
