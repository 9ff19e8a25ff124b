/**
 * How right predictions are, from labels as plain numbers: accuracy and the confusion matrix, also as text.
 * Knows no model and no tensor, and draws no picture.
 */
import { ShapeError, ValueError } from '../array/errors.ts';

function sameLength(where: string, labels: ArrayLike<number>, predictions: ArrayLike<number>): void {
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
