/** Blocks of rows that are copied, or added, from one place to another: what unfolding an image is made of. */
import { f32x4, i32, i32x4, v128, when, whileLoop, type Code, type Func } from './assembler.ts';
import { select, written } from './vectors.ts';

/** run(from, pitch, to, pitch, rows, width): for each row of `width` numbers; places and pitches in bytes. */
const rowsKernel = (join: (old: Code, x: Code) => Code): Func =>
  written(['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], null, (pen, params, variable) => {
    const [from, fromPitch, to, toPitch, rows, width] = params;
    const [at, end, rest] = [variable('i32'), variable('i32'), variable('i32')];
    const mask = variable('v128');
    const source = i32.add(from.get, at.get);
    const target = i32.add(to.get, at.get);
    const old = v128.load(0, target);
    const joined = join(old, v128.load(0, source));
    return [
      ...end.set(i32.and(width.get, i32.const(-4))),
      ...rest.set(i32.sub(width.get, end.get)),
      ...end.set(i32.shl(end.get, i32.const(2))),
      ...mask.set(i32x4.lt_s(pen.bits([0, 1, 2, 3]), i32x4.splat(rest.get))),
      ...whileLoop(rows.get, [
        ...at.set(i32.const(0)),
        ...whileLoop(i32.lt_u(at.get, end.get), [
          ...v128.store(0, target, joined),
          ...at.set(i32.add(at.get, i32.const(16))),
        ]),
        ...when(rest.get, v128.store(0, target, select(mask.get, joined, old))), // what is beyond the row stays
        ...from.set(i32.add(from.get, fromPitch.get)),
        ...to.set(i32.add(to.get, toPitch.get)),
        ...rows.set(i32.sub(rows.get, i32.const(1))),
      ]),
    ];
  });

export const copyRows = rowsKernel((_old, x) => x);
export const addRows = rowsKernel((old, x) => f32x4.add(old, x));
