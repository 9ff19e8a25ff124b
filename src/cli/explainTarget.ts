/** Which output of a model is explained, and in what it is measured. */
import { noGrad } from '../engine.ts';
import type { Model } from '../explain/index.ts';
import type { Tensor } from '../tensor.ts';
import type { Subject } from './explainSubject.ts';
import { UsageError } from './usage.ts';

/** Logits add up as the model adds; probabilities are what people read; the logarithm is between. */
export const scales = ['logit', 'log-probability', 'probability'] as const;
export type Scale = (typeof scales)[number];

const scaled: Readonly<Record<Scale, (logits: Tensor) => Tensor>> = {
  logit: (logits) => logits,
  'log-probability': (logits) => logits.logSoftmax(1),
  probability: (logits) => logits.softmax(1),
};

/** The number of a class that was named, or given by its number. @throws UsageError when there is none */
export function chooseClass(said: string, labels: readonly string[]): number {
  const named = labels.indexOf(said);
  const at = named >= 0 || !/^\d+$/.test(said) ? named : Number(said);
  if (at >= 0 && at < labels.length) return at;
  const some = labels.length > 20 ? `${labels.slice(0, 20).join(', ')}, …` : labels.join(', ');
  throw new UsageError(`--target must be one of ${some}, or a number from 0 to ${labels.length - 1}, got '${said}'`);
}

type Explained = Pick<Subject, 'predictions' | 'target' | 'targetIndex' | 'unit' | 'label'> & {
  readonly of: (logits: Model) => Model;
};

/**
 * The target among the logits [1, C] that a model gives for an input, the likeliest if none was said; `of` makes of a function
 * from inputs to logits [N, C] the one from inputs to the explained number of each, [N].
 */
export function explained(logits: Tensor, label: (output: number) => string, said: number | undefined, scale: Scale): Explained {
  const probabilities = noGrad(() => logits.softmax(1)).toTypedArray();
  const order = Array.from(probabilities.keys()).toSorted((a, b) => probabilities[b] - probabilities[a]);
  const target = said ?? order[0];
  const shown = [...new Set([...order.slice(0, 3), target])];
  return {
    predictions: shown.map((c) => ({ label: label(c), value: probabilities[c] })),
    target: label(target),
    targetIndex: target,
    label,
    unit: `${scale} of ${label(target)}`,
    of: (model) => (x) => scaled[scale](model(x)).select(1, target),
  };
} // prettier-ignore
