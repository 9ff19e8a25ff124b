/** PyTorch as the oracle of recurrent layers and packing (sequences.json, by test/fixtures/sequences.py), and what is refused. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { manualSeed } from '../../src/array/random.ts';
import { ones, randn, tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { check, recordsOf, titleOf, type Record_ } from './records.ts';

const { rnn } = nn.utils;
const records = recordsOf('sequences.json');
type Call = (x: unknown, state?: unknown) => unknown[];
type Options = Record<string, boolean | number | undefined>;

/** What a record's layer makes of its inputs, packed where it says so. */
function run(
  layer: nn.Module | null,
  [x, ...states]: readonly Tensor[],
  { call = {}, options = {}, layer: name }: Record_,
): unknown {
  const { lengths, ...rest } = call as { lengths?: readonly number[] };
  const isLstm = name.startsWith('LSTM');
  const state = states.length === 0 ? [] : [isLstm ? states : states[0]];
  if (!lengths) return (layer as unknown as Call)(x, ...state);
  const [output, end] = (layer as unknown as Call)(
    rnn.packPaddedSequence(x, lengths, { ...options, ...rest }),
    ...state,
  );
  return [(output as nn.utils.rnn.PackedSequence).data, end];
}

const asTensors = ({ data, batchSizes, sortedIndices }: nn.utils.rnn.PackedSequence): Tensor[] => [
  data,
  tensor(batchSizes),
  tensor(sortedIndices ?? []),
];

/** What a function of packing makes of its inputs. */
function byFunction(_: unknown, inputs: readonly Tensor[], { layer, call = {} }: Record_): unknown {
  const { lengths = [], pack = {}, ...options } = call as { lengths?: readonly number[]; pack?: Options } & Options;
  const [x] = inputs;
  switch (layer) {
    case 'packPaddedSequence':
      return asTensors(rnn.packPaddedSequence(x, lengths, options));
    case 'padPackedSequence': {
      const [padded, found] = rnn.padPackedSequence(rnn.packPaddedSequence(x, lengths, pack), options);
      return [padded, tensor(found)];
    }
    case 'padSequence':
      return rnn.padSequence(inputs, options);
    case 'packSequence':
      return asTensors(rnn.packSequence(inputs, options));
    case 'unpackSequence':
      return rnn.unpackSequence(rnn.packSequence(inputs, { enforceSorted: false }));
    default:
      return rnn.unpadSequence(x, tensor([1, 3]), options);
  }
}

describe("outputs, states, gradients and second gradients are PyTorch's", () => {
  test.each(records.map((record) => ({ record, title: titleOf(record) })))('$title', ({ record }) => {
    check(record, /^p|^unp/.test(record.layer) ? byFunction : run);
  });
  test('for every recurrent layer and function of packing', () => {
    const tried = new Set(records.map(({ layer }) => layer));
    const there = [...Object.keys(nn).filter((name) => /^(LSTM|GRU|RNN)/.test(name)), ...Object.keys(rnn)];
    expect([...tried].sort()).toEqual(there.sort());
  });
});

describe('the comparison sees', () => {
  const packed = records.find(
    ({ layer, call, options }) => layer === 'GRU' && call?.lengths && options?.bidirectional,
  )!;
  test('a state and gradients that are slightly wrong, at second order too', () => {
    for (const wrong of ['output 0', 'output 1', 'gradient 0', 'gradient 3', 'second 0', 'second 5']) {
      const slightly = (x: Tensor, name: string): Tensor => (name === wrong ? x.mul(1 + 1e-8).add(1e-8) : x);
      expect(() => check(packed, run, slightly)).toThrow('values differ');
    }
  });
  test('a length that is not heeded', () => {
    const lengths = (packed.call!.lengths as number[]).map((n) => Math.max(n, 2));
    expect(() => check({ ...packed, call: { ...packed.call, lengths } }, run)).toThrow(/shape|differ/);
  });
});

test('dropout acts between layers, in training only', () => {
  const x = randn([5, 2, 3]);
  for (const Layer of [nn.LSTM, nn.GRU, nn.RNN]) {
    const layer = new Layer(3, 4, { numLayers: 2, dropout: 0.5 });
    const outputs = (): string[] => [1, 2].map(() => String((layer as nn.GRU)(x)[0]));
    manualSeed(1);
    const [a, b] = outputs();
    expect(a).not.toBe(b);
    layer.eval();
    const [c, d] = outputs();
    expect(c).toBe(d);
    const single = new Layer(3, 4, { dropout: 0.5 });
    expect(String((single as nn.GRU)(x)[0])).toBe(String((single as nn.GRU)(x)[0]));
  }
});

test('the padding of a packed sequence is of no consequence, not even NaN', () => {
  const gru = new nn.GRU(2, 3, { bidirectional: true, numLayers: 2 });
  const x = randn([4, 2, 2]);
  const spoilt = x.where(tensor([[1, 1], [1, 1], [1, 0], [1, 0]]).unsqueeze(2), NaN); // prettier-ignore
  const [clean, cleanEnd] = gru(rnn.packPaddedSequence(x, [4, 2]));
  const [output, end] = gru(rnn.packPaddedSequence(spoilt, [4, 2]));
  expect([output.data.toArray(), end.toArray()]).toEqual([clean.data.toArray(), cleanEnd.toArray()]);
});

const S = ShapeError;
const V = ValueError;
const lstm = new nn.LSTM(2, 3);
const x = zeros([4, 2, 2]);
const refused: readonly (readonly [string, () => unknown, typeof ShapeError | typeof ValueError, string])[] = [
  ['a sequence of four dims', () => lstm(zeros([1, 4, 2, 2])), S, 'LSTM: x must be [T, B, 2], or [T, 2], with at least one time T, got [1, 4, 2, 2]'],
  ['one sequence of other inputs', () => lstm(zeros([4, 3])), S, 'LSTM: x must be [T, B, 2], or [T, 2], with at least one time T, got [4, 3]'],
  ['one sequence of no time', () => lstm(zeros([0, 2])), S, 'with at least one time T, got [0, 2]'],
  ['a batch with the state of one sequence', () => lstm(x, [zeros([1, 3]), zeros([1, 3])]), S, 'LSTM: an initial state must have the shape [1, 2, 3], got [1, 3]'],
  ['one sequence with the state of a batch', () => lstm(zeros([4, 2]), [zeros([1, 1, 3]), zeros([1, 1, 3])]), S, 'LSTM: an initial state must have the shape [1, 3], got [1, 1, 3]'],
  ['a state without its second half', () => lstm(x, [zeros([1, 2, 3])] as never), S, 'LSTM: an initial state must have the shape [1, 2, 3], got none'],
  ['a projection to as many', () => new nn.LSTM(2, 3, { projSize: 3 }), V, 'LSTM: projSize must be a whole number from 0 to 2, got 3'],
  ['a negative projection', () => new nn.LSTM(2, 3, { projSize: -1 }), V, 'LSTM: projSize must be'],
  ['a projected state of the wrong size', () => new nn.LSTM(2, 3, { projSize: 1 })(x, [zeros([1, 2, 3]), zeros([1, 2, 3])]), S, 'LSTM: an initial state must have the shape [1, 2, 1], got [1, 2, 3]'],
  ['packed sequences of other inputs', () => new nn.GRU(3, 2)(rnn.packPaddedSequence(x, [4, 1])), S, 'GRU: x must be'],
  ['another nonlinearity', () => new nn.RNN(2, 3, { nonlinearity: 'sigmoid' as 'relu' }), V, "RNN: the nonlinearity must be 'tanh' or 'relu', got 'sigmoid'"],
  ['a length too few', () => rnn.packPaddedSequence(x, [4]), S, 'packPaddedSequence: there must be a length for each of 2 sequences, got 1'],
  ['no sequence', () => rnn.packPaddedSequence(zeros([4, 0, 2]), []), S, 'packPaddedSequence: there must be a length for each of 0 sequences, got 0'],
  ['a length of 0', () => rnn.packPaddedSequence(x, [4, 0]), V, 'packPaddedSequence: lengths must be whole numbers from 1 to 4, got 0'],
  ['a length beyond the end', () => rnn.packPaddedSequence(x, tensor([5, 1])), V, 'packPaddedSequence: lengths must be whole numbers from 1 to 4, got 5'],
  ['lengths that rise', () => rnn.packPaddedSequence(x, [1, 4]), V, 'packPaddedSequence: lengths must not rise, got 1, 4; pass enforceSorted: false to have them put in order'],
  ['a vector to pack', () => rnn.packPaddedSequence(zeros([4]), [4]), S, 'packPaddedSequence: sequences must be [T, B, …], or [B, T, …] with batchFirst, got [4]'],
  ['sequences that rise', () => rnn.packSequence([ones([1]), ones([2])]), V, 'packSequence: lengths must not rise, got 1, 2; pass enforceSorted: false'],
  ['sequences that are unlike', () => rnn.packSequence([ones([2, 2]), ones([1, 3])]), S, 'packSequence: sequences must be [T, …], not empty, alike but for T, got [2, 2], [1, 3]'],
  ['no sequences', () => rnn.padSequence([]), S, 'padSequence: sequences must be [T, …], not empty, alike but for T, got none'],
  ['a total that is too short', () => rnn.padPackedSequence(rnn.packSequence([ones([3])]), { totalLength: 2 }), V, 'padPackedSequence: totalLength must be the longest length, 3, or more, got 2'],
  ['lengths of another batch', () => rnn.unpadSequence(x, [4]), S, 'unpadSequence: there must be a length for each of 2 sequences, got 1'],
]; // prettier-ignore
test.each(refused.map(([title, run, Class, message]) => ({ title, run, Class, message })))(
  'refused: $title',
  ({ run, Class, message }) => {
    expect(run).toThrow(Class);
    expect(run).toThrow(message);
  },
);
