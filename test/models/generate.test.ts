/** Sampling: what may come, how often, and that the cache changes nothing. */
import { describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { tensor } from '../../src/create.ts';
import {
  generate,
  GPT,
  sample,
  stream,
  streamText,
  type GenerateOptions,
  type SampleOptions,
} from '../../src/models/index.ts';

/** How often each token comes, of 4000 draws from one row. */
function shares(logits: number[], options: SampleOptions): number[] {
  const rows = tensor(Array.from({ length: 4000 }, () => logits));
  const counts = logits.map(() => 0);
  for (const token of sample(rows, { ...options, generator: new Generator(1) })) counts[token]++;
  return counts.map((count) => count / 4000);
}
const softmax = (logits: number[]): number[] => tensor(logits).softmax(0).toArray() as number[];

describe('a sample', () => {
  const logits = [1, 3, 0, 2];
  const close = { rtol: 0, atol: 0.025 };

  test('comes as often as softmax(logits/temperature) says', () => {
    expect(shares(logits, {})).toBeAllClose(softmax(logits), close);
    expect(shares(logits, { temperature: 2 })).toBeAllClose(softmax([0.5, 1.5, 0, 1]), close);
    expect(shares(logits, { temperature: 0.5 })).toBeAllClose(softmax([2, 6, 0, 4]), close);
    expect(shares(logits, { temperature: 0 })).toEqual([0, 1, 0, 0]);
    expect(shares([-Infinity, 0, 0, -Infinity], {})).toBeAllClose([0, 0.5, 0.5, 0], close);
  });

  test('is one of the k likeliest', () => {
    expect(shares(logits, { topK: 2 })).toBeAllClose(softmax([-Infinity, 3, -Infinity, 2]), close);
    expect(shares(logits, { topK: 9 })).toBeAllClose(softmax(logits), close);
    expect(shares(logits, { topK: 1 })).toEqual([0, 1, 0, 0]);
  });

  test('is of the nucleus: the likeliest tokens that first reach p', () => {
    const p = [0.1, 0.6, 0.06, 0.24].map(Math.log);
    expect(shares(p, { topP: 0.5 })).toEqual([0, 1, 0, 0]);
    expect(shares(p, { topP: 0.61 })).toBeAllClose([0, 0.6 / 0.84, 0, 0.24 / 0.84], close);
    expect(shares(p, { topP: 0.93 })).toBeAllClose([0.1 / 0.94, 0.6 / 0.94, 0, 0.24 / 0.94], close);
    expect(shares(p, { topP: 1 })).toBeAllClose([0.1, 0.6, 0.06, 0.24], close);
    expect(shares(p, { topP: 0.7, topK: 2 })).toEqual([0, 1, 0, 0]); // of the two, 0.6 / 0.84 is enough
  });

  test('needs options in range and logits that are numbers', () => {
    const rows = tensor([logits]);
    expect(() => sample(rows, { temperature: -1 })).toThrow('sample: temperature must be at least 0, got -1');
    expect(() => sample(rows, { topK: 0 })).toThrow('sample: topK must be at least 1, got 0');
    expect(() => sample(rows, { topP: 0 })).toThrow('sample: topP must be above 0 and at most 1, got 0');
    expect(() => sample(tensor([1, 2]))).toThrow('sample: logits must be [B, V] with at least one token, got [2]');
    expect(() => sample(tensor([[NaN, NaN]]))).toThrow('sample: logits must be numbers, got NaN');
    expect(() => sample(tensor([[1, NaN, 2]]))).toThrow('sample: logits must be numbers, got NaN');
  });
});

describe.each(['learned', 'rotary'] as const)('generation with %s positions', (positions) => {
  const config = { vocabSize: 7, blockSize: 12, nLayer: 2, nHead: 2, nEmbd: 8, positions, dropout: 0.5 };
  const model = new GPT(config, { generator: new Generator(6) });
  for (const p of model.parameters()) if (p.ndim === 2) p.detach().mul_(12); // opinions, in place of equal chances
  const run = (options: Partial<GenerateOptions> = {}) =>
    generate(model, [1, 2], { maxNewTokens: 30, generator: new Generator(3), ...options });

  test('gives the same tokens with and without the cache, also beyond the length of its context', () => {
    for (const options of [{}, { temperature: 0 }, { topK: 3, temperature: 1.5 }, { topP: 0.8 }]) {
      const tokens = run(options);
      expect(tokens).toHaveLength(32);
      expect(run({ ...options, cache: false })).toEqual(tokens);
    }
  });

  test('follows its seed, and leaves the model training', () => {
    expect(run()).toEqual(run());
    expect(run()).not.toEqual(run({ generator: new Generator(4) }));
    model.h[0].eval();
    run();
    expect([model.training, model.h[0].training, model.h[1].training]).toEqual([true, false, true]);
    model.train();
  });

  test('of a batch gives for each prompt what it gives alone', () => {
    const prompts = [[1, 2], [5, 5], [0, 6]]; // prettier-ignore
    const options = { maxNewTokens: 20, temperature: 0 };
    expect(generate(model, prompts, options)).toEqual(prompts.map((prompt) => generate(model, prompt, options)));
  });

  test('ends with a stop token, each sequence with its own', () => {
    const tokens = run();
    const stop = tokens[6];
    const end = tokens.indexOf(stop, 2) + 1;
    expect(run({ stop: [stop] })).toEqual(tokens.slice(0, end));
    const options = { maxNewTokens: 20, temperature: 0 };
    const prompts = [[1, 2], [5, 5], [0, 6]]; // prettier-ignore
    const ended = generate(model, prompts, { ...options, stop: [stop] });
    expect(ended).toEqual(prompts.map((prompt) => generate(model, prompt, { ...options, stop: [stop] })));
  });

  test('streams the same tokens, and none is computed before it is asked for', () => {
    const generator = new Generator(3);
    const tokens = stream(model, [1, 2], { maxNewTokens: 30, generator });
    expect([...tokens]).toEqual(run().slice(2));
    const before = generator.getState();
    const more = stream(model, [1, 2], { maxNewTokens: 30, generator });
    expect(generator.getState()).toEqual(before);
    more.next();
    expect(generator.getState()).not.toEqual(before);
  });

  test('refuses an empty prompt and prompts of different lengths', () => {
    const o = { maxNewTokens: 1 };
    expect(() => generate(model, [], o)).toThrow('generate: prompts must have one length, at least 1, got none');
    expect(() => generate(model, [[]], o)).toThrow('prompts must have one length, at least 1, got 0');
    expect(() => generate(model, [[1], [1, 2]], o)).toThrow('prompts must have one length, at least 1, got 1, 2');
    expect(() => generate(model, [1], { maxNewTokens: 0.5 })).toThrow('maxNewTokens must be a whole number');
    expect(() => [...stream(model, [1], { maxNewTokens: 1, topP: 2 })]).toThrow('topP');
    expect(generate(model, [1], { maxNewTokens: 0 })).toEqual([1]);
  });
});

describe('a stream of text', () => {
  const model = new GPT({ vocabSize: 4, blockSize: 8, nLayer: 1, nHead: 1, nEmbd: 4 }, { generator: new Generator(1) });
  const bytes = [0xe2, 0x82, 0xac, 0x61]; // € and a
  const decode = (tokens: readonly number[]) => new TextDecoder().decode(Uint8Array.from(tokens, (t) => bytes[t]));
  const options = { maxNewTokens: 12, temperature: 0 };

  test('is what decoding all tokens gives, and no piece ends within a character', () => {
    model.forward = (tokens) => {
      const after = tokens.toArray() as number[][];
      return tensor(after.map((row) => row.map((t) => [0, 1, 2, 3].map((v) => (v === (t + 1) % 4 ? 9 : 0)))));
    };
    const pieces = [...streamText(model, { encode: () => [3], decode }, '', options)];
    expect(pieces).toEqual(['€', 'a', '€', 'a', '€', 'a']);
    const cut = [...streamText(model, { encode: () => [3], decode }, '', { ...options, maxNewTokens: 6 })];
    expect(cut).toEqual(['€', 'a', '\ufffd']); // the end may come within one
  });
});
