/** PyTorch as the oracle of attention, Transformers and positions (transformer.json, by test/fixtures/transformer.py), and what is refused. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { ones, randn, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { all, check, recordsOf, titleOf, type Named, type Record_ } from './records.ts';

const F = nn.functional;
const records = recordsOf('transformer.json');
type Call = (...inputs: unknown[]) => unknown;
type Make = new (...args: unknown[]) => nn.Module;

/** The module of a record, of float64; stacks are made of layers, as many as the call says. */
function build({ layer, args = [], options = {}, call = {} }: Record_): nn.Module {
  const Classes = nn as unknown as Named<Make>;
  const given: Named<unknown> = {
    ...options,
    dtype: 'float64',
    ...(options.activation === 'tanh' && { activation: (x: Tensor): Tensor => x.tanh() }),
  };
  if (layer === 'TransformerEncoder' || layer === 'TransformerDecoder') {
    const one = (): nn.Module => new Classes[`${layer}Layer`](...args, given);
    return new Classes[layer](
      one,
      call.layers,
      call.norm === true ? new nn.LayerNorm(args[0] as number, { dtype: 'float64' }) : null,
    );
  }
  return layer === 'Transformer' ? new nn.Transformer(given) : new Classes[layer](...args, given);
}

function run(layer: nn.Module | null, inputs: readonly Tensor[], record: Record_): unknown {
  const options = { ...record.call, ...all(record.tensors) };
  if (layer === null) return (F as unknown as Named<Call>)[record.layer](...inputs, options);
  if (record.layer === 'PositionalEncoding') return (layer as unknown as Call)(inputs[0]);
  if (record.layer !== 'MultiheadAttention') return (layer as unknown as Call)(...inputs, options);
  const [q, k = q, v = k] = inputs;
  return (layer as nn.MultiheadAttention)(q, k, v, options);
}

describe("outputs, gradients and second gradients are PyTorch's", () => {
  test.each(records.map((record) => ({ record, title: titleOf(record) })))('$title', ({ record }) => {
    check(record, run, undefined, build);
  });
  test('for every module of attention and positions that PyTorch has, or a formula', () => {
    const tried = new Set(records.map(({ layer }) => layer));
    const there = Object.keys(nn).filter((name) => /^Transformer|Attention$|^Positional/.test(name));
    expect(there.filter((name) => !tried.has(name))).toEqual([]);
  });
});

describe('the comparison sees', () => {
  const find = (layer: string, what: (r: Record_) => boolean): Record_ =>
    records.find((r) => r.layer === layer && what(r))!;
  test('a Transformer whose gradients are slightly wrong, at second order too', () => {
    const record = find('Transformer', ({ tensors }) => tensors === undefined);
    for (const wrong of ['output 0', 'gradient 0', 'gradient 7', 'second 1', 'second 9']) {
      const slightly = (x: Tensor, name: string): Tensor => (name === wrong ? x.mul(1 + 1e-8).add(1e-8) : x);
      expect(() => check(record, run, slightly, build)).toThrow('values differ');
    }
  });
  test('a norm in the wrong place, another activation, and a mask that is not heeded', () => {
    const record = find(
      'TransformerEncoderLayer',
      ({ options, tensors }) => options?.normFirst === true && tensors !== undefined,
    );
    for (const change of [{ normFirst: false }, { activation: 'gelu' }]) {
      expect(() => check({ ...record, options: { ...record.options, ...change } }, run, undefined, build)).toThrow(
        'values differ',
      );
    }
    const { srcMask } = record.tensors!;
    expect(() => check({ ...record, tensors: { srcMask } }, run, undefined, build)).toThrow('values differ');
    expect(() => check({ ...record, tensors: {}, call: { srcIsCausal: true } }, run, undefined, build)).toThrow(
      'values differ',
    );
  });
});

describe('beside what the records say', () => {
  const x = randn([5, 2, 4], { dtype: 'float64' });
  test('isCausal is the mask of what lies ahead, with keys behind the sequence too', () => {
    const attnMask = nn.Transformer.generateSquareSubsequentMask(5);
    for (const options of [{}, { addBiasKv: true }, { addZeroAttn: true, addBiasKv: true }]) {
      const heads = new nn.MultiheadAttention(4, 2, { ...options, dtype: 'float64' });
      const [masked, weights] = heads(x, x, x, { attnMask });
      const [causal, same] = heads(x, x, x, { isCausal: true });
      expect([causal.toArray(), same!.toArray()]).toEqual([masked.toArray(), weights!.toArray()]);
    }
    const layer = new nn.TransformerDecoderLayer(4, 2, { dropout: 0, dtype: 'float64' });
    expect(layer(x, x, { tgtIsCausal: true, memoryIsCausal: true }).toArray()).toEqual(
      layer(x, x, { tgtMask: attnMask, memoryMask: attnMask }).toArray(),
    );
  });
  test('dropout acts in training only', () => {
    const layer = new nn.TransformerEncoder(
      () => new nn.TransformerEncoderLayer(4, 2, { dropout: 0.5, dtype: 'float64' }),
      2,
    );
    expect(String(layer(x))).not.toBe(String(layer(x)));
    layer.eval();
    expect(String(layer(x))).toBe(String(layer(x)));
    const positions = new nn.PositionalEncoding(4, { dropout: 0.5 });
    expect(positions(ones([9, 4])).eq(0).any().item()).toBe(1); // prettier-ignore
    expect(positions.eval()(ones([9, 4])).min().item()).toBeCloseTo(1 + Math.cos(3), 6); // prettier-ignore
  });
  test('layers of a stack start unlike, matrices of a Transformer by xavierUniform_', () => {
    const model = new nn.Transformer({
      dModel: 8,
      nhead: 2,
      numEncoderLayers: 2,
      numDecoderLayers: 1,
      dimFeedforward: 24,
    });
    const { 'encoder.layers.0.linear1.weight': a, 'encoder.layers.1.linear1.weight': b } = model.stateDict();
    expect(a.toArray()).not.toEqual(b.toArray());
    const bound = Math.sqrt(6 / 32);
    expect(a.abs().max().item()).toBeLessThanOrEqual(bound + 1e-6);
    expect(a.abs().max().item()).toBeGreaterThan(0.95 * bound);
    expect(
      new nn.TransformerEncoderLayer(8, 2, { bias: false }).namedParameters().every(([name]) => !name.includes('bias')),
    ).toBe(true);
  });
  test("an encoder and a decoder of one's own take the place of those", () => {
    class Double extends nn.Module {
      override forward(src: Tensor): Tensor {
        return src.mul(2);
      }
    }
    class Sum extends nn.Module {
      override forward(tgt: Tensor, memory: Tensor): Tensor {
        return tgt.add(memory);
      }
    }
    const model = new nn.Transformer({ dModel: 4, customEncoder: new Double(), customDecoder: new Sum() });
    expect(model(ones([2, 1, 4]), ones([2, 1, 4])).toArray()).toEqual([[[3, 3, 3, 3]], [[3, 3, 3, 3]]]);
  });
  test('learned positions are added, and trained', () => {
    const layer = new nn.LearnedPositionalEncoding(6, 4, { batchFirst: true, dtype: 'float64' });
    const y = layer(x.transpose(0, 1));
    expect(y.sub(x.transpose(0, 1)).select(0, 1).toArray()).toEqual(
      layer.weight.narrow(0, 0, 5).add(x.select(1, 1)).sub(x.select(1, 1)).toArray(),
    );
    y.sum().backward();
    expect(layer.weight.grad!.sum(1).toArray()).toEqual([8, 8, 8, 8, 8, 0]);
    expect(new nn.LearnedPositionalEncoding(6, 4, { dtype: 'float64' })(x).shape).toEqual([5, 2, 4]);
  });
  test('rotation leaves lengths, and products tell how far apart', () => {
    const rotate = new nn.RotaryEmbedding({ base: 50 });
    const [q, k] = [randn([1, 4], { dtype: 'float64' }), randn([1, 4], { dtype: 'float64' })];
    const at = (m: number, n: number): number => rotate(q, m).mul(rotate(k, n)).sum().item(); // prettier-ignore
    expect(at(3, 5)).toBeCloseTo(at(10, 12), 12);
    expect(Math.abs(at(3, 5) - at(3, 6))).toBeGreaterThan(1e-6);
    expect(rotate(q, 9).square().sum().item()).toBeCloseTo(q.square().sum().item(), 12); // prettier-ignore
  });
});

const S = ShapeError;
const V = ValueError;
const s = zeros([3, 2, 4]);
const heads = new nn.MultiheadAttention(4, 2);
const small = { dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 4 };
const model = new nn.Transformer(small);
const refused: readonly (readonly [string, () => unknown, typeof ShapeError | typeof ValueError, string])[] = [
  ['heads of keys that do not divide those of queries', () => F.scaledDotProductAttention(zeros([3, 2, 4]), zeros([2, 5, 4]), zeros([2, 5, 4]), { enableGqa: true }), S, 'scaledDotProductAttention: queries must have a whole multiple of the heads (dim −3) of keys and values, got [3, 2, 4] and [2, 5, 4]'],
  ['grouped heads without heads', () => F.scaledDotProductAttention(zeros([2, 4]), zeros([5, 4]), zeros([5, 4]), { enableGqa: true }), S, 'queries must have a whole multiple'],
  ['keys of no size', () => new nn.MultiheadAttention(4, 2, { kdim: 0 }), V, 'MultiheadAttention: kdim and vdim must be whole numbers above 0, got 0 and 4'],
  ['keys of another size than kdim', () => new nn.MultiheadAttention(4, 2, { kdim: 3 })(s, s, s), S, 'MultiheadAttention: queries must be [L, B, 4] for keys [S, B, 3] and values [S, B, 4], got [3, 2, 4], [3, 2, 4], [3, 2, 4]'],
  ['one query sequence and a batch of keys', () => heads(zeros([3, 4]), s, s), S, 'MultiheadAttention: queries must be [L, B, 4] for keys and values [S, B, 4], got [3, 4], [3, 2, 4], [3, 2, 4]'],
  ['attention of four dims', () => heads(zeros([1, 3, 2, 4]), s, s), S, 'MultiheadAttention: queries must be'],
  ['padding of another length, without a batch', () => heads(zeros([3, 4]), zeros([3, 4]), zeros([3, 4]), { keyPaddingMask: zeros([2]) }), S, 'MultiheadAttention: keyPaddingMask must be [B, S] = [1, 3], got [1, 2]'],
  ['scores to add of another shape', () => heads(s, s, s, { attnBias: zeros([2, 2]) }), S, 'attnBias must be [L, S] = [3, 3] or [B·heads, L, S] = [4, 3, 3], got [2, 2]'],
  ['an activation that is not known', () => new nn.TransformerEncoderLayer(4, 2, { activation: 'swish' as 'relu' }), V, "Transformer: the activation must be 'relu', 'gelu' or a function, got 'swish'"],
  ['heads that do not divide', () => new nn.TransformerDecoderLayer(5, 2), V, 'MultiheadAttention: embedDim must be a whole multiple of numHeads, got 5 and 2'],
  ['a dropout that is no probability', () => new nn.TransformerEncoderLayer(4, 2, { dropout: 2 }), V, 'dropout must be a probability from 0 to 1, got 2'],
  ['a layer that would have to be copied', () => new nn.TransformerEncoder({} as never, 2), V, 'TransformerEncoder: layers must be made by a function, for one that is there cannot be copied, got object; pass () => new nn.TransformerEncoderLayer(…), or the like'],
  ['a layer that is there, which can be called', () => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(4, 2) as never, 2), V, 'TransformerDecoder: layers must be made by a function, for one that is there cannot be copied, got a TransformerDecoderLayer'],
  ['half a layer', () => new nn.TransformerEncoder(() => new nn.TransformerEncoderLayer(4, 2), 0.5), V, 'TransformerEncoder: the number of layers must be a whole number of 0 or more, got 0.5'],
  ['src and tgt of different batches', () => model(s, zeros([3, 1, 4])), S, 'Transformer: src must be [S, B, 4] and tgt [T, B, 4], got [3, 2, 4] and [3, 1, 4]'],
  ['src of another size', () => model(zeros([3, 2, 5]), s), S, 'Transformer: src must be [S, B, 4] and tgt [T, B, 4], got [3, 2, 5] and [3, 2, 4]'],
  ['one sequence and a batch', () => new nn.Transformer({ ...small, batchFirst: true })(zeros([3, 4]), s), S, 'Transformer: src must be [B, S, 4] and tgt [B, T, 4], got [3, 4] and [3, 2, 4]'],
  ['positions of another size', () => new nn.PositionalEncoding(6)(s), S, 'PositionalEncoding: x must be [T, B, 6], or [T, 6], got [3, 2, 4]'],
  ['more positions than were learned', () => new nn.LearnedPositionalEncoding(2, 4)(s), S, 'LearnedPositionalEncoding: there must be at most 2 positions, got 3'],
  ['an odd number of dims to turn', () => F.rotaryEmbedding(zeros([3, 5])), S, 'rotaryEmbedding: x must be […, T, D] with an even D, got [3, 5]'],
  ['a base of 0', () => F.rotaryEmbedding(s, { base: 0 }), V, 'rotaryEmbedding: the base must be above 0, got 0'],
]; // prettier-ignore
test.each(refused.map(([title, run, Class, message]) => ({ title, run, Class, message })))(
  'refused: $title',
  ({ run, Class, message }) => {
    expect(run).toThrow(Class);
    expect(run).toThrow(message);
  },
);
