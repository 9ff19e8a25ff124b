/** How each op is said in ONNX (operator set 17): one line or a few an op. Windows and recurrence are in files of their own. */
import { ValueError } from '../array/errors.ts';
import { sameShape, type Shape } from '../array/nd.ts';
import type { Range } from '../array/views.ts';
import * as ops from '../ops/index.ts';
import type { AnyOp } from '../ops/op.ts';
import { batchError, refuse, type Applied, type Graph } from './graph.ts';
import { unrollLstm } from './recurrent.ts';
import { convolve, convolveBack, poolMax, poolSum } from './windows.ts';

/** Writes the nodes of an op, and gives the name of the result. */
export type Rule = (g: Graph, at: Applied) => string;

/** All operands in the type of the result, by one node. */
const plain = (type: string): Rule => (g, { x, y }) => g.emit(type, x.map((v) => g.as(v, y.a.dtype))); // prettier-ignore

/** A formula in x, in whose type `n` makes numbers. */
const formula = (write: (g: Graph, x: string, n: (value: number) => string) => string): Rule => {
  return (g, { x: [x] }) => write(g, g.name(x), (value) => g.number(value, x.a.dtype));
};

/** 1 where the comparison holds, else 0. */
const compare = (type: string, inverted = false): Rule => {
  return (g, { x, y }) => {
    const common = x.some(({ a }) => a.dtype === 'float64') ? 'float64' : 'float32';
    const truth = g.emit(type, x.map((v) => g.as(v, common))); // prettier-ignore
    return g.cast(inverted ? g.emit('Not', [truth]) : truth, y.a.dtype);
  };
};

/** Folds x to a shape: leading dims that it lacks, and those whose size becomes 1. */
const fold = (write: (g: Graph, x: string, axes: readonly number[], keepdims: number) => string): Rule => {
  return (g, { x: [x], a: [, shape] }) => {
    const [from, to] = [x.a.shape, shape as Shape];
    const lead = from.length - to.length;
    const kept = from.flatMap((size, d) => (d >= lead && to[d - lead] === 1 && size !== 1 ? [d] : []));
    const dropped = from.flatMap((_, d) => (d < lead ? [d] : []));
    let name = g.name(x);
    if (kept.length > 0) name = write(g, name, kept, 1);
    if (dropped.length > 0) name = write(g, name, dropped, 0);
    return kept.length + dropped.length > 0 ? name : g.emit('Identity', [name]);
  };
};
const reduce = (type: string): Rule => fold((g, x, axes, keepdims) => g.emit(type, [x], { axes, keepdims }));
const reduceSum = fold((g, x, axes, keepdims) => g.emit('ReduceSum', [x, g.list(axes)], { keepdims }));

const placeOf = (type: string): Rule => {
  return (g, at) => {
    const along = fold((g, x, axes, keepdims) => {
      if (axes.length > 1) throw refuse(at.op, `${axes.length} dims at once`, 'flatten first');
      return g.cast(g.emit(type, [x], { axis: axes[0], keepdims }), at.y.a.dtype);
    });
    return along(g, at);
  };
};

/** The same numbers, seen otherwise. */
const view = (write: Rule): Rule => {
  return (g, at) => {
    const [x] = at.x;
    const places = g.placesOf(x);
    if (!places) return g.isSame(write(g, at), g.name(x));
    const name = `places_${g.places.size}`; // of a pool: nothing is written until values are gathered
    g.places.set(name, places);
    return name;
  };
};

const slice: Rule = (g, { x: [x], a, b }) => {
  const [from, to] = [a[1], b[1]] as (readonly Range[])[];
  const all = (r: Range, size: number): boolean => r.start === 0 && r.step === 1 && r.size === size;
  const axes = from.flatMap((r, d) => (all(r, x.a.shape[d]) && all(to[d], x.b.shape[d]) ? [] : [d]));
  for (const d of axes) {
    const same = (['start', 'step', 'size'] as const).every((key) => from[d][key] === to[d][key]);
    if (!same) throw batchError('a slice', `one of ${from[d].size} and one of ${to[d].size}`);
  }
  if (axes.length === 0) return g.emit('Identity', [g.name(x)]);
  const ranges = axes.map((d) => from[d]);
  const starts = ranges.map((r) => r.start);
  const ends = ranges.map((r) => {
    const end = r.start + r.size * r.step;
    return end < 0 ? -(2 ** 31) : end; // as −1 would mean the last place
  });
  const steps = ranges.map((r) => r.step);
  return g.emit('Slice', [g.name(x), g.list(starts), g.list(ends), g.list(axes), g.list(steps)]);
};

/** Zeros (or another number) around x. */
const unslice: Rule = (g, { op, x: [x], a, b }) => {
  const around = ([, ranges, shape]: readonly unknown[]): number[][] => [
    (ranges as readonly Range[]).map((r) => r.start),
    (ranges as readonly Range[]).map((r, d) => (shape as Shape)[d] - r.start - r.size),
  ];
  if ((a[1] as readonly Range[]).some((r) => r.step !== 1)) throw refuse(op, 'gaps between places');
  const [pads, others] = [around(a).flat(), around(b).flat()];
  if (!sameShape(pads, others)) throw batchError('a padding', `${pads.join()} and ${others.join()}`);
  return g.emit('Pad', [g.name(x), g.list(pads), g.number((a[3] as number | undefined) ?? 0, x.a.dtype)]);
};

const gather: Rule = (g, { x: [x, index], a: [, , axis], y }) => {
  const places = g.placesOf(index);
  if (!places) return g.emit('GatherElements', [g.name(x), g.as(index, 'int64')], { axis: axis as number });
  if (g.originOf(g.name(x)) !== g.originOf(places.source)) {
    throw new ValueError('exportOnnx', 'the places of max pooling may serve its values only', 'another tensor');
  }
  return g.emit('Reshape', [places.values, g.reshaped(y.a.shape, y.b.shape)]);
};

const concat: Rule = (g, { x, a, y }) => {
  const parts = x.map((v) => g.as(v, y.a.dtype));
  return g.isMadeOf(g.emit('Concat', parts, { axis: a[1] as number }), parts);
};

/** (x − μ)/√(σ² + ε) over the first and last of three dims. */
const standardize: Rule = (g, { x: [x], a: [, eps] }) => {
  const mean = (v: string): string => g.emit('ReduceMean', [v], { axes: [0, 2], keepdims: 1 });
  const deviation = g.emit('Sub', [g.name(x), mean(g.name(x))]);
  const variance = mean(g.emit('Mul', [deviation, deviation]));
  const spread = g.emit('Sqrt', [g.emit('Add', [variance, g.number(eps as number, x.a.dtype)])]);
  return g.emit('Div', [deviation, spread]);
};

/** softmax(scale · x); if causal, −∞ is added where key j > query i. */
const attentionWeights: Rule = (g, { x: [x], a: [, scale, causal] }) => {
  const { dtype, shape } = x.a;
  let scores = g.name(x);
  if (scale !== 1) scores = g.emit('Mul', [scores, g.number(scale as number, dtype)]);
  if (causal) {
    const [L, S] = shape.slice(-2);
    const hidden = Array.from({ length: L * S }, (_, k) => (k % S > Math.floor(k / S) ? -Infinity : 0));
    scores = g.emit('Add', [scores, g.whatever([L, S], dtype, hidden)]);
  }
  return g.emit('Softmax', [scores], { axis: -1 });
};

const oneHot: Rule = (g, { x: [x], a: [, classes], y }) => {
  const column = g.emit('Unsqueeze', [g.as(x, 'int64'), g.list([-1])]);
  const numbers = g.list(Array.from({ length: classes as number }, (_, i) => i));
  return g.cast(g.emit('Equal', [column, numbers]), y.a.dtype);
};

const along = (type: string): Rule => (g, { x: [x], a: [, axis] }) => g.emit(type, [g.name(x)], { axis: axis as number }); // prettier-ignore

/** What a rule is missing for is refused by name. */
export const rules: ReadonlyMap<AnyOp, Rule> = new Map<AnyOp, Rule>([
  [ops.add, plain('Add')],
  [ops.sub, plain('Sub')],
  [ops.mul, plain('Mul')],
  [ops.div, plain('Div')],
  [ops.pow, plain('Pow')],
  [ops.maximum, plain('Max')],
  [ops.minimum, plain('Min')],
  [ops.neg, plain('Neg')],
  [ops.abs, plain('Abs')],
  [ops.sqrt, plain('Sqrt')],
  [ops.reciprocal, plain('Reciprocal')],
  [ops.exp, plain('Exp')],
  [ops.log, plain('Log')],
  [ops.sin, plain('Sin')],
  [ops.cos, plain('Cos')],
  [ops.tanh, plain('Tanh')],
  [ops.sigmoid, plain('Sigmoid')],
  [ops.relu, plain('Relu')],
  [ops.erf, plain('Erf')],
  [ops.sign, plain('Sign')],
  [ops.floor, plain('Floor')],
  [ops.ceil, plain('Ceil')],
  [ops.round, plain('Round')],
  [ops.square, formula((g, x) => g.emit('Mul', [x, x]))],
  [ops.exp2, formula((g, x, n) => g.emit('Pow', [n(2), x]))],
  [ops.expm1, formula((g, x, n) => g.emit('Sub', [g.emit('Exp', [x]), n(1)]))],
  [ops.log1p, formula((g, x, n) => g.emit('Log', [g.emit('Add', [x, n(1)])]))],
  [ops.log2, formula((g, x, n) => g.emit('Div', [g.emit('Log', [x]), n(Math.LN2)]))],
  [ops.log10, formula((g, x, n) => g.emit('Div', [g.emit('Log', [x]), n(Math.LN10)]))],
  [ops.trunc, formula((g, x) => g.emit('Mul', [g.emit('Sign', [x]), g.emit('Floor', [g.emit('Abs', [x])])]))],
  // x · (1 + erf(x/√2))/2; Gelu itself came with operator set 20
  [ops.gelu, formula((g, x, n) => {
    const erf = g.emit('Erf', [g.emit('Mul', [x, n(Math.SQRT1_2)])]);
    return g.emit('Mul', [g.emit('Mul', [x, n(0.5)]), g.emit('Add', [erf, n(1)])]);
  })], // prettier-ignore
  [ops.clamp, (g, { x: [x, low, high], y }) => {
    const [v, least, most] = [x, low, high].map((v) => g.as(v, y.a.dtype));
    return g.emit('Min', [g.emit('Max', [v, least]), most]);
  }], // prettier-ignore
  [ops.lerp, (g, { x, y }) => {
    const [from, to, w] = x.map((v) => g.as(v, y.a.dtype));
    return g.emit('Add', [from, g.emit('Mul', [w, g.emit('Sub', [to, from])])]);
  }], // prettier-ignore

  [ops.eq, compare('Equal')],
  [ops.ne, compare('Equal', true)],
  [ops.lt, compare('Less')],
  [ops.le, compare('LessOrEqual')],
  [ops.gt, compare('Greater')],
  [ops.ge, compare('GreaterOrEqual')],
  [ops.where, (g, { x: [mask, a, b], y }) => {
    const { dtype } = y.a;
    return g.emit('Where', [g.cast(g.name(mask), 'bool'), g.as(a, dtype), g.as(b, dtype)]);
  }], // prettier-ignore

  [ops.sumTo, reduceSum],
  [ops.amax, reduce('ReduceMax')],
  [ops.amin, reduce('ReduceMin')],
  [ops.logsumexp, reduce('ReduceLogSumExp')],
  [ops.argmax, placeOf('ArgMax')],
  [ops.argmin, placeOf('ArgMin')],
  [ops.softmax, along('Softmax')],
  [ops.logSoftmax, along('LogSoftmax')],
  [
    ops.cumsum,
    (g, { x: [x], a: [, axis] }) => g.emit('CumSum', [g.name(x), g.whatever([], 'int64', [axis as number])]),
  ],

  [
    ops.reshape,
    view((g, { x: [x], a, b }) => g.emit('Reshape', [g.name(x), g.reshaped(a[1] as Shape, b[1] as Shape)])),
  ],
  [ops.permute, view((g, { x: [x], a }) => g.emit('Transpose', [g.name(x)], { perm: a[1] as number[] }))],
  [ops.expand, view((g, { x: [x], a, b }) => g.emit('Expand', [g.name(x), g.shape(a[1] as Shape, b[1] as Shape)]))],
  [ops.slice, view(slice)],
  [ops.unslice, unslice],
  [ops.clone, view((g, { x: [x] }) => g.emit('Identity', [g.name(x)]))],
  [ops.cast, view((g, { x: [x], y }) => g.cast(g.name(x), y.a.dtype))],
  [ops.concat, concat],
  [ops.gather, gather],
  [ops.indexSelect, (g, { x: [x, index], a }) => g.emit('Gather', [g.name(x), g.as(index, 'int64')], { axis: a[2] as number })], // prettier-ignore
  [ops.oneHot, oneHot],

  [ops.matmul, plain('MatMul')],
  [ops.linear, (g, { x }) => g.emit('Gemm', x.map((v) => g.name(v)), { transB: 1 })], // prettier-ignore
  [ops.conv2d, convolve],
  [ops.conv2dInput, convolveBack],
  [ops.windowSum, poolSum],
  [ops.windowArgmax, poolMax],
  [ops.standardize, standardize],
  [ops.layerNorm, (g, { x, a }) => g.emit('LayerNormalization', x.map((v) => g.name(v)), { axis: -1, epsilon: { float: a[3] as number } })], // prettier-ignore
  [ops.attentionWeights, attentionWeights],
  [ops.lstm, unrollLstm],
]);
