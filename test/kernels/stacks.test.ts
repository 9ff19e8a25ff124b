/** Stacks of products against products made one by one: the same bits, however the matrices lie. */
import { afterEach, describe, expect, test } from 'vitest';
import { copy } from '../../src/array/dense.ts';
import { nd, rowMajor, sizeOf, type Data, type Nd, type Shape } from '../../src/array/nd.ts';
import { Generator } from '../../src/array/random.ts';
import { permute } from '../../src/array/views.ts';
import { multiply } from '../../src/kernels/matmul/index.ts';
import { setMatmulInstructions } from '../../src/kernels/matmul/instructions.ts';
import { simd } from '../../src/kernels/matmul/simd.ts';
import { stackedProducts } from '../../src/kernels/matmul/stacks.ts';

/** An array with NaN before it and between its rows. */
function laidOut(shape: Shape, seed: number, gap = 0): Nd {
  const generator = new Generator(seed);
  const wide = [...shape.slice(0, -1), shape[shape.length - 1] + gap];
  const data = new Float32Array(5 + sizeOf(wide)).fill(NaN);
  const x = nd(data, shape, rowMajor(wide), 5);
  const n = shape[shape.length - 1];
  for (let r = 0; r < sizeOf(shape.slice(0, -1)); r++) {
    for (let j = 0; j < n; j++) data[5 + r * (n + gap) + j] = generator.normal();
  }
  return x;
}

/** [B, H, rows, cols] in several layouts, as they come from splitting what a layer gives into heads. */
const layouts: Record<string, (shape: Shape, seed: number) => Nd> = {
  'row by row': ([B, H, m, k], seed) => laidOut([B, H, m, k], seed),
  'with gaps': ([B, H, m, k], seed) => laidOut([B, H, m, k], seed, 3),
  'in each other': ([B, H, m, k], seed) => permute(laidOut([B, m, H, k], seed), [0, 2, 1, 3]),
  'in each other, a part of what is there': ([B, H, m, k], seed) => {
    const three = permute(laidOut([B, m, 3, H, k], seed), [2, 0, 3, 1, 4]);
    return nd(three.data, three.shape.slice(1), three.strides.slice(1), three.offset + three.strides[0]);
  },
};

const mT = (x: Nd): Nd => permute(x, [0, 1, 3, 2]);

/** Product by product. */
function oneByOne(a: Nd, b: Nd): Data {
  const [B, H, m, k] = a.shape;
  const n = b.shape[3];
  const c = new Float32Array(B * H * m * n);
  const at = (x: Nd, i: number): number => x.offset + Math.floor(i / H) * x.strides[0] + (i % H) * x.strides[1];
  for (let i = 0; i < B * H; i++) {
    const [ar, ac] = a.strides.slice(2);
    const [br, bc] = b.strides.slice(2);
    simd(m, n, k, a.data, at(a, i), ar, ac, b.data, at(b, i), br, bc, c, i * m * n);
  }
  return c;
}

const bits = (x: Data): Int32Array => new Int32Array(x.slice().buffer);

/** B, H, m, n, k */
const sizes = [[2, 4, 64, 64, 32], [1, 3, 7, 16, 16], [2, 2, 16, 48, 33], [1, 3, 90, 32, 90], [1, 64, 9, 32, 16], [2, 3, 2, 16, 256], [1, 2, 200, 64, 16]]; // prettier-ignore

/** How many of the products were made in stacks; throws at the first number that is another. */
function compare(stacked: (a: Nd, b: Nd) => Nd | null): number {
  let count = 0;
  for (const [B, H, m, n, k] of sizes) {
    for (const [p, left] of Object.entries(layouts)) {
      for (const [q, right] of Object.entries(layouts)) {
        const pairs = {
          A·B: [left([B, H, m, k], 1), right([B, H, k, n], 2)],
          Aᵀ·B: [mT(left([B, H, k, m], 3)), right([B, H, k, n], 4)],
          A·Bᵀ: [left([B, H, m, k], 5), mT(right([B, H, n, k], 6))],
        };
        for (const [what, [a, b]] of Object.entries(pairs)) {
          const c = stacked(a, b);
          if (c === null) continue;
          count++;
          const name = `${what} of ${B}×${H}×${m}×${n}×${k}, A ${p}, B ${q}`;
          if (c.shape.join() !== [B, H, m, n].join()) throw new Error(`the shape of ${name}`);
          const [got, expected] = [bits(copy(c).data), bits(oneByOne(a, b))];
          if (!got.every((x, i) => x === expected[i])) throw new Error(name);
        }
      }
    }
  }
  return count;
}

describe.each(['mul+add', 'fma', 'fma 256'] as const)('with %s', (instructions) => {
  afterEach(() => setMatmulInstructions('mul+add'));

  test('stacks of products have the bits of products made one by one', () => {
    setMatmulInstructions(instructions);
    expect(compare(stackedProducts)).toBeGreaterThan(200);
  });
});

test('a wrong number, and numbers at wrong places, are seen', () => {
  const wrong: Record<string, (c: Nd) => Nd> = {
    'one is another': (c) => ({ ...c, data: c.data.map((x, i) => (i === c.data.length - 1 ? x + 1 : x)) }),
    'heads are exchanged': (c) => ({
      ...c,
      offset: c.offset + c.strides[1],
      strides: c.strides.with(1, -c.strides[1]),
    }),
    'rows lie elsewhere': (c) => ({ ...c, strides: c.strides.with(1, c.strides[2]).with(2, c.strides[1]) }),
  };
  const seen = Object.values(wrong).filter((change) => {
    const changed = (a: Nd, b: Nd): Nd | null => {
      const c = stackedProducts(a, b);
      return c && change(c);
    };
    try {
      compare(changed);
    } catch {
      return true;
    }
    return false;
  });
  expect(seen).toEqual(Object.values(wrong));
});

test('what attention makes of heads lies as its inputs do, so that heads are put together without a copy', () => {
  const [B, H, T, D] = [2, 4, 16, 8];
  const values = layouts['in each other, a part of what is there']([B, H, T, D], 1);
  const weights = laidOut([B, H, T, T], 2);
  const lie = [T * H * D, D, H * D, 1]; // as [B, T, H, D]
  expect(multiply(weights, values).strides).toEqual(lie);
  expect(multiply(mT(weights), values).strides).toEqual(lie);
  expect(mT(multiply(mT(values), weights)).strides).toEqual(lie);
  expect(multiply(values, mT(values)).strides).toEqual(rowMajor([B, H, T, T]));
  expect(multiply(weights, laidOut([B, H, T, D], 3)).strides).toEqual(rowMajor([B, H, T, D]));
});

test('products that are large, deep or of odd width, and single ones, are left to others', () => {
  const of = (m: number, n: number, k: number, H = 4): Nd | null => stackedProducts(laidOut([H, m, k], 1), laidOut([H, k, n], 2)); // prettier-ignore
  expect(of(16, 16, 16)).not.toBeNull();
  expect([of(16, 15, 16), of(128, 128, 128), of(16, 16, 300), of(16, 16, 16, 1), of(1, 16, 16)]).toEqual(Array(5).fill(null)); // prettier-ignore
});
