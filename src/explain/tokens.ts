/**
 * Which tokens a transformer's answer comes from. Tokens are no numbers to be changed a little; their vectors are, so these methods go
 * from the vectors that the first layer gets, and give a token the sum over its vector.
 */
import { ShapeError, ValueError } from '../array/errors.ts';
import { arange, concat, full, tensor, zeros } from '../create.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { featureAblation } from './ablation.ts';
import { inputXGradient } from './gradients.ts';
import { integratedGradients, type CompleteExplanation, type IntegratedOptions } from './integrated.ts';
import { embedded, through, tokensOf, type LayeredModel, type Tokens } from './layered.ts';
import { atRest, baselineOf, turn, type Model, type WorkOptions } from './model.ts';

export interface TokenOptions extends Omit<IntegratedOptions, 'baseline'> {
  /** What stands for "nothing there": one vector [C], one for each place [T, C], or all [B, T, C]; zeros if left out. */
  readonly baseline?: Tensor;
  /** The same as a token, such as padding, or as a token for each place. */
  readonly baselineTokens?: number | readonly number[];
  /** What is explained of the target: its logit, or the logarithm of its probability; 'logit' if left out. */
  readonly output?: 'logit' | 'logProbability';
  /** At which position; the last, −1, if left out. Not for a classifier. */
  readonly position?: number;
}

/** From vectors [N, T, C] to what is explained, of each token (or class): [N, V]. `x` is an example of them. */
function reading(where: string, model: LayeredModel, x: Tensor, options: Pick<TokenOptions, 'output' | 'position'>): Model {
  const { output = 'logit', position = -1 } = options;
  if (output !== 'logit' && output !== 'logProbability') {
    throw new ValueError(where, "output must be 'logit' or 'logProbability'", `'${String(output)}'`);
  }
  const isClassifier = noGrad(() => model.head(x.narrow(0, 0, 1))).ndim === 2;
  if (isClassifier && options.position !== undefined) {
    throw new ValueError(where, 'a classifier reads no one position', `position ${options.position}`, 'leave it out');
  }
  const T = x.shape[1];
  if (!isClassifier && !(Number.isInteger(position) && position >= -T && position < T)) {
    throw new ValueError(where, `position must be from 0 to ${T - 1}`, `${position}`);
  }
  return (vectors) => {
    const y = through(model, vectors);
    const logits = isClassifier ? model.head(y) : model.head(y.select(1, position).unsqueeze(1)).squeeze(1);
    return output === 'logit' ? logits : logits.logSoftmax(-1);
  };
} // prettier-ignore

/** The vectors of tokens [B, T], and those of nothing: [B, T, C] each. */
function vectors(where: string, model: LayeredModel, tokens: Tensor, o: TokenOptions): { x: Tensor; baseline: Tensor } {
  const { baseline, baselineTokens } = o;
  if (baseline !== undefined && baselineTokens !== undefined) {
    throw new ValueError(where, 'there must be one baseline', 'baseline and baselineTokens');
  }
  const x = noGrad(() => embedded(where, model, tokens));
  if (baselineTokens === undefined) {
    const wide = baseline?.ndim === 1 && baseline.shape[0] === x.shape[2] ? baseline.expand(x.shape) : baseline;
    return { x, baseline: baselineOf(where, x, wide) };
  }
  const T = tokens.shape[1];
  if (typeof baselineTokens !== 'number' && baselineTokens.length !== T) {
    throw new ShapeError(
      where,
      `baselineTokens must be one token, or one for each of ${T}`,
      `${baselineTokens.length}`,
    );
  }
  const row = typeof baselineTokens === 'number' ? full([1, T], baselineTokens) : tensor([[...baselineTokens]]);
  return { x, baseline: noGrad(() => embedded(where, model, tokensOf(where, row))).expand(x.shape) };
}

/**
 * Integrated gradients over embeddings, Captum's `LayerIntegratedGradients` of the embedding (Sundararajan et al., 2017): for each token
 * Σ (e − b) · ∫₀¹ ∂f/∂e(b + α(e − b)) dα over the numbers of its vector e, positions included, where b is the baseline's. Attributions [B, T] sum to
 * f(tokens) − f(baseline); `gap` [B] is by how much they do not.
 * ```ts
 * import { embeddingIntegratedGradients } from 'adjoint/explain';
 * import { GPT } from 'adjoint/models';
 * const model = new GPT({ vocabSize: 9, blockSize: 8, nLayer: 1, nHead: 2, nEmbd: 8 }).eval();
 * const { attributions, gap } = embeddingIntegratedGradients(model, [3, 1, 4], { target: 5, baselineTokens: 0 });
 * console.log(attributions.shape, Math.abs(gap.item()) < 1e-4); // => [ 1, 3 ] true
 * ```
 * @param options target: the token (or class) that is explained, one for all rows or one for each
 * @throws ShapeError, ValueError when the model has no layers, or baseline, target or position do not fit
 */
export function embeddingIntegratedGradients(model: LayeredModel, tokens: Tokens, options: TokenOptions): CompleteExplanation {
  const where = 'embeddingIntegratedGradients';
  atRest(where, model);
  const { x, baseline } = vectors(where, model, tokensOf(where, tokens), options);
  const { attributions, gap } = integratedGradients(reading(where, model, x, options), x, { ...options, baseline });
  return { attributions: attributions.sum(-1), gap };
} // prettier-ignore

const methods = {
  integratedGradients,
  inputXGradient: (f: Model, x: Tensor, { target }: IntegratedOptions) => inputXGradient(f, x, { target: target! }),
  ablation: async (f: Model, x: Tensor, { target, batchSize, baseline }: IntegratedOptions) => {
    const [, T, C] = x.shape;
    const featureMask = arange(T).unsqueeze(1).expand([T, C]);
    const options = { target: target!, featureMask, ...(batchSize && { batchSize }), ...(baseline !== undefined && { baseline }) };
    return { attributions: (await featureAblation(f, x, options)).attributions.div(C) };
  },
}; // prettier-ignore

export interface GenerationOptions
  extends Omit<TokenOptions, 'target' | 'position' | 'output'>, Pick<WorkOptions, 'signal' | 'onProgress'> {
  /** How a token is given its share: 'integratedGradients' if left out; 'ablation' puts the baseline in its place. */
  readonly method?: keyof typeof methods;
  /** What is explained of each token: its logit, or the logarithm of its probability; 'logProbability' if left out. */
  readonly output?: 'logit' | 'logProbability';
}

export interface GenerationExplanation extends CompleteExplanation {
  /** What each generated token is due to: [generated, tokens before the last]; 0 from the generated token on. */
  readonly attributions: Tensor;
  /** Σ of a row − (f(tokens before) − f(baseline)), [generated]. Only integrated gradients aim at 0. */
  readonly gap: Tensor;
  /** The explained number of each generated token, [generated]. */
  readonly values: Tensor;
}

/**
 * What each token of a generated text is due to: the prompt's tokens and those that were generated before it. Explained is the logarithm of its
 * probability (or its logit), by integrated gradients over embeddings, input × gradient, or the fall when a token's vector is the baseline's.
 * Inseq and Captum's `LLMGradientAttribution` draw the same triangle.
 * ```ts
 * import { generationAttributions } from 'adjoint/explain';
 * import { generate, GPT } from 'adjoint/models';
 * const model = new GPT({ vocabSize: 9, blockSize: 8, nLayer: 1, nHead: 2, nEmbd: 8 }).eval();
 * const prompt = [3, 1, 4];
 * const generated = generate(model, prompt, { maxNewTokens: 2 }).slice(3);
 * const { attributions } = await generationAttributions(model, prompt, generated);
 * console.log(attributions.shape, attributions.select(0, 0).select(0, -1).item()); // => [ 2, 4 ] 0
 * ```
 * @param model one whose output at a position is about the next token
 * @throws ValueError when nothing was generated, or a token is not in the vocabulary; ShapeError when the text is longer than the model's block
 */
export async function generationAttributions(
  model: LayeredModel, prompt: readonly number[], generated: readonly number[], options: GenerationOptions = {},
): Promise<GenerationExplanation> {
  const where = 'generationAttributions';
  const { method = 'integratedGradients', output = 'logProbability', signal, onProgress } = options;
  if (!Object.hasOwn(methods, method)) {
    throw new ValueError(where, `method must be one of ${Object.keys(methods).join(', ')}`, `'${method}'`);
  }
  if (method !== 'integratedGradients' && (options.steps !== undefined || options.rule !== undefined)) {
    throw new ValueError(where, 'steps and rule are of integratedGradients', `method '${method}'`, 'leave them out');
  }
  atRest(where, model);
  if (generated.length === 0) throw new ValueError(where, 'there must be a generated token', 'none');
  if (prompt.length === 0) throw new ValueError(where, 'the prompt must have a token', 'none', 'begin with one that stands for the start');
  const all = tokensOf(where, [...prompt, ...generated]);
  const n = all.shape[1] - 1;
  const { x, baseline } = vectors(where, model, all.narrow(1, 0, n), options);
  const f = reading(where, model, x, { output });
  const [rows, gaps, values]: Tensor[][] = [[], [], []];
  for (const [g, target] of generated.entries()) {
    await turn();
    signal?.throwIfAborted();
    const before = prompt.length + g;
    const [there, nothing] = [x, baseline].map((vectors) => vectors.narrow(1, 0, before));
    const { attributions } = await methods[method](f, there, { ...options, target, baseline: nothing });
    const row = attributions.sum(-1); // [1, before]
    const [at, away] = noGrad(() => f(concat([there, nothing])).select(1, target).split(1));
    rows.push(concat([row, zeros([1, n - before], { dtype: row.dtype })], 1));
    gaps.push(row.sum(1).sub(at.sub(away)));
    values.push(at);
    onProgress?.(g + 1, generated.length);
  }
  return { attributions: concat(rows), gap: concat(gaps), values: concat(values) };
} // prettier-ignore
