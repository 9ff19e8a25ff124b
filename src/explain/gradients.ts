/** Explanations by the gradient at the input, or near it. */
import { ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { randn } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { batchOf, countOf, slopes, type Model, type TargetOptions } from './model.ts';

export interface Explanation {
  /** What each number of x has to do with the explained output; x's shape. */
  readonly attributions: Tensor;
}

/**
 * |∂f/∂x|: which numbers, changed a little, change the output most (Simonyan et al., 2013). Captum: `Saliency`.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { saliency } from 'adjoint/explain';
 * const f = (x) => x.mul(tensor([1, -3])).sum(1);
 * saliency(f, tensor([[5, 5]])).attributions.toArray() // => [ [ 1, 3 ] ]
 * ```
 * @throws ShapeError, ValueError when the model's result or the target does not fit
 */
export function saliency(f: Model, x: Tensor, options: TargetOptions & { readonly abs?: boolean } = {}): Explanation {
  const { gradient } = slopes('saliency', f, batchOf('saliency', x), options);
  return { attributions: options.abs === false ? gradient : gradient.abs() };
}

/** x · ∂f/∂x: exact for a linear model without a bias (Shrikumar et al., 2016). Captum: `InputXGradient`. */
export function inputXGradient(f: Model, x: Tensor, options: TargetOptions = {}): Explanation {
  const batch = batchOf('inputXGradient', x);
  return { attributions: slopes('inputXGradient', f, batch, options).gradient.mul(batch) };
}

export interface NoiseOptions extends TargetOptions {
  /** How many noisy copies of each row; 25 if left out. */
  readonly samples?: number;
  /** Standard deviation of the noise, in units of x's range (largest − smallest); 0.15 if left out. */
  readonly noise?: number;
  readonly generator?: Generator;
}

/** Gradients at noisy copies of x, [samples, …x's shape]: all copies are one batch. */
function noisy(where: string, f: Model, x: Tensor, options: NoiseOptions): Tensor {
  const { noise = 0.15, generator = defaultGenerator } = options;
  const samples = countOf(where, 'samples', options.samples ?? 25);
  if (!(noise >= 0)) throw new ValueError(where, 'noise must be 0 or more', `${noise}`);
  const [n, ...rest] = x.shape;
  const deviation = noise * x.max().sub(x.min()).item();
  const copies = randn([samples, ...x.shape], { dtype: x.dtype, generator })
    .mul(deviation)
    .add(x);
  const { gradient } = slopes(where, f, copies.reshape([samples * n, ...rest]), options, (r) => r % n);
  return gradient.reshape([samples, ...x.shape]);
}

/** The mean gradient at noisy copies of x (Smilkov et al., 2017). Captum: `NoiseTunnel(Saliency, 'smoothgrad')`. */
export function smoothGrad(f: Model, x: Tensor, options: NoiseOptions = {}): Explanation {
  return { attributions: noisy('smoothGrad', f, batchOf('smoothGrad', x), options).mean(0) };
}

/** The variance of the gradient at noisy copies of x (Adebayo et al., 2018): where the slope changes fast. */
export function varGrad(f: Model, x: Tensor, options: NoiseOptions = {}): Explanation {
  return { attributions: noisy('varGrad', f, batchOf('varGrad', x), options).var(0, { correction: 0 }) };
}
