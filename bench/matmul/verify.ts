/**
 * Is a product right? Held against a product in float64, element by element, within the bound that follows from
 * rounding: |C − Ĉ| ≤ 2·k·ε·(|A|·|B|), ε = 2⁻²⁴ (Higham, Accuracy and Stability, 2002, 3.5).
 */
import { Generator } from '../../src/array/random.ts';
import { reference, type Gemm } from '../../src/kernels/matmul/reference.ts';
import type { Verdict } from '../harness.ts';

const EPSILON = 2 ** -24;
/** Up to so many multiplications every row is checked; beyond, every s-th (s is odd, so that it meets all of a tile). */
const WHOLE = 2 ** 28;

/** Two matrices, row-major, and what their product must be. */
export interface Problem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Float32Array<ArrayBuffer>;
  readonly b: Float32Array<ArrayBuffer>;
  /** What is wrong with a product. */
  readonly check: (c: ArrayLike<number>, from?: number) => Verdict;
}

const random = (n: number, generator: Generator): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: n }, () => generator.uniform(-1, 1));

const multiply = (gemm: Gemm, { m, n, k, a, b }: Omit<Problem, 'check'>, c: Float64Array<ArrayBuffer>): void =>
  gemm(m, n, k, a, 0, k, 1, b, 0, n, 1, c, 0);

/** A problem of this size, always the same. */
export function problem(m: number, n: number, k: number): Problem {
  const generator = new Generator(m + 1000 * n + 1000000 * k);
  const [a, b] = [random(m * k, generator), random(k * n, generator)];
  const stride = m * n * k <= WHOLE ? 1 : 2 * Math.ceil((m * n * k) / WHOLE / 2) + 1;
  let checked: { rows: number[]; exact: Float64Array; size: Float64Array } | undefined;

  /** The checked rows of A·B and of |A|·|B|. Worked out once: all contestants are held against it. */
  const expected = (): NonNullable<typeof checked> => {
    const rows = Array.from({ length: Math.ceil(m / stride) }, (_, r) => r * stride);
    const some = new Float32Array(rows.length * k);
    rows.forEach((row, r) => some.set(a.subarray(row * k, (row + 1) * k), r * k));
    const exact = new Float64Array(rows.length * n);
    const size = new Float64Array(rows.length * n);
    multiply(reference, { m: rows.length, n, k, a: some, b }, exact);
    multiply(reference, { m: rows.length, n, k, a: some.map(Math.abs), b: b.map(Math.abs) }, size);
    return { rows, exact, size };
  };
  return {
    m,
    n,
    k,
    a,
    b,
    check(c, from = 0) {
      checked ??= expected();
      const { rows, exact, size } = checked;
      for (const [r, row] of rows.entries()) {
        for (let j = 0; j < n; j++) {
          const bound = 2 * k * EPSILON * size[r * n + j];
          const [got, must] = [c[from + row * n + j], exact[r * n + j]];
          if (!(Math.abs(got - must) <= bound)) return `C[${row}, ${j}] is ${got} and not ${must} ± ${bound}`;
        }
      }
      return null;
    },
  };
}

/** A kernel at a problem's size. C is full of NaN before, so that what is not written is seen. */
export function atSize(gemm: Gemm, { m, n, k, a, b, check }: Problem): Verdict {
  const c = new Float32Array(m * n).fill(NaN);
  gemm(m, n, k, a, 0, k, 1, b, 0, n, 1, c, 0);
  return check(c);
}

const AWKWARD = [
  [1, 1, 1],
  [3, 5, 2],
  [13, 7, 9],
  [29, 31, 37],
] as const;

/** A kernel at small odd sizes with either operand transposed, and C in the midst of other numbers. */
export function atEdges(gemm: Gemm): Verdict {
  for (const [m, n, k] of AWKWARD) {
    const p = problem(m, n, k);
    for (const transposed of ['neither', 'A', 'B', 'both']) {
      const [inA, inB] = [transposed === 'A' || transposed === 'both', transposed === 'B' || transposed === 'both'];
      const a = inA ? transpose(p.a, m, k) : p.a;
      const b = inB ? transpose(p.b, k, n) : p.b;
      const c = new Float32Array(m * n + 20).fill(12345);
      gemm(m, n, k, a, 0, inA ? 1 : k, inA ? m : 1, b, 0, inB ? 1 : n, inB ? k : 1, c, 10);
      const where = `at ${m}×${k}×${n}, ${transposed} transposed: `;
      const fault = p.check(c, 10);
      if (fault !== null) return where + fault;
      const outside = [...c.subarray(0, 10), ...c.subarray(10 + m * n)];
      if (outside.some((x) => x !== 12345)) return `${where}something was written outside of C`;
    }
  }
  return null;
}

/** The same matrix by columns. */
function transpose(x: Float32Array<ArrayBuffer>, rows: number, cols: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: rows * cols }, (_, e) => x[(e % rows) * cols + Math.floor(e / rows)]);
}
