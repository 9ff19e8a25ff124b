/** Dropout in all its forms, as functions and as layers: in training, single elements or whole channels fall out by chance. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { Shape } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { rand } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { Module } from './module.ts';

function checkProbability(where: string, p: number): void {
  if (typeof p !== 'number' || !(p >= 0 && p <= 1))
    throw new ValueError(where, 'p must be a probability from 0 to 1', `${p}`);
}

/** The shape of one decision a channel: x [N, C, …], or [C, …] of `dims` dims without a batch. */
function channels(where: string, x: Tensor, dims: number): Shape {
  if (x.ndim !== dims + 1 && x.ndim !== dims + 2) {
    const rule = `the input must have ${dims + 2} dims, or ${dims + 1} without a batch`;
    throw new ShapeError(where, rule, showShape(x.shape));
  }
  return x.shape.map((size, d) => (d < x.ndim - dims ? size : 1));
}

/** x with some of its parts, each of which is one number of `mask`'s shape, set to 0, and the others scaled up. */
function drop(where: string, x: Tensor, mask: Shape, p: number, training: boolean, generator: Generator): Tensor {
  checkProbability(where, p);
  if (!training || p === 0) return x;
  if (p === 1) return x.mul(0);
  const kept = rand(mask, { dtype: x.dtype, generator }).ge(p);
  return x.mul(kept.div(1 - p));
}

/**
 * In training, sets each element to 0 with probability p and multiplies the others by 1/(1 − p) (Srivastava et al., 2014).
 * `nn.functional.dropout(ones([2]), 0.5, false) // => Tensor[2] [1, 1]`
 */
export const dropout = (x: Tensor, p = 0.5, training = true, generator: Generator = defaultGenerator): Tensor =>
  drop('dropout', x, x.shape, p, training, generator);

/**
 * As dropout, but of whole channels of signals [N, C, L] (or [C, L]) (Tompson et al., 2014).
 * `nn.functional.dropout1d(ones([1, 2, 3]), 0.5, false).shape // => [ 1, 2, 3 ]`
 */
export const dropout1d = (x: Tensor, p = 0.5, training = true, generator: Generator = defaultGenerator): Tensor =>
  drop('dropout1d', x, channels('dropout1d', x, 1), p, training, generator);

/**
 * As dropout, but of whole channels of images [N, C, H, W] (or [C, H, W]; PyTorch 1.13 takes that for signals [N, C, L]).
 * `nn.functional.dropout2d(ones([1, 2, 3, 3]), 0.5, false).shape // => [ 1, 2, 3, 3 ]`
 */
export const dropout2d = (x: Tensor, p = 0.5, training = true, generator: Generator = defaultGenerator): Tensor =>
  drop('dropout2d', x, channels('dropout2d', x, 2), p, training, generator);

/**
 * As dropout, but of whole channels of volumes [N, C, D, H, W] (or [C, D, H, W]).
 * `nn.functional.dropout3d(ones([2, 3, 3, 3]), 0.5, false).shape // => [ 2, 3, 3, 3 ]`
 */
export const dropout3d = (x: Tensor, p = 0.5, training = true, generator: Generator = defaultGenerator): Tensor =>
  drop('dropout3d', x, channels('dropout3d', x, 3), p, training, generator);

/** What selu tends to for x → −∞: −scale·α. */
const FLOOR = -1.0507009873554805 * 1.6732632423543772;

/** a·x′ + b, where x′ is x or, with probability p, selu's floor; a and b keep mean 0 and variance 1 as they are. */
function alphaDrop(where: string, x: Tensor, mask: Shape, p: number, training: boolean, generator: Generator): Tensor {
  checkProbability(where, p);
  if (!training || p === 0) return x;
  if (p === 1) return x.mul(0);
  const a = 1 / Math.sqrt((FLOOR * FLOOR * p + 1) * (1 - p));
  const kept = rand(mask, { dtype: x.dtype, generator }).ge(p);
  return x.mul(kept.mul(a)).add(kept.neg().add(1 - p).mul(a * FLOOR)); // prettier-ignore
}

/**
 * Dropout for nets of selu: elements become selu's least value with probability p, and all are scaled and shifted so that
 * mean 0 and variance 1 stay (Klambauer et al., 2017). `nn.functional.alphaDropout(ones([2]), 0.5, false) // => Tensor[2] [1, 1]`
 */
export const alphaDropout = (x: Tensor, p = 0.5, training = true, generator: Generator = defaultGenerator): Tensor =>
  alphaDrop('alphaDropout', x, x.shape, p, training, generator);

/** As alphaDropout, but of whole channels of x [N, C, …]. `nn.functional.featureAlphaDropout(ones([1, 2]), 0.5, false).flatten() // => Tensor[2] [1, 1]` */
export function featureAlphaDropout(
  x: Tensor,
  p = 0.5,
  training = true,
  generator: Generator = defaultGenerator,
): Tensor {
  const where = 'featureAlphaDropout';
  if (x.ndim < 2) throw new ShapeError(where, 'the input must be [N, C, …]', showShape(x.shape));
  const mask = x.shape.map((size, d) => (d < 2 ? size : 1));
  return alphaDrop(where, x, mask, p, training, generator);
}

/** A layer that knows its probability; it acts in training only. */
abstract class DropoutLayer extends Module {
  p: number;
  generator: Generator;
  constructor(p = 0.5, { generator = defaultGenerator }: { generator?: Generator } = {}) {
    super();
    checkProbability(new.target.name, p);
    this.p = p;
    this.generator = generator;
  }
  protected override describe(): string {
    return `p=${this.p}`;
  }
}

/** In training sets elements to 0 with probability p; else passes everything on. `new nn.Dropout(0.5).eval()(ones([2])) // => Tensor[2] [1, 1]` */
export class Dropout extends DropoutLayer {
  override forward(x: Tensor): Tensor {
    return dropout(x, this.p, this.training, this.generator);
  }
}

/** In training sets channels of signals [N, C, L] to 0 with probability p. `new nn.Dropout1d(0.5).eval()(ones([1, 2, 1])).flatten() // => Tensor[2] [1, 1]` */
export class Dropout1d extends DropoutLayer {
  override forward(x: Tensor): Tensor {
    return dropout1d(x, this.p, this.training, this.generator);
  }
}

/** In training sets channels of images [N, C, H, W] to 0 with probability p. `new nn.Dropout2d(0.5).eval()(ones([1, 2, 1, 1])).flatten() // => Tensor[2] [1, 1]` */
export class Dropout2d extends DropoutLayer {
  override forward(x: Tensor): Tensor {
    return dropout2d(x, this.p, this.training, this.generator);
  }
}

/** In training sets channels of volumes [N, C, D, H, W] to 0 with probability p. `new nn.Dropout3d(0.5).eval()(ones([1, 2, 1, 1, 1])).flatten() // => Tensor[2] [1, 1]` */
export class Dropout3d extends DropoutLayer {
  override forward(x: Tensor): Tensor {
    return dropout3d(x, this.p, this.training, this.generator);
  }
}

/** Dropout for nets of selu; see nn.functional.alphaDropout. `new nn.AlphaDropout(0.5).eval()(ones([2])) // => Tensor[2] [1, 1]` */
export class AlphaDropout extends DropoutLayer {
  override forward(x: Tensor): Tensor {
    return alphaDropout(x, this.p, this.training, this.generator);
  }
}

/** AlphaDropout of whole channels of x [N, C, …]. `new nn.FeatureAlphaDropout(0.5).eval()(ones([1, 2])).flatten() // => Tensor[2] [1, 1]` */
export class FeatureAlphaDropout extends DropoutLayer {
  override forward(x: Tensor): Tensor {
    return featureAlphaDropout(x, this.p, this.training, this.generator);
  }
}
