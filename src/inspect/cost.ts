/**
 * What a call of a model costs: floating-point operations and memory, counted from the ops that it applies, with the layers
 * that apply them. Nothing is known here of any class of layers.
 */
import type { Data } from '../array/nd.ts';
import type { Module } from '../nn/index.ts';
import * as ops from '../ops/index.ts';
import type { AnyOp } from '../ops/op.ts';
import { Tensor } from '../tensor.ts';

export interface LayerCost {
  /** As of namedModules; '' is the model itself. */
  readonly name: string;
  readonly class: string;
  /** Parameters of its own, by name. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly parameters: number;
  /** Of its last result; null if it was not called, or returned no tensor first. */
  readonly output: readonly number[] | null;
  /** Of the ops that no layer within it applies, as are those that follow. */
  readonly flops: number;
  /** Bytes of their results, views left out. */
  readonly bytes: number;
}

export interface Cost {
  /** Those that have parameters or apply ops, in the order of namedModules. */
  readonly layers: readonly LayerCost[];
  readonly flops: number;
  /** Bytes of all results of ops, views left out. */
  readonly bytes: number;
  /** Bytes of inputs and results that the derivatives will read, parameters left out: what a step of training holds. */
  readonly kept: number;
}

/** A product of matrices that sums over k numbers for each of n results: 2·n·k. */
const flopsOf: ReadonlyMap<AnyOp, (y: Tensor, inputs: readonly Tensor[]) => number> = new Map<
  AnyOp,
  (y: Tensor, inputs: readonly Tensor[]) => number
>([
  [ops.matmul, (y, [a]) => 2 * y.numel() * a.shape[a.ndim - 1]],
  [ops.linear, (y, [x]) => 2 * y.numel() * x.shape[1]],
  [ops.conv2d, (y, [, w]) => (2 * y.numel() * w.numel()) / w.shape[0]], // w [O, I/groups, kH, kW]
  [ops.conv2dInput, (_, [x, w]) => (2 * x.numel() * w.numel()) / w.shape[0]], // the transpose: each of x's numbers is spread
  [ops.lstm, (_, [x, w]) => 2 * x.numel() * w.shape[1]], // x [T, B, 4H], w [4H, H]
]);

/**
 * Calls the model once, and counts. FLOPs are those of matrix products and convolutions, a multiplication and an addition
 * each: 2·m·n·k. The rest (activations, norms, softmax, moves) is not counted, as by PyTorch's FlopCounterMode.
 * ```ts
 * import { zeros } from 'adjoint';
 * import { costOf } from 'adjoint/inspect';
 * import { MLP } from 'adjoint/models';
 * const { flops, kept } = costOf(new MLP({ sizes: [784, 256, 10] }), [zeros([1, 784])]);
 * console.log(flops, kept); // => 406528 4160
 * ```
 */
export function costOf(model: Module, args: readonly unknown[]): Cost {
  const rows = model
    .namedModules()
    .map(([name, module]) => ({ name, module, output: null as Shape, flops: 0, bytes: 0 }));
  const stack: typeof rows = [];
  const off = rows.flatMap((row) => [
    row.module.registerForwardPreHook(() => void stack.push(row)),
    row.module.registerForwardHook((_, __, output) => {
      stack.pop();
      const first: unknown = Array.isArray(output) ? output[0] : output;
      row.output = first instanceof Tensor ? first.shape : null;
    }),
  ]);
  const state = new Set<Data>(Object.values(model.stateDict()).map((x) => x.nd.data));
  const made = new Set<Data>(state);
  const kept = new Set<Data>();
  const apply = Object.getOwnPropertyDescriptor(Tensor, 'apply')!;
  const forward = Tensor.apply.bind(Tensor);
  const record: typeof Tensor.apply = (op, given) => {
    const y = forward(op, given);
    const inputs = given.slice(0, op.arity).flatMap((x) => (Array.isArray(x) ? x : [x])) as Tensor[];
    const row = stack.at(-1) ?? rows[0];
    row.flops += flopsOf.get(op)?.(y, inputs) ?? 0;
    if (!made.has(y.nd.data) && inputs.every((x) => x.nd.data !== y.nd.data)) {
      made.add(y.nd.data);
      row.bytes += y.nd.data.byteLength;
    }
    if (y.requiresGrad) {
      const read = [...(READS_INPUTS.has(op.reads) ? inputs : []), ...(READS_OUTPUT.has(op.reads) ? [y] : [])];
      for (const x of read) if (!state.has(x.nd.data)) kept.add(x.nd.data);
    }
    return y;
  };
  try {
    Object.defineProperty(Tensor, 'apply', { ...apply, value: record });
    model(...(args as never[]));
  } finally {
    Object.defineProperty(Tensor, 'apply', apply);
    for (const take of off) take();
  }
  const names = new Set(rows.map(({ name }) => name));
  const owned = groups(model.namedParameters(), ([name]) => ownerOf(name, names));
  const layers = rows.map(({ name, module, ...counted }): LayerCost => {
    const own = owned.get(name) ?? [];
    const start = name === '' ? 0 : name.length + 1;
    const shapes = Object.fromEntries(own.map(([key, x]) => [key.slice(start), x.shape]));
    const parameters = own.reduce((sum, [, x]) => sum + x.numel(), 0);
    return { name, class: module.constructor.name, shapes, parameters, ...counted };
  });
  const total = (of: (layer: LayerCost) => number): number => layers.reduce((sum, layer) => sum + of(layer), 0);
  return {
    layers: layers.filter((layer) => layer.parameters + layer.flops + layer.bytes > 0),
    flops: total(({ flops }) => flops),
    bytes: total(({ bytes }) => bytes),
    kept: [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}

function groups<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const map = new Map<string, T[]>();
  for (const item of items) map.set(key(item), [...(map.get(key(item)) ?? []), item]);
  return map;
}

/** The innermost module that a parameter lies in, by the names of both. */
function ownerOf(name: string, modules: ReadonlySet<string>): string {
  let end = name.lastIndexOf('.');
  while (end > 0 && !modules.has(name.slice(0, end))) end = name.lastIndexOf('.', end - 1);
  return name.slice(0, Math.max(0, end));
}

type Shape = readonly number[] | null;

const READS_INPUTS = new Set(['both', 'inputs']);
const READS_OUTPUT = new Set(['both', 'output']);
