import { describe, expect, it } from 'vitest';
import { accuracy, confusionMatrix, formatConfusion } from '../../src/train/metrics.ts';

const labels = [0, 0, 0, 1, 1, 2];
const predictions = [0, 0, 1, 1, 1, 0];

describe('accuracy', () => {
  it('is the share of rows whose prediction is their label', () => {
    expect(accuracy(labels, predictions)).toBe(4 / 6);
    expect(accuracy(Float32Array.from(labels), labels)).toBe(1);
  });

  it('refuses lists that are not equally long, and empty ones', () => {
    expect(() => accuracy([1, 2], [1])).toThrow('accuracy: labels and predictions must be equally many, got 2 and 1');
    expect(() => accuracy([], [])).toThrow('accuracy: there must be at least one row, got 0');
  });
});

describe('confusionMatrix', () => {
  it('has true labels as rows and predictions as columns', () => {
    expect(confusionMatrix(labels, predictions, 3)).toEqual([
      [2, 1, 0],
      [0, 2, 0],
      [1, 0, 0],
    ]);
  });

  it('sums to the rows, row by row to the sizes of the classes, and along the diagonal to what is right', () => {
    const counts = confusionMatrix(labels, predictions, 4);
    const sums = counts.map((row) => row.reduce((a, b) => a + b, 0));
    expect(sums).toEqual([3, 2, 1, 0]);
    expect(counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0) / labels.length).toBe(accuracy(labels, predictions));
  });

  it('is all zeros without rows', () => {
    expect(confusionMatrix([], [], 2)).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('names the label or the prediction that is no class, and its row', () => {
    const rule = 'confusionMatrix: labels and predictions must be whole numbers from 0 to 1, got';
    expect(() => confusionMatrix([0, 2], [0, 1], 2)).toThrow(`${rule} label 2 at row 1`);
    expect(() => confusionMatrix([0, 1], [0.5, 1], 2)).toThrow(`${rule} prediction 0.5 at row 0`);
    expect(() => confusionMatrix([NaN], [0], 2)).toThrow(`${rule} label NaN at row 0`);
    expect(() => confusionMatrix([0], [-1], 2)).toThrow(`${rule} prediction -1 at row 0`);
    expect(() => confusionMatrix([], [], 0)).toThrow('classes must be a whole number from 1, got 0');
  });
});

describe('formatConfusion', () => {
  it('aligns the numbers and shows zeros as dots', () => {
    expect(
      formatConfusion(
        [
          [9, 1],
          [0, 10],
        ],
        ['cat', 'dog'],
      ),
    ).toBe(['      predicted', 'true  cat  dog', ' cat    9    1', ' dog    ·   10'].join('\n'));
  });

  it('numbers the classes when they have no names', () => {
    const [, head, ...rows] = formatConfusion(confusionMatrix(labels, predictions, 3)).split('\n');
    expect(head).toBe('true  0  1  2');
    expect(rows).toEqual(['   0  2  1  ·', '   1  ·  2  ·', '   2  1  ·  ·']);
  });

  it('refuses counts that are not square', () => {
    expect(() => formatConfusion([[1, 2]])).toThrow(
      'counts must be square with a label for each row, got 1 rows of 2 and 1 labels',
    );
    expect(() => formatConfusion([[1]], ['a', 'b'])).toThrow('got 1 rows of 1 and 2 labels');
  });
});
