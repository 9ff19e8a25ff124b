/**
 * The WebAssembly part of matmul: copying into panels, and the loops around the tile (the 1st to 3rd loop around the
 * micro-kernel in BLIS's counting). What lies around that, in matmul/simd.ts, is TypeScript.
 *
 * The tile is MR × NR = 3 × 12: 9 vectors of sums, 3 of B, one of A and one for the product make 14 of the 15 vector
 * registers that V8 has to give.
 */
import { block, br_if, doWhile, f32x4, i32, i8x16, v128, whileLoop } from './assembler.ts';
import type { Code, Func, Local } from './assembler.ts';

export const MR = 3;
export const NR = 12;
const VECTORS = NR / 4;
const UNROLL = 4;

const n = i32.const;
const add = (x: Local, bytes: Code): Code => x.set(i32.add(x.get, bytes));
/** Counts x down to 0 by one. */
const countDown = (x: Local, body: Code): Code => doWhile([...body, ...x.set(i32.sub(x.get, n(1)))], x.get);

/**
 * pack(from, across, along, panels, kc, to, panelStep): panels of `width` lines, interleaved. `across` leads from one
 * line of a panel to the next, in bytes; each line lies in one piece (`along` is one element).
 * Four elements of four lines are turned at a time, by 4×4 transposes. What is read past a line or past the matrix, and
 * written past a panel, is garbage that the next panel covers, or rows and columns of C that are not copied out.
 */
const pack = (name: string, width: number): Func => ({
  name,
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body([from, across, , panels, kc, to, panelStep], variable) {
    const [p, source, at, target] = Array.from({ length: 4 }, () => variable('i32'));
    const [a, b, c, d, ab, cd] = Array.from({ length: 6 }, () => variable('v128'));
    const turn = (group: number): Code => [
      ...[a, b, c, d].flatMap((line) => [...line.set(v128.load(0, at.get)), ...add(at, across.get)]),
      ...[0, 1].flatMap((half) => [
        ...ab.set(i8x16.shuffle(half === 0 ? [0, 4, 1, 5] : [2, 6, 3, 7], a.get, b.get)), // a₀ b₀ a₁ b₁, or a₂ b₂ a₃ b₃
        ...cd.set(i8x16.shuffle(half === 0 ? [0, 4, 1, 5] : [2, 6, 3, 7], c.get, d.get)),
        ...v128.store(4 * (width * (2 * half) + 4 * group), target.get, i8x16.shuffle([0, 1, 4, 5], ab.get, cd.get)),
        ...v128.store(
          4 * (width * (2 * half + 1) + 4 * group),
          target.get,
          i8x16.shuffle([2, 3, 6, 7], ab.get, cd.get),
        ),
      ]),
    ];
    return countDown(panels, [
      ...source.set(from.get),
      ...target.set(to.get),
      ...p.set(kc.get),
      ...doWhile(
        [
          ...at.set(source.get),
          ...Array.from({ length: Math.ceil(width / 4) }, (_, group) => turn(group)).flat(),
          ...add(source, n(16)),
          ...add(target, n(16 * width)),
          ...p.set(i32.sub(p.get, n(4))),
        ],
        i32.gt_s(p.get, n(0)),
      ),
      ...add(from, i32.mul(across.get, n(width))),
      ...add(to, panelStep.get),
    ]);
  },
});

/** As pack, for lines that lie side by side (across is one element): whole vectors. What a store writes too far the next one covers. */
const packVectors = (name: string, width: number): Func => ({
  name,
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body([from, , along, panels, kc, to, panelStep], variable) {
    const [p, source, target] = [variable('i32'), variable('i32'), variable('i32')];
    return countDown(panels, [
      ...source.set(from.get),
      ...target.set(to.get),
      ...p.set(kc.get),
      ...countDown(p, [
        ...Array.from({ length: Math.ceil(width / 4) }, (_, v) =>
          v128.store(16 * v, target.get, v128.load(16 * v, source.get)),
        ).flat(),
        ...add(source, along.get),
        ...add(target, n(4 * width)),
      ]),
      ...add(from, n(4 * width)),
      ...add(to, panelStep.get),
    ]);
  },
});

/**
 * tiles(a, aEnd, b, bEnd, c, pitch, kc): C += A·B over packed panels, tile by tile: for each panel of B (which then
 * stays in the L1 cache) each panel of A. C's rows are `pitch` bytes apart.
 */
const tiles: Func = {
  name: 'tiles',
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body([a, aEnd, b, bEnd, c, pitch, kc], variable) {
    const [aPanel, ap, bp, cTile, row, k] = Array.from({ length: 6 }, () => variable('i32'));
    const sums = Array.from({ length: MR }, () => Array.from({ length: VECTORS }, () => variable('v128')));
    const bs = Array.from({ length: VECTORS }, () => variable('v128'));
    const as = variable('v128');

    // V8 in Node 20 and 22 moves all loads of a basic block to its top, and then runs out of registers. A branch that
    // is never taken (no address is so small), other each time so that none is merged, ends the block after each row.
    let barriers = 0;
    const barrier = (): Code => br_if(1, i32.eq(ap.get, n(++barriers)));
    const step = (u: number): Code => [
      ...bs.flatMap((x, v) => x.set(v128.load(4 * (NR * u + 4 * v), bp.get))),
      ...sums.flatMap((sum, r) => [
        ...as.set(v128.load32_splat(4 * (MR * u + r), ap.get)),
        ...sum.flatMap((x, v) => x.set(f32x4.add(x.get, f32x4.mul(as.get, bs[v].get)))),
        ...barrier(),
      ]),
    ];
    const steps = (count: number): Code => [
      ...Array.from({ length: count }, (_, u) => step(u)).flat(),
      ...add(ap, n(4 * MR * count)),
      ...add(bp, n(4 * NR * count)),
      ...k.set(i32.sub(k.get, n(count))),
    ];
    const rows = (visit: (sum: Local, v: number) => Code): Code => [
      ...row.set(cTile.get),
      ...sums.flatMap((sum) => [...sum.flatMap(visit), ...add(row, pitch.get)]),
    ];

    return doWhile(
      [
        ...aPanel.set(a.get),
        ...cTile.set(c.get),
        ...doWhile(
          [
            ...ap.set(aPanel.get),
            ...bp.set(b.get),
            ...k.set(kc.get),
            ...rows((sum, v) => sum.set(v128.load(16 * v, row.get))),
            ...block(whileLoop(i32.ge_s(k.get, n(UNROLL)), steps(UNROLL))),
            ...block(whileLoop(k.get, steps(1))),
            ...rows((sum, v) => v128.store(16 * v, row.get, sum.get)),
            ...add(aPanel, i32.mul(kc.get, n(4 * MR))),
            ...add(cTile, i32.mul(pitch.get, n(MR))),
          ],
          i32.lt_u(aPanel.get, aEnd.get),
        ),
        ...add(b, i32.mul(kc.get, n(4 * NR))),
        ...add(c, n(4 * NR)),
      ],
      i32.lt_u(b.get, bEnd.get),
    );
  },
};

/** compact(from, pitch, width, rows, to): rows of `width` bytes that lie `pitch` bytes apart, moved together. */
const compact: Func = {
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

export const functions: readonly Func[] = [
  pack('packA', MR),
  pack('packB', NR),
  packVectors('packVectorsA', MR),
  packVectors('packVectorsB', NR),
  tiles,
  compact,
];
