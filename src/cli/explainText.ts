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
import { UsageError } from './usage.ts';

export type TextModel = LanguageModel | BERTForMaskedLM | BERTForClassification;

export interface TextChoices {
  readonly prompt: string;
  /** A text with another answer, for activation patching. */
  readonly corrupt: string | undefined;
  readonly target: string | undefined;
  /** A token that stands in for one that is left out. */
  readonly baseline: string | undefined;
  readonly scale: Scale;
  /** Words are the features, not tokens. */
  readonly words: boolean;
  /** Names of the classes of a classifier; numbers if none. */
  readonly classes: readonly string[] | undefined;
}

/** What the model makes of tokens [N, T] at the explained place, and the table in which it looks tokens up. */
interface Reader {
  /** Whose logits are read: a token's place, or −1 for the last; of a classifier the first. */
  readonly place: number;
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

/** The tokens of the prompt, as many as the model can see, and what it makes of them. */
function readerOf(model: TextModel, tokenizer: Tokenizer, { prompt, classes }: TextChoices): Reader {
  const all = tokenizer.encode(prompt);
  const tokenOf = (id: number): string => tokenizer.decode([id]) || tokenizer.idToToken(id);
  if (model instanceof BERTForClassification) {
    const logits = (tokens: Tensor): Tensor => model.forward(tokens);
    return { ids: all, place: 0, logits, table: model.bert.embeddings.word_embeddings, labels: (c) => classes?.[c] ?? `${c}` };
  }
  if (model instanceof BERTForMaskedLM) {
    const place = tokenizer.has(MASK) ? all.indexOf(tokenizer.tokenToId(MASK)) : -1;
    if (place < 0) throw new UsageError(`--prompt must have a ${MASK}: what stands there is explained`);
    const logits = (tokens: Tensor): Tensor => model.forward(tokens).select(1, place);
    return { ids: all, place, logits, table: model.bert.embeddings.word_embeddings, labels: tokenOf };
  }
  const ids = all.slice(-model.blockSize);
  const table = model instanceof GPT || model instanceof RecurrentModel || model instanceof NeuralNgram ? model.wte : null;
  const aside = ids.length < all.length ? { aside: `The model sees the last ${ids.length} of ${all.length} tokens.` } : {};
  return { ids, place: -1, logits: (tokens) => model.forward(tokens).select(1, -1), table, labels: tokenOf, ...aside };
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

/** What methods for transformers need besides. */
export interface TextSubject extends Subject {
  readonly text: {
    readonly model: TextModel;
    readonly ids: readonly number[];
    /** As they are written, one by one. */
    readonly tokens: readonly string[];
    /** How a token is written. */
    name(id: number): string;
    readonly place: number;
    /** What stands in for a token that is left out. */
    readonly left: number;
    readonly corrupted: readonly number[] | null;
    /** A number for each token as one for each feature: a word has the sum of its tokens. */
    perFeature(ofTokens: ArrayLike<number>): Float64Array;
  };
}

/** The prediction for a prompt, as a subject. */
export function textSubject(model: TextModel, tokenizer: Tokenizer, choices: TextChoices): TextSubject {
  const { ids, place, logits, table, labels, aside } = readerOf(model, tokenizer, choices);
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

  const group = choices.words ? wordsOf(ids, tokenizer) : ids.map((_, t) => t);
  const count = group[T - 1] + 1;
  const names = Array.from({ length: count }, (_, g) => tokenizer.decode(ids.filter((_id, t) => group[t] === g)) || tokenizer.idToToken(ids[group.indexOf(g)]));
  const perFeature = (ofTokens: ArrayLike<number>): Float64Array => {
    const all = new Float64Array(count);
    group.forEach((g, t) => (all[g] += ofTokens[t]));
    return all;
  };
  const name = (id: number): string => tokenizer.decode([id]) || tokenizer.idToToken(id);
  const unitName = choices.words ? 'word' : 'token';
  const items = (features: Float64Array): Item[] => names.map((text, g) => ({ name: JSON.stringify(text), value: `${unitName} ${g + 1}`, attribution: features[g] }));
  const presence: Model = (z) => logits(there.expand(z.shape).where(z.gt(0.5), gone.expand(z.shape)));
  const ones = tensor([ids.map(() => 1)]);
  return {
    ...about,
    kind: 'text',
    text: { model, ids, tokens: ids.map(name), name, place, left, corrupted: corruptedOf(), perFeature },
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
    body: (features) => ({ kind: 'tokens', tokens: names.map((text, g) => ({ text, attribution: features[g] })), unit: about.unit }),
    spread: (features) => tensor([group.map((g) => features[g])]),
    trainingRows: null,
  };

  /** The tokens of the corrupted text, as many as there are. */
  function corruptedOf(): number[] | null {
    if (choices.corrupt === undefined) return null;
    const other = tokenizer.encode(choices.corrupt).slice(-T);
    if (other.length === T) return other;
    throw new UsageError(`--corrupt must have ${T} tokens, as the prompt, got ${other.length}`);
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
    const features = (a: Tensor): Float64Array => perFeature(a.select(0, 0).sum(1).toTypedArray());
    const slopes = (a: Tensor): Float64Array => perFeature(a.select(0, 0).square().sum(1).toTypedArray()).map(Math.sqrt);
    return { f: of(f), x, baseline, background: () => Promise.resolve(baseline), features, slopes, items };
  }
} // prettier-ignore
