/** The job of `npm start`: what a run leaves, that a seed determines it, what is refused in one line, how it is stopped. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSafetensors } from '../../src/io/index.ts';
import { root } from '../files.ts';
import { below, bundled, digitsFolder, idx, start, type Ended } from './run.ts';

let base = '';
let digits = ''; // 300 images: 240 to train on, 60 held back
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'adjoint-cli-'));
  digits = digitsFolder(join(base, 'digits'), 300);
});
afterAll(() => {
  rmSync(base, { recursive: true });
});

let made = 0;
/** A new empty folder to run in. */
function newFolder(): string {
  const folder = join(base, `cwd${made++}`);
  mkdirSync(folder);
  return folder;
}

const run = ['--epochs', '1', '--data'];
const files = ['metrics.json', 'model.safetensors', 'report.html'];
const hashes = (folder: string): string[] =>
  files.map((name) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex'),
  );

describe('a run', { timeout: 60_000 }, () => {
  let cwd = '';
  let [ended, again, other]: Ended[] = [];
  beforeAll(async () => {
    cwd = newFolder();
    ended = await start(cwd, [...run, digits]); // both to the default folder, one after the other
    [again, other] = await Promise.all([
      start(cwd, [...run, digits]),
      start(cwd, [...run, digits, '--seed', '2', '--out', 'deep/other']),
    ]);
  }, 60_000);

  test('ends well, tells where it left what, and leaves three files and nothing else', () => {
    expect(ended.stderr).toBe('');
    expect([ended.code, again.code, other.code]).toEqual([0, 0, 0]);
    expect(ended.stdout).toContain('The run is in runs/digits: model.safetensors, metrics.json, report.html');
    expect(again.stdout).toContain('The run is in runs/digits-2: ');
    const folders = ['deep/other', 'runs/digits', 'runs/digits-2'];
    const inside = folders.flatMap((folder) => [`${folder}/`, ...files.map((name) => `${folder}/${name}`)]);
    expect(below(cwd)).toEqual(['deep/', 'runs/', ...inside].toSorted());
  });

  test('says what else to try: commands that there are', async () => {
    symlinkSync(join(root, 'node_modules'), join(base, 'node_modules')); // where the bundle finds packages
    const how = await bundled(join(base, 'adjoint.mjs'), 'adjoint.ts');
    const tried = [...ended.stdout.matchAll(/^ {2}npm run adjoint -- (.*?) {2}/gm)].map(([, words]) =>
      words.split(' '),
    );
    expect(tried).toHaveLength(5);
    const helps = await Promise.all(tried.map((words) => start(base, [...words, '--help'], { how })));
    expect(helps.map(({ code, stderr }) => [code, stderr])).toEqual(helps.map(() => [0, '']));
  });

  test('with the same seed gives the same bytes, with another other ones', () => {
    const [first, second, third] = ['runs/digits', 'runs/digits-2', 'deep/other'].map((at) => hashes(join(cwd, at)));
    expect(second).toEqual(first);
    expect(third.map((hash, i) => hash === first[i])).toEqual([false, false, false]);
    const network = ({ stdout }: Ended): string => stdout.slice(0, stdout.indexOf('2. A digit classifier'));
    expect(network(again)).toBe(network(ended));
    expect(network(other)).not.toBe(network(ended));
  });

  test('prints the first network, the model, its epochs, and that the saved one gives the same bits', () => {
    const losses = [...ended.stdout.matchAll(/^Epoch \[(\d+)\/100\], Loss: (\d\.\d{4})$/gm)];
    expect(losses.map(([, epoch]) => Number(epoch))).toEqual([1, 11, 21, 31, 41, 51, 61, 71, 81, 91]);
    expect(Number(losses[9][2])).toBeLessThan(Number(losses[0][2]));
    expect(ended.stdout).toMatch(/^Test Loss: \d\.\d{4}$/m);
    expect(ended.stdout).toContain('240 to train on, 60 held back; 28 × 28 pixels');
    expect(ended.stdout).toContain('(hidden): Linear(in=784, out=256, bias=true)');
    expect(ended.stdout).toMatch(/^epoch 1\/1 · loss \d\.\d{4} · accuracy .* · held back: loss /m);
    expect(ended.stdout).toContain('gives the same bits for all 600 probabilities');
  });

  test('writes no control codes where there is no terminal', () => {
    for (const { stdout, stderr } of [ended, again, other]) expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]/u);
  });

  test('saves the model under the names of its parts, and metrics that fit what it printed', () => {
    const { tensors, metadata } = loadSafetensors(join(cwd, 'runs/digits/model.safetensors'));
    expect(Object.entries(tensors).map(([name, x]) => [name, x.shape])).toEqual([
      ['hidden.weight', [256, 784]],
      ['hidden.bias', [256]],
      ['output.weight', [10, 256]],
      ['output.bias', [10]],
    ]);
    expect(metadata).toEqual({ model: 'DigitNet', seed: '1' });
    const metrics = JSON.parse(readFileSync(join(cwd, 'runs/digits/metrics.json'), 'utf8')) as {
      config: { seed: number; epochs: number };
      parameters: number;
      history: unknown[];
      heldBack: { loss: number; accuracy: number; confusion: number[][] };
    };
    const { loss, accuracy, confusion } = metrics.heldBack;
    expect([metrics.config.seed, metrics.config.epochs, metrics.parameters]).toEqual([1, 1, 203_530]);
    expect(metrics.history).toHaveLength(1);
    expect(ended.stdout).toContain(`accuracy ${(100 * accuracy).toFixed(2)} %, loss ${loss.toFixed(4)}.`);
    expect(confusion.flat().reduce((a, b) => a + b)).toBe(60);
    expect(confusion.reduce((right, row, i) => right + row[i], 0) / 60).toBe(accuracy);
  });

  test('writes a report that needs nothing from elsewhere', () => {
    const html = readFileSync(join(cwd, 'runs/digits/report.html'), 'utf8');
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).not.toMatch(/<(script|link|iframe|object|embed)\b[^>]*\b(src|href|data)\s*=/i);
    expect(html).not.toMatch(/\b(src|href)\s*=\s*["']?(?!["']?(data:|#))[^\s"'>]/i);
    expect(html).not.toMatch(/@import|url\(\s*["']?(?!["']?(data:|#))/i);
    expect(html).toContain('data:image/png;base64,');
  });
});

/** What is refused: the arguments, how the folder to run in is prepared, and the one line. */
const refused: readonly [title: string, args: readonly string[], line: RegExp, prepare?: (cwd: string) => void][] = [
  ['an unknown option', ['--nope'], /^adjoint: Unknown option '--nope'; see --help$/],
  ['an argument that is no option', ['digits'], /^adjoint: Unexpected argument 'digits'.*; see --help$/],
  ['an option without its value', ['--epochs'], /^adjoint: Option '--epochs.*' argument missing; see --help$/],
  ['a value with a dash', ['--epochs', '-1'], /^adjoint: Option '--epochs' argument is ambiguous; see --help$/],
  ['no epochs', ['--epochs=0'], /^adjoint: --epochs must be a whole number from 1, got '0'$/],
  [
    'a seed beyond what numbers hold',
    ['--seed', '9007199254740991'],
    /^adjoint: --seed must be a whole number from 0 to /,
  ],
  [
    'a seed that is no whole number',
    ['--seed', '1.5'],
    /^adjoint: --seed must be a whole number from 0 .*, got '1.5'$/,
  ],
  ['an empty number', ['--seed='], /^adjoint: --seed must be a whole number from 0 .*, got ''$/],
  ['a folder that is not there', ['--data', 'none'], /^adjoint: readMnist: .* none, which does not exist$/],
  [
    'a folder without digits',
    ['--data', '.'],
    /^adjoint: readMnist: the folder must hold images and labels of MNIST, got \./,
  ],
  [
    'files that are cut off',
    ['--data', 'cut'],
    /^adjoint: cut\/t10k-images-idx3-ubyte: .* the file is truncated$/,
    (cwd) => truncateSync(join(digitsFolder(join(cwd, 'cut'), 2), 't10k-images-idx3-ubyte'), 500),
  ],
  [
    'too few images to hold some back',
    ['--data', 'one'],
    /^adjoint: --data one: there must be images to train on and to hold back, got 1 in all$/,
    (cwd) => digitsFolder(join(cwd, 'one'), 1),
  ],
  [
    'images of two sizes',
    ['--data', 'two'],
    /^adjoint: --data two: images must have one size, got 2 × 1 to train on and 28 × 28 to test on$/,
    (cwd) => {
      digitsFolder(join(cwd, 'two'), 2);
      writeFileSync(join(cwd, 'two/train-images-idx3-ubyte'), idx([1, 2, 1], [0, 9]));
      writeFileSync(join(cwd, 'two/train-labels-idx1-ubyte'), idx([1], [3]));
    },
  ],
  [
    'a folder for the run that has files in it',
    ['--out', '.'],
    /^adjoint: --out must be a new or empty folder, got \., which has files in it$/,
    (cwd) => writeFileSync(join(cwd, 'mine.txt'), ''),
  ],
  [
    'a file in place of the folder for the run',
    ['--out', 'mine.txt'],
    /^adjoint: --out must be a new or empty folder, got mine.txt, which is a file$/,
    (cwd) => writeFileSync(join(cwd, 'mine.txt'), ''),
  ],
  [
    'a folder for the run that cannot be made',
    ['--out', 'mine.txt/run'],
    /^adjoint: --out mine.txt\/run cannot be used: ENOTDIR/,
    (cwd) => writeFileSync(join(cwd, 'mine.txt'), ''),
  ],
];

describe('refused in one line, with nothing written', { timeout: 60_000 }, () => {
  let how: readonly string[] = [];
  beforeAll(async () => {
    how = await bundled(join(base, 'start.mjs'));
  });

  test.concurrent.each(refused)('%s', async (_, args, line, prepare) => {
    const cwd = newFolder();
    prepare?.(cwd);
    const before = below(cwd);
    const epochs = args[0].startsWith('--epochs') ? [] : ['--epochs', '1'];
    const ours = args.includes('--out') ? ['--data', digits] : []; // so that a run that is not refused is short
    const { code, stdout, stderr } = await start(cwd, [...epochs, ...ours, ...args], { how });
    expect(stderr.trimEnd()).toMatch(line);
    expect([stderr.endsWith('\n'), stderr.trimEnd().split('\n').length]).toEqual([true, 1]);
    expect([code, stdout]).toEqual([2, '']);
    expect(below(cwd)).toEqual(before);
  });
});

test('--help tells every option, and runs nothing', { timeout: 60_000 }, async () => {
  const cwd = newFolder();
  const { code, stdout, stderr } = await start(cwd, ['--help', '--epochs', '3']);
  expect([code, stderr, below(cwd)]).toEqual([0, '', []]);
  for (const option of ['--data DIR', '--epochs N', '--seed N', '--out DIR', '--help'])
    expect(stdout).toContain(option);
});

describe('stopped', { timeout: 60_000 }, () => {
  /** Sends a signal once `when` has been printed. */
  const stopped = (cwd: string, args: readonly string[], when: string, signal: NodeJS.Signals): Promise<Ended> => {
    let sent = false;
    const seen = (stdout: string, kill: (signal: NodeJS.Signals) => void): void => {
      if (sent || !stdout.includes(when)) return;
      sent = true;
      kill(signal);
    };
    return start(cwd, ['--epochs', '500', '--data', digits, ...args], { seen });
  };

  test.concurrent('by Ctrl-C in training: exit code 130, and neither a file nor a folder is left', async () => {
    const cwd = newFolder();
    const { code, stdout, stderr } = await stopped(cwd, [], 'epoch   2/500', 'SIGINT');
    expect([code, stderr]).toEqual([130, '\nStopped. Nothing was left half written.\n']);
    expect(stdout).not.toContain('3. Save, load, predict');
    expect(below(cwd)).toEqual([]);
  });

  test.concurrent('before that, too; a folder that was there before stays, and SIGTERM has its own exit code', async () => {
    const cwd = newFolder();
    mkdirSync(join(cwd, 'mine'));
    const { code } = await stopped(cwd, ['--out', 'mine/run'], '1. A first network', 'SIGTERM');
    expect(code).toBe(143);
    expect(below(cwd)).toEqual(['mine/']);
  });
});
