/** CSV and TSV: read as Python reads them, back from what was written, and refused with the line; and planted mistakes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, ValueError } from '../../src/array/errors.ts';
import {
  encodedWidth,
  encodeTable,
  fitTable,
  formatCsv,
  numbersOf,
  parseCsv,
  type Table,
} from '../../src/data/index.ts';
import { read } from '../files.ts';

const { tables } = JSON.parse(read('test/fixtures/data.json')) as { tables: { text: string; rows: string[][] }[] };

/** Values as lists, so that they compare. */
const plain = ({ length, columns }: Table): unknown => ({
  length,
  columns: Object.entries(columns).map(([name, { kind, values }]) => [name, kind, [...values]]),
});

describe('parseCsv', () => {
  const asPython = (parse: typeof parseCsv): void => {
    for (const { text, rows } of tables) {
      const names = rows[0].map((_, i) => `c${i}`);
      const { columns, length } = parse(text, { header: false, missing: [], text: names });
      expect(length).toBe(rows.length);
      const cells = rows.map((_, r) => names.map((name) => columns[name].values[r] ?? ''));
      expect([text, cells]).toEqual([text, rows]);
    }
  };
  test("cuts fields where Python's csv module does", () => {
    asPython(parseCsv);
  });
  test.each<[string, (text: string) => string]>([
    ['takes no line end in quotes', (text) => text.replace(/"[^"]*"/g, (field) => field.replaceAll('\n', ''))],
    ['takes doubled quotes for none', (text) => text.replace(/(?<=[^,\n])""(?=[^,\n])/g, '')],
    ['keeps the \\r of a line end', (text) => text.replaceAll('\r\n', '\r\r\n')],
  ])('a reader that %s is caught', (_, change) => {
    expect(() => asPython((text, options) => parseCsv(change(text), options))).toThrow('to deeply equal');
  });

  test('infers numbers and texts, and knows what is missing', () => {
    const text = 'n,code,mixed,none,q\n1,007,1,,"1"\n-2.5e3,010,x,,""\nNA,?,NA,NA,3\n.5,1,"NA",null,4\n';
    const { columns } = parseCsv(text, { text: ['code'] });
    expect([...columns.n.values]).toEqual([1, -2500, NaN, 0.5]);
    expect([...columns.code.values]).toEqual(['007', '010', null, '1']);
    expect([...columns.mixed.values]).toEqual(['1', 'x', null, 'NA']);
    expect(columns.none).toEqual({ kind: 'text', values: [null, null, null, null] });
    expect([...columns.q.values]).toEqual(['1', '', '3', '4']);
    for (const no of ['1,5', '0x10', '1_000', '1 2', 'Infinite', '--1', '1e', '.']) {
      expect(parseCsv(`a\n"${no}"\n`).columns.a.kind).toBe('text');
    }
    expect([...parseCsv('a\n inf\n-Infinity \n1.\n').columns.a.values]).toEqual([Infinity, -Infinity, 1]);
  });

  test('tabs are found, other delimiters named, names may be anything', () => {
    expect(plain(parseCsv('a\tb\n1\tx,y\n'))).toEqual(plain(parseCsv('a;b\n1;x,y\n', { delimiter: ';' })));
    expect(Object.keys(parseCsv('__proto__,constructor,1\n1,2,3\n').columns)).toEqual([
      '1',
      '__proto__',
      'constructor',
    ]);
    expect(parseCsv('\ufeffa\n1\n\n\n').length).toBe(1);
    expect(parseCsv('a,b\n').length).toBe(0);
  });

  const cell = fc.oneof(
    fc.double(),
    fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '\t', ' ', 'é', 'NA', '1') }),
    fc.string({ unit: 'binary' }),
  );
  const comesBack = (format: typeof formatCsv): void => {
    const table = fc
      .tuple(
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 5 }),
      )
      .chain(([names, rows]) =>
        fc.tuple(
          fc.constant(names),
          fc.constant(rows),
          fc.array(fc.array(fc.oneof(cell, fc.constant(null)), { minLength: rows, maxLength: rows }), {
            minLength: names.length,
            maxLength: names.length,
          }),
        ),
      );
    fc.assert(
      fc.property(table, ([names, length, cells]) => {
        const columns = Object.create(null) as Record<string, Table['columns'][string]>;
        names.forEach((name, c) => {
          const values = cells[c].map((value) => (typeof value === 'string' ? value : null));
          const isText = values.some((value) => value !== null && /[a-zé"]/.test(value));
          columns[name] = isText
            ? { kind: 'text', values }
            : {
                kind: 'number',
                values: Float64Array.from(cells[c], (x, i) => (typeof x === 'number' && x === x ? x : i)),
              };
        });
        const table = { length, columns };
        expect(plain(parseCsv(format(table), { delimiter: ',' }))).toEqual(plain(table));
      }),
      { numRuns: 300 },
    );
  };
  test('what formatCsv writes comes back', () => {
    comesBack(formatCsv);
    expect(formatCsv(parseCsv('a\n1\nNA\n'))).toBe('a\n1\nNA\n'); // not an empty line, which would be no row
  });
  test.each<[string, (text: string) => string]>([
    ['leaves quotes undoubled', (text) => text.replace(/(?<=[^,\n])""(?=[^,\n])/g, '"')],
    ['writes the text NA as what is missing', (text) => text.replaceAll('"NA"', 'NA')],
    ['writes a missing value of a single column as nothing', (text) => text.replace(/\nNA\n$/, '\n\n')],
  ])('a writer that %s is caught', (_, change) => {
    expect(() => comesBack((table) => change(formatCsv(table)))).toThrow('Property failed');
  });

  test.each<[string, string, string]>([
    ['an empty file', '', 'f.csv: there must be a first line, got an empty file'],
    ['a row with too few fields', 'a,b\n1,2\n3\n', 'f.csv:3: each row must have 2 fields, got 1; a field is missing'],
    ['a row with too many', 'a,b\n"x\ny",2\n1,2,3\n', 'f.csv:4: each row must have 2 fields, got 3'],
    ['an empty line in the middle', 'a,b\n\n1,2\n', 'f.csv:2: each row must have 2 fields, got 1'],
    ['a quote in a field', 'a\n1\n5" disk\n', 'f.csv:3: a quote may only stand in a field in quotes'],
    ['text behind quotes', 'a\n"1"2\n', 'f.csv:2: a delimiter or a line end must follow quotes, got "2"'],
    ['quotes without end', 'a\n1\n"2\n3\n', 'f.csv:3: quotes must end, got "\\"2" without end'],
    ['a name that comes twice', 'a,b,a\n', 'f.csv:1: each column must have a name of its own, got "a" twice'],
  ])('%s is refused with its line', (_, text, message) => {
    expect(() => parseCsv(text, { where: 'f.csv' })).toThrow(FormatError);
    expect(() => parseCsv(text, { where: 'f.csv' })).toThrow(message);
  });

  test('options that make no sense are refused', () => {
    expect(() => parseCsv('a', { delimiter: '"' })).toThrow('the delimiter must be one character');
    expect(() => parseCsv('a', { text: ['b'] })).toThrow('a column must be one of a, got "b"');
  });
});

describe('from a table to numbers', () => {
  const train = parseCsv('age,city,note\n20,Oslo,\n40,Lima,\n,Oslo,\n60,,\n');
  const fitted = fitTable(train, ['age', 'city']);

  test('numbers are standardized, texts one-hot, and what is missing is nothing', () => {
    expect(encodedWidth(fitted)).toBe(3);
    const std = Math.sqrt(800 / 3);
    expect(encodeTable(fitted, train)).toBeAllClose([
      [-20 / std, 0, 1],
      [0, 1, 0],
      [0, 0, 1],
      [20 / std, 0, 0],
    ]);
  });

  test('what was learned is kept as JSON, and holds for other rows', () => {
    const kept = JSON.parse(JSON.stringify(fitted)) as typeof fitted;
    expect(kept).toEqual(fitted);
    expect(encodeTable(kept, parseCsv('city,age\nLima,40\n')).toArray()).toEqual([[0, 1, 0]]);
    expect(encodeTable(kept, parseCsv('city,age\nLima,\n')).toArray()).toEqual([[0, 1, 0]]);
  });

  test('what does not fit is refused, with column and row', () => {
    expect(() => fitTable(train)).toThrow('the column "note" must have values, got none');
    const lost: Table = { length: 2, columns: { age: { kind: 'number', values: Float64Array.of(NaN, NaN) } } };
    expect(() => fitTable(lost)).toThrow('the column "age" must have values, got none');
    expect(() => fitTable(train, ['size'])).toThrow('a column must be one of age, city, note, got "size"');
    expect(() => encodeTable(fitted, parseCsv('age\n1\n'))).toThrow('got "city"');
    expect(() => encodeTable(fitted, parseCsv('age,city\nold,Oslo\n'))).toThrow(
      '"age" must be of numbers, as in training',
    );
    const other = parseCsv('age,city\n1,Oslo\n1,Rome\n');
    expect(() => encodeTable(fitted, other)).toThrow('got "Rome" in row 1 of "city"');
    expect((encodeTable(fitted, other, { unknown: 'zeros' }).toArray() as number[][])[1].slice(1)).toEqual([0, 0]);
    expect(() => numbersOf(train, ['city'])).toThrow(ValueError);
    expect(() => numbersOf(train, ['age'])).toThrow('every value must be there, got none in row 2 of "age"');
  });
});
