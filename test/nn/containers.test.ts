/** Lists and dictionaries of modules and parameters: names, order, what is put in and taken out, what is refused. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { ones, randn, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';

const names = (module: nn.Module): string[] => Object.keys(module.stateDict());
const bare = (inputs: number, out: number): nn.Linear => new nn.Linear(inputs, out, { bias: false });

describe('Sequential', () => {
  test('calls its layers in order, hooks included', () => {
    const [a, b] = [bare(3, 4), bare(4, 2)];
    const model = new nn.Sequential(a, new nn.Tanh(), b);
    const x = randn([5, 3]);
    expect(model(x).toTypedArray()).toEqual(b(a(x).tanh()).toTypedArray());
    expect(names(model)).toEqual(['0.weight', '2.weight']);
    let seen = 0;
    b.registerForwardHook(() => void seen++);
    model(x);
    expect(seen).toBe(1);
    expect(new nn.Sequential()(x)).toBe(x);
  });
  test('names its layers by the keys of an object', () => {
    const model = new nn.Sequential({ first: bare(3, 4), act: new nn.ReLU(), last: bare(4, 2) });
    expect(names(model)).toEqual(['first.weight', 'last.weight']);
    expect(model(randn([5, 3])).shape).toEqual([5, 2]);
    expect([model.length, model.at(1).constructor, model.at(-1)(randn([4])).shape]).toEqual([3, nn.ReLU, [2]]);
  });
  test('grows, and walks over its layers', () => {
    const model = new nn.Sequential(bare(3, 4)).append(new nn.ReLU()).extend([bare(4, 1)]);
    expect([...model].map((layer) => layer.constructor.name)).toEqual(['Linear', 'ReLU', 'Linear']);
    expect(model(randn([3])).shape).toEqual([1]);
  });
});

describe('ModuleList and ModuleDict', () => {
  test('a list names its modules as an array does, and lets one be put in between', () => {
    class Net extends nn.Module {
      list = new nn.ModuleList([bare(1, 1), bare(2, 2)]);
      array = [bare(1, 1), bare(2, 2)];
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const { list } = new Net();
    expect(names(new Net())).toEqual(['list.0.weight', 'list.1.weight', 'array.0.weight', 'array.1.weight']);
    list.insert(1, bare(3, 3)).insert(-1, bare(4, 4)).insert(4, bare(5, 5));
    expect([...list].map((m) => m.parameters()[0].shape[0])).toEqual([1, 3, 4, 2, 5]);
    expect([list.length, list.at(-2), list[0]]).toEqual([5, list[3], list.at(0)]);
    expect(list.extend(list).length).toBe(10);
  });
  test('a dictionary keeps modules by name', () => {
    const dict = new nn.ModuleDict({ b: bare(1, 1), a: bare(2, 2) });
    expect(names(dict)).toEqual(['b.weight', 'a.weight']);
    const other = bare(3, 3);
    dict.set('b', other).update({ c: bare(4, 4), '7': bare(5, 5) });
    expect([dict.keys(), dict.size]).toEqual([['7', 'b', 'a', 'c'], 4]);
    expect([dict.get('b'), dict.values()[1], [...dict][1][1], dict.entries()[1][1]]).toEqual([
      other,
      other,
      other,
      other,
    ]);
    expect([dict.delete('a'), dict.delete('a'), dict.has('a'), dict.has('b'), dict.has('get')]).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(dict.parameterCount()).toBe(9 + 16 + 25);
  });
});

describe('ParameterList and ParameterDict', () => {
  test('make parameters of tensors, and keep those that are', () => {
    const shared = nn.parameter(ones([3]));
    const list = new nn.ParameterList([zeros([2]), shared]).append(ones([1]));
    expect(names(list)).toEqual(['0', '1', '2']);
    expect([list.at(1) === shared, list.parameters().every((x) => x.requiresGrad && x.isLeaf)]).toEqual([true, true]);
    const dict = new nn.ParameterDict({ scale: shared, shift: zeros([2, 2]) });
    expect([names(dict), dict.get('scale') === shared, dict.parameterCount()]).toEqual([['scale', 'shift'], true, 7]);
    list[0].mul(2).sum().backward();
    expect(list.at(0).grad!.toArray()).toEqual([2, 2]);
  });
});

const dict = new nn.ModuleDict({ a: bare(1, 1) });
const list = new nn.ModuleList([bare(1, 1)]);
const refused: readonly (readonly [string, () => unknown, typeof ShapeError | typeof ValueError, string])[] = [
  ['a name that is a method', () => dict.set('forward', bare(1, 1)), ValueError, "ModuleDict: a name must not be empty, hold a dot, or be that of a field or method, got 'forward'"],
  ['a name that is a field', () => dict.set('training', bare(1, 1)), ValueError, "got 'training'"],
  ['a name with a dot', () => new nn.Sequential({ 'a.b': bare(1, 1) }), ValueError, "Sequential: a name must not be empty, hold a dot, or be that of a field or method, got 'a.b'"],
  ['an empty name', () => new nn.ParameterDict({ '': ones([1]) }), ValueError, 'ParameterDict: a name must not be empty'],
  ['a name that is not there', () => dict.get('b'), ValueError, "ModuleDict: the name must be one of a, got 'b'"],
  ['a place behind the end', () => list.at(1), ShapeError, 'ModuleList: the place must be one of 1 items, got 1'],
  ['half a place', () => list.at(0.5), ShapeError, 'ModuleList: the place must be one of 1 items, got 0.5'],
  ['an insertion behind the end', () => list.insert(2, bare(1, 1)), ShapeError, 'ModuleList: the place must be one of 1 items, or behind them, got 2'],
  ['a tensor among modules', () => list.append(ones([1]) as never), ValueError, 'ModuleList: every item must be a Module, got object'],
  ['a function among layers', () => new nn.Sequential(((x: Tensor) => x) as never), ValueError, 'Sequential: every item must be a Module, got function'],
  ['a number among parameters', () => new nn.ParameterList([3 as never]), ValueError, 'ParameterList: every item must be a Tensor, got number'],
  ['a call', () => (list as unknown as () => void)(), ValueError, 'ModuleList: a container computes nothing, got a call; call the items that it holds'],
]; // prettier-ignore
test.each(refused.map(([title, run, Class, message]) => ({ title, run, Class, message })))(
  'refused: $title',
  ({ run, Class, message }) => {
    expect(run).toThrow(Class);
    expect(run).toThrow(message);
  },
);
