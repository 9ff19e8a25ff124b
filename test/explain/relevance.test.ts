/** Relevance that is handed down by rules of ops: what is conserved, and that a shared ReLU is no other than one's own. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grad, manualSeed, nn, ones, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import {
  deconvolution, deepLift, gradCam, guidedBackprop, inputXGradient, lrp, shapley, type Model,
} from '../../src/explain/index.ts'; // prettier-ignore
import { keepingAll, walkBack, type Walk } from '../../src/engine.ts';
import { relu } from '../../src/ops/index.ts';

const double = { dtype: 'float64' } as const;
const law = (f: (seed: number) => void, numRuns = 20): void =>
  fc.assert(fc.property(fc.nat({ max: 1e6 }), f), { numRuns, seed: 5 });

/** Networks of 4 numbers, by name: each exercises other rules. `bias` 0 leaves biases out. */
const networks: Record<string, (bias: number) => Model> = {
  'a functional ReLU that is used three times': (bias) => {
    const [a, b, c] = [randn([4, 6], double), randn([6, 6], double), randn([6], double)];
    const act = (z: Tensor): Tensor => z.relu(); // one and the same
    return (x) => act(act(act(x.matmul(a).add(bias)).matmul(b).sub(bias))).matmul(c);
  },
  'linear layers with a residual': (bias) => {
    const layers = [0, 1].map(() => [randn([4, 4], double), randn([4], double).mul(bias)]);
    return (x) =>
      layers.reduce((h, [w, b]) => h.add(nn.functional.linear(h, w, b).tanh()), x).sum(1);
  },
  'a gate, where x is multiplied with a function of x': (bias) => {
    const [a, b] = [randn([4, 4], double), randn([4], double)];
    return (x) => x.matmul(a).add(bias).sigmoid().mul(x).matmul(b);
  },
  'a convolution with average pooling': (bias) => {
    const [k, b] = [randn([3, 1, 2, 2], double), randn([12], double)];
    return (x) => {
      const planes = nn.functional.conv2d(x.reshape([x.shape[0], 1, 2, 2]), k, null, { padding: 1 }).add(bias).relu();
      return nn.functional.avgPool2d(planes, 2, { stride: 1 }).reshape([x.shape[0], 12]).matmul(b);
    };
  },
  'curves one upon another, some of them ops of several inputs': () => {
    const a = randn([4, 4], double);
    return (x) => {
      const h = x.matmul(a);
      const cut = h.maximum(-0.2).clamp(-0.1, 2); // never 0, where LRP has nothing to hand 2⁰ = 1 on to
      return tensor(2, double).pow(cut).add(tensor(1, double).div(cut.exp())).add(nn.functional.hardswish(h)).sum(1);
    };
  },
  'attention-like products of x with x': () => {
    const [q, k] = [randn([2, 2], double), randn([2, 2], double)];
    return (x) => {
      const tokens = x.reshape([x.shape[0], 2, 2]);
      return tokens.matmul(q).matmul(tokens.matmul(k).mT).relu().sum([1, 2]);
    };
  },
  'the maximum of windows, then of planes': (bias) => {
    const [k, b] = [randn([3, 1, 2, 2], double), randn([3], double)];
    return (x) => {
      const planes = nn.functional.conv2d(x.reshape([x.shape[0], 1, 2, 2]), k, null, { padding: 1 }).add(bias);
      return nn.functional.maxPool2d(planes, 2, { stride: 1 }).amax([2, 3]).matmul(b);
    };
  },
  'functions that choose between two of one variable, leakyRelu and elu among them': () => {
    const [a, b] = [randn([4, 5], double), randn([5], double)];
    return (x) => {
      const h = nn.functional.leakyRelu(x.matmul(a), 0.2);
      return nn.functional.elu(h).add(nn.functional.selu(h.neg())).matmul(b);
    };
  },
}; // prettier-ignore

type Relevance = (f: Model, x: Tensor) => { readonly attributions: Tensor; readonly gap: Tensor };
/** In these something is chosen of two that both depend on x, or divided by what does: no law of LRP's. */
const mixed: Record<string, (bias: number) => Model> = {
  'the larger and the smaller of two': (bias) => {
    const [a, b, c] = [randn([4, 5], double), randn([4, 5], double), randn([5], double)];
    return (x) => x.matmul(a).add(bias).maximum(x.matmul(b)).minimum(x.sum(1, true).add(1)).matmul(c);
  },
  'a quotient': () => {
    const [a, b] = [randn([4, 5], double), randn([4, 5], double)];
    return (x) => x.matmul(a).div(x.matmul(b).square().add(1)).sum(1);
  },
};

const conserves = (explain: Relevance, make: (bias: number) => Model): void =>
  law((seed) => {
    manualSeed(seed);
    const [f, x] = [make(0), randn([3, 4], double)];
    const { attributions, gap } = explain(f, x);
    expect(attributions.sum(1)).toBeAllClose(f(x), { rtol: 1e-6, atol: 1e-7 });
    expect(gap).toBeAllClose([0, 0, 0], { atol: 1e-7 });
  });

describe.each(Object.entries(networks))('%s', (_, make) => {
  test.each([{}, { gamma: 0.3 }, { alpha: 1 }, { alpha: 2 }, { range: [-9, 9] as const }, { alpha: 2, range: [-9, 9] as const }])('LRP conserves with %o: relevance sums to f(x) where there are no biases', (options) =>
    conserves((f, x) => lrp(f, x, options), make)); // prettier-ignore

  test('DeepLIFT conserves: differences sum to f(x) − f(baseline), biases or not', () =>
    law((seed) => {
      manualSeed(seed);
      const [f, x, baseline] = [make(0.5), randn([3, 4], double), randn([4], double)];
      const { attributions, gap } = deepLift(f, x, { baseline });
      const difference = f(x).sub(f(baseline.expand([3, 4])));
      expect(attributions.sum(1)).toBeAllClose(difference, { rtol: 1e-7, atol: 1e-8 });
      expect(gap).toBeAllClose([0, 0, 0], { atol: 1e-8 });
    }));
});

test.each(Object.entries(mixed))('DeepLIFT conserves through %s', (_, make) =>
  law((seed) => {
    manualSeed(seed);
    const [f, x, baseline] = [make(0.5), randn([3, 4], double), randn([4], double)];
    const { attributions, gap } = deepLift(f, x, { baseline });
    expect(attributions.sum(1)).toBeAllClose(f(x).sub(f(baseline.expand([3, 4]))), { rtol: 1e-7, atol: 1e-8 });
    expect(gap).toBeAllClose([0, 0, 0], { atol: 1e-8 });
  }),
);

const { leakyRelu, elu, selu, celu, softplus, mish, silu, hardtanh, gelu } = nn.functional;
test.each([leakyRelu, elu, selu, celu, softplus, mish, silu, hardtanh, gelu])('DeepLIFT of %o, a function of one variable, is what it rose by', (g) =>
  law((seed) => {
    manualSeed(seed);
    const [x, baseline] = [randn([2, 6], double).mul(3), randn([6], double).mul(3)];
    const rise = g(x).sub(g(baseline));
    expect(deepLift((z) => g(z).sum(1), x, { baseline }).attributions).toBeAllClose(rise, { rtol: 1e-9, atol: 1e-10 });
  }, 5)); // prettier-ignore

test('what a maximum rose by goes to the place that has it, what it fell by to the place that had it', () => {
  const pooled: Model = (x) => nn.functional.maxPool1d(x.unsqueeze(1), 2).reshape([x.shape[0], -1]).sum(1);
  const [x, baseline] = [tensor([[1, 5, 1, 0]], double), tensor([3, 0, 3, 0], double)]; // 3 → 5 and 3 → 1
  for (const f of [pooled, (z: Tensor) => z.reshape([-1, 2, 2]).amax(2).sum(1)]) {
    const { attributions, gap } = deepLift(f, x, { baseline });
expect(attributions).toBeAllClose([[0, 2, -2, 0]]);
    expect(gap.item()).toBe(0);
  }
}); // prettier-ignore

test('LRP-αβ takes apart what cancels, and LRP-z^B gives to numbers that are 0', () => {
  const f: Model = (x) =>
    x
      .matmul(tensor([[3], [-2]], double))
      .relu()
      .sum(1); // 3 − 2 = 1
  const x = tensor([[1, 1]], double);
  expect(lrp(f, x, { alpha: 1 }).attributions).toBeAllClose([[1, 0]]);
  expect(lrp(f, x, { alpha: 2 }).attributions).toBeAllClose([[2, -1]]);
  const { attributions, gap } = lrp(f, tensor([[1, 0]], double), { range: [0, 1] });
  // shares 3·1 − 0 and −2·0 + 2·1 of 5, of the output 3
  expect(attributions).toBeAllClose([[9 / 5, 6 / 5]]);
  expect(gap.item()).toBeCloseTo(0, 12);
});

test.each<[string, () => unknown, RegExp]>([
  ['alpha below 1', () => lrp((x) => x.sum(1), zeros([1, 2]), { alpha: 0.5 }), /alpha must be 1 or more, without epsilon and gamma/],
  ['alpha with epsilon', () => lrp((x) => x.sum(1), zeros([1, 2]), { alpha: 2, epsilon: 0.1 }), /without epsilon and gamma, got alpha 2, epsilon 0.1/],
  ['numbers beyond the range', () => lrp((x) => x.sum(1), ones([1, 2]).mul(3), { range: [0, 1] }), /x must be within the range \[0, 1\], got \[3, 3\]/],
])('%s is refused', (_, wrong, message) => {
  expect(wrong).toThrow(message);
}); // prettier-ignore

test('LRP that takes a ReLU that is used again for its last use, as hooks of modules do, does not conserve', () => {
  const byRelu = (rule: () => Walk): Relevance => (f, x) => {
    const at = x.clone().requiresGrad_();
    const y = keepingAll(() => f(at));
    const attributions = walkBack(y, y.onesLike(), at, new Map([[relu, rule()]]))!.mul(x);
    return { attributions, gap: attributions.sum(1).sub(y) };
  }; // prettier-ignore
  const make = networks['a functional ReLU that is used three times'];
  const forgetful = (): Walk => {
    let last: Tensor | undefined; // what the ReLU was given when it was last used: the walk goes backwards
    return (c, _, [z]) => [c.mul((last ??= z as Tensor).gt(0))];
  };
  const right =
    (): Walk =>
    (c, _, [z]) => [c.mul((z as Tensor).gt(0))]; // y/z is 1 or 0
  conserves(byRelu(right), make);
  expect(() => conserves(byRelu(forgetful), make)).toThrow(/Property failed/);
});

test.each([1, 1e-6, 1e6])('relevance of %d times a function is as many times its relevance', (scale) => {
  manualSeed(6);
  const [w, x] = [randn([4, 3]), randn([2, 4])];
  const f: Model = (z) => z.matmul(w).relu().sum(1);
  for (const method of [lrp, deepLift]) {
    const { attributions } = method((z) => z.mul(scale).matmul(w).relu().sum(1), x);
    expect(attributions.div(scale)).toBeAllClose(method(f, x).attributions, { rtol: 1e-5 });
  }
});

test.each([1, 1e-2, 1e-4, 1e-5])('DeepLIFT in float32 is that of float64 where the baseline is %d away', (far) => {
  manualSeed(1);
  const [a, b] = [randn([8, 16]), randn([16])];
  const x = randn([4, 8]).mul(3);
  const baseline = x.add(randn([4, 8]).mul(far));
  const by = (dtype: 'float32' | 'float64'): Tensor =>
    deepLift((z) => z.matmul(a.to(dtype)).tanh().matmul(b.to(dtype)), x.to(dtype), { baseline: baseline.to(dtype) }).attributions.to('float64'); // prettier-ignore
  const exact = by('float64');
  const size = exact.abs().max().item();
  expect(by('float32')).toBeAllClose(exact, { rtol: 0, atol: size * Math.sqrt(2 ** -23) }); // what secant promises
});

test('LRP-0 of a ReLU network is gradient times input', () =>
  law((seed) => {
    manualSeed(seed);
    const f = networks['a functional ReLU that is used three times'](0);
    const x = randn([2, 4], double);
    expect(lrp(f, x).attributions).toBeAllClose(inputXGradient(f, x).attributions, { rtol: 1e-9, atol: 1e-10 });
  }));

test('the gap of LRP is what biases were given', () => {
  const { gap } = lrp((x) => nn.functional.linear(x, ones([1, 2], double), tensor([3], double)), tensor([[1, 2]], double)); // prettier-ignore
  expect(gap.item()).toBeCloseTo(-3, 12);
});

test('LRP-ε swallows relevance where outputs are near nothing', () => {
  const f: Model = (x) => x.matmul(tensor([[1], [-1]], double));
  const { gap } = lrp(f, tensor([[1.1, 1]], double), { epsilon: 0.1 });
  expect(gap.item()).toBeCloseTo(0.1 * 0.5 - 0.1, 10);
});

test('DeepLIFT of a product, of squares too, is its Shapley values', async () => {
  const f: Model = (x) => x.select(1, 0).mul(x.select(1, 1)).add(x.select(1, 2).square());
  const x = tensor([[2, -3, 4]], double);
  const { attributions } = deepLift(f, x, { baseline: tensor([1, 1, 1], double) });
  const fair = await shapley(f, x, { background: tensor([1, 1, 1], double) });
  expect(attributions).toBeAllClose(fair.attributions, { rtol: 1e-10 });
});

test('guided backpropagation and deconvolution of a shared ReLU are those of ReLUs of their own', () => {
  manualSeed(2);
  const [l1, l2, l3] = [new nn.Linear(4, 6), new nn.Linear(6, 6), new nn.Linear(6, 1)];
  const shared = new nn.ReLU();
  const own = new nn.Sequential(l1, new nn.ReLU(), l2, new nn.ReLU(), l3);
  const f: Model = (x) => l3(shared(l2(shared(l1(x)))));
  const x = randn([3, 4]);
  for (const method of [guidedBackprop, deconvolution]) {
    expect(method(f, x).attributions).toBeAllClose(method(own, x).attributions, { rtol: 1e-6 });
  }
  // by hand: only what is positive passes each ReLU
  const h1 = l1(x);
  const h2 = l2(h1.relu());
  const back = l3.weight.mul(h2.gt(0)).relu().matmul(l2.weight).mul(h1.gt(0)).relu().matmul(l1.weight); // prettier-ignore
  expect(guidedBackprop(f, x).attributions).toBeAllClose(back.detach(), { rtol: 1e-5 });
});

test('Grad-CAM of mean planes and linear classes is the class activation map', () => {
  manualSeed(3);
  const w = randn([3, 5], double);
  const planes = randn([2, 3, 4, 4], double);
  const head: Model = (a) => a.mean([2, 3]).matmul(w);
  const map = planes
    .mul(w.select(1, 2).reshape([1, 3, 1, 1]))
    .sum(1)
    .relu()
    .div(16);
  expect(gradCam((x) => x, head, planes, { target: 2 }).attributions).toBeAllClose(map, { rtol: 1e-10, atol: 1e-12 });
  const plus = gradCam((x) => x, head, planes.abs(), { target: 2, plusPlus: true }).attributions;
  expect(plus.shape).toEqual([2, 4, 4]);
  expect(plus.ge(0).all().item()).toBe(1);
});

test('an op without a rule keeps its gradient, and the gap tells what came of it', () => {
  const f: Model = (x) => x.softmax(1).select(1, 0);
  const { gap } = deepLift(f, tensor([[3, 0]], double));
  expect(Math.abs(gap.item())).toBeGreaterThan(0.01);
});

test('a graph that keeps all has the same gradient, and other rules are asked where they are wanted', () => {
  const x = randn([3], double).requiresGrad_();
  const w = randn([3], double).requiresGrad_();
  const y = keepingAll(() => x.mul(w).relu().sum());
  const asked: boolean[][] = [];
  const rules = new Map([[relu, (g: Tensor, _y: Tensor, _a: unknown, flows: readonly boolean[]) => (asked.push([...flows]), [g])]]); // prettier-ignore
  const [plain] = grad(y, [x], { retainGraph: true });
  expect(plain.toArray()).toEqual(w.mul(x.mul(w).gt(0)).toArray());
  expect(walkBack(y, tensor(1, double), x, rules)!.toArray()).toEqual(w.toArray());
  expect(asked).toEqual([[true]]);
});

test.each<[string, () => unknown, RegExp]>([
  ['a negative epsilon', () => lrp((x) => x.sum(1), zeros([1, 2]), { epsilon: -1 }), /epsilon and gamma must be 0 or more/],
  ['a batch that goes to another dim', () => deepLift((x) => x.t().relu().sum(0), zeros([2, 3])), /the batch must stay in the first dim/],
  ['a baseline of another shape', () => deepLift((x) => x.sum(1), zeros([2, 3]), { baseline: zeros([2]) }), /baseline must be a number/],
  ['features that are no planes', () => gradCam((x) => x, (x) => x.sum(1), zeros([2, 3])), /features must give planes \[N, K, h, w\], got \[2, 3\]/],
  ['a class that does not exist', () => guidedBackprop((x) => x, zeros([1, 2]), { target: 2 }), /target must be a class from 0 to 1/],
])('%s is refused', (_, wrong, message) => {
  expect(wrong).toThrow(message);
}); // prettier-ignore
