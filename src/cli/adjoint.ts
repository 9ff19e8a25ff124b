#!/usr/bin/env node
/** `npx adjoint`: which command it is, its help, and what it ends with: 0, 1 failure, 2 usage, 130 and 143 stopped. */
import { AdjointError } from '../array/errors.ts';
import { draw } from './draw.ts';
import { explain, explainHelp } from './explain.ts';
import { bench } from './bench.ts';
import { exportModel } from './exportOnnx.ts';
import { findStepSize } from './findLr.ts';
import { info } from './info.ts';
import { meanings, recipes, type Recipe } from './recipes.ts';
import { tokenize } from './tokenize.ts';
import { train } from './train.ts';
import { tune } from './tune.ts';
import { evaluate, generate, predict } from './use.ts';
import { readArgs, UsageError, type Args, type OptionTypes } from './usage.ts';

interface Command {
  readonly about: string;
  readonly help: string;
  readonly options: OptionTypes;
  /** May return an exit code. */
  run(args: Args): number | void | Promise<number | void>;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const texts = { type: 'string', multiple: true } as const;
/** What a run is made of. */
const plan = { data: text, set: texts, target: text, text: texts, drop: texts, pretrained: text };
const models = Object.entries(recipes).map(
  ([name, { kind, about }]) => `  ${name.padEnd(11)} ${kind.padEnd(7)} ${about}`,
);

const commands: Readonly<Record<string, Command>> = {
  train: {
    about: 'train a model, and leave a folder with all that came of it',
    help: `adjoint train MODEL [options]
adjoint train --resume DIR

${models.join('\n')}

  --data PATH      images: a folder with MNIST's files, or with a folder of PNG and JPEG files for each class;
                   text: a file; tables and pairs: a CSV or TSV file with names in its first line, or houses, which are
                   drawn. Left out: digits, captions of shapes, or sums, made by code
  --target COLUMN  the column of a table that is foretold: classes if it is of texts, else a number (default: the last)
  --pretrained DIR bert with a table of texts and labels: goes on from the weights of a run that fills gaps
  --text COLUMN    texts although they look like numbers, such as postal codes; may be said again
  --drop COLUMN    a column that is left out; may be said again
  --set name=value a setting; may be said again. adjoint train MODEL --help tells them
  --out DIR        a new or empty folder (default: runs/MODEL, runs/MODEL-2, …)
  --resume DIR     go on with a run that was stopped or killed, to the same bits as if it had not been`,
    options: { ...plan, out: text, resume: text },
    run: train,
  },
  tune: {
    about: 'train with many settings, and say which of them did best',
    help: `adjoint tune MODEL --grid NAME=VALUE,VALUE… … [options]
adjoint tune MODEL --random N NAME=LOW..HIGH … [options]
adjoint tune --resume DIR

  --grid           every combination of the values that are listed: lr=1e-3,3e-3 width=64,128
  --random N       N draws: from lists, from ranges (dropout=0..0.5), or from ranges on a logarithmic axis
                   (lr=1e-4..1e-1:log)
  --halving        first few epochs for all; the best third of them goes on with three times as many, and so on up to
                   the setting epochs
  --score NAME     what is to be best on what was held back: loss (default), accuracy, …
  --jobs N         trials at a time, each in a process of its own (default: as many as there are processors)
  --data, --set, --target, --text, --drop, --pretrained     for all trials, as in train
  --out DIR        a new or empty folder (default: runs/tune-MODEL, runs/tune-MODEL-2, …)
  --resume DIR     go on with a tuning that was stopped or killed`,
    options: { ...plan, out: text, resume: text, grid: flag, random: text, halving: flag, score: text, jobs: text },
    run: tune,
  },
  'find-lr': {
    about: 'a step size to try first',
    help: `adjoint find-lr MODEL [options]

  Makes a step with each of many step sizes, from small to large, and says at which one the loss fell fastest.

  --from LR, --to LR    the least and the largest (default: 1e-6 and 1)
  --steps N             (default: 100)
  --data, --set, --target, --text, --drop, --pretrained     as in train
  --out DIR             a new or empty folder for the curve (default: runs/find-lr-MODEL, …)`,
    options: { ...plan, out: text, from: text, to: text, steps: text },
    run: findStepSize,
  },
  eval: {
    about: 'how good a model is on what was held back',
    help: `adjoint eval DIR [--data PATH]

  --data PATH      other data than that of the run, split in the same way: what would be held back of it counts`,
    options: { data: text },
    run: evaluate,
  },
  predict: {
    about: 'what a model says of pictures, of the rows of a table, or of texts',
    help: `adjoint predict DIR FILE…
adjoint predict DIR TEXT…

  PNG and JPEG files, brought to the size that the model was trained on; or a CSV or TSV file with the columns of the
  table in any order: it comes out again with what is foretold of each row. Texts are for bert (with [MASK] where it is
  to fill a gap, or to be told a class of) and for transformer (sources)`,
    options: {},
    run: predict,
  },
  generate: {
    about: 'text that goes on from a prompt, as it comes',
    help: `adjoint generate DIR --prompt "…" [options]

  DIR is of a run, or of GPT-2 in Hugging Face's layout.

  --tokens N       at most so many (default: 200)
  --temperature T  below 1 likely tokens become likelier; 0 takes the likeliest (default: 0.8)
  --top-k K        only the K likeliest tokens
  --top-p P        only the likeliest tokens whose probabilities first reach P together
  --stop TEXT      ends after the first token of TEXT
  --seed N         the same seed gives the same text (default: another each time)`,
    options: { 'prompt': text, 'tokens': text, 'temperature': text, 'top-k': text, 'top-p': text, 'stop': text, 'seed': text }, // prettier-ignore
    run: generate,
  },
  explain: {
    about: 'why a model says what it says: a table and a page',
    help: explainHelp,
    options: {
      'input': texts, 'row': texts, 'prompt': text, 'method': text, 'target': text, 'output': text, 'baseline': text, 'words': flag, 'corrupted': text, 'concept': text,
      'samples': text, 'set': texts, 'seed': text, 'out': text, 'pictures': flag, 'check': flag,
    }, // prettier-ignore
    run: explain,
  },
  draw: {
    about: 'a picture of what a caption says',
    help: `adjoint draw DIR --caption "a large red circle above a small blue square" --out x.png [options]

  DIR is of a run of dalle.

  --count N        pictures in the file, side by side, the best first (default: 1)
  --of N           pictures that are drawn, of which CLIP chooses (default: 8, or as many as --count)
  --zoom N         side of a pixel in the file (default: 8)
  --seed N         the same seed gives the same file (default: another each time)`,
    options: { caption: text, out: text, count: text, of: text, zoom: text, seed: text },
    run: draw,
  },
  info: {
    about: 'layers, shapes, parameters, FLOPs, memory',
    help: `adjoint info DIR [--length N]

  DIR is of a run, or of GPT-2 or BERT in Hugging Face's layout. FLOPs and activations are counted while the model is
  called with one row; --length says of how many tokens (default: as many as the model takes, at most 64).`,
    options: { length: text },
    run: info,
  },
  export: {
    about: 'a model as an ONNX file',
    help: `adjoint export DIR --onnx [--out FILE] [options]

  --out FILE       (default: DIR/model.onnx)
  --length N       tokens in a row, which the file fixes (default: as many as the model takes, at most 64)
  --batch N        rows in a batch (default: free, chosen when the file is run)

  Needs the package @bufbuild/protobuf.`,
    options: { onnx: flag, out: text, length: text, batch: text },
    run: exportModel,
  },
  bench: {
    about: 'what this machine computes in a second',
    help: `adjoint bench [--threads N]

  Products of matrices and a few other ops, by the kernels that are in use and by plain loops over the same numbers.`,
    options: { threads: text },
    run: bench,
  },
  tokenize: {
    about: 'text to tokens, or a new tokenizer from a text',
    help: `adjoint tokenize DIR|tokenizer.json TEXT…
adjoint tokenize DIR|tokenizer.json --data FILE
adjoint tokenize --train KIND --data FILE --out tokenizer.json [--vocab-size N]

  KIND is char, word, bpe, wordpiece or unigram; N is 1000 if left out, and char needs none.`,
    options: { data: text, train: text, out: text, 'vocab-size': text },
    run: tokenize,
  },
};

const common = { json: flag, help: { type: 'boolean', short: 'h' } } as const;
const overview = `adjoint COMMAND …

${Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(9)} ${about}`).join('\n')}

  --json           one line of JSON in place of words (one for each file in predict)
  --help           more about a command

Ends with 0 when all is well, 1 when something failed, 2 for a mistake in the command, 130 when stopped by Ctrl-C.`; // prettier-ignore

/** The settings of a model with what they mean, or the command's help. */
function helpOf({ help }: Command, { positionals: [model] }: Args): string {
  if (model === undefined || !Object.hasOwn(recipes, model)) return help;
  const settings = ({ defaults }: Recipe): string =>
    Object.entries(defaults).map(([name, value]) => `  ${`${name}=${value}`.padEnd(18)} ${meanings[name]}`).join('\n'); // prettier-ignore
  const { about, forTable } = recipes[model];
  const more = forTable ? `\n\nWith a table, ${forTable.about}:\n\n${settings(forTable)}` : '';
  return `adjoint train ${model}: ${about}\n\nSettings, --set name=value:\n\n${settings(recipes[model])}${more}`;
}

async function main([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(overview);
    return name === undefined ? 2 : 0;
  }
  if (!Object.hasOwn(commands, name)) {
    throw new UsageError(`there is no command '${name}'; there are ${Object.keys(commands).join(', ')}`);
  }
  const command = commands[name];
  const args = readArgs(rest, { ...command.options, ...common });
  if (args.has('help')) {
    console.log(name === 'train' ? helpOf(command, args) : command.help);
    return 0;
  }
  return (await command.run(args)) ?? 0;
}

// A trial of `adjoint tune` ends when the tuning does, however that ends; it goes on from its last checkpoint.
process.once('disconnect', () => process.exit(143));
process.channel?.unref();

// `adjoint … | head` has read enough: what comes then is not wanted, and no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What a user can mend is one line; only a fault of ours shows where it happened.
  const isKnown =
    error instanceof UsageError || error instanceof AdjointError || (error instanceof Error && 'syscall' in error);
  console.error(isKnown ? `adjoint: ${error.message.replaceAll('\n', ' ')}` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
