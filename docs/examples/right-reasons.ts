/** Right for the right reasons: a mark in training pictures gives the class away. Run it: npx tsx docs/examples/right-reasons.ts */
import { Generator, manualSeed, nn, noGrad, optim, tensor, zeros, type Tensor } from 'adjoint';
import { drawDigits } from 'adjoint/data';
import { integratedGradients, rightForTheRightReasons } from 'adjoint/explain';

const random = new Generator(1);

/** n digits as rows of 784 numbers, each with a white mark at the top whose place is `mark(label)`. */
function marked(n: number, mark: (label: number) => number): { x: Tensor; y: Tensor } {
  const { images, labels } = drawDigits(n, random);
  labels.forEach((label, i) => {
    const at = i * 784 + 2 * mark(label);
    for (const p of [at, at + 1, at + 28, at + 29]) images[p] = 255;
  });
  return {
    x: tensor([...images])
      .div(255)
      .reshape([n, 784]),
    y: tensor([...labels]),
  };
}

const train = marked(1500, (label) => label); // the mark leaks the class
const test = marked(500, () => random.integer(0, 10)); // and says nothing

// 1 where marks are: numbers that must not matter.
const forbidden = zeros([28, 28]);
forbidden.narrow(0, 0, 2).fill_(1);
const mask = forbidden.flatten();

/** Trains an MLP, with the term that forbids the marks weighted by `weight`: accuracies, and what the marks are due. */
function run(weight: number): { train: number; test: number; marks: number } {
  manualSeed(1);
  const model = new nn.Sequential(new nn.Linear(784, 64), new nn.ReLU(), new nn.Linear(64, 10));
  const log = (x: Tensor): Tensor => model(x).logSoftmax(1);
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.003 });
  for (let step = 0; step < 300; step++) {
    const from = (step * 50) % 1500;
    const [x, y] = [train.x.narrow(0, from, 50), train.y.narrow(0, from, 50)];
    optimizer.zeroGrad();
    const loss = nn.functional.nllLoss(log(x), y);
    (weight === 0 ? loss : loss.add(rightForTheRightReasons(log, x, mask).mul(weight))).backward();
    optimizer.step();
  }
  const accuracy = ({ x, y }: typeof train): number => noGrad(() => model(x).argmax(1).eq(y).mean().item());
  const target = test.y.toArray() as number[];
  const { attributions } = integratedGradients(log, test.x, { target, steps: 8 });
  const marks = attributions.abs().mul(mask).sum().div(attributions.abs().sum()).item();
  return { train: accuracy(train), test: accuracy(test), marks };
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const [plain, constrained] = [run(0), run(10)];
console.log('                        train    test    share of attributions that lie on the mark');
console.log(`plain                   ${percent(plain.train)}    ${percent(plain.test)}    ${percent(plain.marks)}`);
console.log(`for the right reasons   ${percent(constrained.train)}    ${percent(constrained.test)}    ${percent(constrained.marks)}`); // prettier-ignore
console.log(plain.train > 0.99 && plain.test < 0.7 && constrained.test > 0.8); // => true
