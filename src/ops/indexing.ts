/** Reading and writing by index. gather and scatterAdd are each other's adjoint, and so are indexSelect and indexAdd. */
import type { Nd, Shape } from '../array/nd.ts';
import * as k from '../kernels/indexing.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp, type Op } from './op.ts';

/** y[i][j] = x[index[i][j]][j] for dim 0, and so on. */
export const gather: Op<[x: Nd, index: Nd, dim: number]> = /* @__PURE__ */ defineOp({
  name: 'gather',
  forward: (x: Nd, index: Nd, dim: number) => k.gather(x, index, dim),
  reads: 'inputs',
  vjp: [(g, _y, x, index, dim) => g.apply(scatterAdd, g, index, dim, x.shape), null],
  onto: (sum, g, _x, index, dim) => k.scatterOnto(sum, g, index, dim),
});

/** Zeros of `shape` to which x[i][j] is added at [index[i][j]][j]; repeated indices add up. */
export const scatterAdd = /* @__PURE__ */ defineOp({
  name: 'scatterAdd',
  forward: (x: Nd, index: Nd, dim: number, shape: Shape) => k.scatterAdd(x, index, dim, shape),
  reads: 'inputs',
  vjp: [(g, _y, _x, index, dim) => g.gather(dim, index), null],
});

/** 1 where a write of `scatter` stays, 0 where a later one to the same place covers it. */
export const lastWrites = /* @__PURE__ */ defineOp({
  name: 'lastWrites',
  forward: (index: Nd, dim: number, shape: Shape) => k.lastWrites(index, dim, shape),
  reads: 'nothing',
  vjp: [null],
});

/** x with src written at the indices; where an index repeats, the last write stays and alone gets a gradient. */
export const scatter = /* @__PURE__ */ defineOp({
  name: 'scatter',
  forward: (x: Nd, index: Nd, src: Nd, dim: number) => k.scatter(x, index, src, dim),
  reads: 'inputs',
  vjp: [
    (g, _y, _x, index, src, dim) => g.scatter(dim, index, src.zerosLike()),
    null,
    (g, _y, x, index, _src, dim) => g.gather(dim, index).mul(g.apply(lastWrites, index, dim, x.shape)),
  ],
});

/** The slices of x at index[0], index[1], … along dim. */
export const indexSelect: Op<[x: Nd, index: Nd, dim: number]> = /* @__PURE__ */ defineOp({
  name: 'indexSelect',
  forward: (x: Nd, index: Nd, dim: number) => k.indexSelect(x, index, dim),
  reads: 'inputs',
  vjp: [(g, _y, x, index, dim) => g.apply(indexAdd, g, index, dim, x.shape), null],
  onto: (sum, g, _x, index, dim) => k.indexOnto(sum, g, index, dim),
});

/** Zeros of `shape` to which x's slices are added at their indices along dim. */
export const indexAdd = /* @__PURE__ */ defineOp({
  name: 'indexAdd',
  forward: (x: Nd, index: Nd, dim: number, shape: Shape) => k.indexAdd(x, index, dim, shape),
  reads: 'inputs',
  vjp: [(g, _y, _x, index, dim) => g.indexSelect(dim, index), null],
});

/**
 * x in which each place that the indices name is the largest or the smallest of itself and what src has for it.
 * Its gradient goes in equal parts to all that have this value.
 */
const scatterExtreme = (name: string, sign: 1 | -1): Op<[x: Nd, index: Nd, src: Nd, dim: number]> => {
  const parts = (g: Tensor, y: Tensor, x: Tensor, index: Tensor, src: Tensor, dim: number) => {
    const [stays, wins] = [x.eq(y), src.eq(y.gather(dim, index))];
    const ties = stays.add(g.apply(scatterAdd, wins, index, dim, x.shape)).maximum(1); // none where NaN is
    return { stays, wins, part: g.div(ties) };
  };
  return defineOp({
    name,
    forward: (x: Nd, index: Nd, src: Nd, dim: number) => k.scatterExtreme(x, index, src, dim, sign),
    vjp: [
      (g, y, x, index, src, dim) => {
        const { stays, part } = parts(g, y, x, index, src, dim);
        return stays.mul(part);
      },
      null,
      (g, y, x, index, src, dim) => {
        const { wins, part } = parts(g, y, x, index, src, dim);
        return wins.mul(part.gather(dim, index));
      },
    ],
  });
};

export const scatterAmax = /* @__PURE__ */ scatterExtreme('scatterAmax', 1);
export const scatterAmin = /* @__PURE__ */ scatterExtreme('scatterAmin', -1);

/** For each element of an index, how many before it name its place. */
export const earlierWrites = /* @__PURE__ */ defineOp({
  name: 'earlierWrites',
  forward: (index: Nd, dim: number, shape: Shape) => k.earlierWrites(index, dim, shape),
  reads: 'nothing',
  vjp: [null],
});

/** x in which each place that the indices name is multiplied by all that src has for it. */
export const scatterProd: Op<[x: Nd, index: Nd, src: Nd, dim: number]> = /* @__PURE__ */ defineOp({
  name: 'scatterProd',
  forward: (x: Nd, index: Nd, src: Nd, dim: number) => k.scatterProd(x, index, src, dim),
  reads: 'inputs',
  vjp: [
    (g, _y, x, index, src, dim) => g.mul(g.apply(scatterProd, x.onesLike(), index, src, dim)),
    null,
    (g, _y, x, index, src, dim) => {
      // The slope of a factor is the product of the others. Of the factors of one place each has a turn to count as 1:
      // nothing is divided, so that zeros do no harm.
      const turn = g.apply(earlierWrites, index, dim, x.shape);
      const turns = index.numel() === 0 ? 0 : turn.amax().item() + 1;
      let sum = src.zerosLike();
      for (let t = 0; t < turns; t++) {
        const others = g.apply(scatterProd, x, index, src.where(turn.ne(t), 1), dim);
        sum = sum.add(g.mul(others).gather(dim, index).where(turn.eq(t), 0));
      }
      return sum;
    },
  ],
});

/** A last dim with 1 at the index and 0 elsewhere. */
export const oneHot = /* @__PURE__ */ defineOp({
  name: 'oneHot',
  forward: (index: Nd, classes: number) => k.oneHot(index, classes),
  reads: 'nothing',
  vjp: [null],
});
