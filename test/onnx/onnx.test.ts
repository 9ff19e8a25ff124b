/**
 * Exported models are read by a reader of their own and run by plain loops, and do what the models do. test/fixtures/onnx.py
 * holds the same files against onnx's checker and onnxruntime.
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { nn, randn, tensor, zeros, type Tensor } from 'adjoint';
import { exportOnnx, saveOnnx } from 'adjoint/onnx';
import { lgamma } from 'adjoint/ops';
import { describe, expect, test } from 'vitest';
import { rules } from '../../src/onnx/rules.ts';
import { trace } from '../../src/onnx/trace.ts';
import { cases } from '../fixtures/onnx.ts';
import { readOnnx, type Arr, type OnnxModel } from './read.ts';
import { runOnnx } from './run.ts';

const arr = (x: Tensor): Arr => ({ shape: x.shape, data: [...x.toTypedArray()] });

/** The largest difference between what a graph gives and what the model gives; infinite where shapes differ. */
function difference(model: OnnxModel, inputs: readonly Tensor[], expected: readonly Tensor[]): number {
  const outputs = runOnnx(model, inputs.map(arr));
  if (outputs.length !== expected.length) return Infinity;
  let worst = 0;
  outputs.forEach(({ shape, data }, i) => {
    if (shape.join() !== expected[i].shape.join()) worst = Infinity;
    expected[i].toTypedArray().forEach((v, k) => {
      const off = v === data[k] ? 0 : Math.abs(v - data[k]);
      worst = Math.max(worst, Number.isNaN(off) ? Infinity : off);
    });
  });
  return worst;
}

/** A module of one function. */
class Fn extends nn.Module {
  f: (...inputs: Tensor[]) => unknown;
  weight = nn.parameter(tensor([[1, 2], [3, 4]])); // prettier-ignore
  constructor(f: (...inputs: Tensor[]) => unknown) {
    super();
    this.f = f;
  }
  override forward(...inputs: Tensor[]): unknown {
    return this.f.call(this, ...inputs);
  }
}

const all = cases();

describe('an exported model', () => {
  test.each(Object.keys(all))('%s gives what it gives here, for another batch size too', (name) => {
    const { model, example, inputs, run } = all[name];
    const expected = [run(...inputs)].flat() as Tensor[];
    const file = readOnnx(exportOnnx(model, example));
    expect(difference(file, inputs, expected)).toBeLessThan(1e-5);
    expect(file.inputs.map(({ shape }) => shape[0])).toEqual(file.inputs.map(() => 'batch'));
    const one = inputs.map((x) => x.narrow(0, 1, 1));
    expect(difference(file, one, [run(...one)].flat() as Tensor[])).toBeLessThan(1e-5);
  });

  test('is one of models that apply, together, every op that has a rule', () => {
    const applied = new Set(
      Object.values(all).flatMap(({ model, example }) => trace(model, example).steps.map(({ op }) => op)),
    );
    expect([...rules.keys()].filter((op) => !applied.has(op)).map(({ name }) => name)).toEqual([]);
  });

  test('keeps the names of its state, and each is there once', () => {
    const { model, example } = all.gpt;
    const { initializers, opset, version } = readOnnx(exportOnnx(model, example));
    const names = [...initializers.keys()].filter((name) => !name.startsWith('constant_'));
    expect(names.toSorted()).toEqual(Object.keys(model.stateDict()).toSorted());
    expect([opset, version]).toEqual([17, 8]);
  });

  test('takes tokens as whole numbers, names and a fixed batch as asked', () => {
    const { model, example } = all.gpt;
    const options = { inputNames: ['tokens'], outputNames: ['logits'], dynamicBatch: false };
    const { inputs, outputs } = readOnnx(exportOnnx(model, example, options));
    expect(inputs).toEqual([{ name: 'tokens', type: 7, shape: [1, 5] }]);
    expect(outputs).toEqual([{ name: 'logits', type: 1, shape: [1, 5, 11] }]);
  });

  test('is left as it was: in training mode, and able to learn', () => {
    const linear = new nn.Linear(2, 2);
    const model = new nn.Sequential(linear, new nn.Dropout(0.5));
    exportOnnx(model, zeros([1, 2]));
    expect(model.training).toBe(true);
    model(zeros([1, 2]))
      .sum()
      .backward();
    expect(linear.bias!.grad!.sum().item()).toBeTypeOf('number');
  });

  test('may be float64', () => {
    const model = new nn.Linear(3, 2, { dtype: 'float64' });
    const x = randn([2, 3], { dtype: 'float64' });
    const file = readOnnx(exportOnnx(model, x));
    expect(file.outputs[0].type).toBe(11);
    expect(difference(file, [x], [model(x)])).toBeLessThan(1e-14);
  });

  test('may be given one tensor twice, without a batch', () => {
    const x = tensor([3, 5]);
    const file = readOnnx(exportOnnx(new Fn((a, b) => a.mul(2).sub(b)), [x, x], { dynamicBatch: false }));
    expect(file.inputs).toHaveLength(2);
    expect(difference(file, [x, tensor([1, 1])], [tensor([5, 9])])).toBe(0);
  });

  test('is written as a file', () => {
    const path = `${tmpdir()}/adjoint-${process.pid}.onnx`;
    const model = new nn.Linear(2, 2);
    saveOnnx(path, model, zeros([1, 2]));
    expect(new Uint8Array(readFileSync(path))).toEqual(exportOnnx(model, zeros([1, 2])));
    expect(() => saveOnnx('/nowhere/model.onnx', model, zeros([1, 2]))).toThrow(/folder must exist/);
  });
});

describe('what cannot be exported is refused', () => {
  const example = tensor([[1, 2], [0, 5]]); // prettier-ignore
  const refused = (message: RegExp, f: (...inputs: Tensor[]) => unknown, options = {}): void =>
    expect(() => exportOnnx(new Fn(f), example, options)).toThrow(message);

  test('an op without a form in ONNX, by name', () => {
    refused(/the op lgamma must have a form in ONNX/, (x) => x.apply(lgamma, x));
  });
  test('numbers that are read, and indices made of them', () => {
    const item = /no number that depends on the inputs may be read in the model, got a call of item/;
    refused(item, (x) => x.mul(x.sum().item()));
    refused(/values of the inputs/, (x) => x.flatten().take(x.select(1, 0).clamp(0, 1)));
  });
  test('random numbers, in place changes of what is computed, and no output', () => {
    refused(/a constant must depend neither/, (x) => x.add(randn([2])));
    refused(/no value may be changed in place/, (x) => {
      const y = x.mul(2);
      y.add_(1);
      return y.mul(2);
    });
    refused(/must return a tensor/, () => 3);
  });
  test('what depends on the batch size otherwise than by its multiples, unless it is fixed', () => {
    const half = (x: Tensor): Tensor => x.narrow(0, 0, x.shape[0] - 1);
    refused(/a slice must depend neither.*dynamicBatch: false/, half);
    refused(/dynamicBatch: false/, (x) => x.mean(0));
    expect(exportOnnx(new Fn(half), example, { dynamicBatch: false }).length).toBeGreaterThan(0);
  });
  test('uneven windows, and places of a pool that are an output', () => {
    const images = randn([1, 1, 6, 6]);
    const pool = new Fn((x) => nn.functional.adaptiveAvgPool2d(x, 4));
    expect(() => exportOnnx(pool, images)).toThrow(
      /windowSum must have a form in ONNX, got windows of different sizes/,
    );
    const places = new Fn((x) => nn.functional.maxPool2d(x, 2, { returnIndices: true }).indices);
    expect(() => exportOnnx(places, images)).toThrow(/places of max pooling/);
  });
  test('names that are too few, twice there, or taken; an example without a batch', () => {
    refused(/inputNames must be 1 different names/, (x) => x, { inputNames: [] });
    refused(/name of a parameter, got 'weight'/, (x) => x, { outputNames: ['weight'] });
    expect(() => exportOnnx(new Fn((x) => x), tensor(3))).toThrow(/first size of all inputs/);
    expect(() => exportOnnx(new Fn((x) => x), [])).toThrow(/example must hold a tensor/);
  });
});

describe('the check sees', () => {
  const { model, example, inputs, run } = all.classifier;
  const expected = [run(...inputs)].flat() as Tensor[];
  const file = (): OnnxModel => readOnnx(exportOnnx(model, example));
  /** The file with its first node of a type changed. */
  const changed = (type: string, attributes: Record<string, number | number[]>): OnnxModel => {
    const { nodes, ...rest } = file();
    const at = nodes.findIndex((node) => node.type === type);
    return { ...rest, nodes: nodes.with(at, { ...nodes[at], attributes: { ...nodes[at].attributes, ...attributes } }) };
  };

  test('a wrong axis', () => {
    expect(difference(changed('Softmax', { axis: 1 }), inputs, expected)).toBeGreaterThan(1e-4);
  });
  test('a missing initializer', () => {
    const broken = file();
    broken.initializers.delete('classifier.weight');
    expect(() => runOnnx(broken, inputs.map(arr))).toThrow(/nothing is called classifier.weight/);
  });
  test('a parameter that changed', () => {
    const broken = file();
    const bias = broken.initializers.get('classifier.bias')!;
    broken.initializers.set('classifier.bias', { ...bias, data: bias.data.map((v) => v + 1e-3) });
    expect(difference(broken, inputs, expected)).toBeGreaterThan(5e-4);
  });
});
