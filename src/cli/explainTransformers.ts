/** The methods of `adjoint explain` that only transformers have: attention, the stream between layers, and texts that they write. */
import { tensor } from '../create.ts';
import {
  activationPatching,
  attentionFlow,
  attentionRollout,
  attentionWeights,
  generationAttributions,
  logitLens,
  type LayeredModel,
} from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import { BERTForClassification, BERTForMaskedLM, generate, GPT } from '../models/index.ts';
import type { Tensor } from '../tensor.ts';
import { short } from './explainPrint.ts';
import type { Answer, Kind, Method, Subject } from './explainSubject.ts';
import type { TextSubject } from './explainText.ts';

const kinds: readonly Kind[] = ['text'];
const textOf = (subject: Subject): TextSubject['text'] => (subject as TextSubject).text;

/** The model, if it is one of layers. */
function layered(
  subject: Subject,
): (LayeredModel & GPT) | (LayeredModel & (BERTForMaskedLM | BERTForClassification)) | null {
  const { model } = textOf(subject);
  return model instanceof GPT || model instanceof BERTForMaskedLM || model instanceof BERTForClassification
    ? model
    : null;
}
const withoutAttention = (subject: Subject): string | null => (layered(subject) ? null : 'the model has no attention');

/** The attention weights of all layers for the prompt, [1, heads, T, T] each. */
function weightsOf(subject: Subject): Tensor[] {
  const model = layered(subject)!;
  return attentionWeights((tokens) => model.forward(tokens), tensor([[...textOf(subject).ids]]));
}

/** The number of the position whose answer is explained. */
const placeOf = (subject: Subject): number => {
  const { place, ids } = textOf(subject);
  return place < 0 ? ids.length - 1 : place;
};

/** A share for each token, as a section. */
function shares(
  subject: Subject,
  head: { method: string; question: string; note: string },
  all: Tensor,
  gap: number,
  law: string,
): Answer {
  const features = textOf(subject).perFeature(all.select(0, 0).select(0, placeOf(subject)).toTypedArray());
  const facts = [{ label: law, value: short(gap) }];
  const body = { ...subject.body(features), unit: 'share' } as ExplanationSection;
  return {
    sections: [{ ...head, facts, ...body }],
    numbers: { gap },
    features,
    items: subject.outside.items(features),
  };
}

/** Tokens that are written out when nothing is said. */
const TOKENS = 20;

export const transformerMethods: readonly Method[] = [
  {
    names: ['attention'],
    title: 'Attention',
    kinds,
    about: 'Which token looks at which?',
    settings: [],
    unfit: withoutAttention,
    run(subject) {
      const layers = weightsOf(subject).map((layer) => layer.select(0, 0).toArray() as number[][][]);
      const note = 'Where a layer looks, and not what it makes of it: weights that are large need not matter.';
      return Promise.resolve({ sections: [{ method: this.title, question: this.about, note, kind: 'attention', tokens: textOf(subject).tokens, layers }], numbers: {} });
    },
  },
  {
    names: ['rollout', 'attention-rollout'],
    title: 'Attention rollout',
    kinds,
    about: 'How much of each token is in the last vector, if layers only mixed?',
    settings: [],
    unfit: withoutAttention,
    run(subject) {
      const { attributions, gap } = attentionRollout(weightsOf(subject));
      const note = 'Of all answers at once: it does not depend on what is explained.';
      return Promise.resolve(shares(subject, { method: this.title, question: this.about, note }, attributions, gap.abs().max().item(), 'sum of shares − 1'));
    },
  },
  {
    names: ['flow', 'attention-flow'],
    title: 'Attention flow',
    kinds,
    about: 'How much of each token can flow to the last vector?',
    settings: [],
    unfit: withoutAttention,
    async run(subject, { onProgress }) {
      const { attributions, gap } = await attentionFlow(weightsOf(subject), { positions: [placeOf(subject)], onProgress });
      const note = 'The most that could come through, one token at a time: these do not add up to 1.';
      return shares(subject, { method: this.title, question: this.about, note }, attributions, gap.abs().max().item(), 'smallest cut − flow');
    },
  },
  {
    names: ['logit-lens'],
    title: 'Logit lens',
    kinds,
    about: 'What would be said after each layer?',
    settings: [],
    unfit: withoutAttention,
    run(subject) {
      const { tokens, model } = textOf(subject);
      const { top, gap } = logitLens(layered(subject)!, [...textOf(subject).ids], { top: 1 });
      const flat = (t: Tensor): number[][] => t.reshape([t.shape[0], -1]).toArray() as number[][];
      const section: ExplanationSection = {
        method: this.title,
        question: this.about,
        facts: [{ label: 'gap to the model', value: short(gap ?? 0) }],
        note: 'The likeliest answer, read off by the last norm and head, to which earlier layers need not speak.',
        kind: 'grid',
        title: 'the likeliest answer and its probability',
        rows: Array.from({ length: top.tokens.shape[0] }, (_, layer) => (layer === 0 ? 'embeddings' : `layer ${layer}`)),
        columns: model instanceof BERTForClassification ? ['class'] : tokens,
        values: flat(top.probabilities),
        texts: flat(top.tokens).map((row) => row.map((id) => subject.label(id))),
        unit: 'probability',
      };
      return Promise.resolve({ sections: [section], numbers: { gap: gap ?? 0 } });
    },
  },
  {
    names: ['patching', 'activation-patching'],
    title: 'Activation patching',
    kinds,
    about: 'Through which vectors does the answer go?',
    settings: [],
    unfit: (subject) => withoutAttention(subject) ?? (textOf(subject).corrupted ? null : 'it needs --corrupt "…", a text of as many tokens that has another answer'),
    async run(subject, { onProgress }) {
      const { ids, corrupted, tokens, place } = textOf(subject);
      const model = layered(subject)!;
      const logitsOf = (y: Tensor): Tensor => (y.ndim === 3 ? y.select(1, place) : y);
      const metric = (y: Tensor): Tensor => logitsOf(y).select(1, subject.targetIndex);
      const { attributions, clean, corrupted: other, gap } = await activationPatching(model, [...ids], [...corrupted!], metric, { onProgress });
      const values = attributions.select(0, 0).toArray() as number[][];
      const section: ExplanationSection = {
        method: this.title,
        question: this.about,
        facts: [
          { label: `logit of ${subject.target}, clean and corrupted`, value: `${short(clean.item())}, ${short(other.item())}` },
          { label: 'gap', value: short(gap.abs().max().item()) },
        ],
        note: 'The share of the clean answer that comes back when one vector of the corrupted run is replaced by that of the clean one: 1 is all.',
        kind: 'grid',
        title: 'what comes back',
        rows: values.map((_, layer) => (layer === 0 ? 'embeddings' : `layer ${layer}`)),
        columns: tokens.map((token, t) => (ids[t] === corrupted![t] ? token : `${token}*`)),
        values,
        unit: 'share of the clean answer',
      };
      return { sections: [section], numbers: { gap: gap.abs().max().item() } };
    },
  },
  {
    names: ['generation', 'generation-attributions'],
    title: 'Where each generated token comes from',
    kinds,
    about: 'What of the prompt, and of what was written, made each token?',
    settings: ['tokens', 'steps'],
    unfit: (subject) => (textOf(subject).model instanceof GPT ? null : 'it is for models that write on'),
    async run(subject, options) {
      const { ids, tokens, left } = textOf(subject);
      const model = textOf(subject).model as GPT;
      const { tokens: most = TOKENS } = options.said('tokens');
      const maxNewTokens = Math.min(most, model.blockSize - ids.length + 1);
      const generated = generate(model, [...ids], { maxNewTokens, temperature: 0 }).slice(ids.length);
      const { onProgress } = options;
      const { attributions, gap } = await generationAttributions(model, ids, generated, { baselineTokens: left, ...options.said('steps'), onProgress });
      const rows = attributions.toArray() as number[][];
      const section: ExplanationSection = {
        method: this.title,
        question: this.about,
        facts: [{ label: 'largest gap', value: short(gap.abs().max().item()) }],
        note: 'The likeliest tokens are written; shares are of the logarithm of their probability, by integrated gradients over embeddings.',
        kind: 'generated',
        prompt: tokens,
        generated: generated.map((id) => textOf(subject).name(id)),
        attributions: rows.map((row, i) => row.slice(0, ids.length + i)),
        unit: 'log-probability',
      };
      return { sections: [section], numbers: { gap: gap.abs().max().item() } };
    },
  },
]; // prettier-ignore
