/**
 * A row times a matrix in WebAssembly: each number of the matrix is used once, so there is nothing to pack, and what
 * counts is to read it as it lies.
 */
import { doWhile, f32x4, i32, i8x16, v128, whileLoop, type Code, type Func, type Local } from './assembler.ts';

const n = i32.const;
const add = (x: Local, bytes: Code): Code => x.set(i32.add(x.get, bytes));

/**
 * vectorByRows(x, b, pitch, y, yEnd, k): y += x·B for B[k, n] that lies by rows: it streams by once, four rows at a time.
 * y and the rows are read and written to the next multiple of 4.
 */
export const vectorByRows: Func<'vectorByRows'> = {
  name: 'vectorByRows',
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body([x, b, pitch, y, yEnd, k], variable) {
    const [at] = [variable('i32')];
    const row = Array.from({ length: 4 }, () => variable('i32'));
    const xs = Array.from({ length: 4 }, () => variable('v128'));
    const sum = variable('v128');
    /** y += x₀·B₀ + … for so many rows, in this order. */
    const rows = (count: number): Code => [
      ...xs
        .slice(0, count)
        .flatMap((v, r) => [
          ...v.set(v128.load32_splat(4 * r, x.get)),
          ...row[r].set(r === 0 ? b.get : i32.add(row[r - 1].get, pitch.get)),
        ]),
      ...at.set(y.get),
      ...doWhile(
        [
          ...sum.set(v128.load(0, at.get)),
          ...xs
            .slice(0, count)
            .flatMap((v, r) => [
              ...sum.set(f32x4.add(sum.get, f32x4.mul(v.get, v128.load(0, row[r].get)))),
              ...add(row[r], n(16)),
            ]),
          ...v128.store(0, at.get, sum.get),
          ...add(at, n(16)),
        ],
        i32.lt_u(at.get, yEnd.get),
      ),
      ...add(b, i32.mul(pitch.get, n(count))),
      ...add(x, n(4 * count)),
      ...k.set(i32.sub(k.get, n(count))),
    ];
    return [...whileLoop(i32.ge_s(k.get, n(4)), rows(4)), ...whileLoop(k.get, rows(1))];
  },
};

/**
 * vectorByColumns(x, b, pitch, y, yEnd, k): the same for B that lies by columns, 8 of them at a time: 4 elements of 4
 * columns are turned by a transpose, so that sums run in the same order. Columns are read past the end.
 */
export const vectorByColumns: Func<'vectorByColumns'> = {
  name: 'vectorByColumns',
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body([x, b, pitch, y, yEnd, k], variable) {
    const [xp, left] = [variable('i32'), variable('i32')];
    const col = Array.from({ length: 8 }, () => variable('i32'));
    const [s0, s1] = [variable('v128'), variable('v128')];
    const [c0, c1, c2, c3, t0, t1] = Array.from({ length: 6 }, () => variable('v128'));
    const addTo = (sum: Local, r: number, x4: Code): Code =>
      sum.set(f32x4.add(sum.get, f32x4.mul(v128.load32_splat(4 * r, xp.get), x4)));
    const turn = (sum: Local, cols: readonly Local[]): Code => [
      ...[c0, c1, c2, c3].flatMap((c, j) => c.set(v128.load(0, cols[j].get))),
      ...t0.set(i8x16.shuffle([0, 4, 1, 5], c0.get, c1.get)),
      ...t1.set(i8x16.shuffle([0, 4, 1, 5], c2.get, c3.get)),
      ...addTo(sum, 0, i8x16.shuffle([0, 1, 4, 5], t0.get, t1.get)),
      ...addTo(sum, 1, i8x16.shuffle([2, 3, 6, 7], t0.get, t1.get)),
      ...t0.set(i8x16.shuffle([2, 6, 3, 7], c0.get, c1.get)),
      ...t1.set(i8x16.shuffle([2, 6, 3, 7], c2.get, c3.get)),
      ...addTo(sum, 2, i8x16.shuffle([0, 1, 4, 5], t0.get, t1.get)),
      ...addTo(sum, 3, i8x16.shuffle([2, 3, 6, 7], t0.get, t1.get)),
    ];
    /** One element of four columns. */
    const single = (sum: Local, cols: readonly Local[]): Code =>
      addTo(
        sum,
        0,
        cols
          .slice(1)
          .reduce((lanes, c, j) => v128.load32_lane(0, j + 1, c.get, lanes), v128.load32_splat(0, cols[0].get)),
      );
    const advance = (count: number): Code => [
      ...col.flatMap((c) => add(c, n(4 * count))),
      ...add(xp, n(4 * count)),
      ...left.set(i32.sub(left.get, n(count))),
    ];
    return doWhile(
      [
        ...col.flatMap((c, j) => c.set(j === 0 ? b.get : i32.add(col[j - 1].get, pitch.get))),
        ...xp.set(x.get),
        ...left.set(k.get),
        ...s0.set(v128.load(0, y.get)),
        ...s1.set(v128.load(16, y.get)),
        ...whileLoop(i32.ge_s(left.get, n(4)), [
          ...turn(s0, col.slice(0, 4)),
          ...turn(s1, col.slice(4)),
          ...advance(4),
        ]),
        ...whileLoop(left.get, [...single(s0, col.slice(0, 4)), ...single(s1, col.slice(4)), ...advance(1)]),
        ...v128.store(0, y.get, s0.get),
        ...v128.store(16, y.get, s1.get),
        ...add(b, i32.mul(pitch.get, n(8))),
        ...add(y, n(32)),
      ],
      i32.lt_u(y.get, yEnd.get),
    );
  },
};
