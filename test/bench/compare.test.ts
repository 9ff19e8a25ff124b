/** Comparing two runs: a change is one beyond noise, by ratios within each run. */
import { describe, expect, test } from 'vitest';
import { compareReports, showComparison } from '../../bench/compare.ts';
import type { GroupResult, Result } from '../../bench/harness.ts';
import { reportOf, type Report } from '../../bench/report.ts';
import { median, spread } from '../../bench/statistics.ts';

const result = (name: string, samples: number[], fault: string | null = null): Result => ({
  name,
  work: 1,
  fault,
  samples,
  ratio: null,
  best: Math.min(...samples),
  median: median(samples),
  spread: spread(samples),
});
const report = (...results: Result[]): Report => {
  const group: GroupResult = { kind: 'test', name: 'g', unit: 'step', baseline: 'base', results };
  return reportOf([group]);
};
const base = result('base', [10, 10, 10]);
const changes = (before: Report, after: Report): (readonly [string, string])[] =>
  compareReports(before, after).map(({ name, change }) => [name, change]);

describe('compare', () => {
  test('tells faster from slower', () => {
    const before = report(base, result('a', [4, 4, 4]), result('b', [4, 4, 4]), result('c', [4, 4, 4]));
    const after = report(base, result('a', [2, 2, 2]), result('b', [8, 8, 8]), result('c', [4.1, 4.1, 4.1]));
    expect(changes(before, after)).toEqual([
      ['g: a', 'faster'],
      ['g: b', 'slower'],
      ['g: c', 'same'],
    ]);
    expect(compareReports(before, after)[0].factor).toBe(2);
  });

  test('a machine that is slower as a whole changes nothing', () => {
    const after = report(result('base', [30, 31, 29]), result('a', [12, 12.4, 11.6]));
    expect(changes(report(base, result('a', [4, 4, 4])), after)).toEqual([['g: a', 'same']]);
  });

  test('what lies within the spread of the samples is noise', () => {
    const noisy = result('a', [2, 4, 6, 8, 10]);
    const long = result('base', [10, 10, 10, 10, 10]);
    expect(changes(report(long, noisy), report(long, result('a', [3, 5, 7.5, 10, 12])))).toEqual([['g: a', 'same']]);
  });

  test('tells what broke, was mended, came and went', () => {
    const before = report(base, result('a', [1]), result('b', [], 'wrong'), result('old', [1]));
    const after = report(base, result('a', [], 'wrong'), result('b', [1]), result('new', [1]));
    expect(changes(before, after)).toEqual([
      ['g: a', 'broken'],
      ['g: b', 'mended'],
      ['g: new', 'new'],
      ['g: old', 'gone'],
    ]);
  });

  test('says in words what changed, and that machines differ', () => {
    const before = report(base, result('a', [4, 4, 4]));
    const after = report(base, result('a', [2, 2, 2]));
    expect(showComparison(before, after)).toMatch(
      /^Both on .*\n\nfaster: g: a {2}2\.00× {2}± 5 % {2}by its ratio to base\n\n0 of 1 within noise\.$/s,
    );
    const elsewhere = { ...after, machine: { ...after.machine, cpu: 'Z80' } };
    expect(showComparison(before, elsewhere)).toContain('The machines differ');
  });
});
