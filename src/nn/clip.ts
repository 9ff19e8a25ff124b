/** Gradients cut to size before an optimizer's step: all of them by their common norm, or each number by itself. */
import { dense } from '../array/dense.ts';
import { ValueError } from '../array/errors.ts';
import type { Data } from '../array/nd.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';

/** Σ |g|ᵖ over a tensor; for p = ∞ the largest |g|. In float64: squares of large numbers are beyond float32. */
function powers(grad: Tensor, p: number): number {
  const { data, offset } = dense(grad.nd);
  const end = offset + grad.numel();
  if (p === 2) return squares(data, offset, end);
  let sum = 0;
  for (let i = offset; i < end; i++) {
    const size = Math.abs(data[i]);
    if (p === Infinity) sum = size > sum || Number.isNaN(size) ? size : sum;
    else sum += size ** p;
  }
  return sum;
}

/** Σ x², two sums at a time, for additions wait for each other. */
function squares(x: Data, start: number, end: number): number {
  let [even, odd] = [0, 0];
  let i = start;
  for (; i + 1 < end; i += 2) {
    even += x[i] * x[i];
    odd += x[i + 1] * x[i + 1];
  }
  return even + odd + (i < end ? x[i] * x[i] : 0);
}

const gradients = (params: Tensor | readonly Tensor[]): Tensor[] =>
  [params].flat().flatMap((p: Tensor) => p.grad ?? []);

export interface ClipNormOptions {
  /** p of the norm (Σ|g|ᵖ)^(1/p); Infinity for the largest |g|. */
  readonly normType?: number;
  /** Throws when the norm is NaN or infinite, in place of gradients that are all NaN or 0. */
  readonly errorIfNonfinite?: boolean;
}

/**
 * Scales the gradients of parameters, taken as one long vector, so that its norm is at most maxNorm (Pascanu et al.,
 * 2013). PyTorch: `nn.utils.clip_grad_norm_`; returns the norm before, as a number.
 * ```ts
 * import { nn, tensor } from 'adjoint';
 * const w = tensor([3, 4], { requiresGrad: true });
 * w.square().sum().backward();
 * console.log(nn.utils.clipGradNorm_([w], 1)); // => 10
 * console.log(w.grad); // => Tensor[2] [0.6000, 0.8000]
 * ```
 */
export function clipGradNorm_(
  params: Tensor | readonly Tensor[],
  maxNorm: number,
  { normType = 2, errorIfNonfinite = false }: ClipNormOptions = {},
): number {
  if (!(maxNorm >= 0)) throw new ValueError('clipGradNorm_', 'maxNorm must be a number, at least 0', `${maxNorm}`);
  if (!(normType > 0)) throw new ValueError('clipGradNorm_', 'normType must be above 0', `${normType}`);
  const all = gradients(params).map((grad) => powers(grad, normType));
  const norm = normType === Infinity ? Math.max(0, ...all) : all.reduce((sum, x) => sum + x, 0) ** (1 / normType);
  if (errorIfNonfinite && !Number.isFinite(norm)) {
    const cure = 'look for the op that made it with a smaller step size, or leave errorIfNonfinite out';
    throw new ValueError('clipGradNorm_', 'the norm of the gradients must be finite', `${norm}`, cure);
  }
  const scale = maxNorm / (norm + 1e-6);
  if (!(scale >= 1)) eachGradient(params, (grad) => grad.mul(scale));
  return norm;
}

/**
 * Cuts each number of the gradients to −clipValue … clipValue. PyTorch: `nn.utils.clip_grad_value_`.
 * ```ts
 * import { nn, tensor } from 'adjoint';
 * const w = tensor([-3, 0.1], { requiresGrad: true });
 * w.square().sum().backward();
 * nn.utils.clipGradValue_([w], 1);
 * console.log(w.grad); // => Tensor[2] [-1.0000, 0.2000]
 * ```
 */
export function clipGradValue_(params: Tensor | readonly Tensor[], clipValue: number): void {
  if (!(clipValue >= 0)) {
    throw new ValueError('clipGradValue_', 'clipValue must be a number, at least 0', `${clipValue}`);
  }
  eachGradient(params, (grad) => grad.clamp(-clipValue, clipValue));
}

/** Puts another gradient in the place of each. */
function eachGradient(params: Tensor | readonly Tensor[], f: (grad: Tensor) => Tensor): void {
  noGrad(() => {
    for (const p of [params].flat()) if (p.grad !== null) p.grad = f(p.grad);
  });
}
