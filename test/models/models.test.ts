/** The smaller models against PyTorch's numbers (models.json, written by test/fixtures/models.py), and what each is made for. */
import { describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { tensor, zeros } from '../../src/create.ts';
import { noGrad } from '../../src/engine.ts';
import * as models from '../../src/models/index.ts';
import { Bigram, CNN, generate, MLP, NeuralNgram, RecurrentModel, ResNet, tokenLoss, Transformer, translate } from '../../src/models/index.ts'; // prettier-ignore
import type { Module } from '../../src/nn/module.ts';
import { Adam } from '../../src/optim/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { made, readFixture, sums, type Numbers } from './fixture.ts';

interface Record_ {
  readonly model: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly eval: boolean;
  readonly inputs: readonly Numbers[];
  readonly output: Numbers;
  readonly gradientSums: Readonly<Record<string, [number, number]>>;
  readonly after: Readonly<Record<string, Numbers>>;
}
const records = readFixture('models') as Record_[];
const tolerance = { rtol: 1e-9, atol: 1e-9 };

/** Writes the fixture's weights over a model's: ¼·sin(0.37 i + n), plus 1 where they scale. */
function fill(model: Module): void {
  const state = model.stateDict();
  delete state.num_batches_tracked;
  const names = Object.keys(state).filter((name) => !name.endsWith('num_batches_tracked')).sort(); // prettier-ignore
  names.forEach((name, n) => {
    const scales = /(norm|bn\d|downsample\.1)[^.]*\.weight$|running_var$/.test(name);
    const x = Float64Array.from(
      { length: state[name].numel() },
      (_, i) => Math.sin(0.37 * i + n) / 4 + (scales ? 1 : 0),
    );
    noGrad(() => state[name].copy_(tensor(x).reshape(state[name].shape)));
  });
}

function check(record: Record_, change: (model: Module) => void = () => {}): void {
  const Class = (models as unknown as Record<string, new (...args: unknown[]) => Module>)[record.model];
  const model = new Class(record.config, { dtype: 'float64' }).train(!record.eval);
  fill(model);
  change(model);
  const y = (model.forward as (...inputs: Tensor[]) => Tensor).apply(model, record.inputs.map(made));
  expect(y).toBeAllClose(made(record.output), tolerance);
  const w = tensor(Float64Array.from({ length: y.numel() }, (_, i) => Math.cos(i * 0.7 + 0.3)));
  y.flatten().mul(w).sum().backward();
  const gradients = model.namedParameters().map(([name, p]): [string, number[]] => [name, sums(p.grad!)]);
  expect(gradients.map(([name]) => name).sort()).toEqual(Object.keys(record.gradientSums).sort());
  for (const [name, g] of gradients) expect(g).toBeAllClose(record.gradientSums[name], { rtol: 1e-8, atol: 1e-8 });
  const buffers = Object.fromEntries(model.namedBuffers());
  for (const [name, x] of Object.entries(record.after)) expect(buffers[name]).toBeAllClose(made(x), tolerance);
}

describe("outputs, gradients and running statistics are PyTorch's", () => {
  test.each(records.map((record) => ({ record, title: `${record.model} ${JSON.stringify(record.config).replaceAll('"', '')}` })))(
    '$title',
    ({ record }) => check(record),
  ); // prettier-ignore

  test('and a model that is slightly wrong is seen', () => {
    for (const name of ['MLP', 'CNN', 'ResNet', 'RecurrentModel', 'NeuralNgram', 'Transformer']) {
      const record = records.find(({ model }) => model === name)!;
      const slightly = (model: Module) => noGrad(() => model.parameters()[0].mul_(1 + 1e-6));
      expect(() => check(record, slightly)).toThrow('values differ');
    }
  });
});

/** Trains on the same rows again and again; the loss at the end. */
function fit(model: Module, loss: () => Tensor, steps: number, lr = 0.02): number {
  const optimizer = new Adam(model.parameters(), { lr });
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad();
    loss().backward();
    optimizer.step();
  }
  return loss().item();
}

describe('language models', () => {
  const V = 6;
  const generator = () => new Generator(3);
  const all = {
    rnn: () => new RecurrentModel({ cell: 'rnn', vocabSize: V, nEmbd: 6, hidden: 24 }, { generator: generator() }),
    gru: () => new RecurrentModel({ cell: 'gru', vocabSize: V, nEmbd: 6, hidden: 24 }, { generator: generator() }),
    lstm: () =>
      new RecurrentModel({ cell: 'lstm', vocabSize: V, nEmbd: 6, hidden: 24, nLayer: 2 }, { generator: generator() }),
    ngram: () => new NeuralNgram({ vocabSize: V, blockSize: 4, nEmbd: 6, hidden: 24 }, { generator: generator() }),
  };
  // 1 2 1 3, again and again: what follows 1 cannot be told from the last token alone.
  const row = [0, ...Array.from({ length: 12 }, (_, i) => [1, 2, 1, 3][i % 4])];
  const [x, y] = [tensor([row.slice(0, -1)]), tensor([row.slice(1)])];

  test.each(Object.entries(all))(
    '%s learns what a table of pairs cannot, and generates it',
    { timeout: 60_000 },
    (_, make) => {
      const model = make();
      expect(fit(model, () => tokenLoss(model.forward(x), y), 150)).toBeLessThan(0.05);
      const options = { maxNewTokens: 11, temperature: 0 };
      expect(generate(model, [0, 1], options)).toEqual(row);
      expect(generate(model, [0, 1], { ...options, cache: false })).toEqual(row);
    },
  );

  test('a bigram comes down to the entropy of pairs', { timeout: 60_000 }, () => {
    const model = new Bigram({ vocabSize: V });
    // After 1 come 2 and 3, three times each; all other followers are sure. 6 of 12 tokens stand behind a 1.
    expect(fit(model, () => tokenLoss(model.forward(x), y), 300, 0.1)).toBeAllClose(Math.LN2 / 2, { atol: 0.02 });
    expect(generate(model, [0], { maxNewTokens: 2, temperature: 0 })).toEqual([0, 1, 2]);
  });

  test('no logits depend on later tokens', () => {
    for (const make of Object.values(all)) {
      const model = make();
      const before = model.forward(tensor([[1, 2, 3, 4, 5]])).narrow(1, 0, 3);
      expect(model.forward(tensor([[1, 2, 3, 0, 0]])).narrow(1, 0, 3).toArray()).toEqual(before.toArray()); // prettier-ignore
    }
  });
});

describe('a Transformer', () => {
  const config = { vocabSize: 10, blockSize: 8, nLayer: 1, nHead: 2, nEmbd: 24, dropout: 0, padding: 0 };

  test(
    'learns to write sequences backwards, of any length, and translates those that it has not seen',
    { timeout: 60_000 },
    () => {
      const generator = new Generator(2);
      const model = new Transformer(config, { generator });
      const [START, END] = [1, 2];
      const draw = () => {
        const length = generator.integer(2, 4);
        return Array.from({ length }, () => generator.integer(3, 10));
      };
      const padded = (row: number[]) => [...row, ...Array<number>(4 - row.length).fill(0)];
      const optimizer = new Adam(model.parameters(), { lr: 1e-2 });
      for (let step = 0; step < 200; step++) {
        const rows = Array.from({ length: 24 }, draw);
        const targets = rows.map((row) => [START, ...row.toReversed(), END]);
        const source = tensor(rows.map(padded));
        const input = tensor(targets.map((row) => padded(row.slice(0, -1))));
        const wanted = tensor(targets.map((row) => padded(row.slice(1)).map((token) => (token === 0 ? -1 : token))));
        optimizer.zeroGrad();
        tokenLoss(model(source, input), wanted).backward();
        optimizer.step();
      }
      const rows = Array.from({ length: 40 }, draw);
      const options = { maxNewTokens: 6, temperature: 0, stop: [END] };
      const answers = translate(model, rows.map(padded), START, options);
      const right = answers.filter((answer, i) => answer.join() === [...rows[i].toReversed(), END].join()).length;
      expect(right).toBeGreaterThanOrEqual(36);
      const alone = translate(model, [padded(rows[0])], START, options);
      expect(alone).toEqual([answers[0]]);
    },
  );

  test('looks at no padding of the source, and not ahead in the target', () => {
    const model = new Transformer(config, { dtype: 'float64' });
    const y = model(tensor([[5, 6, 0]]), tensor([[1, 6, 5]]));
    expect(model(tensor([[5, 6, 0, 0]]), tensor([[1, 6, 5]]))).toBeAllClose(y, tolerance);
    expect(model(tensor([[5, 6]]), tensor([[1, 6, 9]])).narrow(1, 0, 2)).toBeAllClose(y.narrow(1, 0, 2), tolerance);
    expect(() => model(zeros([2, 3]), zeros([1, 3]))).toThrow('Transformer: sources and targets must be as many');
  });
});

describe('models refuse what makes no sense', () => {
  test('in configs', () => {
    expect(() => new MLP({ sizes: [3] })).toThrow('MLP: sizes must be at least two whole numbers, at least 1, got [3]');
    expect(() => new CNN({ size: 30, classes: 2 })).toThrow(
      'size must be a multiple of 4, for it is halved twice, got 30',
    );
    expect(() => new ResNet({ classes: 0 })).toThrow('ResNet: classes must be a whole number, at least 1, got 0');
    const cell = 'gated' as 'gru';
    expect(() => new RecurrentModel({ cell, vocabSize: 3, nEmbd: 2, hidden: 2 })).toThrow(
      "'rnn', 'gru' or 'lstm', got 'gated'",
    );
    expect(() => new Transformer({ vocabSize: 3, blockSize: 2, nLayer: 1, nHead: 2, nEmbd: 5 })).toThrow(
      'multiple of nHead',
    );
  });
  test('in inputs', () => {
    const cnn = new CNN({ size: 8, classes: 2 });
    expect(() => cnn(zeros([2, 8, 8]))).toThrow('CNN: images must be [N, 1, 8, 8], got [2, 8, 8]');
    expect(() => new ResNet({ classes: 2 })(zeros([1, 1, 8, 8]))).toThrow('ResNet: images must be [N, 3, H, W]');
    expect(() => new Bigram({ vocabSize: 3 })(zeros([3]))).toThrow('Bigram: tokens must be [B, T]');
  });
});
