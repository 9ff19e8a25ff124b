/**
 * Every matmul kernel against the three loops, in float64, within the bound that follows from rounding:
 * |C − Ĉ| ≤ 2·k·ε·(|A|·|B|), element by element (Higham, Accuracy and Stability, 2002, 3.5), ε = 2⁻²⁴.
 */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { hasRelaxedSimd, kernel, setMatmulInstructions } from '../../src/kernels/matmul/instructions.ts';
import { reference, type Gemm } from '../../src/kernels/matmul/reference.ts';
import { canUseSimd, simd } from '../../src/kernels/matmul/simd.ts';
import { tiled } from '../../src/kernels/matmul/tiled.ts';
import type { Instructions } from '../../src/kernels/wasm/matmul.ts';

/** These tests run in a browser as well, where modules cannot be loaded anew. */
const inNode = typeof process !== 'undefined';

/** A matrix as it may lie in memory: by rows or by columns, with room between lines and before the first. */
interface Matrix {
  readonly data: Float32Array<ArrayBuffer>;
  readonly start: number;
  readonly row: number;
  readonly col: number;
}

function matrix(
  rows: number,
  cols: number,
  layout: { byColumns: boolean; gap: number; start: number },
  values: () => number,
): Matrix {
  const pitch = (layout.byColumns ? rows : cols) + layout.gap;
  const data = new Float32Array(layout.start + pitch * (layout.byColumns ? cols : rows) + 1).fill(NaN); // what lies between must not count
  const [row, col] = layout.byColumns ? [1, pitch] : [pitch, 1];
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) data[layout.start + i * row + j * col] = values();
  return { data, start: layout.start, row, col };
}

const multiply = (
  gemm: Gemm,
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  c: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>,
  ci = 0,
): void => gemm(m, n, k, a.data, a.start, a.row, a.col, b.data, b.start, b.row, b.col, c, ci);

const absolute = (x: Matrix): Matrix => ({ ...x, data: x.data.map(Math.abs) });

/** The first element that breaks the bound, in words; null if none does. C lies between two guards that must stay. */
function fault(gemm: Gemm, m: number, n: number, k: number, a: Matrix, b: Matrix): string | null {
  const guard = 12345;
  const c = new Float32Array(m * n + 20).fill(guard);
  multiply(gemm, m, n, k, a, b, c, 10);
  const exact = new Float64Array(m * n);
  const size = new Float64Array(m * n);
  multiply(reference, m, n, k, a, b, exact);
  multiply(reference, m, n, k, absolute(a), absolute(b), size);
  for (let e = 0; e < m * n; e++) {
    const [got, expected] = [c[10 + e], exact[e]];
    const bound = 2 * k * 2 ** -24 * size[e] + 2 ** -149;
    const same = Number.isFinite(expected) ? Math.abs(got - expected) <= bound : Object.is(got, Math.fround(expected));
    if (!same) return `C[${Math.floor(e / n)}, ${e % n}] is ${got} and not ${expected} ± ${bound}`;
  }
  const guards = [...c.subarray(0, 10), ...c.subarray(10 + m * n)];
  return guards.every((x) => x === guard) ? null : 'something was written outside of C';
}

const layout = fc.record({ byColumns: fc.boolean(), gap: fc.constantFrom(0, 0, 1, 7, 300), start: fc.nat({ max: 9 }) });
const size = fc.oneof(fc.nat({ max: 14 }), fc.constantFrom(23, 24, 25, 37, 48, 61, 96, 97, 130));
const depth = fc.oneof(size, fc.constantFrom(255, 256, 257, 511, 700));

/** The kernel over many shapes and layouts. */
function laws(gemm: Gemm, runs: number): void {
  fc.assert(
    fc.property(size, size, depth, layout, layout, fc.nat(), (m, n, k, la, lb, seed) => {
      const generator = new Generator(seed);
      const normal = (): number => generator.normal();
      expect(fault(gemm, m, n, k, matrix(m, k, la, normal), matrix(k, n, lb, normal))).toBeNull();
    }),
    { numRuns: runs, seed: 1 },
  );
}

const plain = { byColumns: false, gap: 0, start: 0 };

/** As simd, with these instructions or the best that this engine has below them. */
const simdWith = (instructions: Instructions): Gemm => {
  return (...args) => {
    setMatmulInstructions(instructions);
    try {
      simd(...args);
    } finally {
      setMatmulInstructions('mul+add');
    }
  };
};

describe.each([
  ['tiled', tiled],
  ['simd', simd],
  ['simd with fused multiply-add', simdWith('fma')],
  ['simd with vectors of twice the width', simdWith('fma 256')],
] as const)('%s', (name, gemm) => {
  test('gives the product within the bound, whatever the sizes and however operands lie in memory', () =>
    laws(gemm, 150));

  test.each([
    [1, 700, 700],
    [700, 1, 700],
    [700, 700, 1],
    [3, 5000, 4],
    [130, 97, 3000],
    [200, 300, 530],
    [2, 1000, 1500],
    [5, 9, 9000],
    [3, 20000, 2],
    [40, 16000, 1],
  ])('gives the product of %i × %i over %i', (m, n, k) => {
    const generator = new Generator(7);
    const normal = (): number => generator.normal();
    expect(
      fault(gemm, m, n, k, matrix(m, k, plain, normal), matrix(k, n, { ...plain, byColumns: true }, normal)),
    ).toBeNull();
  });

  test('takes a single row or column whatever step leads to a next one', () => {
    const far = (x: Matrix, step: 'row' | 'col'): Matrix => ({ ...x, [step]: 5_000_000 });
    const generator = new Generator(5);
    const normal = (): number => generator.normal();
    const wide = { ...plain, byColumns: true };
    expect(fault(gemm, 1, 40, 50, far(matrix(1, 50, plain, normal), 'row'), matrix(50, 40, plain, normal))).toBeNull();
    expect(fault(gemm, 40, 1, 50, matrix(40, 50, plain, normal), far(matrix(50, 1, wide, normal), 'col'))).toBeNull();
    expect(
      fault(gemm, 1, 1, 700, far(matrix(1, 700, plain, normal), 'row'), far(matrix(700, 1, wide, normal), 'col')),
    ).toBeNull();
  });

  test('passes NaN and infinities on to the rows and columns that they belong to, and to no other', () => {
    const generator = new Generator(3);
    const odd = (): number =>
      generator.uniform() < 0.01 ? [NaN, Infinity, -Infinity][generator.integer(0, 3)] : generator.normal();
    for (const byColumns of [false, true]) {
      const a = matrix(50, 40, { ...plain, byColumns }, odd);
      const b = matrix(40, 30, { ...plain, byColumns }, odd);
      expect(fault(gemm, 50, 30, 40, a, b)).toBeNull();
    }
  });

  test('is seen to fail when it is wrong', () => {
    const wrong: Record<string, Gemm> = {
      'one step too few': (m, n, k, ...rest) => gemm(m, n, Math.max(0, k - 1), ...rest),
      'one row too many': (m, n, k, ...rest) => gemm(m + 1, n, k, ...rest),
      'strides exchanged': (m, n, k, a, ai, aRow, aCol, ...rest) => gemm(m, n, k, a, ai, aCol, aRow, ...rest),
      'a result that is only near': (m, n, k, ...rest) => {
        gemm(m, n, k, ...rest);
        const [c, ci] = [rest[8], rest[9]];
        for (let e = ci; e < ci + m * n; e++) c[e] *= 1 + 1e-4;
      },
    };
    for (const [what, kernel] of Object.entries(wrong))
      expect(() => laws(kernel, 60), `${name}: ${what}`).toThrow(/Property failed/);
  });
});

describe('which instructions are used', () => {
  afterEach(() => setMatmulInstructions('mul+add'));

  test('separate multiplication and addition, unless others are asked for and to be had; the choice says why', () => {
    expect(kernel()).toMatchObject({ instructions: 'mul+add', why: 'the default: the same bits on every machine' });
    setMatmulInstructions('fma');
    expect(kernel()).toMatchObject(
      hasRelaxedSimd()
        ? { instructions: 'fma', why: 'asked for', rows: 6, cols: 8 }
        : { instructions: 'mul+add', why: "'fma' was asked for, but this engine has no relaxed SIMD" },
    );
  });

  test('twice the width only in Node 24 and 25', () => {
    setMatmulInstructions('fma 256');
    const { instructions, why } = kernel()!;
    const node = inNode ? Number(process.versions.node.split('.')[0]) : Infinity;
    if (node < 22) expect(why).toContain('no relaxed SIMD');
    else if (node === 24 || node === 25) expect(why).toMatch(/asked for/); // and, where it was not faster, refused
    else expect([instructions, why]).toEqual(['fma', "'fma 256' was asked for, but only Node 24 and 25 have it"]);
  });

  test('no others', () => {
    expect(() => setMatmulInstructions('fast' as Instructions)).toThrow(
      "setMatmulInstructions: it must be one of 'mul+add', 'fma', 'fma 256', got 'fast'",
    );
  });
});

describe('which kernel is used', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test('float64, steps in both dims and repeated elements are left to the other kernels', () => {
    const [f, d] = [new Float32Array(4), new Float64Array(4)];
    expect(canUseSimd(f, 2, 1, f, 2, 1, 2)).toBe(true);
    expect(canUseSimd(d, 2, 1, f, 2, 1, 2)).toBe(false);
    expect(canUseSimd(f, 2, 1, d, 2, 1, 2)).toBe(false);
    expect(canUseSimd(f, 4, 2, f, 2, 1, 2)).toBe(false);
    expect(canUseSimd(f, 2, 1, f, 0, 1, 2)).toBe(false);
    expect(canUseSimd(f, 2, -1, f, 2, 1, 2)).toBe(false);
    expect(canUseSimd(f, 2, 1, f, 2, 1, 1e7)).toBe(false);
  });

  test.runIf(inNode)('where WebAssembly is forbidden, matmul gives the product all the same', async () => {
    const Forbidden = vi.fn<() => void>(function () {
      throw new WebAssembly.CompileError('blocked by the content-security policy');
    });
    vi.stubGlobal('WebAssembly', {
      ...WebAssembly,
      Memory: WebAssembly.Memory,
      Module: Forbidden,
      CompileError: WebAssembly.CompileError,
    });
    vi.resetModules();
    const { canUseSimd } = await import('../../src/kernels/matmul/simd.ts');
    const { multiply } = await import('../../src/kernels/matmul/index.ts');
    const { kernelInfo } = await import('../../src/kernels/info.ts');
    expect(kernelInfo().matmul).toMatchObject({ kernel: 'TypeScript', tile: '4×3' });
    expect(kernelInfo().elementwise.kernel).toBe('TypeScript');
    const f = Float32Array.from({ length: 400 }, (_, i) => i % 7);
    expect(canUseSimd(f, 20, 1, f, 20, 1, 20)).toBe(false);
    const x = { data: f, shape: [20, 20], strides: [20, 1], offset: 0 };
    const exact = new Float64Array(400);
    reference(20, 20, 20, f, 0, 20, 1, f, 0, 20, 1, exact, 0);
    expect([...multiply(x, x).data]).toEqual([...exact]);
  });
});
