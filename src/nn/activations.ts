/**
 * Activations as functions: element by element, or along a dim (softmax and its kin, gated linear units).
 * At kinks their gradients are PyTorch's; each line says which where it is not plain.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { wrapDim } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { rand } from '../create.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';

// ── Straight lines ──────────────────────────────────────────────────────────────────────────────

/** max(x, 0). `nn.functional.relu(tensor([-1, 2])) // => Tensor[2] [0, 2]` */
export const relu = (x: Tensor): Tensor => x.relu();

/** x between min and max, which cut it off; at both its gradient is 0. `nn.functional.hardtanh(tensor([-3, 0.5])) // => Tensor[2] [-1.0000, 0.5000]` */
export function hardtanh(x: Tensor, min = -1, max = 1): Tensor {
  if (!(min < max)) throw new ValueError('hardtanh', 'min must be less than max', `${min} and ${max}`);
  return x.maskedFill(x.le(min), min).maskedFill(x.ge(max), max);
}

/** min(max(x, 0), 6); at 0 and 6 its gradient is 0. `nn.functional.relu6(tensor([-1, 8])) // => Tensor[2] [0, 6]` */
export const relu6 = (x: Tensor): Tensor => hardtanh(x, 0, 6);

/** x where positive, else slope·x. `nn.functional.leakyRelu(tensor([-1, 2])) // => Tensor[2] [-0.0100, 2.0000]` */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => x.where(x.gt(0), x.mul(slope));

/**
 * x where positive, else w·x, with a learned w [1], or [C] for the channels of x [N, C, …] (He et al., 2015).
 * `nn.functional.prelu(tensor([-1, 2]), tensor([0.25])) // => Tensor[2] [-0.2500, 2.0000]`
 * @throws ShapeError when the weight is neither
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const C = x.ndim > 1 ? x.shape[1] : 1;
  const n = weight.numel();
  if (weight.ndim > 1 || (n !== 1 && n !== C)) {
    const got = `${showShape(weight.shape)} for ${showShape(x.shape)}`;
    throw new ShapeError('prelu', 'the weight must be [1], or [C] for x [N, C, …]', got);
  }
  return x.where(x.gt(0), x.mul(n === 1 ? weight.reshape([]) : weight.reshape([n, ...x.shape.slice(2).map(() => 1)])));
}

export interface RReLUOptions {
  /** The least slope; 1/8 if left out. */
  readonly lower?: number;
  /** The greatest slope; 1/3 if left out. */
  readonly upper?: number;
  /** Whether slopes are drawn; else they are the mean of lower and upper. false if left out. */
  readonly training?: boolean;
  readonly generator?: Generator;
}

/**
 * x where positive, else s·x: in training each element has its own s, drawn with equal chance from lower to upper; else
 * s = (lower + upper)/2 (Xu et al., 2015). `nn.functional.rrelu(tensor([-48, 2])) // => Tensor[2] [-11, 2]`
 */
export function rrelu(x: Tensor, options: RReLUOptions = {}): Tensor {
  const { lower = 1 / 8, upper = 1 / 3, training = false, generator = defaultGenerator } = options;
  if (!(lower <= upper)) throw new ValueError('rrelu', 'lower must not be greater than upper', `${lower} and ${upper}`);
  if (!training) return leakyRelu(x, (lower + upper) / 2);
  const slope = rand(x.shape, { dtype: x.dtype, generator }).mul(upper - lower).add(lower); // prettier-ignore
  return x.where(x.gt(0), x.mul(slope));
}

/** x where it is greater than the threshold, else `value`. `nn.functional.threshold(tensor([0.1, 2]), 1, -5) // => Tensor[2] [-5, 2]` */
export const threshold = (x: Tensor, threshold: number, value: number): Tensor => x.maskedFill(x.le(threshold), value);

/** x outside of [−λ, λ], else 0. `nn.functional.hardshrink(tensor([-2, 0.3])) // => Tensor[2] [-2, 0]` */
export const hardshrink = (x: Tensor, lambda = 0.5): Tensor => x.maskedFill(x.abs().le(lambda), 0);

/**
 * x moved towards 0 by λ, and 0 where it is nearer than that. NaN stays NaN (in PyTorch 1.13 it becomes 0).
 * `nn.functional.softshrink(tensor([-2, 0.3])) // => Tensor[2] [-1.5000, 0.0000]`
 */
export function softshrink(x: Tensor, lambda = 0.5): Tensor {
  if (!(lambda >= 0)) throw new ValueError('softshrink', 'lambda must be 0 or more', `${lambda}`);
  return x.sub(x.clamp(-lambda, lambda));
}

/** min(max(x + 3, 0), 6)/6; at ±3 its gradient is 0. `nn.functional.hardsigmoid(tensor([-4, 0])) // => Tensor[2] [0.0000, 0.5000]` */
export const hardsigmoid = (x: Tensor): Tensor => relu6(x.add(3)).div(6);

/**
 * x·min(max(x + 3, 0), 6)/6 (Howard et al., 2019); its gradient is −½ at −3 and 1 at 3.
 * `nn.functional.hardswish(tensor([-4, 1])) // => Tensor[2] [0.0000, 0.6667]`
 */
export const hardswish = (x: Tensor): Tensor => apply(ops.hardswish, x);

// ── Curves ──────────────────────────────────────────────────────────────────────────────────────

/** 1/(1 + e⁻ˣ). `nn.functional.sigmoid(tensor(0)) // => Tensor[] 0.5000` */
export const sigmoid = (x: Tensor): Tensor => x.sigmoid();

/** sinh x / cosh x. `nn.functional.tanh(tensor(0)) // => Tensor[] 0` */
export const tanh = (x: Tensor): Tensor => x.tanh();

/** x − tanh x. `nn.functional.tanhshrink(tensor(1)) // => Tensor[] 0.2384` */
export const tanhshrink = (x: Tensor): Tensor => x.sub(x.tanh());

/** x/(1 + |x|). `nn.functional.softsign(tensor([-1, 3])) // => Tensor[2] [-0.5000, 0.7500]` */
export const softsign = (x: Tensor): Tensor => x.div(x.abs().add(1));

/** How gelu computes the normal distribution function: exactly, or by a tanh. */
export type GELUOptions = { readonly approximate?: 'none' | 'tanh' };

/**
 * x·Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel, 2016); approximate: 'tanh' takes
 * ½(1 + tanh(√(2/π)(x + 0.044715·x³))) for Φ(x). `nn.functional.gelu(tensor(1)) // => Tensor[] 0.8413`
 */
export function gelu(x: Tensor, { approximate = 'none' }: GELUOptions = {}): Tensor {
  if (approximate === 'none') return apply(ops.gelu, x);
  if (approximate !== 'tanh') {
    throw new ValueError('gelu', "approximate must be 'none' or 'tanh'", `'${String(approximate)}'`);
  }
  const inner = x.square().mul(0.044715).add(1).mul(x).mul(Math.sqrt(2 / Math.PI)); // prettier-ignore
  return inner.tanh().add(1).mul(x).mul(0.5);
}

/** x·σ(x) (also called swish). `nn.functional.silu(tensor(1)) // => Tensor[] 0.7311` */
export const silu = (x: Tensor): Tensor => x.mul(x.sigmoid());

/**
 * log(1 + e^βx)/β; where βx exceeds the threshold it is x, as eˣ might overflow.
 * `nn.functional.softplus(tensor(0)) // => Tensor[] 0.6931`
 */
export function softplus(x: Tensor, beta = 1, threshold = 20): Tensor {
  const inner = beta === 1 ? x : x.mul(beta);
  const far = inner.gt(threshold);
  const curve = inner.maskedFill(far, 0).exp().log1p();
  return x.where(far, beta === 1 ? curve : curve.div(beta));
}

/** log σ(x) = −log(1 + e⁻ˣ), without overflow. `nn.functional.logsigmoid(tensor(0)) // => Tensor[] -0.6931` */
export const logsigmoid = (x: Tensor): Tensor => softplus(x.neg(), 1, 40).neg(); // from 40 on exact to the last bit

/** x·tanh(log(1 + eˣ)) (Misra, 2019). `nn.functional.mish(tensor(1)) // => Tensor[] 0.8651` */
export const mish = (x: Tensor): Tensor => x.mul(softplus(x).tanh());

/** up·x where x is positive, else low·(e^(inner·x) − 1); at 0 the gradient is low·inner. */
function exponential(x: Tensor, up: number, low: number, inner: number): Tensor {
  const positive = x.gt(0);
  const scaled = (y: Tensor, by: number): Tensor => (by === 1 ? y : y.mul(by));
  const curve = scaled(scaled(x.maskedFill(positive, 0), inner).expm1(), low);
  return scaled(x, up).where(positive, curve);
}

/** x where positive, else α(eˣ − 1) (Clevert et al., 2015). `nn.functional.elu(tensor([-1, 2])) // => Tensor[2] [-0.6321, 2.0000]` */
export const elu = (x: Tensor, alpha = 1): Tensor => exponential(x, 1, alpha, 1);

/** x where positive, else α(e^(x/α) − 1): smooth for every α (Barron, 2017). `nn.functional.celu(tensor([-1, 2]), 2) // => Tensor[2] [-0.7869, 2.0000]` */
export function celu(x: Tensor, alpha = 1): Tensor {
  if (alpha === 0) throw new ValueError('celu', 'alpha must not be 0', '0');
  return exponential(x, 1, alpha, 1 / alpha);
}

const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };

/** scale·elu(x, α), with which activations keep mean 0 and variance 1 (Klambauer et al., 2017). `nn.functional.selu(tensor([-1, 2])) // => Tensor[2] [-1.1113, 2.1014]` */
export const selu = (x: Tensor): Tensor => exponential(x, SELU.scale, SELU.scale * SELU.alpha, 1);

// ── Along a dim ─────────────────────────────────────────────────────────────────────────────────

/** a·σ(b), where a and b are the halves of x along dim (Dauphin et al., 2016). `nn.functional.glu(tensor([3, 0])) // => Tensor[1] [1.5000]` */
export function glu(x: Tensor, dim = -1): Tensor {
  const d = wrapDim('glu', dim, x.ndim);
  if (x.ndim === 0 || x.shape[d] % 2 !== 0) {
    throw new ShapeError('glu', `the size along dim ${dim} must be even`, showShape(x.shape));
  }
  const half = x.shape[d] / 2;
  return x.narrow(d, 0, half).mul(x.narrow(d, half, half).sigmoid());
}

/** eˣ / Σ eˣ along dim. `nn.functional.softmax(tensor([0, 0]), 0) // => Tensor[2] [0.5000, 0.5000]` */
export const softmax = (x: Tensor, dim: number): Tensor => x.softmax(dim);

/** e⁻ˣ / Σ e⁻ˣ along dim. `nn.functional.softmin(tensor([0, 0]), 0) // => Tensor[2] [0.5000, 0.5000]` */
export const softmin = (x: Tensor, dim: number): Tensor => x.neg().softmax(dim);

/** log softmax(x) along dim, without overflow. `nn.functional.logSoftmax(tensor([0, 0]), 0) // => Tensor[2] [-0.6931, -0.6931]` */
export const logSoftmax = (x: Tensor, dim: number): Tensor => x.logSoftmax(dim);

export interface GumbelSoftmaxOptions {
  /** The temperature: the lower, the nearer to one-hot. 1 if left out. */
  readonly tau?: number;
  /** Whether the result is one-hot, with the gradient of the soft one. false if left out. */
  readonly hard?: boolean;
  /** −1 if left out. */
  readonly dim?: number;
  readonly generator?: Generator;
}

/**
 * softmax((logits + G)/τ) with G from the Gumbel distribution, so that its largest element is a draw from
 * softmax(logits) through which gradients flow (Jang, Gu and Poole, 2016; Maddison, Mnih and Teh, 2016).
 * `nn.functional.gumbelSoftmax(zeros([3]), { hard: true }).sum() // => Tensor[] 1`
 */
export function gumbelSoftmax(logits: Tensor, options: GumbelSoftmaxOptions = {}): Tensor {
  const { tau = 1, hard = false, dim = -1, generator = defaultGenerator } = options;
  if (!(tau > 0)) throw new ValueError('gumbelSoftmax', 'tau must be above 0', `${tau}`);
  const u = rand(logits.shape, { dtype: logits.dtype, generator }).clamp(2 ** -25); // in (0, 1)
  const exponential = u.neg().log1p().neg();
  const soft = logits.sub(exponential.log()).div(tau).softmax(dim); // G = −log E
  if (!hard) return soft;
  const d = wrapDim('gumbelSoftmax', dim, logits.ndim);
  const winner = soft.argmax(d, true);
  const one = soft.zerosLike().scatter(d, winner, 1);
  return one.add(soft.sub(soft.detach())); // 0 is added, and the soft one's gradient with it
}
