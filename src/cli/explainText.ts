/** Predictions of text, for `adjoint explain`: the next token, the one that is masked, or the class of the whole. */
import { tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import { halvingHierarchy, type Model } from '../explain/index.ts';
import {
  BERTForClassification,
  BERTForMaskedLM,
  GPT,
  NeuralNgram,
  RecurrentModel,
  type LanguageModel,
} from '../models/index.ts';
import type * as nn from '../nn/index.ts';
import { concat, type Tensor } from '../tensor.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Item } from './explainPrint.ts';
import type { Subject, View } from './explainSubject.ts';
import { chooseClass, explained, type Scale } from './explainTarget.ts';
import type { TransformerText } from './explainTransformers.ts';
import { UsageError } from './usage.ts';

export type TextModel = LanguageModel | BERTForMaskedLM | BERTForClassification;

export interface TextChoices {
  readonly prompt: string;
  readonly target: string | undefined;
  /** A token that stands in for one that is left out. */
  readonly baseline: string | undefined;
  readonly scale: Scale;
  /** Words are the features, not tokens. */
  readonly words: boolean;
  /** Names of the classes of a classifier; numbers if none. */
  readonly classes: readonly string[] | undefined;
  /** As many tokens with another answer, for patching. */
  readonly corrupted: string | undefined;
}

const isTransformer = (model: TextModel): model is TransformerText['model'] =>
  model instanceof GPT || model instanceof BERTForMaskedLM || model instanceof BERTForClassification;

/** What the model makes of tokens [N, T] at the explained place, and the table in which it looks tokens up. */
interface Reader {
  /** The tokens that the model can see. */
  readonly ids: readonly number[];
  /** What is to be said besides. */
  readonly aside?: string;
  /** [N, outputs] */
  readonly logits: (tokens: Tensor) => Tensor;
  readonly table: nn.Embedding | null;
  /** What an output is called. */
  readonly labels: (output: number) => string;
}

/** The token that is asked for in place of a masked one. */
const MASK = '[MASK]';

/** The tokens of a text; BERT's begin with [CLS], also where the tokenizer does not say so. */
function encoded(model: TextModel, tokenizer: Tokenizer, text: string): number[] {
  const ids = tokenizer.encode(text);
  const isBert = model instanceof BERTForMaskedLM || model instanceof BERTForClassification;
  if (!isBert || !tokenizer.has('[CLS]') || ids[0] === tokenizer.tokenToId('[CLS]')) return ids;
  return [tokenizer.tokenToId('[CLS]'), ...ids];
}

/** The tokens of the prompt, as many as the model can see, and what it makes of them. */
function readerOf(model: TextModel, tokenizer: Tokenizer, { prompt, classes }: TextChoices): Reader {
  const all = encoded(model, tokenizer, prompt);
  const tokenOf = (id: number): string => tokenizer.decode([id]) || tokenizer.idToToken(id);
  if (model instanceof BERTForClassification) {
    const logits = (tokens: Tensor): Tensor => model.forward(tokens);
    return { ids: all, logits, table: model.bert.embeddings.word_embeddings, labels: (c) => classes?.[c] ?? `${c}` };
  }
  if (model instanceof BERTForMaskedLM) {
    const place = tokenizer.has(MASK) ? all.indexOf(tokenizer.tokenToId(MASK)) : -1;
    if (place < 0) throw new UsageError(`--prompt must have a ${MASK}: what stands there is explained`);
    const logits = (tokens: Tensor): Tensor => model.forward(tokens).select(1, place);
    return { ids: all, logits, table: model.bert.embeddings.word_embeddings, labels: tokenOf };
  }
  const ids = all.slice(-model.blockSize);
  const table = model instanceof GPT || model instanceof RecurrentModel || model instanceof NeuralNgram ? model.wte : null;
  const aside = ids.length < all.length ? { aside: `The model sees the last ${ids.length} of ${all.length} tokens.` } : {};
  return { ids, logits: (tokens) => model.forward(tokens).select(1, -1), table, labels: tokenOf, ...aside };
} // prettier-ignore

/** What takes the place of a token that is left out, if none is named: the first of these that there is, else token 0. */
const stand = [MASK, '[PAD]', '<pad>', '<|endoftext|>', ' ', 'Ġ', '\n'];

function tokenNamed(option: string, text: string, tokenizer: Tokenizer): number {
  if (tokenizer.has(text)) return tokenizer.tokenToId(text);
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  if (ids.length === 1) return ids[0];
  const parts = ids.map((id) => JSON.stringify(tokenizer.decode([id]))).join(' ');
  throw new UsageError(`${option} must be one token, got ${ids.length}: ${parts}`);
}

/** The number of the word that each token is of: with a blank before it, or what WordPiece begins a word with. */
function wordsOf(ids: readonly number[], tokenizer: Tokenizer): number[] {
  const isPieces = (tokenizer.toJSON() as { model?: { type?: string } }).model?.type === 'WordPiece';
  let word = 0;
  return ids.map((id, i) => {
    const begins = isPieces ? !tokenizer.idToToken(id).startsWith('##') : /^\s/.test(tokenizer.decode([id]));
    const isAfterBlank = i > 0 && !isPieces && /^\s+$/.test(tokenizer.decode([ids[i - 1]]));
    return i > 0 && begins && !isAfterBlank ? ++word : word;
  });
}

/** The prediction for a prompt, as a subject. */
export function textSubject(model: TextModel, tokenizer: Tokenizer, choices: TextChoices): Subject {
  const { ids, logits, table, labels, aside } = readerOf(model, tokenizer, choices);
  if (ids.length === 0) throw new UsageError('--prompt "…" must have a token');
  const T = ids.length;
  const said = choices.target;
  const isClassifier = model instanceof BERTForClassification;
  const first = noGrad(() => logits(tensor([ids])));
  const classNames = isClassifier ? Array.from({ length: first.shape[1] }, (_, c) => labels(c)) : [];
  const target = said === undefined ? undefined : isClassifier ? chooseClass(said, classNames) : tokenNamed('--target', said, tokenizer);
  const shown = (id: number): string => (isClassifier ? labels(id) : JSON.stringify(labels(id)));
  const { of, ...about } = explained(first, shown, target, choices.scale);

  const isSpecial = (id: number): boolean => tokenizer.decode([id], { skipSpecialTokens: true }) === '' && tokenizer.decode([id]) !== '';
  const left = choices.baseline === undefined ? (stand.filter((token) => tokenizer.has(token)).map((token) => tokenizer.tokenToId(token))[0] ?? 0)
    : tokenNamed('--baseline', choices.baseline, tokenizer);
  const without = ids.map((id) => (isSpecial(id) ? id : left));
  const [there, gone] = [ids, without].map((row) => tensor([row])); // [1, T]

  const transformer = isTransformer(model) ? transformerText(model) : null;
  if (!transformer && choices.corrupted !== undefined) throw new UsageError("--corrupted is not for a model without attention");

  const group = choices.words ? wordsOf(ids, tokenizer) : ids.map((_, t) => t);
  const count = group[T - 1] + 1;
  const names = Array.from({ length: count }, (_, g) => tokenizer.decode(ids.filter((_id, t) => group[t] === g)) || tokenizer.idToToken(ids[group.indexOf(g)]));
  const unitName = choices.words ? 'word' : 'token';
  const items = (features: Float64Array): Item[] => names.map((text, g) => ({ name: JSON.stringify(text), value: `${unitName} ${g + 1}`, attribution: features[g] }));
  const presence: Model = (z) => logits(there.expand(z.shape).where(z.gt(0.5), gone.expand(z.shape)));
  const ones = tensor([ids.map(() => 1)]);
  return {
    ...about,
    kind: 'text',
    isValue: false,
    name: JSON.stringify(choices.prompt),
    ...(aside !== undefined && { aside }),
    model,
    outputs: presence,
    names,
    inside: table && embeddedView(table),
    outside: {
      f: of(presence),
      x: ones,
      baseline: ones.zerosLike(),
      background: () => Promise.resolve(ones.zerosLike()),
      featureMask: tensor(group),
      hierarchy: () => Promise.resolve({ hierarchy: halvingHierarchy([count]) }),
      features: (a) => Float64Array.from(names, (_, g) => a.select(0, 0).select(0, group.indexOf(g)).item()),
      slopes: () => new Float64Array(count), // nothing there has a slope
      items,
    },
    ...(transformer && { transformer }),
    body: (features) => ({ kind: 'tokens', tokens: names.map((text, g) => ({ text, attribution: features[g] })), unit: about.unit }),
    spread: (features) => tensor([group.map((g) => features[g])]),
    trainingRows: null,
  };

  /** The same prediction, for what looks into the model. */
  function transformerText(net: TransformerText['model']): TransformerText {
    const position = net instanceof GPT ? T - 1 : net instanceof BERTForMaskedLM ? ids.indexOf(tokenizer.tokenToId(MASK)) : 0;
    const others = choices.corrupted === undefined ? null : encoded(model, tokenizer, choices.corrupted);
    const corrupted = others && net instanceof GPT ? others.slice(-net.blockSize) : others;
    if (corrupted && corrupted.length !== T) throw new UsageError(`--corrupted must have as many tokens as --prompt, ${T}, got ${corrupted.length}`);
    const name = (id: number): string => tokenizer.decode([id]) || tokenizer.idToToken(id);
    const measure = of((y) => (y.ndim === 3 ? y.select(1, position) : y));
    return { model: net, ids, name, label: labels, position, left, corrupted, measure };
  }

  /** The same prediction as a function of the tokens' vectors [1, T, E]. */
  function embeddedView(layer: nn.Embedding): View {
    const [x, baseline] = [there, gone].map((tokens) => noGrad(() => layer.forward(tokens)).detach());
    const f: Model = (vectors) => {
      const [n] = vectors.shape;
      const remove = layer.registerForwardHook((_module, _inputs, output) => {
        const before = (output as Tensor).shape[1] - T; // what a model puts before the first token stays
        return before === 0 ? vectors : concat([(output as Tensor).narrow(1, 0, before), vectors], 1);
      });
      try {
        return logits(there.expand([n, T]));
      } finally {
        remove();
      }
    };
    const perName = (ofTokens: Tensor): Float64Array => {
      const all = new Float64Array(count);
      ofTokens.toTypedArray().forEach((value, t) => (all[group[t]] += value));
      return all;
    };
    const features = (a: Tensor): Float64Array => perName(a.select(0, 0).sum(1));
    const slopes = (a: Tensor): Float64Array => perName(a.select(0, 0).square().sum(1)).map(Math.sqrt);
    return { f: of(f), x, baseline, background: () => Promise.resolve(baseline), features, slopes, items };
  }
} // prettier-ignore
