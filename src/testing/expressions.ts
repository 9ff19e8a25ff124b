/**
 * Small expressions over tensors as data: what a random program is made of. One description is both evaluated and
 * printed, so that the code which is shown is the computation that was checked.
 */
import type { Nested } from '../array/print.ts';
import { concat, stack, tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { literal } from './layouts.ts';

/** The methods of Tensor that return a Tensor. */
type Method = { [K in keyof Tensor]: Tensor[K] extends (...args: never[]) => Tensor ? K : never }[keyof Tensor];

/** What a method takes, with an expression wherever it takes a tensor. */
type Written<P> = P extends Tensor ? Expression : P;
type Arguments<K extends Method> = Tensor[K] extends (...args: infer P) => Tensor
  ? { [I in keyof P]: Written<P[I]> }
  : never;

export type Expression =
  /** An earlier value of the program. */
  | { readonly kind: 'value'; readonly at: number }
  /** Whole numbers: an index or a mask. */
  | { readonly kind: 'constant'; readonly values: Nested }
  | { readonly kind: 'call'; readonly on: Expression; readonly method: Method; readonly args: readonly unknown[] }
  | {
      readonly kind: 'join';
      readonly by: 'concat' | 'stack';
      readonly parts: readonly Expression[];
      readonly dim: number;
    };

export const value = (at: number): Expression => ({ kind: 'value', at });
export const constant = (values: Nested): Expression => ({ kind: 'constant', values });
export const call = <K extends Method>(on: Expression, method: K, ...args: Arguments<K>): Expression => ({
  kind: 'call',
  on,
  method,
  args,
});
export const join = (by: 'concat' | 'stack', parts: readonly Expression[], dim: number): Expression => ({
  kind: 'join',
  by,
  parts,
  dim,
});

const isExpression = (x: unknown): x is Expression => typeof x === 'object' && x !== null && 'kind' in x;

/** The expression's result, computed from the earlier values. */
export function evaluate(x: Expression, values: readonly Tensor[]): Tensor {
  if (x.kind === 'value') return values[x.at];
  if (x.kind === 'constant') return tensor(x.values);
  if (x.kind === 'join') {
    const parts = x.parts.map((part) => evaluate(part, values));
    return x.by === 'concat' ? concat(parts, x.dim) : stack(parts, x.dim);
  }
  const on = evaluate(x.on, values);
  const args = x.args.map((arg) => (isExpression(arg) ? evaluate(arg, values) : arg));
  return Reflect.apply(on[x.method], on, args) as Tensor;
}

/** The expression as source code, in which earlier values have names. */
export function show(x: Expression, names: readonly string[]): string {
  if (x.kind === 'value') return names[x.at];
  if (x.kind === 'constant') return `tensor(${literal(x.values)})`;
  if (x.kind === 'join') return `${x.by}([${x.parts.map((part) => show(part, names)).join(', ')}], ${x.dim})`;
  const args = x.args.map((arg) => (isExpression(arg) ? show(arg, names) : literal(arg)));
  return `${show(x.on, names)}.${x.method}(${args.join(', ')})`;
}

/** The names of functions that the code of an expression needs from 'adjoint'. */
export function imports(x: Expression): string[] {
  if (x.kind === 'value') return [];
  if (x.kind === 'constant') return ['tensor'];
  if (x.kind === 'join') return [x.by, ...x.parts.flatMap(imports)];
  return [x.on, ...x.args].flatMap((part) => (isExpression(part) ? imports(part) : []));
}
