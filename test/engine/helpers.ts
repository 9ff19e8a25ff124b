/** An op that counts how often its rules run, and short ways to make leaves. */
import type { Nd } from '../../src/array/nd.ts';
import { tensor, type TensorData } from '../../src/create.ts';
import { defineOp } from '../../src/ops/op.ts';
import { apply, type Tensor } from '../../src/tensor.ts';

/** A leaf with requiresGrad. */
export const leaf = (values: TensorData): Tensor => tensor(values, { requiresGrad: true });

/** a·b, with the calls of each rule counted. */
export function countedProduct(): { times: (a: Tensor, b: Tensor) => Tensor; calls: [number, number] } {
  const calls: [number, number] = [0, 0];
  const op = defineOp({
    name: 'countedProduct',
    forward: (a: Nd, b: Nd): Nd => ({ ...a, data: a.data.map((v, i) => v * b.data[i]) }),
    reads: 'inputs',
    vjp: [
      (g, _y, _a, b) => {
        calls[0]++;
        return g.mul(b);
      },
      (g, _y, a) => {
        calls[1]++;
        return g.mul(a);
      },
    ],
  });
  return { times: (a, b) => apply(op, a, b), calls };
}
