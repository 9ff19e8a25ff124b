/**
 * Determinants, inverses and factors of square matrices. The rules are those of Giles, "Collected matrix derivative
 * results for forward and reverse mode algorithmic differentiation" (2008); for Cholesky, Murray (2016).
 */
import { zerosNd, type Nd } from '../array/nd.ts';
import * as k from '../kernels/decompositions.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp, type Op } from './op.ts';

/** X = A⁻¹·B. B̄ = A⁻ᵀ·G, Ā = −B̄·Xᵀ. */
export const solve: Op<[a: Nd, b: Nd]> = /* @__PURE__ */ defineOp({
  name: 'solve',
  forward: (a: Nd, b: Nd) => k.solve(a, b),
  vjp: [(g, x, a) => g.apply(solve, a.mT, g).matmul(x.mT).neg(), (g, _x, a) => g.apply(solve, a.mT, g)],
});

/** Y = A⁻¹. Ā = −Yᵀ·G·Yᵀ. */
export const inverse = /* @__PURE__ */ defineOp({
  name: 'inverse',
  forward: (a: Nd) => k.inverse(a),
  reads: 'output',
  vjp: [(g, y) => y.mT.matmul(g).matmul(y.mT).neg()],
});

/** The unit matrix, as large as those of a. */
function unitOf(a: Tensor): Tensor {
  const n = a.shape[a.shape.length - 1];
  const unit = zerosNd(a.dtype, [n, n]);
  for (let i = 0; i < n; i++) unit.data[i * (n + 1)] = 1;
  return a.wrap(unit);
}

/**
 * The adjugate by Faddeev and LeVerrier, M₁ = I, Mₖ₊₁ = A·Mₖ − tr(A·Mₖ)/k·I, adj A = (−1)ⁿ⁻¹·Mₙ: it divides by
 * whole numbers only, so it and its derivatives hold for singular matrices too. O(n⁴).
 */
function adjugate(a: Tensor): Tensor {
  const n = a.shape[a.shape.length - 1];
  const unit = unitOf(a);
  let m = unit.expand(a.shape);
  for (let k = 1; k < n; k++) {
    const am = a.matmul(m);
    const trace = am.diagonal(0, -2, -1).sum(-1).unsqueeze(-1).unsqueeze(-1);
    m = am.sub(trace.div(k).mul(unit));
  }
  return n % 2 === 0 ? m.neg() : m;
}

/** det A. Ā = g·adj(A)ᵀ, with adj A = det A·A⁻¹ but where A is singular or nearly. */
export const det: Op<[a: Nd]> = /* @__PURE__ */ defineOp({
  name: 'det',
  forward: (a: Nd) => k.det(a),
  vjp: [
    (g, y, a) => {
      const outer = (x: Tensor): Tensor => x.unsqueeze(-1).unsqueeze(-1);
      const regular = outer(g.wrap(k.isRegular(a.nd)));
      const every = regular.all().item() === 1;
      const safe = every ? a : a.where(regular, unitOf(a));
      const cofactors = outer(y).mul(g.apply(inverse, safe)).mT;
      return outer(g).mul(every ? cofactors : cofactors.where(regular, adjugate(a).mT));
    },
  ],
});

/** log |det A|. Ā = g·A⁻ᵀ. */
export const logabsdet = /* @__PURE__ */ defineOp({
  name: 'logabsdet',
  forward: (a: Nd) => k.logabsdet(a),
  reads: 'inputs',
  vjp: [(g, _y, a) => g.unsqueeze(-1).unsqueeze(-1).mul(g.apply(inverse, a).mT)],
});

/** The sign of det A: −1, 0 or 1. */
export const detSign = /* @__PURE__ */ defineOp({
  name: 'detSign',
  forward: (a: Nd) => k.detSign(a),
  reads: 'nothing',
  vjp: [null],
});

/** X = T⁻¹·B for the lower or upper triangle T of A. B̄ = T⁻ᵀ·G, T̄ = −B̄·Xᵀ within the triangle. */
export const solveTriangular: Op<[a: Nd, b: Nd, upper: boolean]> = /* @__PURE__ */ defineOp({
  name: 'solveTriangular',
  forward: (a: Nd, b: Nd, upper: boolean) => k.solveTriangular(a, b, upper),
  vjp: [
    (g, x, a, _b, upper) => {
      const full = g.apply(solveTriangular, a.mT, g, !upper).matmul(x.mT).neg();
      return upper ? full.triu() : full.tril();
    },
    (g, _x, a, _b, upper) => g.apply(solveTriangular, a.mT, g, !upper),
  ],
});

/**
 * L of the symmetric part of A, L·Lᵀ = (A + Aᵀ)/2. With Φ the lower triangle, its diagonal halved:
 * S = L⁻ᵀ·Φ(Lᵀ·G)·L⁻¹, Ā = (S + Sᵀ)/2.
 */
export const cholesky: Op<[a: Nd]> = /* @__PURE__ */ defineOp({
  name: 'cholesky',
  forward: (a: Nd) => k.cholesky(a),
  reads: 'output',
  vjp: [
    (g, l) => {
      const p = l.mT.matmul(g);
      const phi = p.tril().sub(p.diagonal(0, -2, -1).diagEmbed().div(2));
      const left = g.apply(solveTriangular, l.mT, phi, true);
      const s = g.apply(solveTriangular, l.mT, left.mT, true);
      return s.add(s.mT).div(2);
    },
  ],
});
