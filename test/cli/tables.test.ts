/** Tables from a file to predictions: classes and numbers, quotes and missing values, and what is refused. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { drawHouses, formatCsv } from '../../src/data/index.ts';
import { commandFolder, start, type Ended } from './run.ts';

let base = '';
let how: readonly string[] = [];
const adjoint = (...args: string[]): Promise<Ended> => start(base, args, { how });
const write = (name: string, text: string): void => writeFileSync(join(base, name), text);
const settings = ['epochs=15', 'width=16', 'batch=16'].flatMap((s) => ['--set', s]);

beforeAll(async () => {
  ({ base, how } = await commandFolder('tables'));
  write('houses.csv', formatCsv(drawHouses(400, new Generator(2))));
});
afterAll(() => {
  rmSync(base, { recursive: true });
});

test('a number is foretold in its own units, and rows of a file get a column more', { timeout: 60_000 }, async () => {
  const run = await adjoint('train', 'mlp', '--data', 'houses.csv', ...settings, '--out', 'price', '--json');
  const { metrics } = JSON.parse(run.stdout) as { metrics: { r2: number; rmse: number } };
  expect(metrics.r2).toBeGreaterThan(0.9);
  const scores = await adjoint('eval', 'price', '--json');
  expect(JSON.parse(scores.stdout)).toMatchObject(metrics);

  const kept = JSON.parse(readFileSync(join(base, 'price/preprocessing.json'), 'utf8')) as { columns: { name: string }[] }; // prettier-ignore
  expect(kept).toMatchObject({ target: { kind: 'number', name: 'price' } });
  expect(kept.columns.map(({ name }) => name)).toEqual(['area', 'rooms', 'age', 'district', 'garden']);

  // Other columns, another order, a missing value, and a district of which nothing is known.
  write('new.csv', 'street,garden,district,age,rooms,area\n"High St, 1",yes,centre,10,5,150\nMoat,,moon,90,2,60\n');
  const [table, lines] = await Promise.all([adjoint('predict', 'price', 'new.csv'), adjoint('predict', 'price', 'new.csv', '--json')]); // prettier-ignore
  const [head, first, second] = table.stdout.split('\n');
  expect(head).toBe('street,garden,district,age,rooms,area,predicted price');
  expect(first).toMatch(/^"High St, 1",yes,centre,10,5,150,[567]\d\d\.?\d*$/); // 150 · 4.2 + 40 − 8 = 662
  const guesses = lines.stdout.trim().split('\n').map((line) => (JSON.parse(line) as { prediction: number }).prediction); // prettier-ignore
  expect(guesses[0]).toBeCloseTo(Number(first.split(',').at(-1)), 2);
  expect(guesses[1]).toBeCloseTo(Number(second.split(',').at(-1)), 2);
});

test('a column of texts is classes, and so is one of numbers that --text names', { timeout: 60_000 }, async () => {
  write('code.csv', `id,x,code\n${Array.from({ length: 120 }, (_, i) => `n${i},${i % 3},"0${i % 3}"`).join('\n')}\n`);
  const options = ['--text', 'code', '--drop', 'id', '--set', 'epochs=20', '--out', 'code'];
  const run = await adjoint('train', 'mlp', '--data', 'code.csv', ...options);
  expect(run.stdout).toContain('On what was held back: 100.0 % of 24 rows right');
  const { stdout } = await adjoint('eval', 'code');
  expect(stdout).toMatch(/true {2}00 {2}01 {2}02\n/);
  write('x.csv', 'x\n2\n');
  expect((await adjoint('predict', 'code', 'x.csv')).stdout).toMatch(
    /^x,predicted code,probability\n2,02,(1|0\.\d+)\n$/,
  );
  expect(readFileSync(join(base, 'code/report.html'), 'utf8')).toContain('Held-back rows');
  write('y.csv', 'y\n2\n');
  const refused = await adjoint('predict', 'code', 'y.csv');
  expect([refused.code, refused.stderr]).toEqual([1, 'adjoint: y.csv:1: the first line must name x, got y; x must come in\n']); // prettier-ignore
});

test('what cannot be learned from is told in one line', { timeout: 60_000 }, async () => {
  write('ragged.csv', 'a,b\n1,2\n3\n');
  write('names.csv', `who,age\n${Array.from({ length: 50 }, (_, i) => `person ${i},${i}`).join('\n')}\n`);
  write('few.csv', 'a,b\n1,2\n3,\n');
  const train = (data: string, ...more: string[]): string[] => [
    'train',
    'mlp',
    '--data',
    data,
    '--out',
    'new',
    ...more,
  ];
  const cases: [number, RegExp, string[]][] = [
    [1, /ragged\.csv:3: each row must have 2 fields, got 1; a field is missing/, train('ragged.csv')],
    [1, /texts of who must come again, got 50 in 50 rows; leave it out: --drop 'who'/, train('names.csv')],
    [2, /must have at least 6 rows with a target, got 1/, train('few.csv')],
    [2, /a column must be one of area, .*, got 'cost'/, train('houses.csv', '--target', 'cost')],
    [
      2,
      /a table is for mlp, bert, transformer, got MODEL cnn/,
      ['train', 'cnn', '--data', 'houses.csv', '--out', 'new'],
    ],
    [2, /--drop is for tables/, ['train', 'mlp', '--drop', 'a', '--out', 'new']],
  ];
  const ended = await Promise.all(cases.map(([, , args]) => adjoint(...args)));
  ended.forEach(({ code, stderr }, i) => {
    expect(stderr).toMatch(cases[i][1]);
    expect([code, stderr.split('\n').length]).toEqual([cases[i][0], 2]);
  });
});
