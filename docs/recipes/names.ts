/**
 * makemore: models that make up names, from a table of pairs to a transformer (Karpathy, 2022).
 *
 *     npx tsx docs/recipes/names.ts --data DIR --model transformer     # DIR holds names.txt
 *
 * Token 0 stands before a name and after it; 1 … 26 are the letters.
 */
import { tensor, type Tensor } from 'adjoint';
import { Bigram, generate, GPT, NeuralNgram, predict, RecurrentModel, tokenLoss } from 'adjoint/models';
import { dataFile, generator, options, seconds, seed, trainer } from './common.ts';

const V = 27;
const T = 16; // the longest name has 15 letters
const kinds = {
  bigram: () => ({ model: new Bigram({ vocabSize: V }), lr: 0.05 }),
  ngram: () => ({ model: new NeuralNgram({ vocabSize: V, blockSize: 8, nEmbd: 24, hidden: 200 }), lr: 5e-3 }),
  rnn: () => ({ model: new RecurrentModel({ cell: 'rnn', vocabSize: V, nEmbd: 64, hidden: 64 }), lr: 5e-3 }),
  gru: () => ({ model: new RecurrentModel({ cell: 'gru', vocabSize: V, nEmbd: 64, hidden: 64 }), lr: 5e-3 }),
  lstm: () => ({ model: new RecurrentModel({ cell: 'lstm', vocabSize: V, nEmbd: 64, hidden: 64 }), lr: 5e-3 }),
  transformer: () => ({
    model: new GPT({ vocabSize: V, blockSize: T, nLayer: 4, nHead: 4, nEmbd: 64, activation: 'gelu' }),
    lr: 2e-3,
  }),
};
const name = options.model ?? 'transformer';
if (!Object.hasOwn(kinds, name)) throw new Error(`--model must be one of ${Object.keys(kinds).join(', ')}`);
const { model, lr } = kinds[name as keyof typeof kinds]();
const steps = Number(options.steps ?? 2000);
const B = 64;

const names = dataFile('names.txt').trim().split('\n');
const order = generator.permutation(names.length);
const encoded = order.map((i) => [...names[i]].map((c) => c.charCodeAt(0) - 96));
const [test, train] = [encoded.slice(0, 1000), encoded.slice(1000)];

/** Rows of names as inputs and targets [n, T]; −1 asks for nothing. */
function batch(some: readonly (readonly number[])[]): [x: Tensor, y: Tensor] {
  const filled = (row: readonly number[], value: number): number[] => [
    ...row,
    ...Array<number>(T - row.length).fill(value),
  ];
  return [tensor(some.map((row) => filled([0, ...row], 0))), tensor(some.map((row) => filled([...row, 0], -1)))];
}
const testLoss = (): number => {
  const [x, y] = batch(test);
  return tokenLoss(predict(model as GPT, x), y).item();
};

console.log(`${name}: ${model.parameterCount()} parameters, seed ${seed}`);
const train1 = trainer(model, { lr, steps, weightDecay: 0.01 });
for (let step = 0; step < steps; step++) {
  const [x, y] = batch(Array.from({ length: B }, () => train[generator.integer(0, train.length)]));
  train1(step, () => tokenLoss(model.forward(x), y));
  if (step % 500 === 499) console.log(`step ${step + 1}  test loss ${testLoss().toFixed(4)}  ${seconds()}`);
}
console.log(`${name}: test loss ${testLoss().toFixed(4)} after ${steps} steps, ${seconds()}`);
for (let i = 0; i < 10; i++) {
  const made = generate(model as GPT, [0], { maxNewTokens: T - 1, stop: [0], generator });
  console.log(made.filter((token) => token > 0).map((token) => String.fromCharCode(96 + token)).join('')); // prettier-ignore
}
