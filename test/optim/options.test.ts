/** Options that make no sense are refused, by name, when an optimizer is made. */
import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/array/errors.ts';
import { tensor } from '../../src/create.ts';
import * as optim from '../../src/optim/index.ts';
import { SGD } from '../../src/optim/index.ts';

describe('options out of range are refused', () => {
  const w = tensor([1], { requiresGrad: true });
  const { GradientDescent, Adam, AdamW, Adamax, NAdam, RAdam, RMSprop, Adagrad, Adadelta, Rprop, Lion, Muon } = optim;
  const decayed = { Adam, AdamW, Adamax, NAdam, RAdam, Lion };
  const all = { GradientDescent, SGD, ...decayed, RMSprop, Adagrad, Adadelta, Rprop, Muon };
  const names = Object.keys(all) as (keyof typeof all)[];
  const negative = [-0.1, NaN, Infinity];
  const ranges: [keyof typeof all, option: string, bad: readonly unknown[]][] = [
    ...names.map((name): [keyof typeof all, string, unknown[]] => [name, 'lr', [-1e-3, NaN, Infinity, '0.1x']]),
    ['SGD', 'momentum', negative],
    ['SGD', 'dampening', [-0.1, NaN]],
    ['SGD', 'weightDecay', [-1, NaN]],
    ...(Object.keys(decayed) as (keyof typeof decayed)[]).flatMap((name): typeof ranges => [
      [name, 'betas', [[1, 0.9], [-0.1, 0.9], [0.9, 1], [0.9, -1], [NaN, 0.9], [0.9]]],
      ...(name === 'Lion' ? [] : ([[name, 'eps', [-1e-8, NaN]]] as typeof ranges)),
      [name, 'weightDecay', [-1, NaN]],
    ]),
    ['NAdam', 'momentumDecay', negative],
    ...['alpha', 'eps', 'weightDecay', 'momentum'].map((option): (typeof ranges)[0] => ['RMSprop', option, negative]),
    ...['lrDecay', 'eps', 'weightDecay', 'initialAccumulatorValue'].map((option): (typeof ranges)[0] => [
      'Adagrad',
      option,
      negative,
    ]),
    ['Adadelta', 'rho', [-0.1, 1, NaN]],
    ['Adadelta', 'eps', negative],
    ['Adadelta', 'weightDecay', negative],
    [
      'Rprop',
      'etas',
      [
        [0, 1.2],
        [1, 1.2],
        [0.5, 1],
        [0.5, NaN],
      ],
    ],
    [
      'Rprop',
      'stepSizes',
      [
        [-1, 1],
        [0.1, Infinity],
      ],
    ],
    ['Muon', 'momentum', [-0.1, 1, NaN]],
    ['Muon', 'weightDecay', negative],
    ['Muon', 'nsSteps', [-1, 1.5, NaN]],
    ['Muon', 'eps', negative],
    ['Muon', 'adjustLrFn', ['none']],
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

  test.each(Object.entries({ ...all, LBFGS: optim.LBFGS }))(
    '%s takes an object of known options',
    (name, Optimizer) => {
      const make = (options: unknown): unknown => new Optimizer([w], options as object);
      for (const bad of [0.1, null, [0.1], 'lr']) {
        expect(() => make(bad)).toThrow(`${name}: options must be an object, as in { lr: 0.1 }, got ${String(bad)}`);
      }
      expect(() => make({ weight_decay: 0.1 })).toThrow(
        new RegExp(`^${name}: options must be among lr, .*, got weight_`),
      );
    },
  );

  test('an option that is undefined is left out', () => {
    expect(new SGD([w], { lr: undefined } as object).paramGroups[0].lr).toBe(1e-3);
  });

  test('Muon takes matrices only', () => {
    expect(() => new Muon([w])).toThrow(
      'Muon: parameters must be matrices, of two dims, got [1]; give biases, embeddings and the rest to AdamW',
    );
  });

  test('Nesterov needs a momentum and no dampening', () => {
    expect(() => new SGD([w], { nesterov: true })).toThrow('SGD: nesterov needs a momentum, and no dampening');
    expect(() => new SGD([w], { nesterov: true, momentum: 0.9, dampening: 0.1 })).toThrow(ValueError);
    expect(new SGD([w], { nesterov: true, momentum: 0.9 }).paramGroups[0].nesterov).toBe(true);
  });
});
