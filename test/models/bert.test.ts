/** BERT against PyTorch's numbers (bert.json, written by test/fixtures/bert.py); masking; pretraining and fine-tuning. */
import { describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { ones, tensor, zeros } from '../../src/create.ts';
import {
  BERT,
  BERTForClassification,
  BERTForMaskedLM,
  bertFromHuggingFace,
  maskTokens,
  predict,
  tokenLoss,
  type BERTConfig,
} from '../../src/models/index.ts';
import { crossEntropy } from '../../src/nn/functions.ts';
import { AdamW } from '../../src/optim/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { allMade, made, readFixture, sums, type Numbers } from './fixture.ts';

type Named<T> = Readonly<Record<string, T>>;
const fixture = readFixture('bert') as {
  readonly config: Named<unknown>;
  readonly state: Named<Numbers>;
  readonly gradientSums: Named<[number, number]>;
  readonly wordLoss: number;
  readonly classLoss: number;
  readonly words: Numbers;
  readonly classes: Numbers;
} & Named<number[][]>;
const tolerance = { rtol: 1e-9, atol: 1e-10 };
const checkpoint = allMade(fixture.state);
const float64 = { dtype: 'float64' } as const;
const tokens = tensor(fixture.tokens);
const inputs = { segments: tensor(fixture.segments), mask: tensor(fixture.mask) };
const small: BERTConfig = { vocabSize: 12, blockSize: 8, nLayer: 2, nHead: 2, nEmbd: 8 };

describe("a BERT checkpoint in Hugging Face's layout", () => {
  const lm = () => bertFromHuggingFace(BERTForMaskedLM, fixture.config, checkpoint, float64).eval();
  const classifier = () => bertFromHuggingFace(BERTForClassification, fixture.config, checkpoint, float64).eval();

  test("gives PyTorch's logits of words and of classes, with segments and padding", () => {
    expect(lm()(tokens, inputs)).toBeAllClose(made(fixture.words), tolerance);
    expect(classifier()(tokens, inputs)).toBeAllClose(made(fixture.classes), tolerance);
  });

  test("gives PyTorch's losses, and the gradients of their sum", () => {
    const models = [lm(), classifier()] as const;
    const words = tokenLoss(models[0](tokens, inputs), tensor(fixture.targets));
    const classes = crossEntropy(models[1](tokens, inputs), tensor(fixture.labels));
    expect([words.item(), classes.item()]).toBeAllClose([fixture.wordLoss, fixture.classLoss], tolerance);
    words.add(classes).backward();
    const gradients = new Map<string, Tensor>();
    for (const [name, { grad }] of models.flatMap((model) => model.namedParameters())) {
      if (grad) gradients.set(name, gradients.get(name)?.add(grad) ?? grad);
    }
    expect([...gradients.keys()].sort()).toEqual(Object.keys(fixture.state).sort());
    for (const [name, g] of gradients) {
      expect(sums(g)).toBeAllClose(fixture.gradientSums[name], { rtol: 1e-8, atol: 1e-9 });
    }
  });

  test('loads with the names of old files, of the bare BERT, and without the heads that the model has not', () => {
    const old: Record<string, Tensor> = { 'bert.embeddings.position_ids': zeros([1, 7]) };
    const bare: Record<string, Tensor> = {};
    for (const [name, x] of Object.entries(checkpoint)) {
      old[name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta')] = x;
      if (name.startsWith('bert.')) bare[name.slice('bert.'.length)] = x;
    }
    old['cls.predictions.decoder.weight'] = checkpoint['bert.embeddings.word_embeddings.weight'];
    old['cls.seq_relationship.weight'] = zeros([2, 6]);
    const fromOld = bertFromHuggingFace(BERTForMaskedLM, fixture.config, old, float64).eval();
    expect(fromOld(tokens, inputs)).toBeAllClose(made(fixture.words), tolerance);
    const hidden = classifier().bert(tokens, inputs);
    for (const tensors of [checkpoint, old, bare]) {
      const model = bertFromHuggingFace(BERT, fixture.config, tensors, float64).eval();
      expect(model(tokens, inputs).toArray()).toEqual(hidden.toArray());
      expect(model.pool(hidden).toArray()).toEqual(classifier().bert.pool(hidden).toArray());
    }
  });

  test('gets a new head where the checkpoint has none, of as many classes as asked for', () => {
    const { 'classifier.weight': _, 'classifier.bias': __, ...headless } = checkpoint;
    const model = bertFromHuggingFace(BERTForClassification, { ...fixture.config, num_labels: 5 }, headless, float64);
    expect(model.eval()(tokens, inputs).shape).toEqual([2, 5]);
    const words = bertFromHuggingFace(BERTForMaskedLM, fixture.config, model.stateDict(), float64);
    expect(words.cls.predictions.bias.toArray()).toEqual(Array(12).fill(0));
  });

  test('with half a head, with strange tensors, or with another config is refused with all faults', () => {
    const { 'classifier.weight': _, ...half } = checkpoint;
    expect(() => bertFromHuggingFace(BERTForClassification, fixture.config, half)).toThrow('classifier.weight [3, 6] is missing'); // prettier-ignore
    const strange = {
      ...checkpoint,
      'bert.encoder.layer.2.output.dense.bias': zeros([6]),
      'classifier.bias': zeros([2]),
    };
    expect(() => bertFromHuggingFace(BERTForClassification, fixture.config, strange)).toThrow(
      /2 faults\s+classifier.bias must have the shape \[3\] and has \[2\]\s+bert.encoder.layer.2.output.dense.bias \[6\] is not/,
    );
    const config = { ...fixture.config, model_type: 'gpt2' };
    expect(() => bertFromHuggingFace(BERT, config, checkpoint)).toThrow("must be 'bert', got 'gpt2'");
    const uneven = { ...fixture.config, attention_probs_dropout_prob: 0 };
    expect(() => bertFromHuggingFace(BERT, uneven, checkpoint)).toThrow('must be equal, got 0.1 and 0');
    const relative = { ...fixture.config, position_embedding_type: 'relative_key' };
    expect(() => bertFromHuggingFace(BERT, relative, checkpoint)).toThrow("must be 'absolute', got 'relative_key'");
  });

  test('whose query and key are swapped, or whose segments are not heeded, is seen', () => {
    const at = 'bert.encoder.layer.0.attention.self.';
    const swapped = { ...checkpoint, [`${at}query.weight`]: checkpoint[`${at}key.weight`], [`${at}key.weight`]: checkpoint[`${at}query.weight`] }; // prettier-ignore
    const wrong = bertFromHuggingFace(BERTForMaskedLM, fixture.config, swapped, float64).eval();
    const all = made(fixture.words);
    expect(() => expect(wrong(tokens, inputs)).toBeAllClose(all, tolerance)).toThrow('values differ');
    expect(() => expect(lm()(tokens, { mask: inputs.mask })).toBeAllClose(all, tolerance)).toThrow('values differ');
    expect(() => expect(lm()(tokens, { segments: inputs.segments })).toBeAllClose(all, tolerance)).toThrow(
      'values differ',
    );
  });
});

describe('a BERT', () => {
  test('sees tokens before and after, and no padding', () => {
    const model = new BERT(small, float64).eval();
    const mask = tensor([[1, 1, 1, 0]]);
    const before = model(tensor([[3, 4, 5, 6]]), { mask });
    const moved = (row: number[]) => model(tensor([row]), { mask }).sub(before).abs().amax([0, 2]).gt(1e-9).toArray(); // prettier-ignore
    expect(moved([3, 4, 7, 6])).toEqual([1, 1, 1, 1]);
    expect(moved([3, 4, 5, 9])).toEqual([0, 0, 0, 1]);
  });

  test('refuses inputs that do not fit', () => {
    const model = new BERT(small);
    expect(() => model(zeros([1, 9]))).toThrow('BERT: there must be at most blockSize = 8 tokens in a row, got 9');
    expect(() => model(zeros([1, 3]), { mask: ones([1, 4]) })).toThrow("the tokens' shape [1, 3], got [1, 4]");
    expect(() => new BERT({ ...small, nHead: 3 })).toThrow('nEmbd must be a multiple of nHead, got 8 and 3');
    expect(() => new BERTForClassification({ ...small, classes: 0 })).toThrow('classes must be a whole number');
  });
});

describe('masking', () => {
  const options = { vocabSize: 20, maskToken: 1, special: [0, 2] };
  const rows = tensor(Array.from({ length: 200 }, (_, b) => [2, ...Array.from({ length: 40 }, (_, t) => 3 + ((b + t) % 17)), 0, 0])); // prettier-ignore

  test('asks for 15 % of the tokens: 80 % of them hidden, 10 % replaced, 10 % left', () => {
    const { inputs, targets } = maskTokens(rows, { ...options, generator: new Generator(1) });
    const asked = targets.ne(-1);
    expect(asked.sum(1).toArray()).toEqual(Array(200).fill(6)); // of 40
    expect(targets.where(asked, rows).toArray()).toEqual(rows.toArray()); // the targets are what stood there
    expect(inputs.where(asked.eq(0), rows).toArray()).toEqual(rows.toArray()); // nothing else is changed
    const share = (x: Tensor) => x.mul(asked).sum().item() / 1200;
    const same = share(inputs.eq(rows));
    const hidden = share(inputs.eq(1));
    expect([hidden, same, 1 - hidden - same]).toBeAllClose([0.8, 0.1 + 0.1 / 17, 0.1 - 0.1 / 17], { atol: 0.03 });
    for (const special of [0, 2]) expect(inputs.eq(special).toArray()).toEqual(rows.eq(special).toArray());
  });

  test('asks for at least one token of a short row, for none of a row of padding, and follows its generator', () => {
    const { inputs, targets } = maskTokens(tensor([[5, 6, 0], [0, 0, 0]]), options); // prettier-ignore
    expect(targets.ne(-1).sum(1).toArray()).toEqual([1, 0]);
    expect(inputs.select(0, 1).toArray()).toEqual([0, 0, 0]);
    const again = () => maskTokens(rows, { ...options, generator: new Generator(3) }).inputs.toArray();
    expect(again()).toEqual(again());
  });

  test('refuses what makes no sense', () => {
    expect(() => maskTokens(rows, { ...options, share: 0 })).toThrow('the share must be above 0 and at most 1, got 0');
    expect(() => maskTokens(zeros([3]), options)).toThrow('maskTokens: tokens must be [B, T], got [3]');
    expect(() => maskTokens(rows, { ...options, vocabSize: 3 })).toThrow('some token must not be special');
  });
});

test('pretrained on masked tokens it learns what follows from the others', { timeout: 60_000 }, () => {
  // Rows of a, b, a, b, …: what is hidden follows from the rest; without it 1 guess in 8 is right.
  const generator = new Generator(7);
  const config: BERTConfig = { vocabSize: 10, blockSize: 8, nLayer: 1, nHead: 2, nEmbd: 32, dropout: 0 };
  const model = new BERTForMaskedLM(config, { generator });
  // First it learns which two tokens a row has (half its guesses are right), then which of them is missing: with seeds 1 to 8 by step 160.
  const optimizer = new AdamW(model.parameters(), { lr: 0.005 });
  const draw = (rows: number) => {
    const pairs = Array.from({ length: rows }, () => [generator.integer(2, 10), generator.integer(2, 10)]);
    const tokens = tensor(pairs.map(([a, b]) => [a, b, a, b, a, b, a, b]));
    return maskTokens(tokens, { vocabSize: 10, maskToken: 1, special: [0], generator });
  };
  for (let step = 0; step < 400; step++) {
    const { inputs, targets } = draw(32);
    model.zeroGrad();
    tokenLoss(model(inputs), targets).backward();
    optimizer.step();
  }
  const { inputs, targets } = draw(200);
  const right = (x: Tensor) => predict(model, x).argmax(-1).eq(targets).sum().item() / targets.ne(-1).sum().item();
  expect(right(inputs)).toBeGreaterThan(0.9);
  expect(right(ones([200, 8]))).toBeLessThan(0.25); // with all hidden: 4 standard deviations above 1/8 would be 0.22
});
