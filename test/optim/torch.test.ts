/** Every optimizer against PyTorch's, in float64: 30 steps on a small function, and two small training runs. */
import { describe, expect, test } from 'vitest';
import * as nn from '../../src/nn/index.ts';
import * as optim from '../../src/optim/index.ts';
import { Adam, GradientDescent, SGD, type Optimizer } from '../../src/optim/index.ts';
import { tensor, type TensorData } from '../../src/create.ts';
import type { Tensor } from '../../src/tensor.ts';
import { compare } from '../allclose.ts';
import { read } from '../files.ts';

/** Any options of any optimizer. */
type Options = Readonly<Record<string, number | boolean | readonly number[] | string>>;

interface Case {
  readonly name: keyof typeof optimizers;
  readonly options: Options;
  /** Options of the second parameter's own group. */
  readonly ofB?: Options;
  /** w is kept transposed, so that it is taller than wide. */
  readonly transposed?: boolean;
  /** Steps at which the first parameter has no gradient. */
  readonly without?: readonly number[];
  /** Options that change before a step. */
  readonly at?: Readonly<Record<string, Options>>;
  /** Both parameters after the steps that are kept. */
  readonly values: readonly (readonly [w: number[][], b: number[]])[];
}

interface Fixture {
  readonly steps: number;
  readonly keep: readonly number[];
  readonly w: number[][];
  readonly b: number[];
  readonly cases: readonly Case[];
}

const { steps, keep, w: startW, b: startB, cases } = JSON.parse(read('test/fixtures/optim.json')) as Fixture;

type Make = (params: readonly optim.ParamGroup<optim.CommonOptions>[], options: Options) => Optimizer;

const { Adagrad, Adadelta, Adamax, AdamW, Lion, Muon, NAdam, RAdam, RMSprop, Rprop } = optim;
const classes = { SGD, Adam, AdamW, Adamax, NAdam, RAdam, RMSprop, Adagrad, Adadelta, Rprop, Lion, Muon };
const optimizers = Object.fromEntries(
  Object.entries(classes).map(([name, Class]) => [
    name,
    (params: Parameters<Make>[0], options: Options) => new Class(params, options),
  ]),
) as unknown as Record<keyof typeof classes, Make>;
/** 1 − 0.999ᵗ, which Adam and its likes divide by, keeps 13 digits. */
const exact = { rtol: 1e-12, atol: 1e-13 };
const leaf = (values: TensorData): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });

/** As in optim.py: many minima, and both parameters matter to each other. */
const lossOf = (w: Tensor, b: Tensor): Tensor =>
  w
    .square()
    .sub(1)
    .square()
    .sum()
    .mul(0.25)
    .add(w.sum(0).mul(b).sin().sum())
    .add(w.mul(b).cos().sum().mul(0.5))
    .add(b.square().sum().mul(0.1));

/** Runs a case; what differs from PyTorch, in words. */
function faultsOf(each: Case, make: Make = optimizers[each.name]): string[] {
  const { name, ofB = {}, without = [], at = {}, transposed = false, options, values } = each;
  const [w, b] = [leaf(transposed ? startW[0].map((_, i) => startW.map((row) => row[i])) : startW), leaf(startB)];
  const groups = name === 'Muon' ? [{ params: [w] }] : [{ params: [w] }, { params: [b], ...ofB }];
  const optimizer = make(groups, options);
  const faults: string[] = [];
  for (let step = 0; step < steps; step++) {
    for (const group of optimizer.paramGroups) Object.assign(group, at[step]);
    optimizer.zeroGrad();
    lossOf(transposed ? w.t() : w, b).backward();
    if (without.includes(step)) w.grad = null;
    optimizer.step();
    const kept = keep.indexOf(step + 1);
    if (kept === -1) continue;
    [w, b].forEach((p, i) => {
      const fault = compare(p, values[kept][i], exact);
      if (fault) faults.push(`${'wb'[i]} after step ${step + 1}: ${fault}`);
    });
  }
  return faults;
}

const titleOf = ({ name, values: _, ...rest }: Case): string => `${name} ${JSON.stringify(rest)}`;

describe('30 steps are those of PyTorch', () => {
  test.each(cases.map((each) => ({ title: titleOf(each), each })))('$title', ({ each }) => {
    expect(faultsOf(each)).toEqual([]);
  });

  test('GradientDescent is SGD without options', () => {
    expect(faultsOf(cases[0], (params, options) => new GradientDescent(params, options))).toEqual([]);
  });

  test('each option makes a difference: with it left out, the comparison fails', () => {
    for (const each of cases) {
      for (const option of Object.keys(each.options)) {
        if (option === 'momentum' && 'nesterov' in each.options) continue; // refused
        if (option === 'dampening' && each.at) continue; // there it has an effect through `at` only, seen above
        const rest = Object.fromEntries(Object.entries(each.options).filter(([name]) => name !== option));
        const faults = faultsOf(each, (params) => optimizers[each.name](params, rest));
        expect(faults, `${titleOf(each)} without ${option}`).not.toEqual([]);
      }
    }
  });

  test('an Adam without bias correction is caught at its first step', () => {
    const planted = cases.find(({ name, options }) => name === 'Adam' && options.lr === 0.1)!;
    const uncorrected: Make = (params, options) => {
      const optimizer = new Adam(params, options);
      const step = optimizer.step.bind(optimizer);
      let t = 0;
      optimizer.step = () => {
        // The correction multiplies the step by √(1 − β₂ᵗ) / (1 − β₁ᵗ), up to eps: this takes it back.
        t++;
        for (const group of optimizer.paramGroups) {
          group.lr = ((options['lr'] as number) * (1 - 0.9 ** t)) / Math.sqrt(1 - 0.999 ** t);
        }
        step();
      };
      return optimizer;
    };
    expect(faultsOf(planted, (params, options) => new Adam(params, options))).toEqual([]);
    expect(faultsOf(planted, uncorrected)[0]).toMatch(/^w after step 1: 6 of 6 values differ/);
  });
});

interface Run {
  /** Parameters by name in an nn.Sequential. */
  readonly start: Readonly<Record<string, TensorData>>;
  readonly x: number[][];
  readonly y: TensorData;
  readonly losses: readonly number[];
}

const runs = JSON.parse(read('test/fixtures/training.json')) as { regression: Run; classification: Run };

/** The losses of a training run from a fixture's start. */
function lossesOf(run: Run, model: nn.Module & { forward(x: Tensor): Tensor }, more: Training): number[] {
  model.loadStateDict(Object.fromEntries(Object.entries(run.start).map(([name, x]) => [name, leaf(x)])));
  const optimizer = more.optimizer(model.parameters());
  const [x, y] = [leaf(run.x).detach(), leaf(run.y).detach()];
  return run.losses.map(() => {
    optimizer.zeroGrad();
    const loss = more.criterion.forward(model.forward(x), y);
    loss.backward();
    optimizer.step();
    return loss.item();
  });
}

interface Training {
  readonly criterion: nn.MSELoss | nn.CrossEntropyLoss;
  readonly optimizer: (params: Tensor[]) => Optimizer;
}

describe('the losses of a training run are those of PyTorch', () => {
  const float64 = { dtype: 'float64' } as const;

  test('the network of the README: Linear, ReLU, Linear, mean squared error, Adam', () => {
    const model = new nn.Sequential(new nn.Linear(10, 5, float64), new nn.ReLU(), new nn.Linear(5, 1, float64));
    const adam = (params: Tensor[]): Adam => new Adam(params, { lr: 0.001 });
    const losses = lossesOf(runs.regression, model, { criterion: new nn.MSELoss(), optimizer: adam });
    expect(losses).toBeAllClose(runs.regression.losses, { rtol: 1e-10, atol: 0 });
  });

  test('a classifier: Linear, Tanh, Linear, GELU, Linear, cross-entropy, SGD with momentum', () => {
    const model = new nn.Sequential(
      new nn.Linear(6, 8, float64),
      new nn.Tanh(),
      new nn.Linear(8, 8, float64),
      new nn.GELU(),
      new nn.Linear(8, 4, float64),
    );
    const sgd = (params: Tensor[]): SGD => new SGD(params, { lr: 0.3, momentum: 0.9 });
    const losses = lossesOf(runs.classification, model, { criterion: new nn.CrossEntropyLoss(), optimizer: sgd });
    expect(losses).toBeAllClose(runs.classification.losses, { rtol: 1e-10, atol: 0 });
  });
});
