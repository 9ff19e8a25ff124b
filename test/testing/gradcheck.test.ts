/** gradcheck and gradgradcheck: what they pass, what they catch, and what their messages say. */
import { describe, expect, test } from 'vitest';
import { concat, tensor, zeros, type Tensor } from '../../src/index.ts';
import { gradcheck, GradcheckError, gradgradcheck } from '../../src/testing/gradcheck.ts';

const leaf = (values: number | number[] | number[][]): Tensor =>
  tensor(values, { dtype: 'float64', requiresGrad: true });
/** The same numbers as x without its history: what is multiplied by it has half a gradient. */
const half = (x: Tensor): Tensor => x.mul(x.detach());

const messageOf = (f: () => void): string => {
  try {
    f();
  } catch (error) {
    return String(error);
  }
  throw new Error('nothing was thrown');
};

describe('gradcheck', () => {
  test('passes right functions: of several inputs, with several outputs, of constants, of views', () => {
    const [a, b] = [leaf([[0.5, -1], [2, 0.25]]), leaf([0.1, 0.2])]; // prettier-ignore
    gradcheck((a, b) => a.matmul(b).sigmoid(), [a, b]);
    gradcheck((a, b) => [a.exp(), b.sin().mul(a)], [a, b]);
    gradcheck((a, c) => a.mul(c), [a, tensor([3, 4], { dtype: 'float64' })]);
    gradcheck((a) => a.square(), [a.detach().t().index('::-1').requiresGrad_()]);
  });

  test('passes empty and 0-d inputs', () => {
    gradcheck((x) => x.exp(), [leaf(0.5)]);
    gradcheck((x) => x.exp(), [zeros([2, 0, 3], { dtype: 'float64', requiresGrad: true })]);
  });

  test('passes a function that does not depend on an input', () => {
    gradcheck((_a, b) => b.sin(), [leaf([1, 2]), leaf(3)]);
    gradcheck((a) => a.zerosLike(), [leaf([1, 2])]);
  });

  test('says which input is wrong and where, what was got and what was expected', () => {
    const square = (x: Tensor, y: Tensor): Tensor => concat([half(y), x]);
    const message = messageOf(() => gradcheck(square, [leaf([1]), leaf([0, 3])]));
    const [first, got, expected, count, values] = message.split('\n');
    expect(first).toBe(
      'GradcheckError: square: wrong gradient of output [1] with respect to input 1, of shape [2], at [1]',
    );
    expect(Number(/got +(\S+)$/.exec(got)![1]) * 2).toBeCloseTo(Number(/expected (\S+) \(by fin/.exec(expected)![1]));
    expect(count).toBe('  1 of 2 elements are wrong, this one most; the input is');
    expect(values).toBe('  Tensor[2] float64 [0, 3]');
  });

  test('takes the name that it is given, and says when no gradient came at all', () => {
    const message = messageOf(() => gradcheck((x) => x.detach().square(), [leaf([1, 2])], { name: 'cut' }));
    expect(message).toMatch(
      /^GradcheckError: cut: wrong gradient .* at \[1\]\n {2}got +0 \(none flowed\)\n {2}expected/,
    );
  });

  test('does not pass NaN', () => {
    expect(() => gradcheck((x) => x.log(), [leaf([-1])])).toThrow(GradcheckError);
  });

  test('sees outputs that cancel in their sum', () => {
    expect(() => gradcheck((x) => [half(x), half(x).neg()], [leaf([1, 2])])).toThrow(GradcheckError);
  });

  test('leaves the inputs as they were, without a gradient', () => {
    const x = leaf([0.1, 0.2]);
    gradcheck((x) => x.exp(), [x]);
    expect(x.toArray()).toEqual([0.1, 0.2]);
    expect(x.grad).toBeNull();
  });

  test('refuses what it cannot check', () => {
    const f = (x: Tensor): Tensor => x.exp();
    expect(() => gradcheck(f, [tensor([1], { requiresGrad: true })])).toThrow('inputs must be float64');
    expect(() => gradcheck(f, [tensor([1], { dtype: 'float64' })])).toThrow(
      'at least one input must have requiresGrad',
    );
    expect(() => gradcheck(f, [leaf([1]).mul(2)])).toThrow('inputs must be leaves');
    expect(() => gradcheck(f, [leaf(1).detach().expand([2]).requiresGrad_()])).toThrow('must not share memory');
    let calls = 0;
    expect(() => gradcheck((x) => x.mul(++calls), [leaf([1])])).toThrow('the same result each time');
  });
});

describe('gradgradcheck', () => {
  test('passes right functions, also linear ones and those that need no gradient', () => {
    gradgradcheck((a, b) => a.matmul(b).tanh(), [leaf([[0.5, -1]]), leaf([0.1, 0.2])]);
    gradgradcheck((a) => a.mul(3), [leaf([1, 2])]);
    gradgradcheck((a) => a.zerosLike(), [leaf([1, 2])]);
  });

  test('names the function and the order', () => {
    const f = (x: Tensor): Tensor => half(half(x));
    expect(() => gradgradcheck(f, [leaf([1, 2])])).toThrow(
      /^f, second order: wrong gradient of output .* with respect to input/,
    );
  });
});
