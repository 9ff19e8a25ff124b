/** The suite's own instruments: verifiers are seen to fail, options are refused in words, charts show what there is. */
import { describe, expect, test } from 'vitest';
import { apart, linesOf, matmulChart } from '../../bench/charts.ts';
import { parseSize } from '../../bench/matmul/index.ts';
import { peakContestant } from '../../bench/matmul/peak.ts';
import { steps } from '../../bench/matmul/steps.ts';
import { atEdges, atSize, problem } from '../../bench/matmul/verify.ts';
import { setMatmulInstructions } from '../../src/index.ts';
import { readOptions } from '../../bench/options.ts';
import { digits, duration, reportOf } from '../../bench/report.ts';
import type { Gemm } from '../../src/kernels/matmul/reference.ts';

describe('the staircase', () => {
  test.each(steps)('$name multiplies', ({ gemm }) => {
    expect(atEdges(gemm)).toBeNull();
    expect(atSize(gemm, problem(33, 35, 70))).toBeNull();
  });

  test.each(['mul+add', 'fma', 'fma 256'] as const)('the peak of %s computes what it counts', (instructions) => {
    setMatmulInstructions(instructions);
    expect(peakContestant().verify()).toBeNull();
    setMatmulInstructions('mul+add');
  });

  test('a wrong kernel is seen to be wrong', () => {
    const [{ gemm }] = steps;
    const wrong: Record<string, Gemm> = {
      'writes nothing': () => undefined,
      'one step too few': (m, n, k, ...rest) => gemm(m, n, k - 1, ...rest),
      'strides not read': (m, n, k, a, ai, _row, _col, ...rest) => gemm(m, n, k, a, ai, k, 1, ...rest),
      'one row too many': (m, ...rest) => gemm(m + 1, ...rest),
      'only near': (m, n, k, ...rest) => {
        gemm(m, n, k, ...rest);
        const [c, ci] = [rest[8], rest[9]];
        for (let e = ci; e < ci + m * n; e++) c[e] *= 1 + 1e-4;
      },
    };
    const unseen = Object.keys(wrong).filter((what) => atEdges(wrong[what]) === null);
    expect(unseen).toEqual([]);
    expect(atSize(wrong['only near'], problem(64, 64, 64))).toMatch(/^C\[\d+, \d+\] is /);
  });
});

describe('options', () => {
  test('sizes are n or MxKxN', () => {
    expect(parseSize('256')).toEqual([256, 256, 256]);
    expect(parseSize('64x784x512')).toEqual([64, 784, 512]);
    const bad = ['', '0', '64x64', '1x2x3x4', '-1', '1e3', '99999'];
    expect(bad.filter((size) => parseSize(size) !== null)).toEqual([]);
  });

  test.each([
    [['--frobnicate'], /Unknown option '--frobnicate'; see --help/],
    [['speed'], "there is no 'speed'"],
    [['matmul', '--sizes', '64x2'], "got '64x2'"],
    [['matmul', '--against', 'eigen'], "got 'eigen'"],
    [['matmul', '--rounds', '0'], '--rounds must be a whole number from 1'],
    [['matmul', '--seconds', 'long'], '--seconds must be a number above 0'],
    [['training', '--sizes', '64'], '--sizes is nothing for training'],
    [['matmul', '--kernel', 'none.ts'], 'there is no file none.ts'],
    [['compare', 'a.json'], 'compare takes two files, got 1'],
    [['chart', 'package.json'], 'chart needs --out FILE'],
  ])('%j is refused in one line', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });

  test('what is left out has its usual value', () => {
    expect(readOptions([])).toMatchObject({ command: 'all', threads: 1, against: [], sizes: null, smoke: false });
    expect(readOptions(['--help'])).toBeNull();
  });
});

test('numbers have three digits, times their unit', () => {
  expect([0.001234, 0.1234, 1.234, 12.34, 123.4, 1234, NaN].map(digits)).toEqual([
    '0.00123', '0.123', '1.23', '12.3', '123', '1234', '–',
  ]); // prettier-ignore
  expect([2, 0.0123, 4.5e-5, 6e-9].map(duration)).toEqual(['2.00 s', '12.3 ms', '45.0 µs', '6.00 ns']);
});

describe('the chart', () => {
  const result = (name: string, seconds: number): Parameters<typeof reportOf>[0][0]['results'][0] => ({
    name,
    work: 1e9,
    fault: null,
    samples: [seconds],
    ratio: null,
    best: seconds,
    median: seconds,
    spread: 0,
  });
  const group = (n: number, sizes = [n, n, n]): Parameters<typeof reportOf>[0][0] => ({
    kind: 'matmul',
    name: `matmul ${n}`,
    unit: 'flop',
    baseline: '1 three loops',
    sizes,
    results: [result('1 three loops', 1), result('2 more', 0.5), result('peak', 0.01 + n / 1e6)],
  });
  const report = reportOf([group(256), group(64), group(1, [1, 2, 3])]);

  test('shows a line for each kernel at square sizes, in order of size, and one peak', () => {
    expect(linesOf(report).lines).toEqual([
      { name: '1 three loops', points: [64, 256].map((n) => ({ n, gflops: 1 })) },
      { name: '2 more', points: [64, 256].map((n) => ({ n, gflops: 2 })) },
    ]);
    expect(linesOf(report).peak).toBeCloseTo(1 / 0.010064, 9);
  });

  test('is an SVG that names its lines and needs nothing around it', async () => {
    const svg = await matmulChart(report);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg".*<\/svg>\n$/s);
    for (const name of ['1 three loops', '2 more', 'peak']) expect(svg).toContain(`>${name}</text>`);
    expect(svg).not.toMatch(/NaN|undefined|href="http/);
    await expect(matmulChart(reportOf([]))).rejects.toThrow('no matmul at a square size');
  });

  test('labels that would overlap move apart and keep their order', () => {
    const moved = apart([5, 0, 5.1, 5], 1);
    expect(moved[1]).toBe(0);
    const sorted = [moved[0], moved[3], moved[2]];
    expect(sorted[1] - sorted[0]).toBeCloseTo(1, 6);
    expect(sorted[2] - sorted[1]).toBeCloseTo(1, 6);
  });
});
