/** Inside a model, for `adjoint explain`: where it is cut in two, and the methods that tell what goes through the cut. */
import { zeros } from '../create.ts';
import { layerConductance, neuronConductance, type Model } from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import { CNN, MLP, ResNet } from '../models/index.ts';
import type { Tensor } from '../tensor.ts';
import { inside, judged } from './explainAttributions.ts';
import type { Item } from './explainPrint.ts';
import type { Method, Subject, View } from './explainSubject.ts';
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
]; // prettier-ignore
