/** Which training rows a prediction comes from: methods of `adjoint explain` that need the data of the run. */
import { tensor } from '../create.ts';
import { influence, tracIn } from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import type { Tensor } from '../tensor.ts';
import { short, signed, type Item } from './explainPrint.ts';
import type { Answer, Kind, Method, Options, Rows, Subject } from './explainSubject.ts';
import { withoutRows } from './explainTables.ts';

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
]; // prettier-ignore

/** A residual of more than this is told as large. */
const LARGE = 0.1;
