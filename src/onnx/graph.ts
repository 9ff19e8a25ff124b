/**
 * The graph that is being written: nodes, initializers, and the names of values. Two traces are walked side by side, of
 * batches of different size: a size that differs depends on the batch, and is computed in the graph.
 */
import { showShape, ValueError } from '../array/errors.ts';
import { sameShape, type Nd, type Shape } from '../array/nd.ts';
import type { AnyOp } from '../ops/op.ts';
import type { Tensor } from '../tensor.ts';

/** The element types of TensorProto.DataType that are used. */
export const TYPES = { float32: 1, int64: 7, bool: 9, float64: 11 } as const;
export type ElementType = keyof typeof TYPES;

export interface GraphNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** Whole numbers, or { float }. */
export type Attributes = Readonly<Record<string, number | readonly number[] | { readonly float: number }>>;

/** An initializer: a parameter, a constant, or a list of whole numbers. */
export interface Constant {
  readonly shape: Shape;
  readonly type: ElementType;
  readonly data: ArrayLike<number>;
}

/** A tensor in both traces. */
export interface Value {
  readonly a: Tensor;
  readonly b: Tensor;
}

/** One application of an op: its tensors and its result in both traces, and all arguments in each. */
export interface Applied {
  readonly op: AnyOp;
  /** The leading tensors, a list laid out flat. */
  readonly x: readonly Value[];
  readonly a: readonly unknown[];
  readonly b: readonly unknown[];
  readonly y: Value;
}

/** A pool's places, from which a gather makes its values: ONNX counts places otherwise, so they are no value themselves. */
interface Places {
  readonly values: string;
  readonly source: string;
}

export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<string, Constant>();
  /** Inputs that are used as indices. */
  readonly whole = new Set<string>();
  readonly places = new Map<string, Places>();
  /** What a value is the same numbers of, seen otherwise. */
  private readonly origins = new Map<string, string>();
  /** What values that were joined are made of. */
  private readonly parts = new Map<string, readonly string[]>();
  private readonly names = new Map<Nd, string>();
  private readonly inputs = new Set<string>();
  private readonly state: ReadonlyMap<Nd, string>;
  private readonly batch: readonly [a: number, b: number];

  constructor(state: ReadonlyMap<Nd, string>, batch: readonly [a: number, b: number]) {
    this.state = state;
    this.batch = batch;
  }

  addInput(name: string, x: Tensor): void {
    this.names.set(x.nd, name);
    this.inputs.add(name);
  }

  /** Whether a tensor is computed in the graph; else it is a constant. */
  isComputed = (x: Tensor): boolean => this.names.has(x.nd) || this.state.has(x.nd);

  define(x: Tensor, name: string): void {
    this.names.set(x.nd, name);
  }

  /** Adds a node, and gives the name of its first output. */
  emit(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = `${type}_${this.nodes.length}`;
    this.nodes.push({ type, inputs, outputs: [output], attributes });
    return output;
  }

  /** The name of a value in the graph. */
  name(x: Value): string {
    const name = this.names.get(x.a.nd);
    if (name === undefined) return this.constantOf(x);
    if (!this.places.has(name)) return name;
    throw new ValueError('exportOnnx', 'the places of max pooling may serve its values only', 'another use of them');
  }

  /** The name of a value of the given type. */
  as(x: Value, type: ElementType): string {
    const name = this.name(x);
    if (type === 'int64') {
      this.isWhole(name);
    }
    return x.a.dtype === type ? name : this.cast(name, type);
  }
  private isWhole(name: string): void {
    const origin = this.originOf(name);
    if (this.inputs.has(origin)) this.whole.add(origin);
    for (const part of this.parts.get(origin) ?? []) this.isWhole(part);
  }
  cast = (name: string, type: ElementType): string => this.emit('Cast', [name], { to: TYPES[type] });

  /** The name of a max pool's places, or of any value. */
  placesOf = (x: Value): Places | undefined => this.places.get(this.names.get(x.a.nd) ?? '');

  /** Says that `name` holds the same numbers as `of`. */
  isSame(name: string, of: string): string {
    this.origins.set(name, this.originOf(of));
    return name;
  }
  /** Says that `name` holds the numbers of all of these. */
  isMadeOf(name: string, parts: readonly string[]): string {
    this.parts.set(name, parts);
    return name;
  }
  originOf = (name: string): string => this.origins.get(name) ?? name;

  whatever(shape: Shape, type: ElementType, data: ArrayLike<number>): string {
    const name = `constant_${this.constants.size}`;
    this.constants.set(name, { shape, type, data });
    return name;
  }
  /** A list of whole numbers. */
  list = (numbers: readonly number[]): string => this.whatever([numbers.length], 'int64', numbers);
  /** A single number. */
  number = (value: number, type: ElementType): string => this.whatever([], type, [value]);

  /** A shape as a value; a size that differs between the traces is a multiple of the batch's. */
  shape(a: Shape, b: Shape): string {
    if (sameShape(a, b)) return this.list(a);
    const parts = a.map((size, d) => (size === b[d] ? this.list([size]) : this.multiple(size, b[d])));
    return this.emit('Concat', parts, { axis: 0 });
  }
  private multiple(a: number, b: number): string {
    const k = a / this.batch[0];
    if (k * this.batch[1] !== b) throw batchError('a size', `${a} for ${this.batch[0]}, ${b} for ${this.batch[1]}`);
    const [first] = this.inputs;
    const all = this.emit('Shape', [first], { start: 0, end: 1 });
    return k === 1 ? all : this.emit('Mul', [all, this.list([k])]);
  }

  /** The shape that a reshape is told: at most one size may depend on the batch by itself, and is then −1. */
  reshaped(a: Shape, b: Shape): string {
    const moving = a.filter((size, d) => size !== b[d]);
    return moving.length === 1 ? this.list(a.map((size, d) => (size === b[d] ? size : -1))) : this.shape(a, b);
  }

  private constantOf({ a, b }: Value): string {
    const name = this.state.get(a.nd);
    if (name !== undefined) {
      this.constants.set(name, { shape: a.shape, type: a.dtype, data: a.toTypedArray() });
      return name;
    }
    if (a.ndim !== b.ndim) throw batchError('a constant', `shapes ${showShape(a.shape)} and ${showShape(b.shape)}`);
    // Along dims that grow with the batch it has to repeat one part, which the graph then expands.
    const grows = a.shape.map((size, d) => size !== b.shape[d]);
    const part = (x: Tensor): Tensor => grows.reduce((y, grow, d) => (grow ? y.narrow(d, 0, 1) : y), x);
    const [one, other] = [part(a), part(b)];
    const equal = (x: Tensor, y: Tensor): boolean => {
      const numbers = y.expand(x.shape).toTypedArray();
      return x.toTypedArray().every((v, i) => Object.is(v, numbers[i]));
    };
    if (!equal(a, one) || !equal(b, other) || !equal(one, other)) {
      throw batchError('a constant', `one of shape ${showShape(a.shape)} whose numbers change`);
    }
    const data = this.whatever(one.shape, a.dtype, one.toTypedArray());
    return grows.includes(true) ? this.emit('Expand', [data, this.shape(a.shape, b.shape)]) : data;
  }
}

export const batchError = (what: string, got: string): ValueError =>
  new ValueError(
    'exportOnnx',
    `${what} must depend neither on the values of the inputs nor, but for multiples of it, on the batch size`,
    got,
    'pass { dynamicBatch: false } if it is the batch size',
  );

/** An op that cannot be said in ONNX. */
export const refuse = (op: AnyOp, got: string, cure?: string): ValueError =>
  new ValueError('exportOnnx', `the op ${op.name} must have a form in ONNX`, got, cure);
