/** Inside a model, for `adjoint explain`: where it is cut in two, and the methods that tell what goes through the cut. */
import { ValueError } from '../array/errors.ts';
import { tensor, zeros } from '../create.ts';
import { layerConductance, neuronConductance, tcav, type Model } from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import { CNN, MLP, ResNet } from '../models/index.ts';
import type { Tensor } from '../tensor.ts';
import { inside, judged } from './explainAttributions.ts';
import { short, type Item } from './explainPrint.ts';
import { withoutRows, type Method, type Subject, type View } from './explainSubject.ts';
import type { Net } from './recipes.ts';

/** A model cut in two: at the last layer that gives planes, or behind an MLP's first hidden layer. Null where there is none. */
export function layerOf(model: Net): View['layer'] | null {
  if (model instanceof MLP && model.layers.length > 1) {
    const see = (hook: Hook): (() => void) => model.layers[1].registerForwardPreHook((_module, [h]) => hook(h as Tensor));
    return { ...cutAt(model, see, [model.config.sizes[0]]), kind: 'unit' };
  }
  const layer = model instanceof CNN ? model.conv2 : model instanceof ResNet ? model.layer3.at(-1)! : null;
  if (layer === null) return null;
  const see = (hook: Hook): (() => void) => layer.registerForwardHook((_module, _inputs, planes) => hook((planes as Tensor).relu())); // which comes next, if it has not come
  const { channels, size } = { size: 32, ...model.config } as { channels: number; size: number };
  return { ...cutAt(model, see, [channels, size, size]), kind: 'plane' };
} // prettier-ignore

type Hook = (h: Tensor) => Tensor | undefined;

/** The part of a model up to what a hook sees, and the part from there. */
function cutAt(
  model: Net,
  see: (hook: Hook) => () => void,
  single: readonly number[],
): { features: Model; head: Model } {
  const hooked = (hook: Hook, x: Tensor): Tensor => {
    const remove = see(hook);
    try {
      return model.forward(x.reshape([x.shape[0], ...single]));
    } finally {
      remove();
    }
  };
  return {
    features: (x) => {
      let seen = x;
      hooked((h) => void (seen = h), x);
      return seen;
    },
    head: (h) => hooked(() => h, zeros([h.shape[0], ...single])), // what comes before is computed of nothing, and thrown away
  };
}

const withoutLayer = ({ inside: view }: Subject): string | null =>
  view?.layer ? null : 'the model has no layer to look into';

/** Sets of random pictures against which a concept is held. */
const SETS = 6;

/** What went through each plane or hidden unit. */
function perNeuron({ layer }: View, conductance: Tensor): Item[] {
  const sums = layer!.kind === 'plane' ? conductance.sum([2, 3]) : conductance;
  return Array.from(sums.flatten().toTypedArray(), (attribution, i) => ({
    name: `${layer!.kind} ${i + 1}`,
    attribution,
  }));
}

export const layerMethods: readonly Method[] = [
  {
    names: ['conductance', 'layer-conductance'],
    title: 'Layer conductance',
    kinds: ['pictures', 'tables'],
    about: 'Through which planes or hidden units did the difference from the baseline go?',
    settings: ['steps'],
    unfit: withoutLayer,
    run(subject, options) {
      const view = subject.inside!;
      const { f, x, baseline, layer } = view;
      const law = layerConductance(layer!.features, layer!.head, x, { baseline, batchSize: 64, ...options.said('steps') });
      const [output, base] = [x, baseline].map((z) => f(z).item());
      const { facts, numbers, warning } = judged(law, output - base, subject.unit, 'take more places, as --set steps=200');
      const items = perNeuron(view, law.attributions);
      const section: ExplanationSection = {
        method: this.title,
        question: this.about,
        facts,
        note: `${warning}The largest are those that this prediction leans on.`,
        kind: 'features',
        features: items.map(({ name, attribution }) => ({ name, value: '', attribution })),
        base,
        output,
        unit: subject.unit,
      };
      return Promise.resolve({ sections: [section], numbers, features: Float64Array.from(items, ({ attribution }) => attribution), items });
    },
  },
  inside({
    names: ['neuron-conductance'],
    title: 'Neuron conductance',
    about: 'Of what went through the neuron that had the largest share, what came from where?',
    note: 'The gap is to the conductance of that neuron.',
    kinds: ['pictures', 'tables'],
    settings: ['steps'],
    unfit: withoutLayer,
    isPart: true,
    of({ x, baseline, layer }, options) {
      const said = { baseline, batchSize: 64, ...options.said('steps') };
      const through = layerConductance(layer!.features, layer!.head, x, said).attributions;
      let at = through.abs().flatten().argmax(0).item();
      const neuron = through.shape.slice(1).reduceRight<number[]>((place, size) => {
        const here = at % size;
        at = Math.floor(at / size);
        return [here, ...place];
      }, []);
      return neuronConductance(layer!.features, layer!.head, x, { ...said, neuron });
    },
  }),
  {
    names: ['tcav'],
    title: 'Concept activation vectors',
    kinds: ['pictures'],
    about: 'Does the score of the class rise towards the concept?',
    settings: ['rows'],
    unfit: (subject) => withoutLayer(subject) ?? withoutRows(subject) ?? (subject.concept ? null : 'it needs --concept DIR, a folder with pictures that show the concept'),
    once: true,
    async run(subject, options) {
      const { layer } = subject.inside!;
      const { x, y } = await subject.trainingRows!(options);
      const of = Array.from(y.toTypedArray(), (label, i) => (label === subject.targetIndex ? i : -1)).filter((i) => i >= 0);
      const each = Math.floor(x.shape[0] / SETS);
      if (each < 3 || of.length === 0) throw new ValueError('tcav', `there must be ${3 * SETS} training rows, and some of ${subject.target}`, `${x.shape[0]}, ${of.length} of ${subject.target}`, 'take more --set rows');
      const random = Array.from({ length: SETS }, (_, s) => x.narrow(0, s * each, each));
      const { score, scores, randomScores, pValue, accuracy } = tcav(layer!.features, layer!.head, x.indexSelect(0, tensor(of)), { concept: subject.concept!, random });
      const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
      const items = [{ name: 'towards the concept', attribution: score }, { name: 'towards random pictures', attribution: mean(randomScores) }];
      const warning = pValue < 0.05 ? '' : '⚠ No different from random pictures: it tells nothing. ';
      const section: ExplanationSection = {
        method: this.title,
        question: this.about,
        facts: [{ label: 'score', value: short(score) }, { label: 'p', value: short(pValue) }, { label: 'accuracy of the vectors', value: short(accuracy) }],
        note: `${warning}The share of ${of.length} training pictures of ${subject.target} whose score rises along the concept's direction, the mean over ${scores.length} sets of random pictures.`,
        kind: 'features',
        features: items.map((item) => ({ ...item, value: '' })),
        unit: 'share',
      };
      return { sections: [section], numbers: { score, pValue, accuracy }, items };
    },
  },
]; // prettier-ignore
