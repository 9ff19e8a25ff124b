/** The methods of `adjoint explain` that give each feature a number, of pictures, tables and text alike. */
import { noGrad } from '../engine.ts';
import {
  blendedIntegratedGradients,
  deconvolution,
  deepLift,
  deepShap,
  expectedGradients,
  featureAblation,
  guidedBackprop,
  inputXGradient,
  integratedGradients,
  kernelShap,
  limeGroups,
  lrp,
  partitionShap,
  permutationShap,
  saliency,
  shapley,
  smoothGrad,
  varGrad,
} from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import type { Tensor } from '../tensor.ts';
import { short } from './explainPrint.ts';
import type { Kind, Method, Options, Subject, View } from './explainSubject.ts';

/** What a method of adjoint/explain gives back. */
interface Law {
  readonly attributions: Tensor;
  /** By how much the attributions miss their sum. */
  readonly gap?: Tensor;
  /** What they start from. */
  readonly expected?: Tensor;
  /** How well a linear model fits. */
  readonly rSquared?: Tensor;
  readonly intercept?: Tensor;
}

interface Row {
  readonly names: Method['names'];
  readonly title: string;
  readonly about: string;
  /** How to read it, or how it misleads. */
  readonly note: string;
  readonly settings?: readonly string[];
  /** What comes back are slopes, and not shares of the output. */
  readonly isSlope?: boolean;
  readonly kinds?: readonly Kind[];
  /** Features are finer than those of the view from outside. */
  readonly isFine?: boolean;
  /** The attributions account for a part of the output, by a law of their own. */
  readonly isPart?: boolean;
  /** The attributions account for all of the output, not for what a baseline leaves of it. */
  readonly fromNothing?: boolean;
  /** What to do where the gap is large. */
  readonly ifLarge?: string;
  unfit?(subject: Subject): string | null;
  of(this: void, view: View, options: Options): Law | Promise<Law>;
}

const everywhere: readonly Kind[] = ['pictures', 'tables', 'text'];

/** A gap of more than this share of what there is to account for is told as large. */
const LARGE = 0.05;
/** A linear fit of less than this R² is told as poor. */
const POOR = 0.5;

/** What a law says of attributions that should add up to `due`, as facts, numbers and, where it is missed by much, a warning. */
export function judged({ gap, rSquared }: Law, due: number, unit: string, ifLarge = ''): { facts: { label: string; value: string }[]; numbers: Record<string, number>; warning: string } {
  const facts: { label: string; value: string }[] = [];
  const numbers: Record<string, number> = {};
  let warning = '';
  if (gap) {
    numbers['gap'] = gap.item();
    numbers['sum'] = due + numbers['gap'];
    facts.push({ label: 'sum', value: `${short(numbers['sum'])} ${unit}` }, { label: 'gap', value: short(numbers['gap']) });
    const share = Math.abs(numbers['gap'] / due);
    if (share > LARGE && Math.abs(numbers['gap']) > 1e-3) {
      warning = `⚠ The gap is ${(100 * share).toFixed(0)} % of the ${short(due)} to account for: ${ifLarge}. `;
    }
  }
  if (rSquared) {
    numbers['rSquared'] = rSquared.item();
    facts.push({ label: 'R²', value: numbers['rSquared'].toFixed(3) });
    if (numbers['rSquared'] < POOR) warning = `⚠ R² is ${numbers['rSquared'].toFixed(2)}: no linear model is like this one here. `;
  }
  return { facts, numbers, warning };
} // prettier-ignore

/** A row of the table of methods, from what differs between such methods. */
function attributing(which: 'inside' | 'outside', row: Row): Method {
  const { names, title, about, note, kinds = everywhere } = row;
  const settings = [...(row.settings ?? []), ...(which === 'outside' && !row.isFine ? ['segments'] : [])];
  return {
    names,
    title,
    about,
    settings,
    kinds,
    unfit(subject) {
      if (subject[which] === null) return 'the model has nothing to differentiate by';
      return row.unfit?.(subject) ?? null;
    },
    async run(subject, options) {
      const view = subject[which]!;
      const law = await row.of(view, options);
      const features = row.isSlope ? view.slopes(law.attributions) : view.features(law.attributions);
      const [output, empty] = noGrad(() => [view.x, view.baseline].map((z) => view.f(z).item()));
      const base = law.expected?.item() ?? law.intercept?.item() ?? (row.fromNothing ? 0 : empty);
      const due = row.isPart ? law.attributions.sum().sub(law.gap!).item() : output - base;
      const { facts, numbers, warning } = judged(law, due, subject.unit, row.ifLarge);
      const head = { method: title, question: about, facts, note: `${warning}${note}` };
      const section = { ...head, ...subject.body(features, row.isSlope || row.isPart ? undefined : { base, output }) } as ExplanationSection;
      return { sections: [section], numbers: { ...numbers, ...(!row.isPart && { base, output }) }, features, items: (row.isFine ? (subject.inside ?? view) : view).items(features) };
    },
    attribute: { view: which, isSlope: row.isSlope ?? false, of: async (view, options) => (await row.of(view, options)).attributions },
  };
} // prettier-ignore

/** A method that differentiates. */
export const inside = (row: Row): Method => attributing('inside', row);
/** A method that leaves features out. */
export const outside = (row: Row): Method => attributing('outside', row);

const slopeNote = 'A slope at this one point: it need not add up to anything, and is 0 where the model is saturated.';
const sumNote = 'Above 0 speaks for it, below 0 against it.';
/** What the methods from outside have in common. */
const game = async (view: View, o: Options) => ({
  background: await view.background(o),
  onProgress: o.onProgress,
  ...(view.featureMask && { featureMask: view.featureMask }),
});
/** How many features or groups the outside view has. */
const players = ({ outside: { x, featureMask } }: Subject): number =>
  featureMask ? featureMask.max().item() + 1 : x.numel();
const sampled = 'The sum is exact by construction; what sampling is off by is told by another --seed.';

export const attributionMethods: readonly Method[] = [
  inside({
    names: ['saliency'],
    title: 'Saliency',
    about: 'What would change the output most, changed a little?',
    note: slopeNote,
    isSlope: true,
    of: ({ f, x }) => saliency(f, x),
  }),
  inside({
    names: ['ixg', 'input-x-gradient'],
    title: 'Input × gradient',
    about: 'How much does each number bring in, were the model linear?',
    note: slopeNote,
    of: ({ f, x }) => inputXGradient(f, x),
  }),
  inside({
    names: ['smoothgrad'],
    title: 'SmoothGrad',
    about: 'What changes the output most, near here?',
    note: 'The mean slope at noisy copies.',
    settings: ['samples', 'noise'],
    isSlope: true,
    of: ({ f, x }, o) => smoothGrad(f, x, { ...o.said('samples', 'noise'), generator: o.generator() }),
  }),
  inside({
    names: ['vargrad'],
    title: 'VarGrad',
    about: 'Where does the slope change from place to place?',
    note: 'The variance of the slope at noisy copies: it has no sign.',
    settings: ['samples', 'noise'],
    isSlope: true,
    of: ({ f, x }, o) => varGrad(f, x, { ...o.said('samples', 'noise'), generator: o.generator() }),
  }),
  inside({
    names: ['ig', 'integrated-gradients'],
    title: 'Integrated gradients',
    about: "What made the output differ from the baseline's?",
    note: sumNote,
    settings: ['steps'],
    ifLarge: 'take more places, as --set steps=200',
    of: ({ f, x, baseline }, o) => integratedGradients(f, x, { baseline, batchSize: 256, ...o.said('steps') }),
  }),
  inside({
    names: ['expected-gradients', 'gradient-shap', 'eg'],
    title: 'Expected gradients',
    about: 'What made the output differ from what is usual?',
    note: `${sumNote} The mean of integrated gradients over baselines from the background.`,
    settings: ['samples', 'rows'],
    ifLarge: 'draw more, as --samples 2000',
    of: async (view, o) => expectedGradients(view.f, view.x, { background: await view.background(o), ...o.said('samples'), generator: o.generator() }),
  }),
  inside({
    names: ['blended-ig'],
    title: 'Blended integrated gradients',
    about: 'What made the output differ from what is usual, without chance?',
    note: `${sumNote} The mean of integrated gradients from every row of the background.`,
    settings: ['steps', 'rows'],
    ifLarge: 'take more places, as --set steps=200',
    of: async (view, o) => blendedIntegratedGradients(view.f, view.x, { background: await view.background(o), batchSize: 20, ...o.said('steps') }),
  }),
  inside({
    names: ['lrp'],
    title: 'Layer-wise relevance propagation',
    about: 'Where does the output come from, handed down op by op?',
    note: sumNote,
    settings: ['epsilon', 'gamma'],
    ifLarge: 'biases, normalization and softmax have kept it',
    fromNothing: true,
    of: ({ f, x }, o) => lrp(f, x, o.said('epsilon', 'gamma')),
  }),
  inside({
    names: ['deeplift'],
    title: 'DeepLIFT',
    about: "What made the output differ from the baseline's, handed down op by op?",
    note: sumNote,
    ifLarge: 'it was lost at ops that have only their slope, as softmax and normalization',
    of: ({ f, x, baseline }) => deepLift(f, x, { baseline }),
  }),
  inside({
    names: ['deep-shap'],
    title: 'Deep SHAP',
    about: 'What made the output differ from what is usual, handed down op by op?',
    note: `${sumNote} The mean of DeepLIFT over the rows of the background.`,
    settings: ['rows'],
    ifLarge: 'it was lost at ops that have only their slope, as softmax and normalization',
    of: async (view, o) => deepShap(view.f, view.x, { background: await view.background(o) }),
  }),
  inside({
    names: ['guided', 'guided-backprop'],
    title: 'Guided backpropagation',
    about: 'What of the input speaks for the output?',
    note: 'Sharp, but nearly the picture of an edge detector: it hardly depends on what was learned.',
    kinds: ['pictures', 'tables'],
    isSlope: true,
    of: ({ f, x }) => guidedBackprop(f, x),
  }),
  inside({
    names: ['deconv', 'deconvolution'],
    title: 'Deconvolution',
    about: 'What of the input speaks for the output?',
    note: 'It hardly depends on what was learned.',
    kinds: ['pictures', 'tables'],
    isSlope: true,
    of: ({ f, x }) => deconvolution(f, x),
  }),
  outside({
    names: ['shap', 'kernel-shap'],
    title: 'Kernel SHAP',
    about: 'What is each feature due, fairly?',
    note: `${sumNote} ${sampled}`,
    settings: ['samples'],
    of: async (view, o) => kernelShap(view.f, view.x, { ...(await game(view, o)), ...o.said('samples'), generator: o.generator() }),
  }),
  outside({
    names: ['permutation-shap'],
    title: 'Permutation SHAP',
    about: 'What is each feature due, fairly?',
    note: `${sumNote} ${sampled}`,
    settings: ['samples'],
    of: async (view, o) => permutationShap(view.f, view.x, { ...(await game(view, o)), ...o.said('samples'), generator: o.generator() }),
  }),
  outside({
    names: ['exact-shap', 'shapley'],
    title: 'Exact Shapley values',
    about: 'What is each feature due, fairly?',
    note: sumNote,
    unfit: (subject) => (players(subject) > 15 ? `there must be at most 15 features, and there are ${players(subject)}` : null),
    of: async (view, o) => shapley(view.f, view.x, await game(view, o)),
  }),
  outside({
    names: ['partition-shap', 'owen'],
    title: 'Partition SHAP',
    about: 'What is each part due, and within it each feature?',
    note: `${sumNote} Owen values over a hierarchy: neighbours, or columns that go along with each other, come together.`,
    settings: ['evals'],
    isFine: true,
    of: async (view, o) => {
      const { evals: maxEvals } = o.said('evals');
      return partitionShap(view.f, view.x, { ...(await game(view, o)), ...(await view.hierarchy!(o)), ...(maxEvals !== undefined && { maxEvals }) });
    },
  }),
  outside({
    names: ['lime'],
    title: 'LIME',
    about: 'Which linear model is like this one near here?',
    note: 'What each feature adds when it is there, in a linear model of copies with some of them left out.',
    settings: ['samples', 'width', 'ridge'],
    of: async (view, o) => limeGroups(view.f, view.x, { ...(await game(view, o)), ...o.said('samples', 'width', 'ridge'), generator: o.generator() }),
  }),
  outside({
    names: ['ablation', 'feature-ablation'],
    title: 'Feature ablation',
    about: 'What is lost without this?',
    note: 'Where either of two features is enough, neither is missed.',
    of: ({ f, x, baseline, featureMask }, o) => featureAblation(f, x, { baseline, ...(featureMask && { featureMask }), onProgress: o.onProgress }),
  }),
]; // prettier-ignore
