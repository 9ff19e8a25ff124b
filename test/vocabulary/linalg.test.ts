/** Linear algebra beyond what the records of PyTorch say: second order, messages, large and nearly singular matrices. */
import { describe, expect, it } from 'vitest';
import { cdist, einsum, eye, full, grad, multiDot, ones, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import { gradcheck, gradgradcheck } from '../../src/testing/gradcheck.ts';

const f64 = { dtype: 'float64' } as const;
const random = (...shape: number[]): Tensor => randn(shape, f64).requiresGrad_();

describe('cdist', () => {
  it.each([0.5, 1, 1.5, 2, 3, Infinity])('has gradients of first and second order for p = %s', (p) => {
    const points = [tensor([[0, 1.5], [2, -1]], f64), tensor([[1, 0.2], [-0.7, 3], [0.4, -2]], f64)]; // prettier-ignore
    const f = (a: Tensor, b: Tensor): Tensor => cdist(a, b, p).square();
    gradcheck(f, points.map((x) => x.requiresGrad_())); // prettier-ignore
    gradgradcheck(f, points);
  });

  it('says what does not fit', () => {
    expect(() => cdist(zeros([2, 3]), zeros([2, 2]))).toThrow(
      'cdist: both must be […, points, d] with one d, got [2, 3] and [2, 2]',
    );
    expect(() => cdist(zeros([2, 3]), zeros([2, 3]), -1)).toThrow('cdist: p must be 0 or more, got -1');
  });
});

describe('einsum', () => {
  it('contracts many terms in an order that keeps them small', () => {
    const [a, b] = [ones([2, 300], f64), ones([300, 300], f64)];
    expect(einsum('ai,ij,jk,kl,bl->ab', a, b, b, b, a).index(0, 0).item()).toBe(300 ** 4);
  });

  it('has gradients of second order through diagonals, broadcasting and sums', () => {
    const f = (x: Tensor, y: Tensor): Tensor => einsum('...iij,k...j->i...', x, y);
    const inputs = [random(3, 2, 2, 2), random(2, 1, 2)];
    gradcheck(f, inputs);
    gradgradcheck(f, inputs);
  });

  it('says what it cannot read', () => {
    const x = zeros([2, 3]);
    expect(() => einsum('ij->ik', x)).toThrow(
      "einsum: each letter of the result must stand in an operand in 'ij->ik', got 'k'",
    );
    expect(() => einsum('ij->ii', x)).toThrow("each letter may stand once in the result in 'ij->ii', got 'i' twice");
    expect(() => einsum('i,j', x)).toThrow(
      "there must be as many operands as subscripts in 'i,j', got 1 operands for 2 subscripts",
    );
    expect(() => einsum('ijk', x)).toThrow("einsum: 'ijk' must name every dim of operand 0, got [2, 3]");
    expect(() => einsum('ij,jk', x, x)).toThrow("einsum: sizes of 'j' must be equal in 'ij,jk', got [2, 3] and [2, 3]");
    expect(() => einsum('i1', x)).toThrow("subscripts must be letters and at most one '...' in 'i1', got 'i1'");
    expect(() => einsum('ij->i->j', x)).toThrow("there must be at most one '->'");
    expect(() => einsum('...i,...i', x, zeros([4, 3]))).toThrow("einsum: sizes of '...' must be equal");
  });
});

describe('decompositions', () => {
  it('solve, inverse, det and slogdet agree with one another on larger matrices, in float32 too', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const tolerance = dtype === 'float32' ? 1e-3 : 1e-10;
      const a = randn([3, 30, 30], { dtype }).add(eye(30, 30, { dtype }).mul(8));
      const b = randn([3, 30, 4], { dtype });
      const x = a.solve(b);
      expect(a.matmul(x)).toBeAllClose(b, { rtol: tolerance, atol: tolerance });
      expect(a.inverse().matmul(b)).toBeAllClose(x, { rtol: tolerance, atol: tolerance });
      const { sign, logabsdet } = a.slogdet();
      expect(sign.mul(logabsdet.exp())).toBeAllClose(a.det(), { rtol: tolerance, atol: 0 });
      const s = a.matmul(a.mT);
      const l = s.cholesky();
      expect(l.matmul(l.mT)).toBeAllClose(s, { rtol: tolerance, atol: tolerance * 100 });
      expect(l.diagonal(0, -2, -1).log().sum(-1).mul(2)).toBeAllClose(s.slogdet().logabsdet, {
        rtol: tolerance,
        atol: 0,
      });
    }
  });

  it('the determinant has exact second derivatives at singular matrices of any rank', () => {
    const a = tensor([[[1, 2, 3], [2, 4, 6], [1, 0, 1]], [[1, 2, 3], [2, 4, 6], [3, 6, 9]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[2, 1, 0], [0, 1, 3], [1, 1, 1]]], f64); // prettier-ignore
    gradcheck((x) => x.det(), [a.requiresGrad_()]);
    gradgradcheck((x) => x.det(), [a]);
  });

  it('a singular matrix of a batch is named', () => {
    const a = full([2, 2, 2], 1).add(tensor([[[1, 0], [0, 1]], [[0, 0], [0, 0]]])); // prettier-ignore
    expect(() => a.inverse()).toThrow('inverse: matrices must have an inverse, got a singular one at place 1');
    expect(() => a.solve(ones([2, 1]))).toThrow('solve: matrices must have an inverse');
    expect(() => tensor([[1, 2], [2, 1]]).cholesky()).toThrow('cholesky: matrices must be positive definite'); // prettier-ignore
    expect(() => zeros([2, 3]).det()).toThrow('det: matrices must be square, got [2, 3]');
    expect(() => eye(2).solve(zeros([3, 1]))).toThrow(
      'solve: there must be as many rows on the right, 2, got [3, 1] for [2, 2]',
    );
    expect(() => eye(2).matrixPower(0.5)).toThrow('matrixPower: the power must be a whole number, got 0.5');
  });

  it('NaN goes through, and is no singular matrix', () => {
    expect(tensor([[NaN, 1], [0, 1]]).inverse().index(0, 0).item()).toBeNaN(); // prettier-ignore
    expect(tensor([[NaN, 0], [0, 1]]).cholesky().index(0, 0).item()).toBeNaN(); // prettier-ignore
  });

  it('the gradient of log det of a covariance is its inverse', () => {
    const x = random(4, 4);
    const s = x
      .matmul(x.mT)
      .add(eye(4, 4, f64))
      .detach()
      .requiresGrad_();
    const [g] = grad(s.slogdet().logabsdet, [s]);
    expect(g).toBeAllClose(s.inverse(), { rtol: 1e-10, atol: 1e-10 });
  });
});

describe('multiDot', () => {
  it('multiplies in the cheaper order: the other one would overflow', () => {
    const [column, row] = [full([2, 1], 1e200, f64), full([1, 2], 1e200, f64)];
    expect(multiDot([column, row, full([2, 1], 1e-200, f64)])).toBeAllClose(full([2, 1], 2e200, f64));
    expect(multiDot([full([1, 2], 1e-200, f64), column, row])).toBeAllClose(full([1, 2], 2e200, f64));
  });

  it('says which shapes do not fit', () => {
    expect(() => multiDot([zeros([2, 3]), zeros([2, 3])])).toThrow(
      /multiDot: .* inner sizes agree, got \[2, 3\] · \[2, 3\]/,
    );
    expect(() => multiDot([zeros([2, 3])])).toThrow('multiDot: there must be at least two matrices, got 1');
  });
});
