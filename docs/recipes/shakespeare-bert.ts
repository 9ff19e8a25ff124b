/**
 * BERT on the characters of tiny Shakespeare: pretrained on masked ones, then fine-tuned, on few labels, to tell whether the
 * hidden first letter of a row is a vowel; against the same network from scratch.
 *
 *     npx tsx docs/recipes/shakespeare-bert.ts --data DIR [--out DIR] [--from DIR]     # DIR holds tinyshakespeare.txt
 */
import { manualSeed, nn, tensor, type Tensor } from 'adjoint';
import {
  BERTForClassification,
  BERTForMaskedLM,
  maskTokens,
  predict,
  tokenLoss,
  type BERTConfig,
} from 'adjoint/models';
import { load, save } from 'adjoint/models/folder';
import { charTokenizer } from 'adjoint/text';
import { dataFile, generator, options, seconds, seed, trainer, windows } from './common.ts';

const T = 64;
const B = 32;
const steps = Number(options.steps ?? 2000);

const text = dataFile('tinyshakespeare.txt');
const tokenizer = charTokenizer(text, { specialTokens: ['[PAD]', '[MASK]'] });
const tokens = tokenizer.encode(text);
const cut = Math.floor(0.9 * tokens.length);
const [train, validation] = [tokens.slice(0, cut), tokens.slice(cut)];
const V = tokenizer.vocabSize;
const masking = {
  vocabSize: V,
  maskToken: tokenizer.encode('[MASK]')[0],
  special: [tokenizer.encode('[PAD]')[0]],
  generator,
};
const config: BERTConfig = { vocabSize: V, blockSize: T, nLayer: 3, nHead: 4, nEmbd: 128, dropout: 0 };

// Pretraining, unless --from names a folder that --out has made.
const masked = options.from === undefined ? new BERTForMaskedLM(config) : (load(options.from).model as BERTForMaskedLM);
console.log(`${masked.parameterCount()} parameters, seed ${seed}`);
/** How many of the masked characters of 400 rows it guesses, and how many the best guess without context would. */
function evaluate(): { right: number; guess: number } {
  manualSeed(seed); // the same masks each time
  let [right, asked, common] = [0, 0, 0];
  const commonest = [...new Set(train)].map((c) => [train.reduce((n, t) => n + (t === c ? 1 : 0), 0), c]).sort((a, b) => b[0] - a[0])[0][1]; // prettier-ignore
  for (let i = 0; i < 10; i++) {
    const { inputs, targets } = maskTokens(windows(validation, 40, T)[0], masking);
    right += predict(masked, inputs).argmax(-1).eq(targets).sum().item();
    asked += targets.ne(-1).sum().item();
    common += targets.eq(commonest).sum().item();
  }
  return { right: right / asked, guess: common / asked };
}
const pretrain = trainer(masked, { lr: 1e-3, steps, weightDecay: 0.01 });
for (let step = 0; step < steps && options.from === undefined; step++) {
  const { inputs, targets } = maskTokens(windows(train, B, T)[0], masking);
  const loss = pretrain(step, () => tokenLoss(masked(inputs), targets));
  if (step % 200 === 199) console.log(`step ${step + 1}  loss ${loss.toFixed(3)}  ${seconds()}`);
}
const { right, guess } = evaluate();
console.log(`masked characters: ${(100 * right).toFixed(1)} % right, the best guess without context ${(100 * guess).toFixed(1)} %, ${seconds()}`); // prettier-ignore
if (options.out !== undefined) save(options.out, masked, { tokenizer });

// Fine-tuning.
const labelled = 128;
const n = 16; // characters in a row
const idsOf = (letters: string): Set<number> => new Set(tokenizer.encode(letters + letters.toUpperCase()));
const kinds = [idsOf('bcdfghjklmnpqrstvwxyz'), idsOf('aeiou')];
/** Rows [count, n], the first letter of each hidden, and 1 for those in which it is a vowel: every second one. */
function examples(count: number, from: readonly number[]): [x: Tensor, y: Tensor] {
  const rows = Array.from({ length: count }, (_, i) => {
    let at: number;
    do at = generator.integer(0, from.length - n);
    while (!kinds[i % 2].has(from[at]));
    return [masking.maskToken, ...from.slice(at + 1, at + n)];
  });
  return [tensor(rows), tensor(rows.map((_, i) => i % 2))];
}
manualSeed(seed + 1);
const few = examples(labelled, train);
const test = examples(1000, validation);
function fineTune(pretrained: boolean): number {
  manualSeed(seed + 2);
  const model = new BERTForClassification({ ...config, dropout: 0.1 });
  if (pretrained) model.bert.loadStateDict(masked.bert.stateDict());
  const steps = 120;
  const train1 = trainer(model, { lr: 3e-4, steps, weightDecay: 0.01 });
  for (let step = 0; step < steps; step++) {
    const rows = tensor(generator.permutation(labelled).slice(0, B));
    train1(step, () => nn.functional.crossEntropy(model(few[0].indexSelect(0, rows)), few[1].indexSelect(0, rows)));
  }
  const parts = test[0].split(100);
  const guesses = parts.flatMap((part) => predict(model, part).argmax(1).toArray() as number[]);
  return guesses.filter((guess, i) => guess === i % 2).length / guesses.length;
}
const scratch = fineTune(false);
const tuned = fineTune(true);
console.log(`hidden letters, vowel or not, from ${labelled} examples: ${(100 * tuned).toFixed(1)} % right fine-tuned, ${(100 * scratch).toFixed(1)} % from scratch, ${seconds()}`); // prettier-ignore
