/** The harness: what is wrong is reported and never timed, what throws is told, and numbers mean what they say. */
import { describe, expect, test } from 'vitest';
import { measure, type Contestant, type Group, type Result } from '../../bench/harness.ts';
import { showGroup } from '../../bench/report.ts';
import { median, quantile, spread, timesAsFast } from '../../bench/statistics.ts';

const quick = { rounds: 3, seconds: 0.0005 };

/** A contestant that counts its runs. */
function counting(name: string, more: Partial<Contestant> = {}): Contestant & { runs: number } {
  const contestant = { name, work: 1, verify: () => null, runs: 0, run: () => ++contestant.runs };
  return Object.assign(contestant, more);
}

const group = (...contestants: Contestant[]): Group => ({
  kind: 'test',
  name: 'test',
  unit: 'step',
  baseline: contestants[0].name,
  contestants,
});

async function results(contestants: Contestant[], settings = quick): Promise<Record<string, Result>> {
  const { results } = await measure(group(...contestants), settings);
  return Object.fromEntries(results.map((r) => [r.name, r]));
}

describe('measure', () => {
  test('gives one sample a round, and ratios to the baseline', async () => {
    const waits = (ms: number) => (): number => {
      const end = performance.now() + ms;
      while (performance.now() < end);
      return ms;
    };
    const r = await results([counting('slow', { run: waits(2) }), counting('fast', { run: waits(0.2) })]);
    expect(r['fast'].samples).toHaveLength(3);
    expect(r['slow'].ratio?.median).toBe(1);
    expect(r['fast'].ratio?.median).toBeGreaterThan(2);
    expect(r['fast'].best).toBeLessThanOrEqual(r['fast'].median);
    expect(r['slow'].best).toBeGreaterThanOrEqual(0.002);
  });

  test('counts work: as long for twice the work is twice as fast', async () => {
    const sample = (): Promise<number> => Promise.resolve(0.5);
    const verify = (): null => null;
    const r = await results([
      { name: 'one', work: 1, verify, sample },
      { name: 'two', work: 2, verify, sample },
    ]);
    expect(r['two'].ratio).toEqual({ median: 2, spread: 0 });
  });

  test('does not time what fails its verification, and tells why', async () => {
    const wrong = counting('wrong', { verify: () => '2 is not 3' });
    const r = await results([counting('right'), wrong]);
    expect(r['wrong']).toMatchObject({ fault: '2 is not 3', samples: [], ratio: null });
    expect(wrong.runs).toBe(0);
    expect(r['right'].samples).toHaveLength(3);
  });

  test('has no ratios when the baseline is wrong', async () => {
    const r = await results([counting('base', { verify: () => 'wrong' }), counting('other')]);
    expect(r['other'].samples).toHaveLength(3);
    expect(r['other'].ratio).toBeNull();
  });

  test.each([1, 2, 100])('tells that a case throws at its run %i', async (at) => {
    const throwing = counting('throwing', {
      run: () => {
        if (++throwing.runs >= at) throw new Error('out of numbers');
      },
    });
    const r = await results([counting('right'), throwing]);
    expect(r['throwing']).toMatchObject({ fault: 'threw: out of numbers', samples: [] });
    expect(r['right'].samples).toHaveLength(3);
  });

  test('tells that a verification or another process fails', async () => {
    const verify = (): never => {
      throw new Error('no reference');
    };
    const sample = (): Promise<number> => Promise.reject(new Error('the pipe broke'));
    const r = await results([
      counting('right'),
      counting('unverifiable', { verify }),
      { name: 'remote', work: 1, verify: () => null, sample },
    ]);
    expect(r['unverifiable'].fault).toBe('threw: no reference');
    expect(r['remote'].fault).toBe('threw: the pipe broke');
  });

  test('verifies all before it runs any, and then gives each a turn a round, another one first', async () => {
    const log: string[] = [];
    const logging = (name: string): Contestant => ({
      name,
      work: 1,
      verify() {
        log.push(`verify ${name}`);
        return null;
      },
      sample() {
        log.push(name);
        return Promise.resolve(1);
      },
    });
    await measure(group(logging('a'), logging('b')), { rounds: 2, seconds: 0 });
    expect(log).toEqual(['verify a', 'verify b', 'a', 'b', 'a', 'b', 'b', 'a']);
  });

  test('with smoke verifies and runs each once', async () => {
    const [right, wrong] = [counting('right'), counting('wrong', { verify: () => 'wrong' })];
    const { results } = await measure(group(right, wrong), { ...quick, smoke: true });
    expect([right.runs, wrong.runs]).toEqual([1, 0]);
    expect(results.map(({ samples }) => samples.length)).toEqual([0, 0]);
  });

  test('refuses a baseline that does not take part', async () => {
    await expect(measure({ ...group(counting('a')), baseline: 'b' }, quick)).rejects.toThrow(
      "no contestant is called 'b'",
    );
  });
});

test('a table shows what was timed, and below it what was wrong', async () => {
  const sample = (): Promise<number> => Promise.resolve(0.002);
  const verify = (): null => null;
  const result = await measure(
    group({ name: 'base', work: 1, verify, sample }, counting('wrong', { verify: () => '2 is not 3' })),
    quick,
  );
  expect(showGroup(result)).toBe(
    [
      'test    median a step     best  spread  × base',
      '  base        2.00 ms  2.00 ms     0 %   1.00×',
      '  ✗ wrong: 2 is not 3',
    ].join('\n'),
  );
});

describe('statistics', () => {
  test('quantiles lie between neighbours, whatever the order', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([5, 1, 3, 2, 4], 0.25)).toBe(2);
    expect([quantile([7], 0.75), quantile([], 0.5)]).toEqual([7, NaN]);
  });

  test('spread is the interquartile range over the median, so one outlier does not count', () => {
    expect(spread([1, 2, 3, 4, 5])).toBeCloseTo(2 / 3, 12);
    expect(spread([1, 1, 1, 1, 100])).toBe(0);
  });

  test('a ratio is formed within rounds: a machine that becomes slower does not spread it', () => {
    expect(timesAsFast([1, 2, 4], [3, 6, 12])).toEqual({ median: 3, spread: 0 });
  });
});
