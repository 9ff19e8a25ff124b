/** The matcher `toBeAllClose` itself: what it lets pass, and that it names the worst position. */
import { expect, test } from 'vitest';
import { compare } from './allclose.ts';

test('numbers, nested arrays, typed arrays and what has toArray() can be compared with one another', () => {
  expect(1 + 1e-9).toBeAllClose(1);
  expect([[1, 2]]).toBeAllClose([new Float32Array([1, 2])]);
  expect({ toArray: () => [[0.1], [0.2]] }).toBeAllClose([[0.1], [0.2 + 1e-8]]);
  expect([]).toBeAllClose(new Float64Array(0));
  expect([1]).not.toBeAllClose([1.1]);
});

test('NaN equals NaN, an infinity equals itself, and zero equals minus zero', () => {
  expect([NaN, Infinity, -Infinity, 0]).toBeAllClose([NaN, Infinity, -Infinity, -0]);
  expect(compare([NaN], [0])).toContain('expected 0, got NaN');
  expect(compare([0], [NaN])).toContain('expected NaN, got 0');
  expect(compare([Infinity], [-Infinity])).toContain('expected -Infinity, got Infinity');
  expect(compare([1], [Infinity], { rtol: 1 })).toContain('expected Infinity, got 1');
});

test('the message gives the worst position, what was expected and what was got', () => {
  const got = [
    [1, 2, 3],
    [4, 9, 6.5],
  ];
  expect(
    compare(got, [
      [1, 2, 3],
      [4, 5, 6],
    ]),
  ).toBe('2 of 6 values differ, the worst at [1, 1]: expected 5, got 9, difference 4.00 (rtol 0.00001, atol 0.000001)');
});

test('shapes must agree', () => {
  expect(compare([1, 2, 3], [[1, 2, 3]])).toBe('expected shape [1, 3], got [3]');
  expect(() => compare([[1], [1, 2]], [[1], [1]])).toThrow('rows must have one shape');
});
