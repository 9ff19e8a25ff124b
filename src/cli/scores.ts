/** How a classifier does, whatever it is that it classifies. */
import type { Confusion } from '../inspect/index.ts';
import * as F from '../nn/functions.ts';
import type { Tensor } from '../tensor.ts';
import { accuracy, confusionMatrix } from '../train/index.ts';

export interface ClassScores {
  readonly loss: number;
  readonly accuracy: number;
  /** How many would be right if all were taken for the commonest class. */
  readonly commonest: number;
  readonly confusion: Confusion;
  /** The class of each row, and its probability. */
  readonly guesses: readonly number[];
  readonly sure: readonly number[];
  /** The rows that were taken for another class, the surest first. */
  readonly wrong: readonly number[];
}

/** Logits [N, classes] against the N classes that are right. */
export function scoreClasses(logits: Tensor, y: Tensor, classes: readonly string[]): ClassScores {
  const labels = [...y.toTypedArray()];
  const { values, indices } = logits.softmax(1).max(1);
  const [guesses, sure] = [[...indices.toTypedArray()], [...values.toTypedArray()]];
  const counts = confusionMatrix(labels, guesses, classes.length);
  const sizes = counts.map((row) => row.reduce((a, b) => a + b, 0));
  return {
    loss: F.crossEntropy(logits, y).item(),
    accuracy: accuracy(labels, guesses),
    commonest: Math.max(...sizes) / labels.length,
    confusion: { labels: classes, counts },
    guesses,
    sure,
    wrong: guesses.flatMap((guess, i) => (guess === labels[i] ? [] : [i])).sort((a, b) => sure[b] - sure[a]),
  };
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
