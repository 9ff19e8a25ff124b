/** Searches, tuning in processes and here, resumed and halved; the learning-rate finder; cross-validation. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultGenerator, Generator } from '../../src/array/random.ts';
import { randn, tensor } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import * as optim from '../../src/optim/index.ts';
import {
  crossValidate,
  findLr,
  formatTrials,
  grid,
  logUniform,
  randomDraws,
  successiveHalving,
  tune,
  type Trial,
} from '../../src/train/index.ts';

let folder = '';
let module = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'adjoint-tune-'));
  module = join(folder, 'trial.mjs');
  writeFileSync(
    module,
    `export default async ({ x, how }, budget) => {
      if (how === 'throw') throw new Error('x was ' + x);
      if (how === 'exit') process.exit(3);
      if (how === 'kill') process.kill(process.pid, 'SIGKILL');
      if (how === 'nan') return NaN;
      await new Promise((resolve) => setTimeout(resolve, x));
      return (x - 3) ** 2 / budget;
    };`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('what to try', () => {
  test('a grid has every combination once', () => {
    expect(grid({ a: [1, 2], b: ['x', 'y'], c: [true] })).toEqual([
      { a: 1, b: 'x', c: true },
      { a: 1, b: 'y', c: true },
      { a: 2, b: 'x', c: true },
      { a: 2, b: 'y', c: true },
    ]);
    expect(grid({})).toEqual([{}]);
    expect(grid({ a: [] })).toEqual([]);
  });
  test('draws follow from the generator, and reach all values', () => {
    const space = { lr: logUniform(1e-4, 1), n: [1, 2, 3] };
    const draws = randomDraws(space, 200, new Generator(4));
    expect(draws).toEqual(randomDraws(space, 200, new Generator(4)));
    expect(new Set(draws.map(({ n }) => n)).size).toBe(3);
    for (const low of [1e-4, 1e-3, 1e-2, 1e-1]) {
      const inDecade = draws.filter(({ lr }) => lr >= low && lr < 10 * low).length;
      expect(inDecade).toBeGreaterThan(30); // 50 expected
    }
    expect(() => randomDraws({ n: [] }, 1)).toThrow('randomDraws: there must be values of n, got none');
    expect(() => logUniform(0, 1)).toThrow('logUniform: low and high must be positive numbers that grow, got 0 and 1');
  });
});

const scores = (trials: readonly Trial<{ x: number }>[]): (number | null)[] => trials.map(({ score }) => score);

describe('tuning', { timeout: 60_000 }, () => {
  const xs = grid({ x: [0, 5, 3, 2] });

  test.each<[string, () => string | URL]>([
    ['its path', () => module],
    ['its URL', () => pathToFileURL(module)],
  ])('in processes, of a module by %s, gives what it gives here', async (_, trial) => {
    const here = await tune(xs, { trial: ({ x }) => (x - 3) ** 2 });
    const there = await tune(xs, { trial: trial(), workers: 3, execArgv: [] });
    expect(scores(here)).toEqual([0, 1, 4, 9]);
    expect(there.map(({ seconds: _, ...rest }) => rest)).toEqual(here.map(({ seconds: _, ...rest }) => rest));
    expect(there[0]).toMatchObject({ options: { x: 3 }, budget: 1 });
  });

  test('what throws, ends, is killed or gives no number fails alone, and comes last', async () => {
    const candidates = grid({ how: ['throw', 'exit', 'kill', 'nan', 'well'], x: [4] });
    const trials = await tune(candidates, { trial: module, workers: 2, execArgv: [] });
    expect(trials[0]).toMatchObject({ options: { how: 'well' }, score: 1 });
    expect(trials.slice(1).map(({ score, error }) => [score, error])).toEqual([
      [null, 'x was 4'],
      [null, 'the process ended with code 3 before it had a score'],
      [null, 'the process ended with SIGKILL before it had a score'],
      [null, 'the score was NaN'],
    ]);
    expect(
      formatTrials(trials.map((trial) => ({ ...trial, seconds: 0.25 })))
        .split('\n')
        .slice(0, 3),
    ).toEqual([
      '  how  x  budget                                                         score  seconds',
      ' well  4       1                                                             1      0.3',
      'throw  4       1                                               failed: x was 4      0.3',
    ]);
  });

  test('a log has what is over; it is not run again, what failed is', async () => {
    const log = join(folder, 'log.jsonl');
    const ran: number[] = [];
    let broken = true;
    const options = {
      log,
      mode: 'max' as const,
      trial: ({ x }: { x: number }) => {
        ran.push(x);
        if (broken && x === 5) throw new Error('not yet');
        return x;
      },
    };
    await tune(xs.slice(0, 2), options);
    expect(
      readFileSync(log, 'utf8')
        .split('\n')
        .map((line) => line.slice(0, 26)),
    ).toEqual(['{"options":{"x":0},"budget', '{"options":{"x":5},"budget', '']);
    broken = false;
    const seen: number[] = [];
    const trials = await tune(xs, { ...options, onTrial: ({ options: { x } }) => seen.push(x) });
    expect(ran).toEqual([0, 5, 5, 3, 2]);
    expect(seen).toEqual([5, 3, 2]);
    expect(scores(trials)).toEqual([5, 3, 2, 0]);
    await tune(xs, { ...options, budget: 2 });
    expect(ran).toHaveLength(9);
    writeFileSync(log, 'shopping list\n');
    await expect(tune(xs, options)).rejects.toThrow('the log must hold a trial a line, got another thing in line 1 of');
    expect(readFileSync(log, 'utf8')).toBe('shopping list\n');
  });

  test('halving gives the best more to spend, and goes on from its log', async () => {
    const log = join(folder, 'halving.jsonl');
    const ran: [number, number][] = [];
    const options = {
      trial: ({ x }: { x: number }, budget: number) => {
        ran.push([x, budget]);
        return (x - 3) ** 2 + 1 / budget;
      },
      minBudget: 1,
      maxBudget: 9,
      log,
    };
    const candidates = grid({ x: [0, 1, 2, 3, 4, 5, 6, 7, 8] });
    const trials = await successiveHalving(candidates, options);
    expect(ran.map(([, budget]) => budget)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 9]);
    expect(trials[0]).toMatchObject({ options: { x: 3 }, budget: 9, score: 1 / 9 });
    expect(trials.slice(1, 4).map(({ options: { x } }) => x)).toEqual([3, 2, 4]);
    await successiveHalving(candidates, options);
    expect(ran).toHaveLength(13);
  });

  test('what cannot be is refused', async () => {
    const trial = (): number => 1;
    await expect(tune([], { trial })).rejects.toThrow('tune: there must be candidates, got none');
    await expect(tune(xs, { trial, workers: 0 })).rejects.toThrow('workers must be a whole number from 1, got 0');
    await expect(tune(xs, { trial, mode: 'up' as 'min' })).rejects.toThrow("mode must be 'min' or 'max', got 'up'");
    const budgets = { minBudget: 2, maxBudget: 1 };
    await expect(successiveHalving(xs, { trial, ...budgets })).rejects.toThrow('budgets must be positive');
    await expect(successiveHalving(xs, { trial, minBudget: 1, maxBudget: 1, eta: 1 })).rejects.toThrow('eta must be');
  });
});

describe('the learning-rate finder', () => {
  const problem = () => {
    const model = new nn.Sequential(
      new nn.Linear(2, 4),
      new nn.BatchNorm1d(4),
      new nn.Dropout(0.1),
      new nn.Linear(4, 1),
    );
    const x = randn([32, 2]);
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.7 });
    return { model, optimizer, train: [x], loss: (x: ReturnType<typeof randn>) => nn.functional.mseLoss(model(x), x.sum(1, true)) }; // prettier-ignore
  };

  test('finds a place between too small and too large, and leaves all as it was', async () => {
    const options = problem();
    const { model, optimizer, train, loss } = options;
    loss(train[0]).backward();
    optimizer.step();
    model.eval();
    const look = (): unknown => [
      Object.entries(model.stateDict()).map(([name, x]) => [name, x.toArray()]),
      JSON.stringify(optimizer.stateDict(), (_, x: unknown) => (x instanceof Object && 'toArray' in x ? [...(x as typeof train[0]).toTypedArray()] : x)), // prettier-ignore
      defaultGenerator.getState(),
      model.training,
    ];
    const before = look();
    const { lr, curve } = await findLr({ ...options, from: 1e-6, to: 1e3, steps: 60 });
    expect(look()).toEqual(before);
    expect(lr).toBeGreaterThan(1e-4);
    expect(lr).toBeLessThan(1);
    expect(curve[0].lr).toBe(1e-6);
    expect(curve.length).toBeGreaterThan(30);
    const found = curve.findIndex((point) => point.lr === lr);
    expect(curve[found - 1].loss - curve[found + 1].loss).toBeGreaterThan(0);
  });

  test('says that there is none where nothing falls, and what cannot be', async () => {
    const w = tensor([1], { requiresGrad: true });
    const model = new nn.Linear(1, 1);
    const flat = { model, optimizer: new optim.SGD([w]), train: [1], loss: () => w.mul(0).sum().add(1), steps: 5 };
    expect((await findLr(flat)).lr).toBeNull();
    await expect(findLr({ ...flat, train: [] })).rejects.toThrow('findLr: there must be batches, got none');
    await expect(findLr({ ...flat, from: 1, to: 1 })).rejects.toThrow('from and to must be positive numbers that grow');
    await expect(findLr({ ...flat, steps: 1 })).rejects.toThrow('steps must be a whole number from 2, got 1');
    await expect(findLr({ ...flat, smoothing: 1 })).rejects.toThrow('smoothing must be at least 0 and below 1');
  });
});

test('cross-validation scores the folds in order', async () => {
  const seen: [string, number][] = [];
  const result = await crossValidate(['a', 'b', 'c', 'd'], async (fold, k) => {
    seen.push([fold, k]);
    return Promise.resolve(k);
  });
  expect(seen).toEqual([['a', 0], ['b', 1], ['c', 2], ['d', 3]]); // prettier-ignore
  expect(result).toEqual({ scores: [0, 1, 2, 3], mean: 1.5, std: Math.sqrt(5 / 3) });
  await expect(crossValidate([1], () => 1)).rejects.toThrow('crossValidate: there must be at least two folds, got 1');
});
