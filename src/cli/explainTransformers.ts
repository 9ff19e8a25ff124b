/** The methods of `adjoint explain` that look into transformers: where attention looks, what layers say, where an answer goes through. */
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
import { BERTForClassification, generate, GPT, type BERT, type BERTForMaskedLM } from '../models/index.ts';
import type * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { short } from './explainPrint.ts';
import type { Answer, Method, Options } from './explainSubject.ts';
import { UsageError } from './usage.ts';

/** A prediction of a transformer, token by token. */
export interface TransformerText {
  readonly model: GPT | BERTForMaskedLM | BERTForClassification;
  readonly ids: readonly number[];
  /** What tokens are called. */
  readonly name: (id: number) => string;
  /** What outputs are called. */
  readonly label: (output: number) => string;
  /** The position behind the last layer that is read. */
  readonly position: number;
  /** What stands in for a token that is left out. */
  readonly left: number;
  /** As many tokens with another answer: --corrupted. Null if none were given. */
  readonly corrupted: readonly number[] | null;
  /** From logits [N, T, V] or [N, classes] to the explained number of each, [N]. */
  readonly measure: (logits: Tensor) => Tensor;
}

const list = (x: Tensor): number[] => [...x.toTypedArray()];
const matrix = (x: Tensor): number[][] => x.toArray() as number[][];

const weightsOf = ({ model, ids }: TransformerText): Tensor[] => attentionWeights((x) => model.forward(x), tensor([[...ids]])); // prettier-ignore

/** What of a text has come to the position that is read, token by token. */
function shares(heading: Pick<ExplanationSection, 'method' | 'question' | 'note'>, { ids, name }: TransformerText, row: readonly number[], facts: { label: string; value: string }[], numbers: Record<string, number>): Answer {
  const tokens = ids.map((id, t) => ({ text: name(id), attribution: row[t] }));
  const items = tokens.map(({ text, attribution }, t) => ({ name: JSON.stringify(text), value: `token ${t + 1}`, attribution }));
  return { sections: [{ ...heading, kind: 'tokens', tokens, unit: 'share', facts }], numbers, items };
} // prettier-ignore

/** Where the layers of a model stand: tokens, then layer by layer. */
const stages = (model: LayeredModel): string[] => ['tokens', ...model.layers.map((_, l) => `layer ${l + 1}`)];

/** The last product of each attention, whose input is what heads found. */
const outputs = (model: TransformerText['model']): nn.Linear[] => {
  const inBert = ({ encoder }: BERT): nn.Linear[] => encoder.layer.map(({ attention }) => attention.output.dense);
  return model instanceof GPT ? model.h.map(({ attn }) => attn.c_proj) : inBert(model.bert);
};

type Row = Omit<Method, 'kinds' | 'unfit' | 'run'> & {
  readonly note: string;
  /** Why it cannot be had of this text; null if it can. */
  unfit?(text: TransformerText): string | null;
  of(text: TransformerText, heading: Pick<ExplanationSection, 'method' | 'question' | 'note'>, options: Options): Answer | Promise<Answer>;
}; // prettier-ignore

const rows: readonly Row[] = [
  {
    names: ['attention'],
    title: 'Attention',
    about: 'Where does each head look?',
    note: 'How much of what a token reads comes from which token. A head may look at a token and take nothing of it.',
    settings: [],
    of: (text, heading) => {
      const layers = weightsOf(text).map((layer) => layer.select(0, 0).toArray() as number[][][]);
      return { sections: [{ ...heading, kind: 'attention', tokens: text.ids.map(text.name), layers }], numbers: {} };
    },
  },
  {
    names: ['rollout', 'attention-rollout'],
    title: 'Attention rollout',
    about: 'Which tokens have come to where the answer is read, if layers only mix?',
    note: 'Shares sum to 1. The same whatever is answered: it knows where heads look, not what they take.',
    settings: [],
    of: (text, heading) => {
      const { attributions, gap } = attentionRollout(weightsOf(text));
      const missed = gap.select(1, text.position).item();
      const facts = [{ label: 'gap', value: short(missed) }];
      return shares(heading, text, list(attributions.select(1, text.position)), facts, { gap: missed });
    },
  },
  {
    names: ['flow', 'attention-flow'],
    title: 'Attention flow',
    about: 'How much can come from each token to where the answer is read?',
    note: 'From 0 to 1, each token for itself, so that shares do not add up. It knows where heads look, not what they take.',
    settings: [],
    of: async (text, heading, { onProgress }) => {
      const { attributions, gap } = await attentionFlow(weightsOf(text), { positions: [text.position], onProgress });
      const missed = gap.abs().max().item();
      const facts = [{ label: 'gap to the smallest cut', value: short(missed) }];
      return shares(heading, text, list(attributions.select(1, text.position)), facts, { gap: missed });
    },
  },
  {
    names: ['lens', 'logit-lens'],
    title: 'Logit lens',
    about: 'What would it say if it stopped at this layer?',
    note: 'The likeliest answer at each position behind each layer, and how likely it is. Early layers may know more than the head can read.',
    settings: [],
    of: ({ model, ids, name, label, position }, heading) => {
      const { probabilities, top, kl, gap } = logitLens(model, ids, { top: 1 });
      const isClassifier = model instanceof BERTForClassification;
      const values = matrix((isClassifier ? probabilities : top.probabilities).flatten(1));
      const texts = matrix(top.tokens.flatten(1)).map((row) => row.map((token) => JSON.stringify(label(token))));
      const columns = isClassifier ? values[0].map((_, c) => label(c)) : ids.map((id) => JSON.stringify(name(id)));
      const left = list(isClassifier ? kl.select(1, 0) : kl.select(1, 0).select(1, position));
      const facts = [{ label: 'KL to the end, nats', value: left.map(short).join(' → ') }, { label: 'gap', value: short(gap!) }];
      const title = isClassifier ? 'Classes, layer by layer' : 'The likeliest token, layer by layer';
      return {
        sections: [{ ...heading, kind: 'grid', title, rows: stages(model), columns, values, ...(!isClassifier && { texts }), unit: 'probability', facts }],
        numbers: { gap: gap! },
      };
    },
  },
  {
    names: ['patching', 'activation-patching'],
    title: 'Activation patching',
    about: 'Through which place does the answer go?',
    note: 'How much of the answer comes back when one place of a run on the corrupted text has what it had on the clean one: 0 nothing, 1 all.',
    settings: [],
    unfit: ({ corrupted }) => (corrupted === null ? 'it needs --corrupted "…", a text of as many tokens with another answer' : null),
    of: async ({ model, ids, name, corrupted, measure }, heading, { onProgress }) => {
      const columns = ids.map((id, t) => (id === corrupted![t] ? JSON.stringify(name(id)) : `${JSON.stringify(name(id))} for ${JSON.stringify(name(corrupted![t]))}`));
      const patched = (options: object) => activationPatching(model, ids, corrupted!, measure, { ...options, onProgress });
      const stream = await patched({});
      const heads = model.config.nHead;
      const found = await patched({ modules: outputs(model), part: 'input', heads });
      const [clean, worse, gap] = [stream.clean.item(), stream.corrupted.item(), stream.gap.abs().max().item()];
      const facts = [{ label: 'clean', value: short(clean) }, { label: 'corrupted', value: short(worse) }, { label: 'gap', value: short(gap) }];
      const grid = { ...heading, kind: 'grid', columns, unit: 'share that comes back' } as const;
      const named = model.layers.flatMap((_, l) => Array.from({ length: heads }, (_, h) => `L${l + 1} head ${h + 1}`));
      return {
        sections: [
          { ...grid, title: 'The stream behind each layer', rows: stages(model), values: matrix(stream.attributions.select(0, 0)), facts },
          { ...grid, method: `${heading.method}: heads`, title: 'What each head found', rows: named, values: matrix(found.attributions.select(0, 0).flatten(0, 1)) },
        ],
        numbers: { clean, corrupted: worse, gap },
      };
    },
  },
  {
    names: ['generation', 'generation-attributions'],
    title: 'Shares of what it writes',
    about: 'Which tokens made it write each token?',
    note: 'Integrated gradients over embeddings of the logarithm of each token’s probability, written by always taking the likeliest.',
    settings: ['tokens', 'steps'],
    unfit: ({ model }) => (model instanceof GPT ? null : 'the model writes no text'),
    of: async ({ model, ids, name, left }, heading, options) => {
      const { tokens: maxNewTokens = 8 } = options.said('tokens');
      const gpt = model as GPT;
      const most = gpt.blockSize - maxNewTokens + 1;
      if (most < 1) throw new UsageError(`--set tokens must be at most ${gpt.blockSize}, what the model sees at once, got ${maxNewTokens}`);
      const prompt = ids.slice(-most);
      const generated = generate(gpt, prompt, { maxNewTokens, temperature: 0 }).slice(prompt.length);
      const { attributions, gap } = await generationAttributions(gpt, prompt, generated, { baselineTokens: left, onProgress: options.onProgress, ...options.said('steps') });
      const triangle = matrix(attributions).map((row, g) => row.slice(0, prompt.length + g));
      const missed = gap.abs().max().item();
      const [before, after] = [prompt, generated].map((list) => list.map(name));
      const facts = [{ label: 'largest gap', value: short(missed) }];
      return {
        sections: [{ ...heading, kind: 'generated', prompt: before, generated: after, attributions: triangle, unit: 'log-probability', facts }],
        numbers: { gap: missed },
      };
    },
  },
]; // prettier-ignore

export const transformerMethods: readonly Method[] = rows.map((row) => ({
  ...row,
  kinds: ['text'],
  unfit: ({ transformer }) => (transformer ? (row.unfit?.(transformer) ?? null) : 'the model has no attention'),
  run: async (subject, options) =>
    row.of(subject.transformer!, { method: row.title, question: row.about, note: row.note }, options),
}));
