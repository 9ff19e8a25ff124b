/** Inputs near the one that is explained, for which the model says something else: methods of `adjoint explain`. */
import { tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import { counterfactual, fgsm, pgd, type Adversarial, type Model } from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import type { Tensor } from '../tensor.ts';
import { pixelsOf } from './explainPictures.ts';
import { short } from './explainPrint.ts';
import { columnsIn } from './explainTables.ts';
import type { Method, Options, Subject } from './explainSubject.ts';

/** What the model says of a picture: the likeliest class, and how sure it is. */
function said({ outputs, label }: Subject, x: Tensor): string {
  const { values, indices } = noGrad(() => outputs(x))
    .softmax(1)
    .max(1);
  return `${label(indices.item())} ${(100 * values.item()).toFixed(1)} %`;
}

/** A picture, the other one, and what was changed. */
function pictures(
  subject: Subject,
  head: Pick<ExplanationSection, 'method' | 'question' | 'facts' | 'note'>,
  other: Tensor,
): ExplanationSection {
  const { x } = subject.inside!;
  const change = other.sub(x);
  return {
    ...head,
    kind: 'pictures',
    unit: 'change of a pixel',
    items: [
      { ...pixelsOf(x.select(0, 0)), caption: `as it is: ${said(subject, x)}` },
      { ...pixelsOf(other.select(0, 0)), caption: `changed: ${said(subject, other)}` },
      { ...pixelsOf(x.select(0, 0)), caption: 'what was changed', attributions: subject.inside!.features(change) },
    ],
  };
}

/** By how much another class is to lead in a counterfactual, as a difference of logits. */
const MARGIN = 0.1;

/** The likeliest output that is not the target. */
function strongestBut({ outputs, inside, targetIndex }: Subject): number {
  const logits = noGrad(() => outputs(inside!.x)).toTypedArray();
  logits[targetIndex] = -Infinity;
  return logits.indexOf(Math.max(...logits));
}

/** The largest change of a pixel is this, in units of 0 to 1, if nothing is said. */
const EPSILON = 0.1;

const attack = (names: Method['names'], title: string, settings: readonly string[], of: (f: Model, x: Tensor, o: Options, epsilon: number) => Adversarial): Method => ({
  names,
  title,
  kinds: ['pictures'],
  about: 'How little does it take to be wrong?',
  settings,
  run(subject, options) {
    const { epsilon = EPSILON } = options.said('epsilon');
    const { x } = subject.inside!;
    const sure: Model = (z) => subject.outputs(z).logSoftmax(1).select(1, subject.targetIndex);
    const { adversarial, before, after } = of(sure, x, options, epsilon);
    const facts = [
      { label: 'each pixel by at most', value: short(epsilon) },
      { label: `probability of ${subject.target}`, value: `${short(Math.exp(before.item()))} → ${short(Math.exp(after.item()))}` },
    ];
    const note = 'That it does not become another class proves nothing: only some of what is near was tried.';
    const numbers = { epsilon, before: before.item(), after: after.item() };
    return Promise.resolve({ sections: [pictures(subject, { method: title, question: this.about, facts, note }, adversarial)], numbers });
  },
}); // prettier-ignore

export const nearMethods: readonly Method[] = [
  attack(['fgsm'], 'Fast gradient sign method', ['epsilon'], (f, x, _, epsilon) => fgsm(f, x, { epsilon, range: [0, 1] })),
  attack(['pgd'], 'Projected gradient descent', ['epsilon', 'steps'], (f, x, o, epsilon) => pgd(f, x, { epsilon, range: [0, 1], ...o.said('steps') })),
  {
    names: ['counterfactual'],
    title: 'Counterfactual',
    kinds: ['pictures', 'tables'],
    about: 'What would have had to be different?',
    settings: ['steps', 'goal'],
    unfit: (subject) => {
      return subject.kind === 'pictures' || columnsIn(subject).some(({ scale }) => scale) ? null : 'no column is of numbers';
    },
    run(subject, options) {
      const { x, f, baseline } = subject.inside!;
      const isTable = subject.kind === 'tables';
      // Of classes, the strongest other one is to come out on top; a value is to be what it is for the baseline.
      const { goal = subject.isValue ? noGrad(() => f(baseline)).item() : MARGIN } = options.said('goal');
      const other = subject.isValue ? 0 : strongestBut(subject);
      const lead: Model = (z) => subject.outputs(z).select(1, other).sub(subject.outputs(z).select(1, subject.targetIndex));
      // Numbers may change, and texts may not.
      const scale = isTable ? tensor(columnsIn(subject).flatMap(({ width, scale: number }) => Array<number>(width).fill(number ? 1 : 0))) : 1;
      const { counterfactual: found, gap, distance } = counterfactual(subject.isValue ? f : lead, x, { goal, scale, ...options.said('steps') });
      const miss = gap.item();
      const isReached = subject.isValue ? Math.abs(miss) <= 0.01 * Math.abs(goal) : miss > -MARGIN;
      const facts = [
        { label: subject.isValue ? 'goal' : 'instead', value: subject.isValue ? `${subject.target} ${short(goal)}` : subject.label(other) },
        { label: 'gap', value: short(miss) },
        { label: 'distance', value: short(distance.item()) },
      ];
      const warning = isReached ? '' : '⚠ The goal was not reached: take more --set steps. ';
      const note = `${warning}${isTable ? 'Changes are in standard deviations; texts stay.' : 'Pixels may leave what a picture can have.'} It is a near point, found by slopes; others may be nearer.`;
      const numbers = { goal, gap: miss, distance: distance.item() };
      const head = { method: this.title, question: this.about, facts, note };
      if (!isTable) return Promise.resolve({ sections: [pictures(subject, head, found)], numbers });
      const [here, there] = [x, found].map((row) => row.flatten().toTypedArray());
      const items = columnsIn(subject).flatMap(({ name, from, scale: unit }) => {
        if (!unit) return [];
        const [a, b] = [here, there].map((row) => row[from] * unit.std + unit.mean);
        return [{ name, value: `${short(a)} → ${short(b)}`, attribution: there[from] - here[from] }];
      });
      return Promise.resolve({ sections: [{ ...head, kind: 'features', features: items, unit: 'standard deviations' }], numbers, items });
    },
  },
]; // prettier-ignore
