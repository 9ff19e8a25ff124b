/** The digit classifier of `npm start`: the model, one epoch of training, evaluation. What is shown and saved is in start.ts. */
import { toUnit, warpImages, type LabelledImages } from '../data/index.ts';
import { Adam } from '../optim/index.ts';
import * as nn from '../nn/index.ts';
import { accuracy, confusionMatrix, type Progress } from '../train/index.ts';
import { noGrad, tensor, type Generator, type Tensor } from '../index.ts';

/** 28·28 pixels → 256 hidden units → 10 classes. */
export class DigitNet extends nn.Module {
  hidden: nn.Linear;
  output: nn.Linear;
  constructor(pixels: number, classes: number, generator?: Generator) {
    super();
    this.hidden = new nn.Linear(pixels, 256, generator && { generator });
    this.output = new nn.Linear(256, classes, generator && { generator });
  }
  override forward(x: Tensor): Tensor {
    return this.output(this.hidden(x).relu());
  }
}

export interface Recipe {
  readonly epochs: number;
  readonly batch: number;
  /** Learning rate of the first step; it falls in a straight line to 0 at the last. */
  readonly lr: number;
  /** Each image is turned (degrees), scaled, sheared and shifted (pixels) anew in each epoch. */
  readonly warp: { readonly rotate: number; readonly scale: number; readonly shear: number; readonly shift: number };
}

export const recipe: Omit<Recipe, 'epochs'> = {
  batch: 100,
  lr: 4e-3,
  warp: { rotate: 10, scale: 0.12, shear: 0.15, shift: 1.5 },
};

/** How a pass over some rows went: means over rows. */
export interface Score {
  readonly loss: number;
  readonly accuracy: number;
}

/**
 * Trains for all epochs, and calls `endEpoch` after each. Between batches it gives way to the event loop, so that
 * Ctrl-C is heard.
 */
export async function trainDigits(
  model: DigitNet,
  data: LabelledImages,
  { epochs, batch, lr, warp }: Recipe,
  generator: Generator,
  progress: Progress,
  endEpoch: (epoch: number, trained: Score) => void,
): Promise<void> {
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new Adam(model.parameters(), { lr });
  const [rows, pixels] = [data.labels.length, data.rows * data.columns];
  const steps = epochs * Math.ceil(rows / batch);
  let step = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = generator.permutation(rows);
    let [loss, right] = [0, 0];
    for (let start = 0; start < rows; start += batch) {
      const which = order.slice(start, start + batch);
      const x = tensor(warpImages(data, which, warp, generator)).reshape([which.length, pixels]);
      const target = tensor(which.map((i) => data.labels[i]));

      optimizer.zeroGrad();
      const logits = model(x);
      const batchLoss = criterion(logits, target);
      batchLoss.backward();
      for (const group of optimizer.paramGroups) group.lr = lr * (1 - step / steps);
      optimizer.step();

      step++;
      loss += batchLoss.item() * which.length;
      right += logits.argmax(1).eq(target).sum().item();
      const done = start + which.length;
      progress.update(done, { loss: loss / done, accuracy: percent(right / done) });
      await new Promise((resolve) => setImmediate(resolve));
    }
    endEpoch(epoch, { loss: loss / rows, accuracy: right / rows });
  }
}

/** What a model says about images: the loss, and for each image the class and how sure. */
export interface Evaluation extends Score {
  readonly probabilities: Float32Array;
  readonly predictions: readonly number[];
  readonly confidences: readonly number[];
  readonly confusion: readonly (readonly number[])[];
}

/** Inference with gradients off. */
export function evaluateDigits(model: DigitNet, data: LabelledImages, classes: number): Evaluation {
  const rows = data.labels.length;
  const x = tensor(toUnit(data.images)).reshape([rows, data.rows * data.columns]);
  return noGrad(() => {
    const logits = model.eval()(x);
    model.train();
    const probabilities = logits.softmax(1);
    const { values, indices } = probabilities.max(1);
    const predictions = [...indices.toTypedArray()];
    return {
      loss: nn.functional.crossEntropy(logits, tensor(data.labels)).item(),
      accuracy: accuracy(data.labels, predictions),
      probabilities: probabilities.toTypedArray() as Float32Array,
      predictions,
      confidences: [...values.toTypedArray()],
      confusion: confusionMatrix(data.labels, predictions, classes),
    };
  });
}

/** 0.9734 as '97.3 %'. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
