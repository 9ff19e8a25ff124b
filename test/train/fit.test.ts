/** fit: it is the plain loop, bit for bit; what it has beside; where a number that is none came from; what is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manualSeed } from '../../src/array/random.ts';
import { cat, randn, tensor, zeros } from '../../src/create.ts';
import { noGrad } from '../../src/engine.ts';
import * as nn from '../../src/nn/index.ts';
import * as optim from '../../src/optim/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { read } from '../files.ts';
import {
  earlyStopping,
  evaluate,
  findNonFinite,
  fit,
  logFile,
  NonFiniteError,
  showProgress,
  type Callback,
  type FitOptions,
} from '../../src/train/index.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'adjoint-fit-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Batch = readonly [x: Tensor, y: Tensor];

/** A small regression: the same model, batches and options each time. */
function problem(dtype: 'float32' | 'float64' = 'float32', p = 0.2) {
  manualSeed(1);
  const model = new nn.Sequential(new nn.Linear(3, 4, { dtype }), new nn.Tanh(), new nn.Dropout(p), new nn.Linear(4, 1, { dtype })); // prettier-ignore
  const batches: Batch[] = [5, 5, 3].map((rows) => [randn([rows, 3], { dtype }), randn([rows, 1], { dtype })]);
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.05 });
  const loss = ([x, y]: Batch): Tensor => nn.functional.mseLoss(model(x), y);
  return { model, optimizer, train: batches, loss, epochs: 3 };
}
const bits = (model: nn.Module): number[] => model.parameters().flatMap((p) => [...p.toTypedArray()]);

test('it is the plain loop, bit for bit', async () => {
  const { model, optimizer, train, loss, epochs } = problem();
  const losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    let [sum, rows] = [0, 0];
    for (const batch of train) {
      optimizer.zeroGrad();
      const value = loss(batch);
      value.backward();
      optimizer.step();
      sum += value.item() * batch[0].shape[0];
      rows += batch[0].shape[0];
    }
    losses.push(sum / rows);
  }
  const again = problem();
  const run = await fit(again);
  expect(bits(again.model)).toEqual(bits(model));
  expect(run.history).toEqual(losses.map((value, i) => ({ epoch: i + 1, loss: value })));
  expect([run.epoch, run.step, run.stopped]).toEqual([3, 9, null]);
});

test('a whole run is that of PyTorch: warm-up and cosine, accumulation, clipping, averaged weights', async () => {
  const { whole } = JSON.parse(read('test/fixtures/training.json')) as {
    whole: { x: number[][][]; y: number[][]; losses: number[] } & Record<'start' | 'end' | 'averages', Weights>;
  };
  const dtype = 'float64';
  const model = new nn.Sequential(new nn.Linear(4, 6, { dtype }), new nn.Tanh(), new nn.Linear(6, 3, { dtype }));
  const named = (weights: Weights): nn.StateDict =>
    Object.fromEntries(Object.entries(weights).map(([name, values]) => [name, tensor(values, { dtype })]));
  model.loadStateDict(named(whole.start));
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.05, weightDecay: 0.1, amsgrad: true });
  const { CosineAnnealingLR, LinearLR, SequentialLR } = optim.lrScheduler;
  const average = new optim.swaUtils.AveragedModel(model, { decay: 0.8 });
  const run = await fit({
    model,
    optimizer,
    train: whole.x.map((x, i) => ({ x: tensor(x, { dtype }), y: tensor(whole.y[i]) })),
    loss: ({ x, y }) => nn.functional.crossEntropy(model(x), y, { labelSmoothing: 0.1 }),
    epochs: 3,
    accumulate: 2,
    clipNorm: 0.3,
    average,
    scheduler: new SequentialLR(optimizer, {
      schedulers: [
        new LinearLR(optimizer, { startFactor: 0.1, totalIters: 4 }),
        new CosineAnnealingLR(optimizer, { tMax: 8, etaMin: 0.001 }),
      ],
      milestones: [4],
    }),
    scheduleEach: 'step',
  });
  const close = { rtol: 1e-9, atol: 1e-12 };
  expect(run.history.map(({ loss }) => loss)).toBeAllClose(whole.losses, close);
  for (const [name, x] of model.namedParameters()) expect(x).toBeAllClose(whole.end[name], close);
  average.swap();
  for (const [name, x] of model.namedParameters()) expect(x).toBeAllClose(whole.averages[name], close);
});
type Weights = Readonly<Record<string, number[][]>>;

test('batches may come as any iterable, also an async one, and with names', async () => {
  const whole = problem();
  await fit(whole);
  const again = problem();
  const named = { async *[Symbol.asyncIterator]() { for (const [x, y] of again.train) yield await Promise.resolve({ x, y }); } }; // prettier-ignore
  const run = await fit({ ...again, train: named, loss: ({ x, y }) => again.loss([x, y]) });
  expect(bits(again.model)).toEqual(bits(whole.model));
  expect(run.metrics).toEqual((await fit(problem())).metrics);
});

test('accumulated batches make the step of the one batch of them all, whatever their sizes', async () => {
  const [parts, whole] = [0, 1].map(() => problem('float64', 0));
  const all = [0, 1].map((i) => cat(whole.train.map((batch) => batch[i]))) as unknown as Batch;
  await fit({ ...parts, accumulate: 3, clipNorm: 0.5 });
  const run = await fit({ ...whole, train: [all], clipNorm: 0.5 });
  expect(bits(parts.model)).toBeAllClose(bits(whole.model), { rtol: 1e-12, atol: 1e-14 });
  expect(run.step).toBe(3);
});

test('what is left over at the end of an epoch makes a step of its own', async () => {
  const run = await fit({ ...problem(), accumulate: 2 });
  expect(run.step).toBe(6);
});

describe('what stands around the steps', () => {
  test('gradients are clipped, schedules stepped after each step or epoch, marks called in order', async () => {
    const options = problem();
    const seen: string[] = [];
    const mark = (name: string): Callback => ({
      start: () => void seen.push(`${name} start`),
      stepEnd: ({ batch }) => void seen.push(`${name} step ${batch}`),
      epochEnd: async ({ epoch, metrics }) => {
        await Promise.resolve();
        seen.push(`${name} epoch ${epoch} ${Object.keys(metrics).join(' ')}`);
      },
      end: () => void seen.push(`${name} end`),
    });
    const { optimizer } = options;
    const lrs: number[] = [];
    const watch: Callback = { stepEnd: () => void lrs.push(optimizer.paramGroups[0].lr) };
    const scheduler = new optim.lrScheduler.ExponentialLR(optimizer, { gamma: 0.5 });
    await fit({ ...options, epochs: 2, callbacks: [mark('a'), mark('b'), watch], scheduler, validate: () => ({ seen: seen.length }) }); // prettier-ignore
    expect(lrs).toEqual([0.05, 0.05, 0.05, 0.025, 0.025, 0.025]);
    expect(seen.slice(0, 4)).toEqual(['a start', 'b start', 'a step 1', 'b step 1']);
    expect(seen.slice(8, 11)).toEqual(['a epoch 1 loss seen', 'b epoch 1 loss seen', 'a step 1']);
    expect(seen.slice(-2)).toEqual(['a end', 'b end']);
    const each = problem();
    const fast = new optim.lrScheduler.ExponentialLR(each.optimizer, { gamma: 0.5 });
    await fit({ ...each, scheduler: fast, scheduleEach: 'step', epochs: 1 });
    expect(each.optimizer.paramGroups[0].lr).toBe(0.05 / 8);
  });

  test('a schedule that looks at a metric gets it', async () => {
    const options = problem();
    const scheduler = new optim.lrScheduler.ReduceLROnPlateau(options.optimizer, { patience: 0 });
    await fit({ ...options, scheduler, monitor: 'flat', validate: () => ({ flat: 1 }) });
    expect(options.optimizer.paramGroups[0].lr).toBeAllClose(0.0005);
    await expect(fit({ ...problem(), scheduler, monitor: 'flat' })).rejects.toThrow(
      "fit: there must be a metric 'flat', got loss",
    );
  });

  test('validation sees the averaged weights, in eval mode; training goes on with its own', async () => {
    const options = problem();
    const average = new optim.swaUtils.AveragedModel(options.model, { decay: 0.5 });
    const seen: number[][] = [];
    const validate = (): Record<string, number> => {
      expect(options.model.training).toBe(false);
      seen.push(bits(options.model));
      return {};
    };
    await fit({ ...options, average, validate, epochs: 1 });
    expect(average.use(() => bits(options.model))).toEqual(seen[0]);
    expect(bits(options.model)).not.toEqual(seen[0]);
    expect(options.model.training).toBe(true);
    const plain = problem();
    await fit({ ...plain, epochs: 1 });
    expect(bits(options.model)).toEqual(bits(plain.model));
  });

  test('early stopping ends at the patience, and puts the best weights back', async () => {
    const options = problem();
    const values = [3, 2, 2.5, 1.999, 2, 2, 2];
    const weights: number[][] = [];
    const stopping = earlyStopping({ monitor: 'v', patience: 2, minDelta: 0.01 });
    const validate = (): Record<string, number> => {
      weights.push(bits(options.model));
      return { v: values[weights.length - 1] };
    };
    const run = await fit({ ...options, epochs: 7, validate, callbacks: [stopping] });
    expect(run.stopped).toBe('no better v since epoch 2');
    expect([run.epoch, stopping.bestEpoch]).toEqual([5, 2]);
    expect(bits(options.model)).toEqual(weights[1]);
    expect(() => earlyStopping({} as never)).toThrow('earlyStopping: monitor must name a metric');
    const up = earlyStopping({ monitor: 'v', mode: 'max', patience: 2, restoreBest: false });
    const other = await fit({ ...problem(), epochs: 7, validate: () => ({ v: 1 }), callbacks: [up] });
    expect([other.epoch, up.bestEpoch]).toEqual([4, 1]);
  });

  test('logs are a table, or lines of JSON, of all epochs', async () => {
    const [csv, jsonl] = ['log.csv', 'log.jsonl'].map((name) => join(folder, name));
    let epoch = 0;
    const validate = (): Record<string, number> => (++epoch === 2 ? { 'a,"b"': 7 } : {});
    const run = await fit({ ...problem(), epochs: 2, validate, callbacks: [logFile(csv), logFile(jsonl)] });
    const [first, second] = run.history;
    expect(readFileSync(csv, 'utf8')).toBe(`epoch,loss,"a,""b"""\n1,${first['loss']},\n2,${second['loss']},7\n`);
    expect(
      readFileSync(jsonl, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(run.history);
  });

  test('progress is a line an epoch off a terminal', async () => {
    const stream = new PassThrough();
    await fit({ ...problem(), epochs: 2, callbacks: [showProgress({ total: 3, stream })] });
    expect(String(stream.read())).toMatch(
      /^epoch 1\/2 · loss [\d.]+( · [\d,]+ batches\/s)?\nepoch 2\/2 · loss [^\n]+\n$/,
    );
  });

  test('a folder that cannot be made is told before the first step', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const name of ['a.safetensors', 'deep/a.safetensors']) {
      const run = fit({ ...problem(), checkpoint: join(folder, 'file', name) });
      await expect(run).rejects.toThrow(/file\/(deep\/)?a.safetensors(.lock)?: the (folder|file) must /);
    }
  });

  test('what comes last comes also when something was thrown', async () => {
    let ended = 0;
    const callback: Callback = {
      stepEnd() {
        throw new Error('in a callback');
      },
      end: () => void ended++,
    };
    await expect(fit({ ...problem(), callbacks: [callback] })).rejects.toThrow('in a callback');
    expect(ended).toBe(1);
  });
});

test('evaluate gives means by rows, without gradients, and puts the mode back', async () => {
  const { model, train, loss } = problem();
  const seen: boolean[] = [];
  const means = await evaluate(model, train, (batch) => {
    const value = loss(batch);
    seen.push(model.training, value.requiresGrad);
    return { loss: value, rows: batch[0].shape[0] };
  });
  expect(seen.some(Boolean)).toBe(false);
  expect(model.training).toBe(true);
  model.eval();
  expect(means['loss']).toBeAllClose(
    train.reduce((sum, batch) => sum + loss(batch).item() * batch[0].shape[0], 0) / 13,
  );
  expect(means['rows']).toBeAllClose((25 + 25 + 9) / 13);
  await expect(evaluate(model, [], () => ({}))).rejects.toThrow('evaluate: there must be batches to measure, got none');
});

describe('a loss that is no number stops the run, with where it came from', () => {
  class Log extends nn.Module {
    override forward(x: Tensor): Tensor {
      return x.log();
    }
  }
  const options = (model: nn.Sequential, batches: Tensor[]): FitOptions<Tensor> => ({
    model,
    optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }),
    train: batches,
    loss: (x) => model(x).mean(),
    epochs: 2,
  });
  const linear = (): nn.Linear => {
    const layer = new nn.Linear(1, 1, { bias: false });
    noGrad(() => layer.weight.fill_(1));
    return layer;
  };
  const good = tensor([[2]]);

  test('the op and the module, and the batch', async () => {
    const run = fit(options(new nn.Sequential(linear(), new Log()), [good, tensor([[3], [-4]])]));
    await expect(run).rejects.toThrow(NonFiniteError);
    await expect(run).rejects.toThrow(
      "fit: the loss must be finite, got NaN at epoch 1, batch 2: the first NaN by log in '1' (Log), of [2, 1] from ",
    );
  });

  test('an infinity that became a NaN is told with both', async () => {
    const model = new nn.Sequential(linear(), new nn.Identity());
    const overflow = options(model, [tensor([[1000]])]);
    const run = fit({ ...overflow, loss: (x) => { const y = model(x).exp(); return y.sub(y).mean(); } }); // prettier-ignore
    await expect(run).rejects.toThrow(
      'the first infinity by exp outside of the model, of [1, 1] from 1000 to 1000; the first NaN by sub outside of the ' +
        'model, of [1, 1] from Infinity to Infinity and [1, 1] from Infinity to Infinity',
    );
  });

  test('what came in with the batch, or was in the parameters', async () => {
    const model = new nn.Sequential(linear(), new nn.Identity());
    await expect(fit(options(model, [tensor([[NaN]])]))).rejects.toThrow('it came in with the batch');
    noGrad(() => model.parameters()[0].fill_(NaN));
    await expect(fit(options(model, [good]))).rejects.toThrow('parameters that were so before: 0.weight');
  });

  test('a gradient that is none, where gradients are clipped', async () => {
    const model = new nn.Sequential(linear(), new nn.Identity());
    const root = options(model, [tensor([[0]])]);
    const run = fit({ ...root, clipNorm: 1, loss: (x) => model(x).square().sqrt().mean() });
    await expect(run).rejects.toThrow('fit: the gradients must be finite, got NaN at epoch 1, batch 1, in the gradients of 0.weight'); // prettier-ignore
  });

  test('dropout draws again what it drew when it happened', async () => {
    const model = new nn.Sequential(linear(), new nn.Dropout(0.5));
    let draws: number[] = [];
    const both: number[][] = [];
    const run = fit({
      ...options(model, [zeros([20, 1]).add(1)]),
      loss: (x) => {
        draws = model(x).toArray() as number[];
        both.push(draws);
        return tensor(-1).log();
      },
    });
    await expect(run).rejects.toThrow('the first NaN by log outside of the model');
    expect(both).toHaveLength(2);
    expect(both[0]).toEqual(both[1]);
  });

  test('looking leaves nothing behind', () => {
    const model = new nn.Sequential(linear(), new Log());
    const found = findNonFinite(model, () => model(tensor([[0]])));
    expect(found).toEqual({ infinity: { op: 'log', module: '1', inputs: ['[1, 1] from 0 to 0'] } });
    expect(Object.hasOwn(model[1] as object, 'forward')).toBe(false);
    expect(findNonFinite(model, () => model(good))).toEqual({});
    expect(() =>
      findNonFinite(model, () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(tensor([-1]).log().toArray()).toEqual([NaN]);
  });
});

describe('what cannot be is refused before anything is done', () => {
  const cases: [Partial<FitOptions<Batch>>, string][] = [
    [{ epochs: 0 }, 'fit: epochs must be a whole number from 1, got 0'],
    [{ accumulate: 1.5 }, 'fit: accumulate must be a whole number from 1, got 1.5'],
    [{ saveEvery: 2 }, 'fit: saveEvery needs a checkpoint, got none; name a file'],
    [{ resume: true }, 'fit: resume needs a checkpoint, got none; name a file'],
    [{ train: problem().train.values() }, 'fit: train must give batches anew for each epoch, got an iterator'],
    [{ train: 3 as unknown as Batch[] }, 'fit: train must be an array of batches or another iterable, got a number'],
  ];
  test.each(cases)('%o', async (wrong, message) => {
    await expect(fit({ ...problem(), ...wrong })).rejects.toThrow(message);
  });

  test('a checkpoint that is there, unless it is to be gone on from; one of another run', async () => {
    const checkpoint = join(folder, 'deep', 'er', 'a.safetensors');
    await fit({ ...problem(), checkpoint });
    const before = readFileSync(checkpoint);
    await expect(fit({ ...problem(), checkpoint })).rejects.toThrow(
      `fit: the checkpoint of a new run must not be there yet, got ${checkpoint}; pass resume: true`,
    );
    const scheduler = new optim.lrScheduler.StepLR(problem().optimizer, { stepSize: 1 });
    await expect(fit({ ...problem(), checkpoint, resume: true, scheduler })).rejects.toThrow(
      `${checkpoint}: the checkpoint must be of such a run, got one without scheduler`,
    );
    const model = new nn.Linear(3, 1);
    const other = { ...problem(), model, optimizer: new optim.Adam(model.parameters()) };
    await expect(fit({ ...other, checkpoint, resume: true })).rejects.toThrow('the state must fit the model, got');
    expect(readFileSync(checkpoint)).toEqual(before);
  });
});
