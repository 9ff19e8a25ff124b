/** The same numbers seen otherwise, in pairs of which each is the other's derivative. */
import { copy } from '../array/dense.ts';
import { nd, type DType, type Nd, type Shape } from '../array/nd.ts';
import * as views from '../array/views.ts';
import type { Range, Walk } from '../array/views.ts';
import { concat as concatenate, unlattice as unlatticed, unslice as unsliced } from '../kernels/indexing.ts';
import { addOnto } from '../kernels/lines.ts';
import { defineOp, type Op } from './op.ts';

/** Repeats dims of size 1, and adds dims in front. Its adjoint is sumTo. */
export const expand = /* @__PURE__ */ defineOp({
  name: 'expand',
  forward: (x: Nd, shape: Shape) => views.expand(x, shape),
  reads: 'nothing',
  vjp: [(g, _y, x) => g.sumTo(x.shape)],
});

/** Dim i of the result is dim dims[i] of x. Its adjoint is the inverse permutation. */
export const permute = /* @__PURE__ */ defineOp({
  name: 'permute',
  forward: (x: Nd, dims: readonly number[]) => views.permute(x, dims),
  reads: 'nothing',
  vjp: [(g, _y, _x, dims) => g.permute(...dims.map((_, i) => dims.indexOf(i)))],
});

/** The same elements in row-major order under another shape; a view where strides can say it, else a copy. */
export const reshape = /* @__PURE__ */ defineOp({
  name: 'reshape',
  forward: (x: Nd, shape: Shape) => views.reshapeView(x, shape) ?? nd(copy(x).data, shape),
  reads: 'nothing',
  vjp: [(g, _y, x) => g.reshape(x.shape)],
});

/** start, start+step, … along each dim; a negative step goes backwards. */
export const slice: Op<[x: Nd, ranges: readonly Range[]]> = /* @__PURE__ */ defineOp({
  name: 'slice',
  forward: (x: Nd, ranges: readonly Range[]) => views.slice(x, ranges),
  reads: 'nothing',
  vjp: [(g, _y, x, ranges) => g.apply(unslice, g, ranges, x.shape)],
  onto: (sum, g, _x, ranges) => addOnto(views.slice(sum, ranges), g),
});

/** Zeros (or `fill`) of `shape` with x where the slice would be taken: the adjoint of slice. */
export const unslice: Op<[x: Nd, ranges: readonly Range[], shape: Shape, fill?: number]> = /* @__PURE__ */ defineOp({
  name: 'unslice',
  forward: (x: Nd, ranges: readonly Range[], shape: Shape, fill = 0) => unsliced(x, ranges, shape, fill),
  reads: 'nothing',
  vjp: [(g, _y, _x, ranges) => g.apply(slice, g, ranges)],
});

/** y[j] = x[start + Σ jₖ·stepsₖ], a view: diagonals and sliding windows. */
export const lattice: Op<[x: Nd, start: readonly number[], walks: readonly Walk[]]> = /* @__PURE__ */ defineOp({
  name: 'lattice',
  forward: (x: Nd, start: readonly number[], walks: readonly Walk[]) => views.lattice(x, start, walks),
  reads: 'nothing',
  vjp: [(g, _y, x, start, walks) => g.apply(unlattice, g, start, walks, x.shape)],
});

/** Zeros of `shape` to which x's elements are added where the lattice would take them: the adjoint of lattice. */
export const unlattice: Op<[x: Nd, start: readonly number[], walks: readonly Walk[], shape: Shape]> =
  /* @__PURE__ */ defineOp({
    name: 'unlattice',
    forward: (x: Nd, start: readonly number[], walks: readonly Walk[], shape: Shape) =>
      unlatticed(x, start, walks, shape),
    reads: 'nothing',
    vjp: [(g, _y, _x, start, walks) => g.apply(lattice, g, start, walks)],
  });

/** One after another along dim; item i gets back its own part, which starts at starts[i]. */
export const concat = /* @__PURE__ */ defineOp({
  name: 'concat',
  forward: (xs: readonly Nd[], dim: number, _starts: readonly number[]) => concatenate(xs, dim),
  reads: 'nothing',
  vjp: [(g, _y, xs, dim, starts, i) => g.narrow(dim, starts[i], xs[i].shape[dim])],
});

/** A row-major copy. */
export const clone = /* @__PURE__ */ defineOp({
  name: 'clone',
  forward: (x: Nd) => copy(x),
  reads: 'nothing',
  vjp: [(g) => g],
});

/** The same values as float32 or float64. */
export const cast = /* @__PURE__ */ defineOp({
  name: 'to',
  forward: (x: Nd, dtype: DType) => copy(x, dtype),
  reads: 'nothing',
  vjp: [(g, _y, x) => g.to(x.dtype)],
});
