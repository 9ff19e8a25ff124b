/** PyTorch as the oracle of losses, as functions and as modules: losses.json was written by test/fixtures/losses.py. */
import { describe, expect, test } from 'vitest';
import { stack } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { all, check, recordsOf, titleOf, type Named, type Record_ } from './records.ts';

const records = recordsOf('losses.json');
type Call = (...args: unknown[]) => Tensor;

/** What a record's function makes of its inputs. */
function byFunction(_: unknown, inputs: readonly Tensor[], record: Record_): Tensor {
  const { inputLengths, targetLengths, ...options } = { ...record.options, ...all(record.tensors) } as Named<unknown>;
  const f = (nn.functional as unknown as Named<Call>)[record.layer];
  if (record.layer !== 'ctcLoss') return f(...inputs, options);
  return f(inputs[0].logSoftmax(-1), inputs[1], inputLengths, targetLengths, options);
}

/** The module of a function: bceWithLogits has another name, and capitals differ. */
const named: Named<string> = { binarycrossentropy: 'bceloss', binarycrossentropywithlogits: 'bcewithlogitsloss', kldiv: 'kldivloss', crossentropy: 'crossentropyloss' }; // prettier-ignore
function moduleOf(layer: string): new (options: Named<unknown>) => nn.Module {
  const name = named[layer.toLowerCase()] ?? layer.toLowerCase();
  const found = Object.entries(nn).find(([key]) => key.toLowerCase() === name);
  if (!found) throw new Error(`no module for ${layer}`);
  return found[1] as never;
}

function byModule(_: unknown, inputs: readonly Tensor[], record: Record_): Tensor {
  const { inputLengths, targetLengths, ...options } = { ...record.options, ...all(record.tensors) } as Named<unknown>;
  const call = new (moduleOf(record.layer))(options) as unknown as Call;
  if (record.layer !== 'ctcLoss') return call(...inputs);
  return call(inputs[0].logSoftmax(-1), inputs[1], inputLengths, targetLengths);
}

describe("values, gradients and second gradients are PyTorch's", () => {
  test.each(records.map((record) => ({ record, title: titleOf(record) })))('$title', ({ record }) => {
    check(record, byFunction);
  });

  test('of modules as of functions', () => {
    for (const record of records.filter((_, i) => i % 3 === 0)) check({ ...record, seconds: {}, second: [] }, byModule);
  });

  test('of inputs with gaps between their numbers, in which stands NaN', () => {
    const gappy = (x: Tensor): Tensor => stack([x, x.detach().mul(NaN)], -1).select(-1, 0);
    for (const record of records.filter((_, i) => i % 3 === 1)) check({ ...record, second: null, note: 'a kink' }, (_, inputs) => byFunction(_, inputs.map(gappy), record)); // prettier-ignore
  });

  test('for every loss that is there', () => {
    const tried = new Set(records.map(({ layer }) => layer));
    const losses = Object.keys(nn.functional).filter((name) => /Loss$|ntropy|klDiv/.test(name));
    expect([...tried].sort()).toEqual(losses.sort());
    const modules = Object.keys(nn).filter((name) => name.endsWith('Loss'));
    expect([...tried].map((name) => moduleOf(name).name).sort()).toEqual(modules.sort());
  });
});
