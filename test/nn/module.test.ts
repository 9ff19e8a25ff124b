/** A model is the tree of its fields: what is found in it and under which names, and what reaches all of it. */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ones, tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';

/** A module whose fields are what it is given. */
class Bag extends nn.Module {
  constructor(fields: object = {}) {
    super();
    Object.assign(this, fields);
  }
  override forward(x: Tensor): Tensor {
    return x;
  }
}

const names = (model: nn.Module): string[] => model.namedParameters().map(([name]) => name);
const p = (n = 1): Tensor => nn.parameter(zeros([n]));

describe('what is found', () => {
  test('a module that is part of itself is refused, with its place', () => {
    class Child extends nn.Module {
      parent: nn.Module | null = null;
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    class Parent extends Child {
      child = new Child();
    }
    const parent = new Parent();
    parent.child.parent = parent;
    const message = "Parent: a module must not be part of itself, got itself at 'child.parent'";
    expect(() => parent.parameters()).toThrow(message);
    expect(() => parent.eval()).toThrow(message);
  });

  test('fields, nested modules, and modules and tensors in arrays and plain objects, in the order of the fields', () => {
    const model = new Bag({
      own: p(),
      child: new Bag({ w: p(), deep: new Bag({ w: p() }) }),
      list: [new Bag({ w: p() }), p(), [new Bag({ w: p() })]],
      record: { left: new Bag({ w: p() }), right: { w: p() }, none: null },
      bare: Object.assign(Object.create(null) as object, { w: p() }),
    });
    expect(names(model)).toEqual([
      'own',
      'child.w',
      'child.deep.w',
      'list.0.w',
      'list.1',
      'list.2.0.w',
      'record.left.w',
      'record.right.w',
      'bare.w',
    ]);
    expect(model.namedChildren().map(([name]) => name)).toEqual(['child', 'list.0', 'list.2.0', 'record.left']);
    expect(model.namedModules().map(([name]) => name)).toEqual([
      '',
      'child',
      'child.deep',
      'list.0',
      'list.2.0',
      'record.left',
    ]);
    expect(model.namedModules()[0][1]).toBe(model);
  });

  test('parameters are trained, buffers are saved as well, other tensors and values are neither', () => {
    const model = new Bag({
      w: p(3),
      mean: nn.buffer(ones([2])),
      constant: ones([2]),
      learnt: ones([2]).requiresGrad_(),
      text: 'x',
      count: 3,
      numbers: new Float32Array(3),
      map: new Map([['w', p()]]),
      none: null,
      missing: undefined,
      arrow: () => p(),
    });
    expect(names(model)).toEqual(['w']);
    expect(model.namedBuffers().map(([name]) => name)).toEqual(['mean']);
    expect(Object.keys(model.stateDict())).toEqual(['w', 'mean']);
    expect(model.parameterCount()).toBe(3);
    expect(model.namedBuffers()[0][1].requiresGrad).toBe(false);
  });

  test('a parameter is a leaf in row-major order over the same memory, whatever it was made from', () => {
    const made = ones([2, 3]).requiresGrad_().mul(2);
    const w = nn.parameter(made);
    expect([w.isLeaf, w.requiresGrad, w.nd.data === made.nd.data]).toEqual([true, true, true]);
    const turned = nn.parameter(made.t());
    expect([turned.isLeaf, turned.isContiguous(), turned.shape]).toEqual([true, true, [3, 2]]);
  });

  test('a shared parameter counts once, and stands in the state under each of its names', () => {
    const embedding = new nn.Linear(3, 4, { bias: false });
    const model = new Bag({ embedding, again: embedding, tied: embedding.weight, other: p(2) });
    expect(names(model)).toEqual(['embedding.weight', 'other']);
    expect(model.parameters()).toHaveLength(2);
    expect(model.parameterCount()).toBe(14);
    expect(Object.keys(model.stateDict())).toEqual(['embedding.weight', 'again.weight', 'tied', 'other']);
    expect(model.namedModules().map(([name]) => name)).toEqual(['', 'embedding']);
  });

  test('fields may be named name, length and prototype, as functions have them', () => {
    class Named extends nn.Module {
      override name = 'mine';
      override length = p(2);
      override prototype = p();
      override forward(): string {
        return this.name;
      }
    }
    const model = new Named();
    expect([model.name, model(), names(model)]).toEqual(['mine', 'mine', ['length', 'prototype']]);
    expect(names(new Bag({ name: p(), length: p() }))).toEqual(['name', 'length']); // set, not defined
    expect(Object.keys(new Bag())).toEqual(['training']);
  });

  test('a part that is put in later, or taken out, counts at once', () => {
    const model = new Bag({ head: new nn.Linear(2, 2) as nn.Linear | null });
    Object.assign(model, { extra: p() });
    expect(names(model)).toEqual(['head.weight', 'head.bias', 'extra']);
    Object.assign(model, { head: null });
    expect(names(model)).toEqual(['extra']);
  });
});

describe('a module is called like a function', () => {
  class Scale extends nn.Module {
    factor = nn.parameter(tensor([2]));
    override forward(x: Tensor, shift = 0): Tensor {
      return x.mul(this.factor).add(shift);
    }
  }
  class More extends Scale {
    extra = p();
  }
  class Most extends More {
    override factor = nn.parameter(tensor([5]));
    override forward(x: Tensor, shift = 0): Tensor {
      return super.forward(x, shift).add(this.extra);
    }
  }

  test('with the arguments of its forward', () => {
    const scale = new Scale();
    expect(scale(tensor([3]), 1).item()).toBe(7);
    expect(typeof scale).toBe('function');
  });

  test('through subclasses of subclasses', () => {
    const most = new Most();
    expect(most(tensor([3]), 1).item()).toBe(16);
    expect([most instanceof Scale, most instanceof nn.Module, most.constructor]).toEqual([true, true, Most]);
    expect(names(most)).toEqual(['factor', 'extra']);
    expect(new More()(tensor([3])).item()).toBe(6);
  });

  test('a forward that is replaced on one object counts', () => {
    const scale = new Scale();
    scale.forward = (x) => x;
    expect(scale(tensor([3])).item()).toBe(3);
  });
});

describe('what reaches the whole tree', () => {
  const tree = (): Bag =>
    new Bag({ a: new nn.Dropout(), list: [new nn.Dropout(), new Bag({ deep: { d: new nn.Linear(2, 2) } })] });

  test('train and eval', () => {
    const model = tree();
    const modes = (): boolean[] => model.namedModules().map(([, module]) => module.training);
    expect(modes()).toEqual([true, true, true, true, true]);
    expect(model.eval()).toBe(model);
    expect(modes()).toEqual([false, false, false, false, false]);
    expect(model.train()).toBe(model);
    expect(modes()).toEqual([true, true, true, true, true]);
    model.train(false);
    expect(modes()).toEqual([false, false, false, false, false]);
  });

  test('zeroGrad and requiresGrad_', () => {
    const model = new Bag({ x: p(), inner: [new Bag({ y: p() })], kept: nn.buffer(ones([1])) });
    const [x, y] = model.parameters();
    x.mul(y).sum().backward();
    expect([x.grad, y.grad].every((g) => g !== null)).toBe(true);
    model.zeroGrad();
    expect([x.grad, y.grad]).toEqual([null, null]);
    expect(model.requiresGrad_(false)).toBe(model);
    expect(model.parameters().map((w) => w.requiresGrad)).toEqual([false, false]);
    model.requiresGrad_();
    expect(model.parameters().map((w) => w.requiresGrad)).toEqual([true, true]);
    expect(model.namedBuffers()[0][1].requiresGrad).toBe(false);
  });
});

describe('a model prints as its tree', () => {
  class Net extends nn.Module {
    body = new nn.Sequential(new nn.Linear(4, 3), new nn.ReLU(), new nn.Sequential(new nn.Dropout(0.1)));
    heads = [new nn.Linear(3, 1, { bias: false })];
    override forward(x: Tensor): Tensor {
      return this.heads[0](this.body(x));
    }
  }
  const text = [
    'Net(',
    '  (body): Sequential(',
    '    (0): Linear(in=4, out=3, bias=true)',
    '    (1): ReLU()',
    '    (2): Sequential(',
    '      (0): Dropout(p=0.1)',
    '    )',
    '  )',
    '  (heads.0): Linear(in=3, out=1, bias=false)',
    ')',
  ].join('\n');

  test('by toString, in a string, and by console.log', () => {
    const model = new Net();
    expect(model.toString()).toBe(text);
    expect(String(model)).toBe(text);
    expect(inspect(model)).toBe(text);
  });
});
