/**
 * class Tensor: numbers, and how they were made. Every method is a line or two: it checks what it was given,
 * and applies an op. The loops are in kernels/, the derivatives in ops/, the chain rule in engine.ts; methods that are
 * made of these ones are in vocabulary/.
 */
import { GradError, ShapeError, showShape, ValueError } from './array/errors.ts';
import { copyInto, overwrite } from './array/dense.ts';
import { allocate } from './array/memory.ts';
import {
  broadcastShapes,
  dtypeOf,
  isDense,
  nd,
  sameShape,
  sharesMemory,
  sizeOf,
  wrapDim,
  zerosNd,
} from './array/nd.ts';
import type { Data, DType, Nd, Shape } from './array/nd.ts';
import { format, toNested, type Nested } from './array/print.ts';
import {
  checkList,
  checkTensors,
  expandedShape,
  inferShape,
  namedDims,
  reducedShapes,
  startsAlong,
} from './array/checks.ts';
import * as engine from './engine.ts';
import type { BackwardOptions, Hook, Node, Slot } from './engine.ts';
import { addOnto } from './kernels/lines.ts';
import * as ops from './ops/index.ts';
import type { AnyOp, Args, Op } from './ops/op.ts';
import { Vocabulary } from './vocabulary/index.ts';

/** One dim, or several. */
type Dims = number | readonly number[];

/** What an operand may be: a number stands for a tensor of that value everywhere. */
export type Operand = Tensor | number;

/**
 * An n-dimensional array of float32 (or float64) numbers that remembers how it was made.
 * Tensors are values under the garbage collector: there is nothing to dispose.
 * ```ts
 * import { tensor } from 'adjoint';
 * const x = tensor([[1, 2], [3, 4]], { requiresGrad: true });
 * x.square().sum().backward();
 * console.log(x.grad);
 * // =>
 * // Tensor[2, 2]
 * // [[2, 4],
 * //  [6, 8]]
 * ```
 */
// prettier-ignore
export class Tensor extends Vocabulary {
  /** The numbers in memory, through strides. Writing to its data directly goes unseen by `backward`: use copy_. */
  readonly nd: Nd;
  /** The gradient that `backward` has added up here, a new tensor each time; null before, and without requiresGrad. */
  grad: Tensor | null = null;
  /** What `registerHook` was given, for a leaf. @internal */
  hooks: Hook[] | null = null;
  private leaf: boolean;
  private node: Node | null = null;
  /** Counts in-place writes; one object for all views of the same data. */
  private writes = { count: 0 };

  /** Wraps an array without copying it. Users have `tensor`, `zeros`, … for this. */
  constructor(array: Nd, requiresGrad = false) {
    super();
    this.nd = array;
    this.leaf = requiresGrad;
  }

  // ── What it is ────────────────────────────────────────────────────────────────────────────────

  /** Sizes of the dims. `zeros([2, 3]).shape // => [ 2, 3 ]` */
  get shape(): Shape { return this.nd.shape; }
  /** 'float32', or 'float64' where asked for. */
  get dtype(): DType { return dtypeOf(this.nd.data); }
  /** Number of dims. `zeros([2, 3]).ndim // => 2` */
  get ndim(): number { return this.nd.shape.length; }
  /** Number of elements. `zeros([2, 3]).numel() // => 6` */
  numel(): number { return sizeOf(this.nd.shape); }
  /** Size of one dim. `zeros([2, 3]).size(-1) // => 3` */
  size(dim: number): number { return this.shape[this.axis('size', dim)]; }
  /** How many in-place writes its data has seen. */
  get version(): number { return this.writes.count; }

  // ── Gradients ─────────────────────────────────────────────────────────────────────────────────

  /** Whether gradients flow to it: it was asked for, or it was made from a tensor that has it. */
  get requiresGrad(): boolean { return this.leaf || this.node !== null; }
  set requiresGrad(on: boolean) {
    if (this.node !== null && !on) {
      throw new GradError('requiresGrad', 'it can be switched off only on a leaf',
        `the result of ${this.node.op.name}`, 'use detach()');
    }
    this.leaf = on && this.node === null;
  }
  /** Whether no recorded op made it. */
  get isLeaf(): boolean { return this.node === null; }
  /** Where its gradient goes: to the op that made it, or to itself; null if it needs none. @internal */
  get slot(): Slot | null { return this.node ?? (this.leaf ? this : null); }
  /** Sets requiresGrad and returns the tensor. `ones([2]).requiresGrad_() // => Tensor[2] requiresGrad [1, 1]` */
  requiresGrad_(on = true): this {
    this.requiresGrad = on;
    return this;
  }
  /**
   * Adds d this / d leaf to the `.grad` of each leaf. A tensor of more than one element needs a gradient of its shape.
   * See the example at the top of this class.
   * @throws GradError without a history; on a graph that an earlier pass has released; when a value that a rule reads was changed in place
   */
  backward(gradient: Tensor | BackwardOptions = {}): void {
    engine.backward(this, gradient instanceof Tensor ? { gradient } : gradient);
  }
  /** The same numbers (not a copy) without a history. `ones([1]).requiresGrad_().detach().requiresGrad // => false` */
  detach(): Tensor {
    const x = new Tensor(this.nd);
    x.writes = this.writes;
    return x;
  }
  /** Lets `backward` set `.grad` although this is not a leaf. */
  retainGrad(): this {
    if (!this.requiresGrad) throw new GradError('retainGrad', 'the tensor must have requiresGrad', 'one without');
    if (this.node !== null) this.node.retained = this;
    return this;
  }
  /**
   * Calls `hook` with the complete gradient of this tensor whenever a backward pass has it; what it returns, if anything,
   * takes the gradient's place. Returns the function that takes the hook off again.
   */
  registerHook(hook: Hook): () => void {
    const { slot } = this;
    if (slot === null) throw new GradError('registerHook', 'the tensor must have requiresGrad', 'one without');
    const own: Hook = (g) => hook(g); // so that one function can be registered twice, and taken off once
    slot.hooks = [...(slot.hooks ?? []), own];
    return () => (slot.hooks = slot.hooks?.filter((other) => other !== own) ?? null);
  }

  // ── Out of the tensor ─────────────────────────────────────────────────────────────────────────

  /** The value of a tensor of one element. `tensor([[2.5]]).item() // => 2.5` */
  item(): number {
    if (this.numel() !== 1) {
      throw new ShapeError('item', 'there must be exactly one element', `shape ${showShape(this.shape)}`);
    }
    return this.nd.data[this.nd.offset];
  }
  /** Nested JavaScript arrays; a number for a 0-d tensor. `eye(2).toArray() // => [ [ 1, 0 ], [ 0, 1 ] ]` */
  toArray(): Nested { return toNested(this.nd); }
  /** A copy of the elements in row-major order. `tensor([[1, 2]]).toTypedArray() // => Float32Array(2) [ 1, 2 ]` */
  toTypedArray(): Data {
    const out = this.dtype === 'float32' ? new Float32Array(this.numel()) : new Float64Array(this.numel());
    copyInto(this.nd, out); // not `allocate`: a buffer of its own, for whoever hands it on
    return out;
  }
  /** Shape, history and values, long dims cut. `tensor([1, 2]).requiresGrad_().exp().toString() // => Tensor[2] from exp [2.7183, 7.3891]` */
  override toString(): string {
    const parts = [`Tensor${showShape(this.shape)}`];
    if (this.dtype !== 'float32') parts.push(this.dtype);
    if (this.node !== null) parts.push(`from ${this.node.op.name}`);
    else if (this.leaf) parts.push('requiresGrad');
    return `${parts.join(' ')}${this.ndim > 1 ? '\n' : ' '}${format(this.nd)}`;
  }
  /** What console.log prints in Node. @internal */
  [Symbol.for('nodejs.util.inspect.custom')](): string { return this.toString(); }

  // ── Arithmetic and comparison (broadcasting) ──────────────────────────────────────────────────

  /** this + alpha·other; alpha is 1 if left out. `tensor([1, 2]).add(10) // => Tensor[2] [11, 12]` */
  add(other: Operand, options?: { readonly alpha?: number }): Tensor { return apply(ops.add, this, this.scaled('add', other, options?.alpha)); }
  /** this − alpha·other; alpha is 1 if left out. `tensor([1, 2]).sub(1) // => Tensor[2] [0, 1]` */
  sub(other: Operand, options?: { readonly alpha?: number }): Tensor { return apply(ops.sub, this, this.scaled('sub', other, options?.alpha)); }
  /** this · other, element by element. `tensor([1, 2]).mul(tensor([3, 4])) // => Tensor[2] [3, 8]` */
  mul(other: Operand): Tensor { return apply(ops.mul, this, this.lift('mul', other)); }
  /**
   * this / other; with a rounding mode towards −∞ ('floor') or 0 ('trunc'), then without a gradient, but for zeros.
   * `tensor([1, 2]).div(2) // => Tensor[2] [0.5000, 1.0000]`
   */
  div(other: Operand, options?: { roundingMode?: 'floor' | 'trunc' }): Tensor {
    const [b, mode] = [this.lift('div', other), options?.roundingMode];
    if (mode === undefined) return apply(ops.div, this, b);
    if (mode === 'floor' || mode === 'trunc') return apply(ops.roundedDiv, this, b, mode);
    throw new ValueError('div', "the rounding mode must be 'floor' or 'trunc'", `'${String(mode)}'`);
  }
  /** this to the power of other. `tensor([1, 2, 3]).pow(2) // => Tensor[3] [1, 4, 9]` */
  pow(other: Operand): Tensor { return apply(ops.pow, this, this.lift('pow', other)); }
  /** The larger of the two; ties share the gradient. `tensor([1, 5]).maximum(3) // => Tensor[2] [3, 5]` */
  maximum(other: Operand): Tensor { return apply(ops.maximum, this, this.lift('maximum', other)); }
  /** The smaller of the two; ties share the gradient. `tensor([1, 5]).minimum(3) // => Tensor[2] [1, 3]` */
  minimum(other: Operand): Tensor { return apply(ops.minimum, this, this.lift('minimum', other)); }
  /** 1 where equal, else 0. `tensor([1, 2]).eq(2) // => Tensor[2] [0, 1]` */
  eq(other: Operand): Tensor { return apply(ops.eq, this, this.lift('eq', other)); }
  /** 1 where not equal, else 0. `tensor([1, 2]).ne(2) // => Tensor[2] [1, 0]` */
  ne(other: Operand): Tensor { return apply(ops.ne, this, this.lift('ne', other)); }
  /** 1 where this < other, else 0. `tensor([1, 2]).lt(2) // => Tensor[2] [1, 0]` */
  lt(other: Operand): Tensor { return apply(ops.lt, this, this.lift('lt', other)); }
  /** 1 where this ≤ other, else 0. `tensor([1, 2]).le(2) // => Tensor[2] [1, 1]` */
  le(other: Operand): Tensor { return apply(ops.le, this, this.lift('le', other)); }
  /** 1 where this > other, else 0. `tensor([1, 2]).gt(1) // => Tensor[2] [0, 1]` */
  gt(other: Operand): Tensor { return apply(ops.gt, this, this.lift('gt', other)); }
  /** 1 where this ≥ other, else 0. `tensor([1, 2]).ge(2) // => Tensor[2] [0, 1]` */
  ge(other: Operand): Tensor { return apply(ops.ge, this, this.lift('ge', other)); }
  /** this where the mask is not 0, else other. `tensor([1, 2]).where(tensor([0, 1]), -1) // => Tensor[2] [-1, 2]` */
  where(mask: Tensor, other: Operand): Tensor {
    checkTensors('where', mask);
    return apply(ops.where, mask, this, this.lift('where', other));
  }
  /** Values below min become min, above max become max; either may be a tensor. `tensor([1, 5, 9]).clamp(2, 6) // => Tensor[3] [2, 5, 6]` */
  clamp(min: Operand = -Infinity, max: Operand = Infinity): Tensor {
    return apply(ops.clamp, this, this.lift('clamp', min), this.lift('clamp', max));
  }

  // ── Functions, element by element ─────────────────────────────────────────────────────────────

  /** −x. `tensor([1, -2]).neg() // => Tensor[2] [-1, 2]` */
  neg(): Tensor { return apply(ops.neg, this); }
  /** |x|; its derivative at 0 is 0. `tensor([1, -2]).abs() // => Tensor[2] [1, 2]` */
  abs(): Tensor { return apply(ops.abs, this); }
  /** x². `tensor([1, -2]).square() // => Tensor[2] [1, 4]` */
  square(): Tensor { return apply(ops.square, this); }
  /** √x. `tensor([4, 9]).sqrt() // => Tensor[2] [2, 3]` */
  sqrt(): Tensor { return apply(ops.sqrt, this); }
  /** 1/x. `tensor([2, 4]).reciprocal() // => Tensor[2] [0.5000, 0.2500]` */
  reciprocal(): Tensor { return apply(ops.reciprocal, this); }
  /** eˣ. `tensor([0, 1]).exp() // => Tensor[2] [1.0000, 2.7183]` */
  exp(): Tensor { return apply(ops.exp, this); }
  /** eˣ − 1, exact near 0. `tensor(1e-6).expm1() // => Tensor[] 1.0000e-6` */
  expm1(): Tensor { return apply(ops.expm1, this); }
  /** Natural logarithm. `tensor([1, 10]).log() // => Tensor[2] [0.0000, 2.3026]` */
  log(): Tensor { return apply(ops.log, this); }
  /** Logarithm to base 2. `tensor([1, 8]).log2() // => Tensor[2] [0, 3]` */
  log2(): Tensor { return apply(ops.log2, this); }
  /** ln(1 + x), exact near 0. `tensor(1e-6).log1p() // => Tensor[] 1.0000e-6` */
  log1p(): Tensor { return apply(ops.log1p, this); }
  /** sin x, x in radians. `tensor([0, 1]).sin() // => Tensor[2] [0.0000, 0.8415]` */
  sin(): Tensor { return apply(ops.sin, this); }
  /** cos x, x in radians. `tensor([0, 1]).cos() // => Tensor[2] [1.0000, 0.5403]` */
  cos(): Tensor { return apply(ops.cos, this); }
  /** tan x, x in radians. `tensor([0, 1]).tan() // => Tensor[2] [0.0000, 1.5574]` */
  tan(): Tensor { return apply(ops.tan, this); }
  /** Inverse sine, in [−π/2, π/2]. `tensor(1).asin() // => Tensor[] 1.5708` */
  asin(): Tensor { return apply(ops.asin, this); }
  /** Inverse cosine, in [0, π]. `tensor(0).acos() // => Tensor[] 1.5708` */
  acos(): Tensor { return apply(ops.acos, this); }
  /** Inverse tangent, in (−π/2, π/2). `tensor(1).atan() // => Tensor[] 0.7854` */
  atan(): Tensor { return apply(ops.atan, this); }
  /** (eˣ − e⁻ˣ)/2. `tensor(1).sinh() // => Tensor[] 1.1752` */
  sinh(): Tensor { return apply(ops.sinh, this); }
  /** (eˣ + e⁻ˣ)/2. `tensor(1).cosh() // => Tensor[] 1.5431` */
  cosh(): Tensor { return apply(ops.cosh, this); }
  /** sinh x / cosh x. `tensor(1).tanh() // => Tensor[] 0.7616` */
  tanh(): Tensor { return apply(ops.tanh, this); }
  /** 1/(1 + e⁻ˣ). `tensor(1).sigmoid() // => Tensor[] 0.7311` */
  sigmoid(): Tensor { return apply(ops.sigmoid, this); }
  /** max(x, 0). `tensor([-1, 2]).relu() // => Tensor[2] [0, 2]` */
  relu(): Tensor { return apply(ops.relu, this); }
  /** The error function 2/√π ∫₀ˣ e^(−t²) dt. `tensor(1).erf() // => Tensor[] 0.8427` */
  erf(): Tensor { return apply(ops.erf, this); }
  /** −1, 0 or 1. `tensor([-3, 0, 2]).sign() // => Tensor[3] [-1, 0, 1]` */
  sign(): Tensor { return apply(ops.sign, this); }
  /** The whole number at or below. `tensor([1.5, -1.5]).floor() // => Tensor[2] [1, -2]` */
  floor(): Tensor { return apply(ops.floor, this); }
  /** The whole number at or above. `tensor([1.5, -1.5]).ceil() // => Tensor[2] [2, -1]` */
  ceil(): Tensor { return apply(ops.ceil, this); }
  /** The nearest whole number, or number of so many decimals; halves to the even one. `tensor([0.5, 1.5]).round() // => Tensor[2] [0, 2]` */
  round(decimals = 0): Tensor {
    return decimals === 0 ? apply(ops.round, this) : this.roundDecimals(decimals);
  }
  /** The whole number towards 0. `tensor([1.5, -1.5]).trunc() // => Tensor[2] [1, -1]` */
  trunc(): Tensor { return apply(ops.trunc, this); }

  // ── Reductions: over all dims, one (−1 is the last) or several ────────────────────────────────

  /** Sum. `tensor([[1, 2], [3, 4]]).sum(0) // => Tensor[2] [4, 6]` */
  sum(dim?: Dims, keepdim = false): Tensor { return this.reduce(ops.sumTo, dim, keepdim); }
  /** Arithmetic mean. `tensor([[1, 2], [3, 4]]).mean() // => Tensor[] 2.5000` */
  mean(dim?: Dims, keepdim = false): Tensor { return this.sum(dim, keepdim).div(this.count('mean', dim)); }
  /** Largest value; ties share the gradient. `tensor([[1, 9], [5, 4]]).amax(1) // => Tensor[2] [9, 5]` */
  amax(dim?: Dims, keepdim = false): Tensor { return this.nonEmpty('amax', dim).reduce(ops.amax, dim, keepdim); }
  /** Smallest value; ties share the gradient. `tensor([[1, 9], [5, 4]]).amin(1) // => Tensor[2] [1, 4]` */
  amin(dim?: Dims, keepdim = false): Tensor { return this.nonEmpty('amin', dim).reduce(ops.amin, dim, keepdim); }
  /** Place of the largest value, the first of several; without dim in the flattened tensor. `tensor([3, 7, 7]).argmax() // => Tensor[] 1` */
  argmax(dim?: number, keepdim = false): Tensor {
    return this.nonEmpty('argmax', dim).reduce(ops.argmax, dim, keepdim);
  }
  /** Place of the smallest value, the first of several. `tensor([3, 7, 3]).argmin() // => Tensor[] 0` */
  argmin(dim?: number, keepdim = false): Tensor {
    return this.nonEmpty('argmin', dim).reduce(ops.argmin, dim, keepdim);
  }
  /** 1 if any element is not 0. `tensor([0, 2]).any() // => Tensor[] 1` */
  any(dim?: Dims, keepdim = false): Tensor { return this.reduce(ops.any, dim, keepdim); }
  /** 1 if no element is 0. `tensor([0, 2]).all() // => Tensor[] 0` */
  all(dim?: Dims, keepdim = false): Tensor { return this.reduce(ops.all, dim, keepdim); }
  /** log Σ eˣ, without overflow. `tensor([1000, 1000]).logsumexp() // => Tensor[] 1000.6932` */
  logsumexp(dim?: Dims, keepdim = false): Tensor { return this.reduce(ops.logsumexp, dim, keepdim); }
  /** eˣ / Σ eˣ along dim. `tensor([0, 0]).softmax(0) // => Tensor[2] [0.5000, 0.5000]` */
  softmax(dim: number): Tensor { return apply(ops.softmax, this, this.dim('softmax', dim)); }
  /** log softmax(x), without overflow. `tensor([0, 0]).logSoftmax(0) // => Tensor[2] [-0.6931, -0.6931]` */
  logSoftmax(dim: number): Tensor { return apply(ops.logSoftmax, this, this.dim('logSoftmax', dim)); }

  // ── Products ──────────────────────────────────────────────────────────────────────────────────

  /**
   * Matrix product, as `torch.matmul`: vectors dot, [m, k]·[k, n], and batches whose leading dims broadcast.
   * `tensor([[1, 2], [3, 4]]).matmul(tensor([1, 1])) // => Tensor[2] [3, 7]`
   */
  matmul(other: Tensor): Tensor {
    checkTensors('matmul', other);
    const [a, b] = [this.shape, other.shape];
    const inner = b[Math.max(0, b.length - 2)];
    if (a.length === 0 || b.length === 0 || a[a.length - 1] !== inner) {
      const why = a.length && b.length ? `inner sizes must agree` : 'both must have at least one dim';
      throw new ShapeError('matmul', why,
        `${showShape(a)} · ${showShape(b)}${a.length && b.length ? ` (${a[a.length - 1]} vs ${inner})` : ''}`);
    }
    if (a.length === 1) return this.unsqueeze(0).matmul(other).squeeze(b.length === 1 ? 0 : -2);
    if (b.length === 1) return this.matmul(other.unsqueeze(1)).squeeze(-1);
    broadcastShapes('matmul', a.slice(0, -2), b.slice(0, -2));
    if (a.length > 2 && b.length === 2) {
      // One tall product in place of a batch of small ones, whose weight gradients would have to be summed.
      const rows = sizeOf(a.slice(0, -1));
      return apply(ops.matmul, this.reshape([rows, inner]), other).reshape([...a.slice(0, -1), b[1]]);
    }
    return apply(ops.matmul, this, other);
  }

  // ── The same numbers seen otherwise ───────────────────────────────────────────────────────────

  /** Another shape for the same elements in row-major order; one size may be −1. `arange(4).reshape([2, -1]).shape // => [ 2, 2 ]` */
  reshape(shape: Shape): Tensor {
    const sizes = inferShape('reshape', shape, this.numel());
    return sameShape(sizes, this.shape) ? this : apply(ops.reshape, this, sizes);
  }
  /** Dims from `start` to `end` as one. `zeros([2, 3, 4]).flatten(1).shape // => [ 2, 12 ]` */
  flatten(start = 0, end = -1): Tensor {
    if (this.ndim === 0) return this.reshape([1]);
    const [from, to] = [this.dim('flatten', start), this.dim('flatten', end)];
    if (from > to) throw new ShapeError('flatten', 'start must not come after end', `${start} and ${end}`);
    return this.reshape(this.shape.toSpliced(from, to + 1 - from, sizeOf(this.shape.slice(from, to + 1))));
  }
  /** Dim i of the result is dim dims[i] of this. `zeros([2, 3, 4]).permute(2, 0, 1).shape // => [ 4, 2, 3 ]` */
  permute(...dims: number[]): Tensor {
    const order = dims.map((d) => this.dim('permute', d));
    if (order.length !== this.ndim || new Set(order).size !== this.ndim) {
      throw new ShapeError('permute', `every one of the ${this.ndim} dims must stand once`, showShape(dims));
    }
    return apply(ops.permute, this, order);
  }
  /** Two dims swapped. `zeros([2, 3, 4]).transpose(0, 2).shape // => [ 4, 3, 2 ]` */
  transpose(dim0: number, dim1: number): Tensor {
    const order = this.shape.map((_, d) => d);
    const [p, q] = [this.dim('transpose', dim0), this.dim('transpose', dim1)];
    if (this.ndim === 0) return this;
    [order[p], order[q]] = [q, p];
    return apply(ops.permute, this, order);
  }
  /** The transpose of a matrix (a tensor of fewer dims stays). `zeros([2, 3]).t().shape // => [ 3, 2 ]` */
  t(): Tensor {
    if (this.ndim > 2) {
      throw new ShapeError('t', 'there must be at most 2 dims', showShape(this.shape), 'use mT or permute');
    }
    return this.ndim < 2 ? this : this.transpose(0, 1);
  }
  /** The last two dims swapped. `zeros([5, 2, 3]).mT.shape // => [ 5, 3, 2 ]` */
  get mT(): Tensor {
    if (this.ndim < 2) throw new ShapeError('mT', 'there must be at least 2 dims', showShape(this.shape));
    return this.transpose(-2, -1);
  }
  /** Dims of size 1 repeated, dims added in front; −1 keeps a size. `ones([3, 1]).expand([2, -1, 4]).shape // => [ 2, 3, 4 ]` */
  expand(shape: Shape): Tensor {
    const sizes = expandedShape(this.shape, shape);
    return sameShape(sizes, this.shape) ? this : apply(ops.expand, this, sizes);
  }
  /** Sums down to a shape that broadcasts to this one: the adjoint of expand. `ones([2, 3]).sumTo([2, 1]).toArray() // => [ [ 3 ], [ 3 ] ]` */
  sumTo(shape: Shape): Tensor {
    if (!sameShape(broadcastShapes('sumTo', this.shape, shape), this.shape)) {
      throw new ShapeError('sumTo', `the shape must broadcast to ${showShape(this.shape)}`, showShape(shape));
    }
    return sameShape(shape, this.shape) ? this : apply(ops.sumTo, this, shape);
  }
  /** A new dim of size 1. `zeros([2, 3]).unsqueeze(-1).shape // => [ 2, 3, 1 ]` */
  unsqueeze(dim: number): Tensor {
    return this.reshape(this.shape.toSpliced(wrapDim('unsqueeze', dim, this.ndim + 1), 0, 1));
  }
  /** Without dims of size 1, or without those named whose size is 1. `zeros([1, 3, 1]).squeeze(0).shape // => [ 3, 1 ]` */
  squeeze(dim?: Dims): Tensor {
    const named = dim === undefined ? null : namedDims('squeeze', this.ndim, dim);
    return this.reshape(this.shape.filter((size, d) => size !== 1 || (named !== null && !named.has(d))));
  }

  // ── Copies and kinds ──────────────────────────────────────────────────────────────────────────

  /** A copy with memory of its own; gradients flow through. */
  clone(): Tensor { return apply(ops.clone, this); }
  /** This, or a copy, in row-major order. `eye(2).t().contiguous().isContiguous() // => true` */
  contiguous(): Tensor { return this.isContiguous() ? this : this.clone(); }
  /** Whether the elements lie in row-major order without gaps. `zeros([2, 3]).t().isContiguous() // => false` */
  isContiguous(): boolean { return isDense(this.nd); }
  /** As float32 or float64. `tensor([1]).to('float64') // => Tensor[1] float64 [1]` */
  to(dtype: DType): Tensor { return dtype === this.dtype ? this : apply(ops.cast, this, dtype); }
  /** Zeros of this shape and dtype. `tensor([1, 2]).zerosLike() // => Tensor[2] [0, 0]` */
  zerosLike(): Tensor { return new Tensor(zerosNd(this.dtype, this.shape)); }
  /** Ones of this shape and dtype. `tensor([1, 2]).onesLike() // => Tensor[2] [1, 1]` */
  onesLike(): Tensor { return new Tensor(nd(allocate(this.dtype, this.numel()).fill(1), this.shape)); }
  /** Applies an op; for rules, which lie below this file and cannot import it. @internal */
  apply<P extends readonly unknown[]>(op: Op<P>, ...args: Args<P, Tensor>): Tensor { return Tensor.apply(op, args); }
  /** A tensor over another array; for the engine, which cannot make one. @internal */
  wrap(array: Nd): Tensor { return new Tensor(array); }

  // ── In place: never recorded, refused where a gradient would be lost ──────────────────────────

  /** Writes src (broadcast) over this. `zeros([2]).copy_(tensor([1, 2])) // => Tensor[2] [1, 2]` */
  copy_(src: Operand): this { return this.write('copy_', this.lift('copy_', src)); }
  /** Sets every element. `zeros([2]).fill_(3) // => Tensor[2] [3, 3]` */
  fill_(value: number): this { return this.write('fill_', this.lift('fill_', value)); }
  /** Sets every element to 0. */
  zero_(): this { return this.fill_(0); }
  /** this += other. `ones([2]).add_(1) // => Tensor[2] [2, 2]` */
  add_(other: Operand): this { return this.write('add_', this.lift('add_', other), ops.add); }
  /** this −= other. `ones([2]).sub_(1) // => Tensor[2] [0, 0]` */
  sub_(other: Operand): this { return this.write('sub_', this.lift('sub_', other), ops.sub); }
  /** this ·= other. `ones([2]).mul_(5) // => Tensor[2] [5, 5]` */
  mul_(other: Operand): this { return this.write('mul_', this.lift('mul_', other), ops.mul); }
  /** this /= other. `ones([2]).div_(4) // => Tensor[2] [0.2500, 0.2500]` */
  div_(other: Operand): this { return this.write('div_', this.lift('div_', other), ops.div); }

  /** Tells that its data was written to directly, as kernels of optimizers do. @internal */
  markWritten(): void { this.writes.count++; }

  // ── Helpers ───────────────────────────────────────────────────────────────────────────────────

  private dim(where: string, dim: number): number { return wrapDim(where, dim, this.ndim); }

  /** A dim that is there: a 0-d tensor has none, though it may be reduced over dim 0. @internal */
  axis(where: string, dim: number): number {
    if (this.ndim === 0) throw new ShapeError(where, 'there must be at least one dim', 'a 0-d tensor');
    return this.dim(where, dim);
  }

  /** A number as a 0-d tensor of this dtype. @internal */
  lift(where: string, x: Operand): Tensor {
    if (x instanceof Tensor) return x;
    if (typeof x !== 'number') throw new ValueError(where, 'the operand must be a Tensor or a number', typeof x);
    return new Tensor(nd(allocate(this.dtype, 1).fill(x), []));
  }

  /** alpha·x. */
  private scaled(where: string, x: Operand, alpha = 1): Tensor {
    const y = this.lift(where, x);
    return alpha === 1 ? y : y.mul(alpha);
  }

  /** How many elements go into each result of a reduction. */
  private count(where: string, dim?: Dims): number { return reducedShapes(where, this.shape, dim).count; }

  /** This, once it is seen that every result has elements to be made of. @internal */
  nonEmpty(where: string, dim?: Dims): this {
    if (this.count(where, dim) > 0) return this;
    throw new ShapeError(where, 'there must be elements to compare', `shape ${showShape(this.shape)}`);
  }

  /** Folds dims by an op that is told the shape of its result. @internal */
  reduce(op: Op<[x: Nd, shape: Shape]>, dim: Dims | undefined, keepdim: boolean): Tensor {
    const { kept, dropped, aligned } = reducedShapes(op.name, this.shape, dim);
    if (keepdim) return apply(op, this, kept);
    return aligned ? apply(op, this, dropped) : apply(op, this, kept).reshape(dropped);
  }

  /** Refuses a write in place by which a gradient would be lost, or one place be written for several elements. @internal */
  mayWrite(where: string, other: Tensor): void {
    if (engine.isGradEnabled() && (this.requiresGrad || other.requiresGrad)) {
      throw new GradError(where, 'in-place changes are not recorded, so nothing that is written may need a gradient',
        'a tensor with requiresGrad', `wrap the call in noGrad(() => …), or use the form without the underscore`);
    }
    if (sharesMemory(this.nd)) {
      throw new ShapeError(where, 'every element must have memory of its own', 'a view that repeats some',
        'write to a clone()');
    }
  }

  /** Writes other, or op(this, other), over this. @internal */
  write(where: string, other: Tensor, op?: Op<[a: Nd, b: Nd]>): this {
    this.mayWrite(where, other);
    const shape = broadcastShapes(where, this.shape, other.shape);
    if (!sameShape(shape, this.shape)) {
      throw new ShapeError(where, `the operand must broadcast to ${showShape(this.shape)}`, showShape(other.shape));
    }
    if (op === ops.add) addOnto(this.nd, other.nd);
    else overwrite(this.nd, op ? op.forward(this.nd, other.nd) : engine.noGrad(() => other.expand(shape)).nd);
    this.writes.count++;
    return this;
  }

  /** Applies an op: see the function `apply`. @internal */
  static override apply(op: AnyOp & { forward(...args: readonly unknown[]): Nd }, args: readonly unknown[]): Tensor {
    const raw = args.map(unwrap);
    const y = new Tensor(op.forward(...raw));
    let needed = false;
    for (let p = 0; p < op.arity; p++) {
      const arg = args[p];
      for (const x of isList(arg) ? arg : [arg as Tensor]) {
        if (x.nd.data === y.nd.data) y.writes = x.writes; // a view: one count of writes for both
        needed ||= op.vjp[p] !== null && x.slot !== null;
      }
    }
    if (needed && engine.isGradEnabled()) y.node = engine.record(op, args, y);
    return y;
  }
}

const unwrap = (arg: unknown): unknown => (arg instanceof Tensor ? arg.nd : isList(arg) ? arg.map((x) => x.nd) : arg);

const isList = (arg: unknown): arg is readonly Tensor[] => Array.isArray(arg) && arg[0] instanceof Tensor;

/**
 * Applies an op to tensors (and options), and records it if a gradient will be wanted. With `defineOp`, this is all
 * that an op of your own needs.
 */
export const apply: <P extends readonly unknown[]>(op: Op<P>, ...args: Args<P, Tensor>) => Tensor = (op, ...args) =>
  Tensor.apply(op, args);

/** Tensors one after another along a dim; the other sizes are equal. PyTorch: `torch.cat`. `cat([ones([1]), zeros([2])]) // => Tensor[3] [1, 0, 0]` */
export function concat(tensors: readonly Tensor[], dim = 0): Tensor {
  checkList('concat', 'tensors', tensors);
  checkTensors('concat', ...tensors);
  if (tensors.length === 0) throw new ShapeError('concat', 'there must be at least one tensor', 'none');
  const d = wrapDim('concat', dim, tensors[0].ndim);
  const starts = startsAlong('concat', tensors.map(({ shape }) => shape), d); // prettier-ignore
  return apply(ops.concat, tensors, d, starts);
}
