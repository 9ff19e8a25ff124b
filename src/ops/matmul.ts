/** Matrix products: matmul, and the linear layer as one op. */
import type { Nd } from '../array/nd.ts';
import { affine, multiply } from '../kernels/matmul/index.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp } from './op.ts';

/** Whether x is the transpose of what lies row by row, as the weight of a layer is: its gradient then is best made so too. */
const liesByColumns = (x: Tensor): boolean => !x.isContiguous() && x.mT.isContiguous();

/** C = A·B on the last two axes; the axes before them broadcast. */
export const matmul = /* @__PURE__ */ defineOp({
  name: 'matmul',
  forward: (a: Nd, b: Nd) => multiply(a, b),
  reads: 'inputs',
  vjp: [
    (g, _c, _a, b) => g.matmul(b.mT), // Ā = G·Bᵀ
    (g, _c, a, b) => (liesByColumns(b) ? g.mT.matmul(a).mT : a.mT.matmul(g)), // B̄ = Aᵀ·G
  ],
});

/** y = x·Wᵀ + b, for x [N, in], W [out, in], b [out]. */
export const linear = /* @__PURE__ */ defineOp({
  name: 'linear',
  forward: (x: Nd, w: Nd, b: Nd) => affine(x, w, b),
  reads: 'inputs',
  vjp: [
    (g, _y, _x, w) => g.matmul(w), // x̄ = G·W
    (g, _y, x) => g.mT.matmul(x), // W̄ = Gᵀ·x
    (g) => g.sum(0), // b̄ = Σ over rows
  ],
});
