/** Optimizer steps, one pass over a parameter p, its gradient g and their state, all row-major; in place. */
import type { Data } from '../array/nd.ts';
import { step } from './simd/elementwise.ts';
import * as simd from './wasm/elementwise.ts';

/**
 * xⁿ for a whole n ≥ 0, by squaring. Not `x ** n`: that is one pure instruction, which V8 is free to move into the loop
 * that uses it, and does once it has inlined the step into its caller (seen: all of adamStep 30 times slower from then on).
 */
function power(x: number, n: number): number {
  let y = 1;
  for (let square = x, rest = n; rest > 0; rest = Math.floor(rest / 2), square *= square)
    if (rest % 2 === 1) y *= square;
  return y;
}

/** θ ← θ − α(∇ + λθ). */
export function gradientDescentStep(
  p: Data,
  at: number,
  g: Data,
  from: number,
  n: number,
  lr: number,
  decay = 0,
): void {
  const operands = [[p, at], [g, from]] as const; // prettier-ignore
  if (step(simd.gradientDescentStep, n, operands, 1, [lr, decay])) return;
  for (let i = 0; i < n; i++) p[at + i] -= lr * (g[from + i] + decay * p[at + i]);
}

export interface SgdFactors {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

/** d = ∇ + λθ; v ← μv + (1−τ)d (v = d at first); θ ← θ − α·v, or θ − α(d + μv) with Nesterov. */
export function sgdStep(
  p: Data,
  at: number,
  g: Data,
  from: number,
  v: Data,
  first: boolean,
  n: number,
  factors: SgdFactors,
): void {
  const { lr, momentum, dampening, weightDecay, nesterov } = factors;
  const share = first ? 1 : 1 - dampening;
  const operands = [[p, at], [v, 0], [g, from]] as const; // prettier-ignore
  const kernel = nesterov ? simd.nesterovStep : simd.sgdStep;
  if (step(kernel, n, operands, 2, [lr, momentum, share, weightDecay])) return;
  for (let i = 0; i < n; i++) {
    const d = g[from + i] + weightDecay * p[at + i];
    const velocity = momentum * v[i] + share * d;
    v[i] = velocity;
    p[at + i] -= lr * (nesterov ? d + momentum * velocity : velocity);
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

/** m ← β₁m + (1−β₁)∇; v ← β₂v + (1−β₂)∇²; θ ← θ − α·m̂ / (√v̂ + ε), with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ). */
export function adamStep(
  p: Data,
  at: number,
  g: Data,
  from: number,
  m: Data,
  v: Data,
  t: number,
  n: number,
  factors: AdamFactors,
): void {
  const { lr, beta1, beta2, eps, l2, decay } = factors;
  const stepSize = lr / (1 - power(beta1, t));
  const scale = 1 / Math.sqrt(1 - power(beta2, t));
  const keep = 1 - lr * decay;
  const operands = [[p, at], [m, 0], [v, 0], [g, from]] as const; // prettier-ignore
  const numbers = [stepSize, scale, keep, beta1, 1 - beta1, beta2, 1 - beta2, eps, l2];
  if (step(simd.adamStep, n, operands, 3, numbers)) return;
  for (let i = 0; i < n; i++) {
    const d = g[from + i] + l2 * p[at + i];
    const mean = beta1 * m[i] + (1 - beta1) * d;
    const square = beta2 * v[i] + (1 - beta2) * d * d;
    m[i] = mean;
    v[i] = square;
    p[at + i] = keep * p[at + i] - (stepSize * mean) / (Math.sqrt(square) * scale + eps);
  }
}
