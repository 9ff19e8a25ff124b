/** Splits of a data set: at random, and into folds, each item in exactly one part. Numbers of items; see `subset`. */
import { ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { subset, type Dataset } from './dataset.ts';

export interface SplitOptions {
  /** Where the random bits come from; the default generator (see manualSeed) if left out. */
  readonly generator?: Generator;
}

/** The numbers of items to train on, and of those to test on. */
export interface Fold {
  readonly train: number[];
  readonly test: number[];
}

/**
 * Parts of a set, at random. `sizes` are numbers of items that add up to all, or shares that add up to 1; of shares,
 * what rounding leaves goes to the first parts, an item each. PyTorch: `random_split`.
 * ```ts
 * import { listDataset, randomSplit } from 'adjoint/data';
 * const [train, test] = randomSplit(listDataset([...'abcdefghij']), [0.8, 0.2]);
 * console.log(train.length, test.length); // => 8 2
 * ```
 * @throws ValueError when the sizes do not add up
 */
export function randomSplit<T>(set: Dataset<T>, sizes: readonly number[], options: SplitOptions = {}): Dataset<T>[] {
  const n = set.length;
  const sum = sizes.reduce((total, size) => total + size, 0);
  const asShares = Math.abs(sum - 1) < 1e-9 && sum !== n;
  if (sizes.some((size) => !(size >= 0)) || (!asShares && (sum !== n || !sizes.every(Number.isInteger)))) {
    const rule = `sizes must be whole numbers that add up to ${n}, or shares that add up to 1`;
    throw new ValueError('randomSplit', rule, sizes.join(', '));
  }
  const counts = sizes.map((size) => (asShares ? Math.floor(size * n + 1e-9) : size));
  for (let rest = n - counts.reduce((a, b) => a + b, 0), i = 0; rest > 0; rest--, i++) counts[i % counts.length]++;
  const order = (options.generator ?? defaultGenerator).permutation(n);
  let done = 0;
  return counts.map((count) => subset(set, order.slice(done, (done += count))));
}

/**
 * k folds of n items in random order: each item is tested on in one fold and trained on in the others; their sizes
 * differ by at most one.
 * ```ts
 * import { kFold } from 'adjoint/data';
 * console.log(kFold(7, 3).map(({ train, test }) => [train.length, test.length])); // => [ [ 4, 3 ], [ 5, 2 ], [ 5, 2 ] ]
 * ```
 * @throws ValueError unless 2 ≤ k ≤ n
 */
export function kFold(n: number, k: number, options: SplitOptions = {}): Fold[] {
  checkFolds('kFold', n, k);
  return foldsOf((options.generator ?? defaultGenerator).permutation(n), k);
}

/**
 * k folds with the classes in each as in the whole, to within one item of a class.
 * ```ts
 * import { stratifiedKFold } from 'adjoint/data';
 * const labels = ['a', 'a', 'a', 'a', 'b', 'b'];
 * console.log(stratifiedKFold(labels, 2).map(({ test }) => test.map((i) => labels[i]).sort().join(''))); // => [ 'aab', 'aab' ]
 * ```
 * @param labels the class of each item
 * @throws ValueError unless 2 ≤ k ≤ n, or when a class has fewer items than there are folds
 */
export function stratifiedKFold(labels: ArrayLike<number | string>, k: number, options: SplitOptions = {}): Fold[] {
  const where = 'stratifiedKFold';
  checkFolds(where, labels.length, k);
  const classes = new Map<number | string, number[]>();
  for (const i of (options.generator ?? defaultGenerator).permutation(labels.length)) {
    const members = classes.get(labels[i]);
    if (members) members.push(i);
    else classes.set(labels[i], [i]);
  }
  for (const [label, members] of classes) {
    if (members.length < k) {
      throw new ValueError(where, `each class must have ${k} items or more`, `${members.length} of class ${label}`);
    }
  }
  // Dealt out like cards, class after class: so the folds are of one size too, to within one.
  return foldsOf([...classes.values()].flat(), k);
}

/** Deals items out to k folds. */
function foldsOf(order: readonly number[], k: number): Fold[] {
  return Array.from({ length: k }, (_, fold) => ({
    train: order.filter((_, i) => i % k !== fold),
    test: order.filter((_, i) => i % k === fold),
  }));
}

function checkFolds(where: string, n: number, k: number): void {
  if (!Number.isInteger(k) || k < 2 || k > n) {
    throw new ValueError(where, `the number of folds must be whole, from 2 to ${n}, the number of items`, `${k}`);
  }
}
