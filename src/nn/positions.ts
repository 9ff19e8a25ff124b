/** Where in a sequence something stands: waves that are added, vectors that are learned, rotations of queries and keys. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { arange, concat, stack, zeros } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { dropout } from './dropout.ts';
import { normal_ } from './init.ts';
import { Module, parameter } from './module.ts';

/** t·base^(−2i/E) for t = from … from + T − 1 and i = 0 … E/2 − 1, [T, ⌈E/2⌉], in float64. */
function angles(T: number, E: number, base: number, from = 0): Tensor {
  const rates = arange(0, E, 2, { dtype: 'float64' }).mul(-Math.log(base) / E).exp(); // prettier-ignore
  return arange(from, from + T, 1, { dtype: 'float64' }).unsqueeze(1).mul(rates); // prettier-ignore
}

/**
 * Waves of falling frequency, one pair of dims each: at time t, dim 2i is sin(t / 10000^(2i/E)), dim 2i + 1 the cosine (Vaswani et al., 2017), [T, E].
 * `nn.functional.positionalEncoding(2, 2).toArray().flat().map((v) => v.toFixed(2)) // => [ '0.00', '1.00', '0.84', '0.54' ]`
 */
export function positionalEncoding(
  T: number,
  E: number,
  { dtype = 'float32' }: { readonly dtype?: DType } = {},
): Tensor {
  const waves = angles(T, E, 10000);
  const pairs = stack([waves.sin(), waves.cos()], 2).reshape([T, 2 * waves.shape[1]]);
  return pairs.narrow(1, 0, E).to(dtype);
}

/** The encoding of T positions, [T, E], so that it adds to x [T, B, E], [B, T, E] or [T, E]. */
function added(where: string, x: Tensor, E: number, batchFirst: boolean, encoding: (T: number) => Tensor): Tensor {
  if (x.ndim < 2 || x.ndim > 3 || x.shape[x.ndim - 1] !== E) {
    throw new ShapeError(where, `x must be [${batchFirst ? 'B, T' : 'T, B'}, ${E}], or [T, ${E}]`, showShape(x.shape));
  }
  const T = x.shape[x.ndim === 3 && batchFirst ? 1 : 0];
  return x.add(x.ndim === 3 && !batchFirst ? encoding(T).unsqueeze(1) : encoding(T));
}

export interface PositionalEncodingOptions {
  /** In training, the probability of dropout behind the sum. 0 if left out. */
  readonly dropout?: number;
  /** Whether sequences are [B, T, E] and not [T, B, E]. false if left out. */
  readonly batchFirst?: boolean;
  readonly generator?: Generator;
}

/** x + positionalEncoding, for x [T, B, E] (with batchFirst [B, T, E]) or [T, E]. `new nn.PositionalEncoding(2)(zeros([1, 2])).toArray() // => [ [ 0, 1 ] ]` */
export class PositionalEncoding extends Module {
  dModel: number;
  options: PositionalEncodingOptions;
  /** What was worked out last, for it is often asked for again. */
  #last: Tensor | null = null;

  constructor(dModel: number, options: PositionalEncodingOptions = {}) {
    super();
    this.dModel = dModel;
    this.options = options;
  }
  override forward(x: Tensor): Tensor {
    const { dropout: p = 0, batchFirst = false, generator } = this.options;
    const y = added('PositionalEncoding', x, this.dModel, batchFirst, (T) => {
      if (this.#last?.shape[0] !== T || this.#last.dtype !== x.dtype)
        this.#last = positionalEncoding(T, this.dModel, { dtype: x.dtype });
      return this.#last;
    });
    return dropout(y, p, this.training, generator);
  }
}

export interface LearnedPositionsOptions extends PositionalEncodingOptions {
  readonly dtype?: DType;
}

/** x + a learned vector for each position: weight [most, E], which starts normal with deviation 0.02. `new nn.LearnedPositionalEncoding(9, 2)(zeros([4, 2])).shape // => [ 4, 2 ]` */
export class LearnedPositionalEncoding extends Module {
  weight: Tensor;
  options: PositionalEncodingOptions;

  constructor(most: number, dModel: number, options: LearnedPositionsOptions = {}) {
    super();
    const { dtype = 'float32', generator = defaultGenerator } = options;
    this.weight = parameter(normal_(zeros([most, dModel], { dtype }), 0, 0.02, generator));
    this.options = options;
  }
  override forward(x: Tensor): Tensor {
    const { dropout: p = 0, batchFirst = false, generator } = this.options;
    const [most, E] = this.weight.shape;
    const y = added('LearnedPositionalEncoding', x, E, batchFirst, (T) => {
      if (T <= most) return this.weight.narrow(0, 0, T);
      throw new ShapeError('LearnedPositionalEncoding', `there must be at most ${most} positions`, `${T}`);
    });
    return dropout(y, p, this.training, generator);
  }
}

export interface RotaryOptions {
  /** The position of the first; 0 if left out. */
  readonly offset?: number;
  /** 10000 if left out. */
  readonly base?: number;
  /** Whether dims 2i and 2i + 1 are a pair (as in the paper), or dims i and i + D/2 (as in Llama; if left out). */
  readonly interleaved?: boolean;
}

/**
 * Each pair of dims of x […, T, D], as a point in the plane, turned by t·base^(−2i/D): so the product of a query and a key depends on how far apart
 * they stand (Su et al., 2021).
 * `nn.functional.rotaryEmbedding(tensor([[1, 0], [1, 0]])).toArray().flat().map((v) => v.toFixed(2)) // => [ '1.00', '0.00', '0.54', '0.84' ]`
 * @throws ShapeError when D is odd
 */
export function rotaryEmbedding(x: Tensor, options: RotaryOptions = {}): Tensor {
  const { offset = 0, base = 10000, interleaved = false } = options;
  const [T, D] = x.shape.slice(-2);
  if (x.ndim < 2 || D % 2 !== 0)
    throw new ShapeError('rotaryEmbedding', 'x must be […, T, D] with an even D', showShape(x.shape));
  if (!(base > 0)) throw new ValueError('rotaryEmbedding', 'the base must be above 0', `${base}`);
  const turn = angles(T, D, base, offset);
  const [cos, sin] = [turn.cos().to(x.dtype), turn.sin().to(x.dtype)]; // [T, D/2]
  const [a, b] = interleaved ? x.reshape([...x.shape.slice(0, -1), D / 2, 2]).unbind(-1) : x.chunk(2, -1); // […, T, D/2]
  const turned = [a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))];
  return interleaved ? stack(turned, -1).reshape(x.shape) : concat(turned, -1);
}

/** rotaryEmbedding as a module, for queries and keys […, T, D]. `new nn.RotaryEmbedding()(zeros([2, 5, 4])).shape // => [ 2, 5, 4 ]` */
export class RotaryEmbedding extends Module {
  options: Omit<RotaryOptions, 'offset'>;
  constructor(options: Omit<RotaryOptions, 'offset'> = {}) {
    super();
    this.options = options;
  }
  override forward(x: Tensor, offset = 0): Tensor {
    return rotaryEmbedding(x, { ...this.options, offset });
  }
}
