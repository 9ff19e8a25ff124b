/** Activations by the names that configs have for them. */
import * as F from '../nn/functional.ts';
import type { Tensor } from '../tensor.ts';

/** What stands between two linear layers: `geluTanh` is GPT-2's form of gelu, ½x(1 + tanh(√(2/π)(x + 0.044715x³))). */
export type Activation = 'relu' | 'tanh' | 'gelu' | 'geluTanh' | 'silu';

export const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  relu: (x) => x.relu(),
  tanh: (x) => x.tanh(),
  gelu: F.gelu,
  geluTanh: (x) =>
    x
      .mul(
        x
          .square()
          .mul(0.044715)
          .add(1)
          .mul(x)
          .mul(Math.sqrt(2 / Math.PI))
          .tanh()
          .add(1),
      )
      .mul(0.5),
  silu: F.silu,
};
