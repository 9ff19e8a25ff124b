/** Optimizer steps in WebAssembly against the plain loops, which float64 takes. */
import { expect, test } from 'vitest';
import type { Data } from '../../src/array/nd.ts';
import { Generator } from '../../src/array/random.ts';
import { adamStep, gradientDescentStep, sgdStep } from '../../src/kernels/optim.ts';
import { isStreamed } from './nearly.ts';

/** A step over a parameter, its gradient and its state. */
type Step = (x: Data, g: Data, state: readonly [Data, Data]) => void;

const adam = { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8 };
const sgd = { lr: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.02, nesterov: false };
const steps: Record<string, Step> = {
  'gradient descent': (x, g) => gradientDescentStep(x, g, 0.1, 0.02),
  'Adam with decay in the gradient': (x, g, [m, v]) => adamStep(x, g, m, v, null, 3, { ...adam, l2: 0.1, decay: 0 }),
  AdamW: (x, g, [m, v]) => adamStep(x, g, m, v, null, 1, { ...adam, l2: 0, decay: 0.1 }),
  'SGD, first': (x, g, [v]) => sgdStep(x, g, v, true, sgd),
  'SGD with momentum': (x, g, [v]) => sgdStep(x, g, v, false, sgd),
  'SGD of Nesterov': (x, g, [v]) => sgdStep(x, g, v, false, { ...sgd, nesterov: true, dampening: 0 }),
};

/** The first number that differs from that of `exact` in float64 by more than a few roundings; null if none does. */
function fault(step: Step, exact: Step, n: number): string | null {
  const generator = new Generator(n);
  const draw = (count: number, f = (x: number): number => x): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: count }, () => f(generator.normal()));
  const [p, g, m, v] = [draw(n + 5), draw(n + 3), draw(n), draw(n, (x) => x * x)];
  const wide = [p, g, m, v].map((x) => Float64Array.from(x));
  step(p.subarray(2, n + 2), g.subarray(3), [m, v]);
  exact(wide[0].subarray(2, n + 2), wide[1].subarray(3), [wide[2], wide[3]]);
  for (const [i, x] of [p, g, m, v].entries()) {
    for (let e = 0; e < x.length; e++) {
      const bound = 8 * 2 ** -24 * (1 + Math.abs(wide[i][e]));
      if (!(Math.abs(x[e] - wide[i][e]) <= bound)) return `element ${e} is ${x[e]} and not ${wide[i][e]}`;
    }
  }
  return null;
}

test.each(Object.entries(steps))('%s is that of the plain loop, and touches nothing else', (name, step) => {
  for (const n of [0, 1, 127, 128, 129, 4096, 10001]) expect(fault(step, step, n), `${n}`).toBeNull();
  for (const [other, exact] of Object.entries(steps)) {
    if (other !== name) expect(fault(step, exact, 500), `for ${other}`).not.toBeNull();
  }
  const x = (): Float32Array<ArrayBuffer> => new Float32Array(1000);
  expect(isStreamed(() => step(x(), x(), [x(), x()]))).toBe(true);
});
