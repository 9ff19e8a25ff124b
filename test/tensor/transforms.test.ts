import { describe, expect, it } from 'vitest';
import { arange, cat, ones, tensor } from '../../src/create.ts';
import { noGrad } from '../../src/engine.ts';
import { hessian, hvp, jacobian, jvp, vjp, type Func } from '../../src/transforms.ts';
import type { Tensor } from '../../src/tensor.ts';

const at = (values: number[]): Tensor => tensor(values, { dtype: 'float64' });
const exact = { rtol: 1e-12, atol: 1e-12 };
const A = at([1, 2, 3, 4, 5, 6]).reshape([2, 3]);

describe('against closed forms', () => {
  it('a linear map has its matrix as jacobian, and its transpose as pullback', () => {
    const x = at([1, -1, 2]);
    const f: Func = (v) => A.matmul(v);
    expect(jacobian(f, x)).toBeAllClose(A, exact);
    const { value, pullback } = vjp(f, x);
    expect(value).toBeAllClose(A.matmul(x), exact);
    expect(pullback(at([1, 10]))).toBeAllClose(A.t().matmul(at([1, 10])), exact);
    expect(pullback(at([0, 1]))).toBeAllClose(A.select(0, 1), exact); // again, with another cotangent
    expect(jvp(f, x, at([1, 0, 2])).tangent).toBeAllClose(A.matmul(at([1, 0, 2])), exact);
  });

  it('a quadratic form has A + Aᵀ as hessian', () => {
    const Q = at([1, 2, 0, 4, 5, -1, 7, 8, 9]).reshape([3, 3]);
    const f: Func = (x) => x.matmul(Q).matmul(x);
    const x = at([0.3, -2, 1]);
    expect(hessian(f, x)).toBeAllClose(Q.add(Q.t()), exact);
    const { value, product } = hvp(f, x, at([1, 2, 3]));
    expect(value.item()).toBeCloseTo(x.matmul(Q).matmul(x).item(), 12);
    expect(product).toBeAllClose(Q.add(Q.t()).matmul(at([1, 2, 3])), exact);
  });

  it('softmax has diag(y) − y yᵀ as jacobian', () => {
    const x = at([0.1, 1, -0.4]);
    const y = x.softmax(0);
    const expected = y.unsqueeze(1).mul(at([1, 0, 0, 0, 1, 0, 0, 0, 1]).reshape([3, 3])).sub(y.unsqueeze(1).mul(y)); // prettier-ignore
    expect(jacobian((v) => v.softmax(0), x)).toBeAllClose(expected, exact);
  });

  it('shapes are those of the result, then of the input', () => {
    const x = arange(6, { dtype: 'float64' }).reshape([2, 3]);
    const J = jacobian((v) => v.square().sum(1, true), x);
    expect(J.shape).toEqual([2, 1, 2, 3]);
    expect(J.index(1, 0)).toBeAllClose([[0, 0, 0], [6, 8, 10]], exact); // prettier-ignore
    expect(hessian((v) => v.pow(3).sum(), x).shape).toEqual([2, 3, 2, 3]);
    expect(jacobian((v) => v.exp(), tensor(0)).item()).toBe(1);
    expect(jacobian((v) => v.sum(), at([])).shape).toEqual([0]);
    expect(jacobian((v) => v.narrow(0, 0, 0), at([1, 2])).shape).toEqual([0, 2]);
  });
});

describe('against each other', () => {
  const f: Func = (x) =>
    cat([
      x.sin().mul(x.flip(0)),
      x.prod().unsqueeze(0),
      x
        .narrow(0, 0, 2)
        .exp()
        .div(x.narrow(0, 1, 2)),
    ]);
  const g: Func = (x) => f(x).tanh().square().sum();
  const x = at([0.4, -0.9, 1.3]);
  const v = at([1, -2, 0.5]);

  it('jvp is the jacobian times the direction, and vjp its transpose times the cotangent', () => {
    const J = jacobian(f, x);
    const u = at([1, 2, 3, -1, 0.5, 2]);
    expect(jvp(f, x, v).tangent).toBeAllClose(J.matmul(v), exact);
    expect(vjp(f, x).pullback(u)).toBeAllClose(u.matmul(J), exact);
    expect(jvp(f, x, v).value).toBeAllClose(f(x), exact);
  });

  it('the hessian is symmetric, the jacobian of the gradient, and what hvp multiplies by', () => {
    const H = hessian(g, x);
    expect(H).toBeAllClose(H.t(), exact);
    expect(jacobian((t) => vjp(g, t).pullback(ones([], { dtype: 'float64' })), x)).toBeAllClose(H, exact);
    expect(hvp(g, x, v).product).toBeAllClose(H.matmul(v), exact);
    expect(jvp((t) => vjp(g, t).pullback(ones([], { dtype: 'float64' })), x, v).tangent).toBeAllClose(
      H.matmul(v),
      exact,
    );
  });

  it('they compose: third derivatives are the jacobian of the hessian', () => {
    const third = jacobian((t) => hessian((s) => s.pow(4).sum(), t), at([2, 3]));
    expect(third.toTypedArray()).toBeAllClose([48, 0, 0, 0, 0, 0, 0, 72], exact);
  });

  it('they work inside noGrad, also at a tensor with requiresGrad', () => {
    const w = at([0.4, -0.9, 1.3]).requiresGrad_();
    noGrad(() => {
      expect(jacobian(f, w)).toBeAllClose(jacobian(f, x), exact);
      expect(jvp(f, w, v).tangent).toBeAllClose(jvp(f, x, v).tangent, exact);
      expect(hvp(g, w, v).product).toBeAllClose(hvp(g, x, v).product, exact);
      expect(hessian(g, w)).toBeAllClose(hessian(g, x), exact);
    });
    expect(w.grad).toBeNull();
  });

  it('what they give at a tensor with a history can be differentiated further', () => {
    const w = at([1, 2]).requiresGrad_();
    jvp((t) => t.pow(3), w, at([1, 1]))
      .tangent.sum()
      .backward(); // Σ 3w²
    expect(w.grad).toBeAllClose([6, 12], exact);
  });
});

describe('functions that do not depend on their input', () => {
  it('have derivatives of 0, constants and other variables alike', () => {
    const x = at([1, 2]);
    const other = at([3, 4]).requiresGrad_();
    for (const f of [(): Tensor => at([5, 6]), (): Tensor => other.square()]) {
      expect(jacobian(f, x)).toBeAllClose([[0, 0], [0, 0]]); // prettier-ignore
      expect(vjp(f, x).pullback(at([1, 1]))).toBeAllClose([0, 0]);
      expect(jvp(f, x, x).tangent).toBeAllClose([0, 0]);
      expect(hvp((t) => f().sum().add(t.detach().sum()), x, x).product).toBeAllClose([0, 0]);
      expect(hessian(() => f().sum(), x)).toBeAllClose([[0, 0], [0, 0]]); // prettier-ignore
    }
    expect(other.grad).toBeNull();
    expect(hessian((t) => t.sum(), x)).toBeAllClose([[0, 0], [0, 0]]); // prettier-ignore
    expect(jvp((t) => t.floor(), x, x).tangent).toBeAllClose([0, 0]);
  });

  it('leave x as it was: no requiresGrad, no .grad', () => {
    const x = at([1, 2]);
    jacobian((t) => t.exp(), x);
    expect([x.requiresGrad, x.grad]).toEqual([false, null]);
  });
});

describe('what does not fit', () => {
  it('is refused: directions of another shape, and functions with several results', () => {
    const x = at([1, 2]);
    expect(() => jvp((t) => t, x, at([1]))).toThrow('jvp: the direction must have the shape [2], got [1]');
    expect(() => vjp((t) => t.sum(), x).pullback(x)).toThrow('vjp: the cotangent must have the shape [], got [2]');
    expect(() => hvp((t) => t, x, x)).toThrow('hvp: the function must return a single number, got shape [2]');
    expect(() => hessian((t) => t, x)).toThrow('hessian: the function must return a single number, got shape [2]');
    expect(() => hvp((t) => t.sum(), x, at([1]))).toThrow('hvp: the direction must have the shape [2], got [1]');
  });
});
