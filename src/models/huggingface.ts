/**
 * Checkpoints of GPT-2 and BERT in Hugging Face's layout: from what stands in their config.json and model.safetensors, and
 * for GPT-2 back. BERT's own names are that layout already. Files are read elsewhere (adjoint/io, adjoint/models/folder).
 */
import { ValueError } from '../array/errors.ts';
import type { StateDict } from '../nn/module.ts';
import { BERT } from './bert.ts';
import type { BERTConfig, BERTForClassification, BERTForMaskedLM } from './bert.ts';
import type { MakeOptions } from './config.ts';
import { GPT, type GPTConfig } from './gpt.ts';

/** config.json, parsed. */
export type HuggingFaceConfig = Readonly<Record<string, unknown>>;

/** How values of a config.json are read, and those refused that this library would compute otherwise. */
function reader(where: string, json: HuggingFaceConfig, modelType: string) {
  const number = (name: string, otherwise?: number): number => {
    const value = json[name] ?? otherwise;
    if (typeof value === 'number') return value;
    throw new ValueError(where, `config.json must have a number '${name}'`, JSON.stringify(value) ?? 'none');
  };
  /** What the value of `name` stands for. */
  const oneOf = <T>(name: string, meanings: Readonly<Record<string, T>>, otherwise?: string): T => {
    const value = json[name] ?? otherwise;
    const word = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none');
    if (Object.hasOwn(meanings, word)) return meanings[word];
    const known = Object.keys(meanings).map((name) => `'${name}'`).join(' or '); // prettier-ignore
    throw new ValueError(where, `'${name}' in config.json must be ${known}`, `'${word}'`);
  };
  /** Shares that are left out in training: here all parts of a model have one. */
  const dropout = (...names: readonly string[]): number => {
    const values = names.map((name) => number(name, 0.1));
    if (values.every((value) => value === values[0])) return values[0];
    throw new ValueError(where, `${names.join(' and ')} in config.json must be equal`, values.join(' and '));
  };
  oneOf('model_type', { [modelType]: modelType });
  return { number, oneOf, dropout };
}

/** Layers that GPT-2 keeps as Conv1D: weights [in, out], where Linear has [out, in]. */
const isConv1D = (name: string): boolean => /\.(c_attn|c_proj|c_fc)\.weight$/.test(name);
/** Causal masks, which old checkpoints hold as well. */
const isMask = (name: string): boolean => /\.attn\.(masked_)?bias$/.test(name);
const prefix = 'transformer.';

/**
 * A GPT from a GPT-2 checkpoint: names with or without 'transformer.' in front, Conv1D weights turned around, masks left out.
 * ```ts
 * import { GPT, gptFromHuggingFace, gptToHuggingFace } from 'adjoint/models';
 * const model = new GPT({ vocabSize: 10, blockSize: 8, nLayer: 1, nHead: 2, nEmbd: 4 });
 * const { config, tensors } = gptToHuggingFace(model); // what config.json and model.safetensors hold
 * console.log(config.n_positions, tensors['transformer.h.0.attn.c_attn.weight'].shape); // => 8 [ 4, 12 ]
 * console.log(gptFromHuggingFace(config, tensors).parameterCount() === model.parameterCount()); // => true
 * ```
 * @throws ValueError when the config is not GPT-2's, or the tensors do not fit it: all faults at once
 */
export function gptFromHuggingFace(json: HuggingFaceConfig, tensors: StateDict, make: MakeOptions = {}): GPT {
  const read = reader('gptFromHuggingFace', json, 'gpt2');
  for (const name of ['scale_attn_by_inverse_layer_idx', 'add_cross_attention'])
    read.oneOf(name, { false: 0 }, 'false');
  read.oneOf('scale_attn_weights', { true: 1 }, 'true');
  const nEmbd = read.number('n_embd');
  const config: GPTConfig = {
    vocabSize: read.number('vocab_size'),
    blockSize: read.number('n_positions'),
    nLayer: read.number('n_layer'),
    nHead: read.number('n_head'),
    nEmbd,
    nInner: read.number('n_inner', 4 * nEmbd),
    dropout: read.dropout('resid_pdrop', 'embd_pdrop', 'attn_pdrop'),
    tied: read.oneOf('tie_word_embeddings', { true: true, false: false }, 'true'),
    activation: read.oneOf('activation_function', { gelu_new: 'geluTanh', gelu_pytorch_tanh: 'geluTanh', gelu: 'gelu' }, 'gelu_new'), // prettier-ignore
    eps: read.number('layer_norm_epsilon', 1e-5),
  };
  const state: StateDict = {};
  for (const [name, x] of Object.entries(tensors)) {
    const own = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    if (isMask(own) || (config.tied && own === 'lm_head.weight')) continue;
    state[own] = isConv1D(own) && x.ndim === 2 ? x.t() : x;
  }
  const model = new GPT(config, make);
  model.loadStateDict(state);
  return model;
}

/** The reverse of gptFromHuggingFace: what config.json and model.safetensors of a GPT-2 checkpoint hold. */
export function gptToHuggingFace(model: GPT): { config: HuggingFaceConfig; tensors: StateDict } {
  const { vocabSize, blockSize, nLayer, nHead, nEmbd, nInner, dropout, bias, positions, tied, activation, eps } = model.config; // prettier-ignore
  if (positions !== 'learned' || !bias) {
    throw new ValueError(
      'gptToHuggingFace',
      'GPT-2 has learned positions and biases',
      `positions '${positions}', bias ${bias}`,
    );
  }
  const tensors = Object.entries(model.stateDict()).map(([name, x]) => [
    name.startsWith('lm_head') ? name : prefix + name,
    isConv1D(name) ? x.t() : x,
  ]);
  const config = {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    vocab_size: vocabSize,
    n_positions: blockSize,
    n_ctx: blockSize,
    n_layer: nLayer,
    n_head: nHead,
    n_embd: nEmbd,
    n_inner: nInner === 4 * nEmbd ? null : nInner,
    activation_function: activation === 'gelu' ? 'gelu' : 'gelu_new',
    embd_pdrop: dropout,
    attn_pdrop: dropout,
    resid_pdrop: dropout,
    layer_norm_epsilon: eps,
    tie_word_embeddings: tied,
  };
  return { config, tensors: Object.fromEntries(tensors) };
}

/** Parts that a checkpoint may have and a model not, or the reverse. */
const heads = ['cls.', 'classifier.', 'qa_outputs.', 'bert.pooler.'];
const headOf = (name: string): string | undefined => heads.find((head) => name.startsWith(head));

/** A name of today, with 'bert.' in front, for the names of old files (gamma, beta) and of files of the bare BERT. */
function bertName(name: string): string {
  const today = name.replace(/\.gamma$/, '.weight').replace(/\.beta$/, '.bias');
  return today.startsWith('bert.') || headOf(today) ? today : `bert.${today}`;
}

/**
 * A BERT of the given class from a BERT checkpoint: names with or without 'bert.' in front, normalization with the names of
 * old files (gamma, beta). Heads that only the checkpoint has are left out; one that it has not keeps its starting values, to
 * be trained. The number of classes is num_labels, or how many id2label names.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { BERTForClassification, BERTForMaskedLM, bertFromHuggingFace } from 'adjoint/models';
 * const config = { model_type: 'bert', vocab_size: 30, max_position_embeddings: 8, num_hidden_layers: 1,
 *   num_attention_heads: 2, hidden_size: 16, intermediate_size: 32, num_labels: 5 };
 * const tensors = new BERTForMaskedLM({ vocabSize: 30, blockSize: 8, nLayer: 1, nHead: 2, nEmbd: 16, nInner: 32 }).stateDict();
 * const model = bertFromHuggingFace(BERTForClassification, config, tensors);
 * console.log(model(tensor([[1, 2, 3]])).shape); // => [ 1, 5 ]
 * ```
 * @throws ValueError when the config is not BERT's, or the tensors do not fit it: all faults at once
 */
export function bertFromHuggingFace<M extends BERT | BERTForMaskedLM | BERTForClassification>(
  Class: new (config: BERTConfig, make: MakeOptions) => M,
  json: HuggingFaceConfig,
  tensors: StateDict,
  make: MakeOptions = {},
): M {
  const read = reader('bertFromHuggingFace', json, 'bert');
  read.oneOf('position_embedding_type', { absolute: 1 }, 'absolute');
  read.oneOf('is_decoder', { false: 0 }, 'false');
  const config: BERTConfig = {
    vocabSize: read.number('vocab_size'),
    blockSize: read.number('max_position_embeddings'),
    nLayer: read.number('num_hidden_layers'),
    nHead: read.number('num_attention_heads'),
    nEmbd: read.number('hidden_size'),
    nInner: read.number('intermediate_size'),
    segments: read.number('type_vocab_size', 2),
    classes: read.number('num_labels', Object.keys(json.id2label ?? [0, 1]).length),
    dropout: read.dropout('hidden_dropout_prob', 'attention_probs_dropout_prob'),
    activation: read.oneOf('hidden_act', { gelu: 'gelu', gelu_new: 'geluTanh', relu: 'relu', silu: 'silu' }, 'gelu'),
    eps: read.number('layer_norm_eps', 1e-12),
  };
  const model: M = new Class(config, make);
  const own = model.stateDict();
  const front = model instanceof BERT ? 'bert.' : '';
  const theirs = new Map(Object.entries(tensors).map(([name, x]) => [bertName(name), x]));
  theirs.delete('bert.embeddings.position_ids'); // 0, 1, 2, …
  const has = (head: string): boolean => [...theirs.keys()].some((name) => name.startsWith(head));
  const state: StateDict = {};
  for (const [name, x] of Object.entries(own)) {
    const head = headOf(front + name);
    const given = theirs.get(front + name);
    if (given) state[name] = given;
    else if (head && !has(head)) state[name] = x; // to be trained
  }
  for (const [name, x] of theirs) if (!headOf(name) && !Object.hasOwn(own, name.slice(front.length))) state[name] = x; // will be refused
  model.loadStateDict(state);
  return model;
}
