/** LBFGS against PyTorch's iterates, in float64; its state; what it refuses. */
import { describe, expect, test } from 'vitest';
import { tensor } from '../../src/create.ts';
import { LBFGS } from '../../src/optim/index.ts';
import { strongWolfe, type Point } from '../../src/optim/lineSearch.ts';
import type { Tensor } from '../../src/tensor.ts';
import { read } from '../files.ts';

type Name = 'rosenbrock' | 'hills';
type Options = ConstructorParameters<typeof LBFGS>[1];

interface Case {
  readonly name: Name;
  readonly options: Options;
  readonly steps: readonly { calls: number; loss: number; w: number[]; b: number[] }[];
}

const { start, cases } = JSON.parse(read('test/fixtures/lbfgs.json')) as {
  start: Record<Name, [number[], number[]]>;
  cases: readonly Case[];
};

/** As in lbfgs.py. */
const losses: Record<Name, (w: Tensor, b: Tensor) => Tensor> = {
  rosenbrock: (w, b) => b.sub(w.square()).square().mul(100).add(w.neg().add(1).square()).sum(),
  hills: (w, b) => w.square().sub(1).square().sum().mul(0.25).add(w.mul(b).sin().sum()).add(b.square().sum().mul(0.1)),
};

/** Parameters at a start, an optimizer, and its closure, which counts its calls. */
function begin(name: Name, options: Options, at: readonly (readonly number[])[] = start[name]) {
  const [w, b] = at.map((x) => tensor(x, { dtype: 'float64', requiresGrad: true }));
  const optimizer = new LBFGS([w, b], options);
  const run = { w, b, optimizer, calls: 0, closure };
  function closure(): Tensor {
    run.calls++;
    optimizer.zeroGrad();
    const loss = losses[name](w, b);
    loss.backward();
    return loss;
  }
  return run;
}

describe('the iterates, losses and calls of the closure are those of PyTorch', () => {
  test.each(cases.map((each) => ({ title: `${each.name} ${JSON.stringify(each.options)}`, each })))(
    '$title',
    ({ each: { name, options, steps } }) => {
      const run = begin(name, options);
      const tolerance = { rtol: 1e-9, atol: 1e-11 }; // each step multiplies roundings by the condition of the valley
      for (const { calls, loss, w, b } of steps) {
        expect(run.optimizer.step(run.closure).item()).toBeAllClose(loss, tolerance);
        expect(run.w).toBeAllClose(w, tolerance);
        expect(run.b).toBeAllClose(b, tolerance);
        expect(run.calls).toBe(calls);
      }
    },
  );
});

describe('the state', () => {
  const options = { lineSearchFn: 'strongWolfe', maxIter: 2, historySize: 3 } as const;

  test.each([0, 1, 4])('goes on bit for bit after %i steps', (steps) => {
    const run = begin('rosenbrock', options);
    for (let i = 0; i < steps; i++) run.optimizer.step(run.closure);
    const saved = run.optimizer.stateDict();
    const next = begin(
      'rosenbrock',
      {},
      [run.w, run.b].map((p) => [...p.toTypedArray()]),
    );
    next.optimizer.loadStateDict(saved);
    for (const { optimizer, closure } of [run, next, run, next]) optimizer.step(closure);
    expect(next.w.toArray()).toEqual(run.w.toArray());
    expect(next.optimizer.stateDict()).toEqual(run.optimizer.stateDict());
    if (steps === 4) expect((saved.state[0]['oldDirs'] as Tensor).shape).toEqual([3, 2]);
  });

  test('of another optimizer or another model is refused, and nothing is changed', () => {
    const { optimizer, closure } = begin('rosenbrock', options);
    optimizer.step(closure);
    const saved = optimizer.stateDict();
    const { d: _, ...rest } = saved.state[0];
    expect(() => optimizer.loadStateDict({ ...saved, state: { 0: rest } })).toThrow(
      'loadStateDict: d must be a tensor with rows of 2 numbers, got none',
    );
    const { hDiag: __, ...other } = saved.state[0];
    expect(() => optimizer.loadStateDict({ ...saved, state: { 0: other } })).toThrow('no number hDiag');
    expect(() => begin('hills', options).optimizer.loadStateDict(saved)).toThrow('rows of 6 numbers, got [2]');
    expect(optimizer.stateDict()).toEqual(saved);
  });
});

describe('what cannot be is refused', () => {
  const w = tensor([1], { requiresGrad: true });
  test('a step without a closure, several groups, uphill', () => {
    expect(() => new LBFGS([w]).step()).toThrow('LBFGS.step: a closure must compute loss and gradients, got none');
    const other = tensor([1], { requiresGrad: true });
    expect(() => new LBFGS([{ params: [w] }, { params: [other] }])).toThrow('LBFGS: there must be one group');
    expect(() => new LBFGS([{ params: [w], maximize: true }])).toThrow('LBFGS: it only goes downhill');
    expect(() => new LBFGS([w], { maximize: true })).toThrow('LBFGS: it only goes downhill');
  });
  test.each([{ maxIter: 0 }, { historySize: 0 }, { lr: -1 }, { toleranceGrad: NaN }, { lineSearchFn: 'armijo' }])(
    '%o',
    (options) => {
      expect(() => new LBFGS([w], options as Options)).toThrow(/^LBFGS: (\w+) must be .*, got /);
    },
  );
});

test('the line search ends at a point of enough decrease and small slope, from any first step', () => {
  const at = (t: number): Point => ({
    t,
    f: Math.cos(3 * t) - t / (1 + t * t),
    g: new Float64Array(1),
    slope: -3 * Math.sin(3 * t) - (1 - t * t) / (1 + t * t) ** 2,
  });
  for (const first of [1e-3, 0.1, 1, 3, 20]) {
    const { point, evaluations } = strongWolfe(at, at(0), first, 1);
    expect(point.f).toBeLessThanOrEqual(at(0).f + 1e-4 * point.t * at(0).slope);
    expect(Math.abs(point.slope)).toBeLessThanOrEqual(0.9 * Math.abs(at(0).slope));
    expect(evaluations).toBeLessThan(12);
  }
});
