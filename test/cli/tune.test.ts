/** `adjoint tune`: every trial is a run of `adjoint train`, the best come first, a tuning that ends midway goes on. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandFolder, start, type Ended } from './run.ts';

let base = '';
let how: readonly string[] = [];
beforeAll(async () => {
  ({ base, how } = await commandFolder('tune'));
  writeFileSync(join(base, 'text.txt'), 'to be, or not to be, that is the question\n'.repeat(60));
});
afterAll(() => {
  rmSync(base, { recursive: true });
});

const adjoint = (...args: string[]): Promise<Ended> => start(base, args, { how });
const at = (...names: string[]): string => join(base, ...names);
const small = ['--data', 'text.txt', '--set', 'batch=2', '--set', 'block=8', '--set', 'steps=5'];
const bytes = (...names: string[]): string => readFileSync(at(...names), 'base64');

interface Result {
  readonly best: { readonly folder: string; readonly options: object };
  readonly trials: readonly { readonly options: object; readonly score: number; readonly folder: string }[];
}
const scores = ({ stdout }: Ended): unknown[] =>
  (JSON.parse(stdout) as Result).trials.map(({ options, score }) => [options, score]);

describe('a grid', { timeout: 120_000 }, () => {
  const grid = ['tune', 'bigram', '--grid', 'lr=0.1,1e-4', 'seed=1,2', ...small, '--set', 'epochs=2', '--jobs', '2'];
  let ended: Ended;
  beforeAll(async () => {
    ended = await adjoint(...grid, '--out', 'grid', '--json');
  }, 120_000);

  test('is tried wholly, the best first, each trial in a folder of its own', () => {
    expect([ended.code, readdirSync(at('grid')).toSorted(), readdirSync(at('grid/trials')).toSorted()]).toEqual([
      0,
      ['report.html', 'trials', 'trials.jsonl', 'tune.json'],
      ['lr=0.0001,seed=1', 'lr=0.0001,seed=2', 'lr=0.1,seed=1', 'lr=0.1,seed=2'],
    ]);
    const { best, trials } = JSON.parse(ended.stdout) as Result;
    expect(trials.map(({ score }) => score)).toEqual(trials.map(({ score }) => score).toSorted((a, b) => a - b));
    expect(new Set(trials.map(({ options }) => JSON.stringify(options))).size).toBe(4);
    expect(best).toMatchObject({ options: { lr: 0.1 }, folder: trials[0].folder });
    for (const { folder, score } of trials) {
      expect((JSON.parse(readFileSync(at(folder, 'metrics.json'), 'utf8')) as { loss: number }).loss).toBe(score);
    }
  });

  test('has trials that are what `adjoint train` makes of their settings', async () => {
    const settings = ['--set', 'epochs=2', '--set', 'lr=0.1', '--set', 'seed=2'];
    await adjoint('train', 'bigram', ...small, ...settings, '--out', 'alone');
    for (const file of ['model.safetensors', 'metrics.json', 'log.jsonl']) {
      expect(bytes('grid/trials/lr=0.1,seed=2', file)).toBe(bytes('alone', file));
    }
  });

  test('has a page with each setting against the score, and all trials', () => {
    const page = readFileSync(at('grid/report.html'), 'utf8');
    expect(page).toContain('aria-label="lr: loss by lr of a trial"');
    expect(page).toContain('aria-label="seed: loss by seed of a trial"');
    expect(page.match(/<td>0\.0001<\/td>/g)).toHaveLength(2);
    expect(page).not.toMatch(/<script|<link|src="http/);
  });
});

test('of random draws, halved, a third goes on with three times the epochs', { timeout: 120_000 }, async () => {
  const draws = ['--random', '4', 'lr=1e-4..1:log', 'batch=2..8', '--halving'];
  const ended = await adjoint('tune', 'bigram', ...draws, ...small, '--set', 'epochs=4', '--score', 'perplexity', '--out', 'halved'); // prettier-ignore
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  const rows = ended.stdout.split('\n\n')[1].split('\n').map((row) => row.trim().split(/\s+/)); // prettier-ignore
  expect(rows[0]).toEqual(['lr', 'batch', 'epochs', 'perplexity', 'seconds']);
  expect(rows.slice(1).map((row) => row[2])).toEqual(['3', '1', '1', '1', '1']);
  expect(rows[1].slice(0, 2)).toEqual(rows[2].slice(0, 2)); // the best of the first round
  const [, ...all] = rows;
  expect(all.every(([lr, batch]) => Number(lr) >= 1e-4 && Number(lr) <= 1 && Number.isInteger(Number(batch)))).toBe(
    true,
  );
  expect(ended.stdout).toContain(`is in halved/trials/lr=${rows[1][0]},batch=${rows[1][1]},epochs=3`);
  expect(readFileSync(at('halved/report.html'), 'utf8')).toContain('Successive halving');
});

describe('a tuning that ends midway', { timeout: 120_000 }, () => {
  // Some hundred steps to the trial, so that it ends within one.
  const grid = ['tune', 'bigram', '--grid', 'lr=0.1,0.01,0.001', '--data', 'text.txt', '--jobs', '1'];
  const long = ['--set', 'epochs=2', '--set', 'steps=200', '--set', 'batch=2', '--set', 'block=8'];
  let whole: Ended;
  beforeAll(async () => {
    whole = await adjoint(...grid, ...long, '--out', 'whole', '--json');
  }, 120_000);

  test.each([
    ['SIGKILL', null],
    ['SIGINT', 130],
  ] as const)('by %s takes its trials with it, and goes on to the same', async (signal, code) => {
    const out = `by-${signal}`;
    let sent = false;
    const ended = await start(base, [...grid, ...long, '--out', out], {
      how,
      seen: (stdout, kill) => {
        if (sent || !stdout.includes('lr=0.1: loss')) return;
        sent = true;
        const look = setInterval(() => {
          if (!existsSync(at(out, 'trials/lr=0.01/config.json'))) return; // the second trial has begun
          clearInterval(look);
          kill(signal);
        }, 5);
      },
    });
    expect(ended.code).toBe(code);
    if (signal === 'SIGINT') expect(ended.stderr).toBe(`Stopped. To go on: adjoint tune --resume ${out}\n`);
    expect(readFileSync(at(out, 'trials.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1);

    const resumed = await adjoint('tune', '--resume', out, '--json');
    expect([resumed.code, scores(resumed)]).toEqual([0, scores(whole)]);
    expect(resumed.stderr).not.toContain('lr=0.1: ');
    for (const name of ['lr=0.1', 'lr=0.01', 'lr=0.001']) {
      expect(bytes(out, 'trials', name, 'model.safetensors')).toBe(bytes('whole/trials', name, 'model.safetensors'));
    }
  });

  test('leaves no trial behind that still runs', async () => {
    const child = spawn(process.execPath, [...how, ...grid, ...long, '--set', 'epochs=50', '--out', 'left'], {
      cwd: base,
    });
    await new Promise<void>((resolve) => {
      child.stdout.once('data', () => {
        const look = setInterval(() => {
          if (!existsSync(at('left/trials/lr=0.1/config.json.lock'))) return;
          clearInterval(look);
          resolve();
        }, 20);
      });
    });
    const trial = Number(readFileSync(at('left/trials/lr=0.1/config.json.lock'), 'utf8'));
    expect(() => process.kill(trial, 0)).not.toThrow();
    child.kill('SIGKILL');
    await expect.poll(() => isRunning(trial), { timeout: 10_000 }).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that ended and that nobody has waited for is there by its number alone.
    return !/^State:\s+Z/m.test(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '');
  } catch {
    return false;
  }
}

test('a step size is found where the loss falls, and the curve is kept', { timeout: 60_000 }, async () => {
  const ended = await adjoint('find-lr', 'bigram', ...small, '--out', 'lr', '--json');
  const { lr, curve } = JSON.parse(ended.stdout) as { lr: number; curve: { lr: number }[] };
  expect([ended.code, lr > 1e-4 && lr < 1, curve[0].lr]).toEqual([0, true, 1e-6]);
  expect(readdirSync(at('lr')).toSorted()).toEqual(['find-lr.json', 'report.html']);
  const wrong = await adjoint('find-lr', 'bigram', '--from', '1', '--to', '0.1');
  expect([wrong.code, wrong.stderr]).toEqual([2, 'adjoint: --to must be above --from, got 1 and 0.1\n']);
});

test('a table is tuned on the columns that were named', { timeout: 60_000 }, async () => {
  const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 5},${(3 * (i % 7)) / 10}`);
  writeFileSync(at('rows.csv'), `a,b,c\n${rows.join('\n')}\n`);
  const words = ['--grid', 'lr=0.01,1e-5', '--data', 'rows.csv', '--target', 'a', '--drop', 'b', '--set', 'epochs=3'];
  const ended = await adjoint('tune', 'mlp', ...words, '--out', 'table', '--json');
  const { best } = JSON.parse(ended.stdout) as Result;
  expect([ended.code, best.options]).toEqual([0, { lr: 0.01 }]);
  const config = JSON.parse(readFileSync(at(best.folder, 'config.json'), 'utf8')) as { run: { columns: object } };
  expect(config.run.columns).toEqual({ target: 'a', text: [], drop: ['b'] });
});

describe('what cannot be is told in one line', { timeout: 60_000 }, () => {
  test.each([
    [2, /^adjoint: MODEL is missing/, []],
    [2, /there must be either --grid or --random N/, ['bigram', 'lr=1']],
    [2, /there must be settings to try, such as lr=1e-3,3e-3/, ['bigram', '--grid']],
    [2, /what to try must be one of epochs, .*, got 'rl'/, ['bigram', '--grid', 'rl=1']],
    [2, /--set lr must be a number from 0, got 'fast'/, ['bigram', '--grid', 'lr=1,fast']],
    [2, /each setting may be named once, got lr twice/, ['bigram', '--grid', 'lr=1', 'lr=2']],
    [2, /a range must grow, from above 0, got lr=0\.\.1:log/, ['bigram', '--random', '3', 'lr=0..1:log']],
    [2, /--halving chooses the epochs of each trial/, ['bigram', '--grid', 'epochs=1,2,3', '--halving']],
    [
      2,
      /--halving needs at least 3 candidates and 3 epochs, got 2 and 10/,
      ['bigram', '--grid', 'lr=1,2', '--halving'],
    ],
    [2, /--score must be one of loss, perplexity, got 'accuracy'/, ['bigram', '--grid', 'lr=1,2', ...small, '--set', 'epochs=1', '--score', 'accuracy', '--out', 'wrong']], // prettier-ignore
    [1, /none\.txt: the path must name a file that can be read/, ['bigram', '--grid', 'lr=1', '--data', 'none.txt', '--out', 'new']], // prettier-ignore
    [1, /tune: a trial must come to an end, got none that did; the first: .*loss/, ['bigram', '--grid', 'lr=1e30', ...small, '--set', 'epochs=1', '--out', 'worse']], // prettier-ignore
    [1, /nowhere\/tune\.json: there must be what the tuning was asked to do/, ['--resume', 'nowhere']],
    [2, /--resume goes on as the tuning began: leave out --grid/, ['--resume', 'x', '--grid']],
  ] as const)('%i %s', async (code, message, args) => {
    const ended = await adjoint('tune', ...args);
    expect(ended.stderr).toMatch(message);
    expect([ended.code, ended.stderr.split('\n').length]).toEqual([code, 2]);
    expect(existsSync(at('new'))).toBe(false);
  });
});
