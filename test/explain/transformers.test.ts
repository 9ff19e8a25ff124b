/** The laws of explanations of transformers, on random small GPTs and BERTs, and on networks whose way to the answer is known. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { concat, Generator, nn, noGrad, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import * as explain from '../../src/explain/index.ts';
import { maxFlow, type Network } from '../../src/explain/maxFlow.ts';
import {
  activationPatching, attentionFlow, attentionRollout, attentionWeights, embeddingIntegratedGradients, generationAttributions, logitLens,
  type LayeredModel,
} from '../../src/explain/index.ts'; // prettier-ignore
import { BERT, BERTForClassification, BERTForMaskedLM, GPT, Transformer } from '../../src/models/index.ts';

const double = { dtype: 'float64' } as const;
const V = 7;

/** With weights so large that tokens, positions and layers all matter. */
function grown<M extends nn.Module>(model: M, generator: Generator): M {
  noGrad(() => {
    for (const x of model.parameters()) x.add_(randn(x.shape, { ...double, generator }).mul(0.4));
  });
  return model.eval();
}
const config = { vocabSize: V, blockSize: 6, nLayer: 2, nHead: 2, nEmbd: 4, dropout: 0 };
const gpt = (seed: number, positions: 'learned' | 'rotary' = 'learned'): GPT => {
  const generator = new Generator(seed);
  return grown(new GPT({ ...config, positions }, { ...double, generator }), generator);
};
const bert = (seed: number): BERTForMaskedLM => {
  const generator = new Generator(seed);
  return grown(new BERTForMaskedLM(config, { ...double, generator }), generator);
};
const classifier = (seed: number): BERTForClassification => {
  const generator = new Generator(seed);
  return grown(new BERTForClassification({ ...config, classes: 3 }, { ...double, generator }), generator);
};
const words = (seed: number, T = 5): number[] => {
  const generator = new Generator(seed + 1);
  return Array.from({ length: T }, () => generator.integer(0, V));
};
const law = (f: (seed: number) => Promise<void> | void, numRuns = 8): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.nat({ max: 1e6 }), async (seed) => f(seed)),
    { numRuns, seed: 7 },
  );
const near = { rtol: 1e-9, atol: 1e-10 };
const models = [['GPT', gpt], ['GPT with rotary positions', (seed: number) => gpt(seed, 'rotary')], ['BERT', bert]] as const; // prettier-ignore

describe('attention weights', () => {
  test.each(models)('of a %s are distributions, those of every layer', (_, make) =>
    law((seed) => {
      const weights = attentionWeights(make(seed), tensor([words(seed), words(seed + 1)]));
      expect(weights.map((x) => x.shape)).toEqual([[2, 2, 5, 5], [2, 2, 5, 5]]); // prettier-ignore
      for (const layer of weights) expect(layer.sum(-1)).toBeAllClose(layer.sum(-1).onesLike(), near);
    }),
  );

  test('are those that MultiheadAttention returns', () => {
    const layer = new nn.MultiheadAttention(4, 2, { ...double, batchFirst: true });
    const x = randn([1, 3, 4], { ...double, generator: new Generator(1) });
    const [, own] = layer(x, x, x, { averageAttnWeights: false });
    expect(attentionWeights((y) => layer(y, y, y, { needWeights: false }), x)[0]).toBeAllClose(own!, near);
  });

  test('of an encoder and decoder come in their order, and nothing is watched afterwards', () => {
    const model = new Transformer({ ...config, nLayer: 1 }).eval();
    const [source, target] = [tensor([[1, 2, 3]]), tensor([[1, 4]])];
    const seen = attentionWeights((x) => model(source, x), target);
    expect(seen.map((x) => x.shape)).toEqual([[1, 2, 3, 3], [1, 2, 2, 2], [1, 2, 2, 3]]); // prettier-ignore
    model(source, target);
    expect(seen).toHaveLength(3);
    expect(() =>
      attentionWeights(() => {
        throw new Error('mine');
      }, target),
    ).toThrow('mine');
    expect(attentionWeights((x) => model(source, x), target)).toHaveLength(3);
  });
});

/** What rollout obeys; `rollout` is the method, or a wrong one. */
type Rollout = typeof attentionRollout;
const rolloutLaws: Record<string, (rollout: Rollout) => Promise<void>> = {
  'gives shares that sum to 1': (rollout) =>
    law((seed) => {
      for (const heads of ['mean', 'max', 'min'] as const) {
        const { attributions, gap } = rollout(attentionWeights(gpt(seed), tensor([words(seed)])), { heads });
        expect(attributions.sum(-1)).toBeAllClose([[1, 1, 1, 1, 1]], near);
        expect(gap).toBeAllClose([[0, 0, 0, 0, 0]], { atol: 1e-12 });
      }
    }),
  'gives nothing to what comes later, if attention looks back only': (rollout) =>
    law((seed) => {
      const { attributions } = rollout(attentionWeights(gpt(seed), tensor([words(seed)])));
      expect(attributions.triu(1).abs().max().item()).toBe(0);
      expect(attributions.amin().item()).toBeGreaterThanOrEqual(0);
    }),
  'goes through the layers in their order': async (rollout) => {
    const [copies, stays] = [[[1, 0], [1, 0]], [[1, 0], [0, 1]]].map((A) => tensor([[A]], double)); // prettier-ignore
    const average = tensor([[[[0.5, 0.5], [0.5, 0.5]]]], double); // prettier-ignore
    const bare = { residual: 0 };
    expect(rollout([copies, average], bare).attributions).toBeAllClose([[[1, 0], [1, 0]]], near); // prettier-ignore
    expect(rollout([average, copies], bare).attributions).toBeAllClose([[[0.5, 0.5], [0.5, 0.5]]], near); // prettier-ignore
    expect(rollout([stays, stays]).attributions).toBeAllClose([[[1, 0], [0, 1]]], near); // prettier-ignore
  },
  'of layers that all average is known in closed form': async (rollout) => {
    const [T, L] = [4, 3];
    const weights = Array.from({ length: L }, () => zeros([1, 2, T, T], double).add(1 / T));
    const other = (1 - 0.5 ** L) / T; // of T equal shares of all that did not go past
    const { attributions } = rollout(weights);
    expect(attributions.select(1, 0)).toBeAllClose([[other + 0.5 ** L, other, other, other]], near);
  },
};

describe('rollout', () => {
  test.each(Object.entries(rolloutLaws))('%s', (_, holds) => holds(attentionRollout));

  const titles = Object.keys(rolloutLaws);
  const turned = (weights: readonly Tensor[]): Tensor[] => [...weights].reverse();
  const again =
    (f: (x: Tensor) => Tensor): Rollout =>
    (weights, options) => ({
      ...attentionRollout(weights, options),
      attributions: f(attentionRollout(weights, options).attributions),
    });
  test.each<[string, Rollout, string]>([
    ['goes through the layers backwards', (weights, o) => attentionRollout(turned(weights), o), titles[2]],
    ['forgets the residual stream', (weights, o) => attentionRollout(weights, { ...o, residual: 0 }), titles[3]],
    ['is of the queries, where it should be of the keys', again((x) => x.mT), titles[1]],
    ['loses what comes past', again((x) => x.mul(0.5)), titles[0]],
  ])('that %s breaks a law', async (_, wrong, title) => {
    await expect(rolloutLaws[title](wrong)).rejects.toThrow(/Property failed|expected/);
  });
});

/** The smallest of all cuts between source 0 and sink 1. */
function smallestCut({ nodes, from, to, capacity }: Network): number {
  let best = Infinity;
  for (let set = 0; set < 2 ** (nodes - 2); set++) {
    const isIn = (node: number): boolean => node === 0 || (node > 1 && ((set >> (node - 2)) & 1) === 1);
    let cut = 0;
    for (let e = 0; e < from.length; e++) if (isIn(from[e]) && !isIn(to[e])) cut += capacity[e];
    best = Math.min(best, cut);
  }
  return best;
}

describe('the most that flows', () => {
  test('through a textbook network is 23', () => {
    const pipes = [[0, 2, 16], [0, 3, 13], [2, 4, 12], [3, 2, 4], [4, 3, 9], [3, 5, 14], [5, 4, 7], [4, 1, 20], [5, 1, 4]]; // prettier-ignore
    const [from, to, capacity] = [0, 1, 2].map((i) => pipes.map((pipe) => pipe[i]));
    expect(maxFlow({ nodes: 6, from, to, capacity }, 0, 1)).toEqual({ flow: 23, cut: 23 });
  });

  test('is the smallest cut, of any network, with circles and pipes side by side', () => {
    const pipe = fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(fc.array(pipe, { maxLength: 25 }), (pipes) => {
        const [from, to, capacity] = [0, 1, 2].map((i) => pipes.map((one) => one[i]));
        const network = { nodes: 7, from, to, capacity };
        const { flow, cut } = maxFlow(network, 0, 1);
        expect(flow).toBeCloseTo(smallestCut(network), 9);
        expect(cut).toBeCloseTo(flow, 9);
      }),
      { seed: 7 },
    );
  });

  test('is more than is found by filling pipes without taking back', () => {
    const pipes = [[0, 2, 1], [0, 3, 1], [2, 4, 1], [2, 5, 1], [3, 4, 1], [4, 1, 1], [5, 1, 1]]; // prettier-ignore
    const [from, to, capacity] = [0, 1, 2].map((i) => pipes.map((pipe) => pipe[i]));
    const greedy = [...capacity]; // one shortest way after another, the first one found first
    const way = (node: number): number[] | null => {
      if (node === 1) return [];
      for (const [e, start] of from.entries()) {
        const further = start === node && greedy[e] > 0 ? way(to[e]) : null;
        if (further) return [e, ...further];
      }
      return null;
    };
    let filled = 0;
    for (let path = way(0); path !== null; path = way(0), filled++) for (const e of path) greedy[e]--;
    const network = { nodes: 6, from, to, capacity };
    expect([filled, maxFlow(network, 0, 1).flow, smallestCut(network)]).toEqual([1, 2, 2]);
  });

  test.each(models)('through a %s is no less than rollout, and no more than comes in or goes out', (_, make) =>
    law(async (seed) => {
      const weights = attentionWeights(make(seed), tensor([words(seed)]));
      const { attributions, gap } = await attentionFlow(weights);
      expect(attributions.sub(attentionRollout(weights).attributions).amin().item()).toBeGreaterThan(-1e-9);
      const [first, last] = weights.map((A) => A.mean(1).div(2));
      const [incoming, outgoing] = [first.sum(1).add(0.5).unsqueeze(1), last.sum(2).add(0.5).unsqueeze(2)];
      expect(attributions.sub(incoming).amax().item()).toBeLessThan(1e-9);
      expect(attributions.sub(outgoing).amax().item()).toBeLessThan(1e-9);
      expect(gap.abs().max().item()).toBeLessThan(1e-9);
    }, 4),
  );

  test('through one layer is its weights, and rows not asked for stay 0', async () => {
    const weights = [tensor([[[[0.2, 0.8], [0.6, 0.4]]]], double)]; // prettier-ignore
    const { attributions } = await attentionFlow(weights, { positions: [1] });
    expect(attributions).toBeAllClose([[[0, 0], [0.3, 0.7]]], near); // prettier-ignore
  });

  test('is called off between positions', async () => {
    const weights = [zeros([1, 1, 4, 4]).add(0.25)];
    const stop = new AbortController();
    const seen: string[] = [];
    const onProgress = (done: number, total: number): void => {
      seen.push(`${done}/${total}`);
      if (done === 2) stop.abort(new Error('enough'));
    };
    await expect(attentionFlow(weights, { signal: stop.signal, onProgress })).rejects.toThrow('enough');
    expect(seen).toEqual(['1/4', '2/4']);
  });
});

describe('the logit lens', () => {
  test.each([...models, ['BERT with classes', classifier] as const])('of a %s ends with what the model says', (_, make) =>
    law((seed) => {
      const model = make(seed);
      const { probabilities, top, kl, gap } = logitLens(model, words(seed), { top: 3 });
      expect(gap).toBe(0);
      expect(probabilities.select(0, -1)).toBeAllClose(model(tensor([words(seed)])).softmax(-1), near);
      expect(probabilities.sum(-1)).toBeAllClose(kl.onesLike(), near);
      expect(kl.amin().item()).toBeGreaterThan(-1e-12);
      expect(kl.select(0, -1).abs().max().item()).toBe(0);
      expect(top.probabilities).toBeAllClose(probabilities.gather(-1, top.tokens), near);
      expect(top.probabilities.select(-1, 0)).toBeAllClose(probabilities.amax(-1), near);
    }),
  ); // prettier-ignore

  test('of a model given by functions is the same, without a gap', () => {
    const model = gpt(1);
    const parts: LayeredModel = {
      embed: (tokens) => model.embed(tokens),
      layers: model.h.map((block) => (x) => block(x)),
      head: (x) => model.head(x),
    };
    const [one, two] = [model, parts].map((of) => logitLens(of, [1, 2, 3]));
    expect(two.probabilities).toBeAllClose(one.probabilities, near);
    expect(two.gap).toBe(null);
  }); // prettier-ignore

  test('of the decoder of a Transformer, given by functions, ends with what it says of this source', async () => {
    const generator = new Generator(3);
    const model = grown(new Transformer(config, { ...double, generator }), generator);
    const [source, target] = [tensor([[4, 2, 6]]), [1, 5, 3]];
    const memory = noGrad(() => model.encode(source));
    const decoder: LayeredModel = {
      embed: (tokens) => model.embed(tokens),
      layers: model.decoder.layers.map((layer) => (x) => layer(x, null, memory.expand([x.shape[0], 3, 4]))),
      head: (x) => model.lm_head(model.decoder.norm(x)),
    };
    const says = model(source, tensor([target])).softmax(-1);
    expect(logitLens(decoder, target).probabilities.select(0, -1)).toBeAllClose(says, near);
    const { gap } = await activationPatching(decoder, target, [2, 5, 3], difference);
    expect(gap).toBeAllClose([[0, 0, 0]], { atol: 1e-8 });
  });

  test('whose last norm was forgotten is seen by its gap', () => {
    const model = gpt(2);
    const wrong = Object.assign((x: Tensor) => model(x), {
      embed: (x: Tensor) => model.embed(x),
      layers: model.h.map((block) => (x: Tensor) => block(x)),
      head: (x: Tensor) => nn.functional.linear(x, model.wte.weight),
    });
    expect(logitLens(wrong, [1, 2, 3]).gap).toBeGreaterThan(0.1);
  });
});

/** How much more likely token 1 is than token 2 at the last position. */
const difference = (logits: Tensor): Tensor => {
  const last = logits.ndim === 3 ? logits.select(1, -1) : logits;
  return last.select(1, 1).sub(last.select(1, 2));
};
const everywhere = [0, 1, 2, 3, 4];

describe('patching', () => {
  test.each([...models, ['BERT with classes', classifier] as const])(
    'nothing of a %s changes nothing, and all of the stream at once brings all back',
    (_, make) =>
      law(async (seed) => {
        const [clean, corrupted] = [words(seed), words(seed + 5)];
        const options = { positions: [[], everywhere] };
        const { attributions, gap } = await activationPatching(make(seed), clean, corrupted, difference, options);
        expect(attributions).toBeAllClose([[[0, 1], [0, 1], [0, 1]]], { atol: 1e-8 }); // prettier-ignore
        expect(gap).toBeAllClose([[0, 0, 0]], { atol: 1e-8 });
      }),
  );

  test('of words that are the same in both texts changes nothing before the first layer, nor of any before the change', async () => {
    const [clean, corrupted] = [[1, 2, 3, 4], [1, 2, 5, 4]]; // prettier-ignore
    const { attributions } = await activationPatching(gpt(3), clean, corrupted, difference);
    expect(attributions.select(1, 0)).toBeAllClose([[0, 0, 1, 0]], near);
    expect(attributions.narrow(2, 0, 2).abs().max().item()).toBeLessThan(1e-10);
    expect(attributions.select(1, -1)).toBeAllClose([[0, 0, 0, 1]], near); // the head reads the last position
  });

  test('of a model that reads past its stream leaves a gap', async () => {
    const model = gpt(9);
    let first = zeros([1]);
    const leaky: LayeredModel = {
      embed: (tokens) => (first = model.embed(tokens)),
      layers: model.layers,
      head: (x) => model.head(x.add(first.narrow(0, 0, 1))),
    };
    const { gap } = await activationPatching(leaky, words(1), words(6), difference);
    expect(gap.abs().amin().item()).toBeGreaterThan(1e-3);
  });

  test('goes by rows, whatever their batches', async () => {
    const model = bert(4);
    const rows = [1, 2].map((seed) => [words(seed), words(seed + 7)] as const);
    const alone = await Promise.all(rows.map(([a, b]) => activationPatching(model, a, b, difference)));
    const [clean, corrupted] = [0, 1].map((side) => tensor(rows.map((row) => row[side])));
    const seen: number[] = [];
    const options = { batchSize: 5, onProgress: (done: number, total: number) => void seen.push(done / total) };
    const both = await activationPatching(model, clean, corrupted, difference, options);
    expect(both.attributions).toBeAllClose(concat(alone.map(({ attributions }) => attributions)), { rtol: 1e-7, atol: 1e-9 });
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  }); // prettier-ignore

  test('leaves no hook behind, and is called off', async () => {
    const model = gpt(5);
    const before = model(tensor([[1, 2, 3]]));
    const modules = model.h.map((block) => block.mlp.c_proj);
    await activationPatching(model, [1, 2, 3], [1, 4, 3], difference, { modules });
    const fails = activationPatching(model, [1, 2, 3], [1, 4, 3], difference, { modules, heads: 3 });
    await expect(fails).rejects.toThrow(/of 3 heads a place must be \[B, T, C\], C a multiple of them, got \[1, 3, 4\]/);
    const late = activationPatching(model, [1, 2, 3], [1, 4, 3], difference, { signal: AbortSignal.abort(new Error('enough')) });
    await expect(late).rejects.toThrow('enough');
    expect(model(tensor([[1, 2, 3]]))).toBeAllClose(before, { rtol: 0, atol: 0 });
  }); // prettier-ignore
});

/**
 * Two layers whose way to the answer is known: head 0 of the first brings the word at place 1 to place 2, head 1 looks elsewhere and its
 * findings are not used; the second brings place 2 to place 3, where it is read. Vectors: [word, word carried, other word].
 */
function circuit(): { model: LayeredModel; heads: nn.Identity } {
  const heads = new nn.Identity(); // where what heads found may be looked at
  const look = (rows: number[]): Tensor => tensor([rows.map((to) => [0, 1, 2, 3].map((s) => (s === to ? 50 : 0)))], double);
  const attend = (to: number[], value: Tensor): Tensor =>
    nn.functional.scaledDotProductAttention(look(to).expand([value.shape[0], 4, 4]), look([0, 1, 2, 3]).expand([value.shape[0], 4, 4]), value);
  return {
    heads,
    model: {
      embed: (tokens) => concat([tokens.to('float64').unsqueeze(-1), zeros([...tokens.shape, 2], double)], -1),
      layers: [
        (x) => {
          const word = x.narrow(-1, 0, 1);
          const found = heads(concat([attend([0, 1, 1, 3], word), attend([0, 0, 0, 0], word)], -1)); // [N, 4, 2 heads]
          return concat([word, found], -1);
        },
        (x) => concat([x.narrow(-1, 0, 1), attend([0, 1, 2, 2], x.narrow(-1, 1, 1)), x.narrow(-1, 2, 1)], -1),
      ],
      head: (x) => x.narrow(-1, 1, 1),
    },
  };
} // prettier-ignore

describe('a network whose way is known', () => {
  const read = (logits: Tensor): Tensor => logits.select(1, 3).select(1, 0);
  const [clean, corrupted] = [[1, 5, 1, 1], [1, 3, 1, 1]]; // prettier-ignore

  test('gives its way away to patching', async () => {
    const { attributions } = await activationPatching(circuit().model, clean, corrupted, read);
    expect(attributions).toBeAllClose([[[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]], near); // prettier-ignore
  });

  test('and the head that carries it, at the place that it carries it to', async () => {
    const { model, heads } = circuit();
    const options = { modules: [heads], heads: 2 };
    const { attributions, gap } = await activationPatching(model, clean, corrupted, read, options);
    expect(attributions).toBeAllClose([[[[0, 0, 1, 0], [0, 0, 0, 0]]]], near); // prettier-ignore
    expect(gap).toBeAllClose([[0]], near);
  });

  test('and to rollout, flow and integrated gradients', async () => {
    const { model } = circuit();
    const run = (tokens: Tensor): Tensor => model.layers.reduce((x, layer) => layer(x), model.embed(tokens));
    const [first, , second] = attentionWeights(run, tensor([clean])).map((x) => x.unsqueeze(1)); // one head each
    const bare = [first, second];
    expect(attentionRollout(bare, { residual: 0 }).attributions.select(1, 3)).toBeAllClose([[0, 1, 0, 0]], near);
    expect((await attentionFlow(bare, { residual: 0 })).attributions.select(1, 3)).toBeAllClose([[0, 1, 0, 0]], near);
    const { attributions, gap } = embeddingIntegratedGradients(model, clean, { target: 0, baselineTokens: 0 });
    expect(attributions).toBeAllClose([[0, 5, 0, 0]], near);
    expect(gap).toBeAllClose([0], { atol: 1e-12 });
  });
});

describe('integrated gradients over embeddings', () => {
  test.each([...models, ['BERT with classes', classifier] as const])('of a %s are complete', (_, make) =>
    law((seed) => {
      const [model, tokens] = [make(seed), words(seed)];
      for (const output of ['logit', 'logProbability'] as const) {
        const options = { target: 1, baselineTokens: words(seed + 3), output, steps: 200 };
        const { attributions, gap } = embeddingIntegratedGradients(model, tokens, options);
        const [at, away] = [tokens, words(seed + 3)].map((row) => {
          const y = model(tensor([row]));
          const logits = y.ndim === 3 ? y.select(1, -1) : y;
          return (output === 'logit' ? logits : logits.logSoftmax(-1)).select(1, 1).item();
        });
        expect(attributions.sum().item() - gap.item()).toBeCloseTo(at - away, 9);
        expect(Math.abs(gap.item())).toBeLessThan(2e-3 * (1 + attributions.abs().sum().item()));
      }
    }),
  );

  test('go by rows, positions and targets', () => {
    const model = bert(6);
    const rows = [words(1), words(2)];
    const options = { position: 2, baselineTokens: 0, steps: 20 };
    const both = embeddingIntegratedGradients(model, tensor(rows), { ...options, target: [3, 5], batchSize: 7 });
    const alone = rows.map((row, r) => embeddingIntegratedGradients(model, row, { ...options, target: [3, 5][r] }));
    expect(both.attributions).toBeAllClose(concat(alone.map(({ attributions }) => attributions)), near);
    expect(both.gap).toBeAllClose(concat(alone.map(({ gap }) => gap)), near);
  });

  test('at a position are those of the text up to there, if the model looks back only', () => {
    const [model, tokens] = [gpt(7), words(7)];
    const options = { target: 2, steps: 20 };
    const whole = embeddingIntegratedGradients(model, tokens, { ...options, baselineTokens: 0, position: 2 });
    const start = embeddingIntegratedGradients(model, tokens.slice(0, 3), { ...options, baselineTokens: 0 });
    expect(whole.attributions.narrow(1, 0, 3)).toBeAllClose(start.attributions, near);
    expect(whole.attributions.narrow(1, 3, 2).abs().max().item()).toBe(0);
  });

  test('of a model that adds up numbers are these, and none where the baseline is the text', () => {
    const sum: LayeredModel = { embed: (t) => t.to('float64').unsqueeze(-1), layers: [], head: (x) => x.sum(1) };
    expect(embeddingIntegratedGradients(sum, [3, 1, 4], { target: 0 }).attributions).toBeAllClose([[3, 1, 4]], near);
    const baseline = tensor([1], double);
    expect(embeddingIntegratedGradients(sum, [3, 1, 4], { target: 0, baseline }).attributions).toBeAllClose([[2, 0, 3]], near);
    const same = embeddingIntegratedGradients(gpt(1), [3, 1, 4], { target: 0, baselineTokens: [3, 1, 4] });
    expect([same.attributions.abs().max().item(), same.gap.item()]).toEqual([0, 0]);
  }); // prettier-ignore
});

describe('shares of a generated text', () => {
  test('are a triangle: nothing is due to what comes later', () =>
    law(async (seed) => {
      const [prompt, generated] = [words(seed, 2), words(seed + 9, 4)];
      const { attributions } = await generationAttributions(gpt(seed), prompt, generated);
      expect(attributions.shape).toEqual([4, 5]);
      expect(attributions.triu(2).abs().max().item()).toBe(0);
      expect(attributions.diagonal(1).abs().amin().item()).toBeGreaterThan(0);
    }, 4));

  test.each(['integratedGradients', 'inputXGradient', 'ablation'] as const)('by %s miss f(before) − f(baseline) by the gap', (method) =>
    law(async (seed) => {
      const [model, prompt, generated] = [gpt(seed), words(seed, 2), words(seed + 9, 3)];
      const result = await generationAttributions(model, prompt, generated, { method, baselineTokens: 0, ...(method === 'integratedGradients' && { steps: 100 }) });
      const { attributions, gap, values } = result;
      const likely = (row: readonly number[], token: number): number => model(tensor([row])).select(1, -1).logSoftmax(-1).select(1, token).item();
      generated.forEach((token, g) => {
        const before = [...prompt, ...generated.slice(0, g)];
        const [at, away] = [before, before.map(() => 0)].map((row) => likely(row, token));
        expect(values.select(0, g).item()).toBeCloseTo(at, 9);
        expect(attributions.select(0, g).sum().item() - gap.select(0, g).item()).toBeCloseTo(at - away, 9);
        if (method === 'integratedGradients') expect(Math.abs(gap.select(0, g).item())).toBeLessThan(0.02);
      });
    }, 4)); // prettier-ignore

  test('are those of each token asked for alone', async () => {
    const model = gpt(8);
    const { attributions } = await generationAttributions(model, [1, 2], [3, 4], { baselineTokens: 0 });
    const alone = embeddingIntegratedGradients(model, [1, 2, 3], { target: 4, baselineTokens: 0, output: 'logProbability' });
    expect(attributions.narrow(0, 1, 1)).toBeAllClose(alone.attributions, near);
  }); // prettier-ignore

  test('can be watched and called off', async () => {
    const stop = new AbortController();
    const onProgress = (done: number, total: number): void => {
      expect(total).toBe(3);
      if (done === 2) stop.abort(new Error('enough'));
    };
    await expect(generationAttributions(gpt(1), [1], [2, 3, 4], { signal: stop.signal, onProgress })).rejects.toThrow('enough');
  }); // prettier-ignore
});

const model = gpt(1);
const square = [zeros([1, 2, 3, 3])];
const refused: [string, () => unknown, RegExp][] = [
  ['a model without attention', () => attentionWeights((x) => x.mul(2), zeros([1, 2])), /attentionWeights: the model must compute attention, got one that computes none; call/],
  ['an async model', () => attentionWeights(async (x) => x, zeros([1, 2])), /must not be async/],
  ['weights that are not square', () => attentionRollout([zeros([1, 2, 3, 4])]), /weights of each layer must be \[B, heads, T, T\], the same B and T in all, got \[1, 2, 3, 4\]/],
  ['layers of other lengths', () => attentionFlow([...square, zeros([1, 2, 4, 4])]), /got \[1, 2, 3, 3\], \[1, 2, 4, 4\]; of several kinds/],
  ['negative weights', () => attentionRollout([zeros([1, 1, 2, 2]).sub(1)]), /weights must be 0 or more/],
  ['weights that are no numbers', () => attentionRollout([zeros([1, 1, 2, 2]).add(NaN)]), /weights must be 0 or more/],
  ['no layers', () => attentionRollout([]), /at least one layer, got none/],
  ['a residual above 1', () => attentionRollout(square, { residual: 2 }), /residual must be a share from 0 to 1, got 2/],
  ['an unknown mixture of heads', () => attentionRollout(square, { heads: 'median' as never }), /heads must be 'mean', 'max' or 'min', got 'median'/],
  ['a position that is not there', () => attentionFlow(square, { positions: [3] }), /positions must be from 0 to 2, got 3/],
  ['a model without layers', () => logitLens(new BERT(config) as never, [1]), /the model must have embed, layers and head/],
  ['an embedding of another shape', () => logitLens({ embed: (x) => x, layers: [], head: (x) => x }, [1, 2]), /of tokens \[1, 2\] embed must make \[1, 2, C\], got \[1, 2\]/],
  ['no tokens', () => logitLens(model, []), /tokens must be \[B, T\], or a list, of at least one token/],
  ['a token that is no whole number', () => logitLens(model, [1.5]), /tokens must be whole numbers, 0 or more, got 1.5/],
  ['a token outside the vocabulary', () => logitLens(model, [V]), /7/],
  ['more tokens than the model looks back on', () => logitLens(model, words(1, 7)), /at most blockSize = 6 tokens/],
  ['none of the likeliest', () => logitLens(model, [1], { top: 0 }), /top must be a whole number, 1 or more/],
  ['texts of different lengths', () => activationPatching(model, [1, 2], [1], difference), /clean and corrupted must have as many tokens, got \[1, 2\] and \[1, 1\]/],
  ['texts that are the same', () => activationPatching(model, [1, 2], [1, 2], difference), /must have different metrics/],
  ['a metric that is NaN', () => activationPatching(model, [1, 2], [2, 2], (y) => difference(y).mul(NaN)), /must have different metrics/],
  ['a metric of the whole batch', () => activationPatching(model, tensor([[1], [2]]), tensor([[2], [1]]), (y) => y.sum()), /metric must make one number of each row, \[2\], got \[\]/],
  ['a position to patch that is not there', () => activationPatching(model, [1, 2], [2, 2], difference, { positions: [[0, 2]] }), /positions must be from 0 to 1, got 2/],
  ['no module to patch', () => activationPatching(model, [1, 2], [2, 2], difference, { modules: [] }), /at least one module/],
  ['a module that does not run', () => activationPatching(model, [1, 2], [2, 2], difference, { modules: [new nn.Identity()] }), /each module must run once, and its output must be \[1, 2, …\], got 0 calls, none/],
  ['a part that there is not', () => activationPatching(model, [1, 2], [2, 2], difference, { modules: [model.ln_f], part: 'middle' as never }), /part must be 'output' or 'input'/],
  ['a part of no module', () => activationPatching(model, [1, 2], [2, 2], difference, { part: 'input' }), /part is of modules, got none/],
  ['a position of a classifier', () => embeddingIntegratedGradients(classifier(1), [1, 2], { target: 0, position: 1 }), /a classifier reads no one position, got position 1/],
  ['steps of what takes none', () => generationAttributions(model, [1], [2], { method: 'ablation', steps: 9 }), /steps and rule are of integratedGradients, got method 'ablation'/],
  ['two baselines', () => embeddingIntegratedGradients(model, [1], { target: 0, baselineTokens: 0, baseline: zeros([4]) }), /must be one baseline/],
  ['a baseline of another shape', () => embeddingIntegratedGradients(model, [1, 2], { target: 0, baseline: zeros([5]) }), /baseline must be/],
  ['too few baseline tokens', () => embeddingIntegratedGradients(model, [1, 2], { target: 0, baselineTokens: [0] }), /one for each of 2, got 1/],
  ['a target outside the vocabulary', () => embeddingIntegratedGradients(model, [1], { target: V }), /target must be a class from 0 to 6/],
  ['a position behind the text', () => embeddingIntegratedGradients(model, [1, 2], { target: 0, position: 2 }), /position must be from 0 to 1, got 2/],
  ['an unknown output', () => embeddingIntegratedGradients(model, [1], { target: 0, output: 'odds' as never }), /output must be 'logit' or 'logProbability'/],
  ['nothing generated', () => generationAttributions(model, [1], []), /there must be a generated token/],
  ['no prompt', () => generationAttributions(model, [], [1]), /the prompt must have a token/],
  ['an unknown method', () => generationAttributions(model, [1], [2], { method: 'lime' as never }), /method must be one of integratedGradients, inputXGradient, ablation/],
  ['a generated token outside the vocabulary', () => generationAttributions(model, [1], [V]), /target must be a class from 0 to 6/],
]; // prettier-ignore

test.each(refused)('%s is refused', async (_, wrong, message) => {
  await expect((async () => wrong())()).rejects.toThrow(message);
});

test('a model in training mode is warned of', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const noisy = new GPT({ ...config, dropout: 0.5 });
  explain.attentionWeights(noisy, tensor([[1, 2]]));
  explain.logitLens(noisy, [1, 2]);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0][0]).toMatch(/attentionWeights: the model is in training mode.*eval\(\)/);
  warn.mockRestore();
});
