/** What the laws of explanations are held to: a smooth network of `inputs` numbers with one output, other for each seed. */
import { manualSeed, randn } from '../../src/index.ts';
import type { Model } from '../../src/explain/index.ts';

export const double = { dtype: 'float64' } as const;

export function network(seed: number, inputs: number): Model {
  manualSeed(seed);
  const [a, b] = [randn([inputs, 7], double), randn([7], double)];
  return (x) => x.matmul(a).tanh().matmul(b);
}
