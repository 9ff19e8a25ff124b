/**
 * The innermost loops of matmul in WebAssembly (the 1st to 3rd loop around the micro-kernel in BLIS's counting), and
 * what puts B in panels for them. The loops around these are TypeScript: matmul/simd.ts.
 */
import { block, br_if, doWhile, f32x4, i32, i8x16, join, v128, when, whileLoop } from './assembler.ts';
import type { Code, Func, Local } from './assembler.ts';
import { vectorByColumns, vectorByRows } from './vectorMatrix.ts';

/** The shape of a tile, and how it multiplies and adds. */
export interface Tile {
  readonly rows: number;
  /** Columns, 4 to a vector. */
  readonly cols: number;
  /** With one rounding for product and sum, where the machine has it ("relaxed"), else with one for each. */
  readonly fused: boolean;
}

/**
 * Sums stay in registers, of which V8 has 15 to give: rows·cols/4 vectors of sums, cols/4 of B, one of A and, unless
 * fused, one for the product.
 */
export const tileOf = {
  'mul+add': { rows: 4, cols: 8, fused: false },
  fma: { rows: 6, cols: 8, fused: true },
  /** 24 vectors of sums, which V8 turns into 12 of twice the width. */
  'fma 256': { rows: 6, cols: 16, fused: true },
} as const satisfies Record<string, Tile>;

export type Instructions = keyof typeof tileOf;

/** What these make. */
export type FunctionName =
  | 'tilesByRows'
  | 'tilesByColumns'
  | 'packColumns'
  | 'packRows'
  | 'packA'
  | 'compact'
  | 'vectorByRows'
  | 'vectorByColumns';

const UNROLL = 8;

const n = i32.const;
const add = (x: Local, bytes: Code): Code => x.set(i32.add(x.get, bytes));
/** Counts x down to 0 by one. */
const countDown = (x: Local, body: Code): Code => doWhile(join(body, x.set(i32.sub(x.get, n(1)))), x.get);

/**
 * tiles(a, aEnd, aStep, aPitch, b, bEnd, bStep, bPitch, c, pitch, kc, from): C += A·B, tile by tile: for each panel of B, which then
 * stays in the L1 cache, all rows of A. If `from` is not 0, sums begin not at C but at the row of numbers that lies there.
 *
 * A lies by rows or by columns, `aPitch` bytes from one to the next, and `aStep` bytes lead to the rows of the next tile.
 * Panels of B are `bStep` bytes apart and their rows `bPitch`. So both may be packed in panels, or be where they lie.
 * Rows of C are `pitch` bytes apart.
 * Rows and columns past the end are computed from whatever lies there, and not copied out.
 */
const tiles = (name: 'tilesByRows' | 'tilesByColumns', { rows, cols, fused }: Tile): Func<FunctionName> => ({
  name,
  params: Array.from({ length: 12 }, () => 'i32'),
  body([a, aEnd, aStep, aPitch, b, bEnd, bStep, bPitch, c, pitch, kc, from], variable) {
    const byRows = name === 'tilesByRows';
    const [aTile, bp, cTile, row, k] = Array.from({ length: 5 }, () => variable('i32'));
    const ap = Array.from({ length: byRows ? rows : 1 }, () => variable('i32'));
    const sums = Array.from({ length: rows }, () => Array.from({ length: cols / 4 }, () => variable('v128')));
    const bs = Array.from({ length: cols / 4 }, () => variable('v128'));
    const as = variable('v128');

    const multiplyAdd = (sum: Local, x: Local): Code =>
      fused ? f32x4.relaxed_madd(as.get, x.get, sum.get) : f32x4.add(sum.get, f32x4.mul(as.get, x.get));
    // V8 in Node 20 and 22 moves all loads of a basic block to its top, and would run out of registers. A branch that
    // is never taken (no address is so small), other each time so that none is merged, ends the block: after each step
    // or, where a step's loads alone are too many, after each row.
    const perRow = rows * (cols / 4) + cols / 4 + rows + (fused ? 0 : 1) > 15;
    let barriers = 0;
    const barrier = (): Code => br_if(1, i32.eq(bp.get, n(++barriers)));
    const step = (u: number): Code =>
      join(
        ...bs.map((x, v) => x.set(v128.load(16 * v, bp.get))),
        add(bp, bPitch.get),
        ...sums.flatMap((sum, r) => [
          as.set(byRows ? v128.load32_splat(4 * u, ap[r].get) : v128.load32_splat(4 * r, ap[0].get)),
          ...sum.map((x, v) => x.set(multiplyAdd(x, bs[v]))),
          perRow ? barrier() : [],
        ]),
        byRows ? [] : add(ap[0], aPitch.get),
        perRow ? [] : barrier(),
      );
    const steps = (count: number): Code =>
      join(
        ...Array.from({ length: count }, (_, u) => step(u)),
        ...(byRows ? ap.map((x) => add(x, n(4 * count))) : []),
        k.set(i32.sub(k.get, n(count))),
      );
    const eachSum = (visit: (sum: Local, v: number) => Code): Code =>
      join(row.set(cTile.get), ...sums.flatMap((sum) => [...sum.map(visit), add(row, pitch.get)]));

    return doWhile(
      join(
        aTile.set(a.get),
        cTile.set(c.get),
        doWhile(
          join(
            ...ap.map((x, r) => x.set(r === 0 ? aTile.get : i32.add(ap[r - 1].get, aPitch.get))),
            bp.set(b.get),
            k.set(kc.get),
            when(
              from.get,
              eachSum((sum, v) => sum.set(v128.load(16 * v, from.get))),
            ),
            when(
              i32.eq(from.get, n(0)),
              eachSum((sum, v) => sum.set(v128.load(16 * v, row.get))),
            ),
            block(whileLoop(i32.ge_s(k.get, n(UNROLL)), steps(UNROLL))),
            block(whileLoop(k.get, steps(1))),
            eachSum((sum, v) => v128.store(16 * v, row.get, sum.get)),
            add(aTile, aStep.get),
            add(cTile, i32.mul(pitch.get, n(rows))),
          ),
          i32.lt_u(aTile.get, aEnd.get),
        ),
        add(b, bStep.get),
        add(c, n(4 * cols)),
        when(from.get, add(from, n(4 * cols))),
      ),
      i32.lt_u(b.get, bEnd.get),
    );
  },
});

/**
 * Packing puts a panel's columns of B side by side: packColumns(from, pitch, panels, k, to, step), for columns that lie in
 * one piece each, `pitch` bytes apart. Panels are `step` bytes apart. Four elements of four columns are turned at a time, by
 * 4×4 transposes; what is read past the end is garbage that nobody reads.
 */
const packColumns = (cols: number): Func<FunctionName> => ({
  name: 'packColumns',
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body([from, pitch, panels, k, to, panelStep], variable) {
    const [p, source, at, target] = Array.from({ length: 4 }, () => variable('i32'));
    const [a, b, c, d, ab, cd] = Array.from({ length: 6 }, () => variable('v128'));
    const turn = (group: number): Code =>
      join(
        ...[a, b, c, d].map((line) => join(line.set(v128.load(0, at.get)), add(at, pitch.get))),
        ...[0, 1].map((half) => {
          const to = 4 * (2 * half * cols + 4 * group);
          return join(
            ab.set(i8x16.shuffle(half === 0 ? [0, 4, 1, 5] : [2, 6, 3, 7], a.get, b.get)), // a₀ b₀ a₁ b₁, or a₂ b₂ a₃ b₃
            cd.set(i8x16.shuffle(half === 0 ? [0, 4, 1, 5] : [2, 6, 3, 7], c.get, d.get)),
            v128.store(to, target.get, i8x16.shuffle([0, 1, 4, 5], ab.get, cd.get)),
            v128.store(to + 4 * cols, target.get, i8x16.shuffle([2, 3, 6, 7], ab.get, cd.get)),
          );
        }),
      );
    return countDown(
      panels,
      join(
        source.set(from.get),
        target.set(to.get),
        p.set(k.get),
        doWhile(
          join(
            at.set(source.get),
            ...Array.from({ length: cols / 4 }, (_, group) => turn(group)),
            add(source, n(16)),
            add(target, n(16 * cols)),
            p.set(i32.sub(p.get, n(4))),
          ),
          i32.gt_s(p.get, n(0)),
        ),
        add(from, i32.mul(pitch.get, n(cols))),
        add(to, panelStep.get),
      ),
    );
  },
});

/**
 * packRows(from, pitch, panels, k, to, step): the same for B that lies by rows, `pitch` bytes apart: whole vectors. What
 * the last one of a row has too much, the next row covers. packA does it for A that lies by columns.
 */
const packRows = (name: 'packRows' | 'packA', width: number): Func<FunctionName> => ({
  name,
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body([from, pitch, panels, k, to, panelStep], variable) {
    const [p, source, target] = [variable('i32'), variable('i32'), variable('i32')];
    return countDown(
      panels,
      join(
        source.set(from.get),
        target.set(to.get),
        p.set(k.get),
        countDown(
          p,
          join(
            ...Array.from({ length: Math.ceil(width / 4) }, (_, v) =>
              v128.store(16 * v, target.get, v128.load(16 * v, source.get)),
            ),
            add(source, pitch.get),
            add(target, n(4 * width)),
          ),
        ),
        add(from, n(4 * width)),
        add(to, panelStep.get),
      ),
    );
  },
});

/** compact(from, pitch, width, rows, to): rows of `width` bytes that lie `pitch` bytes apart, moved together. */
const compact: Func<FunctionName> = {
  name: 'compact',
  params: ['i32', 'i32', 'i32', 'i32', 'i32'],
  body([from, pitch, width, rows, to], variable) {
    const at = variable('i32');
    return countDown(rows, [
      ...at.set(n(0)),
      ...doWhile(
        [...v128.store(0, i32.add(to.get, at.get), v128.load(0, i32.add(from.get, at.get))), ...add(at, n(16))],
        i32.lt_u(at.get, width.get),
      ),
      ...add(from, pitch.get),
      ...add(to, width.get),
    ]);
  },
};

/** The functions of matmul with such tiles. */
export const functionsFor = (tile: Tile): readonly Func<FunctionName>[] => [
  tiles('tilesByRows', tile),
  tiles('tilesByColumns', tile),
  packColumns(tile.cols),
  packRows('packRows', tile.cols),
  packRows('packA', tile.rows),
  compact,
  vectorByRows,
  vectorByColumns,
];
