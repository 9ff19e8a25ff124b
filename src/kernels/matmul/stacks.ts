/**
 * Stacks of small products, as of the heads of attention. Their matrices often lie in each other: a row of the first one, a
 * row of the second one, … So a stack is copied into the scratchpad as it lies, all at once, and copied out all at once.
 */
import { unwrittenNd, type Data, type Nd } from '../../array/nd.ts';
import { kernel } from './instructions.ts';
import { BLOCK_C, BLOCK_C_SIZE, KC, MC, PACKED_A, PACKED_B, RAW, roundUp, STAGED_A, STAGED_A_SIZE, STAGED_B, STAGED_B_SIZE } from './simd.ts'; // prettier-ignore

/** Larger products are worth calls of their own. */
const LARGE = 1 << 20;
/** With more than so many numbers between them for each of theirs, matrices are better copied one by one. */
const SPARSE = 4;

/** Matrices `step` apart: numbers are `row` apart down a column, and `col` along a row. */
interface Stack {
  readonly data: Data;
  readonly step: number;
  readonly row: number;
  readonly col: number;
}

/** Whether row by row those of all matrices stand side by side. */
const lieInEachOther = ({ step, row, col }: Stack, count: number, cols: number): boolean =>
  col === 1 && step === cols && row >= count * cols;

/** How much memory `count` matrices reach over. */
const reach = ({ step, row, col }: Stack, count: number, rows: number, cols: number): number =>
  (count - 1) * step + (rows - 1) * row + (cols - 1) * col + 1;

const transposed = ({ data, step, row, col }: Stack): Stack => ({ data, step, row: col, col: row });

/** Whether `count` matrices of rows × cols may be copied in together. */
const fits = (x: Stack, count: number, rows: number, cols: number, room: number): boolean =>
  x.step >= 0 && reach(x, count, rows, cols) <= Math.min(room, SPARSE * count * rows * cols);

/** How many of `count` products [m, k]·[k, n] can be made together; fewer than two if they should be made one by one. */
function together(count: number, m: number, n: number, k: number, a: Stack, b: Stack): number {
  const { rows, cols } = kernel()!;
  if (m < 2 || m * n * k >= LARGE || k > KC || n % cols !== 0 || (b.col === 1 ? k * n > RAW : n * roundUp(k, 4) > RAW))
    return 0;
  if (a.col !== 1 && m > MC - rows) return 0;
  let some = count;
  const room = (): boolean =>
    some * m * n + rows * count * n <= BLOCK_C_SIZE &&
    fits(a, some, m, k, STAGED_A_SIZE) &&
    fits(b, some, k, n, STAGED_B_SIZE);
  while (some > 1 && !room()) some = Math.ceil(some / 2);
  return some;
}

/** `count` products to c from ci on; in the scratchpad they are cStep apart, and their rows cRow. */
// prettier-ignore
function multiplyStack(
  count: number, m: number, n: number, k: number, a: Stack, ai: number, b: Stack, bi: number,
  c: Data, ci: number, cStep: number, cRow: number,
): void {
  const { floats, rows, cols, tilesByRows, tilesByColumns, packA, packColumns } = kernel()!;
  floats.set(a.data.subarray(ai, ai + reach(a, count, m, k)), STAGED_A);
  floats.set(b.data.subarray(bi, bi + reach(b, count, k, n)), STAGED_B);
  const from = STAGED_B + STAGED_B_SIZE; // sums begin at a row of zeros
  floats.fill(0, from, from + n);
  const panels = n / cols;
  const panel = cols * roundUp(k, 4);
  for (let p = 0; p < count; p++) {
    const [A, C] = [STAGED_A + p * a.step, BLOCK_C + p * cStep];
    let [B, bStep, bRow] = [STAGED_B + p * b.step, cols, b.row];
    if (b.col !== 1) {
      packColumns(4 * B, 4 * b.col, panels, k, 4 * PACKED_B, 4 * panel);
      [B, bStep, bRow] = [PACKED_B, panel, cols];
    }
    const end = B + panels * bStep;
    if (a.col === 1) {
      tilesByRows(
        4 * A, 4 * (A + m * a.row), 4 * rows * a.row, 4 * a.row, 4 * B, 4 * end, 4 * bStep, 4 * bRow, 4 * C, 4 * cRow, k, 4 * from,
      );
    } else {
      const [bands, band] = [Math.ceil(m / rows), rows * k];
      packA(4 * A, 4 * a.col, bands, k, 4 * PACKED_A, 4 * band);
      tilesByColumns(
        4 * PACKED_A, 4 * (PACKED_A + bands * band), 4 * band, 4 * rows, 4 * B, 4 * end, 4 * bStep, 4 * bRow, 4 * C, 4 * cRow, k, 4 * from,
      );
    }
  }
  c.set(floats.subarray(BLOCK_C, BLOCK_C + count * m * n), ci);
}

/**
 * C[…, m, n] = A[…, m, k]·B[…, k, n], whose dims before the last two are equal; null if products are better made one by one.
 * Operands are float32, by rows or by columns. Where the matrices of B lie in each other C's do as well, and so do the
 * columns of C where those of A do: what attention makes of heads lies as its inputs do, and to put heads together no
 * number is moved.
 */
export function stackedProducts(a: Nd, b: Nd): Nd | null {
  const batch = a.shape.slice(0, -2);
  const [last, [m, k], n] = [batch.length - 1, a.shape.slice(-2), b.shape[b.shape.length - 1]];
  if (last < 0 || batch[last] < 2) return null;
  const count = batch[last];
  const stack = ({ data, strides }: Nd): Stack => ({
    data,
    step: strides[last],
    row: strides[last + 1],
    col: strides[last + 2],
  });
  const [A, B] = [stack(a), stack(b)];
  const byColumns = lieInEachOther(transposed(A), count, m) && !lieInEachOther(B, count, n);
  const [rows, cols, left, right] = byColumns ? [n, m, transposed(B), transposed(A)] : [m, n, A, B]; // Cᵀ = Bᵀ·Aᵀ
  const some = together(count, rows, cols, k, left, right);
  if (some < 2 || (byColumns && some < count)) return null;
  const mixed = some === count && lieInEachOther(right, count, cols);
  const [cStep, cRow] = mixed ? [cols, count * cols] : [rows * cols, cols];

  const c = unwrittenNd('float32', [...batch, m, n]);
  const [li, ri] = byColumns ? [b, a] : [a, b];
  let ci = 0;
  const walk = (dim: number, ai: number, bi: number): void => {
    if (dim < last) {
      for (let r = 0; r < batch[dim]; r++) walk(dim + 1, ai + r * li.strides[dim], bi + r * ri.strides[dim]);
    } else {
      for (let p = 0; p < count; p += some) {
        const these = Math.min(some, count - p);
        multiplyStack(these, rows, cols, k, left, ai + p * left.step, right, bi + p * right.step, c.data, ci, cStep, cRow);
        ci += these * rows * cols;
      }
    }
  };
  walk(0, li.offset, ri.offset);
  const strides = c.strides.slice(0, last);
  return { ...c, strides: byColumns ? [...strides, cStep, 1, cRow] : [...strides, cStep, cRow, 1] };
} // prettier-ignore
