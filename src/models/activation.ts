/** Activations by the names that configs have for them. */
import * as F from '../nn/functions.ts';
import type { Tensor } from '../tensor.ts';

/** What stands between two linear layers: `geluTanh` is GPT-2's form of gelu, by a tanh. */
export type Activation = 'relu' | 'tanh' | 'gelu' | 'geluTanh' | 'silu';

export const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  relu: (x) => x.relu(),
  tanh: (x) => x.tanh(),
  gelu: (x) => F.gelu(x),
  geluTanh: (x) => F.gelu(x, { approximate: 'tanh' }),
  silu: (x) => F.silu(x),
};
