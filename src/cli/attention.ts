/** Where a transformer looks, for the page of a run. */
import { tensor } from '../create.ts';
import { attentionWeights } from '../explain/index.ts';
import type { AttentionSection } from '../inspect/index.ts';
import { evaluating } from '../models/predict.ts';
import type { Module } from '../nn/module.ts';
import type { Tensor } from '../tensor.ts';
import type { Tokenizer } from '../text/index.ts';

/** All heads of a model, for one row of tokens that f gives to it. */
export function attentionOf(
  model: Module,
  f: (tokens: Tensor) => Tensor,
  ids: readonly number[],
  tokenizer: Tokenizer,
  question: string,
): AttentionSection {
  const weights = evaluating(model, () => attentionWeights(f, tensor([ids])));
  return {
    kind: 'attention',
    method: 'Attention',
    question,
    tokens: ids.map((id) => tokenizer.decode([id])),
    layers: weights.map((layer) => layer.select(0, 0).toArray() as number[][][]),
    note: 'A row of squares for each layer, a square for each head; choose one to see which token looks at which.',
  };
}
