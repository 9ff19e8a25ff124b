/**
 * A small GPT learns a language in which `she` and `he` hang on a name four words before, and is then asked why it says `she`: by which
 * words, when in its layers, and through which places. Run it: npx tsx docs/examples/why-this-word.ts
 */
import { Generator, manualSeed, optim, tensor, type Tensor } from 'adjoint';
import {
  activationPatching,
  attentionRollout,
  attentionWeights,
  generationAttributions,
  logitLens,
} from 'adjoint/explain';
import { GPT, tokenLoss } from 'adjoint/models';

const names = { she: ['anna', 'mary', 'ruth'], he: ['otto', 'paul', 'igor'] };
const animals = ['cat', 'dog', 'hen', 'fox'];
const vocabulary = [...names.she, ...names.he, ...animals, 'has', 'a', 'and', 'she', 'he', 'likes', 'the'];
const encode = (text: string): number[] => text.split(' ').map((word) => vocabulary.indexOf(word));

const random = new Generator(1);
const pick = <T>(list: readonly T[]): T => list[random.integer(0, list.length)];
function sentence(): number[] {
  const pronoun = pick(['she', 'he'] as const);
  return encode(`${pick(names[pronoun])} has a ${pick(animals)} and ${pronoun} likes the ${pick(animals)}`);
}

manualSeed(1);
const model = new GPT({ vocabSize: vocabulary.length, blockSize: 8, nLayer: 2, nHead: 2, nEmbd: 32 });
const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
for (let step = 0; step < 200; step++) {
  const rows = tensor(Array.from({ length: 16 }, sentence)); // [16, 9]
  optimizer.zeroGrad();
  tokenLoss(model(rows.narrow(1, 0, 8)), rows.narrow(1, 1, 8)).backward();
  optimizer.step();
}
model.eval();

const [prompt, corrupted] = [encode('anna has a cat and'), encode('otto has a cat and')];
const [she, he] = encode('she he');
const list = (x: Tensor): number[] => [...x.toTypedArray()];
const line = (name: string, cells: readonly string[]): void =>
  console.log(name.padEnd(12) + cells.map((cell) => cell.padStart(7)).join(''));
const numbers = (name: string, x: Tensor): void =>
  line(
    name,
    list(x).map((value) => value.toFixed(2)),
  );
const words = prompt.map((token) => vocabulary[token]);

// By which words? Shares of the logarithm of the probability of `she`, against a text that has another name and another animal.
const options = { baselineTokens: encode('otto has a dog and') };
const { attributions, values, gap } = await generationAttributions(model, prompt, [she], options);
console.log(`p(she) = ${values.exp().item().toFixed(2)}`); // => p(she) = 1.00
line('', words);
numbers('shares', attributions);
const largest = Math.max(...list(attributions));
console.log(words[list(attributions).indexOf(largest)], Math.abs(gap.item()) < 0.01); // => anna true

// Where does attention look, in all layers? That need not be where the answer comes from.
const rollout = attentionRollout(attentionWeights(model, tensor([prompt])));
numbers('rollout', rollout.attributions.select(1, -1));

// When? What each layer would say behind `and`.
const { top } = logitLens(model, prompt, { top: 1 });
const said = list(top.tokens.select(2, -1)).map((token) => vocabulary[token]);
console.log(said.join(' → ')); // => and → she → she

// Through which places? With `otto` it says `he`: where must the run with `anna` be put in for `she` to come back?
const metric = (logits: Tensor): Tensor => logits.select(1, -1).select(1, she).sub(logits.select(1, -1).select(1, he));
const patched = (await activationPatching(model, prompt, corrupted, metric)).attributions.select(0, 0);
['words', 'layer 1', 'layer 2'].forEach((name, place) => numbers(name, patched.select(0, place)));
console.log(list(patched.select(0, 0)).map(Math.round)); // => [ 1, 0, 0, 0, 0 ]
console.log(list(patched.select(0, 2)).map(Math.round)); // => [ 0, 0, 0, 0, 1 ]
