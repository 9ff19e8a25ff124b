/** Runs an ONNX graph: the node types that are exported, as ONNX's documentation of its operators describes them, in plain loops. */
import type { Arr, OnnxModel, OnnxNode } from './read.ts';

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const wrap = (d: number, n: number): number => (d < 0 ? d + n : d);

/** The place of the k-th element, one index a dim; and back. */
function placeOf(k: number, shape: readonly number[]): number[] {
  const place = shape.map(() => 0);
  for (let d = shape.length - 1; d >= 0; d--) {
    place[d] = k % shape[d];
    k = Math.floor(k / shape[d]);
  }
  return place;
}
const indexOf = (place: readonly number[], shape: readonly number[]): number =>
  place.reduce((k, i, d) => {
    if (!(i >= 0 && i < shape[d])) throw new Error(`place ${place.join()} in a tensor of ${shape.join()}`);
    return k * shape[d] + i;
  }, 0);

/** A tensor from what stands at each place. */
const build = (shape: readonly number[], at: (place: number[]) => number): Arr => ({
  shape,
  data: Array.from({ length: size(shape) }, (_, k) => at(placeOf(k, shape))),
});
const get = ({ shape, data }: Arr, place: readonly number[]): number => data[indexOf(place, shape)];

/** The element that stands at a place of a shape that x broadcasts to. */
const spread = (x: Arr, place: readonly number[]): number =>
  get(x, x.shape.map((n, d) => (n === 1 ? 0 : place[place.length - x.shape.length + d]))); // prettier-ignore

function common(xs: readonly Arr[]): number[] {
  const rank = Math.max(...xs.map((x) => x.shape.length));
  return Array.from({ length: rank }, (_, d) => {
    const sizes = xs.map((x) => x.shape[d - rank + x.shape.length] ?? 1).filter((n) => n !== 1);
    if (sizes.some((n) => n !== sizes[0])) throw new Error(`sizes ${sizes.join()} do not broadcast`);
    return sizes[0] ?? 1;
  });
}

type Attributes = OnnxNode['attributes'];
type Run = (xs: readonly Arr[], attributes: Attributes) => Arr;

const each = (f: (...numbers: number[]) => number): Run => {
  return (xs) => build(common(xs), (place) => f(...xs.map((x) => spread(x, place))));
};
const ints = (a: Attributes, name: string): readonly number[] => a[name] as readonly number[];
const int = (a: Attributes, name: string): number => a[name] as number;

/** Folds dims by a function of the numbers along them. */
function fold(x: Arr, axes: readonly number[], keepdims: boolean, f: (numbers: number[]) => number): Arr {
  const folded = new Set(axes.map((d) => wrap(d, x.shape.length)));
  const kept = x.shape.map((n, d) => (folded.has(d) ? 1 : n));
  const lists: number[][] = Array.from({ length: size(kept) }, () => []);
  x.data.forEach((v, k) => {
    const place = placeOf(k, x.shape).map((i, d) => (folded.has(d) ? 0 : i));
    lists[indexOf(place, kept)].push(v);
  });
  return { shape: keepdims ? kept : x.shape.filter((_, d) => !folded.has(d)), data: lists.map(f) };
}
const reduce = (f: (numbers: number[]) => number): Run => {
  return ([x, axes], a) => fold(x, axes?.data ?? ints(a, 'axes'), int(a, 'keepdims') === 1, f);
};
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const place = (better: (a: number, b: number) => boolean): Run => {
  return ([x], a) =>
    fold(x, [int(a, 'axis')], int(a, 'keepdims') === 1, (v) => v.reduce((k, n, i) => (better(n, v[k]) ? i : k), 0));
};

/** Of each number and those beside it along an axis. */
const line = (f: (v: number, numbers: number[], i: number) => number): Run => {
  return ([x], a) => {
    const axis = wrap(int(a, 'axis'), x.shape.length);
    return build(x.shape, (p) => {
      const numbers = Array.from({ length: x.shape[axis] }, (_, i) => get(x, p.with(axis, i)));
      return f(get(x, p), numbers, p[axis]);
    });
  };
};
const expSum = (numbers: readonly number[]): number => {
  const top = Math.max(...numbers);
  return sum(numbers.map((v) => Math.exp(v - top)));
};

/** erf by its Taylor series, or 1 where that is all. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let [term, total] = [x, x];
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

/** f of the numbers of each window over the last two dims of x; NaN stands for padding. */
function windows(x: Arr, a: Attributes, f: (numbers: number[]) => number): Arr {
  const [[kH, kW], strides, pads, dilations] = [ints(a, 'kernel_shape'), ints(a, 'strides'), ints(a, 'pads'), (a.dilations ?? [1, 1]) as number[]]; // prettier-ignore
  const out = [kH, kW].map((k, d) => Math.floor((x.shape[2 + d] + pads[d] + pads[2 + d] - (k - 1) * dilations[d] - 1) / strides[d]) + 1); // prettier-ignore
  return build([x.shape[0], x.shape[1], ...out], ([n, c, i, j]) => {
    const numbers: number[] = [];
    for (let p = 0; p < kH; p++) {
      for (let q = 0; q < kW; q++) {
        const [r, s] = [i * strides[0] - pads[0] + p * dilations[0], j * strides[1] - pads[1] + q * dilations[1]];
        const inside = r >= 0 && s >= 0 && r < x.shape[2] && s < x.shape[3];
        numbers.push(inside ? get(x, [n, c, r, s]) : NaN);
      }
    }
    return f(numbers);
  });
}

const conv: Run = ([x, w], a) => {
  const perGroup = w.shape[0] / int(a, 'group');
  const [C, kH, kW] = w.shape.slice(1);
  const empty: Arr = { shape: [x.shape[0], 1, ...x.shape.slice(2)], data: new Array<number>(size(x.shape)).fill(0) };
  const [h, wide] = windows(empty, a, () => 0).shape.slice(2);
  const [strides, pads, dilations] = [ints(a, 'strides'), ints(a, 'pads'), ints(a, 'dilations')];
  return build([x.shape[0], w.shape[0], h, wide], ([n, o, i, j]) => {
    let total = 0;
    for (let c = 0; c < C; c++) {
      for (let p = 0; p < kH; p++) {
        for (let q = 0; q < kW; q++) {
          const [r, s] = [i * strides[0] - pads[0] + p * dilations[0], j * strides[1] - pads[1] + q * dilations[1]];
          if (r < 0 || s < 0 || r >= x.shape[2] || s >= x.shape[3]) continue;
          total += get(x, [n, Math.floor(o / perGroup) * C + c, r, s]) * get(w, [o, c, p, q]);
        }
      }
    }
    return total;
  });
};

/** Each number of y is added, times the kernel, to the places that it came from. */
const convTranspose: Run = ([y, w], a) => {
  const [strides, pads, dilations, extra] = [ints(a, 'strides'), ints(a, 'pads'), ints(a, 'dilations'), ints(a, 'output_padding')]; // prettier-ignore
  const [G, [, Og, kH, kW]] = [int(a, 'group'), w.shape];
  const out = [kH, kW].map((k, d) => (y.shape[2 + d] - 1) * strides[d] + (k - 1) * dilations[d] + 1 + extra[d] - pads[d] - pads[2 + d]); // prettier-ignore
  const shape = [y.shape[0], Og * G, ...out];
  const data = new Array<number>(size(shape)).fill(0);
  y.data.forEach((v, k) => {
    const [n, c, i, j] = placeOf(k, y.shape);
    for (let o = 0; o < Og; o++) {
      for (let p = 0; p < kH; p++) {
        for (let q = 0; q < kW; q++) {
          const [r, s] = [i * strides[0] - pads[0] + p * dilations[0], j * strides[1] - pads[1] + q * dilations[1]];
          if (r < 0 || s < 0 || r >= out[0] || s >= out[1]) continue;
          data[indexOf([n, Math.floor(c / (y.shape[1] / G)) * Og + o, r, s], shape)] += v * get(w, [c, o, p, q]);
        }
      }
    }
  });
  return { shape, data };
};

const matmul: Run = ([x, w]) => {
  const [m, K] = x.shape.slice(-2);
  const n = w.shape[w.shape.length - 1];
  if (w.shape[w.shape.length - 2] !== K) throw new Error('inner sizes differ');
  const lead = common([x, w].map((v) => ({ shape: v.shape.slice(0, -2), data: [] })));
  const at = (v: Arr, p: number[], i: number, j: number): number => {
    const own = v.shape.slice(0, -2);
    const skip = p.length - 2 - own.length;
    return get(v, [...own.map((s, d) => (s === 1 ? 0 : p[skip + d])), i, j]);
  };
  return build([...lead, m, n], (p) => {
    const [i, j] = p.slice(-2);
    return sum(Array.from({ length: K }, (_, k) => at(x, p, i, k) * at(w, p, k, j)));
  });
};

const gemm: Run = ([x, w, b], a) => {
  if (int(a, 'transB') !== 1 || x.shape[1] !== w.shape[1]) throw new Error('Gemm: shapes');
  const K = x.shape[1];
  return build([x.shape[0], w.shape[0]], ([i, j]) => sum(Array.from({ length: K }, (_, k) => get(x, [i, k]) * get(w, [j, k]))) + spread(b, [i, j])); // prettier-ignore
};

const slice: Run = ([x, starts, ends, axes, steps]) => {
  const from = x.shape.map(() => 0);
  const by = x.shape.map(() => 1);
  const shape = [...x.shape];
  axes.data.forEach((d, k) => {
    const step = steps.data[k];
    const n = x.shape[d];
    const bound = (v: number): number => Math.min(Math.max(v < 0 ? v + n : v, step > 0 ? 0 : -1), step > 0 ? n : n - 1);
    [from[d], by[d]] = [bound(starts.data[k]), step];
    shape[d] = Math.max(0, Math.ceil((bound(ends.data[k]) - from[d]) / step));
  });
  return build(shape, (p) => get(x, p.map((i, d) => from[d] + i * by[d]))); // prettier-ignore
};

const reshape: Run = ([x, to]) => {
  const known = to.data.reduce((n, s) => (s === -1 ? n : n * s), 1);
  const shape = to.data.map((s) => (s === -1 ? x.data.length / known : s));
  if (size(shape) !== x.data.length) throw new Error(`${x.shape.join()} as ${to.data.join()}`);
  return { shape, data: x.data };
};

const concat: Run = (xs, a) => {
  const axis = int(a, 'axis');
  const total = sum(xs.map((x) => x.shape[axis]));
  return build(xs[0].shape.with(axis, total), (p) => {
    let i = p[axis];
    const x = xs.find((x) => i < x.shape[axis] || ((i -= x.shape[axis]), false))!;
    return get(x, p.with(axis, i));
  });
};

const layerNorm: Run = ([x, w, b], a) => {
  const n = x.shape[x.shape.length - 1];
  return build(x.shape, (p) => {
    const row = Array.from({ length: n }, (_, i) => get(x, p.with(p.length - 1, i)));
    const mean = sum(row) / n;
    const variance = sum(row.map((v) => (v - mean) ** 2)) / n;
    return ((get(x, p) - mean) / Math.sqrt(variance + int(a, 'epsilon'))) * spread(w, p) + spread(b, p);
  });
};

const BOOL = 9;
const INT64 = 7;

const kinds: Readonly<Record<string, Run>> = {
  Add: each((a, b) => a + b),
  Sub: each((a, b) => a - b),
  Mul: each((a, b) => a * b),
  Div: each((a, b) => a / b),
  Pow: each((a, b) => a ** b),
  Max: each((a, b) => Math.max(a, b)),
  Min: each((a, b) => Math.min(a, b)),
  Neg: each((x) => -x),
  Abs: each(Math.abs),
  Sqrt: each(Math.sqrt),
  Reciprocal: each((x) => 1 / x),
  Exp: each(Math.exp),
  Log: each(Math.log),
  Sin: each(Math.sin),
  Cos: each(Math.cos),
  Tanh: each(Math.tanh),
  Sigmoid: each((x) => 1 / (1 + Math.exp(-x))),
  Relu: each((x) => Math.max(0, x)),
  Erf: each(erf),
  Sign: each(Math.sign),
  Floor: each(Math.floor),
  Ceil: each(Math.ceil),
  Round: each((x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))),
  Not: each((x) => 1 - x),
  Equal: each((a, b) => Number(a === b)),
  Less: each((a, b) => Number(a < b)),
  LessOrEqual: each((a, b) => Number(a <= b)),
  Greater: each((a, b) => Number(a > b)),
  GreaterOrEqual: each((a, b) => Number(a >= b)),
  Where: each((mask, a, b) => (mask ? a : b)),
  Identity: ([x]) => x,
  Cast: ([x], { to }) => each((v) => (to === BOOL ? Number(v !== 0) : to === INT64 ? Math.trunc(v) : v))([x], {}),
  ReduceSum: reduce(sum),
  ReduceMean: reduce((v) => sum(v) / v.length),
  ReduceMax: reduce((v) => Math.max(...v)),
  ReduceMin: reduce((v) => Math.min(...v)),
  ReduceLogSumExp: reduce((v) => Math.max(...v) + Math.log(expSum(v))),
  ArgMax: place((a, b) => a > b),
  ArgMin: place((a, b) => a < b),
  Softmax: line((v, all) => Math.exp(v - Math.max(...all)) / expSum(all)),
  LogSoftmax: line((v, all) => v - Math.max(...all) - Math.log(expSum(all))),
  CumSum: ([x, axis]) => line((_, all, i) => sum(all.slice(0, i + 1)))([x], { axis: axis.data[0] }),
  Reshape: reshape,
  Unsqueeze: ([x, axes]) => {
    const rank = x.shape.length + axes.data.length;
    const at = [...axes.data].map((d) => wrap(d, rank)).sort((a, b) => a - b);
    return { shape: at.reduce<number[]>((shape, d) => shape.toSpliced(d, 0, 1), [...x.shape]), data: x.data };
  },
  Transpose: ([x], a) => {
    const perm = ints(a, 'perm');
    return build(perm.map((d) => x.shape[d]), (p) => get(x, x.shape.map((_, d) => p[perm.indexOf(d)]))); // prettier-ignore
  },
  Expand: ([x, to]) => build(common([x, { shape: to.data, data: [] }]), (p) => spread(x, p)),
  Shape: ([x], a) => {
    const part = x.shape.slice(int(a, 'start'), int(a, 'end'));
    return { shape: [part.length], data: part };
  },
  Slice: slice,
  Pad: ([x, pads, value]) => {
    const rank = x.shape.length;
    const shape = x.shape.map((n, d) => n + pads.data[d] + pads.data[rank + d]);
    return build(shape, (p) => {
      const from = p.map((i, d) => i - pads.data[d]);
      return from.every((i, d) => i >= 0 && i < x.shape[d]) ? get(x, from) : value.data[0];
    });
  },
  Concat: concat,
  Gather: ([x, index], a) => {
    const axis = int(a, 'axis');
    const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
    return build([...before, ...index.shape, ...after], (p) => {
      const i = get(index, p.slice(axis, axis + index.shape.length));
      return get(x, [...p.slice(0, axis), i, ...p.slice(axis + index.shape.length)]);
    });
  },
  GatherElements: ([x, index], a) => build(index.shape, (p) => get(x, p.with(int(a, 'axis'), get(index, p)))),
  MatMul: matmul,
  Gemm: gemm,
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: ([x], a) => windows(x, a, (v) => Math.max(...v.filter((n) => !Number.isNaN(n)))),
  AveragePool: ([x], a) => {
    if (int(a, 'count_include_pad') !== 1) throw new Error('AveragePool: padding must count');
    return windows(x, a, (v) => sum(v.filter((n) => !Number.isNaN(n))) / v.length);
  },
  LayerNormalization: layerNorm,
};

/** The outputs of a graph, in order. */
export function runOnnx(model: OnnxModel, inputs: readonly Arr[]): Arr[] {
  const values = new Map(model.initializers);
  model.inputs.forEach(({ name }, i) => values.set(name, inputs[i]));
  const read = (name: string): Arr => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`nothing is called ${name}`);
    return value;
  };
  for (const { type, inputs, outputs, attributes } of model.nodes) {
    const run = kinds[type];
    if (run === undefined) throw new Error(`no node type ${type}`);
    values.set(outputs[0], run(inputs.map(read), attributes));
  }
  return model.outputs.map(({ name }) => read(name));
}
