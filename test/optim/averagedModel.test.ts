/** Averages of weights against PyTorch's; how they are lent to the model; gradient accumulation against the big batch. */
import { describe, expect, test } from 'vitest';
import { randn, tensor } from '../../src/create.ts';
import { noGrad } from '../../src/engine.ts';
import * as nn from '../../src/nn/index.ts';
import { SGD, swaUtils } from '../../src/optim/index.ts';
import { read } from '../files.ts';

const { AveragedModel } = swaUtils;
const { averages } = JSON.parse(read('test/fixtures/clip.json')) as {
  averages: { decay: number | null; weights: number[][][]; averages: number[][][] }[];
};

test.each(averages)('6 updates with decay $decay are those of PyTorch, also from a saved state', (each) => {
  const model = new nn.Linear(3, 2, { dtype: 'float64' });
  const options = each.decay === null ? {} : { decay: each.decay };
  let average = new AveragedModel(model, options);
  each.weights.forEach((weight, i) => {
    noGrad(() => model.weight.copy_(tensor(weight, { dtype: 'float64' })));
    average.updateParameters();
    average.use(() => expect(model.weight).toBeAllClose(each.averages[i], { rtol: 1e-13, atol: 1e-15 }));
    expect(model.weight.toArray()).toEqual(weight);
    const saved = average.stateDict();
    average = new AveragedModel(model, options);
    average.loadStateDict(saved);
  });
});

describe('the model gets its own weights back', () => {
  const [model, weight] = [new nn.Linear(1, 1), 3];
  const average = new AveragedModel(model);
  noGrad(() => model.weight.fill_(weight));
  test('when what uses the averages fails', () => {
    const fails = (): never => {
      throw new Error('in use');
    };
    expect(() => average.use(fails)).toThrow('in use');
    expect(model.weight.item()).toBe(weight);
  });
  test('when it is done, if it is async', async () => {
    const used = average.use(async () => {
      await Promise.resolve();
      return model.weight.item();
    });
    expect(await used).not.toBe(weight);
    expect(model.weight.item()).toBe(weight);
    await expect(average.use(() => Promise.reject(new Error('in use')))).rejects.toThrow('in use');
    expect(model.weight.item()).toBe(weight);
  });
});

test('a decay or a state that does not fit is refused', () => {
  const model = new nn.Linear(2, 1);
  expect(() => new AveragedModel(model, { decay: 1 })).toThrow('AveragedModel: decay must be at least 0 and below 1');
  const average = new AveragedModel(model);
  const { averages } = average.stateDict();
  expect(() => average.loadStateDict({ nAveraged: 1, averages: { weight: averages['weight'] } })).toThrow(
    'AveragedModel.loadStateDict: there must be an average of bias, got none',
  );
  expect(() => average.loadStateDict({ nAveraged: 1, averages: { ...averages, weight: averages['bias'] } })).toThrow(
    'weight must have the shape [1, 2], got [1]',
  );
});

test('gradients of parts of a batch, each by its share, add up to those of the whole', () => {
  const [x, y] = [randn([12, 4], { dtype: 'float64' }), randn([12, 2], { dtype: 'float64' })];
  const [whole, parts] = [1, 2].map(() => new nn.Linear(4, 2, { dtype: 'float64' }));
  parts.loadStateDict(whole.stateDict());
  const optimizers = [whole, parts].map((model) => new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 }));
  for (let step = 0; step < 3; step++) {
    for (const optimizer of optimizers) optimizer.zeroGrad();
    nn.functional.mseLoss(whole(x), y).backward();
    for (const start of [0, 5, 10]) {
      const rows = Math.min(5, 12 - start);
      const loss = nn.functional.mseLoss(parts(x.narrow(0, start, rows)), y.narrow(0, start, rows));
      loss.mul(rows / 12).backward();
    }
    for (const optimizer of optimizers) optimizer.step();
  }
  expect(parts.weight).toBeAllClose(whole.weight, { rtol: 1e-13, atol: 1e-15 });
});
