/**
 * How right predictions are, from plain numbers: classes (accuracy, top-k, confusion, precision and recall), scores (AUC,
 * calibration), numbers (R²), language (perplexity). Knows no model and no tensor, and draws no picture.
 */
import { ShapeError, ValueError } from '../array/errors.ts';

function sameLength(where: string, labels: ArrayLike<unknown>, predictions: ArrayLike<unknown>): void {
  if (labels.length !== predictions.length) {
    throw new ShapeError(
      where,
      'labels and predictions must be equally many',
      `${labels.length} and ${predictions.length}`,
    );
  }
}

/**
 * The share of rows whose prediction is their label, 0 to 1.
 * ```ts
 * import { accuracy } from 'adjoint/train';
 * accuracy([0, 1, 2, 2], [0, 1, 2, 1]) // => 0.75
 * ```
 * @throws ShapeError when lengths differ or there is no row, which has no share.
 */
export function accuracy(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  sameLength('accuracy', labels, predictions);
  if (labels.length === 0) throw new ShapeError('accuracy', 'there must be at least one row', '0');
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] === predictions[i]) right++;
  return right / labels.length;
}

/**
 * The share of rows whose label is among the k classes with the highest scores; of equal scores the first class counts
 * as higher. `scores` has a row of numbers, one a class, for each label: `logits.toArray()`. scikit-learn: `top_k_accuracy_score`.
 * ```ts
 * import { topKAccuracy } from 'adjoint/train';
 * topKAccuracy([0, 2], [[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]], 2) // => 0.5
 * ```
 * @throws ShapeError when there are not as many rows as labels, or none; ValueError when k or a label is out of range.
 */
export function topKAccuracy(labels: ArrayLike<number>, scores: readonly ArrayLike<number>[], k: number): number {
  const where = 'topKAccuracy';
  sameLength(where, labels, scores);
  if (labels.length === 0) throw new ShapeError(where, 'there must be at least one row', '0');
  const classes = scores[0].length;
  if (!Number.isInteger(k) || k < 1 || k > classes) {
    throw new ValueError(where, `k must be a whole number from 1 to ${classes}`, `${k}`);
  }
  let right = 0;
  scores.forEach((row, i) => {
    const label = labels[i];
    if (!(label in row))
      throw new ValueError(where, `labels must be whole numbers from 0 to ${classes - 1}`, `${label}`);
    let above = 0;
    for (let c = 0; c < row.length; c++) if (row[c] > row[label] || (row[c] === row[label] && c < label)) above++;
    if (above < k) right++;
  });
  return right / labels.length;
}

/**
 * counts[t][p] = how many rows of class t were predicted to be p. Row sums are the classes' sizes, the diagonal is what
 * is right. scikit-learn: `confusion_matrix`.
 * @throws ShapeError when lengths differ; ValueError when a label or a prediction is no class from 0 to classes − 1.
 */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: number,
): number[][] {
  const where = 'confusionMatrix';
  if (!Number.isInteger(classes) || classes < 1) {
    throw new ValueError(where, 'classes must be a whole number from 1', `${classes}`);
  }
  sameLength(where, labels, predictions);
  const counts = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  const rule = `labels and predictions must be whole numbers from 0 to ${classes - 1}`;
  for (let i = 0; i < labels.length; i++) {
    const row = counts[labels[i]];
    if (row === undefined) throw new ValueError(where, rule, `label ${labels[i]} at row ${i}`);
    if (row[predictions[i]] === undefined)
      throw new ValueError(where, rule, `prediction ${predictions[i]} at row ${i}`);
    row[predictions[i]]++;
  }
  return counts;
}

/**
 * A confusion matrix as text for a terminal: aligned, zeros as dots, so that what is wrong stands out.
 * ```
 *       predicted
 * true  cat  dog
 *  cat    9    1
 *  dog    ·   10
 * ```
 * @throws ShapeError when counts is not square or there is not a label for each row.
 */
export function formatConfusion(
  counts: readonly (readonly number[])[],
  labels: readonly string[] = counts.map((_, i) => `${i}`),
): string {
  if (labels.length !== counts.length || counts.some((row) => row.length !== counts.length)) {
    const got = `${counts.length} rows of ${[...new Set(counts.map((row) => row.length))].join(', ')} and ${labels.length} labels`;
    throw new ShapeError('formatConfusion', 'counts must be square with a label for each row', got);
  }
  const length = (text: string): number => [...text].length;
  const pad = (text: string, width: number): string => ' '.repeat(Math.max(0, width - length(text))) + text;
  const cells = counts.map((row) => row.map((n) => (n === 0 ? '·' : `${n}`)));
  const head = Math.max(4, ...labels.map(length));
  const widths = labels.map((label, p) => Math.max(length(label), ...cells.map((row) => length(row[p] ?? ''))));
  const line = (label: string, row: readonly string[]): string =>
    [pad(label, head), ...row.map((cell, p) => pad(cell, widths[p] ?? 0))].join('  ');
  return [
    `${' '.repeat(head)}  predicted`,
    line('true', labels),
    ...cells.map((row, t) => line(labels[t] ?? '', row)),
  ].join('\n');
}

export interface Retrieval {
  /** Of the rows that were predicted to be of the class, the share that is. */
  readonly precision: number;
  /** Of the rows of the class, the share that was predicted to be. */
  readonly recall: number;
  /** Their harmonic mean 2PR/(P + R). */
  readonly f1: number;
}

export interface RetrievalReport {
  readonly perClass: readonly (Retrieval & { readonly support: number })[];
  /** The plain mean over classes. */
  readonly macro: Retrieval;
  /** The mean over classes, weighted by their rows. */
  readonly weighted: Retrieval;
}

/**
 * Precision, recall and F1 of each class, and their means, from a confusion matrix (see confusionMatrix). A share of
 * nothing is 0. For two classes, `perClass[1]` is that of the positive one. scikit-learn: `precision_recall_fscore_support`.
 * ```ts
 * import { confusionMatrix, precisionRecall } from 'adjoint/train';
 * const { perClass } = precisionRecall(confusionMatrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], 2));
 * console.log(perClass[0]); // => { precision: 0.5, recall: 0.5, f1: 0.5, support: 2 }
 * ```
 */
export function precisionRecall(counts: readonly (readonly number[])[]): RetrievalReport {
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const perClass = counts.map((row, c) => {
    const support = sum(row);
    const predicted = sum(counts.map((other) => other[c]));
    // 2PR/(P + R) = 2·right/(support + predicted)
    const f1 = share(2 * row[c], support + predicted);
    return { precision: share(row[c], predicted), recall: share(row[c], support), f1, support };
  });
  const mean = (weight: (support: number) => number): Retrieval => {
    const all = sum(perClass.map(({ support }) => weight(support)));
    const of = (name: keyof Retrieval): number => share(sum(perClass.map((c) => weight(c.support) * c[name])), all);
    return { precision: of('precision'), recall: of('recall'), f1: of('f1') };
  };
  return { perClass, macro: mean(() => 1), weighted: mean((support) => support) };
}

/**
 * The area under the ROC curve: the chance that a row of class 1 has a higher score than one of class 0, ties counting
 * half (Mann and Whitney, 1947). scikit-learn: `roc_auc_score`.
 * ```ts
 * import { rocAuc } from 'adjoint/train';
 * rocAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) // => 0.75
 * ```
 * @throws ShapeError when lengths differ; ValueError when labels are not 0 and 1, both of them, or a score is NaN.
 */
export function rocAuc(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  const where = 'rocAuc';
  sameLength(where, labels, scores);
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let [positive, ranks] = [0, 0];
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && scores[order[end]] === scores[order[start]]) end++;
    if (end === start) throw new ValueError(where, 'scores must be numbers', 'NaN');
    for (let r = start; r < end; r++) {
      const label = labels[order[r]];
      if (label !== 0 && label !== 1) throw new ValueError(where, 'labels must be 0 or 1', `${label}`);
      positive += label;
      ranks += label * ((start + end + 1) / 2); // ranks count from 1; equal scores share their mean
    }
    start = end;
  }
  const negative = labels.length - positive;
  if (positive === 0 || negative === 0) {
    throw new ValueError(where, 'there must be rows of both classes', `${negative} of 0 and ${positive} of 1`);
  }
  return (ranks - (positive * (positive + 1)) / 2) / (positive * negative);
}

export interface Calibration {
  /** Σ (rows of the bin / rows) · |accuracy − confidence|: the expected calibration error. */
  readonly error: number;
  /** Bins with rows in them, by confidence: means and counts, for a reliability diagram. */
  readonly bins: readonly { readonly confidence: number; readonly accuracy: number; readonly count: number }[];
}

/**
 * Whether a model is right as often as it is sure (Guo et al., 2017): rows are put into bins of equal width by
 * confidence, and in each the mean confidence is held against the share that is right.
 * @param right 1 for each row that was predicted rightly, else 0
 * @param confidences the probability of each prediction, 0 to 1
 * ```ts
 * import { calibration } from 'adjoint/train';
 * calibration([1, 0, 1, 1], [0.5, 0.5, 1, 1]).error // => 0
 * ```
 * @throws ShapeError when lengths differ or there is no row; ValueError for a confidence that is none.
 */
export function calibration(right: ArrayLike<number>, confidences: ArrayLike<number>, bins = 10): Calibration {
  sameLength('calibration', right, confidences);
  if (right.length === 0) throw new ShapeError('calibration', 'there must be at least one row', '0');
  if (!Number.isInteger(bins) || bins < 1) {
    throw new ValueError('calibration', 'bins must be a whole number from 1', `${bins}`);
  }
  const sums = Array.from({ length: bins }, () => ({ confidence: 0, accuracy: 0, count: 0 }));
  for (let i = 0; i < right.length; i++) {
    const confidence = confidences[i];
    if (!(confidence >= 0 && confidence <= 1)) {
      throw new ValueError('calibration', 'confidences must be probabilities from 0 to 1', `${confidence} at row ${i}`);
    }
    const bin = sums[Math.max(0, Math.ceil(confidence * bins) - 1)]; // (low, high]
    bin.confidence += confidence;
    bin.accuracy += right[i] === 0 ? 0 : 1;
    bin.count++;
  }
  const filled = sums
    .filter(({ count }) => count > 0)
    .map(({ confidence, accuracy, count }) => ({ confidence: confidence / count, accuracy: accuracy / count, count }));
  const gap = filled.reduce((sum, bin) => sum + bin.count * Math.abs(bin.accuracy - bin.confidence), 0);
  return { error: gap / right.length, bins: filled };
}

/**
 * R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)²: 1 is exact, 0 as good as the mean, and it may be below. scikit-learn: `r2_score`.
 * ```ts
 * import { r2Score } from 'adjoint/train';
 * r2Score([1, 2, 3], [1, 2, 4]) // => 0.5
 * ```
 * @throws ShapeError when lengths differ or there are fewer than two rows. Constant targets give 1 if exact, else −∞.
 */
export function r2Score(targets: ArrayLike<number>, predictions: ArrayLike<number>): number {
  sameLength('r2Score', targets, predictions);
  const n = targets.length;
  if (n < 2) throw new ShapeError('r2Score', 'there must be at least two rows', `${n}`);
  let mean = 0;
  for (let i = 0; i < n; i++) mean += targets[i] / n;
  let [left, spread] = [0, 0];
  for (let i = 0; i < n; i++) {
    left += (targets[i] - predictions[i]) ** 2;
    spread += (targets[i] - mean) ** 2;
  }
  return left === 0 ? 1 : 1 - left / spread;
}

/**
 * e^loss of a mean cross-entropy in nats: among how many tokens, all equally likely, a language model would be as unsure.
 * ```ts
 * import { perplexity } from 'adjoint/train';
 * perplexity(Math.log(65)).toFixed(2) // => 65.00
 * ```
 */
export const perplexity = (loss: number): number => Math.exp(loss);
