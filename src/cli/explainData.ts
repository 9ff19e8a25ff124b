/** Which training rows a prediction comes from: methods of `adjoint explain` that need the data of the run. */
import { tensor } from '../create.ts';
import { criticisms, influence, prototypes, tracIn } from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import type { Tensor } from '../tensor.ts';
import { short, signed, type Item } from './explainPrint.ts';
import {
  withoutRows,
  type Answer,
  type Kind,
  type Method,
  type Options,
  type Rows,
  type Subject,
} from './explainSubject.ts';

/** So many rows on either side are shown. */
const SHOWN = 6;
const kinds: readonly Kind[] = ['pictures', 'tables'];

/** What is asked of training rows: the loss of the explained row, taken for the target, or of a value that it is high; and their own losses. */
function losses({ outputs, inside, isValue, targetIndex }: Subject, { x, y, loss }: Rows): { test: () => Tensor; train: (row: number) => Tensor } {
  const { f, x: at } = inside!;
  return {
    test: () => (isValue ? f(at).neg() : loss(outputs(at), tensor([targetIndex]))),
    train: (row) => loss(outputs(x.narrow(0, row, 1)), y.narrow(0, row, 1)),
  };
} // prettier-ignore

const unitOf = ({ isValue, unit }: Subject): string => (isValue ? unit : 'loss');

const sense = ({ isValue, target }: Subject): string =>
  isValue ? `Above 0: the row raises the ${target}.` : `Above 0: the row helps, if ${target} is right.`;

/** The rows that helped most and that harmed most. */
function answer(
  head: Pick<ExplanationSection, 'method' | 'question' | 'note' | 'facts'>,
  rows: Rows,
  dues: Tensor,
  unit: string,
  numbers: Answer['numbers'],
): Answer {
  const all: Item[] = Array.from(dues.toTypedArray(), (attribution, i) => ({
    name: rows.name(i),
    value: rows.value(i),
    attribution,
  }));
  const order = all.map((_, i) => i).toSorted((a, b) => all[b].attribution - all[a].attribution);
  const ends = [...new Set([...order.slice(0, SHOWN), ...order.slice(-SHOWN)])];
  const items = ends.map((i) => all[i]);
  const { picture } = rows;
  const section: ExplanationSection = picture
    ? {
        ...head,
        kind: 'pictures',
        items: ends.map((i) => ({
          ...picture(i),
          caption: `${signed(all[i].attribution)}: ${rows.name(i)}, ${rows.value(i)}`,
        })),
      }
    : {
        ...head,
        kind: 'features',
        features: items.map(({ name, value = '', attribution }) => ({ name, value, attribution })),
        unit,
      };
  return { sections: [section], numbers, features: Float64Array.from(dues.toTypedArray()), items };
}

const answerIn = (sections: readonly ExplanationSection[], numbers: Answer['numbers'] = {}): Answer => ({
  sections,
  numbers,
});

export const dataMethods: readonly Method[] = [
  {
    names: ['tracin'],
    title: 'TracIn',
    kinds,
    about: 'Which training rows would, by one more step on them, help or harm most?',
    settings: ['rows'],
    unfit: withoutRows,
    async run(subject, options: Options) {
      const rows = await subject.trainingRows!(options);
      const { test, train } = losses(subject, rows);
      const dues = tracIn(test, train, rows.x.shape[0], subject.model.parameters());
      const facts = [{ label: 'training rows looked at', value: `${rows.x.shape[0]}` }];
      const note = `${sense(subject)} By a step on it from the last parameters, per unit of step size.`;
      return answer({ method: this.title, question: this.about, facts, note }, rows, dues, unitOf(subject), {});
    },
  },
  {
    names: ['influence'],
    title: 'Influence functions',
    kinds,
    about: 'What would the loss rise by, had a row not been trained on?',
    settings: ['rows', 'steps', 'damping'],
    unfit: withoutRows,
    async run(subject, options: Options) {
      const rows = await subject.trainingRows!(options);
      const { test, train } = losses(subject, rows);
      const { influence: dues, residual } = influence(test, train, rows.x.shape[0], subject.model.parameters(), { steps: 20, damping: 1, ...options.said('steps', 'damping') });
      const facts = [{ label: 'training rows looked at', value: `${rows.x.shape[0]}` }, { label: 'residual', value: short(residual) }];
      const warning = residual > LARGE ? `⚠ The equations are ${(100 * residual).toFixed(0)} % off: take more --set steps, or more --set damping. ` : '';
      const note = `${warning}${sense(subject)} To first order, as if only these rows had been trained on; trust it near a minimum.`;
      return answer({ method: this.title, question: this.about, facts, note }, rows, dues, unitOf(subject), { residual });
    },
  },
  {
    names: ['prototypes', 'criticisms'],
    title: 'Prototypes and criticisms',
    kinds,
    about: 'Which training rows stand for the others, and which do these leave out?',
    settings: ['rows'],
    unfit: withoutRows,
    once: true,
    async run(subject, options: Options) {
      const rows = await subject.trainingRows!(options);
      const alike = Array.from(rows.y.flatten().toTypedArray(), (y, i) => (subject.isValue || y === subject.targetIndex ? i : -1)).filter((i) => i >= 0);
      if (alike.length < 3) return answerIn([{ method: this.title, question: this.about, kind: 'text', text: `Only ${alike.length} of ${rows.x.shape[0]} training rows are of ${subject.target}: take more --set rows.` }]);
      const x = rows.x.indexSelect(0, tensor(alike));
      const { indices, mmd } = prototypes(x, Math.min(TYPICAL, alike.length - 2));
      const { indices: others, witness } = criticisms(x, indices, Math.min(TYPICAL, alike.length - indices.length));
      const list = (method: string, question: string, which: readonly number[], said: (at: number) => string): ExplanationSection => {
        const head = { method, question, facts: [{ label: 'training rows looked at', value: `${alike.length}` }] };
        const { picture } = rows;
        if (!picture) return { ...head, kind: 'text', text: which.map((i) => `${said(i)}${rows.name(alike[i])}, ${rows.value(alike[i])}`).join('\n') };
        return { ...head, kind: 'pictures', items: which.map((i) => ({ ...picture(alike[i]), caption: `${said(i)}${rows.name(alike[i])}` })) };
      };
      const of = subject.isValue ? 'the training rows' : `the training rows of ${subject.target}`;
      return answerIn([
        { ...list('Prototypes', `Which of ${of} stand for the others?`, indices, () => ''), note: `MMD² between all of these and the first 1, 2, …: ${mmd.map(short).join(', ')}. 0 if they stood for all.` },
        { ...list('Criticisms', 'Which do the prototypes leave out?', others, (i) => `${signed(witness[i])}: `), note: 'Above 0: there are more like it than the prototypes say; below 0: fewer.' },
      ], { mmd: mmd[mmd.length - 1] });
    },
  },
]; // prettier-ignore

/** So many prototypes and criticisms. */
const TYPICAL = 6;

/** A residual of more than this is told as large. */
const LARGE = 0.1;
