/**
 * Optimizer steps that have a twin in WebAssembly: one pass over the numbers x of a parameter, its gradient g and their
 * state, all row-major; in place. The other optimizers' loops stand in their own files.
 */
import type { Data } from '../array/nd.ts';
import { step } from './simd/elementwise.ts';
import * as simd from './wasm/elementwise.ts';

/**
 * xⁿ for a whole n ≥ 0, by squaring. Not `x ** n`: that is one pure instruction, which V8 is free to move into the loop
 * that uses it, and does once it has inlined the step into its caller (seen: all of adamStep 30 times slower from then on).
 */
export function power(x: number, n: number): number {
  let y = 1;
  for (let square = x, rest = n; rest > 0; rest = Math.floor(rest / 2), square *= square)
    if (rest % 2 === 1) y *= square;
  return y;
}

/** θ ← θ − α(∇ + λθ). */
export function gradientDescentStep(x: Data, g: Data, lr: number, decay = 0): void {
  if (step(simd.gradientDescentStep, [x, g], 1, [lr, decay])) return;
  for (let i = 0; i < x.length; i++) x[i] -= lr * (g[i] + decay * x[i]);
}

export interface SgdFactors {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

/** d = ∇ + λθ; v ← μv + (1−τ)d (v = d at first); θ ← θ − α·v, or θ − α(d + μv) with Nesterov. */
export function sgdStep(x: Data, g: Data, v: Data, first: boolean, factors: SgdFactors): void {
  const { lr, momentum, dampening, weightDecay, nesterov } = factors;
  const share = first ? 1 : 1 - dampening;
  const kernel = nesterov ? simd.nesterovStep : simd.sgdStep;
  if (step(kernel, [x, v, g], 2, [lr, momentum, share, weightDecay])) return;
  for (let i = 0; i < x.length; i++) {
    const d = g[i] + weightDecay * x[i];
    const velocity = momentum * v[i] + share * d;
    v[i] = velocity;
    x[i] -= lr * (nesterov ? d + momentum * velocity : velocity);
  }
}

export interface AdamFactors {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Decay that is part of the gradient (Adam). */
  readonly l2: number;
  /** Decay of the parameter itself (AdamW). */
  readonly decay: number;
}

/**
 * m ← β₁m + (1−β₁)∇; v ← β₂v + (1−β₂)∇²; θ ← θ − α·m̂ / (√v̂ + ε), with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ).
 * Where there is a `top`, it is the largest v so far, and stands in for v in v̂ (AMSGrad).
 */
export function adamStep(
  x: Data,
  g: Data,
  m: Data,
  v: Data,
  top: Data | null,
  t: number,
  { lr, beta1, beta2, eps, l2, decay }: AdamFactors,
): void {
  const stepSize = lr / (1 - power(beta1, t));
  const scale = 1 / Math.sqrt(1 - power(beta2, t));
  const keep = 1 - lr * decay;
  const numbers = [stepSize, scale, keep, beta1, 1 - beta1, beta2, 1 - beta2, eps, l2];
  if (top === null && step(simd.adamStep, [x, m, v, g], 3, numbers)) return;
  for (let i = 0; i < x.length; i++) {
    const d = g[i] + l2 * x[i];
    const mean = beta1 * m[i] + (1 - beta1) * d;
    const square = beta2 * v[i] + (1 - beta2) * d * d;
    m[i] = mean;
    v[i] = square;
    const divisor = top === null ? square : (top[i] = Math.max(top[i], square));
    x[i] = keep * x[i] - (stepSize * mean) / (Math.sqrt(divisor) * scale + eps);
  }
}
