/** What is no op of its own and matters as much: methods and functions that are made of several, forward and backward. */
import { nd, zerosNd, type Nd } from '../../src/array/nd.ts';
import { cdist, nn, noGrad, optim, Tensor } from '../../src/index.ts';
import { between, binary, dense, random, unary, wholeBelow, type Maker } from './makers.ts';
import { elementwise } from './plain.ts';

type Function1 = (x: Tensor) => Tensor;

/** With nothing recorded. */
const value = (f: () => Tensor): Nd => noGrad(() => f().nd);
const function1 = (f: Function1, formula: string): Maker => unary((x) => value(() => f(new Tensor(x))), formula);

/** f and its slope, against two loops: f's and that of the slope, which reads the gradient that comes in as well. */
const slope = (f: Function1, formula: string, derivative: string): Maker => {
  const [forward, backward] = [elementwise(formula), elementwise(`b * (${derivative})`)];
  return dense((rows, cols) => {
    const [x, g] = [0, 1].map(() => random(rows, cols, false, between(-2, 2)));
    const leaf = new Tensor(x).requiresGrad_();
    const incoming = new Tensor(g);
    const op = (): Nd => {
      leaf.grad = null;
      f(leaf).backward(incoming);
      return (leaf.grad as Tensor | null)!.nd;
    };
    const plain = (): Float32Array => {
      forward(x);
      return backward(x, g);
    };
    return { op, plain, elements: rows * cols };
  });
};

/** A loss for each element. */
function loss(f: (input: Tensor, target: Tensor, options: { reduction: 'none' }) => Tensor, formula: string): Maker {
  const each = (a: Nd, b: Nd): Nd => value(() => f(new Tensor(a), new Tensor(b), { reduction: 'none' }));
  const make = binary(each, formula, 0.05, 0.95);
  return (rows, cols, strided) => (strided ? null : make(rows, cols, false));
}

const F = nn.functional;
const sigmoid = '1 / (1 + Math.exp(-a))';
const softplus = 'Math.log1p(Math.exp(a))';

/** Activations: their formula, and its derivative. */
const activations: Readonly<Record<string, readonly [f: Function1, formula: string, derivative: string]>> = {
  leakyRelu: [F.leakyRelu, 'a > 0 ? a : 0.01 * a', 'a > 0 ? 1 : 0.01'],
  hardtanh: [(x) => F.hardtanh(x), 'a <= -1 ? -1 : a >= 1 ? 1 : a', 'a > -1 && a < 1 ? 1 : 0'],
  hardswish: [F.hardswish, 'a * Math.min(Math.max(a + 3, 0), 6) / 6', 'a < -3 ? 0 : a < 3 ? a / 3 + 0.5 : 1'],
  softshrink: [(x) => F.softshrink(x), 'a > 0.5 ? a - 0.5 : a < -0.5 ? a + 0.5 : 0', 'a > 0.5 || a < -0.5 ? 1 : 0'],
  softsign: [F.softsign, 'a / (1 + Math.abs(a))', '1 / (1 + Math.abs(a)) ** 2'],
  elu: [(x) => F.elu(x), 'a > 0 ? a : Math.expm1(a)', 'a > 0 ? 1 : Math.exp(a)'],
  silu: [F.silu, `a * (${sigmoid})`, `(1 + a * (1 - ${sigmoid})) * (${sigmoid})`],
  softplus: [(x) => F.softplus(x), softplus, sigmoid],
  logsigmoid: [F.logsigmoid, '-Math.log1p(Math.exp(-a))', `1 - ${sigmoid}`],
  mish: [
    F.mish,
    `a * Math.tanh(${softplus})`,
    `Math.tanh(${softplus}) + a * (1 - Math.tanh(${softplus}) ** 2) * (${sigmoid})`,
  ],
  geluTanh: [
    (x) => F.gelu(x, { approximate: 'tanh' }),
    '0.5 * a * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (a + 0.044715 * a * a * a)))',
    `0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (a + 0.044715 * a * a * a)))
     + 0.5 * a * (1 - Math.tanh(Math.sqrt(2 / Math.PI) * (a + 0.044715 * a * a * a)) ** 2)
       * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * a * a)`,
  ],
};

/** A loop over the numbers of a result, that is started from `start`. */
const filled = (start: Float32Array, each: (y: Float32Array) => void): Float32Array => {
  each(start);
  return start;
};

export const composed: Record<string, Maker> = {
  ...Object.fromEntries(
    Object.entries(activations).flatMap(([name, [f, formula, derivative]]) => [
      [name, function1(f, formula)],
      [`${name} backward`, slope(f, formula, derivative)],
    ]),
  ),

  l1Loss: loss(F.l1Loss, 'Math.abs(a - b)'),
  smoothL1Loss: loss(F.smoothL1Loss, 'Math.abs(a - b) < 1 ? 0.5 * (a - b) ** 2 : Math.abs(a - b) - 0.5'),
  klDiv: loss(F.klDiv, 'b * (Math.log(b) - a)'),
  poissonNllLoss: loss(F.poissonNllLoss, 'Math.exp(a) - b * a'),
  softMarginLoss: loss(F.softMarginLoss, 'Math.log1p(Math.exp(-a * b))'),
  binaryCrossEntropyWithLogits: loss(F.binaryCrossEntropyWithLogits, '(1 - b) * a + Math.log1p(Math.exp(-a))'),

  // x[i, j] for as many places as x has, drawn by chance.
  index: dense((rows, cols) => {
    const n = rows * cols;
    const x = random(rows, cols, false, between(-2, 2));
    const [i, j] = [rows, cols].map((limit) => nd(random(1, n, false, wholeBelow(limit)).data, [n]));
    const plain = (): Float32Array =>
      filled(new Float32Array(n), (y) => {
        for (let e = 0; e < n; e++) y[e] = x.data[i.data[e] * cols + j.data[e]];
      });
    const op = (): Nd => value(() => new Tensor(x).index(new Tensor(i), new Tensor(j)));
    return { op, plain, elements: n };
  }),
  indexPut: dense((rows, cols) => {
    const n = rows * cols;
    const [x, v] = [0, 1].map(() => random(rows, cols, false, between(-2, 2)));
    const [i, j] = [rows, cols].map((limit) => nd(random(1, n, false, wholeBelow(limit)).data, [n]));
    const values = new Tensor(nd(v.data, [n]));
    const plain = (): Float32Array =>
      filled(x.data.slice() as Float32Array, (y) => {
        for (let e = 0; e < n; e++) y[i.data[e] * cols + j.data[e]] = v.data[e];
      });
    const op = (): Nd => value(() => new Tensor(x).indexPut([new Tensor(i), new Tensor(j)], values));
    return { op, plain, elements: n };
  }),
  scatterReduceProd: dense((rows, cols) => {
    const [x, src] = [0, 1].map(() => random(rows, cols, false, between(0.5, 1.5)));
    const index = random(rows, cols, false, wholeBelow(cols));
    const plain = (): Float32Array =>
      filled(x.data.slice() as Float32Array, (y) => {
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < cols; j++) y[i * cols + index.data[i * cols + j]] *= src.data[i * cols + j];
        }
      });
    const op = (): Nd => value(() => new Tensor(x).scatterReduce(1, new Tensor(index), new Tensor(src), 'prod'));
    return { op, plain, elements: rows * cols };
  }),
  maskedSelect: dense((rows, cols) => {
    const [x, mask] = [random(rows, cols, false, between(-2, 2)), random(rows, cols, false, wholeBelow(2))];
    const plain = (): Float32Array => {
      let count = 0;
      for (let e = 0; e < mask.data.length; e++) if (mask.data[e] !== 0) count++;
      const y = new Float32Array(count);
      for (let e = 0, k = 0; e < mask.data.length; e++) if (mask.data[e] !== 0) y[k++] = x.data[e];
      return y;
    };
    return { op: () => value(() => new Tensor(x).maskedSelect(new Tensor(mask))), plain, elements: rows * cols };
  }),
  // Between rows points of 8 coordinates and as many as there are columns.
  cdist: dense((rows, cols) => {
    const [a, b] = [random(rows, 8, false, between(-2, 2)), random(cols, 8, false, between(-2, 2))];
    const plain = (): Float32Array =>
      filled(new Float32Array(rows * cols), (y) => {
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < cols; j++) {
            let sum = 0;
            for (let d = 0; d < 8; d++) sum += (a.data[8 * i + d] - b.data[8 * j + d]) ** 2;
            y[i * cols + j] = Math.sqrt(sum);
          }
        }
      });
    return { op: () => value(() => cdist(new Tensor(a), new Tensor(b))), plain, elements: rows * cols };
  }),
  unique: dense((rows, cols) => {
    const x = random(rows, cols, false, wholeBelow(100));
    const plain = (): Float32Array => {
      const sorted = x.data.slice().sort() as Float32Array;
      return sorted.filter((v, i) => i === 0 || v !== sorted[i - 1]);
    };
    return { op: () => value(() => new Tensor(x).unique().values), plain, elements: rows * cols };
  }),
  // Four channels, each read at as many places as it has.
  gridSample: dense((rows, cols) => {
    const area = rows * cols;
    const x = random(4 * rows, cols, false, between(-2, 2));
    const grid = random(area, 2, false, () => wholeBelow(115)() / 64 - 57 / 64); // exact in float32
    const plain = (): Float32Array =>
      filled(new Float32Array(4 * area), (y) => {
        for (let e = 0; e < area; e++) {
          const [u, v] = [((grid.data[2 * e] + 1) * cols - 1) / 2, ((grid.data[2 * e + 1] + 1) * rows - 1) / 2];
          const [j, i] = [Math.floor(u), Math.floor(v)];
          const [p, q] = [u - j, v - i];
          for (let to = e, at = i * cols + j; to < y.length; to += area, at += area) {
            const above = x.data[at] * (1 - p) + x.data[at + 1] * p;
            y[to] = above * (1 - q) + (x.data[at + cols] * (1 - p) + x.data[at + cols + 1] * p) * q;
          }
        }
      });
    const image = new Tensor(nd(x.data, [1, 4, rows, cols]));
    const places = new Tensor(nd(grid.data, [1, rows, cols, 2]));
    return { op: () => value(() => F.gridSample(image, places)), plain, elements: 4 * area };
  }),

  'Adam step': dense((rows, cols) => {
    const n = rows * cols;
    const gradient = random(rows, cols, false, between(-1, 1));
    const p = nn.parameter(new Tensor(zerosNd('float32', [rows, cols])));
    p.grad = new Tensor(gradient);
    const optimizer = new optim.Adam([p], { lr: 1e-3 });
    const [y, m, v] = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
    const g = gradient.data;
    let t = 0;
    const plain = (): Float32Array => {
      t++;
      const [scale, root] = [1e-3 / (1 - 0.9 ** t), Math.sqrt(1 - 0.999 ** t)];
      for (let i = 0; i < n; i++) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
        y[i] -= (scale * m[i]) / (Math.sqrt(v[i]) / root + 1e-8);
      }
      return y;
    };
    const op = (): Nd => {
      optimizer.step();
      return p.nd;
    };
    return { op, plain, elements: n };
  }),
};
