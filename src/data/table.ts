/**
 * From a table to numbers that a network takes: numbers standardized, texts one-hot, what is missing filled. What was
 * learned from the training rows is plain data, to be kept with the model as JSON.
 */
import { ValueError } from '../array/errors.ts';
import { nd } from '../array/nd.ts';
import { Tensor } from '../tensor.ts';
import { unknownColumn, type Table } from './csv.ts';

/** What fitTable learned of one column. */
export type FittedColumn =
  | { readonly kind: 'number'; readonly name: string; readonly mean: number; readonly std: number }
  | { readonly kind: 'text'; readonly name: string; readonly values: readonly string[] };

/** What fitTable learned: plain data. */
export interface FittedTable {
  readonly columns: readonly FittedColumn[];
}

/**
 * Learns from training rows how to encode the columns: mean and standard deviation of numbers (missing ones left out),
 * and the values of texts, in order of the alphabet.
 * ```ts
 * import { encodeTable, fitTable, parseCsv } from 'adjoint/data';
 * const fitted = fitTable(parseCsv('age,city\n20,Oslo\n40,Lima\n'));
 * const kept = JSON.parse(JSON.stringify(fitted)); // as a model's folder keeps it
 * console.log(encodeTable(kept, parseCsv('city,age\nLima,50\nOslo,\n')).toArray()); // => [ [ 2, 1, 0 ], [ 0, 0, 1 ] ]
 * ```
 * @param names which columns, in order (default: all)
 * @throws ValueError when there are no rows, or a column is not there or has no value at all
 */
export function fitTable({ length, columns }: Table, names: readonly string[] = Object.keys(columns)): FittedTable {
  const where = 'fitTable';
  if (length === 0) throw new ValueError(where, 'there must be rows', 'none');
  return {
    columns: names.map((name) => {
      const column = columns[name];
      if (column === undefined) throw unknownColumn(where, name, Object.keys(columns));
      if (column.values.every((value: number | string | null) => value === null || Number.isNaN(value))) {
        throw new ValueError(where, `the column ${JSON.stringify(name)} must have values`, 'none');
      }
      if (column.kind === 'text') {
        return { kind: 'text', name, values: [...new Set(column.values.filter((value) => value !== null))].sort() };
      }
      const known = column.values.filter((value) => !Number.isNaN(value));
      const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
      const std = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length);
      return { kind: 'number', name, mean, std: std > 0 ? std : 1 };
    }),
  };
}

/** How many numbers a row becomes. */
export const encodedWidth = ({ columns }: FittedTable): number =>
  columns.reduce((n, column) => n + (column.kind === 'number' ? 1 : column.values.length), 0);

/**
 * Rows as numbers [rows, width]: (x − mean)/std, 0 where x is missing; a 1 at the place of a text among the values, all 0
 * where it is missing. See fitTable for an example. Columns that were not learned are passed over.
 * @param options unknown: 'refuse' (default), or 'zeros' for texts that the training rows did not have
 * @throws ValueError when a column is missing or of another kind, or for an unknown text, with its row
 */
export function encodeTable(
  fitted: FittedTable,
  { length, columns }: Table,
  { unknown = 'refuse' }: { readonly unknown?: 'refuse' | 'zeros' } = {},
): Tensor {
  const where = 'encodeTable';
  const width = encodedWidth(fitted);
  const out = new Float32Array(length * width);
  let at = 0;
  for (const learned of fitted.columns) {
    const column = columns[learned.name];
    if (column === undefined) throw unknownColumn(where, learned.name, Object.keys(columns));
    const empty = column.values.every((value: number | string | null) => value === null); // of no kind yet
    if (column.kind !== learned.kind && !empty) {
      const rule = `the column ${JSON.stringify(learned.name)} must be of ${learned.kind}s, as in training`;
      throw new ValueError(where, rule, `one of ${column.kind}s`);
    }
    for (let i = 0; i < length; i++) {
      const value = column.values[i];
      if (value === null || Number.isNaN(value)) continue;
      if (learned.kind === 'number') {
        out[i * width + at] = ((value as number) - learned.mean) / learned.std;
        continue;
      }
      const place = learned.values.indexOf(value as string);
      if (place >= 0) out[i * width + at + place] = 1;
      else if (unknown === 'refuse') {
        const got = `${JSON.stringify(value)} in row ${i} of ${JSON.stringify(learned.name)}`;
        throw new ValueError(
          where,
          'a text must be one that the training rows had',
          got,
          "unknown: 'zeros' lets it pass",
        );
      }
    }
    at += learned.kind === 'number' ? 1 : learned.values.length;
  }
  return new Tensor(nd(out, [length, width]));
}
