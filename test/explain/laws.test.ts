/** The laws that explanations obey, on random small networks and functions. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Generator, noGrad, randn, tensor, type Tensor } from '../../src/index.ts';
import {
  expectedGradients, inputXGradient, integratedGradients, kernelShap, lime, limeGroups, owen, permutationShap, saliency,
  shapley, smoothGrad, varGrad, type Model,
} from '../../src/explain/index.ts'; // prettier-ignore
import { double, network } from './network.ts';

const row = (seed: number, n: number): Tensor => randn([1, n], { ...double, generator: new Generator(seed) });
const list = (x: Tensor): number[] => [...x.toTypedArray()];
const seeds = fc.nat({ max: 1e6 });
const law = (f: (seed: number) => Promise<void> | void, numRuns = 12): Promise<void> =>
  fc.assert(
    fc.asyncProperty(seeds, async (seed) => f(seed)),
    { numRuns, seed: 7 },
  );

/** A method as x ↦ attributions of a model with one output. */
type Explain = (f: Model, x: Tensor) => Promise<Tensor> | Tensor;

/** What a fair share of f(x) − f(0) obeys. */
const laws: Record<string, (explain: Explain) => Promise<void>> = {
  'is complete: attributions sum to f(x) − f(0)': (explain) =>
    law(async (seed) => {
      const [f, x] = [network(seed, 5), row(seed, 5)];
      const difference = f(x).sub(f(x.zerosLike())).item();
      expect((await explain(f, x)).sum().item()).toBeCloseTo(difference, 8);
    }),
  'gives nothing to a feature that the model does not read': (explain) =>
    law(async (seed) => {
      const inner = network(seed, 4);
      const attributions = list(await explain((x) => inner(x.narrow(1, 0, 4)), row(seed, 5)));
      expect(attributions[4]).toBeCloseTo(0, 9);
    }),
  'is linear in the model': (explain) =>
    law(async (seed) => {
      const [f, g, x] = [network(seed, 4), network(seed + 1, 4), row(seed, 4)];
      const sum = await explain((z) => f(z).mul(2).sub(g(z)), x);
      expect(sum).toBeAllClose((await explain(f, x)).mul(2).sub(await explain(g, x)), { rtol: 1e-7, atol: 1e-8 });
    }),
  'does not depend on how a function is written': (explain) =>
    law(async (seed) => {
      const x = row(seed, 3);
      const one = await explain((z) => z.square().sum(1).add(z.prod(1)), x);
      const two = await explain((z) => z.mul(z).matmul(tensor([1, 1, 1], double)).add(z.select(1, 0).mul(z.select(1, 2)).mul(z.select(1, 1))), x); // prettier-ignore
      expect(one).toBeAllClose(two, { rtol: 1e-7, atol: 1e-8 });
    }),
  'treats alike what is alike': (explain) =>
    law(async (seed) => {
      const inner = network(seed, 3);
      const f: Model = (x) => inner(x).add(inner(x.indexSelect(1, tensor([1, 0, 2]))));
      const even = row(seed, 3).clone();
      noGrad(() => even.narrow(1, 1, 1).copy_(even.narrow(1, 0, 1)));
      const [a, b] = list(await explain(f, even));
      expect(a).toBeCloseTo(b, 8);
    }),
};

const methods: Record<string, Explain> = {
  integratedGradients: (f, x) => integratedGradients(f, x).attributions,
  shapley: async (f, x) => (await shapley(f, x)).attributions,
  'kernelShap over all coalitions': async (f, x) => (await kernelShap(f, x)).attributions,
  permutationShap: async (f, x) => (await permutationShap(f, x, { generator: new Generator(1) })).attributions,
  owen: async (f, x) =>
    (await owen(f, x, { unions: Array.from({ length: x.shape[1] }, (_, i) => i % 2) })).attributions,
};
const uneven = ['permutationShap', 'owen']; // a few orders, and unions, favour some

describe.each(Object.entries(methods))('%s', (name, explain) => {
  const due = Object.entries(laws).filter(([title]) => !(title.startsWith('treats') && uneven.includes(name)));
  test.each(due)('%s', (_, holds) => holds(explain));
});

/** The coalitions of n players, as lists of 0 and 1. */
const coalitions = (n: number): number[][] =>
  Array.from({ length: 2 ** n }, (_, s) => Array.from({ length: n }, (_, i) => (s >> i) & 1));
const worth = (f: Model, x: Tensor, members: number[]): number => f(x.mul(tensor(members, double))).item();
const sizeOf = (members: number[]): number => members.reduce((a, b) => a + b, 0);
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** Σ over coalitions without i of share(its size)·(v with i − v). */
const shared = (share: (s: number, n: number) => number): Explain => (f, x) => {
  const n = x.shape[1];
  const due = (i: number): number =>
    coalitions(n)
      .filter((members) => members[i] === 0)
      .reduce((sum, without) => sum + share(sizeOf(without), n) * (worth(f, x, without.with(i, 1)) - worth(f, x, without)), 0);
  return tensor([Array.from({ length: n }, (_, i) => due(i))], double);
}; // prettier-ignore

/** Weighted least squares by Kernel SHAP's weights with a free intercept, the empty and the whole coalition weighing `ends`. */
const regressed = (ends: number): Explain => (f, x) => {
  const n = x.shape[1];
  const all = coalitions(n);
  const weight = (s: number): number =>
    s === 0 || s === n ? ends : ((n - 1) * factorial(s) * factorial(n - s)) / (factorial(n) * s * (n - s));
  const Z = tensor(all.map((members) => [...members, 1]), double);
  const weighed = Z.mul(tensor(all.map((members) => [weight(sizeOf(members))]), double)).t();
  return weighed.matmul(Z).solve(weighed.matmul(tensor(all.map((members) => worth(f, x, members)), double))).narrow(0, 0, n).unsqueeze(0);
}; // prettier-ignore

describe('a method', () => {
  const [complete, dummy, linear, , symmetry] = Object.keys(laws);
  test.each<[string, Explain, string]>([
    ['is integrated gradients without the factor x − b', (f, x) => integratedGradients(f, x).attributions.div(x), complete],
    ['has Shapley weights of one player too many', shared((s, n) => (factorial(s + 1) * factorial(n - 1 - s)) / factorial(n)), complete],
    ['is Kernel SHAP with the sum left free', regressed(1), complete],
    ['shares what is missing evenly', async (f, x) => {
      const { attributions, gap } = integratedGradients(f, x, { rule: 'left', steps: 2 });
      return attributions.sub(gap.item() / x.shape[1]);
    }, dummy],
    ['is the absolute value', (f, x) => integratedGradients(f, x).attributions.abs(), linear],
    ['walks one order only', async (f, x) => {
      const n = x.shape[1];
      const steps = Array.from({ length: n + 1 }, (_, s) => worth(f, x, Array.from({ length: n }, (_, i) => (i < s ? 1 : 0))));
      return tensor([steps.slice(1).map((v, s) => v - steps[s])], double);
    }, symmetry],
  ])('that %s breaks a law', async (_, wrong, title) => {
    await expect(laws[title](wrong)).rejects.toThrow(/Property failed/);
  }); // prettier-ignore

  test('that is written out without the mistake obeys it', async () => {
    await laws[complete](shared((s, n) => (factorial(s) * factorial(n - 1 - s)) / factorial(n)));
    const [f, x] = [network(1, 5), row(1, 5)];
    expect(await regressed(1e6)(f, x)).toBeAllClose(await methods.shapley(f, x), { atol: 1e-5 }); // heavy ends hold the sum
  });
});

describe('Shapley values', () => {
  test('by Kernel SHAP over all coalitions are the exact ones', () =>
    law(async (seed) => {
      const [f, x] = [network(seed, 6), row(seed, 6)];
      const background = randn([3, 6], { ...double, generator: new Generator(seed + 1) });
      const exact = await shapley(f, x, { background });
      expect((await kernelShap(f, x, { background })).attributions).toBeAllClose(exact.attributions, {
        rtol: 1e-6,
        atol: 1e-7,
      });
      expect(exact.expected.item()).toBeCloseTo(f(background).mean().item(), 9);
      expect(Math.abs(exact.gap.item())).toBeLessThan(1e-9);
    }));

  test('of one union, and of unions of one, are the exact ones', () =>
    law(async (seed) => {
      const [f, x] = [network(seed, 4), row(seed, 4)];
      const exact = (await shapley(f, x)).attributions;
      for (const unions of [[0, 0, 0, 0], [0, 1, 2, 3]]) {
        expect((await owen(f, x, { unions })).attributions).toBeAllClose(exact, { rtol: 1e-9, atol: 1e-10 });
      }
    })); // prettier-ignore

  test.each([
    ['permutationShap', permutationShap, [5, 80]],
    ['kernelShap', kernelShap, [60, 960]],
  ] as const)(
    'by %s come nearer as samples grow: 16 times as many, a quarter of the error',
    async (_, method, [few, many]) => {
      const [f, x] = [network(3, 12), row(3, 12)];
      const exact = (await shapley(f, x)).attributions;
      const error = async (samples: number): Promise<number> => {
        let sum = 0;
        for (let seed = 0; seed < 8; seed++) {
          const { attributions } = await method(f, x, { samples, generator: new Generator(seed) });
          sum += attributions.sub(exact).square().sum().item();
        }
        return Math.sqrt(sum);
      };
      const ratio = (await error(few)) / (await error(many));
      expect(ratio).toBeGreaterThan(2.4);
    },
  );

  test('of groups are those of the game of groups', async () => {
    const [f, x] = [network(5, 6), row(5, 6)];
    const mask = tensor([0, 0, 1, 1, 1, 2]);
    const { attributions } = await shapley(f, x, { featureMask: mask });
    const [a, , b, , , c] = list(attributions);
    expect(list(attributions)).toEqual([a, a, b, b, b, c]);
    expect(a + b + c).toBeCloseTo(f(x).sub(f(x.zerosLike())).item(), 9);
  });
});

describe('gradients', () => {
  test('of a linear function are its weights, with noise and without', () => {
    const w = tensor([2, -3, 0.5], double);
    const f: Model = (x) => x.matmul(w);
    const x = row(1, 3);
    expect(saliency(f, x, { abs: false }).attributions.flatten()).toBeAllClose(w);
    expect(saliency(f, x).attributions.flatten()).toBeAllClose(w.abs());
    expect(smoothGrad(f, x).attributions.flatten()).toBeAllClose(w);
    expect(varGrad(f, x).attributions).toBeAllClose([[0, 0, 0]], { atol: 1e-25 });
    expect(inputXGradient(f, x).attributions.flatten()).toBeAllClose(w.mul(x.flatten()));
  });

  test.each(['left', 'middle', 'right', 'trapezoid', 'gauss-legendre'] as const)(
    'integrated by the rule %s leave a gap that closes with steps',
    (rule) =>
      law((seed) => {
        const [f, x] = [network(seed, 4), row(seed, 4)];
        const gap = (steps: number): number => Math.abs(integratedGradients(f, x, { rule, steps }).gap.item());
        expect(gap(256)).toBeLessThan(0.1 * Math.abs(x.abs().sum().item()) + 1e-9);
        expect(gap(256)).toBeLessThanOrEqual(gap(8) + 1e-9);
      }, 6),
  );

  test('integrated in parts are those integrated at once', () => {
    const [f, x] = [network(2, 4), randn([3, 4], double)];
    const whole = integratedGradients(f, x, { steps: 11 });
    expect(integratedGradients(f, x, { steps: 11, batchSize: 7 }).attributions).toBeAllClose(whole.attributions, {
      rtol: 1e-12,
    });
  });

  test('expected over a background of one row are integrated gradients, within the error of sampling', () => {
    const [f, x] = [network(4, 3), row(4, 3)];
    const background = randn([1, 3], double);
    const { attributions, gap } = expectedGradients(f, x, { background, samples: 20_000, generator: new Generator(1) });
    expect(attributions).toBeAllClose(integratedGradients(f, x, { baseline: background }).attributions, { atol: 0.03 });
    expect(Math.abs(gap.item())).toBeLessThan(0.03);
  });
});

describe('LIME', () => {
  test('of a linear function gives its weights back, all explained', () =>
    law(async (seed) => {
      const w = randn([5], { ...double, generator: new Generator(seed) });
      const { attributions, intercept, rSquared } = await lime((x) => x.matmul(w).add(3), row(seed + 1, 5), {
        samples: 200,
      });
      expect(attributions.flatten()).toBeAllClose(w, { atol: 1e-4 });
      expect(intercept.item()).toBeCloseTo(3, 3);
      expect(rSquared.item()).toBeCloseTo(1, 6);
    }));

  test('of what is there gives each group its sum, where the function is linear', async () => {
    const w = tensor([1, 2, 3, 4], double);
    const x = tensor([[1, 1, 1, 1]], double);
    const { attributions } = await limeGroups((z) => z.matmul(w), x, {
      featureMask: tensor([0, 0, 1, 2]),
      samples: 300,
    });
    expect(attributions).toBeAllClose([[3, 3, 3, 4]], { atol: 1e-3 });
  });
});

test('targets may differ from row to row', () => {
  const w = randn([4, 3], double);
  const x = randn([2, 4], double);
  const { attributions } = saliency((z) => z.matmul(w), x, { target: [2, 0], abs: false });
  expect(attributions).toBeAllClose([list(w.select(1, 2)), list(w.select(1, 0))]);
});
