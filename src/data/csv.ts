/**
 * CSV and TSV: text to a table of columns and back. RFC 4180: fields may stand in quotes, and hold delimiters, line ends
 * and doubled quotes there. Every fault is told with its line.
 */
import { FormatError, ValueError } from '../array/errors.ts';
import { tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';

/** Numbers, NaN where one is missing; or texts, null where one is missing. */
export type Column =
  | { readonly kind: 'number'; readonly values: Float64Array }
  | { readonly kind: 'text'; readonly values: readonly (string | null)[] };

/** Columns of one length, by name, in the order of the file. */
export interface Table {
  readonly length: number;
  readonly columns: Readonly<Record<string, Column>>;
}

export interface CsvOptions {
  /** what stands between fields: by default a tab if the first line has one, and no comma outside quotes; else a comma */
  readonly delimiter?: string;
  /** whether the first line names the columns (default true); else they are c0, c1, … */
  readonly header?: boolean;
  /** what stands for a missing value, besides nothing at all (default NA, N/A, NaN, null, ?) */
  readonly missing?: readonly string[];
  /** columns that are text although all their values look like numbers, such as postal codes */
  readonly text?: readonly string[];
  /** the file's name, which stands in every message (default 'csv') */
  readonly where?: string;
}

interface Row {
  readonly line: number;
  readonly fields: { text: string; quoted: boolean }[];
}

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?(inf|infinity)$/i;

/**
 * The table of a CSV or TSV text. A column is of numbers when every value that is not missing is a number (Infinity and
 * 1e3 are), else of texts. Quoted values are texts only if the column has others that are no numbers.
 * ```ts
 * import { parseCsv } from 'adjoint/data';
 * const { length, columns } = parseCsv('name,weight\n"Smith, J.",71.5\nNoor,NA\n');
 * console.log(length, columns.name.values); // => 2 [ 'Smith, J.', 'Noor' ]
 * console.log(columns.weight.kind, columns.weight.values); // => number Float64Array(2) [ 71.5, NaN ]
 * ```
 * @throws FormatError for a row of more or fewer fields than the first, a quote in a field without quotes or text behind
 * quotes, quotes without end, a name that comes twice, or no columns at all; each with its line.
 */
export function parseCsv(text: string, options: CsvOptions = {}): Table {
  const { header = true, missing = ['NA', 'N/A', 'NaN', 'null', '?'], where = 'csv', text: texts = [] } = options;
  const { delimiter = guessDelimiter(text) } = options;
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new ValueError(
      'parseCsv',
      'the delimiter must be one character, no quote and no line end',
      JSON.stringify(delimiter),
    );
  }
  const rows = readRows(text.startsWith('\ufeff') ? text.slice(1) : text, delimiter, where);
  if (rows.length === 0) throw new FormatError(where, 'there must be a first line', 'an empty file');
  const names = rows[0].fields.map((field, i) => (header ? field.text : `c${i}`));
  names.forEach((name, i) => {
    if (names.indexOf(name) < i) {
      throw new FormatError(`${where}:1`, 'each column must have a name of its own', `${JSON.stringify(name)} twice`);
    }
  });
  for (const name of texts) {
    if (!names.includes(name)) throw unknownColumn('parseCsv', name, names);
  }
  const body = header ? rows.slice(1) : rows;
  for (const { line, fields } of body) {
    if (fields.length === names.length) continue;
    const cure = fields.length < names.length ? 'a field is missing' : 'a field with a delimiter must stand in quotes';
    throw new FormatError(`${where}:${line}`, `each row must have ${names.length} fields`, `${fields.length}`, cure);
  }
  const lost = new Set(missing);
  const columns = Object.create(null) as Record<string, Column>; // so that any name is only a name
  names.forEach((name, c) => {
    const values = body.map(({ fields }) => {
      const { text, quoted } = fields[c];
      return (text === '' && !quoted) || (lost.has(text.trim()) && !quoted) ? null : text;
    });
    const known = values.filter((value) => value !== null);
    const isNumber = known.length > 0 && !texts.includes(name) && known.every((value) => number.test(value.trim()));
    columns[name] = isNumber
      ? {
          kind: 'number',
          values: Float64Array.from(values, (value) => (value === null ? NaN : toNumber(value.trim()))),
        }
      : { kind: 'text', values };
  });
  return { length: body.length, columns };
}

const toNumber = (text: string): number =>
  /inf/i.test(text) ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text);

function guessDelimiter(text: string): string {
  const line = /^[^\r\n]*/.exec(text)![0].replace(/"[^"]*"/g, '');
  return line.includes('\t') && !line.includes(',') ? '\t' : ',';
}

/** Rows of fields. Lines end in \n or \r\n, also the last one or not. */
function readRows(text: string, delimiter: string, where: string): Row[] {
  const rows: Row[] = [];
  let line = 1;
  let at = 0;
  /** The field that begins at `at`, which moves behind it. */
  const field = (): { text: string; quoted: boolean } => {
    if (text[at] !== '"') {
      const start = at;
      while (at < text.length && text[at] !== delimiter && text[at] !== '\n') {
        if (text[at] === '"') {
          const rule = 'a quote may only stand in a field in quotes, where it is doubled';
          throw new FormatError(`${where}:${line}`, rule, show(text, start));
        }
        at++;
      }
      const end = at > start && text[at - 1] === '\r' && text[at] !== delimiter ? at - 1 : at;
      return { text: text.slice(start, end), quoted: false };
    }
    const begun = line;
    const start = at++;
    let value = '';
    for (;;) {
      const quote = text.indexOf('"', at);
      if (quote < 0) {
        throw new FormatError(`${where}:${begun}`, 'quotes must end', `${show(text, start)} without end`);
      }
      const part = text.slice(at, quote);
      value += part;
      line += part.split('\n').length - 1;
      at = quote + 1;
      if (text[at] !== '"') break;
      value += '"';
      at++;
    }
    if (text[at] === '\r' && (text[at + 1] === '\n' || at + 1 === text.length)) at++;
    if (at < text.length && text[at] !== delimiter && text[at] !== '\n') {
      const rule = 'a delimiter or a line end must follow quotes';
      throw new FormatError(`${where}:${line}`, rule, show(text, at));
    }
    return { text: value, quoted: true };
  };

  while (at < text.length) {
    const row: Row = { line, fields: [field()] };
    while (text[at] === delimiter) {
      at++;
      row.fields.push(field());
    }
    rows.push(row);
    if (text[at] === '\n') {
      at++;
      line++;
    }
  }
  // Empty lines at the end are no rows.
  while (rows.length > 0) {
    const { fields } = rows[rows.length - 1];
    if (fields.length > 1 || fields[0].quoted || fields[0].text !== '') break;
    rows.pop();
  }
  return rows;
}

const show = (text: string, at: number): string => {
  const line = text.slice(at, at + 40).split(/\r?\n/)[0];
  return JSON.stringify(line.length < 40 ? line : `${line}…`);
};

/**
 * A table as CSV text, which parseCsv reads back (told in `text` of columns whose texts all look like numbers). Quotes
 * stand where they are needed, and around a text that would be read as missing. A missing value is nothing, or NA where
 * there is one column only.
 * ```ts
 * import { formatCsv, parseCsv } from 'adjoint/data';
 * console.log(JSON.stringify(formatCsv(parseCsv('a\tb\n1\tx,y\n')))); // => "a,b\n1,\"x,y\"\n"
 * ```
 */
export function formatCsv({ length, columns }: Table): string {
  const names = Object.keys(columns);
  const field = (text: string): string =>
    text === '' || /[",\r\n\t]|^\s|\s$|^(NA|N\/A|NaN|null|\?)$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const missing = names.length === 1 ? 'NA' : ''; // an empty line at the end would be no row
  const cell = (column: Column, i: number): string => {
    const value = column.values[i];
    if (value === null || Number.isNaN(value)) return missing;
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : `${value}`;
    return field(value);
  };
  const rows = Array.from({ length }, (_, i) => names.map((name) => cell(columns[name], i)).join(','));
  return `${[names.map(field).join(','), ...rows].join('\n')}\n`;
}

export const unknownColumn = (where: string, name: string, names: readonly string[]): ValueError =>
  new ValueError(where, `a column must be one of ${names.join(', ')}`, JSON.stringify(name));

/**
 * Columns of numbers as a tensor [rows, columns].
 * ```ts
 * import { numbersOf, parseCsv } from 'adjoint/data';
 * console.log(numbersOf(parseCsv('a,b,c\n1,x,3\n4,y,6'), ['a', 'c']).toArray()); // => [ [ 1, 3 ], [ 4, 6 ] ]
 * ```
 * @throws ValueError for a column that is not there or is of texts, and for a missing value, with its row
 */
export function numbersOf({ length, columns }: Table, names: readonly string[] = Object.keys(columns)): Tensor {
  const where = 'numbersOf';
  const chosen = names.map((name) => {
    const column = columns[name];
    if (column === undefined) throw unknownColumn(where, name, Object.keys(columns));
    if (column.kind !== 'number') {
      throw new ValueError(
        where,
        `the column ${JSON.stringify(name)} must be of numbers`,
        'one of texts',
        'see fitTable',
      );
    }
    const lost = column.values.findIndex((value) => Number.isNaN(value));
    if (lost >= 0) {
      const got = `none in row ${lost} of ${JSON.stringify(name)}`;
      throw new ValueError(where, 'every value must be there', got, 'see fitTable, which fills what is missing');
    }
    return column.values;
  });
  const out = Float64Array.from(
    { length: length * names.length },
    (_, i) => chosen[i % names.length][Math.floor(i / names.length)],
  );
  return tensor(out, { dtype: 'float32' }).reshape([length, names.length]);
}
