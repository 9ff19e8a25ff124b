/**
 * A transformer in its stages: tokens to a stream of vectors, layers that rewrite it, and a head that reads it. What methods for
 * transformers ask of a model goes through here.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { tensor } from '../create.ts';
import { Tensor } from '../tensor.ts';

/**
 * B rows, T tokens in each, C numbers a vector. GPT, BERTForMaskedLM and BERTForClassification are such models as they are; of any other
 * one its three stages are given as functions:
 * `{ embed: (tokens) => …, layers: blocks.map((block) => (x) => block(x, mask)), head: (x) => … }`.
 */
export interface LayeredModel {
  /** Tokens [B, T] to what the first layer gets, [B, T, C], positions included: a vector of each token and its place alone. */
  embed(tokens: Tensor): Tensor;
  /** One behind the other, each [B, T, C] to [B, T, C]. */
  readonly layers: readonly ((x: Tensor) => Tensor)[];
  /** What the last layer gives, [B, T, C], to logits: of a language model [B, T, V], each position for itself; of a classifier [B, classes]. */
  head(x: Tensor): Tensor;
}

/** Tokens: rows of one length [B, T], or one row as a list. */
export type Tokens = Tensor | readonly number[];

/** As [B, T], of at least one row of one token, which must be whole numbers from 0. */
export function tokensOf(where: string, tokens: Tokens): Tensor {
  const x = tokens instanceof Tensor ? tokens.detach() : tensor([[...tokens]]);
  if (x.ndim !== 2 || x.numel() === 0) {
    throw new ShapeError(where, 'tokens must be [B, T], or a list, of at least one token', showShape(x.shape));
  }
  const wrong = x.toTypedArray().find((token) => !(Number.isInteger(token) && token >= 0));
  if (wrong !== undefined) throw new ValueError(where, 'tokens must be whole numbers, 0 or more', `${wrong}`);
  return x;
}

/** The stream before the first layer, [B, T, C]. */
export function embedded(where: string, model: LayeredModel, tokens: Tensor): Tensor {
  if (typeof model.embed !== 'function' || typeof model.head !== 'function' || !Array.isArray(model.layers)) {
    const cure = 'GPT and BERT with a head have these; of another model give { embed, layers, head }';
    throw new ValueError(where, 'the model must have embed, layers and head', 'one without', cure);
  }
  const x = model.embed(tokens);
  if (!(x instanceof Tensor) || x.ndim !== 3 || tokens.shape.some((size, d) => x.shape[d] !== size)) {
    const rule = `of tokens ${showShape(tokens.shape)} embed must make ${showShape(tokens.shape).replace(']', ', C]')}`;
    throw new ShapeError(where, rule, x instanceof Tensor ? showShape(x.shape) : typeof x);
  }
  return x;
}

/** From the stream before layer `from` to that behind the last. */
export const through = (model: LayeredModel, x: Tensor, from = 0): Tensor =>
  model.layers.slice(from).reduce((y, layer) => layer(y), x);

/** From the stream before layer `from` to the logits. */
export const rest = (model: LayeredModel, x: Tensor, from = 0): Tensor => model.head(through(model, x, from));

/** The stream before the first layer and behind each: layers + 1 tensors [B, T, C]. */
export function streams(where: string, model: LayeredModel, tokens: Tensor): Tensor[] {
  const all = [embedded(where, model, tokens)];
  for (const layer of model.layers) all.push(layer(all[all.length - 1]));
  return all;
}
