/** Explanations of a GPT-2 are those of an independent brute force: test/fixtures/lens.py. */
import { expect, test } from 'vitest';
import { stack, type Tensor } from '../../src/index.ts';
import {
  activationPatching, attentionFlow, attentionRollout, attentionWeights, embeddingIntegratedGradients, generationAttributions, logitLens,
} from '../../src/explain/index.ts'; // prettier-ignore
import { gptFromHuggingFace } from '../../src/models/index.ts';
import { tokensOf } from '../../src/explain/layered.ts';
import { allMade, readFixture, type Numbers } from '../models/fixture.ts';

type Matrix = number[][];
const checkpoint = readFixture('gpt2') as { config: Record<string, unknown>; state: Record<string, Numbers> };
const fixture = readFixture('lens') as {
  clean: number[];
  corrupted: number[];
  right: number;
  wrong: number;
  generated: number[];
  weights: Matrix[][];
  rollout: Matrix;
  flow: Matrix;
  lens: { probabilities: Matrix[]; kl: Matrix };
  patching: { clean: number; corrupted: number; streams: Matrix; heads: Matrix[] };
  integrated: number[];
  generation: Record<'integratedGradients' | 'inputXGradient' | 'ablation', Matrix> & { values: number[] };
};
const model = gptFromHuggingFace(checkpoint.config, allMade(checkpoint.state), { dtype: 'float64' }).eval();
const { clean, corrupted, right, wrong, generated } = fixture;
const near = { rtol: 1e-9, atol: 1e-10 };
const weights = attentionWeights(model, tokensOf('test', clean));

test('attention weights are the softmax of each head', () => {
  expect(stack(weights).select(1, 0)).toBeAllClose(fixture.weights, near);
});

test('rollout is the sum over all paths', () => {
  expect(attentionRollout(weights).attributions).toBeAllClose([fixture.rollout], near);
});

test('flow is the smallest of all cuts', async () => {
  expect((await attentionFlow(weights)).attributions).toBeAllClose([fixture.flow], near);
});

test('the logit lens is the head of each stream', () => {
  const { probabilities, kl } = logitLens(model, clean);
  expect(probabilities.select(1, 0)).toBeAllClose(fixture.lens.probabilities, near);
  expect(kl.select(1, 0)).toBeAllClose(fixture.lens.kl, near);
});

const metric = (logits: Tensor): Tensor => {
  const last = logits.select(1, -1);
  return last.select(1, right).sub(last.select(1, wrong));
};

test('patched streams are those put in place by hand', async () => {
  const got = await activationPatching(model, clean, corrupted, metric);
  expect(got.attributions.select(0, 0)).toBeAllClose(fixture.patching.streams, near);
  expect([got.clean.item(), got.corrupted.item()]).toBeAllClose([fixture.patching.clean, fixture.patching.corrupted], near);
}); // prettier-ignore

test('so are patched heads', async () => {
  const modules = model.h.map((block) => block.attn.c_proj);
  const { attributions } = await activationPatching(model, clean, corrupted, metric, { modules, part: 'input', heads: 2 });
  expect(attributions.select(0, 0)).toBeAllClose(fixture.patching.heads, near);
}); // prettier-ignore

test('integrated gradients over embeddings are the integral', () => {
  const { attributions } = embeddingIntegratedGradients(model, clean, { target: right, baselineTokens: 0 });
  expect(attributions).toBeAllClose([fixture.integrated], near);
});

test.each(['integratedGradients', 'inputXGradient', 'ablation'] as const)(
  'generated tokens have their shares by %s',
  async (method) => {
    const options = { method, ...(method === 'integratedGradients' && { steps: 300 }) }; // from vectors of 0 a norm's slope is steep at first
    const { attributions, values } = await generationAttributions(model, clean, generated, options);
    const rows = fixture.generation[method].map((row) => [...row, ...new Array<number>(5 - row.length).fill(0)]);
    expect(attributions).toBeAllClose(rows, near);
    expect(values).toBeAllClose(fixture.generation.values, near);
  },
);
