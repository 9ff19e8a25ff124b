/**
 * What a model does to its inputs, written down: the model runs once, and every op that it applies is kept with its
 * arguments and its result.
 */
import { ValueError } from '../array/errors.ts';
import type { Nd } from '../array/nd.ts';
import { noGrad } from '../engine.ts';
import type { Module } from '../nn/index.ts';
import type { AnyOp } from '../ops/op.ts';
import { Tensor } from '../tensor.ts';

/** One application of an op. */
export interface Step {
  readonly op: AnyOp;
  readonly args: readonly unknown[];
  readonly y: Tensor;
}

export interface Trace {
  readonly steps: readonly Step[];
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** The tensors in a value, also in lists and plain objects, with the names of the fields that hold them. */
export function tensorsIn(value: unknown, name = ''): [name: string, x: Tensor][] {
  if (value instanceof Tensor) return [[name, value]];
  if (Array.isArray(value)) return value.flatMap((item) => tensorsIn(item, name));
  if (!isPlain(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => tensorsIn(item, key));
}

/** The value with each of its tensors replaced. */
export function mapTensors(value: unknown, f: (x: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return f(value);
  if (Array.isArray(value)) return value.map((item) => mapTensors(item, f));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTensors(item, f)]));
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The tensors among an op's arguments. */
export const operands = ({ op, args }: Step): Tensor[] =>
  args.slice(0, op.arity).flatMap((arg) => (Array.isArray(arg) ? (arg as Tensor[]) : [arg as Tensor]));

/** Methods that hand numbers to JavaScript, where what becomes of them cannot be seen. */
const READERS = ['item', 'toArray', 'toTypedArray'] as const;

/**
 * Runs the model in evaluation mode. A tensor is known by its array, for `detach` makes another tensor of the same one.
 * @throws ValueError when the model reads numbers that depend on the inputs, or changes such in place
 */
export function trace(model: Module, args: readonly unknown[]): Trace {
  const inputs = tensorsIn(args).map(([, x]) => x);
  const versions = new Map<Nd, number>(inputs.map((x) => [x.nd, x.version]));
  const steps: Step[] = [];
  const modes = model.namedModules().map(([, module]): [Module, boolean] => [module, module.training]);
  const apply = Object.getOwnPropertyDescriptor(Tensor, 'apply')!;
  const readers = READERS.map((name) => Object.getOwnPropertyDescriptor(Tensor.prototype, name)!);
  const forward = Tensor.apply.bind(Tensor);
  const record: typeof Tensor.apply = (op, args) => {
    const y = forward(op, args);
    const step = { op, args, y };
    const sources = operands(step).filter((x) => versions.has(x.nd));
    for (const x of sources) {
      if (versions.get(x.nd) === x.version) continue;
      const cure = 'use the form without the underscore';
      throw new ValueError('exportOnnx', 'no value may be changed in place', `one that ${op.name} reads`, cure);
    }
    if (sources.length > 0) versions.set(y.nd, y.version);
    steps.push(step);
    return y;
  };
  try {
    Object.defineProperty(Tensor, 'apply', { ...apply, value: record });
    READERS.forEach((name, i) => {
      const read = readers[i].value as () => unknown;
      const value = function (this: Tensor): unknown {
        if (!versions.has(this.nd)) return read.call(this);
        const rule = 'no number that depends on the inputs may be read in the model';
        throw new ValueError('exportOnnx', rule, `a call of ${name}`, 'compute with tensors only');
      };
      Object.defineProperty(Tensor.prototype, name, { ...readers[i], value });
    });
    model.eval();
    const result = noGrad(() => model.forward(...(args as never[])));
    return { steps, inputs, outputs: tensorsIn(result).map(([, x]) => x) };
  } finally {
    Object.defineProperty(Tensor, 'apply', apply);
    READERS.forEach((name, i) => Object.defineProperty(Tensor.prototype, name, readers[i]));
    for (const [module, training] of modes) module.training = training;
  }
}
