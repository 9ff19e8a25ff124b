/**
 * nanoGPT's recipe for CPUs: a GPT of 4 layers, 4 heads and width 128 over the characters of tiny Shakespeare, 2000 steps.
 *
 *     npx tsx docs/recipes/shakespeare-gpt.ts --data DIR     # DIR holds tinyshakespeare.txt
 *     … --instructions mul+add --threads 1                   # the same bits on every machine
 */
import { tensor } from 'adjoint';
import { generate, GPT, predict, tokenLoss } from 'adjoint/models';
import { save } from 'adjoint/models/folder';
import { charTokenizer } from 'adjoint/text';
import { dataFile, generator, inHaste, options, seconds, seed, trainer, windows } from './common.ts';

console.log(inHaste());

const T = 64; // block
const B = 12; // batch
const steps = Number(options.steps ?? 2000);

const text = dataFile('tinyshakespeare.txt');
const tokenizer = charTokenizer(text);
const tokens = tokenizer.encode(text);
const cut = Math.floor(0.9 * tokens.length);
const [train, validation] = [tokens.slice(0, cut), tokens.slice(cut)];

const model = new GPT(
  { vocabSize: tokenizer.vocabSize, blockSize: T, nLayer: 4, nHead: 4, nEmbd: 128, bias: false, activation: 'gelu' },
  { generator },
);
console.log(`${model.parameterCount()} parameters, seed ${seed}`);

/** The mean loss over all of the validation text, in rows of T. */
function evaluate(): number {
  let [sum, n] = [0, 0];
  const starts = Array.from({ length: Math.floor((validation.length - 1) / T) }, (_, i) => i * T);
  for (let i = 0; i < starts.length; i += 64) {
    const rows = starts.slice(i, i + 64);
    const logits = predict(model, tensor(rows.map((at) => validation.slice(at, at + T))));
    sum += rows.length * tokenLoss(logits, tensor(rows.map((at) => validation.slice(at + 1, at + T + 1)))).item();
    n += rows.length;
  }
  return sum / n;
}

const train1 = trainer(model, { lr: 1e-3, minLr: 1e-4, steps, warmUp: Math.min(100, steps / 2), weightDecay: 0.1 });
let mean = 0;
for (let step = 0; step < steps; step++) {
  const [x, y] = windows(train, B, T); // [B, T]
  const loss = train1(step, () => tokenLoss(model(x), y));
  mean = step === 0 ? loss : 0.98 * mean + 0.02 * loss;
  if (step % 100 === 99) console.log(`step ${step + 1}  training loss ${mean.toFixed(3)}  ${seconds()}`);
}
console.log(`validation loss ${evaluate().toFixed(4)} after ${steps} steps, ${seconds()}`);
const sample = generate(model, tokenizer.encode('\n'), { maxNewTokens: 300, temperature: 0.8, topK: 40, generator });
console.log(tokenizer.decode(sample));
if (options.out !== undefined) save(options.out, model, { tokenizer });
