/** Predictions of rows of a table, for `adjoint explain`: a row as a subject, and the methods that only tables have. */
import { arange, tensor } from '../create.ts';
import type { Table } from '../data/index.ts';
import { noGrad } from '../engine.ts';
import {
  correlationHierarchy,
  halvingHierarchy,
  lime,
  partialDependence,
  permutationImportance,
  type Hierarchy,
  type Model,
} from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import type { MLP } from '../models/index.ts';
import { concat, type Tensor } from '../tensor.ts';
import { inside } from './explainAttributions.ts';
import { layerOf } from './explainLayers.ts';
import { short, type Item } from './explainPrint.ts';
import { withoutRows, type Answer, type Method, type Options, type Rows, type Subject } from './explainSubject.ts';
import { chooseClass, explained, type Scale } from './explainTarget.ts';
import { inputsOf, lossOf, parseRows, readRows, targetsOf, type TablePreprocessing } from './tableTask.ts';
import type { Plan } from './task.ts';
import { UsageError } from './usage.ts';

export interface TableChoices {
  /** A table with the rows; those that were held back if none. */
  readonly file: string | undefined;
  /** Which of its rows, from 1; all if none. */
  readonly rows: readonly number[];
  readonly target: string | undefined;
  readonly baseline: string;
  readonly scale: Scale;
}

export const tableBaselines = ['rows', 'mean', 'zero'] as const;

/** More rows than these are not explained at once. */
const MOST = 100;

/** A column of a table, and the numbers that it becomes. */
interface Column {
  readonly name: string;
  readonly from: number;
  readonly width: number;
  /** Of a column of numbers: what a standard deviation is, and where 0 is. */
  readonly scale: { readonly mean: number; readonly std: number } | null;
}

function columnsOf({ columns }: TablePreprocessing): Column[] {
  let from = 0;
  return columns.map((column) => {
    const width = column.kind === 'number' ? 1 : column.values.length;
    const scale = column.kind === 'number' ? { mean: column.mean, std: column.std } : null;
    return { name: column.name, from: (from += width) - width, width, scale };
  });
}

function cellOf(table: Table, name: string, row: number): string {
  const value = table.columns[name].values[row];
  if (value === null || Number.isNaN(value)) return 'missing';
  return typeof value === 'number' ? `${+value.toPrecision(4)}` : value;
}

/** The rows that are asked for, each as a subject. The plan says where those of the run are; null for a model without a run. */
export function rowSubjects(model: MLP, prepared: TablePreprocessing, plan: Plan | null, choices: TableChoices): OfTable[] {
  const run = plan && readRows(plan.data!, { ...plan.columns!, target: prepared.target.name }, plan.settings['seed']);
  const { file, rows } = choices;
  if (file === undefined && !run) throw new UsageError('--row: the folder is not of a run; name a table with --input');
  const table = file === undefined ? run!.heldBack : parseRows(file, prepared.columns);
  const wrong = rows.find((row) => row > table.length);
  if (wrong !== undefined) throw new UsageError(`--row must be from 1 to ${table.length}, got '${wrong}'`);
  if (table.length === 0) throw new UsageError(`--input ${file} must have a row, got none`);
  const which = rows.length > 0 ? rows.map((row) => row - 1) : Array.from({ length: table.length }, (_, i) => i);
  if (which.length > MOST) throw new UsageError(`--row must choose at most ${MOST} rows at once, as --row 1 --row 2; got ${which.length}`);
  const inputs = inputsOf(prepared, table);
  const { target } = prepared;
  const columns = columnsOf(prepared);
  const group = tensor(columns.flatMap(({ width }, c) => Array<number>(width).fill(c)));
  const outputs: Model = (z) => model.forward(z);
  const all = run && inputsOf(prepared, run.train);
  const mean = all && choices.baseline !== 'zero' ? all.mean(0, true) : tensor([Array.from(group.toTypedArray(), () => 0)]);
  const trainingRows = run && all && ((options: Options): Promise<Rows> => {
    const { rows: most = 100 } = options.said('rows');
    const some = [...options.generator().permutation(run.train.length)].slice(0, most);
    const places = tensor(some);
    return Promise.resolve({
      x: all.indexSelect(0, places),
      y: targetsOf(prepared, run.train).indexSelect(0, places),
      name: (i) => `${target.name} ${cellOf(run.train, target.name, some[i])}`,
      value: (i) => columns.map(({ name }) => `${name} ${cellOf(run.train, name, some[i])}`).join(', '),
      loss: (output, y) => lossOf(output, y, prepared),
    });
  });
  const background = async (options: Options): Promise<Tensor> => (trainingRows && choices.baseline === 'rows' ? (await trainingRows(options)).x : mean);
  // Columns that go along with each other come together; of texts, their commonest value speaks for them.
  const hierarchy = (): Promise<{ hierarchy: Hierarchy }> => {
    const speaker = ({ from, width }: Column): Tensor => all!.narrow(1, from + all!.narrow(1, from, width).mean(0).argmax(0).item(), 1);
    return Promise.resolve({ hierarchy: all ? correlationHierarchy(concat(columns.map(speaker), 1)) : halvingHierarchy([columns.length]) });
  };
  const layer = layerOf(model);
  const sums = (list: ArrayLike<number>): Float64Array => {
    const dues = new Float64Array(columns.length);
    group.toTypedArray().forEach((g, i) => (dues[g] += list[i]));
    return dues;
  };
  return which.map((row) => subjectOf(row));

  function subjectOf(row: number): OfTable {
    const x = inputs.narrow(0, row, 1);
    const { of, ...about } = what(x);
    const values = columns.map(({ name }) => cellOf(table, name, row));
    const items = (features: ArrayLike<number>): Item[] => columns.map(({ name }, c) => ({ name, value: values[c], attribution: features[c] }));
    const view = { f: of(outputs), x, baseline: mean, background, items };
    const list = (a: Tensor): ArrayLike<number> => a.select(0, 0).toTypedArray();
    const isNumber = tensor([columns.flatMap(({ width, scale }) => Array<number>(width).fill(scale ? 1 : 0))]);
    const slopes = (a: Tensor): Float64Array => sums(list(a.mul(x.maximum(isNumber).minimum(1)))); // a text's is that of the value it has
    return {
      ...about,
      kind: 'tables',
      columns,
      name: `row ${row + 1}`,
      model,
      outputs,
      names: columns.map(({ name }) => name),
      levels: columns.map(({ from, width, scale }) => (scale ? list(x)[from] : width === 2 ? list(x)[from + 1] : NaN)),
      inside: { ...view, ...(layer && { layer: { ...layer, head: of(layer.head) } }), features: (a) => sums(list(a)), slopes },
      outside: { ...view, featureMask: group, hierarchy, features: (a) => Float64Array.from(columns, ({ from }) => list(a)[from]), slopes },
      body: (features, ends) => ({ kind: 'features', features: asFeatures(items(features)), ...ends, unit: about.unit }),
      spread: (features) => tensor([Array.from(group.toTypedArray(), (g) => features[g])]),
      trainingRows,
    };
  }

  /** What is explained: the value that is foretold, in its own unit, or the score of a class. */
  function what(x: Tensor): ReturnType<typeof explained> & Pick<Subject, 'isValue'> {
    const logits = noGrad(() => outputs(x));
    if (target.kind === 'text') {
      const said = choices.target === undefined ? undefined : chooseClass(choices.target, target.values);
      return { ...explained(logits, (c) => target.values[c], said, choices.scale), isValue: false };
    }
    if (choices.target !== undefined) throw new UsageError(`--target is for classes, and ${target.name} is a number`);
    if (choices.scale !== 'logit') throw new UsageError(`--output is for classes, and ${target.name} is a number`);
    const inUnits = (y: Tensor): Tensor => y.select(1, 0).mul(target.std).add(target.mean);
    return {
      predictions: [{ label: target.name, value: inUnits(logits).item() }],
      target: target.name,
      targetIndex: 0,
      label: () => target.name,
      unit: target.name,
      isValue: true,
      of: (f) => (z) => inUnits(f(z)),
    };
  }
} // prettier-ignore

const asFeatures = (items: readonly Item[]): { name: string; value: string; attribution: number }[] =>
  items.map(({ name, value = '', attribution }) => ({ name, value, attribution }));

/** What is a table's: its columns of numbers, and how they go to and fro. */
interface OfTable extends Subject {
  readonly columns: readonly Column[];
}

export const columnsIn = (subject: Subject): readonly Column[] => (subject as OfTable).columns;

/** So many training rows have a thin line of their own. */
const ICE = 40;

/** Curves of more columns than these are not drawn. */
const CURVES = 8;

export const tableMethods: readonly Method[] = [
  inside({
    names: ['lime-slopes', 'lime-tabular'],
    title: 'LIME by nearby rows',
    about: 'Which linear model is like this one near here?',
    note: 'A coefficient for each standard deviation of a column, from copies of the row with normal noise in all columns.',
    kinds: ['tables'],
    settings: ['samples', 'width', 'ridge'],
    isSlope: true,
    of: ({ f, x }, o) => lime(f, x, { ...o.said('samples', 'width', 'ridge'), generator: o.generator(), onProgress: o.onProgress }),
  }),
  {
    names: ['pdp', 'ice', 'partial-dependence'],
    title: 'Partial dependence and ICE',
    kinds: ['tables'],
    once: true,
    about: 'How does the output go with this column?',
    settings: ['points', 'rows'],
    unfit: (subject) => (columnsIn(subject).some(({ scale }) => scale) ? null : 'no column is of numbers'),
    async run(subject, options) {
      const view = subject.inside!;
      const rows = await view.background(options);
      const curves = columnsIn(subject).filter(({ scale }) => scale).slice(0, CURVES);
      const sections: ExplanationSection[] = [];
      for (const { name, from, scale } of curves) {
        const { grid, individual, mean } = await partialDependence(view.f, concat([view.x, rows]), from, options.said('points'));
        const digit = 10 ** Math.floor(Math.log10(scale!.std) - 4); // what standardizing has blurred
        const inUnits = (z: number): number => Math.round((z * scale!.std + scale!.mean) / digit) * digit;
        const line = (values: Tensor): [number, number][] => Array.from(values.toTypedArray(), (y, i) => [inUnits(grid.toTypedArray()[i]), y]);
        sections.push({
          method: `Partial dependence on ${name}`,
          question: `How does the output go with ${name}?`,
          note: 'Where single rows go other ways than their mean, columns work together; where columns hang together, some of these rows could not be.',
          kind: 'curves',
          title: name,
          xLabel: name,
          yLabel: subject.unit,
          series: [{ name: 'mean', points: line(mean) }, { name: subject.name, points: line(individual.select(0, 0)) }],
          background: Array.from({ length: Math.min(ICE, rows.shape[0]) }, (_, i) => line(individual.select(0, 1 + i))),
        });
      }
      return { sections, numbers: {} };
    },
  },
  {
    names: ['permutation-importance'],
    title: 'Permutation importance',
    kinds: ['tables'],
    once: true,
    about: 'Which columns does the model live on?',
    settings: ['repeats', 'rows'],
    unfit: withoutRows,
    async run(subject, options): Promise<Answer> {
      const { x, y, loss } = await subject.trainingRows!(options);
      const columns = columnsIn(subject);
      // A cell holds the number of the row that it is of, so that all numbers of a column are shuffled together.
      const which = arange(x.shape[0]).unsqueeze(1).expand([x.shape[0], columns.length]);
      const shuffled: Model = (rows) => concat(columns.map(({ from, width }, c) => x.narrow(1, from, width).indexSelect(0, rows.select(1, c))), 1);
      const lossOf = (output: Tensor): number => loss(output, y).item();
      const { importance, deviation } = await permutationImportance((rows) => noGrad(() => subject.outputs(shuffled(rows))), which, lossOf, { ...options.said('repeats'), generator: options.generator() });
      const features = Float64Array.from(importance.toTypedArray());
      const spread = deviation.toTypedArray();
      const items = columns.map(({ name }, c) => ({ name, value: `± ${short(spread[c])}`, attribution: features[c] }));
      const section: ExplanationSection = {
        method: this.title,
        question: this.about,
        facts: [{ label: 'loss', value: short(lossOf(noGrad(() => subject.outputs(x)))) }, { label: 'rows', value: `${x.shape[0]}` }],
        note: 'By how much the loss on training rows rises when a column is shuffled. Of the whole model, not of this row; columns that say the same stand in for each other.',
        kind: 'features',
        features: asFeatures(items),
        unit: 'loss',
      };
      return { sections: [section], numbers: {}, features, items };
    },
  },
]; // prettier-ignore
