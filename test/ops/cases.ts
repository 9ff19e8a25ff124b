/**
 * Sample inputs for every op of the table: the one thing that a new op needs here. Forgetting it does not compile.
 * The generic tests (checks.ts) make layouts, broadcasts, empty and 0-d inputs of them.
 */
import type { Generator } from '../../src/array/random.ts';
import type * as ops from '../../src/ops/index.ts';
import {
  away,
  between,
  constant,
  distinct,
  elementwise,
  fixed,
  grid,
  index,
  mask,
  oneOf,
  real,
  vanishing,
} from './samples.ts';
import type { Case } from './samples.ts';

export type OpName = keyof typeof ops;

const M = [2, 3];
const comparison = [elementwise(oneOf(M, [-1, 0, 0.5, 2]), oneOf(M, [-1, 0, 0.5, 2]))];
const bits = [elementwise(oneOf(M, [-5, 0, 3, 7, 2 ** 23]), oneOf(M, [-1, 1, 6, 12]))];
const steps = [vanishing(elementwise(between(M)))];
const range = (start: number, step: number, size: number) => ({ start, step, size });

const walk = (size: number, ...steps: number[]) => ({ size, steps });

/** Reductions: the shape that the input comes down to is the option. */
const reductions = (draw: (shape: number[]) => ReturnType<typeof real>): Case[] => [
  fixed([draw([2, 3])], []),
  fixed([draw([2, 3])], [2, 1]),
  fixed([draw([2, 3, 4])], [3, 4]),
  fixed([draw([2, 3, 4])], [2, 1, 4]),
  fixed([draw([2, 3, 4])], [1, 3, 1]),
  fixed([draw([0, 3])], [0, 1]),
  fixed([draw([])], []),
];
const alongDim = [
  fixed([real([2, 3])], 1),
  fixed([real([2, 3, 2])], 1),
  fixed([real([3, 2])], 0),
  fixed([real([0, 3])], 1),
  fixed([real([2, 0])], 1),
  vanishing(fixed([real([])], 0)),
];

/** scatter's largest and smallest: no two values for one place are near, nor near what stays. */
const extremes = [
  fixed([grid([3, 4], 0.05), index([2, 4], 3), distinct([2, 4])], 0),
  fixed([grid([3, 4], 0.05), index([2, 5], 4), distinct([2, 5])], 1),
  fixed([real([3]), index([0], 3), real([0])], 0),
  fixed([real([], 1, 2), index([], 1), real([], -2, -1)], 0),
];

/** 0, ½, 1, … row after row: numbers in rising order. */
const rising = (shape: number[]) => ({
  shape,
  draw: (_: unknown, n: number) => Array.from({ length: n }, (_, i) => i / 2),
});

const scanned = (draw: (shape: number[]) => ReturnType<typeof real>): Case[] => [
  fixed([draw([2, 3])], 1),
  fixed([draw([2, 3, 2])], 1),
  fixed([draw([3, 2])], 0),
  fixed([draw([0, 3])], 1),
  fixed([draw([2, 0])], 1),
  fixed([draw([])], 0),
];

/** Square matrices that are far from singular, and whose symmetric part is positive definite. */
const regular = (shape: number[]) => ({
  shape,
  draw: (g: Generator, n: number) =>
    Array.from({ length: n }, (_, i) => {
      const size = shape[shape.length - 1];
      return g.uniform(-1, 1) + (Math.floor(i / size) % size === i % size ? 3.5 : 0);
    }),
});
const squareMatrices = [[2, 3, 3], [3, 1, 1], [1, 4, 4], [0, 2, 2]].map((shape) => fixed([regular(shape)])); // prettier-ignore

/** Matrices of a rank: sums of products of so many rows and columns. */
const singular = (shape: number[], rank: number) => ({
  shape,
  draw: (g: Generator) =>
    Array.from({ length: shape[0] }, () => {
      const size = shape[1];
      const [rows, columns] = [0, 1].map(() => Array.from({ length: rank * size }, () => g.uniform(-1, 1)));
      return Array.from({ length: size * size }, (_, i) =>
        Array.from(
          { length: rank },
          (_, r) => rows[r * size + Math.floor(i / size)] * columns[r * size + (i % size)],
        ).reduce((a, b) => a + b, 0),
      );
    }).flat(),
});

/** Convolutions: the shapes of the three arrays, and how the kernel moves. */
const move = (stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1) => ({
  stride,
  padding,
  dilation,
  groups,
});
const convolutions = [
  { x: [2, 2, 4, 3], w: [3, 2, 2, 2], y: [2, 3, 3, 2], move: move() },
  { x: [1, 4, 5, 4], w: [2, 2, 3, 2], y: [1, 2, 3, 3], move: move([2, 1], [1, 0], [1, 1], 2) },
  { x: [2, 1, 5, 5], w: [2, 1, 2, 2], y: [2, 2, 2, 2], move: move([3, 3], [1, 1], [2, 1]) }, // stride > kernel, a rest
  { x: [2, 3, 2, 2], w: [2, 3, 1, 1], y: [2, 2, 2, 2], move: move() }, // the patches are the image
  { x: [1, 2, 2, 3], w: [2, 1, 3, 2], y: [1, 2, 2, 3], move: move([1, 1], [1, 0], [1, 1], 2) }, // 'same': no padding after
  { x: [0, 2, 3, 3], w: [2, 2, 2, 2], y: [0, 2, 2, 2], move: move() },
];

/** Windows: even ones, ones that overlap and leave gaps inside (dilation), and uneven ones. */
const pools = [
  { x: [2, 2, 4, 4], rows: [range(0, 1, 2), range(2, 1, 2)], cols: [range(0, 1, 2), range(2, 1, 2)] },
  { x: [1, 2, 5, 4], rows: [range(0, 2, 2), range(1, 2, 2), range(2, 2, 2)], cols: [range(0, 1, 3), range(1, 1, 3)] },
  { x: [2, 1, 3, 5], rows: [range(0, 1, 3)], cols: [range(0, 1, 2), range(1, 1, 3), range(3, 1, 2), range(4, 1, 1)] },
  { x: [0, 2, 2, 2], rows: [range(0, 1, 2)], cols: [range(0, 1, 2)] },
];

/** Taps: two of each, one that is skipped and some twice; along the first, a middle and the last dim. */
const taps = [
  {
    shape: [2, 3],
    dim: 1,
    taps: { width: 2, index: [0, 1, 1, 2, 2, 2, 0, 0], weight: [0.3, 0.7, 0.5, 0.5, 1, 0.2, -1, 2] },
  },
  { shape: [3, 2], dim: 0, taps: { width: 1, index: [2, 0, 2, 2], weight: [1, 1, -0.5, 2] } },
  { shape: [2, 3, 2], dim: 1, taps: { width: 3, index: [0, 2, 2], weight: [0.1, 0.2, 0.3] } },
  { shape: [0, 2], dim: 1, taps: { width: 1, index: [1], weight: [1] } },
];

export const cases: { readonly [K in OpName]: readonly Case[] } = {
  add: [elementwise(real(M), real(M))],
  sub: [elementwise(real(M), real(M))],
  mul: [elementwise(real(M), real(M))],
  div: [elementwise(real(M), real(M, 0.6, 2))],
  pow: [
    elementwise(real(M, 0.5, 2), real(M)),
    elementwise(real(M, 0.5, 2), oneOf(M, [0, 1, 2])),
    elementwise(away(M), constant(oneOf(M, [-1, 0, 1, 2, 3]))),
  ],
  atan2: [elementwise(away(M), away(M))],
  hypot: [elementwise(away(M), away(M))],
  copysign: [elementwise(away(M), away(M))],
  fmax: [elementwise(grid(M, 0), grid(M, 0.2))],
  fmin: [elementwise(grid(M, 0), grid(M, 0.2))],
  logaddexp: [elementwise(real(M), real(M)), elementwise(real(M, 300, 302), real(M, 299, 301))],
  xlogy: [elementwise(real(M), real(M, 0.4, 3)), fixed([constant(oneOf([6], [0, 1])), real([6], 0.4, 3)])],
  fmod: [
    elementwise(real(M, 2.2, 2.8), oneOf(M, [0.75, 2, -1.8])),
    elementwise(real(M, -2.8, -2.2), oneOf(M, [0.75, 2])),
  ],
  remainder: [
    elementwise(real(M, 2.2, 2.8), oneOf(M, [0.75, 2, -1.8])),
    elementwise(real(M, -2.8, -2.2), oneOf(M, [0.75, 2])),
  ],
  roundedDiv: ['floor', 'trunc'].flatMap((mode) => [
    vanishing(fixed([real(M, 2.2, 2.8), oneOf([3], [0.75, 2, -1.8])], mode)),
    vanishing(fixed([real([], -2.8, -2.2), oneOf([], [0.75, 2])], mode)),
    vanishing(fixed([real([0, 2]), real([2], 1, 2)], mode)),
  ]),
  clamp: [
    elementwise(grid(M, 0), grid(M, 0.1), grid(M, 0.2)),
    fixed([grid([8], 0), constant(oneOf([], [-0.5])), constant(oneOf([], [0.7]))]),
  ],
  lerp: [elementwise(real(M), real(M), real(M, -0.4, 0.4)), elementwise(real(M), real(M), real(M, 0.6, 2))],
  logicalAnd: comparison,
  logicalOr: comparison,
  logicalXor: comparison,
  bitwiseAnd: bits,
  bitwiseOr: bits,
  bitwiseXor: bits,
  maximum: [elementwise(grid(M, 0), grid(M, 0.2))],
  minimum: [elementwise(grid(M, 0), grid(M, 0.2))],
  where: [elementwise(mask(M), real(M), real(M))],
  eq: comparison,
  ne: comparison,
  lt: comparison,
  le: comparison,
  gt: comparison,
  ge: comparison,

  neg: [elementwise(real(M))],
  abs: [elementwise(away(M))],
  square: [elementwise(real(M))],
  sqrt: [elementwise(real(M, 0.3, 3))],
  reciprocal: [elementwise(real(M, 0.5, 2))],
  exp: [elementwise(real(M))],
  expm1: [elementwise(real(M))],
  log: [elementwise(real(M, 0.4, 3))],
  log2: [elementwise(real(M, 0.4, 3))],
  exp2: [elementwise(real(M))],
  log10: [elementwise(real(M, 0.4, 3))],
  log1p: [elementwise(real(M, -0.5, 2))],
  sin: [elementwise(real(M))],
  cos: [elementwise(real(M, 0.3, 3))],
  tan: [elementwise(real(M, -1.2, 1.2))],
  asin: [elementwise(real(M, -0.8, 0.8))],
  acos: [elementwise(real(M, -0.8, 0.8))],
  atan: [elementwise(real(M))],
  sinh: [elementwise(real(M))],
  cosh: [elementwise(away(M))],
  asinh: [elementwise(real(M))],
  acosh: [elementwise(real(M, 1.2, 4))],
  atanh: [elementwise(real(M, -0.8, 0.8))],
  tanh: [elementwise(real(M))],
  logit: [elementwise(real(M, 0.1, 0.9))],
  sigmoid: [elementwise(real(M))],
  relu: [elementwise(away(M))],
  erf: [elementwise(real(M, -2.4, 2.4)), elementwise(real(M, 2.45, 2.55))],
  gelu: [elementwise(real(M, -2.4, 2.4))],
  hardswish: [elementwise(oneOf(M, [-4, -2.5, 0, 1, 2.5, 4]))],
  erfc: [elementwise(real(M, -2, 2)), elementwise(real(M, 1.45, 2.55))],
  erfinv: [elementwise(real(M, -0.9, 0.9)), elementwise(real(M, -0.01, 0.01))],
  lgamma: [elementwise(real(M, 0.2, 4)), elementwise(real(M, -0.8, -0.2)), elementwise(real(M, 9.9, 10.1))],
  polygamma: [0, 1, 2].flatMap((n) => [
    ...[[0.6, 4], [-0.7, -0.3], [9.9, 10.1], [1.4, 1.6]].map(([low, high]) => fixed([real(M, low, high)], n)),
    fixed([real([], 1, 3)], n),
    fixed([real([0, 2])], n),
  ]), // prettier-ignore
  sinc: [0, 1, 2].flatMap((n) => [
    fixed([oneOf([8], [0, 1e-9, -1e-3, 0.5])], n),
    fixed([real(M, 0.25, 1.5)], n), // where the series hands over
    fixed([real([], 2, 3)], n),
    fixed([real([0, 2])], n),
  ]),
  signbit: [elementwise(away(M))],
  sign: [vanishing(elementwise(away(M)))],
  floor: steps,
  ceil: steps,
  round: steps,
  trunc: steps,

  sumTo: [...reductions(real), fixed([real([0, 3])], [3]), fixed([real([2, 0])], [2, 1])],
  amax: reductions(distinct),
  amin: reductions(distinct),
  logsumexp: reductions(real),
  argmax: reductions(distinct),
  argmin: reductions(distinct),
  medianPlace: reductions(distinct),
  modePlace: reductions((shape) => oneOf(shape, [0, 1, 2])),
  any: [...reductions((shape) => oneOf(shape, [0, 0, 1])), fixed([real([2, 0])], [2, 1])],
  all: [...reductions((shape) => oneOf(shape, [0, 1, 1])), fixed([real([2, 0])], [2, 1])],
  cumsum: scanned(real),
  logcumsumexp: [...scanned(real), fixed([real([4], 30, 32)], 0)],
  recurrence: [
    fixed([real([2, 4]), real([2, 4])], 1),
    fixed([real([3, 2, 2]), real([3, 2, 2])], 0),
    fixed([oneOf([5], [0, 0, 2]), real([5])], 0),
    fixed([constant(real([])), real([])], 0),
    fixed([real([2, 0]), real([2, 0])], 1),
  ],
  cummaxPlaces: scanned(distinct),
  cumminPlaces: scanned(distinct),
  softmax: alongDim,
  logSoftmax: alongDim,

  expand: [
    fixed([real([2, 1, 3])], [4, 2, 5, 3]),
    fixed([real([2, 3])], [2, 3]),
    fixed([real([])], [2]),
    fixed([real([])], []),
    fixed([real([1, 0])], [3, 0]),
    fixed([real([2, 1])], [2, 0]),
  ],
  permute: [
    fixed([real([2, 3, 4])], [2, 0, 1]),
    fixed([real([2, 3])], [1, 0]),
    fixed([real([2, 0])], [1, 0]),
    fixed([real([])], []),
  ],
  reshape: [
    fixed([real([2, 6])], [3, 2, 2]),
    fixed([real([3, 2, 1])], [6]),
    fixed([real([2, 3])], [1, 2, 1, 3, 1]),
    fixed([real([2, 0])], [0, 5]),
    fixed([real([])], [1, 1]),
  ],
  slice: [
    fixed([real([5, 4])], [range(4, -2, 2), range(1, 1, 3)]),
    fixed([real([2, 3])], [range(0, 1, 2), range(2, 1, 1)]),
    fixed([real([2, 3])], [range(0, 1, 2), range(3, 1, 0)]),
    fixed([real([2, 0])], [range(1, -1, 2), range(-1, -1, 0)]),
    fixed([real([])], []),
  ],
  unslice: [
    fixed([real([2, 3])], [range(4, -2, 2), range(1, 1, 3)], [5, 4]),
    fixed([real([2, 0])], [range(0, 1, 2), range(3, 1, 0)], [2, 3]),
    fixed([real([])], [], []),
  ],
  lattice: [
    fixed([real([3, 4])], [0, 1], [{ size: 3, steps: [1, 1] }]), // a diagonal
    fixed([real([2, 7])], [0, 0], [walk(2, 1, 0), walk(3, 0, 2), walk(3, 0, 1)]), // windows that overlap
    fixed([real([2, 3])], [1, 2], [walk(2, 0, 0), walk(3, 0, -1)]),
    fixed([real([2, 3])], [0, 3], [walk(2, 1, 0), walk(0, 0, 1)]),
    fixed([real([0, 3])], [0, 0], [walk(0, 1, 0), walk(2, 0, 1)]),
    fixed([real([])], [], []),
  ],
  unlattice: [
    fixed([real([3])], [0, 1], [{ size: 3, steps: [1, 1] }], [3, 4]),
    fixed([real([2, 3, 3])], [0, 0], [walk(2, 1, 0), walk(3, 0, 2), walk(3, 0, 1)], [2, 7]),
    fixed([real([2, 0])], [0, 3], [walk(2, 1, 0), walk(0, 0, 1)], [2, 3]),
    fixed([real([])], [], [], []),
  ],
  concat: [
    fixed([[real([2, 3]), real([1, 3]), real([3, 3])]], 0, [0, 2, 3]),
    fixed([[real([2, 1, 2]), real([2, 3, 2])]], 1, [0, 1]),
    fixed([[real([2, 0]), real([2, 2])]], 1, [0, 0]),
    fixed([[real([2, 3])]], 1, [0]),
  ],
  clone: [elementwise(real(M))],
  cast: ['float64', 'float32'].flatMap((to) => [
    fixed([real(M)], to),
    fixed([real([])], to),
    fixed([real([0, 2])], to),
  ]),

  gather: [
    fixed([real([3, 4]), index([2, 4], 3)], 0),
    fixed([real([3, 4]), index([2, 5], 4)], 1),
    fixed([real([2, 3, 2]), index([2, 4, 1], 3)], 1),
    fixed([real([3]), index([0], 3)], 0),
    fixed([real([]), index([], 1)], 0),
  ],
  scatterAdd: [
    fixed([real([2, 4]), index([2, 4], 3)], 0, [3, 4]),
    fixed([real([2, 5]), index([2, 5], 4)], 1, [3, 4]),
    fixed([real([0]), index([0], 3)], 0, [3]),
    fixed([real([]), index([], 1)], 0, []),
  ],
  lastWrites: [fixed([index([4, 2], 3)], 0, [3, 2]), fixed([index([0], 3)], 0, [3]), fixed([index([], 1)], 0, [])],
  earlierWrites: [fixed([index([4, 2], 3)], 0, [3, 2]), fixed([index([0], 3)], 0, [3]), fixed([index([], 1)], 0, [])],
  scatterProd: [
    fixed([real([3, 4]), index([2, 4], 3), real([2, 4])], 0),
    fixed([real([3, 4]), index([2, 5], 4), real([2, 5])], 1),
    fixed([real([3]), index([5], 3), oneOf([5], [0, 2])], 0),
    fixed([real([3]), index([0], 3), real([0])], 0),
    fixed([real([]), index([], 1), real([])], 0),
  ],
  scatter: [
    fixed([real([3, 4]), index([2, 4], 3), real([2, 4])], 0),
    fixed([real([3, 4]), index([2, 5], 4), real([2, 5])], 1),
    fixed([real([3]), index([0], 3), real([0])], 0),
    fixed([constant(real([])), index([], 1), real([])], 0),
  ],
  indexSelect: [
    fixed([real([3, 4]), index([5], 3)], 0),
    fixed([real([2, 3, 2]), index([2], 3)], 1),
    fixed([real([3, 4]), index([], 4)], 1),
    fixed([real([3, 2]), index([0], 3)], 0),
  ],
  indexAdd: [
    fixed([real([5, 4]), index([5], 3)], 0, [3, 4]),
    fixed([real([2, 2, 2]), index([2], 3)], 1, [2, 3, 2]),
    fixed([real([3, 1]), index([], 4)], 1, [3, 4]),
    fixed([real([0, 2]), index([0], 3)], 0, [3, 2]),
  ],
  scatterAmax: extremes,
  scatterAmin: extremes,
  argsort: [true, false].flatMap((down) => [
    fixed([distinct([3, 4])], 1, down),
    fixed([oneOf([40, 2], [0, 1, 2])], 0, down), // ties; long enough to be merged
    fixed([real([2, 0])], 1, down),
    fixed([real([])], 0, down),
  ]),
  searchsorted: [true, false].flatMap((right) => [
    fixed([grid([0], 0), real([3])], right),
    fixed([rising([4]), oneOf([2, 3], [-1, 0, 0.5, 1, 5])], right),
    fixed([rising([2, 3]), oneOf([2, 4], [-1, 0, 0.5, 1, 5])], right),
    fixed([rising([4]), real([])], right),
  ]),
  nonzero: [fixed([mask([2, 3])]), fixed([mask([0, 3])]), fixed([mask([])])],
  oneHot: [fixed([index([2, 3], 4)], 4), fixed([index([0], 4)], 4), fixed([index([], 4)], 4)],

  matmul: [
    fixed([real([2, 3]), real([3, 2])]),
    fixed([real([9, 8]), real([8, 9])]), // large enough for the tiled kernel
    fixed([real([2, 2, 3]), real([2, 3, 2])]),
    fixed([real([2, 1, 2, 3]), real([3, 3, 2])]),
    fixed([real([2, 3]), real([4, 3, 2])]),
    fixed([real([4, 2, 3]), real([3, 2])]),
    fixed([real([0, 3]), real([3, 2])]),
    fixed([real([2, 0]), real([0, 3])]),
    fixed([real([0, 2, 3]), real([1, 3, 2])]),
  ],
  linear: [
    fixed([real([4, 3]), real([2, 3]), real([2])]),
    fixed([real([0, 3]), real([2, 3]), real([2])]),
    fixed([real([2, 0]), real([3, 0]), real([3])]),
  ],
  solve: [
    fixed([regular([2, 3, 3]), real([2, 3, 2])]),
    fixed([regular([2, 2, 2]), real([2, 1])]),
    fixed([regular([1, 1, 1]), real([2, 1, 2])]),
    fixed([regular([0, 3, 3]), real([0, 3, 2])]),
    fixed([regular([2, 0, 0]), real([2, 0, 2])]),
  ],
  inverse: squareMatrices,
  det: [
    ...squareMatrices,
    fixed([singular([2, 3, 3], 2)]), // rank 2: the first derivative is not 0
    fixed([singular([1, 4, 4], 3)]),
  ],
  logabsdet: squareMatrices,
  detSign: squareMatrices,
  solveTriangular: [true, false].flatMap((upper) => [
    fixed([regular([2, 3, 3]), real([2, 3, 2])], upper),
    fixed([regular([2, 2, 2]), real([2, 1])], upper),
    fixed([regular([0, 3, 3]), real([0, 3, 2])], upper),
  ]),
  cholesky: squareMatrices,
  conv2d: convolutions.map(({ x, w, y, move }) => fixed([real(x), real(w)], y.slice(2), move)),
  conv2dInput: convolutions.map(({ x, w, y, move }) => fixed([real(y), real(w)], x.slice(2), move)),
  conv2dWeight: convolutions.map(({ x, w, y, move }) => fixed([real(x), real(y)], w.slice(2), move)),
  windowSum: pools.map(({ x, rows, cols }) => fixed([real(x)], rows, cols)),
  windowSpread: pools.map(({ x: [N, C, ...size], rows, cols }) =>
    fixed([real([N, C, rows.length, cols.length])], rows, cols, size),
  ),
  windowArgmax: pools.map(({ x, rows, cols }) => fixed([distinct(x)], rows, cols)),
  resample: taps.map(({ shape, dim, taps }) => fixed([real(shape)], dim, taps)),
  resampleBack: taps.map(({ shape, dim, taps }) =>
    fixed([real(shape.with(dim, taps.index.length / taps.width))], dim, taps, shape[dim]),
  ),
  standardize: [
    fixed([real([1, 3, 4])], 1e-5),
    fixed([real([3, 2, 4])], 0.1),
    fixed([real([4, 3, 1])], 1e-2),
    fixed([real([1, 0, 4])], 1e-5),
  ],
  layerNorm: [
    fixed([real([3, 4]), real([4]), real([4])], 1e-5),
    fixed([real([1, 3]), real([3]), real([3])], 0.1),
    fixed([real([0, 4]), real([4]), real([4])], 1e-5),
  ],
  attentionWeights: [
    fixed([real([2, 3, 4])], 0.5, false),
    fixed([real([2, 3, 4])], 1.5, true),
    fixed([real([4, 3])], -0.7, true),
    fixed([real([0, 2, 3])], 0.5, true),
    fixed([real([2, 0])], 0.5, true),
  ],
  lstm: [
    fixed([real([1, 1, 8]), real([8, 2]), real([1, 2]), real([1, 2])], false),
    fixed([real([3, 2, 4]), real([4, 1]), real([2, 1]), real([2, 1])], true),
    fixed([real([2, 0, 8]), real([8, 2]), real([0, 2]), real([0, 2])], false),
  ],
  crossEntropy: [fixed([real([3, 4]), index([3], 4)]), fixed([real([0, 4]), index([0], 4)])],
  binaryCrossEntropy: [elementwise(real(M, 0.1, 0.9), real(M))],
  squaredError: [
    fixed([real([2, 3]), real([2, 3])], 0.25),
    fixed([real([]), real([])], 2),
    fixed([real([0, 3]), real([0, 3])], 1),
  ],
};

/** Linear in all inputs that have a rule, taken together. */
export const linearOps: readonly OpName[] = [
  'cumsum', 'add', 'sub', 'where', 'neg', 'sumTo', 'expand', 'permute', 'reshape', 'slice', 'unslice', 'lattice', 'unlattice', 'concat', 'clone', 'cast',
  'gather', 'scatterAdd', 'scatter', 'indexSelect', 'indexAdd', 'windowSum', 'windowSpread', 'resample', 'resampleBack',
]; // prettier-ignore

/** They need a dim, or two. */
export const neverScalar: ReadonlySet<OpName> = new Set([
  'concat',
  'searchsorted',
  'solve',
  'inverse',
  'det',
  'logabsdet',
  'detSign',
  'solveTriangular',
  'cholesky',
  'indexSelect',
  'indexAdd',
  'matmul',
  'linear',
  'conv2d',
  'conv2dInput',
  'conv2dWeight',
  'windowSum',
  'windowSpread',
  'windowArgmax',
  'resample',
  'resampleBack',
  'standardize',
  'layerNorm',
  'attentionWeights',
  'lstm',
  'crossEntropy',
]);
