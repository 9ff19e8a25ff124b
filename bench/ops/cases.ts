/**
 * How each op is measured: on which numbers, and against which loop. An op that is missing here is only reported as
 * missing, so that a new op need not wait for its benchmark.
 */
import { nd, type Nd } from '../../src/array/nd.ts';
import * as ops from '../../src/ops/index.ts';
import {
  alongRows,
  between,
  binary,
  comparison,
  dense,
  random,
  reduction,
  ternary,
  truth,
  unary,
  wholeBelow,
  type Maker,
} from './makers.ts';
import { elementwise, fold, scan, softmax, type Plain } from './plain.ts';

type OpName = keyof typeof ops;
/** Numbers sent along the rows to others: `write` puts v at `at`. */
// prettier-ignore
const scattered = (
  op: (x: Nd, index: Nd, src: Nd, dim: number) => Nd, write: (y: Float32Array, at: number, v: number) => void,
): Maker =>
  dense((rows, cols) => {
    const [x, src] = [random(rows, cols, false, between(0.5, 1.5)), random(rows, cols, false, between(0.5, 1.5))];
    const index = random(rows, cols, false, wholeBelow(cols));
    const plain = (): Float32Array => {
      const y = x.data.slice() as Float32Array;
      for (let i = 0, e = 0; i < rows; i++) {
        for (const end = e + cols; e < end; e++) write(y, i * cols + index.data[e], src.data[e]);
      }
      return y;
    };
    return { op: () => op(x, index, src, 1), plain, elements: rows * cols };
  });

/** What is found in rows that are put in order: against the sort of the numbers alone that JavaScript has. */
const sorted = (op: (x: Nd, shape: readonly number[]) => Nd, find: (line: Float32Array) => number): Maker =>
  dense((rows, cols) => {
    const x = random(rows, cols, false, wholeBelow(100));
    const plain = (): Float32Array =>
      Float32Array.from({ length: rows }, (_, i) =>
        find((x.data.slice(i * cols, (i + 1) * cols) as Float32Array).sort()),
      );
    return { op: () => ops.gather.forward(x, op(x, [rows, 1]), 1), plain, elements: rows * cols };
  });

const best = (sign: string, end?: string): Plain => fold('first', `if (x ${sign} s) { s = x; at = j; }`, end);

export const cases: Partial<Record<OpName, Maker>> = {
  add: binary(ops.add.forward, 'a + b'),
  sub: binary(ops.sub.forward, 'a - b'),
  mul: binary(ops.mul.forward, 'a * b'),
  div: binary(ops.div.forward, 'a / b', 0.5, 2),
  pow: binary(ops.pow.forward, 'a ** b', 0.5, 2),
  maximum: binary(ops.maximum.forward, 'Math.max(a, b)'),
  minimum: binary(ops.minimum.forward, 'Math.min(a, b)'),
  eq: comparison(ops.eq.forward, '==='),
  ne: comparison(ops.ne.forward, '!=='),
  lt: comparison(ops.lt.forward, '<'),
  le: comparison(ops.le.forward, '<='),
  gt: comparison(ops.gt.forward, '>'),
  ge: comparison(ops.ge.forward, '>='),
  where(rows, cols, strided) {
    const a = random(rows, cols, false, between(-2, 2));
    const b = random(strided ? 1 : rows, cols, false, between(-2, 2));
    const mask = random(rows, cols, false, wholeBelow(2));
    return { op: () => ops.where.forward(mask, a, b), plain: () => choose(mask, a, b), elements: rows * cols };
  },

  logicalAnd: truth(ops.logicalAnd.forward, 'a !== 0 && b !== 0 ? 1 : 0'),
  logicalOr: truth(ops.logicalOr.forward, 'a !== 0 || b !== 0 ? 1 : 0'),
  logicalXor: truth(ops.logicalXor.forward, '(a !== 0) !== (b !== 0) ? 1 : 0'),
  bitwiseAnd: binary(ops.bitwiseAnd.forward, 'a & b', 0, 256, wholeBelow(256)),
  bitwiseOr: binary(ops.bitwiseOr.forward, 'a | b', 0, 256, wholeBelow(256)),
  bitwiseXor: binary(ops.bitwiseXor.forward, 'a ^ b', 0, 256, wholeBelow(256)),
  atan2: binary(ops.atan2.forward, 'Math.atan2(a, b)'),
  hypot: binary(ops.hypot.forward, 'Math.sqrt(a * a + b * b)'),
  copysign: binary(ops.copysign.forward, 'b < 0 ? -Math.abs(a) : Math.abs(a)'),
  fmax: binary(ops.fmax.forward, 'a >= b || b !== b ? a : b'),
  fmin: binary(ops.fmin.forward, 'a <= b || b !== b ? a : b'),
  logaddexp: binary(ops.logaddexp.forward, 'Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))'),
  xlogy: binary(ops.xlogy.forward, 'a === 0 ? 0 : a * Math.log(b)', 0.1, 2),
  fmod: binary(ops.fmod.forward, 'a % b', 0.5, 2),
  // Not a − ⌊a/b⌋·b, which is faster and loses digits where a/b is large.
  remainder: binary(ops.remainder.forward, 'a % b !== 0 && a < 0 !== b < 0 ? (a % b) + b : a % b', 0.5, 2),
  roundedDiv: binary((a, b) => ops.roundedDiv.forward(a, b, 'floor'), 'Math.floor(a / b)', 0.5, 2),
  clamp: ternary(ops.clamp.forward, 'Math.min(Math.max(a, b), c)'),
  lerp: ternary(ops.lerp.forward, 'a + c * (b - a)'),

  neg: unary(ops.neg.forward, '-a'),
  abs: unary(ops.abs.forward, 'Math.abs(a)'),
  square: unary(ops.square.forward, 'a * a'),
  sqrt: unary(ops.sqrt.forward, 'Math.sqrt(a)', 0, 4),
  reciprocal: unary(ops.reciprocal.forward, '1 / a', 0.5, 2),
  exp: unary(ops.exp.forward, 'Math.exp(a)'),
  expm1: unary(ops.expm1.forward, 'Math.expm1(a)'),
  log: unary(ops.log.forward, 'Math.log(a)', 0.1, 4),
  log1p: unary(ops.log1p.forward, 'Math.log1p(a)', -0.5, 4),
  sin: unary(ops.sin.forward, 'Math.sin(a)'),
  cos: unary(ops.cos.forward, 'Math.cos(a)'),
  tan: unary(ops.tan.forward, 'Math.tan(a)', -1.2, 1.2),
  asin: unary(ops.asin.forward, 'Math.asin(a)', -0.9, 0.9),
  acos: unary(ops.acos.forward, 'Math.acos(a)', -0.9, 0.9),
  atan: unary(ops.atan.forward, 'Math.atan(a)'),
  sinh: unary(ops.sinh.forward, 'Math.sinh(a)'),
  cosh: unary(ops.cosh.forward, 'Math.cosh(a)'),
  tanh: unary(ops.tanh.forward, 'Math.tanh(a)'),
  sigmoid: unary(ops.sigmoid.forward, '1 / (1 + Math.exp(-a))'),
  relu: unary(ops.relu.forward, 'a < 0 ? 0 : a'),
  erf: unary(ops.erf.forward, 'erf(a)'),
  erfc: unary(ops.erfc.forward, 'erfc(a)'),
  erfinv: unary(ops.erfinv.forward, 'erfinv(a)', -0.9, 0.9),
  lgamma: unary(ops.lgamma.forward, 'lgamma(a)', 0.5, 4),
  polygamma: unary((x) => ops.polygamma.forward(x, 0), 'digamma(a)', 0.5, 4),
  gelu: unary(ops.gelu.forward, 'a * 0.5 * (1 + erf(a * Math.SQRT1_2))'),
  hardswish: unary(ops.hardswish.forward, 'a * Math.min(Math.max(a + 3, 0), 6) / 6', -5, 5),
  sign: unary(ops.sign.forward, 'Math.sign(a)'),
  floor: unary(ops.floor.forward, 'Math.floor(a)'),
  ceil: unary(ops.ceil.forward, 'Math.ceil(a)'),
  round: unary(ops.round.forward, 'round(a)'),
  trunc: unary(ops.trunc.forward, 'Math.trunc(a)'),
  exp2: unary(ops.exp2.forward, '2 ** a'),
  log2: unary(ops.log2.forward, 'Math.log2(a)', 0.1, 4),
  log10: unary(ops.log10.forward, 'Math.log10(a)', 0.1, 4),
  asinh: unary(ops.asinh.forward, 'Math.asinh(a)'),
  acosh: unary(ops.acosh.forward, 'Math.acosh(a)', 1.1, 4),
  atanh: unary(ops.atanh.forward, 'Math.atanh(a)', -0.9, 0.9),
  logit: unary(ops.logit.forward, 'Math.log(a / (1 - a))', 0.1, 0.9),
  signbit: unary(ops.signbit.forward, 'a < 0 || Object.is(a, -0) ? 1 : 0'),
  sinc: unary((x) => ops.sinc.forward(x, 0), 'Math.sin(Math.PI * a) / (Math.PI * a)', 0.2, 2),
  clone: unary(ops.clone.forward, 'a'),
  cast: unary((x) => ops.cast.forward(x, 'float32'), 'a'),

  sumTo: reduction(ops.sumTo.forward, fold('0', 's += x;')),
  amax: reduction(ops.amax.forward, best('>')),
  amin: reduction(ops.amin.forward, best('<')),
  argmax: reduction(ops.argmax.forward, best('>', 'at')),
  argmin: reduction(ops.argmin.forward, best('<', 'at')),
  logsumexp: reduction(ops.logsumexp.forward, fold('0', 's += Math.exp(x);', 'Math.log(s)')),
  // Of numbers that leave it open to the end: else they stop at the first.
  any: reduction(ops.any.forward, fold('0', 'if (x !== 0) { s = 1; break; }'), () => 0),
  all: reduction(ops.all.forward, fold('1', 'if (x === 0) { s = 0; break; }'), () => 1),
  cumsum: alongRows(ops.cumsum.forward, scan('0', 's += x;')),
  logcumsumexp: alongRows(ops.logcumsumexp.forward, scan('0', 's += Math.exp(x);', 'Math.log(s)')),
  cummaxPlaces: alongRows(ops.cummaxPlaces.forward, scan('first', 'if (x >= s) { s = x; at = j; }', 'at')),
  cumminPlaces: alongRows(ops.cumminPlaces.forward, scan('first', 'if (x <= s) { s = x; at = j; }', 'at')),
  softmax: alongRows(ops.softmax.forward, softmax('Math.exp(x - max) * scale')),
  logSoftmax: alongRows(ops.logSoftmax.forward, softmax('x - shift')),

  gather: dense((rows, cols) => {
    const [x, index] = [random(rows, cols, false, between(-2, 2)), random(rows, cols, false, wholeBelow(cols))];
    const plain = (): Float32Array => {
      const y = new Float32Array(rows * cols);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) y[i * cols + j] = x.data[i * cols + index.data[i * cols + j]];
      }
      return y;
    };
    return { op: () => ops.gather.forward(x, index, 1), plain, elements: rows * cols };
  }),
  scatterAdd: dense((rows, cols) => {
    const [x, index] = [random(rows, cols, false, between(-2, 2)), random(rows, cols, false, wholeBelow(cols))];
    const plain = (): Float32Array => {
      const y = new Float32Array(rows * cols);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) y[i * cols + index.data[i * cols + j]] += x.data[i * cols + j];
      }
      return y;
    };
    return { op: () => ops.scatterAdd.forward(x, index, 1, [rows, cols]), plain, elements: rows * cols };
  }),
  scatter: dense((rows, cols) => {
    const [x, src] = [random(rows, cols, false, between(-2, 2)), random(rows, cols, false, between(-2, 2))];
    const index = random(rows, cols, false, wholeBelow(cols));
    const plain = (): Float32Array => {
      const y = x.data.slice() as Float32Array;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) y[i * cols + index.data[i * cols + j]] = src.data[i * cols + j];
      }
      return y;
    };
    return { op: () => ops.scatter.forward(x, index, src, 1), plain, elements: rows * cols };
  }),
  indexSelect: dense((rows, cols) => {
    const [x, index] = [random(rows, cols, false, between(-2, 2)), random(1, rows, false, wholeBelow(rows))];
    const flat = nd(index.data, [rows]);
    const plain = (): Float32Array => {
      const y = new Float32Array(rows * cols);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) y[i * cols + j] = x.data[flat.data[i] * cols + j];
      }
      return y;
    };
    return { op: () => ops.indexSelect.forward(x, flat, 0), plain, elements: rows * cols };
  }),
  indexAdd: dense((rows, cols) => {
    const [x, index] = [random(rows, cols, false, between(-2, 2)), random(1, rows, false, wholeBelow(rows))];
    const flat = nd(index.data, [rows]);
    const plain = (): Float32Array => {
      const y = new Float32Array(rows * cols);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) y[flat.data[i] * cols + j] += x.data[i * cols + j];
      }
      return y;
    };
    return { op: () => ops.indexAdd.forward(x, flat, 0, [rows, cols]), plain, elements: rows * cols };
  }),
  oneHot: dense((rows, cols) => {
    const index = nd(random(1, rows, false, wholeBelow(cols)).data, [rows]);
    const plain = (): Float32Array => {
      const y = new Float32Array(rows * cols);
      for (let i = 0; i < rows; i++) y[i * cols + index.data[i]] = 1;
      return y;
    };
    return { op: () => ops.oneHot.forward(index, cols), plain, elements: rows * cols };
  }),
  scatterAmax: scattered(ops.scatterAmax.forward, (y, at, v) => {
    if (v > y[at]) y[at] = v;
  }),
  scatterAmin: scattered(ops.scatterAmin.forward, (y, at, v) => {
    if (v < y[at]) y[at] = v;
  }),
  scatterProd: scattered(ops.scatterProd.forward, (y, at, v) => (y[at] *= v)),
  medianPlace: sorted(ops.medianPlace.forward, (line) => line[(line.length - 1) >> 1]),
  modePlace: sorted(ops.modePlace.forward, (line) => {
    let [best, most] = [0, 0];
    for (let r = 0, start = 0; r < line.length; r++) {
      if (line[r] !== line[start]) start = r;
      if (r + 1 - start > most) [best, most] = [line[r], r + 1 - start];
    }
    return best;
  }),
  /** Against the sort of the numbers alone that JavaScript has. */
  argsort: dense((rows, cols) => {
    const x = random(rows, cols, false, between(-2, 2));
    const plain = (): Float32Array => {
      const y = x.data.slice() as Float32Array;
      for (let i = 0; i < rows; i++) y.subarray(i * cols, (i + 1) * cols).sort();
      return y;
    };
    const op = (): Nd => ops.gather.forward(x, ops.argsort.forward(x, 1, false), 1);
    return { op, plain, elements: rows * cols };
  }),
  nonzero: dense((rows, cols) => {
    const x = random(rows, cols, false, wholeBelow(2));
    const plain = (): Float32Array => {
      const found: number[] = [];
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) if (x.data[i * cols + j] !== 0) found.push(i, j);
      }
      return Float32Array.from(found);
    };
    return { op: () => ops.nonzero.forward(x), plain, elements: rows * cols };
  }),
  searchsorted: dense((rows, cols) => {
    const x = random(rows, cols, false, between(0, cols));
    const sorted = nd(Float32Array.from({ length: cols }, (_, i) => i), [cols]); // prettier-ignore
    const plain = (): Float32Array => {
      const y = new Float32Array(rows * cols);
      for (let e = 0; e < y.length; e++) {
        let [low, high] = [0, cols];
        while (low < high) {
          const middle = (low + high) >> 1;
          if (sorted.data[middle] < x.data[e]) low = middle + 1;
          else high = middle;
        }
        y[e] = low;
      }
      return y;
    };
    return { op: () => ops.searchsorted.forward(sorted, x, false), plain, elements: rows * cols };
  }),
  concat: dense((rows, cols) => {
    const [a, b] = [random(rows, cols, false, between(-2, 2)), random(rows, cols, false, between(-2, 2))];
    const plain = (): Float32Array => {
      const y = new Float32Array(2 * rows * cols);
      for (let i = 0, k = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) y[k++] = a.data[i * cols + j];
        for (let j = 0; j < cols; j++) y[k++] = b.data[i * cols + j];
      }
      return y;
    };
    return { op: () => ops.concat.forward([a, b], 1, [0, cols]), plain, elements: 2 * rows * cols };
  }),
  standardize: dense((rows, cols) => {
    const x = random(rows, cols, false, between(-2, 2));
    const stack = nd(x.data, [1, rows, cols]);
    const [one, none] = [new Float32Array(cols).fill(1), new Float32Array(cols)];
    const plain = (): Float32Array => normalized(x, one, none);
    return { op: () => ops.standardize.forward(stack, 1e-5), plain, elements: rows * cols };
  }),
  layerNorm: dense((rows, cols) => {
    const x = random(rows, cols, false, between(-2, 2));
    const [w, b] = [0, 1].map(() => nd(random(1, cols, false, between(-1, 1)).data, [cols]));
    const plain = (): Float32Array => normalized(x, w.data, b.data);
    return { op: () => ops.layerNorm.forward(x, w, b, 1e-5), plain, elements: rows * cols };
  }),
  attentionWeights: dense((rows, cols) => {
    const x = random(rows, cols, false, between(-2, 2));
    const plain = (): Float32Array => {
      const y = new Float32Array(rows * cols);
      for (let i = 0; i < rows; i++) {
        const [at, n] = [i * cols, Math.min(cols, i + 1)];
        let sum = 0;
        for (let j = at; j < at + n; j++) sum += y[j] = Math.exp(0.5 * x.data[j]);
        for (let j = at; j < at + n; j++) y[j] /= sum;
      }
      return y;
    };
    return { op: () => ops.attentionWeights.forward(x, 0.5, true), plain, elements: rows * cols };
  }),
  windowSum: dense((rows, cols) => {
    const [h, w] = [rows >> 1, cols >> 1];
    const x = random(rows, cols, false, between(-2, 2));
    const plain = (): Float32Array => {
      const y = new Float32Array(h * w);
      for (let i = 0, k = 0; i < h; i++) {
        for (let j = 0, at = 2 * i * cols; j < w; j++, at += 2) {
          y[k++] = x.data[at] + x.data[at + 1] + x.data[at + cols] + x.data[at + cols + 1];
        }
      }
      return y;
    };
    const image = nd(x.data, [1, 1, rows, cols]);
    return { op: () => ops.windowSum.forward(image, pairs(h), pairs(w)), plain, elements: rows * cols };
  }),
  windowArgmax: dense((rows, cols) => {
    const [h, w] = [rows >> 1, cols >> 1];
    const x = random(rows, cols, false, between(-2, 2));
    const image = nd(x.data, [1, 1, rows, cols]);
    const plain = (): Float32Array => {
      const y = new Float32Array(h * w);
      for (let i = 0, k = 0; i < h; i++) {
        for (let j = 0; j < w; j++) {
          let best = 2 * i * cols + 2 * j;
          for (const at of [best + 1, best + cols, best + cols + 1]) if (x.data[at] > x.data[best]) best = at;
          y[k++] = best;
        }
      }
      return y;
    };
    return { op: () => ops.windowArgmax.forward(image, pairs(h), pairs(w)), plain, elements: rows * cols };
  }),
  crossEntropy: dense((rows, cols) => {
    const x = random(rows, cols, false, between(-2, 2));
    const target = nd(random(1, rows, false, wholeBelow(cols)).data, [rows]);
    const plain = (): Float32Array => {
      const y = new Float32Array(rows);
      for (let i = 0; i < rows; i++) {
        let sum = 0;
        for (let j = 0; j < cols; j++) sum += Math.exp(x.data[i * cols + j]);
        y[i] = Math.log(sum) - x.data[i * cols + target.data[i]];
      }
      return y;
    };
    return { op: () => ops.crossEntropy.forward(x, target), plain, elements: rows * cols };
  }),
  squaredError: dense((rows, cols) => {
    const [x, target] = [random(rows, cols, false, between(-2, 2)), random(rows, cols, false, between(-2, 2))];
    const plain = (): Float32Array => {
      let sum = 0;
      for (let i = 0; i < rows * cols; i++) sum += (x.data[i] - target.data[i]) ** 2;
      return Float32Array.of(sum);
    };
    return { op: () => ops.squaredError.forward(x, target, 1), plain, elements: rows * cols };
  }),
  binaryCrossEntropy: binary(
    ops.binaryCrossEntropy.forward,
    '-b * Math.log(a) - (1 - b) * Math.log(1 - a)',
    0.05,
    0.95,
  ),
};

/** n windows of two, side by side. */
const pairs = (n: number) => Array.from({ length: n }, (_, i) => ({ start: 2 * i, step: 1, size: 2 }));

/** Each row shifted to mean 0, scaled to variance 1, and ⊙ w + b. */
function normalized({ data: x, shape: [rows, n] }: Nd, w: Nd['data'], b: Nd['data']): Float32Array {
  const y = new Float32Array(rows * n);
  for (let at = 0; at < y.length; at += n) {
    let [sum, squares] = [0, 0];
    for (let j = at; j < at + n; j++) sum += x[j];
    const mean = sum / n;
    for (let j = at; j < at + n; j++) squares += (x[j] - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / n + 1e-5);
    for (let j = 0; j < n; j++) y[at + j] = (x[at + j] - mean) * scale * w[j] + b[j];
  }
  return y;
}

const choose = elementwise('a !== 0 ? b : c');

/** Measured elsewhere, or nothing to measure: views touch no numbers; unslice, unlattice, lastWrites and earlierWrites are parts of gradients. */
export const elsewhere: ReadonlySet<string> = new Set<OpName>([
  'expand', 'permute', 'reshape', 'slice', 'unslice', 'lattice', 'unlattice', 'matmul', 'linear', 'lastWrites', 'earlierWrites',
]); // prettier-ignore
