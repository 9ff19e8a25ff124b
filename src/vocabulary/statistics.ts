/** Order statistics, counts, and covariance. */
import { checkWhole } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { allocate } from '../array/memory.ts';
import { nd, sameShape, sizeOf, wrapDim, zerosNd, type Shape } from '../array/nd.ts';
import { histogram, uniqueRows } from '../kernels/statistics.ts';
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import { Scans } from './scans.ts';

/** Values and the places along the dim where they were found. */
export interface Picked {
  readonly values: Tensor;
  readonly indices: Tensor;
}

export type Interpolation = 'linear' | 'lower' | 'higher' | 'nearest' | 'midpoint';

export interface QuantileOptions {
  readonly keepdim?: boolean;
  /** What to take where a quantile lies between two elements; default 'linear'. */
  readonly interpolation?: Interpolation;
}

export interface CovarianceOptions {
  /** What is taken from the number of observations; default 1. */
  readonly correction?: number;
  /** How often each observation was made: whole numbers. */
  readonly fweights?: Tensor;
  /** How much each observation counts. */
  readonly aweights?: Tensor;
}

// prettier-ignore
export abstract class Statistics extends Scans {
  /**
   * The middle value, the lower one if there are two; NaN if there is one. Of all elements, those that are tied share the
   * gradient; along a dim, values and their places. `tensor([4, 1, 3, 2]).median() // => Tensor[] 2`
   */
  median(this: Tensor): Tensor;
  median(this: Tensor, dim: number, keepdim?: boolean): Picked;
  median(this: Tensor, dim?: number, keepdim = false): Tensor | Picked {
    if (dim !== undefined) return pick(this.nonEmpty('median', dim), ops.medianPlace, dim, keepdim);
    if (this.numel() === 0) return filled(this, [], NaN);
    const { values } = pick(this.flatten(), ops.medianPlace, 0, false);
    return Number.isNaN(values.item()) ? values : this.where(this.eq(values.detach()), -Infinity).amax();
  }
  /** The value that is there most often along dim, the smallest of several, and its last place. `tensor([3, 1, 1, 3]).mode().values // => Tensor[] 1` */
  mode(this: Tensor, dim = -1, keepdim = false): Picked {
    return pick(this.nonEmpty('mode', dim), ops.modePlace, dim, keepdim);
  }
  /**
   * The element below which a part q of all elements lies (or of those along dim), interpolated where q·(n−1) is no
   * whole number; NaN where there is a NaN. For a list of q, a first dim with one result each. q gets no gradient.
   * `tensor([1, 2, 3, 4]).quantile(0.5) // => Tensor[] 2.5000`
   * @throws ValueError unless q is from 0 to 1
   */
  quantile(this: Tensor, q: number | readonly number[] | Tensor, dim?: number, { keepdim = false, interpolation = 'linear' }: QuantileOptions = {}): Tensor {
    const wanted = typeof q === 'number' ? [q] : 'nd' in q ? [...q.detach().flatten().toTypedArray()] : q;
    if (!wanted.every((part) => part >= 0 && part <= 1)) throw new ValueError('quantile', 'q must be from 0 to 1', wanted.join(', '));
    const isList = typeof q !== 'number' && !('nd' in q && q.ndim === 0);
    const x = dim === undefined || this.ndim === 0 ? this.flatten() : this;
    const d = wrapDim('quantile', dim ?? 0, x.ndim);
    const n = x.nonEmpty('quantile', d).shape[d];
    const rising = x.gather(d, x.apply(ops.argsort, x, d, false)).transpose(d, -1); // […, n]
    const ranks = wanted.map((part) => part * (n - 1));
    const [below, above, weight] = BETWEEN[checked(interpolation)];
    const at = (round: (rank: number) => number): Tensor => rising.indexSelect(-1, line(x, ranks.map(round)));
    const last = rising.narrow(-1, n - 1, 1);
    const between = at(below).lerp(at(above), line(x, ranks.map(weight))).where(last.eq(last), last); // […, q]
    const first = between.transpose(d, -1).permute(d, ...x.shape.map((_, at) => at).filter((at) => at !== d)); // [q, …]
    const rest = !keepdim ? x.shape.toSpliced(d, 1) : this.shape.map((size, at) => (dim === undefined || at === d ? 1 : size));
    return first.reshape(isList ? [wanted.length, ...rest] : rest);
  }

  /**
   * The values that differ (or slices along dim), in rising order, NaN last and each on its own; which of them each
   * element is; and how often each is there. Nothing flows back through them.
   * `tensor([3, 1, 3]).unique().values // => Tensor[2] [1, 3]`
   */
  unique(this: Tensor, { dim }: { dim?: number } = {}): { values: Tensor; inverse: Tensor; counts: Tensor } {
    const d = dim === undefined ? 0 : this.axis('unique', dim);
    const flat = dim === undefined ? this.detach().flatten() : this.detach().transpose(0, d);
    const R = flat.shape[0];
    const { first, counts, inverse } = uniqueRows(flat.nd, R, sizeOf(flat.shape.slice(1)));
    return {
      values: flat.indexSelect(0, line(this, first)).transpose(0, d),
      inverse: dim === undefined ? line(this, inverse).reshape(this.shape) : line(this, inverse),
      counts: line(this, counts),
    };
  }
  /**
   * How often each whole number 0, 1, … is there or, with weights, the sum of its weights; up to the largest one, or
   * minlength numbers if that is more. `tensor([1, 3, 1]).bincount() // => Tensor[4] [0, 2, 0, 1]`
   */
  bincount(this: Tensor, { weights, minlength = 0 }: { weights?: Tensor; minlength?: number } = {}): Tensor {
    if (this.ndim !== 1) throw new ShapeError('bincount', 'there must be one dim', showShape(this.shape));
    if (!Number.isInteger(minlength) || minlength < 0) throw new ValueError('bincount', 'minlength must be a whole number, 0 or more', `${minlength}`);
    const length = Math.max(minlength, this.numel() > 0 ? this.detach().amax().item() + 1 : 0);
    checkWhole('bincount', this.nd, length);
    if (weights && !sameShape(weights.shape, this.shape)) throw new ShapeError('bincount', `weights must have the shape ${showShape(this.shape)}`, showShape(weights.shape));
    return this.apply(ops.scatterAdd, weights ?? this.onesLike(), this, 0, [length]);
  }
  /**
   * How many elements lie in each of `bins` equal parts of [min, max]; with min = max = 0, of the range of the
   * elements. Elements outside, and NaN, are not counted. `tensor([1, 2, 1]).histc({ bins: 2, min: 0, max: 3 }) // => Tensor[2] [2, 1]`
   */
  histc(this: Tensor, { bins = 100, min = 0, max = 0 }: { bins?: number; min?: number; max?: number } = {}): Tensor {
    if (!Number.isInteger(bins) || bins < 1) throw new ValueError('histc', 'the number of bins must be a whole number, 1 or more', `${bins}`);
    const x = this.detach();
    let [low, high] = min === 0 && max === 0 && x.numel() > 0 ? [x.amin().item(), x.amax().item()] : [min, max];
    if (low === high) [low, high] = [low - 1, high + 1];
    if (!(low < high && high - low < Infinity)) throw new ValueError('histc', 'the range must be finite, and min below max', `${low} to ${high}`);
    const counts = zerosNd(this.dtype, [bins]);
    histogram(x.nd, bins, low, high, counts.data);
    return this.wrap(counts);
  }

  /**
   * Covariance of variables, a row each, over observations, a column each: [V, O] to [V, V]; a single row gives a number.
   * `tensor([[1, 2, 3], [3, 2, 1]]).cov().toArray() // => [ [ 1, -1 ], [ -1, 1 ] ]`
   */
  cov(this: Tensor, { correction = 1, fweights, aweights }: CovarianceOptions = {}): Tensor {
    if (this.ndim > 2) throw new ShapeError('cov', 'there must be at most 2 dims', showShape(this.shape));
    if (!Number.isFinite(correction)) throw new ValueError('cov', 'correction must be a finite number', `${correction}`);
    const x = this.ndim === 2 ? this : this.reshape([1, -1]);
    const O = x.shape[1];
    for (const w of [fweights, aweights]) {
      if (w && (w.ndim !== 1 || w.numel() !== O)) throw new ShapeError('cov', `weights must have the shape [${O}]`, showShape(w.shape));
      if (w && w.lt(0).any().item() === 1) throw new ValueError('cov', 'weights must be 0 or more', 'a negative one');
    }
    if (fweights) checkWhole('cov', fweights.nd, Infinity);
    const w = fweights && aweights ? fweights.mul(aweights) : (fweights ?? aweights);
    const total = w ? w.sum() : filled(x, [], O);
    const mean = (w ? x.mul(w) : x).sum(1, true).div(total);
    const lost = aweights && correction !== 0 ? w!.mul(aweights).sum().div(total).mul(correction) : correction;
    const deviation = x.sub(mean);
    const products = deviation.matmul((w ? deviation.mul(w) : deviation).mT);
    return products.div(total.sub(lost).clamp(0)).squeeze();
  }
  /** Correlation of variables, a row each: their covariance over the product of their deviations. `tensor([[1, 2, 3], [3, 2, 1]]).corrcoef().toArray() // => [ [ 1, -1 ], [ -1, 1 ] ]` */
  corrcoef(this: Tensor): Tensor {
    const c = this.cov();
    if (c.ndim === 0) return c.div(c);
    const deviation = c.diagonal().sqrt().unsqueeze(1); // [V, 1]
    return c.div(deviation).div(deviation.mT).clamp(-1, 1);
  }
}

type Rank = (rank: number) => number;

const halfEven: Rank = (x) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** Of each interpolation: the place below a rank, the place above it, and the weight of the latter. */
const BETWEEN: Record<Interpolation, readonly [below: Rank, above: Rank, weight: Rank]> = {
  linear: [Math.floor, Math.ceil, (rank) => rank - Math.floor(rank)],
  lower: [Math.floor, Math.floor, () => 0],
  higher: [Math.ceil, Math.ceil, () => 0],
  midpoint: [Math.floor, Math.ceil, () => 0.5],
  nearest: [halfEven, halfEven, () => 0],
};

function checked(interpolation: Interpolation): Interpolation {
  if (interpolation in BETWEEN) return interpolation;
  throw new ValueError(
    'quantile',
    `the interpolation must be one of ${Object.keys(BETWEEN).join(', ')}`,
    `'${interpolation}'`,
  );
}

/** A tensor of one dim, of x's dtype. */
function line(x: Tensor, values: readonly number[]): Tensor {
  const data = allocate(x.dtype, values.length);
  data.set(values);
  return x.wrap(nd(data, [values.length]));
}

const filled = (x: Tensor, shape: Shape, value: number): Tensor =>
  x.wrap(nd(allocate(x.dtype, sizeOf(shape)).fill(value), shape));

/** Values along dim at the places that an op finds, one a line. */
export function pick(x: Tensor, op: typeof ops.medianPlace, dim: number, keepdim: boolean): Picked {
  const d = wrapDim(op.name, dim, x.ndim);
  const indices = x.reduce(op, d, true);
  const values = x.gather(d, indices);
  return keepdim ? { values, indices } : { values: values.squeeze(d), indices: indices.squeeze(d) };
}
