/**
 * What must hold for every op, as functions that throw when it does not: ops.test.ts runs them over the table,
 * plants.test.ts shows that each of them catches a planted mistake.
 */
import { nd, sharesMemory, type DType, type Nd, type Shape } from '../../src/array/nd.ts';
import { Generator } from '../../src/array/random.ts';
import { grad, noGrad, type Node } from '../../src/engine.ts';
import type { Reads } from '../../src/ops/op.ts';
import { Tensor } from '../../src/tensor.ts';
import { gradcheck, gradgradcheck } from '../../src/testing/gradcheck.ts';
import { compare, type Tolerance } from '../allclose.ts';
import { lay, layouts, place, valuesOf, type Case, type Input, type Layout, type Spec } from './samples.ts';

/** An op with its arguments' types erased, as Tensor.apply takes it. */
export type AnOp = Parameters<typeof Tensor.apply>[0];

/** A case with its shapes settled. */
export interface Variant {
  readonly title: string;
  readonly inputs: readonly Input[];
  readonly options: readonly unknown[];
  readonly vanishes: boolean;
}

const broadcasts: readonly (readonly [string, readonly Shape[]])[] = [
  ['broadcast', [[2, 1, 3], [4, 1], [3]]],
  ['broadcast from fewer dims', [[3], [2, 3], [1, 1]]],
  ['with a 0-d input', [[], [2, 2], [2, 1]]],
  ['empty', [[0, 3], [1, 3], []]],
  ['empty at the end', [[2, 1], [2, 0], [1]]],
  ['0-d', [[], [], []]],
]; // prettier-ignore

/** The case itself and, if it is elementwise, its inputs in shapes that broadcast, are empty, or have no dims. */
export function variants({ inputs, options = [], elementwise, vanishes = false }: Case): Variant[] {
  const shapes = inputs.flat().map((spec: Spec) => `[${spec.shape.join(', ')}]`);
  const own = { title: [...shapes, JSON.stringify(options)].join(' '), inputs, options, vanishes };
  if (!elementwise) return [own];
  const list = inputs.flat();
  const one = ([title, sizes]: readonly [string, readonly Shape[]]): Variant[] => {
    const reshaped = (shape: (i: number) => Shape): Spec[] => list.map((spec, i) => ({ ...spec, shape: shape(i) }));
    const there = { title, options, vanishes, inputs: reshaped((i) => sizes[i]) };
    const back = {
      title: `${title}, the other way`,
      options,
      vanishes,
      inputs: reshaped((i) => sizes[list.length - 1 - i]),
    };
    return list.length === 1 ? [there] : [there, back];
  };
  return [own, ...broadcasts.filter(([, [first]]) => list.length > 1 || first.length < 3).flatMap(one)];
}

interface Setup {
  readonly dtype?: DType;
  readonly layout?: Layout;
}

interface Run {
  readonly args: readonly unknown[];
  /** The inputs that a gradient is asked for. */
  readonly leaves: readonly Tensor[];
  /** All tensors among the arguments. */
  readonly tensors: readonly Tensor[];
}

/** The numbers of each input, in row-major order. */
const drawAll = ({ inputs }: Variant, seed = 1): number[][] =>
  inputs.flat().map((spec: Spec, i) => spec.draw(new Generator(100 * seed + i), size(spec.shape)));

const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Tensors over arrays that `make` builds of the numbers. */
function assemble(op: AnOp, variant: Variant, make: (shape: Shape, i: number) => Nd): Run {
  const leaves: Tensor[] = [];
  const tensors: Tensor[] = [];
  let i = 0;
  const one = (spec: Spec, p: number): Tensor => {
    const x = new Tensor(make(spec.shape, i++), op.vjp[p] !== null && spec.constant !== true);
    if (x.requiresGrad) leaves.push(x);
    tensors.push(x);
    return x;
  };
  const args = variant.inputs.map((input, p) => ('shape' in input ? one(input, p) : input.map((s) => one(s, p))));
  return { args: [...args, ...variant.options], leaves, tensors };
}

function build(op: AnOp, variant: Variant, { dtype = 'float64', layout = 'dense' }: Setup = {}): Run {
  const values = drawAll(variant);
  const Type = dtype === 'float64' ? Float64Array : Float32Array;
  return assemble(op, variant, (shape, i) => relay(lay(values[i], shape, layout), layout, Type));
}

/** The same view over memory of another type. */
const relay = (x: Nd, layout: Layout, Type: typeof Float64Array | typeof Float32Array): Nd =>
  layout === 'dense' ? nd(Type.from(valuesOf(x)), x.shape) : nd(Type.from(x.data), x.shape, x.strides, x.offset);

/** The same arguments, each row-major in memory of its own. */
const densely = (op: AnOp, variant: Variant, { tensors }: Run): Run =>
  assemble(op, variant, (shape, i) => nd(Float64Array.from(valuesOf(tensors[i].nd)), shape));

const outcome = (op: AnOp, { args }: Run): Tensor => Tensor.apply(op, args);

/** Weights for the elements of y. */
function weights(y: Tensor, layout: Layout = 'dense'): Tensor {
  const g = new Generator(7);
  const values = Array.from({ length: y.numel() }, () => g.uniform(0.5, 1.5));
  const Type = y.dtype === 'float64' ? Float64Array : Float32Array;
  return new Tensor(relay(lay(values, y.shape, layout), layout, Type));
}

/** The gradients of Σ u ⊙ op(…) with respect to the leaves. */
const gradients = (y: Tensor, run: Run, u: Tensor, createGraph = false): (Tensor | null)[] =>
  run.leaves.length === 0
    ? []
    : grad(y, run.leaves, { gradOutputs: [u], createGraph, retainGraph: true, allowUnused: true });

function fail(op: AnOp, variant: Variant, what: string): never {
  throw new Error(`${op.name} on ${variant.title}: ${what}`);
}

function same(
  op: AnOp,
  variant: Variant,
  what: string,
  got: Tensor | null,
  expected: Tensor | null,
  tol: Tolerance,
): void {
  if (got === null || expected === null) {
    if (got !== expected) fail(op, variant, `${what}: one of them is null`);
    return;
  }
  const fault = compare(got.toArray(), expected.toArray(), tol);
  if (fault !== null) fail(op, variant, `${what}: ${fault}`);
}

/** First and second derivatives are those of finite differences, and some of them are not nearly zero. */
export function checkGradients(op: AnOp, variant: Variant): void {
  for (const layout of ['dense', 'mixed'] as const) {
    const run = build(op, variant, { layout });
    const y = outcome(op, run);
    if (y.dtype !== 'float64' || run.leaves.length === 0) return;
    const f = (...leaves: Tensor[]): Tensor => {
      const swap = (x: unknown): unknown => (x instanceof Tensor && x.requiresGrad ? leaves[run.leaves.indexOf(x)] : x);
      return Tensor.apply(op, run.args.map((arg) => (Array.isArray(arg) ? arg.map(swap) : swap(arg)))); // prettier-ignore
    };
    const name = `${op.name} on ${variant.title}, ${layout}`;
    gradcheck(f, run.leaves, { name });
    gradgradcheck(f, run.leaves, { name });
    if (variant.vanishes || y.numel() === 0 || run.leaves.every((x) => x.numel() === 0)) continue;
    const largest = gradients(y, run, weights(y)).map((g) => Math.max(0, ...(g?.toTypedArray() ?? []).map(Math.abs)));
    if (!largest.some((g) => g > 1e-3))
      fail(
        op,
        variant,
        'all its gradients nearly vanish, so they check nothing: choose other inputs, or say vanishing(…) if they must',
      );
  }
}

/** However inputs and the incoming gradient lie in memory, the results are those of row-major ones. */
export function checkLayouts(op: AnOp, variant: Variant): void {
  for (const layout of layouts) {
    const run = build(op, variant, { layout });
    const before = run.tensors.map((x) => valuesOf(x.nd));
    const plain = densely(op, variant, run);
    const [y, expected] = [outcome(op, run), outcome(op, plain)];
    same(op, variant, `the result of ${layout} inputs`, y, expected, { rtol: 1e-12, atol: 1e-13 });
    if (y.requiresGrad) {
      for (const order of ['mixed', 'expanded'] as const) {
        const u = weights(y, order);
        const dense = new Tensor(nd(u.toTypedArray(), u.shape));
        const wanted = gradients(expected, plain, dense);
        gradients(y, run, u).forEach((g, i) =>
          same(op, variant, `gradient ${i} of ${layout} inputs, ${order} g`, g, wanted[i], {
            rtol: 1e-11,
            atol: 1e-13,
          }),
        );
      }
    }
    const after = run.tensors.map((x) => valuesOf(x.nd));
    if (JSON.stringify(after) !== JSON.stringify(before)) fail(op, variant, 'it wrote over its inputs');
  }
}

/** float32 in gives float32 out, forwards and backwards, and nearly the numbers of float64. */
export function checkDtype(op: AnOp, variant: Variant, result: DType = 'float32'): void {
  for (const layout of ['dense', 'mixed'] as const) {
    const run = build(op, variant, { layout, dtype: 'float32' });
    const y = outcome(op, run);
    if (y.dtype !== result) fail(op, variant, `the dtype of its result on float32 must be ${result}, got ${y.dtype}`);
    const exact = densely(op, variant, run);
    const expected = outcome(op, exact);
    same(op, variant, 'float32 against float64', y, expected, { rtol: 1e-5, atol: 1e-6 });
    if (!y.requiresGrad) continue;
    const wanted = gradients(expected, exact, weights(expected));
    gradients(y, run, weights(y)).forEach((g, i) => {
      if (g && g.dtype !== 'float32') fail(op, variant, `the dtype of gradient ${i} must be float32, got ${g.dtype}`);
      same(op, variant, `gradient ${i} of float32 against float64`, g, wanted[i], { rtol: 1e-4, atol: 1e-5 });
    });
  }
}

/** The fused rows give what the rules give, and `onto` adds as much to what is there. */
export function checkFused(op: AnOp, variant: Variant): void {
  for (const layout of layouts) {
    const run = build(op, variant, { layout });
    const y = outcome(op, run);
    if (!y.requiresGrad) continue;
    for (const order of layouts) {
      const u = weights(y, order);
      const ruled = gradients(y, run, u, true);
      const [x] = run.tensors;
      if (op.onto !== null && x.requiresGrad) {
        const raw = run.args.map((arg) => (arg instanceof Tensor ? arg.nd : arg));
        const sum = x.onesLike();
        (op.onto as (...all: unknown[]) => void)(sum.nd, u.nd, ...raw);
        same(op, variant, 'what is added to ones', sum.sub(1), ruled[0], { rtol: 1e-10, atol: 1e-12 });
      }
      gradients(outcome(op, run), run, u).forEach((g, i) =>
        same(op, variant, `fused gradient ${i} against the rule's, ${layout}, ${order} g`, g, ruled[i], {
          rtol: 1e-10,
          atol: 1e-12,
        }),
      );
    }
  }
}

const nodeOf = (y: Tensor): Node => {
  if (y.slot === null || !('op' in y.slot)) throw new Error('the result must have a history');
  return y.slot;
};

/** Whether the gradients come out as `wanted` after `change`; or what was thrown. */
function after(
  op: AnOp,
  variant: Variant,
  pick: (run: Run, y: Tensor) => Tensor,
  change: (x: Tensor) => void,
): unknown {
  const calm = build(op, variant);
  const y = outcome(op, calm);
  const u = weights(y);
  const wanted = gradients(y, calm, u);
  const run = build(op, variant);
  const z = outcome(op, run);
  change(pick(run, z));
  try {
    const got = gradients(z, run, u);
    return got.every(
      (g, i) => g === wanted[i] || compare(g!.toArray(), wanted[i]!.toArray(), { rtol: 0, atol: 0 }) === null,
    );
  } catch (error) {
    return error;
  }
}

/**
 * `reads` is honest. What an op says its rules do not read is not kept, may be changed before backward, and plays no
 * part; what it says they read is kept and guarded.
 * @returns what the rules were seen to read: on some variant, it should be all that is kept
 */
export function checkReads(op: AnOp, variant: Variant): Reads {
  const first = build(op, variant);
  const y = outcome(op, first);
  if (!y.requiresGrad || y.numel() === 0 || first.tensors.some((x) => x.numel() === 0)) return 'nothing';
  const readsInputs = op.reads === 'both' || op.reads === 'inputs';
  const readsOutput = op.reads === 'both' || op.reads === 'output';
  const node = nodeOf(y);
  const kept = node.args!.slice(0, op.arity).flat();
  if (kept.some((x) => 'nd' in (x as object) !== readsInputs))
    fail(op, variant, `its node must keep inputs: ${readsInputs}`);
  if ('nd' in node.y !== readsOutput) fail(op, variant, `its node must keep the output: ${readsOutput}`);

  const poison = (x: Tensor): unknown => sharesMemory(x.nd) || noGrad(() => x.fill_(NaN));
  const unseen = (x: Tensor): unknown => valuesOf(x.nd).forEach((_, e) => (x.nd.data[place(x.nd, e)] = NaN));
  const places: [string, boolean, (run: Run, y: Tensor) => Tensor][] = [
    ...first.tensors.map((_, i): [string, boolean, (run: Run) => Tensor] => [
      `input ${i}`,
      readsInputs,
      (run) => run.tensors[i],
    ]),
    ['the output', readsOutput, (_run, z) => z],
  ];
  for (const [what, read, pick] of places) {
    const got = after(op, variant, pick, poison);
    if (!read && got !== true) fail(op, variant, `${what} is not read, but changing it gives ${String(got)}`);
    if (read && !(got instanceof Error && got.name === 'GradError' && got.message.startsWith(op.name))) {
      fail(op, variant, `${what} is read, but changing it gives ${String(got)}`);
    }
  }
  const matters = (part: typeof places): boolean =>
    part.some(([, , pick]) => after(op, variant, pick, unseen) !== true);
  const [inputs, output] = [readsInputs && matters(places.slice(0, -1)), readsOutput && matters(places.slice(-1))];
  return inputs ? (output ? 'both' : 'inputs') : output ? 'output' : 'nothing';
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);

/** ⟨u, A x⟩ = ⟨Aᵀu, x⟩ and A(2x − 3z) = 2 A x − 3 A z, for all inputs with a rule together. */
export function checkLinear(op: AnOp, variant: Variant): void {
  const first = drawAll(variant, 1);
  const second = drawAll(variant, 2);
  const of = (values: (i: number) => number[]): Run =>
    assemble(op, variant, (shape, i) => nd(Float64Array.from(values(i)), shape));
  const x = of((i) => first[i]);
  const leaf = x.tensors.map((t) => t.requiresGrad);
  const z = of((i) => (leaf[i] ? second : first)[i]);
  const both = of((i) => first[i].map((v, e) => (leaf[i] ? 2 * v - 3 * second[i][e] : v)));
  const [Ax, Az, Aboth] = [x, z, both].map((run) => outcome(op, run));
  const tol = Ax.dtype === 'float64' ? { rtol: 1e-12, atol: 1e-12 } : { rtol: 1e-5, atol: 1e-5 };
  same(op, variant, 'A(2x − 3z)', Aboth, Ax.mul(2).sub(Az.mul(3)), tol);
  const u = weights(Ax);
  const back = gradients(Ax, x, u);
  const left = dot(valuesOf(u.nd), valuesOf(Ax.nd));
  const right = x.leaves.reduce((sum, t, i) => sum + dot(valuesOf(back[i]!.nd), valuesOf(t.nd)), 0);
  const fault = compare(right, left, tol);
  if (fault !== null) fail(op, variant, `⟨Aᵀu, x⟩ must be ⟨u, A x⟩: ${fault}`);
}

/** An input without a rule gives the result no history, whatever it is itself. */
export function checkNoHistory(op: AnOp, variant: Variant): void {
  const run = build(op, variant);
  run.leaves.forEach((x) => x.requiresGrad_(false));
  const without = run.tensors.filter((x) => !run.leaves.includes(x));
  without.forEach((x) => x.requiresGrad_());
  const passive = op.vjp.map((rule) => rule === null);
  if (passive.every((is) => is) && outcome(op, run).requiresGrad)
    fail(op, variant, 'no input has a rule, but the result has a history');
  const constants = variant.inputs.flat().some((spec: Spec) => spec.constant);
  if (!constants && outcome(op, run).requiresGrad) fail(op, variant, 'a history through an input without a rule');
}
