/** Planted engine mistakes: random programs must find each, and show it in a program of a few instructions. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkProgram, programs, type Program } from '../../src/testing/index.ts';
import { engine, MISTAKES, watched, type Mistake } from './engines.ts';

/** What random programs have to say of an engine. */
const report = (mistake?: Mistake): fc.RunDetails<[Program]> =>
  fc.check(
    fc.property(programs(), (program) =>
      // First order is enough to find the mistakes, and shows them as they are known; the right one passes both.
      watched(() => checkProgram(program, { grad: engine(mistake), ...(mistake && { second: false }) })),
    ),
    { numRuns: 150, seed: 1 },
  );

/** So many instructions are enough to show each mistake: shrinking has to come that far. */
const FEWEST: Readonly<Record<Mistake, number>> = {
  'waits for consumers outside the loss': 3, // x1 = f(x0); x2 = g(x1), unused; return h(x1)
  'overwrites a gradient in place of adding to it': 1, // x0·x0
  'takes the first slice of a broadcast gradient in place of the sum': 1, // scalar · vector
  'goes back as soon as the first gradient arrives': 2, // x1 = f(x0); return x1·x1
  'goes back again with the sum each time a gradient arrives': 2,
};

describe('an engine', () => {
  test('that is right passes the very checks that find the mistakes', () => {
    expect(report()).toMatchObject({ failed: false, numRuns: 150 });
  });

  test.each(MISTAKES)('that %s is caught, by a program of a few instructions', (mistake) => {
    const { failed, counterexample, errorInstance } = report(mistake);
    expect(failed).toBe(true);
    expect(String(errorInstance)).toMatch(
      /^GradcheckError: a random program: wrong gradient of output \[.*\] with respect to input/,
    );
    const [program] = counterexample!;
    expect(program.instructions.length).toBeLessThanOrEqual(FEWEST[mistake]);
    expect(() => checkProgram(program)).not.toThrow(); // with the right engine
  });
});
