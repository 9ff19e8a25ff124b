/** What all optimizers have in common: groups, gradients that are missing, states that are saved, what is refused. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { noGrad } from '../../src/engine.ts';
import { tensor, zeros, type TensorData } from '../../src/create.ts';
import { parameter } from '../../src/nn/index.ts';
import * as optim from '../../src/optim/index.ts';
import { Adam, GradientDescent, SGD, type Optimizer, type OptimizerState, type Params } from '../../src/optim/index.ts';
import { Tensor } from '../../src/tensor.ts';

const leaf = (values: TensorData): Tensor => tensor(values, { requiresGrad: true });
const bits = (x: Tensor): number[] => [...x.toTypedArray()];

type Groups = Params<optim.CommonOptions>;

/** Each optimizer with a state as rich as it can have. */
const kinds: Readonly<Record<string, (params: Groups) => Optimizer>> = {
  GradientDescent: (params) => new GradientDescent(params, { lr: 0.1 }),
  SGD: (params) => new SGD(params, { lr: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.01 }),
  Adam: (params) => new Adam(params, { lr: 0.1, weightDecay: 0.01 }),
  AdamW: (params) => new optim.AdamW(params, { lr: 0.1, amsgrad: true }),
  Adamax: (params) => new optim.Adamax(params, { lr: 0.1, weightDecay: 0.01 }),
  NAdam: (params) => new optim.NAdam(params, { lr: 0.1, weightDecay: 0.01 }),
  RAdam: (params) => new optim.RAdam(params, { lr: 0.1, betas: [0.9, 0.99], weightDecay: 0.01 }),
  RMSprop: (params) => new optim.RMSprop(params, { lr: 0.01, momentum: 0.9, centered: true }),
  Adagrad: (params) => new optim.Adagrad(params, { lr: 0.1, lrDecay: 0.1, initialAccumulatorValue: 0.1 }),
  Adadelta: (params) => new optim.Adadelta(params, { lr: 1, weightDecay: 0.01 }),
  Rprop: (params) => new optim.Rprop(params, { lr: 0.1 }),
  Lion: (params) => new optim.Lion(params, { lr: 0.7, weightDecay: 0.01 }),
  Muon: (params) => new optim.Muon(params, { lr: 0.01 }),
};

const valueOf = ([w, b]: readonly Tensor[]): Tensor => w.sin().mul(b.cos()).sum().add(w.square().sum());

/** Some steps on a function of two parameters. */
function descend(optimizer: Optimizer, [w, b]: readonly Tensor[], steps: number): void {
  for (let i = 0; i < steps; i++) {
    optimizer.zeroGrad();
    valueOf([w, b]).backward();
    optimizer.step();
  }
}
const start = (): [Tensor, Tensor] => [leaf([[0.3, -1.7, 2.1]]), leaf([[0.5], [1.25]])];

/** A state as a file would keep it: text, and numbers from text. */
function throughJson<Options>(state: OptimizerState<Options>): OptimizerState<Options> {
  const text = JSON.stringify(state, (_, x: unknown) =>
    x instanceof Tensor ? { shape: x.shape, values: bits(x) } : x,
  );
  return JSON.parse(text, (_, x: unknown) => {
    if (typeof x !== 'object' || x === null || !Object.hasOwn(x, 'values')) return x;
    const { shape, values } = x as { shape: number[]; values: number[] };
    return tensor(values).reshape(shape);
  }) as OptimizerState<Options>;
}

describe.each(Object.entries(kinds))('%s', (name, make) => {
  test('zeroGrad forgets, and a parameter without a gradient stays as it is', () => {
    const [w, b] = start();
    const optimizer = make([w, b]);
    w.square().sum().backward();
    const [w0, b0] = [bits(w), bits(b)];
    optimizer.step();
    expect(bits(w)).not.toEqual(w0);
    expect(bits(b)).toEqual(b0);
    expect(b.version).toBe(0);
    optimizer.zeroGrad();
    expect([w.grad, b.grad]).toEqual([null, null]);
    const w1 = bits(w);
    optimizer.step();
    expect(bits(w)).toEqual(w1);
  });

  test.each(['as it is', 'through JSON'])('a saved state goes on bit for bit: %s', (how) => {
    const [w, b] = start();
    const optimizer = make([{ params: [w] }, { params: [b], lr: 0.01 }]);
    descend(optimizer, [w, b], 3);
    optimizer.paramGroups[1].lr = 0.02;
    const saved = how === 'as it is' ? optimizer.stateDict() : throughJson(optimizer.stateDict());
    const copies = [w, b].map((p) => p.detach().clone().requiresGrad_());
    descend(optimizer, [w, b], 3); // the saved state must not change with it

    const fresh = make([{ params: [copies[0]], lr: 7 }, { params: [copies[1]] }]);
    fresh.loadStateDict(saved);
    descend(fresh, copies, 3);
    expect(copies.map(bits)).toEqual([w, b].map(bits));
    expect(throughJson(fresh.stateDict())).toEqual(throughJson(optimizer.stateDict()));

    // Without the state the bits are others, unless there is nothing to remember.
    const other = [w, b].map((p) => p.detach().clone().requiresGrad_());
    descend(make([{ params: [other[0]] }, { params: [other[1]], lr: 0.02 }]), other, 3);
    descend(optimizer, [w, b], 3);
    if (name === 'GradientDescent') expect(other.map(bits)).toEqual([w, b].map(bits));
    else expect(other.map(bits)).not.toEqual([w, b].map(bits));
  });

  test('a saved state takes the place of what an optimizer remembers, also where it remembers nothing', () => {
    const [w, b] = start();
    const optimizer = make([w, b]);
    const fresh = optimizer.stateDict();
    descend(optimizer, [w, b], 2);
    optimizer.loadStateDict(fresh);
    expect(optimizer.stateDict()).toEqual(fresh);
  });

  test('a group may have options of its own, and lr counts from the step after it was changed', () => {
    if (name === 'Rprop') return; // lr is only where its step sizes start
    const [w, b] = start();
    const [w0, b0] = [bits(w), bits(b)];
    const optimizer = make([{ params: [w], lr: 0 }, { params: [b] }]);
    descend(optimizer, [w, b], 1);
    expect(bits(w)).toEqual(w0);
    expect(bits(b)).not.toEqual(b0);
    optimizer.paramGroups[0].lr = 0.1;
    descend(optimizer, [w, b], 1);
    expect(bits(w)).not.toEqual(w0);
  });

  test('to maximize is to minimize the negated function, bit for bit', () => {
    const [up, down] = [start(), start()];
    const [uphill, downhill] = [make([{ params: up, maximize: true }]), make(down)];
    for (let i = 0; i < 4; i++) {
      for (const optimizer of [uphill, downhill]) optimizer.zeroGrad();
      valueOf(up).backward();
      valueOf(down).neg().backward();
      for (const optimizer of [uphill, downhill]) optimizer.step();
    }
    expect(up.map(bits)).toEqual(down.map(bits));
    expect(up.map(bits)).not.toEqual(start().map(bits));
  });

  test('a step with a closure computes the loss first, also within noGrad, and returns it', () => {
    const [params, others] = [start(), start()];
    const [optimizer, other] = [make(params), make(others)];
    const loss = noGrad(() =>
      optimizer.step(() => {
        optimizer.zeroGrad();
        const loss = valueOf(params);
        loss.backward();
        return loss;
      }),
    );
    descend(other, others, 1);
    expect(params.map(bits)).toEqual(others.map(bits));
    expect(loss?.item()).toBe(valueOf(start()).item());
  });

  test('parameters may be added later, once, with options of their own', () => {
    const [w, b] = start();
    const optimizer = make([w]);
    optimizer.addParamGroup({ params: [b], lr: 0 });
    expect(optimizer.paramGroups[1]).toEqual({ ...optimizer.paramGroups[0], params: [b], lr: 0 });
    expect(() => optimizer.addParamGroup({ params: [w] })).toThrow(`${name}: each parameter may be given once`);
    expect(() => optimizer.addParamGroup({ params: [leaf([[1]])], lr: -1 })).toThrow(`${name}: lr must be`);
    expect(optimizer.paramGroups).toHaveLength(2);
  });

  test('a step is a write in place: a graph that read the old value refuses to go back', () => {
    const [w] = start();
    const optimizer = make([w]);
    const y = w.square().sum();
    y.backward({ retainGraph: true });
    optimizer.step();
    expect(w.version).toBe(1);
    expect(() => y.backward()).toThrow(/^square: .* changed in place/);
  });

  test('a parameter that is a part of a larger array is written where it lies, and nothing beside it', () => {
    const whole = tensor([9, 9, 0.3, -1.7, 9, 9]);
    const part = parameter(whole.narrow(0, 2, 2).reshape([1, 2]));
    const alone = leaf([[0.3, -1.7]]);
    const pairs = [part, alone].map((p) => ({ p, optimizer: make([p]) }));
    for (const { p, optimizer } of [...pairs, ...pairs]) {
      optimizer.zeroGrad();
      p.square().sum().backward();
      optimizer.step();
    }
    expect(bits(part)).toEqual(bits(alone));
    expect(bits(whole).toSpliced(2, 2)).toEqual([9, 9, 9, 9]);
  });

  test('a gradient in any layout is read in order, and one of another shape is refused', () => {
    const [w, same, offset] = [0, 1, 2].map(() => leaf([1, 2, 3, 4]).detach().reshape([2, 2]).requiresGrad_());
    w.grad = tensor([5, 7, -6, 8]).reshape([2, 2]).t(); // signs differ: Adam's first step sees little else
    same.grad = tensor([5, -6, 7, 8]).reshape([2, 2]);
    offset.grad = tensor([-9, -9, 5, -6, 7, 8]).narrow(0, 2, 4).reshape([2, 2]);
    for (const p of [w, same, offset]) make([p]).step();
    expect(bits(w)).toEqual(bits(same));
    expect(bits(offset)).toEqual(bits(same));
    w.grad = tensor([1, 2]);
    expect(() => make([w]).step()).toThrow(ShapeError);
    expect(() => make([w]).step()).toThrow(`${name}.step: a gradient must have its parameter's shape [2, 2], got [2]`);
  });

  test('what it is given must be leaves in row-major order, each once, and some', () => {
    const w = leaf([
      [1, 2],
      [3, 4],
    ]);
    expect(() => make([])).toThrow(`${name}: there must be parameters to optimize, got none`);
    expect(() => make([{ params: [] }])).toThrow(ValueError);
    expect(() => make([w, w])).toThrow(`${name}: each parameter may be given once, got one twice`);
    expect(() => make([{ params: [w] }, { params: [w] }])).toThrow(ValueError);
    expect(() => make([w, w.mul(2)])).toThrow('parameters must be leaves in row-major order, got another at place 1');
    expect(() => make([w.detach().t().requiresGrad_()])).toThrow(ValueError);
  });
});

describe('a state that does not fit is refused', () => {
  const trained = (make: (params: Groups) => Optimizer, params = start()): OptimizerState<{ lr: number }> => {
    const optimizer = make(params);
    descend(optimizer, params, 1);
    return optimizer.stateDict();
  };
  const messageOf = (f: () => void): string => {
    try {
      f();
    } catch (error) {
      expect(error).toBeInstanceOf(ValueError);
      return (error as Error).message;
    }
    throw new Error('nothing was refused');
  };

  test('with all its faults at once, and then nothing is changed', () => {
    const params = start();
    const optimizer = kinds['Adam'](params);
    descend(optimizer, params, 2);
    const before = throughJson(optimizer.stateDict());
    const { expAvgSq: _, ...rest } = optimizer.stateDict().state[0];
    const faulty = { 0: { ...rest, expAvg: zeros([3]) }, 1: { step: 1, more: 2 }, 7: { step: 1 } };
    const message = messageOf(() =>
      optimizer.loadStateDict({
        paramGroups: [
          { lr: 5, params: [0] },
          { lr: 5, params: [1, 2] },
        ],
        state: faulty,
      }),
    );
    expect(message.split('\n  ')).toEqual([
      'loadStateDict: the state must fit the Adam, got 7 faults',
      'the groups must have 2 parameters and have 1 + 2',
      'expAvg of parameter 0 must be a tensor [1, 3] and is a tensor [3]',
      'expAvgSq of parameter 0 must be a tensor [1, 3] and is absent',
      'expAvg of parameter 1 must be a tensor [2, 1] and is absent',
      'expAvgSq of parameter 1 must be a tensor [2, 1] and is absent',
      'more of parameter 1 must be absent and is a number',
      'there must be no parameter 7',
    ]);
    expect(throughJson(optimizer.stateDict())).toEqual(before);
  });

  test('when it is that of another optimizer', () => {
    expect(messageOf(() => kinds['Adam'](start()).loadStateDict(trained(kinds['SGD'])))).toContain(
      'momentumBuffer of parameter 0 must be absent and is a tensor [1, 3]',
    );
    expect(messageOf(() => kinds['GradientDescent'](start()).loadStateDict(trained(kinds['SGD'])))).toContain(
      '2 faults',
    );
  });

  test('when its options make no sense', () => {
    const optimizer = kinds['Adam'](start());
    const saved = trained(kinds['Adam']);
    const bad = { ...saved, paramGroups: saved.paramGroups.map((group) => ({ ...group, lr: -1 })) };
    expect(messageOf(() => optimizer.loadStateDict(bad))).toContain(
      'Adam: lr must be a finite number, at least 0, got -1',
    );
    expect(optimizer.paramGroups[0].lr).toBe(0.1);
    expect(optimizer.stateDict().state).toEqual({});
  });

  test('but another dtype is not a fault: it becomes that of the parameter', () => {
    const params = start().map((p) => p.detach().to('float64').requiresGrad_());
    const optimizer = kinds['Adam'](params);
    optimizer.loadStateDict(trained(kinds['Adam']));
    expect((optimizer.stateDict().state[0]['expAvg'] as Tensor).dtype).toBe('float64');
  });
});

test("Adam's first step is lr against the sign of each gradient, however large the gradient is", () => {
  const [w, g] = [tensor([0, 0, 0, 0], { dtype: 'float64', requiresGrad: true }), [1e-3, -1, 50, -1e6]];
  w.grad = tensor(g, { dtype: 'float64' });
  new Adam([w], { lr: 0.01 }).step();
  expect(w).toBeAllClose([-0.01, 0.01, -0.01, 0.01], { rtol: 1e-4, atol: 0 });
});

test('a frozen parameter may be given: it has no gradient, and stays', () => {
  const [w, frozen] = start();
  frozen.requiresGrad = false;
  const optimizer = new SGD([w, frozen], { lr: 0.1 });
  descend(optimizer, [w, frozen], 2);
  expect(frozen.version).toBe(0);
  expect(noGrad(() => w.eq(start()[0]).any()).item()).toBe(0);
});
