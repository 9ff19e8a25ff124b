/** Where a transformer looks, for the page of a run. */
import { tensor } from '../create.ts';
import { attentionWeights } from '../explain/index.ts';
import type { AttentionSection, GridSection } from '../inspect/index.ts';
import type { Transformer } from '../models/index.ts';
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
  };
}

/** What the last layer of a decoder reads of the source, as the mean of its heads. */
export function sourceAttention(
  model: Transformer,
  source: readonly number[],
  target: readonly number[],
  tokenizer: Tokenizer,
): GridSection {
  const weights = evaluating(model, () =>
    attentionWeights((x) => model.forward(x, tensor([target])), tensor([source])),
  );
  const names = (ids: readonly number[]): string[] => ids.map((id) => tokenizer.decode([id]));
  return {
    kind: 'grid',
    method: 'Attention to the source',
    question: 'Where does the decoder look before it says the next token?',
    title: 'Mean of the heads of the last layer',
    rows: names(target).map((name, i) => `${i + 1} ${name}`),
    columns: names(source).map((name, i) => `${i + 1} ${name}`),
    values: weights[weights.length - 1].select(0, 0).mean(0).toArray() as number[][], // [T, S]
    unit: 'share',
  };
}
