/** GPT against GPT-2 as PyTorch computes it (gpt2.json, written by test/fixtures/gpt2.py), and against itself. */
import { describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { randn, tensor, zeros } from '../../src/create.ts';
import { noGrad } from '../../src/engine.ts';
import { GPT, gptFromHuggingFace, gptToHuggingFace, tokenLoss, type GPTConfig } from '../../src/models/index.ts';
import { rotaryEmbedding } from '../../src/nn/positions.ts';
import { AdamW } from '../../src/optim/index.ts';
import { allMade, made, readFixture, sums, type Numbers } from './fixture.ts';

type Named<T> = Readonly<Record<string, T>>;
const fixture = readFixture('gpt2') as {
  readonly config: Named<unknown>;
  readonly state: Named<Numbers>;
  readonly tokens: number[][];
  readonly targets: number[][];
  readonly logits: Numbers;
  readonly loss: number;
  readonly gradients: Named<Numbers>;
  readonly gradientSums: Named<[number, number]>;
};
const tolerance = { rtol: 1e-9, atol: 1e-10 };
const checkpoint = allMade(fixture.state);
const load = (tensors = checkpoint, config = fixture.config): GPT =>
  gptFromHuggingFace(config, tensors, { dtype: 'float64' }).eval();

const small: GPTConfig = { vocabSize: 13, blockSize: 10, nLayer: 2, nHead: 2, nEmbd: 8 };

describe("a GPT-2 checkpoint in Hugging Face's layout", () => {
  test("gives PyTorch's logits, loss and gradients", () => {
    const model = load();
    const logits = model(tensor(fixture.tokens));
    expect(logits).toBeAllClose(made(fixture.logits), tolerance);
    const loss = tokenLoss(logits, tensor(fixture.targets));
    expect(loss.item()).toBeAllClose(fixture.loss, tolerance);
    loss.backward();
    const parameters = Object.fromEntries(model.namedParameters());
    expect(Object.keys(parameters).sort()).toEqual(Object.keys(fixture.state).sort());
    for (const [name, p] of Object.entries(parameters)) {
      const turned = /\.(c_attn|c_proj|c_fc)\.weight$/.test(name); // Conv1D
      const g = turned ? p.grad!.t() : p.grad!;
      expect(sums(g)).toBeAllClose(fixture.gradientSums[name], { rtol: 1e-8, atol: 1e-9 });
      if (name in fixture.gradients) expect(g).toBeAllClose(made(fixture.gradients[name]), { rtol: 1e-8, atol: 1e-10 });
    }
  });

  test("loads with the prefix 'transformer.', the tied head and the masks of old files", () => {
    const prefixed = Object.fromEntries(Object.entries(checkpoint).map(([name, x]) => [`transformer.${name}`, x]));
    const old = {
      ...prefixed,
      'lm_head.weight': checkpoint['wte.weight'],
      'transformer.h.0.attn.bias': zeros([1, 1, 6, 6]),
      'transformer.h.1.attn.masked_bias': zeros([]),
    };
    expect(load(old)(tensor(fixture.tokens))).toBeAllClose(made(fixture.logits), tolerance);
  });

  test('goes back to the same layout, name by name and bit by bit', () => {
    const { config, tensors } = gptToHuggingFace(load());
    expect(config).toMatchObject(fixture.config);
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(checkpoint).map((name) => `transformer.${name}`).sort()); // prettier-ignore
    for (const [name, x] of Object.entries(tensors)) {
      expect(x.toArray()).toEqual(checkpoint[name.slice('transformer.'.length)].toArray());
    }
  });

  test('with a head of its own keeps it', () => {
    const head = checkpoint['wte.weight'].mul(2);
    const untied = load({ ...checkpoint, 'lm_head.weight': head }, { ...fixture.config, tie_word_embeddings: false });
    expect(untied(tensor(fixture.tokens))).toBeAllClose(made(fixture.logits).mul(2), tolerance);
    expect(Object.keys(gptToHuggingFace(untied).tensors)).toContain('lm_head.weight');
  });

  test('of another architecture, or cut off, is refused with all faults', () => {
    const { 'h.1.ln_2.bias': _, ...cut } = checkpoint;
    expect(() => load({ ...cut, 'h.2.ln_1.bias': zeros([8]), 'wpe.weight': zeros([5, 8]) })).toThrow(
      /3 faults\s+wpe.weight must have the shape \[6, 8\] and has \[5, 8\]\s+h.1.ln_2.bias \[8\] is missing\s+h.2.ln_1.bias \[8\] is not/,
    );
    const config = (changes: object) => () => load(checkpoint, { ...fixture.config, ...changes });
    expect(config({ model_type: 'bert' })).toThrow("'model_type' in config.json must be 'gpt2', got 'bert'");
    expect(config({ n_embd: undefined })).toThrow("config.json must have a number 'n_embd', got none");
    expect(config({ activation_function: 'relu' })).toThrow("must be 'gelu_new' or 'gelu_pytorch_tanh' or 'gelu'");
    expect(config({ attn_pdrop: 0 })).toThrow('resid_pdrop and embd_pdrop and attn_pdrop in config.json must be equal, got 0.1 and 0.1 and 0'); // prettier-ignore
    expect(config({ scale_attn_by_inverse_layer_idx: true })).toThrow("must be 'false', got 'true'");
    const rotary = new GPT({ ...small, positions: 'rotary' });
    expect(() => gptToHuggingFace(rotary)).toThrow('learned positions and biases');
  });
});

describe('the comparison sees', () => {
  test('a Conv1D weight that is not turned around, biases that are swapped, and another gelu', () => {
    const square = { ...checkpoint, 'h.0.attn.c_proj.weight': checkpoint['h.0.attn.c_proj.weight'].t() };
    const swapped = {
      ...checkpoint,
      'h.0.ln_1.bias': checkpoint['h.0.ln_2.bias'],
      'h.0.ln_2.bias': checkpoint['h.0.ln_1.bias'],
    };
    for (const wrong of [
      load(square),
      load(swapped),
      load(checkpoint, { ...fixture.config, activation_function: 'gelu' }),
    ]) {
      const logits = wrong(tensor(fixture.tokens));
      expect(() => expect(logits).toBeAllClose(made(fixture.logits), tolerance)).toThrow('values differ');
    }
    const g = tensor([[1, 2], [3, 4]]); // prettier-ignore
    expect(sums(g)[0]).not.toBeCloseTo(sums(g.t())[0]);
  });
});

describe.each(['learned', 'rotary'] as const)('with %s positions', (positions) => {
  const model = new GPT({ ...small, positions }, { dtype: 'float64', generator: new Generator(1) });
  const tokens = tensor([[1, 12, 3, 3, 0, 7], [5, 5, 9, 2, 2, 2]]); // prettier-ignore

  test('logits at t depend on the tokens up to t, on all of them, and on no later one', () => {
    const before = model(tokens);
    for (const t of [0, 3, 5]) {
      const changed = tokens.clone();
      changed.select(1, t).fill_(8);
      const moved = model(changed).sub(before).abs().amax([0, 2]).gt(1e-9).toArray(); // prettier-ignore
      expect(moved).toEqual([0, 1, 2, 3, 4, 5].map((at) => (at >= t ? 1 : 0)));
    }
  });

  test('the cache gives the logits of the whole, whether tokens come one by one or several at once', () => {
    const whole = model(tokens);
    for (const sizes of [
      [1, 1, 1, 1, 1, 1],
      [4, 2],
      [1, 3, 2],
    ]) {
      const cache = model.newState();
      let at = 0;
      for (const size of sizes) {
        const part = noGrad(() => model(tokens.narrow(1, at, size), cache));
        expect(part).toBeAllClose(whole.narrow(1, at, size), { rtol: 1e-10, atol: 1e-12 });
        at += size;
      }
      expect(cache[1].k?.shape).toEqual([2, 2, 6, 4]);
    }
  });

  test('the same tokens in another order give other logits', () => {
    const [a, b] = [model(tensor([[1, 2, 3]])), model(tensor([[2, 1, 3]]))];
    expect(a.select(1, -1).sub(b.select(1, -1)).abs().amax().item()).toBeGreaterThan(1e-6);
  });
});

describe('a GPT', () => {
  test('that turns queries and keys sees distances only, and keeps lengths', () => {
    const [q, k] = [randn([1, 1, 9, 6], { dtype: 'float64' }), randn([1, 1, 9, 6], { dtype: 'float64' })];
    const [same, other] = [q.narrow(2, 0, 1).expand([1, 1, 9, 6]), k.narrow(2, 0, 1).expand([1, 1, 9, 6])];
    const turned = rotaryEmbedding(same, { offset: 3 })
      .matmul(rotaryEmbedding(other, { offset: 3 }).mT)
      .reshape([9, 9]);
    for (const [i, j] of [
      [0, 1],
      [4, 2],
      [6, 6],
    ]) {
      // prettier-ignore
      expect(turned.index(i, j).item()).toBeAllClose(turned.index(i + 2, j + 2).item(), { rtol: 1e-6 });
    }
    expect(turned.index(0, 1).sub(turned.index(0, 2)).abs().item()).toBeGreaterThan(1e-3);
    const far = rotaryEmbedding(k, { offset: 1000 });
    expect(far.square().sum(-1)).toBeAllClose(k.square().sum(-1), { rtol: 1e-6 });
  });

  test('starts as GPT-2 does: σ = 0.02, less before the residual stream, biases 0, loss near ln V', () => {
    const model = new GPT({ ...small, nEmbd: 64, vocabSize: 100, tied: false }, { generator: new Generator(5) });
    for (const [name, p] of model.namedParameters()) {
      const std = /c_proj.weight$/.test(name)
        ? 0.01
        : /ln_.*weight$/.test(name)
          ? 0
          : name.endsWith('weight')
            ? 0.02
            : 0;
      expect(p.std().item()).toBeAllClose(std, { rtol: 0.1, atol: 0 });
      if (name.endsWith('bias')) expect(p.abs().amax().item()).toBe(0);
    }
    const loss = tokenLoss(model(zeros([1, 5])), tensor([[1, 2, 3, 4, 5]])).item();
    expect(loss).toBeAllClose(Math.log(100), { rtol: 0.05 });
  });

  test('without biases has none, and counts its tied table once', () => {
    const names = new GPT({ ...small, bias: false }).namedParameters().map(([name]) => name);
    expect(names.filter((name) => name.includes('bias'))).toEqual([]);
    const [tied, untied] = [new GPT(small), new GPT({ ...small, tied: false })];
    expect(untied.parameterCount() - tied.parameterCount()).toBe(13 * 8);
  });

  test('drops in training only, by its own generator', () => {
    const make = () => new GPT({ ...small, dropout: 0.3 }, { generator: new Generator(2) });
    const [a, b] = [make(), make()];
    const tokens = tensor([[1, 2, 3]]);
    expect(a(tokens).toArray()).toEqual(b(tokens).toArray());
    expect(a(tokens).toArray()).not.toEqual(a(tokens).toArray());
    a.eval();
    expect(a(tokens).toArray()).toEqual(a(tokens).toArray());
  });

  test('learns a cycle by heart', () => {
    const generator = new Generator(4);
    const model = new GPT({ ...small, vocabSize: 5 }, { generator });
    const optimizer = new AdamW(model.parameters(), { lr: 0.02 });
    const row = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0];
    let loss = Infinity;
    for (let step = 0; step < 60; step++) {
      model.zeroGrad();
      const l = tokenLoss(model(tensor([row.slice(0, 10)])), tensor([row.slice(1)]));
      l.backward();
      optimizer.step();
      loss = l.item();
    }
    expect(loss).toBeLessThan(0.05);
  });

  test('refuses what makes no sense', () => {
    const made = (changes: Partial<GPTConfig>) => () => new GPT({ ...small, ...changes });
    expect(made({ nHead: 3 })).toThrow('GPT: nEmbd must be a multiple of nHead, got 8 and 3');
    expect(made({ nEmbd: 6, positions: 'rotary' })).toThrow('GPT: nEmbd must be an even multiple of nHead');
    expect(made({ nLayer: 0 })).toThrow('GPT: nLayer must be a whole number, at least 1, got 0');
    expect(made({ dropout: 1 })).toThrow('GPT: dropout must be a probability, at least 0 and below 1, got 1');
    const model = new GPT(small);
    expect(() => model(zeros([3]))).toThrow('GPT: tokens must be [B, T] with at least one token, got [3]');
    expect(() => model(zeros([1, 11]))).toThrow('at most blockSize = 10 tokens in a row, got 11; cut the front');
    expect(() => model(tensor([[13]]))).toThrow('13');
    const cache = model.newState();
    model(zeros([1, 9]), cache);
    expect(() => model(zeros([1, 2]), cache)).toThrow('got 11, 9 of them remembered');
  });
});

describe('the loss of tokens', () => {
  test('passes over padding', () => {
    const logits = tensor([[[0, 1], [2, 0], [5, 5]]]); // prettier-ignore
    const kept = tokenLoss(logits.narrow(1, 0, 2), tensor([[0, 1]])).item();
    expect(tokenLoss(logits, tensor([[0, 1, -1]])).item()).toBe(kept);
    expect(() => tokenLoss(logits, tensor([[-1, -1, -1]]))).toThrow('some target must not be -1, got none');
    expect(() => tokenLoss(logits, tensor([[1, 1]]))).toThrow('[1, 3, 2] and [1, 2]');
    expect(() => tokenLoss(logits, tensor([[0, 1, -2]]))).toThrow('-2');
  });
});
