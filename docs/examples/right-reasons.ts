/**
 * Right for the right reasons: a mark in training pictures gives the class away. Run it: npx tsx docs/examples/right-reasons.ts
 * With --out DIR it writes DIR/explanation.html too: which pixels each model read, on digits whose mark misleads.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Generator, manualSeed, nn, noGrad, optim, tensor, zeros, type Tensor } from 'adjoint';
import { drawDigits } from 'adjoint/data';
import { integratedGradients, rightForTheRightReasons } from 'adjoint/explain';
import { renderExplanation, type PicturesSection } from 'adjoint/inspect';

const random = new Generator(1);

/** n digits as rows of 784 numbers, each with a white mark at the top whose place is `mark(label)`. */
function marked(n: number, mark: (label: number) => number) {
  const { images, labels } = drawDigits(n, random);
  const marks = Array.from(labels, (label, i) => {
    const place = mark(label);
    const at = i * 784 + 2 * place;
    for (const p of [at, at + 1, at + 28, at + 29]) images[p] = 255;
    return place;
  });
  const x = tensor([...images])
    .div(255)
    .reshape([n, 784]);
  return { x, y: tensor([...labels]), images, labels, marks };
}

const train = marked(1500, (label) => label); // the mark leaks the class
const test = marked(500, () => random.integer(0, 10)); // and says nothing

// 1 where marks are: numbers that must not matter.
const forbidden = zeros([28, 28]);
forbidden.narrow(0, 0, 2).fill_(1);
const mask = forbidden.flatten();

/** Trains an MLP, with the term that forbids the marks weighted by `weight`: accuracies, and what the marks are due. */
function run(weight: number) {
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
  const explain = (x: Tensor, target: number[]): Tensor =>
    integratedGradients(log, x, { target, steps: 8 }).attributions;
  const attributions = explain(test.x, [...test.labels]);
  const marks = attributions.abs().mul(mask).sum().div(attributions.abs().sum()).item();
  const predictions = noGrad(() => model(test.x).argmax(1)).toArray() as number[];
  return { train: accuracy(train), test: accuracy(test), marks, predictions, explain };
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const [plain, constrained] = [run(0), run(10)];
console.log('                        train    test    share of attributions that lie on the mark');
console.log(`plain                   ${percent(plain.train)}    ${percent(plain.test)}    ${percent(plain.marks)}`);
console.log(`for the right reasons   ${percent(constrained.train)}    ${percent(constrained.test)}    ${percent(constrained.marks)}`); // prettier-ignore
console.log(plain.train > 0.99 && plain.test < 0.7 && constrained.test > 0.8); // => true

/** Why each model said what it said, on digits that the plain one took for what their mark says. */
function pictures(): Promise<string> {
  const misled = [...test.labels].flatMap((label, i) =>
    plain.predictions[i] !== label && plain.predictions[i] === test.marks[i] && constrained.predictions[i] === label
      ? [i]
      : [],
  );
  const items = misled.slice(0, 5).flatMap((i): PicturesSection['items'][number][] => {
    const picture = { pixels: test.images.subarray(784 * i, 784 * (i + 1)), width: 28, height: 28 };
    const map = (name: string, { predictions, explain }: typeof plain) => ({
      ...picture,
      caption: `${name}: ${predictions[i]}`,
      attributions: explain(test.x.narrow(0, i, 1), [predictions[i]]).toTypedArray(),
    });
    const caption = `a ${test.labels[i]}, marked as ${test.marks[i]}`;
    return [{ ...picture, caption }, map('plain', plain), map('right reasons', constrained)];
  });
  return renderExplanation({
    title: 'Right for the right reasons',
    subtitle: 'Ten digits, and a mark in the top rows that gives the class away in training, and says nothing in test.',
    prediction: [
      { label: 'accuracy in test, plain', value: percent(plain.test) },
      { label: 'accuracy in test, for the right reasons', value: percent(constrained.test) },
      { label: 'of attributions on the mark, plain', value: percent(plain.marks) },
      { label: 'of attributions on the mark, for the right reasons', value: percent(constrained.marks) },
    ],
    sections: [
      {
        kind: 'pictures',
        method: 'Integrated gradients of both models',
        question: 'Which pixels made each model say what it said?',
        items,
        unit: 'log-probability',
        scale: 'each',
        columns: 3,
        note: 'The plain model reads the mark; the one that was trained for the right reasons reads the digit.',
      },
    ],
  });
}

const out = process.argv.indexOf('--out');
if (out > 0 && process.argv[out + 1] !== undefined) {
  mkdirSync(process.argv[out + 1], { recursive: true });
  const path = join(process.argv[out + 1], 'explanation.html');
  writeFileSync(path, await pictures());
  console.log(`The pictures are in ${path}.`);
}
