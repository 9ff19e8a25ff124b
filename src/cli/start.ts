/**
 * `npm start`: the whole way that a model goes, twice. A first network on random numbers; then digits, from pixels
 * to a saved model that predicts, and a folder with what came of it.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawDigits, splitImages, type LabelledImages } from '../data/index.ts';
import { readMnist } from '../data/mnist.ts';
import { AdjointError, Generator, manualSeed } from '../index.ts';
import { renderReport, type PicturePrediction, type RunReport } from '../inspect/index.ts';
import { loadSafetensors, saveSafetensors, writeFileAtomic } from '../io/index.ts';
import { formatConfusion, progressBar, showSeconds, type Progress } from '../train/index.ts';
import { claim, freeFolder } from './folders.ts';
import { explainDigits } from './digitExplanations.ts';
import { UsageError } from './usage.ts';
import { DigitNet, evaluateDigits, percent, recipe, trainDigits, type Evaluation, type Score } from './digits.ts';

const help = `Trains a first network, then a digit classifier, and leaves a report.

  npm start -- [options]

  --data DIR     MNIST's IDX files (plain or gzipped) in place of drawn digits
  --epochs N     passes over the digits (default: 8 for drawn ones, 25 for MNIST)
  --seed N       start of all random numbers; the same seed gives the same files (default: 1)
  --out DIR      where the run goes; must be new or empty (default: runs/digits, runs/digits-2, …)
  --help         this text
`;

interface Options {
  readonly data: string | undefined;
  readonly epochs: number | undefined;
  readonly seed: number;
  readonly out: string;
}

function readOptions(argv: string[]): Options | null {
  let values: { data?: string; epochs?: string; seed?: string; out?: string; help?: boolean };
  try {
    const text = { type: 'string' } as const;
    const options = { data: text, epochs: text, seed: text, out: text, help: { type: 'boolean', short: 'h' } } as const;
    ({ values } = parseArgs({ args: argv, options }));
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\.\s/)[0]}; see --help`);
  }
  if (values.help) return null;
  const whole = (name: string, value: string | undefined, low: number, high = Infinity): number | undefined => {
    if (value === undefined) return undefined;
    const n = value.trim() === '' ? NaN : Number(value);
    if (!Number.isSafeInteger(n) || n < low || n > high) {
      const range = `from ${low}${high === Infinity ? '' : ` to ${high}`}`;
      throw new UsageError(`--${name} must be a whole number ${range}, got '${value}'`);
    }
    return n;
  };
  const seed = whole('seed', values.seed, 0, Number.MAX_SAFE_INTEGER - 1) ?? 1; // the model's is one more
  return {
    data: values.data,
    epochs: whole('epochs', values.epochs, 1),
    seed,
    out: values.out ?? freeFolder('runs/digits'),
  };
}

/** The two sets of digits: MNIST's images, 8,000 of 10,000 to train on where there is only the test file, or drawn ones. */
function digits(
  data: string | undefined,
  generator: Generator,
): { name: string; train: LabelledImages; heldBack: LabelledImages } {
  if (data === undefined) {
    const { train, heldBack } = splitImages(drawDigits(7000, generator), 6000, generator);
    return { name: 'digits drawn by code', train, heldBack };
  }
  const found = readMnist(data);
  const all = (found.train ?? found.test)!;
  const { train, heldBack } =
    found.train && found.test
      ? { train: found.train, heldBack: found.test }
      : splitImages(all, Math.floor(0.8 * all.labels.length), generator);
  const [a, b] = [train, heldBack].map((set) => `${set.rows} × ${set.columns}`);
  if (a !== b)
    throw new UsageError(`--data ${data}: images must have one size, got ${a} to train on and ${b} to test on`);
  if (train.labels.length === 0 || heldBack.labels.length === 0) {
    const got = train.labels.length + heldBack.labels.length;
    throw new UsageError(`--data ${data}: there must be images to train on and to hold back, got ${got} in all`);
  }
  return { name: `MNIST in ${data}`, train, heldBack };
}

/** What to try when this is over. */
const next: readonly (readonly [command: string, why: string])[] = [
  ['npm run adjoint -- train cnn', 'the digits again, by convolutions'],
  ['npm run adjoint -- train gpt', 'a small GPT on captions of shapes'],
  ['npm run adjoint -- train mlp --data houses', 'a table: the price of houses'],
  ['npm run adjoint -- tune mlp --grid lr=1e-3,1e-2 width=32,64', 'which settings do best'],
  ['npm run adjoint -- --help', 'all commands'],
];

const heading = (text: string): void => console.log(`\n── ${text} ${'─'.repeat(Math.max(0, 72 - text.length))}\n`);

/** One run in a folder of its own. Ctrl-C ends it at any time; a folder that is still empty then goes. */
async function run(options: Options): Promise<void> {
  const loaded = digits(options.data, new Generator(options.seed)); // read first: bad files are told at once
  const release = claim(options.out);
  const bars: Progress[] = [];
  const stop = (signal: NodeJS.Signals): void => {
    for (const bar of bars) bar.stop();
    release();
    console.error('\nStopped. Nothing was left half written.');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await work(options, loaded, bars);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    release();
  }
}

async function work(
  { data, epochs = data === undefined ? 8 : 25, seed, out }: Options,
  { name, train, heldBack }: ReturnType<typeof digits>,
  bars: Progress[],
): Promise<void> {
  const began = performance.now();
  const elapsed = (): string => showSeconds((performance.now() - began) / 1000);

  heading('1. A first network: docs/examples/first-network.ts');
  manualSeed(seed);
  await import(new URL('../../docs/examples/first-network.ts', import.meta.url).href);

  heading('2. A digit classifier');
  const classes = 10;
  const generator = new Generator(seed + 1);
  const model = new DigitNet(train.rows * train.columns, classes, generator);
  console.log(
    `Data: ${name}: ${train.labels.length} to train on, ${heldBack.labels.length} held back; ${train.rows} × ${train.columns} pixels.`,
  );
  console.log(`Model, ${model.parameterCount()} parameters: ${model.toString()}\n`);

  const history: { epoch: number; train: Score; heldBack: Score }[] = [];
  const progress = await progressBar({ total: train.labels.length, epochs });
  bars.push(progress);
  try {
    await trainDigits(model, train, { epochs, ...recipe }, generator, progress, (epoch, trained) => {
      const { loss, accuracy } = evaluateDigits(model, heldBack, classes);
      history.push({ epoch, train: trained, heldBack: { loss, accuracy } });
      progress.endEpoch(
        `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs} · loss ${trained.loss.toFixed(4)} · accuracy ${percent(trained.accuracy)}` +
          ` · held back: loss ${loss.toFixed(4)}, accuracy ${percent(accuracy)} · ${elapsed()}`,
      );
    });
  } finally {
    progress.stop();
  }

  const result = evaluateDigits(model, heldBack, classes);
  console.log(
    `\nOn the ${heldBack.labels.length} held-back digits: accuracy ${percent(result.accuracy, 2)}, loss ${result.loss.toFixed(4)}.`,
  );
  console.log(`Rows are what a digit is, columns what it was taken for:\n\n${formatConfusion(result.confusion)}`);

  heading('3. Save, load, predict');
  const path = join(out, 'model.safetensors');
  saveSafetensors(path, model.stateDict(), { model: 'DigitNet', seed: String(seed) });
  const loaded = new DigitNet(train.rows * train.columns, classes);
  loaded.loadStateDict(loadSafetensors(path).tensors);
  const again = evaluateDigits(loaded, heldBack, classes);
  const same = again.probabilities.every((p, i) => Object.is(p, result.probabilities[i]));
  console.log(
    `A fresh model with the saved parameters gives ${same ? 'the same bits' : 'OTHER BITS'} for all ${again.probabilities.length} probabilities.`,
  );
  if (!same) throw new Error('the loaded model does not predict what the saved one did');

  const config = { data: name, seed, epochs, batch: recipe.batch, lr: recipe.lr, ...recipe.warp };
  const metrics = {
    config,
    parameters: model.parameterCount(),
    history,
    heldBack: { loss: result.loss, accuracy: result.accuracy, confusion: result.confusion },
  };
  writeFileAtomic(join(out, 'metrics.json'), `${JSON.stringify(metrics, null, 2)}\n`);
  const explanations = await explainDigits(model, heldBack, result);
  writeFileAtomic(join(out, 'report.html'), await report(config, model, history, heldBack, result, explanations));

  console.log(`\nThe run is in ${out}: model.safetensors, metrics.json, report.html (${elapsed()} in all).`);
  console.log(`Look at it: open ${join(out, 'report.html')} in a browser.`);
  console.log(`\nWhat else to try:\n\n${next.map(([command, why]) => `  ${command.padEnd(62)} ${why}`).join('\n')}`);
}

/** The page: curves, confusion, some predictions, those that went wrong (the surest first), and why. */
function report(
  config: Record<string, string | number>,
  model: DigitNet,
  history: readonly { epoch: number; train: Score; heldBack: Score }[],
  data: LabelledImages,
  result: Evaluation,
  explanations: NonNullable<RunReport['explanations']>,
): Promise<string> {
  const pixels = data.rows * data.columns;
  const item = (i: number): PicturePrediction => ({
    pixels: data.images.subarray(i * pixels, (i + 1) * pixels),
    width: data.columns,
    height: data.rows,
    predicted: String(result.predictions[i]),
    actual: String(data.labels[i]),
    confidence: result.confidences[i],
  });
  const wrong = result.predictions
    .flatMap((p, i) => (p === data.labels[i] ? [] : [i]))
    .sort((a, b) => result.confidences[b] - result.confidences[a]);
  const curve = (
    title: string,
    yLabel: string,
    of: (score: Score) => number,
    percent: boolean,
  ): Parameters<typeof renderReport>[0]['curves'][number] => ({
    title,
    xLabel: 'epoch',
    yLabel,
    percent,
    series: [
      { name: 'training', points: history.map((h): [number, number] => [h.epoch, of(h.train)]) },
      { name: 'held back', points: history.map((h): [number, number] => [h.epoch, of(h.heldBack)]) },
    ],
  });
  return renderReport({
    title: 'Digits',
    subtitle: `${String(config['data'])}, seed ${config['seed']}`,
    figures: [
      { label: 'accuracy on held-back digits', value: percent(result.accuracy, 2) },
      { label: 'loss on held-back digits', value: result.loss.toFixed(4) },
      { label: 'held-back digits', value: String(data.labels.length) },
      { label: 'parameters', value: String(model.parameterCount()) },
    ],
    curves: [
      curve('Loss', 'cross-entropy', (s) => s.loss, false),
      curve('Accuracy', 'share right', (s) => s.accuracy, true),
    ],
    confusion: { labels: result.confusion.map((_, i) => String(i)), counts: result.confusion },
    predictions: [
      {
        heading: 'Held-back digits',
        items: Array.from({ length: Math.min(24, data.labels.length) }, (_, i) => item(i)),
      },
      { heading: 'Mistakes, the surest first', items: wrong.slice(0, 24).map(item), ifEmpty: 'None.' },
    ],
    explanations,
    config,
    modelText: model.toString(),
  });
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) console.log(help);
  else await run(options);
} catch (error) {
  // What a user can mend is one line; only a fault of ours shows where it happened.
  const known = error instanceof UsageError || error instanceof AdjointError;
  console.error(known ? `adjoint: ${error.message}` : error);
  process.exitCode = known ? 2 : 1;
}
