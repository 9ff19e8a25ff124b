/** Hooks on modules: when they are called, with what, and what they may change. */
import { describe, expect, test } from 'vitest';
import { GradError, ShapeError } from '../../src/array/errors.ts';
import { ones, tensor, zeros } from '../../src/create.ts';
import { grad, noGrad } from '../../src/engine.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';

/** (a·b, a + b), and options that are handed through. */
class Pair extends nn.Module {
  override forward(a: Tensor, b: Tensor, _options: object = {}): [product: Tensor, rest: [sum: Tensor]] {
    return [a.mul(b), [a.add(b)]];
  }
}
const values = (xs: nn.Grads): unknown[] => xs.map((x) => x && x.toArray());

describe('forward hooks', () => {
  test('see inputs and output, in the order in which they were hung up, until they are taken off', () => {
    const layer = new nn.ReLU();
    const log: string[] = [];
    const x = tensor([-1, 2]);
    const remove = layer.registerForwardPreHook(
      (module, inputs) => void log.push(`before ${module === layer && inputs[0] === x}`),
    );
    layer.registerForwardHook((_, inputs, y) => void log.push(`after ${inputs[0] === x} ${String(y)}`));
    layer.registerForwardHook(() => void log.push('last'));
    layer(x);
    expect(log).toEqual(['before true', 'after true Tensor[2] [0, 2]', 'last']);
    remove();
    remove();
    layer(x);
    expect(log.slice(3)).toEqual(['after true Tensor[2] [0, 2]', 'last']);
    layer.forward(x);
    expect(log).toHaveLength(5);
  });
  test('one function may be hung up twice and taken off once', () => {
    const layer = new nn.ReLU();
    const double = (_m: nn.Module, _x: readonly unknown[], y: unknown): unknown => (y as Tensor).mul(2);
    const remove = layer.registerForwardHook(double);
    layer.registerForwardHook(double);
    expect(layer(ones([1])).item()).toBe(4);
    remove();
    expect(layer(ones([1])).item()).toBe(2);
  });
  test('change inputs, as a list or a single one, and the output', () => {
    const pair = new Pair();
    const remove = pair.registerForwardPreHook((_, [a, b]) => [b, (a as Tensor).mul(10)]);
    expect(pair(tensor([2]), tensor([3]))[1][0].item()).toBe(23);
    remove();
    pair.registerForwardHook((_, __, y) => (y as [Tensor, unknown])[0]);
    expect((pair(tensor([2]), tensor([3])) as unknown as Tensor).item()).toBe(6);
    const layer = new nn.ReLU();
    layer.registerForwardPreHook((_, [x]) => (x as Tensor).neg());
    expect(layer(tensor([-4])).item()).toBe(4);
  });
  test('are neither saved, nor parts of the model, nor called without a call', () => {
    const layer = new nn.Linear(2, 2);
    layer.registerForwardHook(() => undefined);
    expect(Object.keys(layer.stateDict())).toEqual(['weight', 'bias']);
    expect(Object.keys(layer)).toEqual(['training', 'weight', 'bias']);
  });
});

describe('full backward hooks', () => {
  const run = (hook: nn.FullBackwardHook, a: Tensor, b: Tensor): Tensor => {
    const pair = new Pair();
    pair.registerFullBackwardHook(hook);
    const [product, [sum]] = pair(a, b, { note: 1 });
    return product.mul(10).add(sum).sum();
  };
  const leaves = (): [Tensor, Tensor] => [
    tensor([2, 4], { requiresGrad: true }),
    tensor([3, 5], { requiresGrad: true }),
  ];

  test('get the gradients of all inputs and outputs at once, once a pass', () => {
    const log: unknown[] = [];
    const [a, b] = leaves();
    run((_, gradInputs, gradOutputs) => void log.push(values(gradInputs), values(gradOutputs)), a, b).backward();
    expect(log).toEqual([
      [[31, 51], [21, 41], null],
      [
        [10, 10],
        [1, 1],
      ],
    ]);
    expect(values([a.grad, b.grad])).toEqual([
      [31, 51],
      [21, 41],
    ]);
  });
  test('change the gradients of inputs; null is none', () => {
    const [a, b] = leaves();
    run((_, [ga]) => [ga!.mul(2), null, null], a, b).backward();
    expect(values([a.grad, b.grad])).toEqual([
      [62, 102],
      [0, 0],
    ]);
  });
  test('one after another, each seeing what the one before made', () => {
    const layer = new nn.Tanh();
    layer.registerFullBackwardHook((_, [g]) => [g!.mul(3)]);
    let seen = NaN;
    layer.registerFullBackwardHook((_, [g]) => void (seen = g!.item()));
    const x = zeros([1], { requiresGrad: true });
    layer(x).sum().backward();
    expect([seen, x.grad!.item()]).toEqual([3, 3]);
  });
  test('see only the gradient that comes through the module', () => {
    const layer = new nn.Tanh();
    const seen: unknown[] = [];
    layer.registerFullBackwardHook(
      (_, gradInputs, gradOutputs) => void seen.push(values(gradInputs), values(gradOutputs)),
    );
    const x = zeros([1], { requiresGrad: true });
    layer(x).add(x.mul(7)).sum().backward();
    expect([seen, x.grad!.item()]).toEqual([[[[1]], [[1]]], 8]);
  });
  test('of a module whose inputs need none get those of the outputs, with null for the others', () => {
    const layer = new nn.Linear(1, 2);
    const seen: unknown[] = [];
    layer.registerFullBackwardHook(
      (_, gradInputs, gradOutputs) => void seen.push(values(gradInputs), values(gradOutputs)),
    );
    layer(ones([1])).mul(tensor([3, 4])).sum().backward(); // prettier-ignore
    expect(seen).toEqual([[null], [[3, 4]]]);
    layer.registerFullBackwardHook(() => [ones([1])]);
    expect(() => layer(ones([1])).sum().backward()).toThrow(GradError); // prettier-ignore
  });
  test('look into the packed sequences that a recurrent layer gives', () => {
    const layer = new nn.GRU(1, 2);
    const seen: unknown[] = [];
    layer.registerFullBackwardHook(
      (_, gradInputs, gradOutputs) => void seen.push(values(gradInputs), values(gradOutputs)),
    );
    const [output] = layer(nn.utils.rnn.packSequence([ones([2, 1]), ones([1, 1])]));
    output.data.mul(tensor([[1], [2], [3]])).sum().backward(); // prettier-ignore
    expect(seen).toEqual([[null], [[[1, 1], [2, 2], [3, 3]], [[[0, 0], [0, 0]]]]]); // prettier-ignore
  });
  test('work at second order, and leave no trace where nothing is recorded', () => {
    const [a, b] = leaves();
    const loss = run((_, [ga, gb]) => [ga!.mul(2), gb!, null], a, b);
    const [ga] = grad(loss, [a], { createGraph: true });
    const [gab] = grad(ga.sum(), [b]);
    expect(gab.toArray()).toEqual([20, 20]);
    expect(noGrad(() => run(() => expect.unreachable(), a, b)).requiresGrad).toBe(false);
  });
  test('that return what is no gradient of the inputs are refused', () => {
    const [a, b] = leaves();
    const rule = 'Pair: a backward hook must return a gradient (or null) for each input: [2], [2], null, got';
    expect(() => run(() => [ones([2])], a, b).backward()).toThrow(`${rule} [2]`);
    expect(() => run((_, [g]) => [g, ones([3]), null], a, b).backward()).toThrow(ShapeError);
  });
});
