/** Replays records of PyTorch, as test/fixtures/record.py writes them: outputs, first and second gradients, buffers. */
import { expect } from 'vitest';
import { tensor } from '../../src/create.ts';
import { grad } from '../../src/engine.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { gradgradcheck } from '../../src/testing/gradcheck.ts';
import { read } from '../files.ts';

export interface Numbers {
  readonly shape: readonly number[];
  /** NaN and infinities are spelled out, for JSON has none. */
  readonly data: readonly (number | string)[];
}
export type Named<T> = Readonly<Record<string, T>>;
type Grads = readonly (Numbers | null)[] | null;

/** What is empty is left out in the file. */
export interface Record_ {
  readonly layer: string;
  readonly args?: readonly unknown[];
  readonly options?: Named<unknown>;
  readonly call?: Named<unknown>;
  readonly tensors?: Named<Numbers>;
  readonly state?: Named<Numbers>;
  readonly inputs: readonly Numbers[];
  readonly fixed?: readonly number[];
  readonly outputs: readonly Numbers[];
  readonly grads?: Grads;
  readonly second?: Grads;
  readonly params?: Named<Numbers>;
  readonly seconds?: Named<Numbers> | null;
  readonly after?: Named<Numbers>;
  readonly eval?: boolean;
  readonly note?: string;
}

const tolerance = { rtol: 1e-9, atol: 1e-9 };

export const recordsOf = (file: string): Record_[] => JSON.parse(read(`test/fixtures/${file}`)) as Record_[];

export const made = ({ shape, data }: Numbers): Tensor => tensor(Float64Array.from(data, Number)).reshape(shape);

export const all = (numbers: Named<Numbers> = {}): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(numbers).map(([name, x]) => [name, made(x)]));

/** All tensors of a result, however they are nested. */
export const flat = (y: unknown): Tensor[] =>
  y instanceof Object && !('nd' in y)
    ? Object.values(y).flatMap(flat)
    : y === null || y === undefined
      ? []
      : [y as Tensor];

/** Σ w ⊙ y over all, with the weights of record.py. */
export const weighed = (ys: readonly Tensor[]): Tensor =>
  ys
    .map((y) =>
      y
        .mul(tensor(Float64Array.from({ length: y.numel() }, (_, i) => 0.5 + ((7 * i) % 11) / 11)).reshape(y.shape))
        .sum(),
    ) // prettier-ignore
    .reduce((a, b) => a.add(b));

/** The layer of a record, of float64, as most are made. */
export function build({ layer, args = [], options = {} }: Record_): nn.Module {
  const Class = (nn as unknown as Named<new (...args: unknown[]) => nn.Module>)[layer];
  return new Class(...args, { ...options, dtype: 'float64' });
}

/** A layer with the record's state, whose names must be its own. */
function settled(module: nn.Module, { state = {}, eval: still = false }: Record_): nn.Module {
  expect(Object.keys(module.stateDict())).toEqual(Object.keys(state));
  module.loadStateDict(all(state));
  return module.train(!still);
}

export const titleOf = ({ layer, args = [], options, call, inputs, tensors = {}, note }: Record_): string => {
  const shown = JSON.stringify({ ...options, ...call }).replaceAll('"', '');
  const shapes = inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(' ');
  return `${layer}(${args.join(', ')}) ${shown} ${Object.keys(tensors).join(' ')} of ${shapes}${note ? `, ${note}` : ''}`;
};

export type Run = (layer: nn.Module | null, inputs: readonly Tensor[], record: Record_) => unknown;
export type Change = (x: Tensor, name: string) => Tensor;

/** Everything that a record says holds of what `run` gives; throws where it does not. `change` plants a mistake. */
export function check(record: Record_, run: Run, change: Change = (x) => x, make = build): void {
  const { fixed = [], grads = [], second = [], params = {}, seconds = {}, after = {} } = record;
  const layer = /^[A-Z]/.test(record.layer) ? settled(make(record), record) : null;
  const inputs = record.inputs.map((x, i) => made(x).requiresGrad_(!fixed.includes(i)));
  const outputs = flat(run(layer, inputs, record));
  expect(outputs.length).toBe(record.outputs.length);
  outputs.forEach((y, i) => expect(change(y, `output ${i}`)).toBeAllClose(made(record.outputs[i]), tolerance));

  const names = layer?.namedParameters() ?? [];
  expect(names.map(([name]) => name)).toEqual(Object.keys(params));
  const sources = [...inputs.filter((x) => x.requiresGrad), ...names.map(([, x]) => x)];
  if (sources.length > 0) {
    const listed = (own: Grads, named: Named<Numbers>): Tensor[] => [...(own ?? []).filter((g) => g !== null), ...Object.values(named)].map(made); // prettier-ignore
    const filled = (found: readonly (Tensor | null)[]): Tensor[] => found.map((g, i) => g ?? sources[i].zerosLike());
    const loss = weighed(outputs.filter((y) => y.requiresGrad));
    const plain = filled(grad(loss, sources, { retainGraph: true, allowUnused: true })); // by fused rows where there are some
    const ruled = filled(grad(loss, sources, { createGraph: true, allowUnused: true }));
    listed(grads, params).forEach((expected, i) => {
      expect(change(plain[i], `gradient ${i}`)).toBeAllClose(expected, tolerance);
      expect(ruled[i]).toBeAllClose(expected, tolerance);
    });
    const deeper = ruled.filter((g) => g.requiresGrad);
    if (record.note?.startsWith('a kink')) return; // no second derivative
    if (second === null || seconds === null) {
      // PyTorch has no second derivative: finite differences say what it is, unless they are NaN.
      if (inputs.some((x) => x.isfinite().all().item() === 0)) return;
      const free = inputs.filter((x) => x.requiresGrad);
      const whole = (xs: readonly Tensor[]): Tensor[] =>
        inputs.map((x) => (free.includes(x) ? xs[free.indexOf(x)] : x));
      const f = (...xs: Tensor[]): Tensor => weighed(flat(run(layer, whole(xs), record)));
      gradgradcheck(f, free);
    } else {
      const found = filled(deeper.length === 0 ? sources.map(() => null) : grad(weighed(deeper), sources, { allowUnused: true })); // prettier-ignore
      const expected = listed(second, seconds);
      expected.forEach((x, i) => expect(change(found[i], `second ${i}`)).toBeAllClose(x, tolerance));
    }
  }
  const buffers = Object.fromEntries(layer?.namedBuffers() ?? []);
  expect(Object.keys(buffers)).toEqual(Object.keys(after));
  for (const [name, x] of Object.entries(all(after))) expect(change(buffers[name], name)).toBeAllClose(x, tolerance);
}
