/** The training steps in TensorFlow.js, as its users write them: variables, `minimize`, and the loss read at each step. */
import { differs, type Measurable, type TrainingTask } from './peer.ts';
import type { Tf, TfTensor } from './javascript.ts';

/** A loss from parameters (weights [out, in] and biases), inputs and targets; each tensor gets its shape. */
interface Model {
  readonly shapes: readonly (readonly number[])[];
  readonly loss: (tf: Tf, ...tensors: TfTensor[]) => TfTensor;
}

const affine = (tf: Tf, x: TfTensor, w: TfTensor, b: TfTensor): TfTensor => tf.add(tf.matMul(x, w, false, true), b);

/** By what workloads call them. */
const models: Record<string, Model> = {
  linear: {
    shapes: [[5, 10], [5], [1, 5], [1], [100, 10], [100, 1]],
    loss: (tf, w1, b1, w2, b2, x, y) =>
      tf.losses.meanSquaredError(y, affine(tf, tf.relu(affine(tf, x, w1, b1)), w2, b2)),
  },
  mlp: {
    shapes: [[512, 784], [512], [256, 512], [256], [10, 256], [10], [64, 784], [64]],
    loss(tf, w1, b1, w2, b2, w3, b3, x, y) {
      const hidden = tf.relu(affine(tf, tf.relu(affine(tf, x, w1, b1)), w2, b2));
      return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.cast(y, 'int32'), 10), affine(tf, hidden, w3, b3));
    },
  },
};

export function tfTraining(tf: Tf, { model, arrays, losses }: TrainingTask): Measurable | null {
  const { shapes, loss } = models[model] ?? {};
  if (shapes === undefined || loss === undefined) return null;
  const tensors = arrays.map((array, i) => {
    const tensor = tf.tensor(array, shapes[i]);
    return i < arrays.length - 2 ? tf.variable(tensor) : tensor;
  });
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  const run = (): number => {
    const value = optimizer.minimize(() => loss(tf, ...tensors), true);
    const [number] = value.dataSync();
    value.dispose();
    return number;
  };
  return { verify: () => differs(losses.map(run), losses), run };
}
