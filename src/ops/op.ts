/**
 * What an op is: a record with a forward over raw arrays and one rule per input, its vector-Jacobian product.
 * Rules receive Tensors and return Tensors made by ops, so that a gradient is itself differentiable, to any order.
 */
import type { DType, Nd, Shape } from '../array/nd.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Which numbers the rules of an op read. What they do not read is not kept: they get a Ghost, that is its shape.
 * The fewer, the less memory a graph holds, and the fewer values must not be overwritten before `backward`.
 */
export type Reads = 'both' | 'inputs' | 'output' | 'nothing';

/** A tensor without its numbers. */
export interface Ghost {
  readonly shape: Shape;
  readonly dtype: DType;
}

type IfReads<R extends Reads, Part extends Reads, T = Tensor> = R extends 'both' | Part ? T : Ghost;

/** The arguments P of a forward with each array replaced by T, each list of arrays by a list of T. */
export type Args<P extends readonly unknown[], T> = {
  [K in keyof P]: P[K] extends Nd ? T : P[K] extends readonly Nd[] ? readonly T[] : P[K];
};

/**
 * x̄ = rule(ȳ, y, …args): the gradient of the loss with respect to one input, from that with respect to the output.
 * A rule must not keep ȳ: once it has run the engine may use that memory again.
 */
export type Rule<P extends readonly unknown[], R extends Reads> = (
  g: Tensor,
  y: IfReads<R, 'output'>,
  ...args: Args<P, IfReads<R, 'inputs'>>
) => Tensor;

/** The rule of an input that is a list: it gets as well, as its last argument, which item is meant. */
export type ListRule<P extends readonly unknown[], R extends Reads> = (
  g: Tensor,
  y: IfReads<R, 'output'>,
  ...args: [...Args<P, IfReads<R, 'inputs'>>, item: number]
) => Tensor;

/** One rule for each leading array (or list of arrays) of P, in order; what follows them are options. */
export type Rules<P extends readonly unknown[], R extends Reads, Rest = P> = Rest extends readonly [
  infer A,
  ...infer More,
]
  ? A extends Nd
    ? readonly [Rule<P, R> | null, ...Rules<P, R, More>]
    : A extends readonly Nd[]
      ? readonly [ListRule<P, R> | null, ...Rules<P, R, More>]
      : readonly []
  : readonly [];

/** The same answer as a rule's, over raw arrays. */
export type FusedRule<P extends readonly unknown[], R extends Reads> = (
  g: Nd,
  y: IfReads<R, 'output', Nd>,
  ...args: Args<P, IfReads<R, 'inputs', Nd>>
) => Nd;

/** The same answers as all rules', where they come from one pass: a gradient for each input, in order. */
export type FusedRules<P extends readonly unknown[], R extends Reads> = (
  ...args: Parameters<FusedRule<P, R>>
) => readonly Nd[];

export interface OpRecord<P extends readonly unknown[], R extends Reads> {
  /** What it is called in messages and in the printed history. */
  readonly name: string;
  /** Arrays in (first the arrays, then the options), one array out. A result that shares data with an input is a view. */
  readonly forward: (...args: P) => Nd;
  /** One rule per array; null where no gradient is defined (an index, a comparison). */
  readonly vjp: NoInfer<Rules<P, R>>;
  /** What the rules read; 'both' unless said otherwise. */
  readonly reads?: R;
  /** A faster form of rules, used when no graph is being built: one for each rule (or null), or one for all. */
  readonly fused?: readonly (NoInfer<FusedRule<P, R>> | null)[] | NoInfer<FusedRules<P, R>>;
  /**
   * Adds the first input's gradient to what is there already, when no graph of it is being built: for ops that read a
   * part of their input, whose gradient is zero elsewhere.
   */
  readonly onto?: NoInfer<(sum: Nd, g: Nd, ...args: Args<P, IfReads<R, 'inputs', Nd>>) => void>;
}

/** An op, with its arguments' types erased: what the engine works with. */
export interface AnyOp {
  readonly name: string;
  readonly reads: Reads;
  /** So many leading arguments are arrays or lists of arrays. */
  readonly arity: number;
  readonly differentiable: boolean;
  readonly vjp: readonly (((...args: never[]) => Tensor) | null)[];
  readonly fused:
    | readonly (((g: Nd, y: never, ...args: never) => Nd) | null)[]
    | ((g: Nd, y: never, ...args: never) => readonly Nd[]);
  readonly onto: ((sum: Nd, g: Nd, ...args: never) => void) | null;
}

export interface Op<P extends readonly unknown[]> extends AnyOp {
  readonly forward: (...args: P) => Nd;
}

/**
 * Makes an op of a record. The types refuse a missing rule, a surplus one, and one that returns a raw array.
 * ```ts
 * import { apply, defineOp, tensor, type Nd } from 'adjoint';
 * const cube = defineOp({
 *   name: 'cube',
 *   forward: (x: Nd): Nd => ({ ...x, data: x.data.map((v) => v ** 3) }),
 *   vjp: [(g, _y, x) => g.mul(x).mul(x).mul(3)],
 * });
 * const x = tensor([2], { requiresGrad: true });
 * apply(cube, x).backward();
 * console.log(x.grad); // => Tensor[1] [12]
 * ```
 */
export function defineOp<P extends readonly unknown[], R extends Reads = 'both'>(record: OpRecord<P, R>): Op<P> {
  const { name, forward, vjp, reads = 'both', fused = [], onto = null } = record;
  const rules: AnyOp['vjp'] = vjp;
  return {
    name,
    forward,
    reads,
    arity: rules.length,
    differentiable: rules.some((rule) => rule !== null),
    vjp: rules,
    fused,
    onto,
  };
}
