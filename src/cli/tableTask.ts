/** Rows of a table, for the command: where they come from, how a model is fed with them, how well it foretells a column. */
import { FormatError, ValueError } from '../array/errors.ts';
import { Generator } from '../array/random.ts';
import {
  DataLoader,
  drawHouses,
  encodedWidth,
  encodeTable,
  fitTable,
  formatCsv,
  parseCsv,
  tensorDataset,
  type FittedColumn,
  type FittedTable,
  type Table,
} from '../data/index.ts';
import { readText } from '../io/files.ts';
import { predict, type MLP } from '../models/index.ts';
import * as F from '../nn/functions.ts';
import type { Tensor } from '../tensor.ts';
import { evaluate, r2Score } from '../train/index.ts';
import type { TableRecipe } from './recipes.ts';
import { percent, scoreClasses } from './scores.ts';
import { formatTable } from './table.ts';
import { sha256, type ColumnChoice, type Judgement, type Plan, type Prepared } from './task.ts';
import { UsageError } from './usage.ts';

/** What is kept with the model, so that rows of a file can be brought into its form, and its answers into the table's. */
export interface TablePreprocessing extends FittedTable {
  /** Texts are classes; numbers are standardized too. */
  readonly target: FittedColumn;
}

export const isForTable = (x: unknown): x is TablePreprocessing =>
  typeof x === 'object' && x !== null && 'columns' in x;

/** Whether `--data` names a table: a file of that kind, or one that code draws. */
export const isTable = (data: string | null): boolean =>
  data !== null && (data === 'houses' || /\.(csv|tsv)$/i.test(data));

const pick = ({ columns }: Table, rows: readonly number[]): Table => ({
  length: rows.length,
  columns: Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [
      name,
      column.kind === 'number'
        ? { kind: 'number', values: Float64Array.from(rows, (i) => column.values[i]) }
        : { kind: 'text', values: rows.map((i) => column.values[i]) },
    ]),
  ),
});

const valuesOf = (table: Table, name: string): ArrayLike<number | string | null> => table.columns[name].values;

export interface Rows {
  readonly name: string;
  readonly target: string;
  readonly train: Table;
  readonly heldBack: Table;
}

/** The target among the names of columns, and the others that are not left out. */
function choose(names: readonly string[], { target: said, drop }: ColumnChoice): { target: string; inputs: string[] } {
  for (const name of [...(said === undefined ? [] : [said]), ...drop]) {
    if (!names.includes(name)) throw new UsageError(`a column must be one of ${names.join(', ')}, got '${name}'`);
  }
  const kept = names.filter((name) => name === said || !drop.includes(name));
  const target = said ?? kept[kept.length - 1];
  const inputs = kept.filter((name) => name !== target);
  if (inputs.length > 0) return { target, inputs };
  throw new UsageError(`--data: a table must have a target and a column besides, got ${names.join(', ')}`);
}

/** Rows in random order, a fifth of them held back. */
function split<Row>(data: string, rows: readonly Row[], seed: number): { train: Row[]; heldBack: Row[] } {
  const order = new Generator(seed).permutation(rows.length).map((i) => rows[i]);
  const cut = Math.floor(0.8 * order.length);
  if (order.length - cut >= 2) return { train: order.slice(0, cut), heldBack: order.slice(cut) };
  throw new UsageError(`--data: ${data} must have at least 6 rows with a target, got ${order.length}`);
}

/** The rows that have a value of the target. */
export function readRows(data: string, choice: ColumnChoice, seed: number): Rows {
  const isDrawn = data === 'houses';
  const all = isDrawn ? drawHouses(2000, new Generator(seed)) : parseCsv(readText(data), { where: data, text: choice.text }); // prettier-ignore
  const { target, inputs } = choose(Object.keys(all.columns), choice);
  for (const name of inputs) checkColumn(all, name, false);
  checkColumn(all, target, true);
  const known = Array.from({ length: all.length }, (_, i) => i).filter((i) => {
    const value = valuesOf(all, target)[i];
    return value !== null && !Number.isNaN(value);
  });
  const { train, heldBack } = split(data, known, seed);
  const columns = Object.fromEntries([...inputs, target].map((name) => [name, all.columns[name]]));
  const table = { length: all.length, columns };
  const name = isDrawn ? 'houses drawn by code' : data;
  return { name, target, train: pick(table, train), heldBack: pick(table, heldBack) };
}

/** Two columns of texts. */
export interface TextPairs {
  /** The name of the first, and of the one that is foretold. */
  readonly source: string;
  readonly target: string;
  readonly train: readonly TextPair[];
  readonly heldBack: readonly TextPair[];
}
export type TextPair = readonly [source: string, target: string];

/** The rows of a file that have a text and a target. */
export function readPairs(data: string, choice: ColumnChoice, seed: number): TextPairs {
  const { length, columns } = readTexts(data, []);
  const { target, inputs } = choose(Object.keys(columns), choice);
  const [source, ...others] = inputs;
  if (others.length > 0) {
    const cure = `leave others out: --drop '${others[0]}'`;
    throw new UsageError(`--data: ${data} must have one column besides ${target}, got ${inputs.join(', ')}; ${cure}`);
  }
  const pairs = Array.from({ length }, (_, i) => [columns[source].values[i], columns[target].values[i]] as const);
  const whole = pairs.filter((pair): pair is TextPair => pair.every((text) => text !== null && text !== ''));
  return { source, target, ...split(data, whole, seed) };
}

/** Refuses numbers without end, and texts of which nearly each row has its own, as names of persons. */
function checkColumn({ length, columns }: Table, name: string, isTarget: boolean): void {
  const column = columns[name];
  if (column.kind === 'number') {
    const at = column.values.findIndex((value) => Math.abs(value) === Infinity);
    if (at >= 0) throw new ValueError('train', `numbers of ${name} must be finite`, `${column.values[at]} in row ${at + 1}`); // prettier-ignore
    return;
  }
  const different = new Set(column.values).size;
  if (different <= 20 || different <= length / 2) return;
  const cure = isTarget ? 'choose another --target' : `leave it out: --drop '${name}'`;
  throw new ValueError('train', `texts of ${name} must come again`, `${different} in ${length} rows`, cure);
}

/** Targets: class numbers [N], or standardized numbers [N, 1]. */
export function targetsOf({ target }: TablePreprocessing, rows: Table): Tensor {
  const y = encodeTable({ columns: [target] }, rows);
  return target.kind === 'text' ? y.argmax(1) : y;
}

export const inputsOf = (preprocessing: TablePreprocessing, rows: Table): Tensor =>
  encodeTable(preprocessing, rows, { unknown: 'zeros' });

export function lossOf(output: Tensor, y: Tensor, { target }: TablePreprocessing): Tensor {
  return target.kind === 'text' ? F.crossEntropy(output, y) : F.mseLoss(output, y);
}

export function prepareTable({ data, settings, columns }: Plan, recipe: TableRecipe, generator: Generator): Prepared {
  const { name, target, train, heldBack } = readRows(data!, columns!, settings['seed']);
  const isText = train.columns[target].kind === 'text';
  const all = [...Array.from(valuesOf(train, target)), ...Array.from(valuesOf(heldBack, target))];
  const fitted: FittedColumn = isText
    ? { kind: 'text', name: target, values: [...new Set(all as string[])].sort() }
    : fitTable(train, [target]).columns[0];
  const inputs = Object.keys(train.columns).filter((column) => column !== target);
  const preprocessing: TablePreprocessing = { ...fitTable(train, inputs), target: fitted };
  const outputs = fitted.kind === 'text' ? fitted.values.length : 1;
  if (isText && outputs < 2) throw new UsageError(`--target: ${target} must have at least two classes, got ${outputs}`);
  const model = recipe.make(settings, { inputs: encodedWidth(preprocessing), outputs }, generator);
  const some = [[inputsOf(preprocessing, heldBack), targetsOf(preprocessing, heldBack)]] as const;
  return {
    model,
    name,
    fingerprint: sha256(formatCsv(train), formatCsv(heldBack)),
    task: {
      loader: new DataLoader(tensorDataset(inputsOf(preprocessing, train), targetsOf(preprocessing, train)), {
        batchSize: settings['batch'],
        shuffle: true,
        generator,
      }),
      loss: ([x, y]) => lossOf(model.forward(x), y, preprocessing),
      validate: () =>
        evaluate(model, some, ([x, y]) => {
          const output = model.forward(x);
          const heldBackLoss = lossOf(output, y, preprocessing);
          return { heldBackLoss, ...(isText && { accuracy: output.argmax(1).eq(y).mean() }) };
        }),
      judge: () => Promise.resolve(judgeRows(model, preprocessing, heldBack)),
      preprocessing,
    },
  };
}

export const judgeTable = (model: MLP, preprocessing: TablePreprocessing, { data, settings, columns }: Plan): Judgement =>
  judgeRows(model, preprocessing, readRows(data!, { ...columns!, target: preprocessing.target.name }, settings['seed']).heldBack); // prettier-ignore

function judgeRows(model: MLP, preprocessing: TablePreprocessing, rows: Table): Judgement {
  const { target } = preprocessing;
  const [x, y] = [inputsOf(preprocessing, rows), targetsOf(preprocessing, rows)];
  const output = predict(model, x);
  if (target.kind === 'text') {
    const { values: classes } = target;
    const { guesses, sure, wrong, confusion, ...scores } = scoreClasses(output, y, classes);
    const show = (which: readonly number[]): string =>
      showRows(rows, which, target.name, (i) => `${classes[guesses[i]]} ${percent(sure[i])}`);
    return {
      metrics: { loss: scores.loss, accuracy: scores.accuracy },
      summary: `${percent(scores.accuracy)} of ${rows.length} rows right, loss ${scores.loss.toFixed(4)}; the commonest class is right in ${percent(scores.commonest)}`,
      details: { classes, confusion: confusion.counts },
      report: {
        confusion,
        texts: [
          { heading: 'Held-back rows', text: show(firsts(rows)) },
          { heading: 'Mistakes, the surest first', text: wrong.length > 0 ? show(wrong.slice(0, 16)) : 'None.' },
        ],
      },
    };
  }
  const actual = Array.from(valuesOf(rows, target.name) as Float64Array);
  const guesses = Array.from(output.toTypedArray(), (z) => target.mean + target.std * z);
  const errors = actual.map((value, i) => Math.abs(value - guesses[i]));
  const rmse = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
  const r2 = r2Score(actual, guesses);
  const worst = errors.map((_, i) => i).sort((a, b) => errors[b] - errors[a]);
  const show = (which: readonly number[]): string => showRows(rows, which, target.name, (i) => short(guesses[i]));
  return {
    metrics: { loss: F.mseLoss(output, y).item(), rmse, r2 },
    summary: `R² ${r2.toFixed(3)} on ${rows.length} rows; ${target.name} is off by ${short(rmse)} (root of the mean square)`,
    report: {
      texts: [
        { heading: 'Held-back rows', text: show(firsts(rows)) },
        { heading: 'The largest errors', text: show(worst.slice(0, 16)) },
      ],
    },
  };
}

const short = (x: number): string => `${+x.toPrecision(4)}`;
const firsts = ({ length }: Table): number[] => Array.from({ length: Math.min(16, length) }, (_, i) => i);

/** Some rows with what was foretold to the right of what is so. */
function showRows(table: Table, which: readonly number[], target: string, guess: (i: number) => string): string {
  const names = [...Object.keys(table.columns).filter((name) => name !== target), target];
  const cell = (name: string, i: number): string => {
    const value = valuesOf(table, name)[i];
    return value === null || Number.isNaN(value) ? '–' : `${value}`;
  };
  return formatTable([...names, 'foretold'], which.map((i) => [...names.map((name) => cell(name, i)), guess(i)])); // prettier-ignore
}

/** What a model says of each row of a file: the file again, with a column more (two for classes), or a line of JSON a row. */
export function predictRows(model: MLP, preprocessing: TablePreprocessing, file: string, json: boolean): string {
  const { target, columns } = preprocessing;
  const table = parseRows(file, columns);
  if (table.length === 0) return json ? '' : formatCsv(table);
  const output = predict(model, inputsOf(preprocessing, table));
  if (target.kind === 'number') {
    const guesses = Array.from(output.toTypedArray(), (z) => target.mean + target.std * z);
    if (json) return lines(guesses.map((prediction, i) => ({ file, row: i + 1, prediction })));
    return formatCsv(beside(table, { [`predicted ${target.name}`]: { kind: 'number', values: Float64Array.from(guesses, (x) => Number(x.toPrecision(6))) } })); // prettier-ignore
  }
  const rows = output.softmax(1).toArray() as number[][];
  const best = rows.map((row) => row.indexOf(Math.max(...row)));
  if (json) {
    const named = (row: readonly number[]): object =>
      Object.fromEntries(target.values.map((name, c) => [name, row[c]]));
    return lines(rows.map((row, i) => ({ file, row: i + 1, prediction: target.values[best[i]], probabilities: named(row) }))); // prettier-ignore
  }
  const probabilities = Float64Array.from(rows, (row, i) => Number(row[best[i]].toFixed(4)));
  return formatCsv(
    beside(table, {
      [`predicted ${target.name}`]: { kind: 'text', values: best.map((c) => target.values[c]) },
      probability: { kind: 'number', values: probabilities },
    }),
  );
}

export const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** A table with more columns. */
export const beside = ({ length, columns }: Table, more: Table['columns']): Table => ({
  length,
  columns: { ...columns, ...more },
});

/** A file, which must have all columns; texts in training are texts here too, whatever they look like. */
export function parseRows(file: string, columns: readonly FittedColumn[]): Table {
  const read = readText(file);
  checkNames(file, Object.keys(parseCsv(read, { where: file }).columns), columns.map(({ name }) => name)); // prettier-ignore
  return parseCsv(read, { where: file, text: columns.filter(({ kind }) => kind === 'text').map(({ name }) => name) });
}

/** A file whose columns are all taken for texts. */
function readTexts(file: string, needed: readonly string[]): Table {
  const read = readText(file);
  const names = Object.keys(parseCsv(read, { where: file }).columns);
  checkNames(file, names, needed);
  return parseCsv(read, { where: file, text: names });
}

/** Texts that are said, or stand in a column of the one table that is named in their place. */
export function textsOf(words: readonly string[], column: string): { texts: readonly string[]; table: Table | null } {
  if (words.length > 1 || !isTable(words[0])) return { texts: words, table: null };
  const table = readTexts(words[0], [column]);
  return { texts: Array.from(valuesOf(table, column), (value) => `${value ?? ''}`), table };
}

function checkNames(file: string, names: readonly string[], needed: readonly string[]): void {
  const lacks = needed.filter((name) => !names.includes(name));
  if (lacks.length === 0) return;
  const rule = `the first line must name ${needed.join(', ')}`;
  throw new FormatError(`${file}:1`, rule, names.join(', '), `${lacks.join(', ')} must come in`);
}
