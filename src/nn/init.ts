/** Starting values for parameters, written in place. Names and formulas as torch.nn.init. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { eye, rand, randn, tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';

/** How many numbers feed one output, and how many one input feeds: [out, in, …kernel]. */
export function fans(x: Tensor): { in: number; out: number } {
  if (x.ndim < 2) throw new ShapeError('init', 'fans need at least 2 dims', showShape(x.shape));
  const field = x.shape.slice(2).reduce((n, size) => n * size, 1);
  return { in: x.shape[1] * field, out: x.shape[0] * field };
}

const write = (x: Tensor, values: Tensor): Tensor => noGrad(() => x.copy_(values));

/** Equal chance from low to high; rounded to float32, high itself may come. */
export function uniform_(x: Tensor, low = 0, high = 1, generator: Generator = defaultGenerator): Tensor {
  if (!(low <= high)) throw new ValueError('uniform_', 'low must not be above high', `${low} and ${high}`);
  return write(x, rand(x.shape, { dtype: x.dtype, generator }).mul(high - low).add(low)); // prettier-ignore
}

/** Normal with the given mean and standard deviation. */
export function normal_(x: Tensor, mean = 0, std = 1, generator: Generator = defaultGenerator): Tensor {
  if (!(std >= 0)) throw new ValueError('normal_', 'the standard deviation must be 0 or more', `${std}`);
  return write(x, randn(x.shape, { dtype: x.dtype, generator }).mul(std).add(mean));
}

export interface TruncatedOptions {
  readonly mean?: number;
  readonly std?: number;
  /** No number is below; −2 if left out. */
  readonly low?: number;
  /** No number is above; 2 if left out. */
  readonly high?: number;
  readonly generator?: Generator;
}

/**
 * Normal, but from low to high only. Drawn evenly, and kept with a chance that falls as the density does; what lies more than 8 deviations beyond
 * the likeliest number is never drawn. PyTorch: `trunc_normal_`, whose bounds are its a and b.
 */
export function truncNormal_(x: Tensor, options: TruncatedOptions = {}): Tensor {
  const { mean = 0, std = 1, low = -2, high = 2, generator = defaultGenerator } = options;
  if (!(std > 0)) throw new ValueError('truncNormal_', 'the standard deviation must be above 0', `${std}`);
  if (!(low < high)) throw new ValueError('truncNormal_', 'low must be below high', `${low} and ${high}`);
  const [a, b] = [(low - mean) / std, (high - mean) / std];
  const best = Math.max(a, Math.min(b, 0)); // the likeliest number, in deviations from the mean
  const [from, to] = [Math.max(a, best - 8), Math.min(b, best + 8)];
  const draw = (): number => {
    for (;;) {
      const z = generator.uniform(from, to);
      if (generator.uniform(0, 1) < Math.exp((best * best - z * z) / 2)) return mean + std * z;
    }
  };
  const values = tensor(Float64Array.from({ length: x.numel() }, draw), { dtype: x.dtype });
  return write(x, values.clamp(low, high).reshape(x.shape)); // float32 may round beyond a bound
}

/** One value. */
export const constant_ = (x: Tensor, value: number): Tensor => noGrad(() => x.fill_(value));
/** Ones. */
export const ones_ = (x: Tensor): Tensor => constant_(x, 1);
/** Zeros. */
export const zeros_ = (x: Tensor): Tensor => constant_(x, 0);

/** The identity, [n, m]. */
export function eye_(x: Tensor): Tensor {
  if (x.ndim !== 2) throw new ShapeError('eye_', 'there must be 2 dims', showShape(x.shape));
  return write(x, eye(x.shape[0], x.shape[1], { dtype: x.dtype }));
}

/** A convolution [out, in/groups, …kernel] that hands on as many channels as it can, group by group. */
export function dirac_(x: Tensor, groups = 1): Tensor {
  if (x.ndim < 3 || x.ndim > 5) throw new ShapeError('dirac_', 'there must be 3, 4 or 5 dims', showShape(x.shape));
  const [out, inputs, ...kernel] = x.shape;
  if (!(Number.isInteger(groups) && groups > 0 && out % groups === 0)) {
    throw new ValueError('dirac_', 'the groups must divide the first dim', `${groups} of ${out}`);
  }
  constant_(x, 0);
  const size = out / groups;
  for (let o = 0; o < out; o++) {
    if (o % size < inputs) constant_(x.index(o, o % size, ...kernel.map((n) => Math.floor(n / 2))), 1);
  }
  return x;
}

/** A function whose effect on the size of numbers is known. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu';

/**
 * What keeps the variance of numbers through a nonlinearity: 1, 5/3 for tanh, √2 for relu, √(2/(1 + a²)) for a leaky one of
 * slope a (0.01 if left out), ¾ for selu. `nn.init.calculateGain('tanh').toFixed(4) // => 1.6667`
 */
export function calculateGain(nonlinearity: Nonlinearity, a = 0.01): number {
  if (!Number.isFinite(a)) throw new ValueError('calculateGain', 'the slope must be a number', `${a}`);
  const gains = { linear: 1, sigmoid: 1, tanh: 5 / 3, relu: Math.SQRT2, leakyRelu: Math.sqrt(2 / (1 + a * a)), selu: 3 / 4 }; // prettier-ignore
  if (Object.hasOwn(gains, nonlinearity)) return gains[nonlinearity];
  const rule = `the nonlinearity must be one of ${Object.keys(gains).join(', ')}`;
  throw new ValueError('calculateGain', rule, `'${nonlinearity}'`);
}

/** ±gain·√(6 / (in + out)): keeps variance in both directions (Glorot and Bengio, 2010). */
export function xavierUniform_(x: Tensor, gain = 1, generator: Generator = defaultGenerator): Tensor {
  const bound = gain * Math.sqrt(6 / sum(fans(x)));
  return uniform_(x, -bound, bound, generator);
}

/** Normal with deviation gain·√(2 / (in + out)), as xavierUniform_. */
export const xavierNormal_ = (x: Tensor, gain = 1, generator: Generator = defaultGenerator): Tensor =>
  normal_(x, 0, gain * Math.sqrt(2 / sum(fans(x))), generator);

const sum = (fan: { in: number; out: number }): number => fan.in + fan.out;

export interface KaimingOptions {
  /** The slope of a leaky relu; 0 if left out. */
  readonly a?: number;
  /** Whether variance is kept on the way forwards ('fanIn', if left out) or back ('fanOut'). */
  readonly mode?: 'fanIn' | 'fanOut';
  /** What the gain is of; 'leakyRelu' if left out. */
  readonly nonlinearity?: Nonlinearity;
  readonly generator?: Generator;
}

/** gain / √fan, the deviation that keeps variance. */
function deviation(where: string, x: Tensor, options: KaimingOptions): number {
  const { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu' } = options;
  if (mode !== 'fanIn' && mode !== 'fanOut') {
    throw new ValueError(where, "the mode must be 'fanIn' or 'fanOut'", `'${String(mode)}'`);
  }
  const fan = fans(x);
  return calculateGain(nonlinearity, a) / Math.sqrt(mode === 'fanIn' ? fan.in : fan.out);
}

/** ±gain·√(3 / fan), where the gain suits a leaky relu of slope a, or another function (He et al., 2015). */
export function kaimingUniform_(x: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * deviation('kaimingUniform_', x, options);
  return x.numel() === 0 ? x : uniform_(x, -bound, bound, options.generator);
}

/** Normal with deviation gain/√fan, as kaimingUniform_. */
export function kaimingNormal_(x: Tensor, options: KaimingOptions = {}): Tensor {
  const std = deviation('kaimingNormal_', x, options);
  return x.numel() === 0 ? x : normal_(x, 0, std, options.generator);
}

/**
 * A matrix [n, everything else] whose rows (or columns, if they are fewer) are at right angles, of length gain, in any direction with
 * equal chance: normal vectors, straightened by Gram and Schmidt (Saxe et al., 2013).
 */
export function orthogonal_(x: Tensor, gain = 1, generator: Generator = defaultGenerator): Tensor {
  if (x.ndim < 2) throw new ShapeError('orthogonal_', 'there must be at least 2 dims', showShape(x.shape));
  if (x.numel() === 0) return x;
  const rows = x.shape[0];
  const cols = x.numel() / rows;
  const [few, long] = [Math.min(rows, cols), Math.max(rows, cols)];
  const vectors = Array.from({ length: few }, () => Float64Array.from({ length: long }, () => generator.normal()));
  const dot = (u: Float64Array, v: Float64Array): number => u.reduce((total, value, i) => total + value * v[i], 0);
  vectors.forEach((v, n) => {
    // Twice, since the first time rounding leaves a rest.
    for (const u of [...vectors.slice(0, n), ...vectors.slice(0, n)]) {
      const along = dot(u, v);
      for (let i = 0; i < long; i++) v[i] -= along * u[i];
    }
    const length = Math.sqrt(dot(v, v));
    for (let i = 0; i < long; i++) v[i] /= length;
  });
  const matrix = tensor(vectors, { dtype: x.dtype });
  return write(x, (rows < cols ? matrix : matrix.mT).mul(gain).reshape(x.shape));
}

/** Normal with deviation std, but for a part of each column, `sparsity` of it rounded up, that is 0 (Martens, 2010). */
export function sparse_(x: Tensor, sparsity: number, std = 0.01, generator: Generator = defaultGenerator): Tensor {
  if (x.ndim !== 2) throw new ShapeError('sparse_', 'there must be 2 dims', showShape(x.shape));
  if (!(sparsity >= 0 && sparsity <= 1)) throw new ValueError('sparse_', 'sparsity must be from 0 to 1', `${sparsity}`);
  normal_(x, 0, std, generator);
  const [rows, cols] = x.shape;
  const none = Math.ceil(sparsity * rows);
  for (let c = 0; c < cols; c++) {
    const places = generator.permutation(rows).slice(0, none);
    for (const r of places) constant_(x.index(r, c), 0);
  }
  return x;
}
