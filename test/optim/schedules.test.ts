/** Every schedule against PyTorch's over 36 steps, in float64; their states; what they refuse. */
import { describe, expect, test } from 'vitest';
import { tensor } from '../../src/create.ts';
import { Adagrad, Adam, lrScheduler, SGD } from '../../src/optim/index.ts';
import { read } from '../files.ts';

const {
  ChainedScheduler,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  ConstantLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiplicativeLR,
  MultiStepLR,
  OneCycleLR,
  PolynomialLR,
  ReduceLROnPlateau,
  SequentialLR,
  StepLR,
} = lrScheduler;
type LRScheduler = lrScheduler.LRScheduler;

interface Case {
  readonly name: string;
  // eslint-disable-next-line typescript/no-explicit-any -- each schedule has options of its own
  readonly options: any;
  readonly lr: number[][];
  readonly momentum?: number[][];
}

const { metric, cases } = JSON.parse(read('test/fixtures/schedules.json')) as { metric: number[]; cases: Case[] };

/** As in schedules.py. */
const lambdas: Readonly<Record<string, (t: number) => number>> = {
  root: (t) => 1 / Math.sqrt(t + 1),
  alternate: (t) => (t % 2 === 1 ? 0.5 : 1.25),
  fall: (t) => 0.95 ** t,
};
const lambda = (name: string | string[]) => (Array.isArray(name) ? name.map((one) => lambdas[one]) : lambdas[name]);

const makers: Readonly<Record<string, (optimizer: SGD, options: Case['options']) => LRScheduler>> = {
  LambdaLR: (optimizer, { lrLambda }) => new LambdaLR(optimizer, lambda(lrLambda)),
  MultiplicativeLR: (optimizer, { lrLambda }) => new MultiplicativeLR(optimizer, lambda(lrLambda)),
  StepLR: (optimizer, options) => new StepLR(optimizer, options),
  MultiStepLR: (optimizer, options) => new MultiStepLR(optimizer, options),
  ConstantLR: (optimizer, options) => new ConstantLR(optimizer, options),
  LinearLR: (optimizer, options) => new LinearLR(optimizer, options),
  ExponentialLR: (optimizer, options) => new ExponentialLR(optimizer, options),
  PolynomialLR: (optimizer, options) => new PolynomialLR(optimizer, options),
  CosineAnnealingLR: (optimizer, options) => new CosineAnnealingLR(optimizer, options),
  CosineAnnealingWarmRestarts: (optimizer, options) => new CosineAnnealingWarmRestarts(optimizer, options),
  CyclicLR: (optimizer, { scaleFn, ...options }) =>
    new CyclicLR(optimizer, { ...options, ...(scaleFn ? { scaleFn: lambdas[scaleFn] } : {}) }),
  OneCycleLR: (optimizer, options) => new OneCycleLR(optimizer, options),
  SequentialLR: (optimizer, { schedulers, milestones }) =>
    new SequentialLR(optimizer, { schedulers: all(optimizer, schedulers), milestones }),
  ChainedScheduler: (optimizer, { schedulers }) => new ChainedScheduler(all(optimizer, schedulers)),
};
const all = (optimizer: SGD, list: [string, Case['options']][]): LRScheduler[] =>
  list.map(([name, options]) => makers[name](optimizer, options));

/** A schedule of an optimizer with two groups; `step` hands on the metric where one is wanted. */
function begin({ name, options }: Case) {
  const [w, b] = [1, 1].map((x) => tensor([x], { requiresGrad: true }));
  const optimizer = new SGD([{ params: [w] }, { params: [b], lr: 0.02 }], { lr: 0.1, momentum: 0.5 });
  if (name === 'ReduceLROnPlateau') {
    const scheduler = new ReduceLROnPlateau(optimizer, options);
    return { optimizer, scheduler, step: () => scheduler.step(metric[scheduler.lastEpoch]) };
  }
  const scheduler = makers[name](optimizer, options);
  return { optimizer, scheduler, step: () => scheduler.step() };
}

const titled = cases.map((each) => ({ title: `${each.name} ${JSON.stringify(each.options)}`, each }));

describe('36 steps are those of PyTorch', () => {
  test.each(titled)('$title', ({ each }) => {
    const { optimizer, scheduler, step } = begin(each);
    const [lr, momentum]: number[][][] = [[], []];
    for (const _ of each.lr) {
      lr.push(scheduler.getLastLr());
      momentum.push(optimizer.paramGroups.map((group) => group.momentum));
      step();
    }
    expect(lr).toBeAllClose(each.lr, { rtol: 1e-12, atol: 1e-15 });
    if (each.momentum) expect(momentum).toBeAllClose(each.momentum, { rtol: 1e-12, atol: 0 });
    else expect(momentum.flat()).toEqual(momentum.flat().map(() => 0.5));
  });

  test('each option makes a difference: with it left out, the comparison fails', () => {
    const needed = ['lrLambda', 'stepSize', 'milestones', 'gamma', 'tMax', 't0', 'baseLr', 'maxLr', 'totalSteps'];
    let checked = 0;
    for (const each of cases) {
      for (const option of Object.keys(each.options as object)) {
        if ([...needed, 'epochs', 'stepsPerEpoch', 'schedulers', 'scaleFn'].includes(option)) continue;
        const { [option]: _, ...rest } = each.options as Record<string, unknown>;
        const { optimizer, scheduler, step } = begin({ ...each, options: rest });
        const values = each.lr.map(() => {
          const now = [...scheduler.getLastLr(), ...optimizer.paramGroups.map((group) => group.momentum)];
          step();
          return now;
        });
        const expected = each.lr.map((lr, t) => [...lr, ...(each.momentum?.[t] ?? [0.5, 0.5])]);
        expect(values, `${each.name} without ${option}`).not.toBeAllClose(expected, { rtol: 1e-12 });
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(40);
  });
});

describe('a saved state goes on bit for bit, through JSON', () => {
  test.each(titled)('$title', ({ each }) => {
    for (const at of [0, 1, 11]) {
      const { optimizer, scheduler, step } = begin(each);
      for (let t = 0; t < at; t++) step();
      const saved = structuredClone({ scheduler: scheduler.stateDict(), optimizer: optimizer.stateDict() });
      const next = begin(each);
      next.optimizer.loadStateDict(saved.optimizer);
      next.scheduler.loadStateDict(JSON.parse(JSON.stringify(saved.scheduler)) as lrScheduler.ScheduleState);
      for (let t = at; t < 30; t++) {
        expect(next.scheduler.getLastLr()).toEqual(scheduler.getLastLr());
        expect(next.optimizer.paramGroups[1].momentum).toBe(optimizer.paramGroups[1].momentum);
        step();
        next.step();
      }
    }
  });

  test('a state that is none is refused', () => {
    const { scheduler } = begin(cases.find(({ name }) => name === 'SequentialLR')!);
    expect(() => scheduler.loadStateDict({ lastEpoch: 3 })).toThrow(
      'SequentialLR.loadStateDict: there must be states of 2 schedulers, got none',
    );
    const simple = begin(cases[3]).scheduler;
    expect(() => simple.loadStateDict({ lastEpoch: '3' } as never)).toThrow('StepLR.loadStateDict: lastEpoch must be');
    const plateau = begin(cases.find(({ name }) => name === 'ReduceLROnPlateau')!).scheduler;
    expect(() => plateau.loadStateDict({ lastEpoch: 3 })).toThrow('numBadEpochs must be a whole number');
  });
});

const optimizer = (): SGD => new SGD([tensor([1], { requiresGrad: true })], { lr: 0.1, momentum: 0.5 });

test('a chain within a sequence begins again as a whole', () => {
  const own = optimizer();
  const warm = new LinearLR(own, { startFactor: 0.5, totalIters: 2 });
  const both = new ChainedScheduler([
    new ConstantLR(own, { factor: 0.5, totalIters: 2 }),
    new ExponentialLR(own, { gamma: 0.5 }),
  ]);
  const scheduler = new SequentialLR(own, { schedulers: [warm, both], milestones: [3] });
  const used = Array.from({ length: 6 }, () => {
    const [lr] = scheduler.getLastLr();
    scheduler.step();
    return lr;
  });
  expect(used).toBeAllClose([0.05, 0.075, 0.1, 0.05, 0.025, 0.025], { rtol: 1e-12 });
});

test('the momentum that cycles is β₁ of Adam, and an optimizer without one is refused', () => {
  const params = [tensor([1], { requiresGrad: true })];
  const adam = new Adam(params, { betas: [0.5, 0.99] });
  expect(new OneCycleLR(adam, { maxLr: 0.1, totalSteps: 10 }).getLastLr()).toBeAllClose([0.004]);
  expect(adam.paramGroups[0].betas).toEqual([0.95, 0.99]);
  const cyclic = { baseLr: 0.1, maxLr: 1 };
  expect(() => new CyclicLR(new Adagrad(params), cyclic)).toThrow(
    'CyclicLR: the optimizer must have a momentum to cycle, got a Adagrad; pass cycleMomentum: false',
  );
  expect(new CyclicLR(new Adagrad(params), { ...cyclic, cycleMomentum: false }).getLastLr()).toEqual([0.1]);
});

test('a cycle that is over goes no further', () => {
  const scheduler = new OneCycleLR(optimizer(), { maxLr: 0.1, totalSteps: 2 });
  scheduler.step();
  scheduler.step(); // after the last step of the optimizer, as PyTorch allows
  expect(() => scheduler.step()).toThrow('OneCycleLR.step: the cycle must end after 2 steps, got one more');
});

describe('options that make no sense are refused', () => {
  const one = (): LRScheduler => new StepLR(optimizer(), { stepSize: 1 });
  test.each<[string, () => unknown, string]>([
    ['StepLR', () => new StepLR(optimizer(), { stepSize: 0 }), 'stepSize must be a whole number, at least 1, got 0'],
    ['MultiStepLR', () => new MultiStepLR(optimizer(), { milestones: [1], gamma: NaN }), 'gamma must be'],
    ['ConstantLR', () => new ConstantLR(optimizer(), { factor: 2 }), 'factor must be above 0 and at most 1'],
    ['LinearLR', () => new LinearLR(optimizer(), { startFactor: 0 }), 'startFactor must be above 0'],
    ['ExponentialLR', () => new ExponentialLR(optimizer(), { gamma: -1 }), 'gamma must be'],
    ['PolynomialLR', () => new PolynomialLR(optimizer(), { totalIters: 1.5 }), 'totalIters must be a whole number'],
    ['CosineAnnealingLR', () => new CosineAnnealingLR(optimizer(), { tMax: 0 }), 'tMax must be a whole number'],
    ['CosineAnnealingWarmRestarts', () => new CosineAnnealingWarmRestarts(optimizer(), { t0: 2, tMult: 0.5 }), 'tMult'],
    ['LambdaLR', () => new LambdaLR(optimizer(), [(t) => t, (t) => t]), 'lrLambda must be one for all groups or'],
    ['CyclicLR', () => new CyclicLR(optimizer(), { baseLr: 1, maxLr: 2, stepSizeUp: 0 }), 'a cycle must have steps'],
    ['CyclicLR', () => new CyclicLR(optimizer(), { baseLr: 1, maxLr: 2, mode: 'sine' as never }), 'mode must be'],
    ['OneCycleLR', () => new OneCycleLR(optimizer(), { maxLr: 1 }), 'totalSteps, or epochs times stepsPerEpoch, must'],
    ['OneCycleLR', () => new OneCycleLR(optimizer(), { maxLr: 1, totalSteps: 5, pctStart: 2 }), 'pctStart must be'],
    [
      'ReduceLROnPlateau',
      () => new ReduceLROnPlateau(optimizer(), { factor: 1 }),
      'factor must be at least 0 and below',
    ],
    ['ReduceLROnPlateau', () => new ReduceLROnPlateau(optimizer(), { mode: 'up' as never }), "mode must be 'min' or"],
    ['SequentialLR', () => new SequentialLR(optimizer(), { schedulers: [], milestones: [] }), 'there must be sched'],
    ['SequentialLR', () => new SequentialLR(optimizer(), { schedulers: [one()], milestones: [] }), 'of one optimizer'],
    ['ChainedScheduler', () => new ChainedScheduler([]), 'there must be schedulers, got none'],
    ['ChainedScheduler', () => new ChainedScheduler([one(), one()]), 'all schedulers must be of one optimizer'],
  ])('%s: %#', (name, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(new RegExp(`^${name}: `));
  });
  test('milestones that do not fit', () => {
    const own = optimizer();
    const schedulers = [1, 2, 3].map((stepSize) => new StepLR(own, { stepSize }));
    for (const milestones of [[1], [1, 2, 3], [3, 3], [0, 2]]) {
      expect(() => new SequentialLR(own, { schedulers, milestones })).toThrow('there must be 2 milestones');
    }
  });
});
