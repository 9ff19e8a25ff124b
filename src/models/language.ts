/** What language models share: from tokens to logits, and the loss of the next token. Sampling is in generate.ts. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import * as F from '../nn/functions.ts';
import type { Module } from '../nn/module.ts';
import type { Tensor } from '../tensor.ts';

/**
 * A module from tokens [B, T] to logits [B, T, V], those at t about the token at t + 1, made from the tokens up to t.
 * `State` is what it remembers of the tokens that it has seen, so that `forward` can go on from there.
 */
export type LanguageModel<State = unknown> = Module & {
  /** The most tokens that it can look back on. */
  readonly blockSize: number;
  forward(tokens: Tensor, state?: State): Tensor;
  /** A memory that is empty; `forward` fills it. A model without one is given all tokens again at each step. */
  newState?(): State;
};

/** Refuses what is no batch of rows of tokens, or is longer than the model can look back on. */
export function checkTokens(where: string, tokens: Tensor, blockSize: number, past = 0): void {
  if (tokens.ndim !== 2 || tokens.numel() === 0) {
    throw new ShapeError(where, 'tokens must be [B, T] with at least one token', showShape(tokens.shape));
  }
  const T = past + tokens.shape[1];
  if (T > blockSize) {
    const got = `${T}${past > 0 ? `, ${past} of them remembered` : ''}`;
    throw new ShapeError(where, `there must be at most blockSize = ${blockSize} tokens in a row`, got, 'cut the front');
  }
}

/**
 * Mean cross-entropy, in nats, of logits [B, T, V] with the tokens [B, T] that should have come. Where a target is −1, as for
 * padding and for words that were not masked, nothing is asked for.
 * ```ts
 * import { tensor, zeros } from 'adjoint';
 * import { tokenLoss } from 'adjoint/models';
 * console.log(tokenLoss(zeros([1, 2, 10]), tensor([[7, -1]])).item().toFixed(4), Math.log(10).toFixed(4)); // => 2.3026 2.3026
 * ```
 * @throws ShapeError when the shapes do not fit; ValueError when nothing is asked for
 */
export function tokenLoss(logits: Tensor, targets: Tensor): Tensor {
  const V = logits.shape[logits.ndim - 1];
  if (logits.ndim !== 3 || !sameShape(logits.shape.slice(0, 2), targets.shape)) {
    const got = `${showShape(logits.shape)} and ${showShape(targets.shape)}`;
    throw new ShapeError('tokenLoss', 'for logits [B, T, V] the targets must be [B, T]', got);
  }
  if (targets.eq(-1).all().item() === 1) throw new ValueError('tokenLoss', 'some target must not be -1', 'none');
  return F.crossEntropy(logits.reshape([-1, V]), targets.reshape([-1]), { ignoreIndex: -1 });
}
