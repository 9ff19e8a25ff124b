/** What the fixtures of checkpoints hold, and how tensors are made of it. */
import { tensor } from '../../src/create.ts';
import type { Tensor } from '../../src/tensor.ts';
import { read } from '../files.ts';

export interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** A float64 tensor of a fixture's numbers. */
export const made = ({ shape, data }: Numbers): Tensor => tensor(Float64Array.from(data)).reshape(shape);

export const allMade = (numbers: Readonly<Record<string, Numbers>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(numbers).map(([name, x]) => [name, made(x)]));

export const readFixture = (name: string): unknown => JSON.parse(read(`test/fixtures/${name}.json`));

/** Σ cos(0.7 i + 0.3)·xᵢ and Σ sin(0.7 i + 0.3)·xᵢ: two numbers that a wrong order of the elements changes. */
export function sums(x: Tensor): [number, number] {
  const data = x.toTypedArray();
  let [c, s] = [0, 0];
  data.forEach((v, i) => {
    c += Math.cos(i * 0.7 + 0.3) * v;
    s += Math.sin(i * 0.7 + 0.3) * v;
  });
  return [c, s];
}
