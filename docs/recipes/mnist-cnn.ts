/**
 * A CNN on MNIST's 10,000 test images: 8,000 to train on, warped a little each time, and 2,000 to test on.
 *
 *     npx tsx docs/recipes/mnist-cnn.ts --data DIR [--model cnn|resnet]     # DIR holds t10k-images-idx3-ubyte(.gz) and its labels
 */
import { nn, tensor } from 'adjoint';
import { splitImages, toUnit, warpImages } from 'adjoint/data';
import { readMnist } from 'adjoint/data/mnist';
import { CNN, predict, ResNet } from 'adjoint/models';
import { generator, options, seconds, seed, trainer } from './common.ts';

const B = 64;
const epochs = 12;
const { test: all } = readMnist(options.data ?? '');
if (!all) throw new Error('pass --data DIR, the folder with t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte');
const { train, heldBack: test } = splitImages(all, 8000, generator);
const [N, pixels] = [train.labels.length, 28 * 28];

const model =
  options.model === 'resnet'
    ? new ResNet({ channels: 1, classes: 10, width: 8 })
    : new CNN({ size: 28, classes: 10, width1: 8 });
console.log(`${model.constructor.name}: ${model.parameterCount()} parameters, seed ${seed}`);

function accuracy(): number {
  const images = tensor(toUnit(test.images)).reshape([-1, 1, 28, 28]);
  let right = 0;
  for (let at = 0; at < test.labels.length; at += 200) {
    const guesses = predict(model as CNN, images.narrow(0, at, 200)).argmax(1);
    right += guesses.eq(tensor(Float32Array.from(test.labels.slice(at, at + 200)))).sum().item(); // prettier-ignore
  }
  return right / test.labels.length;
}

const steps = epochs * Math.ceil(N / B);
const train1 = trainer(model, { lr: 3e-3, minLr: 0, steps, weightDecay: 0.01 });
let step = 0;
for (let epoch = 1; epoch <= epochs; epoch++) {
  const order = generator.permutation(N);
  for (let at = 0; at < N; at += B) {
    const which = order.slice(at, at + B);
    const warped = warpImages(train, which, { rotate: 10, scale: 0.1, shift: 1.5 }, generator);
    const [x, y] = [tensor(warped).reshape([-1, 1, 28, 28]), tensor(which.map((i) => train.labels[i]))];
    train1(step++, () => nn.functional.crossEntropy(model.forward(x), y));
  }
  console.log(`epoch ${epoch}  ${(100 * accuracy()).toFixed(2)} % right  ${seconds()}`);
}
console.log(
  `${model.constructor.name}: ${(100 * accuracy()).toFixed(2)} % of ${test.labels.length} right, ${pixels} pixels each`,
);
