/** Adversarial examples stay within their ball and do what they are for; counterfactuals are the nearest. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Generator, manualSeed, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import { counterfactual, fgsm, pgd, type Model } from '../../src/explain/index.ts';

const double = { dtype: 'float64' } as const;
function network(seed: number): Model {
  manualSeed(seed);
  const [a, b] = [randn([4, 7], double), randn([7, 3], double)];
  return (x) => x.matmul(a).tanh().matmul(b).logSoftmax(1);
}
const rows = (seed: number): Tensor => randn([3, 4], { ...double, generator: new Generator(seed) });
const lengths = (d: Tensor): number => d.square().sum(1).sqrt().max().item();
const seeds = fc.nat({ max: 1e6 });

describe.each(['fgsm', 'pgd', 'pgd, norm 2', 'pgd from a random place'])('%s', (name) => {
  const attack = (f: Model, x: Tensor, seed: number, more: object = {}): ReturnType<typeof fgsm> =>
    name === 'fgsm'
      ? fgsm(f, x, { epsilon: 0.1, target: 1, ...more })
      : pgd(f, x, {
          epsilon: 0.1, target: 1, norm: name.endsWith('2') ? 2 : 'inf', randomStart: name.endsWith('place'),
          generator: new Generator(seed), ...more,
        }); // prettier-ignore

  test('stays within epsilon of x, and within the range', () =>
    fc.assert(
      fc.property(seeds, (seed) => {
        const x = rows(seed).clamp(-1, 1);
        const { adversarial } = attack(network(seed), x, seed, { range: [-1, 1] });
        const d = adversarial.sub(x);
        const far = name.endsWith('2') ? lengths(d) : d.abs().max().item();
        expect(far).toBeLessThanOrEqual(0.1 + 1e-9);
        expect(adversarial.abs().max().item()).toBeLessThanOrEqual(1);
      }),
      { numRuns: 20, seed: 1 },
    ));

  test('moves nothing where epsilon is 0', () => {
    expect(attack(network(1), rows(1), 1, { epsilon: 0 }).adversarial).toBeAllClose(rows(1), { atol: 0 });
  });

  test('lowers the target, or raises it', () => {
    const [f, x] = [network(3), rows(3)];
    const down = attack(f, x, 1);
    expect(down.after.lt(down.before).all().item()).toBe(1);
    const up = attack(f, x, 1, { towards: true });
    expect(up.after.gt(up.before).all().item()).toBe(1);
  });
});

test('on a linear function both end in the corner of the ball, and with norm 2 where the gradient points', () => {
  const w = tensor([3, -4], double);
  const f: Model = (x) => x.matmul(w);
  const x = zeros([1, 2], double);
  expect(fgsm(f, x, { epsilon: 1 }).adversarial).toBeAllClose([[-1, 1]]);
  expect(pgd(f, x, { epsilon: 1 }).adversarial).toBeAllClose([[-1, 1]]);
  expect(pgd(f, x, { epsilon: 1, norm: 2, towards: true }).adversarial).toBeAllClose([[0.6, -0.8]]);
});

test('PGD does at least as much as one step does', () => {
  const [f, x] = [network(5), rows(5)];
  const options = { epsilon: 0.5, target: 0 };
  expect(pgd(f, x, options).after.sum().item()).toBeLessThanOrEqual(fgsm(f, x, options).after.sum().item() + 1e-9);
});

test('a counterfactual of a circle is the point of it that is nearest', () => {
  const f: Model = (x) => x.square().sum(1);
  const { counterfactual: at, gap, distance } = counterfactual(f, tensor([[3, 4], [0.3, 0]], double), { goal: 4 }); // prettier-ignore
  expect(at).toBeAllClose([[1.2, 1.6], [2, 0]], { atol: 1e-6 }); // prettier-ignore
  expect(gap).toBeAllClose([0, 0], { atol: 1e-6 });
  expect(distance).toBeAllClose([3, 1.7], { atol: 1e-6 });
});

test('a counterfactual of a network reaches its goal, and leaves alone what must stay', () => {
  const [f, x] = [network(7), rows(7)];
  const log = (z: Tensor): Tensor => f(z).select(1, 1).sub(f(z).select(1, 0)); // 0 where both classes are as likely
  const { counterfactual: at, gap } = counterfactual(log, x, { goal: 0, scale: tensor([1, 1, 0, 2], double) });
  expect(gap).toBeAllClose([0, 0, 0], { atol: 1e-5 });
  expect(at.select(1, 2)).toBeAllClose(x.select(1, 2), { atol: 0 });
});

test('a goal that cannot be reached leaves its gap', () => {
  const { gap } = counterfactual((x) => x.sigmoid().sum(1), tensor([[0]], double), { goal: 2, steps: 20 });
  expect(gap.item()).toBeLessThan(-0.9);
});

test.each<[string, () => unknown, RegExp]>([
  ['a negative epsilon', () => fgsm(network(1), rows(1), { epsilon: -1, target: 0 }), /epsilon must be 0 or more/],
  ['a range the wrong way round', () => pgd(network(1), rows(1), { epsilon: 1, target: 0, range: [1, 0] }), /range must be/],
  ['no steps', () => pgd(network(1), rows(1), { epsilon: 1, target: 0, steps: 0 }), /steps must be a whole number/],
  ['a goal that is no number', () => counterfactual(network(1), rows(1), { goal: NaN, target: 0 }), /goal must be a finite number/],
  ['a scale for other columns', () => counterfactual(network(1), rows(1), { goal: 1, target: 0, scale: zeros([3]) }), /scale must be a number or of shape \[4\]/],
])('%s is refused', (_, wrong, message) => {
  expect(wrong).toThrow(message);
}); // prettier-ignore
