/**
 * Before every test file: the matcher `toBeAllClose`. Before every test: the state that modules keep, as at the start.
 */
import { beforeEach, expect } from 'vitest';
import { manualSeed } from '../src/array/random.ts';
import { compare, type Numbers, type Tolerance } from './allclose.ts';

beforeEach(() => {
  manualSeed(0);
});

expect.extend({
  toBeAllClose(received: Numbers, expected: Numbers, tolerance: Tolerance = {}) {
    const fault = compare(received, expected, tolerance);
    return {
      pass: fault === null,
      message: () => fault ?? 'expected values that differ by more than the tolerance, got values that are all close',
    };
  },
});

declare module 'vitest' {
  interface Matchers<T> {
    /**
     * |got − expected| ≤ atol + rtol·|expected| at every position, and the same shape. NaN equals NaN, an infinity
     * itself, −0 equals 0. Takes numbers, nested arrays, typed arrays and whatever has `toArray()`.
     */
    toBeAllClose: (expected: Numbers, tolerance?: Tolerance) => void;
  }
}
