/** BERT and the Transformer by the command: gaps, classes of texts from scratch and from a pretrained run, pairs. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { load } from '../../src/models/folder.ts';
import { BERTForClassification, BERTForMaskedLM } from '../../src/models/index.ts';
import { commandFolder, start, type Ended } from './run.ts';

let base = '';
let how: readonly string[] = [];
const adjoint = (...args: string[]): Promise<Ended> => start(base, args, { how });
const at = (...names: string[]): string => join(base, ...names);
const set = (text: string): string[] => text.split(' ').flatMap((part) => ['--set', part]);
const metrics = ({ stdout }: Ended): Record<string, number> =>
  (JSON.parse(stdout) as { metrics: Record<string, number> }).metrics;

beforeAll(async () => {
  ({ base, how } = await commandFolder('texts'));
  writeFileSync(at('abc.txt'), 'abcd\n'.repeat(500));
});
afterAll(() => {
  rmSync(base, { recursive: true });
});

describe('BERT', { timeout: 120_000 }, () => {
  let run: Ended;
  beforeAll(async () => {
    const settings = set('epochs=4 steps=100 batch=16 block=12 width=32 layers=1 heads=2 lr=0.005');
    run = await adjoint('train', 'bert', '--data', 'abc.txt', ...settings, '--out', 'gaps', '--json');
  }, 120_000);

  test('fills gaps, and says how sure it is', async () => {
    expect(metrics(run)['accuracy']).toBeGreaterThan(2 * metrics(run)['guess']);
    const [said, json, scores] = await Promise.all([
      adjoint('predict', 'gaps', 'abc[MASK]\nabcd', 'cd\na[MASK]cd\na'),
      adjoint('predict', 'gaps', 'abc[MASK]\nabcd', '--json'),
      adjoint('eval', 'gaps'),
    ]);
    expect(said.stdout).toMatch(/^abcd\nabcd\n {2}1: "d" \d+\.\d %, "[^"]+" \d+\.\d %, "[^"]+" \d+\.\d %\ncd\nabcd\na\n {2}1: "b" /); // prettier-ignore
    expect(JSON.parse(json.stdout)).toMatchObject({ text: 'abc[MASK]\nabcd', filled: 'abcd\nabcd', guesses: [[{ token: 'd' }, {}, {}]] }); // prettier-ignore
    expect(scores.stdout).toMatch(
      / of hidden tokens right, .* the best guess without context is right in \d+\.\d %\n$/,
    );
    expect(load(at('gaps')).model).toBeInstanceOf(BERTForMaskedLM);
    const page = readFileSync(at('gaps/report.html'), 'utf8');
    for (const part of ['Gaps that it fills', '<h2>Attention</h2>', 'alt="layer 1, head 2"'])
      expect(page).toContain(part);
    const refused = await adjoint('predict', 'gaps', 'abc');
    expect([refused.code, refused.stderr]).toEqual([2, "adjoint: a text must have a gap, written [MASK], got 'abc'\n"]);
  });

  test('tells classes of texts, from scratch by words, or from a run that fills gaps', async () => {
    const rows = Array.from({ length: 120 }, (_, i) => `"${i % 2 ? 'abcd' : 'dcba'}, ${'abcd'[i % 4]}",${i % 2}`); // prettier-ignore
    writeFileSync(at('labels.csv'), `text,forward\n${rows.join('\n')}\n`);
    const settings = set('epochs=6 lr=0.01 dropout=0');
    const scratch = [...settings, ...set('vocab=60 block=12 width=16 layers=1 heads=2')];
    const [fresh, tuned] = await Promise.all([
      adjoint('train', 'bert', '--data', 'labels.csv', ...scratch, '--out', 'fresh', '--json'),
      adjoint('train', 'bert', '--data', 'labels.csv', '--pretrained', 'gaps', ...settings, '--out', 'tuned', '--json'),
    ]);
    expect([metrics(fresh)['accuracy'], metrics(tuned)['accuracy']]).toEqual([1, 1]);
    const { model } = load(at('tuned'));
    if (!(model instanceof BERTForClassification)) throw new Error('a classifier was trained');
    expect(model.config.nEmbd).toBe(32);
    const kept = JSON.parse(readFileSync(at('tuned/preprocessing.json'), 'utf8')) as unknown;
    expect(kept).toEqual({ text: 'text', label: 'forward', classes: ['0', '1'] });

    writeFileSync(at('new.csv'), 'id,text\n7,"abcd, e"\n8,"dcba, e"\n');
    const [words, table, scores] = await Promise.all([
      adjoint('predict', 'tuned', 'abcd, e'),
      adjoint('predict', 'tuned', 'new.csv'),
      adjoint('eval', 'fresh', '--json'),
    ]);
    expect(words.stdout).toMatch(/^abcd, e: 1 \d+\.\d %, 0 \d+\.\d %\n$/);
    expect(table.stdout).toMatch(/^id,text,predicted forward,probability\n7,"abcd, e",1,[01][.\d]*\n8,"dcba, e",0,[01][.\d]*\n$/); // prettier-ignore
    expect(JSON.parse(scores.stdout)).toMatchObject({ accuracy: 1, classes: ['0', '1'] });
  });
});

test('a Transformer learns the targets of sources', { timeout: 120_000 }, async () => {
  const words = Array.from({ length: 150 }, (_, i) => `${i + 100}`);
  writeFileSync(at('pairs.tsv'), `number\tspelled\n${words.map((word) => `${word}\t${[...word].map((c) => 'abcdefghij'[Number(c)]).join('')}`).join('\n')}\n`); // prettier-ignore
  const settings = set('epochs=40 batch=16 width=16 layers=1 heads=2 lr=0.02');
  const run = await adjoint('train', 'transformer', '--data', 'pairs.tsv', ...settings, '--out', 'pairs', '--json');
  expect(metrics(run)['accuracy']).toBeGreaterThan(0.9);
  const [said, json, scores] = await Promise.all([
    adjoint('predict', 'pairs', '123', '210'),
    adjoint('predict', 'pairs', 'pairs.tsv', '--json'),
    adjoint('eval', 'pairs', '--json'),
  ]);
  expect(said.stdout).toBe('123: bcd\n210: cba\n');
  expect(JSON.parse(json.stdout.split('\n')[0])).toEqual({ number: '100', spelled: 'baa' });
  expect(JSON.parse(scores.stdout)).toMatchObject(metrics(run));
  expect((await adjoint('predict', 'pairs', '12345')).stderr).toMatch(/^adjoint: a number must have 1 to 4 tokens, got 5 in '12345'\n$/); // prettier-ignore
});

test('what cannot be is told in one line', { timeout: 60_000 }, async () => {
  writeFileSync(at('three.csv'), `a,b,c\n${'x,y,z\n'.repeat(9)}`);
  const bert = ['train', 'bert', '--out', 'new', '--data'];
  const cases: [RegExp, string[]][] = [
    [/three\.csv must have one column besides c, got a, b; leave others out: --drop 'b'/, [...bert, 'three.csv']],
    [/c must have at least two classes, got 1/, [...bert, 'three.csv', '--drop', 'a']],
    [/--pretrained is for bert with a table/, [...bert, 'abc.txt', '--pretrained', 'gaps']],
    [/--text is for mlp/, [...bert, 'three.csv', '--text', 'a']],
    [
      /--set must name one of epochs, .*, got 'width'/,
      [...bert, 'three.csv', '--pretrained', 'gaps', '--set', 'width=8'],
    ],
    [/--target is for tables/, ['train', 'transformer', '--target', 'b', '--out', 'new']],
  ];
  const ended = await Promise.all(cases.map(([, args]) => adjoint(...args)));
  ended.forEach(({ code, stderr }, i) => {
    expect(stderr).toMatch(cases[i][0]);
    expect([code, stderr.split('\n').length]).toEqual([2, 2]);
  });
  expect(existsSync(at('new'))).toBe(false);
});
