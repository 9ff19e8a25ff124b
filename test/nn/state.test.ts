/** Saving and loading the numbers of a model: by name, all faults at once, the same bits. */
import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/array/errors.ts';
import { ones, randn, tensor, zeros } from '../../src/create.ts';
import { loadSafetensors, saveSafetensors } from '../../src/io/index.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { read } from '../files.ts';

class Net extends nn.Module {
  fc1 = new nn.Linear(3, 4);
  layers = [new nn.Linear(4, 4), new nn.Linear(4, 2, { bias: false })];
  scale = nn.buffer(randn([2]));
  override forward(x: Tensor): Tensor {
    return this.layers.reduce((y, layer) => layer(y.tanh()), this.fc1(x)).mul(this.scale);
  }
}

const keys = ['fc1.weight', 'fc1.bias', 'layers.0.weight', 'layers.0.bias', 'layers.1.weight', 'scale'];
const bits = (state: nn.StateDict): [string, number[]][] =>
  Object.entries(state).map(([name, x]) => [name, [...x.toTypedArray()]]);

/** The message with which loading is refused. */
function refusal(model: nn.Module, state: nn.StateDict, options?: { strict: boolean }): string {
  const before = bits(model.stateDict());
  const versions = model.parameters().map((x) => x.version);
  try {
    model.loadStateDict(state, options);
  } catch (error) {
    expect(error).toBeInstanceOf(ValueError);
    expect(bits(model.stateDict())).toEqual(before);
    expect(model.parameters().map((x) => x.version)).toEqual(versions);
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

test('what is saved is detached and shares memory; loading it into another model makes the two the same', () => {
  const [a, b] = [new Net(), new Net()];
  const x = randn([5, 3]);
  expect(Object.keys(a.stateDict())).toEqual(keys);
  expect(Object.values(a.stateDict()).every((w) => !w.requiresGrad)).toBe(true);
  expect(a.stateDict()['fc1.weight'].nd.data).toBe(a.fc1.weight.nd.data);
  expect(b(x).toTypedArray()).not.toEqual(a(x).toTypedArray());

  const [before, saved] = [b.parameters(), bits(a.stateDict())];
  expect(b.loadStateDict(a.stateDict())).toEqual({ missing: [], unexpected: [] });
  expect(b(x).toTypedArray()).toEqual(a(x).toTypedArray());
  expect(bits(b.stateDict())).toEqual(saved);
  expect(b.parameters().every((w, i) => w === before[i] && w.requiresGrad && w.isLeaf)).toBe(true);
  b.fc1.weight.detach().zero_(); // b has numbers of its own
  expect(bits(a.stateDict())).toEqual(saved);
  a.loadStateDict(a.stateDict());
  expect(bits(a.stateDict())).toEqual(saved);
});

test('safetensors keep the bits, of special numbers too', () => {
  const folder = mkdtempSync(join(tmpdir(), 'adjoint-'));
  try {
    const [a, b, c] = [new Net(), new Net(), new Net()];
    a.fc1.bias!.detach().copy_(tensor([-0, Infinity, 1e-45, NaN]));
    const path = join(folder, 'net.safetensors');
    saveSafetensors(path, a.stateDict());
    const { tensors } = loadSafetensors(path);
    expect(Object.getPrototypeOf(tensors)).toBe(null);
    b.loadStateDict(tensors);
    expect(bits(b.stateDict())).toEqual(bits(a.stateDict())); // toEqual is Object.is: −0, NaN
    expect(bits(c.stateDict())).not.toEqual(bits(a.stateDict()));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('what does not fit', () => {
  const faulty = (): nn.StateDict => {
    const { 'fc1.bias': _, 'layers.0.bias': __, ...state } = new Net().stateDict();
    return { ...state, 'fc1.weight': zeros([4, 4]), scale: zeros([2, 1]), more: ones([1]), fc1: ones([]) };
  };

  test('is told all at once, and nothing is changed', () => {
    expect(refusal(new Net(), faulty()).split('\n  ')).toEqual([
      'loadStateDict: the state must fit the model, got 6 faults',
      'fc1.weight must have the shape [4, 3] and has [4, 4]',
      'scale must have the shape [2] and has [2, 1]',
      'fc1.bias [4] is missing',
      'layers.0.bias [4] is missing',
      'more [1] is not in the model',
      'fc1 [] is not in the model',
    ]);
    expect(refusal(new Net(), { ...new Net().stateDict(), more: ones([1]) })).toContain('got 1 fault\n');
    expect(refusal(new Net(), {})).toContain(`got ${keys.length} faults`);
  });

  test('with strict: false missing and unexpected names are passed over and returned, but shapes must fit', () => {
    expect(refusal(new Net(), faulty(), { strict: false })).toContain('got 2 faults');
    const { 'fc1.weight': _, scale: __, ...state } = faulty();
    const model = new Net();
    const before = model.stateDict()['fc1.weight'].toTypedArray();
    expect(model.loadStateDict(state, { strict: false })).toEqual({
      missing: ['fc1.weight', 'fc1.bias', 'layers.0.bias', 'scale'],
      unexpected: ['more', 'fc1'],
    });
    expect(model.stateDict()['fc1.weight'].toTypedArray()).toEqual(before);
    expect(model.layers[1].weight.toTypedArray()).toEqual(state['layers.1.weight'].toTypedArray());
  });

  test('names that every object has are not taken for tensors', () => {
    class Odd extends nn.Module {
      parts = { constructor: nn.parameter(ones([1])), toString: nn.parameter(ones([2])) };
      override forward(): void {}
    }
    const model = new Odd();
    expect(Object.keys(model.stateDict())).toEqual(['parts.constructor', 'parts.toString']);
    expect(refusal(model, {})).toContain('parts.constructor [1] is missing');
    expect(refusal(new Net(), { ...new Net().stateDict(), constructor: ones([1]) })).toContain(
      'constructor [1] is not',
    );
  });

  test('__proto__ is a name as any other', () => {
    class Odd extends nn.Module {
      constructor(value: number) {
        super();
        Object.defineProperty(this, '__proto__', { value: nn.parameter(tensor([value])), enumerable: true });
      }
      override forward(): void {}
    }
    const [a, b] = [new Odd(1), new Odd(2)];
    expect(Object.keys(a.stateDict())).toEqual(['__proto__']);
    b.loadStateDict(a.stateDict());
    expect(b.parameters()[0].item()).toBe(1);
    expect(refusal(b, {})).toContain('__proto__ [1] is missing');
    const bare = Object.create(null) as nn.StateDict;
    bare['__proto__'] = tensor([7]);
    b.loadStateDict(bare);
    expect(b.parameters()[0].item()).toBe(7);
  });
});

test('numbers are converted to the dtype of the parameter', () => {
  const [narrow, wide] = [new nn.Linear(2, 2), new nn.Linear(2, 2, { dtype: 'float64' })];
  wide.weight.detach().fill_(0.1);
  narrow.loadStateDict(wide.stateDict());
  expect([narrow.weight.dtype, narrow.weight.toArray()]).toEqual([
    'float32',
    [
      [Math.fround(0.1), Math.fround(0.1)],
      [Math.fround(0.1), Math.fround(0.1)],
    ],
  ]);
  wide.loadStateDict(narrow.stateDict());
  expect([wide.weight.dtype, wide.weight.toTypedArray()[0]]).toEqual(['float64', Math.fround(0.1)]);
});

test('strided and overlapping values are copied as they are seen', () => {
  const layer = new nn.Linear(2, 2, { bias: false });
  layer.loadStateDict({
    weight: tensor([
      [1, 2],
      [3, 4],
    ]).t(),
  });
  expect(layer.weight.toArray()).toEqual([
    [1, 3],
    [2, 4],
  ]);
  layer.loadStateDict({ weight: layer.stateDict()['weight'].t() });
  expect(layer.weight.toArray()).toEqual([
    [1, 2],
    [3, 4],
  ]);
  layer.loadStateDict({ weight: ones([1, 1]).expand([2, 2]) });
  expect(layer.weight.toArray()).toEqual([
    [1, 1],
    [1, 1],
  ]);
});

test('loading is a write in place: a graph that read the old numbers refuses to go back', () => {
  const [a, b] = [new nn.Linear(2, 1), new nn.Linear(2, 1)];
  const loss = a(ones([3, 2]).requiresGrad_()).sum();
  a.loadStateDict(b.stateDict());
  expect(() => loss.backward()).toThrow('changed in place');
});

describe('names and shapes are those of PyTorch’s state', () => {
  interface Entry {
    readonly layer: string;
    readonly args: readonly unknown[];
    readonly options: object;
    readonly state: Readonly<Record<string, number[]>>;
  }
  const entries = JSON.parse(read('test/fixtures/state-names.json')) as Entry[];
  type Maker = new (...args: unknown[]) => nn.Module;

  test.each(entries.map((entry) => [`${entry.layer} ${JSON.stringify(entry.options)}`, entry] as const))(
    '%s',
    (_, { layer, args, options, state }) => {
      const Layer = (nn as unknown as Readonly<Record<string, Maker>>)[layer];
      const own = new Layer(...args, ...(Object.keys(options).length > 0 ? [options] : [])).stateDict();
      expect(Object.entries(own).map(([name, x]) => [name, x.shape])).toEqual(Object.entries(state));
    },
  );
});
