/** Cross-validation: a score for each fold, their mean and spread. */
import { ValueError } from '../array/errors.ts';

export interface CrossValidation {
  readonly scores: readonly number[];
  readonly mean: number;
  /** Standard deviation of the scores (n − 1). */
  readonly std: number;
}

/**
 * Scores each fold, one after another. Folds are whatever `score` takes: those of `kFold` in `adjoint/data`, or lists of
 * your own.
 * ```ts
 * import { crossValidate } from 'adjoint/train';
 * const folds = [{ test: [0, 1] }, { test: [2, 3] }, { test: [4, 5] }];
 * const { mean, std } = await crossValidate(folds, ({ test }) => test[0]); // train and evaluate here
 * console.log(mean, std); // => 2 2
 * ```
 * @throws ValueError when there are fewer than two folds
 */
export async function crossValidate<Fold>(
  folds: readonly Fold[],
  score: (fold: Fold, k: number) => number | Promise<number>,
): Promise<CrossValidation> {
  if (folds.length < 2) throw new ValueError('crossValidate', 'there must be at least two folds', `${folds.length}`);
  const scores: number[] = [];
  for (const [k, fold] of folds.entries()) scores.push(await score(fold, k));
  const mean = scores.reduce((sum, x) => sum + x, 0) / scores.length;
  const squares = scores.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { scores, mean, std: Math.sqrt(squares / (scores.length - 1)) };
}
