/** Scans: a result for each place along a dim, of all that came before. */
import type { Nd } from '../array/nd.ts';
import { scan, scan2, type ScanLoop } from '../kernels/lines.ts';
import * as k from '../kernels/scans.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp, type Op } from './op.ts';
import { unslice } from './views.ts';

type Scan = Op<[x: Nd, dim: number]>;

/** Sums so far; its adjoint sums from the other end. */
export const cumsum: Scan = /* @__PURE__ */ defineOp({
  name: 'cumsum',
  forward: (x: Nd, dim: number) => scan(k.cumsum, x, dim),
  reads: 'nothing',
  vjp: [(g, _y, _x, dim) => backwards(g, dim, (h) => h.apply(cumsum, h, dim))],
});

/**
 * yᵣ = aᵣ·yᵣ₋₁ + bᵣ along dim, from y₋₁ = 0. What reaches bᵣ is λᵣ = gᵣ + aᵣ₊₁·λᵣ₊₁, a recurrence from the other end;
 * what reaches aᵣ is λᵣ·yᵣ₋₁. Products so far are made of it, without a division and so to any order also at 0.
 */
export const recurrence: Op<[a: Nd, b: Nd, dim: number]> = /* @__PURE__ */ defineOp({
  name: 'recurrence',
  forward: (a: Nd, b: Nd, dim: number) => scan2(k.recurrence, a, b, dim),
  vjp: [(g, y, a, _b, dim) => fromTheEnd(g, a, dim).mul(delayed(y, dim)), (g, _y, a, _b, dim) => fromTheEnd(g, a, dim)],
});

/** λᵣ = gᵣ + aᵣ₊₁·λᵣ₊₁. */
const fromTheEnd = (g: Tensor, a: Tensor, dim: number): Tensor => {
  if (g.ndim === 0) return g;
  return g.apply(recurrence, delayed(a.flip(dim), dim), g.flip(dim), dim).flip(dim);
};

const backwards = (x: Tensor, dim: number, f: (x: Tensor) => Tensor): Tensor =>
  x.ndim === 0 ? x : f(x.flip(dim)).flip(dim);

/** 0, x₀, x₁, …: each a place later along dim. */
function delayed(x: Tensor, dim: number): Tensor {
  if (x.numel() === 0 || x.ndim === 0) return x.zerosLike();
  const ranges = x.shape.map((size, d) => (d === dim ? { start: 1, step: 1, size: size - 1 } : { start: 0, step: 1, size })); // prettier-ignore
  return x.apply(unslice, x.narrow(dim, 0, x.shape[dim] - 1), ranges, x.shape);
}

/**
 * yᵣ = log(e^x₀ + … + e^xᵣ). x̄ᵣ = e^(xᵣ−yᵣ)·λᵣ with λᵣ = gᵣ + e^(yᵣ−yᵣ₊₁)·λᵣ₊₁: no exponent is above 0.
 * Where yᵣ is −∞, so is xᵣ, and its gradient is 0.
 */
export const logcumsumexp: Scan = /* @__PURE__ */ defineOp({
  name: 'logcumsumexp',
  forward: (x: Nd, dim: number) => scan(k.logcumsumexp, x, dim),
  vjp: [
    (g, y, x, dim) => {
      const there = y.ne(-Infinity);
      const finite = y.where(there, 0);
      const decay = delayed(finite, dim).sub(finite).exp().mul(delayed(there, dim)); // e^(yᵣ₋₁−yᵣ)
      return fromTheEnd(g, decay, dim).mul(x.sub(finite).exp());
    },
  ],
});

// Places: nothing flows back through them.
const place = (name: string, loop: ScanLoop): Scan =>
  defineOp({ name, forward: (x: Nd, dim: number) => scan(loop, x, dim), reads: 'nothing', vjp: [null] });

export const cummaxPlaces = /* @__PURE__ */ place('cummaxPlaces', k.cummaxPlaces);
export const cumminPlaces = /* @__PURE__ */ place('cumminPlaces', k.cumminPlaces);
