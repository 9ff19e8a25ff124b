/** The three kernels of convolution against seven plain loops, in sizes that take one block, several, and parts of one. */
import { describe, expect, test } from 'vitest';
import { nd, sizeOf, type DType, type Nd, type Shape } from '../../src/array/nd.ts';
import { Generator } from '../../src/array/random.ts';
import { conv2d, conv2dInput, conv2dWeight, type Movement, type Pair } from '../../src/kernels/conv.ts';
import { compare } from '../allclose.ts';

interface Case {
  readonly name: string;
  readonly x: Shape;
  readonly w: Shape;
  readonly y: Pair;
  readonly move?: Partial<Movement>;
}

const still: Movement = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };
const cases: readonly Case[] = [
  { name: 'several images a block', x: [5, 3, 7, 6], w: [4, 3, 3, 2], y: [5, 5] },
  { name: 'blocks of whole images, the last one smaller', x: [7, 8, 18, 18], w: [3, 8, 3, 3], y: [18, 18], move: { padding: [1, 1] } }, // prettier-ignore
  { name: 'parts of an image', x: [2, 16, 33, 35], w: [5, 16, 3, 3], y: [33, 35], move: { padding: [1, 1] } },
  { name: 'parts of an image, with steps and groups', x: [1, 32, 30, 91], w: [2, 16, 5, 5], y: [13, 30], move: { stride: [2, 3], padding: [0, 1], dilation: [1, 1], groups: 2 } }, // prettier-ignore
  { name: 'one image a block', x: [3, 16, 30, 30], w: [2, 16, 3, 3], y: [30, 30], move: { padding: [1, 1] } },
  { name: 'a kernel larger than the scratch', x: [1, 1, 364, 364], w: [1, 1, 363, 363], y: [1, 2] },
  { name: '1 × 1, several images', x: [3, 5, 9, 8], w: [4, 5, 1, 1], y: [9, 8] },
  { name: '1 × 1 in groups', x: [2, 6, 5, 5], w: [4, 3, 1, 1], y: [5, 5], move: { groups: 2 } },
  { name: '1 × 1 with padding', x: [2, 3, 4, 4], w: [2, 3, 1, 1], y: [6, 6], move: { padding: [1, 1] } },
  { name: '1 × 1, cut at the end', x: [2, 3, 4, 4], w: [2, 3, 1, 1], y: [3, 2] },
  { name: 'more padding than kernel', x: [1, 1, 2, 2], w: [1, 1, 2, 2], y: [9, 9], move: { padding: [4, 4] } },
];

/** Σ over all of y(n, o, i, j)·w(o, c, k, l)·x(n, c, …): each array's derivative is one of the three convolutions. */
function visit({ x, w, y, move }: Case, f: (yi: number, wi: number, xi: number) => void): void {
  const { stride, padding, dilation, groups } = { ...still, ...move };
  const [[N, C, H, W], [O, Cg, kH, kW], [h, v]] = [x, w, y];
  for (let n = 0; n < N; n++) for (let o = 0; o < O; o++) for (let i = 0; i < h; i++) for (let j = 0; j < v; j++) {
    for (let c = 0; c < Cg; c++) for (let k = 0; k < kH; k++) for (let l = 0; l < kW; l++) {
      const [r, s] = [i * stride[0] + k * dilation[0] - padding[0], j * stride[1] + l * dilation[1] - padding[1]];
      if (r < 0 || r >= H || s < 0 || s >= W) continue;
      const channel = Math.floor(o / (O / groups)) * Cg + c;
      f(((n * O + o) * h + i) * v + j, ((o * Cg + c) * kH + k) * kW + l, ((n * C + channel) * H + r) * W + s);
    }
  } // prettier-ignore
}

function check(one: Case, dtype: DType, kernels = { conv2d, conv2dInput, conv2dWeight }): void {
  const g = new Generator(3);
  const Type = dtype === 'float32' ? Float32Array : Float64Array;
  const draw = (shape: Shape): Nd => {
    const data = new Type(sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = g.uniform(-1, 1);
    return nd(data, shape);
  };
  const move = { ...still, ...one.move };
  const [x, w, y] = [draw(one.x), draw(one.w), draw([one.x[0], one.w[0], ...one.y])];
  const expected = [x, w, y].map(({ data }) => new Float64Array(data.length));
  const sums = [x, w, y].map(({ data }) => new Float64Array(data.length)); // of |a|·|b|, for the bound
  const add = (p: number, at: number, v: number): void => {
    expected[p][at] += v;
    sums[p][at] += Math.abs(v);
  };
  visit(one, (yi, wi, xi) => {
    add(0, xi, w.data[wi] * y.data[yi]);
    add(1, wi, x.data[xi] * y.data[yi]);
    add(2, yi, x.data[xi] * w.data[wi]);
  });
  const got = [
    kernels.conv2dInput(y, w, [one.x[2], one.x[3]], move),
    kernels.conv2dWeight(x, y, [one.w[2], one.w[3]], move),
    kernels.conv2d(x, w, one.y, move),
  ];
  got.forEach((a, p) => {
    expect(a.data).toBeInstanceOf(Type);
    expect(a.shape).toEqual([x, w, y][p].shape);
    const eps = dtype === 'float32' ? 2 ** -20 : 1e-13;
    const atol = eps * Math.max(1, ...sums[p].subarray(0, 1000));
    const fault = compare(a.data, expected[p], { rtol: 0, atol });
    if (fault !== null) throw new Error(`${['conv2dInput', 'conv2dWeight', 'conv2d'][p]}: ${fault}`);
  });
}

describe.each(cases)('$name', (one) => {
  test('in float32 and in float64', () => {
    check(one, 'float32');
    check(one, 'float64');
  });
});

describe('the comparison sees', () => {
  const shifted: typeof conv2d = (x, w, size, move) => conv2d(x, w, size, { ...move, padding: [1, 0] });
  const dropped: typeof conv2dInput = (y, w, size, move) => {
    const x = conv2dInput(y, w, size, move);
    x.data[x.data.length - 1] = 0;
    return x;
  };
  test('a wrong padding, one wrong number, and a product of the first block only', () => {
    expect(() => check(cases[0], 'float64', { conv2d: shifted, conv2dInput, conv2dWeight })).toThrow('conv2d:');
    expect(() => check(cases[2], 'float32', { conv2d, conv2dInput: dropped, conv2dWeight })).toThrow(
      'conv2dInput: 1 of',
    );
    const first: typeof conv2dWeight = (x, y, size, move) =>
      conv2dWeight({ ...x, shape: x.shape.with(0, 1) }, { ...y, shape: y.shape.with(0, 1) }, size, move);
    expect(() => check(cases[1], 'float32', { conv2d, conv2dInput, conv2dWeight: first })).toThrow('conv2dWeight:');
  });
});
