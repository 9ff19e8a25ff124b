/** PyTorch as the oracle of layers: layers.json was written by test/fixtures/layers.py, and is replayed here. */
import { describe, expect, test } from 'vitest';
import { tensor } from '../../src/create.ts';
import { grad } from '../../src/engine.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { read } from '../files.ts';

const F = nn.functional;

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
type Named<T> = Readonly<Record<string, T>>;
interface Record_ {
  readonly layer: string;
  readonly args: readonly number[];
  readonly options: Named<unknown>;
  readonly call: Named<unknown>;
  readonly tensors: Named<Numbers>;
  readonly state: Named<Numbers>;
  readonly inputs: readonly Numbers[];
  readonly fixed: readonly number[];
  readonly outputs: readonly Numbers[];
  readonly grads: readonly (Numbers | null)[];
  readonly params: Named<Numbers>;
  readonly after: Named<Numbers>;
  readonly note?: string;
}

const records = JSON.parse(read('test/fixtures/layers.json')) as Record_[];
const tolerance = { rtol: 1e-9, atol: 1e-10 };

const made = ({ shape, data }: Numbers): Tensor => tensor(Float64Array.from(data)).reshape(shape);
const all = (numbers: Named<Numbers>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(numbers).map(([name, x]) => [name, made(x)]));

type Maker = new (...args: never[]) => nn.Module;
/** The layer of a record, of float64 and with the record's state, if it is one and no function. */
function layerOf({ layer, args, options, state }: Record_): nn.Module | null {
  const Class = (nn as unknown as Named<Maker | undefined>)[layer];
  if (Class === undefined) return null;
  const made = Reflect.construct(Class, [...args, { ...options, dtype: 'float64' }]) as nn.Module;
  expect(Object.keys(made.stateDict())).toEqual(Object.keys(state));
  made.loadStateDict(all(state));
  return made;
}

/** All tensors of a result, however they are nested. */
const flat = (y: unknown): Tensor[] =>
  Array.isArray(y) ? y.flatMap(flat) : y === null ? [] : 'nd' in (y as object) ? [y as Tensor] : flat(Object.values(y as object)); // prettier-ignore

/** What a record's layer (or function) makes of its inputs. */
function run(layer: nn.Module | null, record: Record_, inputs: readonly Tensor[]): Tensor[] {
  const options = { ...record.options, ...record.call, ...all(record.tensors) };
  const [x, ...rest] = inputs;
  if (layer === null) {
    if (record.layer === 'maxPool2d') return flat(F.maxPool2d(x, record.args[0], { ...options, returnIndices: true }));
    return [F.scaledDotProductAttention(x, rest[0], rest[1], options)];
  }
  if (layer instanceof nn.BatchNorm1d || layer instanceof nn.BatchNorm2d) {
    return inputs.map((x, i) => layer.train(i < rest.length).forward(x));
  }
  if (layer instanceof nn.MultiheadAttention) {
    const [k, v] = [rest[0] ?? x, rest[1] ?? rest[0] ?? x];
    return flat(layer(x, k, v, options));
  }
  const call = layer.forward.bind(layer) as (...inputs: unknown[]) => unknown;
  const isLstm = layer instanceof nn.LSTM || layer instanceof nn.LSTMCell;
  return flat(call(x, ...(isLstm && rest.length > 0 ? [rest] : rest)));
}

/** The loss that the script differentiates. */
const lossOf = (outputs: readonly Tensor[]): Tensor =>
  outputs
    .filter((y) => y.requiresGrad)
    .map((y) =>
      y
        .mul(made({ shape: y.shape, data: Array.from({ length: y.numel() }, (_, i) => 0.5 + ((7 * i) % 11) / 11) }))
        .sum(),
    ) // prettier-ignore
    .reduce((a, b) => a.add(b));

const titleOf = ({ layer, args, options, call, inputs, tensors, note }: Record_): string => {
  const shown = JSON.stringify({ ...options, ...call }).replaceAll('"', '');
  const shapes = inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(' ');
  return `${layer}(${args.join(', ')}) ${shown} ${Object.keys(tensors).join(' ')} of ${shapes}${note ? `, ${note}` : ''}`;
};

/** Everything that a record says holds; throws where it does not. */
function check(record: Record_, change: (x: Tensor, name: string) => Tensor = (x) => x): void {
  const layer = layerOf(record);
  const inputs = record.inputs.map((x, i) => made(x).requiresGrad_(!record.fixed.includes(i)));
  const outputs = run(layer, record, inputs);
  expect(outputs.length).toBe(record.outputs.length);
  outputs.forEach((y, i) => expect(change(y, `output ${i}`)).toBeAllClose(made(record.outputs[i]), tolerance));

  const leaves = inputs.filter((x) => x.requiresGrad);
  const names = layer?.namedParameters() ?? [];
  expect(names.map(([name]) => name)).toEqual(Object.keys(record.params));
  const wanted = [...record.grads.filter((g) => g !== null), ...Object.values(record.params)].map(made);
  const sources = [...leaves, ...names.map(([, x]) => x)];
  if (sources.length > 0) {
    const loss = lossOf(outputs);
    const plain = grad(loss, sources, { retainGraph: true, allowUnused: true }); // by fused rows where there are some
    const ruled = grad(loss, sources, { createGraph: true, allowUnused: true });
    wanted.forEach((expected, i) => {
      const none = sources[i].zerosLike();
      expect(change(plain[i] ?? none, `gradient ${i}`)).toBeAllClose(expected, tolerance);
      expect(ruled[i] ?? none).toBeAllClose(expected, tolerance);
    });
  }
  const buffers = Object.fromEntries(layer?.namedBuffers() ?? []);
  expect(Object.keys(buffers)).toEqual(Object.keys(record.after));
  for (const [name, x] of Object.entries(all(record.after))) {
    expect(change(buffers[name], name)).toBeAllClose(x, tolerance);
  }
}

describe("outputs, gradients and running statistics are PyTorch's", () => {
  test.each(records.map((record) => ({ record, title: titleOf(record) })))('$title', ({ record }) => {
    check(record);
  });

  test('for every layer that is there', () => {
    const tried = new Set(records.map(({ layer }) => layer));
    for (const name of ['Conv1d', 'Conv2d', 'ConvTranspose2d', 'LSTM', 'GRU', 'RNN', 'MultiheadAttention']) {
      expect(tried).toContain(name);
    }
  });
});

describe('the comparison sees', () => {
  const find = (layer: string): Record_ => records.find((record) => record.layer === layer)!;
  const slightly = (only: string) => (x: Tensor, name: string) => (name === only ? x.mul(1 + 1e-8) : x);

  test('an output, a gradient and a running statistic that are slightly wrong', () => {
    for (const wrong of ['output 0', 'gradient 0', 'gradient 2', 'running_var']) {
      expect(() => check(find('BatchNorm2d'), slightly(wrong))).toThrow('values differ');
    }
  });

  test('an option that is not heeded, and gates in another order', () => {
    const strided = records.find(({ layer, options }) => layer === 'Conv2d' && options.stride === 4)!;
    expect(() => check({ ...strided, options: { ...strided.options, stride: 3 } })).toThrow('shape');
    const lstm = find('LSTM');
    const { data } = lstm.state.weight_ih_l0;
    const swapped = {
      ...lstm.state.weight_ih_l0,
      data: [...data.slice(data.length / 2), ...data.slice(0, data.length / 2)],
    };
    expect(() => check({ ...lstm, state: { ...lstm.state, weight_ih_l0: swapped } })).toThrow('values differ');
  });
});
