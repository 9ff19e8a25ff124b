/** Metrics beyond accuracy: against scikit-learn's documented examples, and against the definitions, written out slowly. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  calibration,
  confusionMatrix,
  perplexity,
  precisionRecall,
  r2Score,
  rocAuc,
  topKAccuracy,
} from '../../src/train/index.ts';

const close = { rtol: 1e-12, atol: 1e-15 };

describe("scikit-learn's own examples", () => {
  test('top_k_accuracy_score', () => {
    const scores = [[0.5, 0.2, 0.2], [0.3, 0.4, 0.2], [0.2, 0.4, 0.3], [0.7, 0.2, 0.1]]; // prettier-ignore
    expect(topKAccuracy([0, 1, 2, 2], scores, 2)).toBe(0.75);
  });
  test('precision_recall_fscore_support: cats, dogs and pigs', () => {
    const [cat, dog, pig] = [0, 1, 2];
    const counts = confusionMatrix([cat, dog, pig, cat, dog, pig], [cat, pig, dog, cat, cat, dog], 3);
    const { macro, weighted, perClass } = precisionRecall(counts);
    expect(Object.values(macro)).toBeAllClose([2 / 9, 1 / 3, 4 / 15], close); // 0.22…, 0.33…, 0.26…
    expect(weighted).toEqual(macro);
    expect(perClass[cat]).toEqual({ precision: 2 / 3, recall: 1, f1: 0.8, support: 2 });
    expect(perClass[dog]).toEqual({ precision: 0, recall: 0, f1: 0, support: 2 });
  });
  test('roc_auc_score', () => {
    expect(rocAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])).toBe(0.75);
  });
  test('r2_score', () => {
    expect(r2Score([3, -0.5, 2, 7], [2.5, 0, 2, 8])).toBeAllClose(0.9486081370449679, close);
    expect(r2Score([1, 2, 3], [1, 2, 3])).toBe(1);
    expect(r2Score([1, 2, 3], [2, 2, 2])).toBe(0);
    expect(r2Score([1, 2, 3], [3, 2, 1])).toBe(-3);
    expect(r2Score([-2, -2, -2], [-2, -2, -2])).toBe(1);
    expect(r2Score([-2, -2, -2], [-2, -2, -2 + 1e-8])).toBe(-Infinity);
  });
});

describe('the definitions, written out slowly', () => {
  const rows = fc.array(fc.record({ label: fc.nat(3), prediction: fc.nat(3), score: fc.nat(6) }), { minLength: 1 });

  test('precision, recall and F1 by counting rows', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const count = (is: (row: { label: number; prediction: number }) => boolean): number => all.filter(is).length;
        const { perClass, macro } = precisionRecall(
          confusionMatrix(
            all.map(({ label }) => label),
            all.map(({ prediction }) => prediction),
            4,
          ),
        );
        perClass.forEach(({ precision, recall, f1, support }, c) => {
          const both = count(({ label, prediction }) => label === c && prediction === c);
          expect(support).toBe(count(({ label }) => label === c));
          expect(precision).toBe(both / (count(({ prediction }) => prediction === c) || 1));
          expect(recall).toBe(both / (support || 1));
          expect(f1).toBeAllClose((2 * precision * recall) / (precision + recall || 1), close);
        });
        expect(macro.f1).toBeAllClose(
          perClass.reduce((sum, { f1 }) => sum + f1 / 4, 0),
          close,
        );
      }),
    );
  });

  test('AUC by looking at all pairs', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const labels = all.map(({ label }) => label % 2);
        const scores = all.map(({ score }) => score);
        const [low, high] = [0, 1].map((c) => scores.filter((_, i) => labels[i] === c));
        fc.pre(low.length > 0 && high.length > 0);
        let sum = 0;
        for (const a of high) for (const b of low) sum += a > b ? 1 : a === b ? 0.5 : 0;
        expect(rocAuc(labels, scores)).toBeAllClose(sum / (low.length * high.length), close);
      }),
    );
  });

  test('calibration by going through bins', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.nat(100)), { minLength: 1 }),
        fc.integer({ min: 1, max: 7 }),
        (all, bins) => {
          const [right, sure] = [all.map(([is]) => Number(is)), all.map(([, percent]) => percent / 100)];
          let error = 0;
          for (let b = 0; b < bins; b++) {
            const inside = sure
              .map((_, i) => i)
              .filter((i) => sure[i] * bins <= b + 1 && (sure[i] * bins > b || b === 0));
            const mean = (x: readonly number[]): number => inside.reduce((sum, i) => sum + x[i], 0) / inside.length;
            if (inside.length > 0) error += (inside.length / all.length) * Math.abs(mean(right) - mean(sure));
          }
          const result = calibration(right, sure, bins);
          expect(result.error).toBeAllClose(error, { rtol: 1e-9, atol: 1e-12 });
          expect(result.bins.reduce((n, { count }) => n + count, 0)).toBe(all.length);
        },
      ),
    );
  });

  test('top-k grows with k to 1, and at 1 takes the first of equal scores', () => {
    const scores = [[1, 1, 0], [0, 2, 2], [3, 3, 3]]; // prettier-ignore
    expect([1, 2, 3].map((k) => topKAccuracy([1, 2, 2], scores, k))).toEqual([0, 2 / 3, 1]);
    expect(topKAccuracy([0, 1, 0], scores, 1)).toBe(1);
  });

  test('perplexity of an even guess among n is n', () => {
    expect(perplexity(Math.log(65))).toBeAllClose(65, close);
    expect(perplexity(0)).toBe(1);
  });
});

test('what does not fit is refused', () => {
  expect(() => topKAccuracy([0], [], 1)).toThrow('labels and predictions must be equally many, got 1 and 0');
  expect(() => topKAccuracy([], [], 1)).toThrow('topKAccuracy: there must be at least one row, got 0');
  expect(() => topKAccuracy([0], [[1, 2]], 3)).toThrow('k must be a whole number from 1 to 2, got 3');
  expect(() => topKAccuracy([2], [[1, 2]], 1)).toThrow('labels must be whole numbers from 0 to 1, got 2');
  expect(() => rocAuc([0, 2], [1, 2])).toThrow('labels must be 0 or 1, got 2');
  expect(() => rocAuc([1, 1], [1, 2])).toThrow('there must be rows of both classes, got 0 of 0 and 2 of 1');
  expect(() => rocAuc([0, 1], [NaN, 2])).toThrow('scores must be numbers, got NaN');
  expect(() => calibration([], [])).toThrow('calibration: there must be at least one row, got 0');
  expect(() => calibration([1], [1.5])).toThrow('confidences must be probabilities from 0 to 1, got 1.5 at row 0');
  expect(() => calibration([1], [0.5], 0)).toThrow('bins must be a whole number from 1, got 0');
  expect(() => r2Score([1], [1])).toThrow('r2Score: there must be at least two rows, got 1');
});
