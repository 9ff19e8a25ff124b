/**
 * One row of windows, four windows at a time: their sums, the place of the largest, or a number added all over each.
 * Windows have rows × cols numbers without gaps and begin `stride` apart.
 */
import { f32x4, f64x2, i32, i32x4, i8x16, join, v128, whileLoop, type Code, type Func, type Local } from './assembler.ts'; // prettier-ignore
import { select, written, type Pen } from './vectors.ts';

type Stride = 1 | 2;

interface Windows {
  readonly pen: Pen;
  readonly variable: () => Local;
  /** Where the results (or what is added) of the four windows are. */
  readonly y: Code;
  /** How many windows are left, these four included. */
  readonly left: Code;
  /** Goes over the numbers of four windows, row by row; `at` is where the first one's is. */
  readonly pass: (visit: (at: Code) => Code, afterRow?: Code) => Code;
}

/** run(x, y, n, rows, cols, pitch, …numbers): n windows, the first at x; pitch is from row to row, in bytes. */
const windowKernel = (
  stride: Stride,
  numbers: number,
  body: (windows: Windows, numbers: readonly Local[]) => { start?: Code; four: Code },
): Func =>
  written(
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', ...new Array<'f32'>(numbers).fill('f32')],
    null,
    (pen, [x, y, n, rows, cols, pitch, ...rest], variable) => {
      const [row, at, i, j] = [variable('i32'), variable('i32'), variable('i32'), variable('i32')];
      const pass: Windows['pass'] = (visit, afterRow = []) => [
        ...row.set(x.get),
        ...i.set(rows.get),
        ...whileLoop(i.get, [
          ...at.set(row.get),
          ...j.set(cols.get),
          ...whileLoop(j.get, [
            ...pen.steps(() => visit(at.get)),
            ...at.set(i32.add(at.get, i32.const(4))),
            ...j.set(i32.sub(j.get, i32.const(1))),
          ]),
          ...afterRow,
          ...row.set(i32.add(row.get, pitch.get)),
          ...i.set(i32.sub(i.get, i32.const(1))),
        ]),
      ];
      const windows = { pen, variable: () => variable('v128'), y: y.get, left: n.get, pass };
      const { start = [], four } = body(windows, rest);
      return [
        ...start,
        ...whileLoop(i32.gt_s(n.get, i32.const(0)), [
          ...four,
          ...x.set(i32.add(x.get, i32.const(16 * stride))),
          ...y.set(i32.add(y.get, i32.const(16))),
          ...n.set(i32.sub(n.get, i32.const(4))),
        ]),
      ];
    },
  );

/** One number of each of four windows. */
const read = (stride: Stride, at: Code): Code =>
  stride === 1 ? v128.load(0, at) : i8x16.shuffle([0, 2, 4, 6], v128.load(0, at), v128.load(16, at));

/** The sums, made in float64. */
const sumRow = (stride: Stride): Func =>
  windowKernel(stride, 0, ({ pen, variable, y, pass }) => {
    const [low, high] = [variable(), variable()];
    const none = pen.constant(0);
    const four = pen.steps(() => {
      const sums = pass((at) => {
        const x = pen.keep(read(stride, at));
        return [
          ...low.set(f64x2.add(low.get, f64x2.promote_low_f32x4(x))),
          ...high.set(f64x2.add(high.get, f64x2.promote_low_f32x4(i8x16.shuffle([2, 3, 2, 3], x, x)))),
        ];
      });
      const [a, b] = [f32x4.demote_f64x2_zero(low.get), f32x4.demote_f64x2_zero(high.get)];
      return join(low.set(none), high.set(none), sums, v128.store(0, y, i8x16.shuffle([0, 1, 4, 5], a, b)));
    });
    return { four };
  });

/**
 * run(…, place, step): the place of the largest number, of which `place` (as float32) is that of the first window's first
 * number, and `step` how far apart rows are. The first of several, the last NaN.
 */
const argmaxRow = (stride: Stride): Func =>
  windowKernel(stride, 2, ({ pen, variable, y, pass }, [place, step]) => {
    const [first, down, here, found, best] = Array.from({ length: 5 }, variable);
    const [a, b, c, d] = new Int32Array(Float32Array.of(0, stride, 2 * stride, 3 * stride).buffer);
    const largest = pass(
      (at) => {
        const v = pen.keep(read(stride, at));
        const wins = pen.keep(v128.or(f32x4.gt(v, best.get), f32x4.ne(v, v)));
        return [
          ...best.set(select(wins, v, best.get)),
          ...found.set(select(wins, here.get, found.get)),
          ...here.set(f32x4.add(here.get, pen.constant(1))),
        ];
      },
      [...down.set(f32x4.add(down.get, f32x4.splat(step.get))), ...here.set(down.get)],
    );
    return {
      start: first.set(f32x4.add(f32x4.splat(place.get), pen.bits([a, b, c, d]))),
      four: [
        ...best.set(pen.constant(-Infinity)),
        ...[found, down, here].flatMap((x) => x.set(first.get)),
        ...largest,
        ...v128.store(0, y, found.get),
        ...first.set(f32x4.add(first.get, pen.constant(4 * stride))),
      ],
    };
  });

/** Adds y to all numbers of its window. */
const spreadRow = (stride: Stride): Func =>
  windowKernel(stride, 0, ({ pen, variable, y, left, pass }) => {
    const value = variable();
    const none = pen.constant(0);
    const addTo = (at: Code, bytes: number, x: Code): Code => v128.store(bytes, at, f32x4.add(v128.load(bytes, at), x));
    const there = i32x4.lt_s(pen.bits([0, 1, 2, 3]), i32x4.splat(left)); // windows past the last one get nothing
    return {
      four: [
        ...value.set(select(there, v128.load(0, y), none)),
        ...pass((at) =>
          stride === 1
            ? addTo(at, 0, value.get)
            : join(
                addTo(at, 0, i8x16.shuffle([0, 4, 1, 4], value.get, none)),
                addTo(at, 16, i8x16.shuffle([2, 4, 3, 4], value.get, none)),
              ),
        ),
      ],
    };
  });

/** By stride. */
export const sumRows = { 1: sumRow(1), 2: sumRow(2) };
export const argmaxRows = { 1: argmaxRow(1), 2: argmaxRow(2) };
export const spreadRows = { 1: spreadRow(1), 2: spreadRow(2) };
