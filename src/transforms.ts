/** Functions over functions of tensors: derivatives as values. Made of `grad` alone. */
import { checkTensors } from './array/checks.ts';
import { GradError, ShapeError, showShape, ValueError } from './array/errors.ts';
import { stack } from './create.ts';
import { enableGrad, grad } from './engine.ts';
import type { Tensor } from './tensor.ts';

/** A function of one tensor; several inputs are packed into one or closed over. */
export type Func = (x: Tensor) => Tensor;

/** A place to differentiate at: a fresh leaf with x's values if x has no history worth keeping, else x itself behind an identity. */
const variable = (where: string, f: Func, x: Tensor): Tensor => {
  if (typeof f !== 'function') throw new ValueError(where, 'its first argument must be a function', typeof f);
  checkTensors(where, x);
  return x.requiresGrad ? enableGrad(() => x.clone()) : x.detach().requiresGrad_();
};

/** The gradient of y with respect to x, or zeros where y does not depend on x. */
function gradient(y: Tensor, x: Tensor, g: Tensor | undefined, createGraph: boolean): Tensor {
  if (!y.requiresGrad) return x.zerosLike();
  const options = { createGraph, retainGraph: true, allowUnused: true as const };
  const [result] = grad(y, [x], g === undefined ? options : { ...options, gradOutputs: [g] });
  return result ?? x.zerosLike();
}

const sameShapes = (where: string, what: string, a: Tensor, b: Tensor): void => {
  checkTensors(where, a, b);
  if (showShape(a.shape) !== showShape(b.shape)) {
    throw new ShapeError(where, `${what} must have the shape ${showShape(b.shape)}`, showShape(a.shape));
  }
};

/**
 * f(x), and the function v ↦ Jᵀv (v of f(x)'s shape) by reverse mode. Differentiable further.
 * `vjp((x) => x.square(), tensor([1, 2])).pullback(tensor([1, 10])) // => Tensor[2] from mul [2, 40]`
 */
export function vjp(f: Func, x: Tensor): { value: Tensor; pullback: (v: Tensor) => Tensor } {
  const at = variable('vjp', f, x);
  const value = enableGrad(() => f(at));
  return {
    value,
    pullback: (v) => {
      sameShapes('vjp', 'the cotangent', v, value);
      return gradient(value, at, v, true);
    },
  };
}

/**
 * f(x) and Jv, the derivative of f at x in the direction v (of x's shape), by reverse mode twice:
 * u ↦ Jᵀu is linear, and its own transposed derivative is v ↦ Jv (Townsend, 2017).
 * `jvp((x) => x.square(), tensor([1, 2]), tensor([1, 10])).tangent.detach() // => Tensor[2] [2, 40]`
 */
export function jvp(f: Func, x: Tensor, v: Tensor): { value: Tensor; tangent: Tensor } {
  sameShapes('jvp', 'the direction', v, x);
  const { value, pullback } = vjp(f, x);
  const u = value.zerosLike().requiresGrad_();
  const back = enableGrad(() => pullback(u));
  return { value, tangent: gradient(back, u, v, true) };
}

/**
 * All derivatives of f at x: a tensor of f(x)'s shape followed by x's. One reverse pass for each element of f(x).
 * `jacobian((x) => x.square(), tensor([1, 2])).detach().toArray() // => [ [ 2, 0 ], [ 0, 4 ] ]`
 */
export function jacobian(f: Func, x: Tensor): Tensor {
  const { value, pullback } = vjp(f, x);
  const n = value.numel();
  if (n === 0 || x.numel() === 0)
    return x
      .zerosLike()
      .reshape([-1])
      .sumTo([])
      .mul(0)
      .expand([...value.shape, ...x.shape]);
  const rows = Array.from({ length: n }, (_, i) => {
    const pick = value.zerosLike().reshape([n]);
    pick.nd.data[i] = 1;
    return pullback(pick.reshape(value.shape));
  });
  return stack(rows).reshape([...value.shape, ...x.shape]);
}

/**
 * All second derivatives of a function with one result: a tensor of x's shape twice.
 * `hessian((x) => x.pow(3).sum(), tensor([1, 2])).detach().toArray() // => [ [ 6, 0 ], [ 0, 12 ] ]`
 */
export const hessian = (f: Func, x: Tensor): Tensor => jacobian((at) => slope('hessian', f, at), x);

/**
 * f(x) and Hv, without the n² numbers of H: the derivative of ∇f in the direction v (Pearlmutter, 1994).
 * `hvp((x) => x.pow(3).sum(), tensor([1, 2]), tensor([1, 1])).product.detach() // => Tensor[2] [6, 12]`
 */
export function hvp(f: Func, x: Tensor, v: Tensor): { value: Tensor; product: Tensor } {
  sameShapes('hvp', 'the direction', v, x);
  const at = variable('hvp', f, x);
  const value = enableGrad(() => f(at));
  oneResult('hvp', value);
  const first = gradient(value, at, undefined, true);
  return { value, product: first.requiresGrad ? gradient(first, at, v, true) : x.zerosLike() };
}

function oneResult(where: string, value: Tensor): void {
  if (value.numel() !== 1)
    throw new GradError(where, 'the function must return a single number', `shape ${showShape(value.shape)}`);
}

/** ∇f at a tensor that is part of a graph already. */
function slope(where: string, f: Func, at: Tensor): Tensor {
  const value = f(at);
  oneResult(where, value);
  return gradient(value, at, undefined, true);
}
