/** The largest number of each window along one row of windows. */
import { f32x4, i32, i8x16, v128, whileLoop, type Code, type Func } from './assembler.ts';
import { select, written } from './vectors.ts';

/**
 * run(x, y, n, rows, cols, pitch, place, step): for n windows of rows × cols numbers, the first at x and each next one
 * `stride` further, the place of the largest: `place` (a float32) is that of the first window's first number, and `step`
 * how far apart rows are; pitch is the same in bytes. The first of several, the last NaN.
 */
export const argmaxRow = (stride: 1 | 2): Func =>
  written(['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'f32', 'f32'], null, (pen, params, variable) => {
    const [x, y, n, rows, cols, pitch, place, step] = params;
    const [row, at, i, j] = [variable('i32'), variable('i32'), variable('i32'), variable('i32')];
    const [first, down, here, found, best] = Array.from({ length: 5 }, () => variable('v128'));
    const floats = (lanes: readonly number[]): Code => {
      const [a, b, c, d] = new Int32Array(Float32Array.from(lanes).buffer);
      return pen.bits([a, b, c, d]);
    };
    const read =
      stride === 1 ? v128.load(0, at.get) : i8x16.shuffle([0, 2, 4, 6], v128.load(0, at.get), v128.load(16, at.get));
    const look = pen.steps(() => {
      const v = pen.keep(read);
      const wins = pen.keep(v128.or(f32x4.gt(v, best.get), f32x4.ne(v, v)));
      return [
        ...best.set(select(wins, v, best.get)),
        ...found.set(select(wins, here.get, found.get)),
        ...here.set(f32x4.add(here.get, pen.constant(1))),
        ...at.set(i32.add(at.get, i32.const(4))),
        ...j.set(i32.sub(j.get, i32.const(1))),
      ];
    });
    return [
      ...first.set(f32x4.add(f32x4.splat(place.get), floats([0, 1, 2, 3].map((lane) => stride * lane)))),
      ...whileLoop(i32.gt_s(n.get, i32.const(0)), [
        ...best.set(pen.constant(-Infinity)),
        ...found.set(first.get),
        ...down.set(first.get),
        ...row.set(x.get),
        ...i.set(rows.get),
        ...whileLoop(i.get, [
          ...at.set(row.get),
          ...here.set(down.get),
          ...j.set(cols.get),
          ...whileLoop(j.get, look),
          ...down.set(f32x4.add(down.get, f32x4.splat(step.get))),
          ...row.set(i32.add(row.get, pitch.get)),
          ...i.set(i32.sub(i.get, i32.const(1))),
        ]),
        ...v128.store(0, y.get, found.get),
        ...first.set(f32x4.add(first.get, pen.constant(4 * stride))),
        ...x.set(i32.add(x.get, i32.const(16 * stride))),
        ...y.set(i32.add(y.get, i32.const(16))),
        ...n.set(i32.sub(n.get, i32.const(4))),
      ]),
    ];
  });
export const argmaxRow1 = argmaxRow(1);
export const argmaxRow2 = argmaxRow(2);
