/** What a transformer would say if it stopped early: the head's reading of the stream behind each layer. */
import { stack } from '../create.ts';
import { noGrad } from '../engine.ts';
import { Tensor } from '../tensor.ts';
import { streams, tokensOf, type LayeredModel, type Tokens } from './layered.ts';
import { atRest, countOf } from './model.ts';

export interface LogitLens {
  /** What is thought likely before the first layer and behind each: [layers + 1, B, T, V]; of a classifier [layers + 1, B, classes]. */
  readonly probabilities: Tensor;
  /** The likeliest tokens (or classes) there, the first one first, and how likely they are: [layers + 1, B, T, top]. */
  readonly top: { readonly tokens: Tensor; readonly probabilities: Tensor };
  /** KL(final ‖ there) in nats, [layers + 1, B, T]: how much is still to be said; 0 behind the last layer. */
  readonly kl: Tensor;
  /** The largest difference of the last reading from the logits that the model gives when it is called; null if it is no function. */
  readonly gap: number | null;
}

/**
 * The logit lens (nostalgebraist, 2020): softmax(head(xₗ)) of the residual stream xₗ behind each layer, where head is the model's own last norm and its
 * unembedding. Behind the last layer it is what the model says.
 * ```ts
 * import { logitLens } from 'adjoint/explain';
 * import { GPT } from 'adjoint/models';
 * const model = new GPT({ vocabSize: 9, blockSize: 8, nLayer: 2, nHead: 2, nEmbd: 8 }).eval();
 * const { probabilities, top, kl, gap } = logitLens(model, [3, 1, 4], { top: 2 });
 * console.log(probabilities.shape, top.tokens.shape); // => [ 3, 1, 3, 9 ] [ 3, 1, 3, 2 ]
 * console.log(kl.select(0, -1).toArray(), gap); // => [ [ 0, 0, 0 ] ] 0
 * ```
 * @param options top: how many of the likeliest are named; 5 (or all, if they are fewer) if left out
 * @throws ShapeError, ValueError when the model has no layers, or tokens are none
 */
export function logitLens(model: LayeredModel, tokens: Tokens, options: { readonly top?: number } = {}): LogitLens {
  const where = 'logitLens';
  atRest(where, model);
  const rows = tokensOf(where, tokens);
  return noGrad(() => {
    const logits = stack(streams(where, model, rows).map((x) => model.head(x)));
    const log = logits.logSoftmax(-1);
    const final = log.narrow(0, model.layers.length, 1);
    const probabilities = log.exp();
    const k = Math.min(countOf(where, 'top', options.top ?? 5), logits.shape[logits.ndim - 1]);
    const likely = probabilities.topk(k);
    const own: unknown = typeof model === 'function' ? (model as (x: Tensor) => unknown)(rows) : null;
    return {
      probabilities,
      top: { tokens: likely.indices, probabilities: likely.values },
      kl: final.exp().mul(final.sub(log)).sum(-1),
      gap: own instanceof Tensor ? own.sub(logits.select(0, -1)).abs().max().item() : null,
    };
  });
}
