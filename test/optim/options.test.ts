/** Options that make no sense are refused, by name, when an optimizer is made. */
import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/array/errors.ts';
import { tensor } from '../../src/create.ts';
import { Adam, AdamW, GradientDescent, SGD } from '../../src/optim/index.ts';

describe('options out of range are refused', () => {
  const w = tensor([1], { requiresGrad: true });
  const all = { GradientDescent, SGD, Adam, AdamW };
  const ranges: [keyof typeof all, option: string, bad: readonly unknown[]][] = [
    ...(['GradientDescent', 'SGD', 'Adam', 'AdamW'] as const).map((name): [keyof typeof all, string, unknown[]] => [
      name,
      'lr',
      [-1e-3, NaN, Infinity, '0.1x'],
    ]),
    ['SGD', 'momentum', [-0.1, NaN, Infinity]],
    ['SGD', 'dampening', [-0.1, NaN]],
    ['SGD', 'weightDecay', [-1, NaN]],
    ...(['Adam', 'AdamW'] as const).flatMap((name): [keyof typeof all, string, unknown[]][] => [
      [name, 'betas', [[1, 0.9], [-0.1, 0.9], [0.9, 1], [0.9, -1], [NaN, 0.9], [0.9]]],
      [name, 'eps', [-1e-8, NaN]],
      [name, 'weightDecay', [-1, NaN]],
    ]),
  ];
  test.each(ranges.flatMap(([name, option, bad]) => bad.map((value) => ({ name, option, value }))))(
    '$name $option $value',
    ({ name, option, value }) => {
      const make = (options: object): unknown => new all[name]([w], options);
      expect(() => make({ [option]: value })).toThrow(ValueError);
      expect(() => make({ [option]: value })).toThrow(new RegExp(`^${name}: ${option}(\\[\\d\\])? must be .*, got `));
      const inGroup = { params: [w], [option]: value };
      expect(() => new all[name]([inGroup])).toThrow(ValueError);
    },
  );

  test('Nesterov needs a momentum and no dampening', () => {
    expect(() => new SGD([w], { nesterov: true })).toThrow('SGD: nesterov needs a momentum, and no dampening');
    expect(() => new SGD([w], { nesterov: true, momentum: 0.9, dampening: 0.1 })).toThrow(ValueError);
    expect(new SGD([w], { nesterov: true, momentum: 0.9 }).paramGroups[0].nesterov).toBe(true);
  });
});
