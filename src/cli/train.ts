/** `adjoint train`: data, a model, `fit`, and a folder with all that came of it. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FileError, FormatError, ValueError } from '../array/errors.ts';
import { Generator } from '../array/random.ts';
import { renderReport, type RunReport } from '../inspect/index.ts';
import { lockFile, saveSafetensors, writeFileAtomic } from '../io/files.ts';
import { AdamW, lrScheduler } from '../optim/index.ts';
import { saveTokenizer } from '../text/files.ts';
import { fit, logFile, showProgress, showSeconds, stopOnInterrupt, type Run } from '../train/index.ts';
import { claim, freeFolder, orNote, readJson, writeJson } from './folders.ts';
import { isPictureFolder, pictureSettings } from './imageTask.ts';
import { readSettings, recipeOf, type Settings } from './recipes.ts';
import { isTable } from './tableTask.ts';
import { inStages } from './stages.ts';
import type { Batch, Judgement, Plan, Prepared } from './task.ts';
import { prepare } from './tasks.ts';
import { expectPositionals, UsageError, type Args } from './usage.ts';

/** A new plan, from the options and the model that was named. */
export function newPlan(args: Args, [name]: readonly string[]): Plan {
  const data = dataOf(args, null);
  const recipe = recipeOf(name, isTable(data));
  const more = recipe.kind === 'images' && isPictureFolder(data) ? pictureSettings : {};
  const pretrained = args.text('pretrained');
  if (pretrained !== undefined && recipe.kind !== 'labels') {
    throw new UsageError('--pretrained is for bert with a table of texts and labels: --data must name a CSV file');
  }
  const defaults = pretrained === undefined ? { ...recipe.defaults, ...more } : withoutShape(recipe.defaults);
  const settings = readSettings(defaults, args.all('set'));
  const plan = { recipe: name, data, settings, ...(pretrained !== undefined && { pretrained: resolve(pretrained) }) };
  const isOfColumns = recipe.kind === 'table' || recipe.kind === 'labels' || (recipe.kind === 'pairs' && data !== null);
  const wrong = columnOptions.find((option) => args.has(option) && !isOfColumns);
  if (wrong !== undefined) throw new UsageError(`--${wrong} is for tables: --data must name a CSV file, or houses`);
  if (args.has('text') && recipe.kind !== 'table')
    throw new UsageError(`--text is for mlp: all columns are texts here`);
  if (!isOfColumns) return plan;
  const target = args.text('target');
  return { ...plan, columns: { ...(target !== undefined && { target }), text: args.all('text'), drop: args.all('drop') } }; // prettier-ignore
}

/** What a model that is there already has settled. */
const withoutShape = (defaults: Settings): Settings =>
  Object.fromEntries(Object.entries(defaults).filter(([name]) => !['vocab', 'block', 'width', 'layers', 'heads'].includes(name))); // prettier-ignore

/** The words that newPlan makes the plan of. */
export function wordsOf({ recipe, data, settings, columns, pretrained }: Plan): string[] {
  const option = (name: string, values: readonly string[]): string[] => values.flatMap((value) => [`--${name}`, value]);
  return [
    recipe,
    ...option('data', data === null ? [] : [data]),
    ...option('set', Object.entries(settings).map(([name, value]) => `${name}=${value}`)), // prettier-ignore
    ...option('target', columns?.target === undefined ? [] : [columns.target]),
    ...option('text', columns?.text ?? []),
    ...option('drop', columns?.drop ?? []),
    ...option('pretrained', pretrained === undefined ? [] : [pretrained]),
  ];
}

const columnOptions = ['target', 'text', 'drop'];

/** The path that --data names, in full, or a name of data that code draws. */
export function dataOf(args: Args, otherwise: string | null): string | null {
  const said = args.text('data');
  return said === undefined ? otherwise : said === 'houses' ? said : resolve(said);
}

/** The plan of a folder that `train` has made. @throws UsageError where the folder is of something else */
export function planOf(folder: string): Plan {
  const path = join(folder, 'config.json');
  if (!existsSync(path)) {
    const cure = 'name a folder that `adjoint train` has made';
    throw new FileError(path, 'there must be the config of a run', 'no such file', cure);
  }
  const config = readJson(path) as { run?: Plan };
  if (!config.run) throw new FormatError(path, 'the folder must be one that `adjoint train` has made', 'another model');
  return config.run;
}

/** The plan of a run that is to go on: all is as it was, so nothing else can be said. */
function oldPlan(folder: string, args: Args): Plan {
  expectPositionals(args, ['MODEL'], 0);
  for (const name of ['data', 'set', 'out', 'pretrained', ...columnOptions]) {
    if (args.has(name)) throw new UsageError(`--resume goes on as the run began: leave out --${name}`);
  }
  const plan = planOf(folder);
  const [name = plan.recipe] = args.positionals;
  if (name === plan.recipe) return plan;
  throw new UsageError(`--resume ${folder} must be a run of ${name}, got one of ${plan.recipe}; leave out MODEL`);
}

/** Returns the exit code. */
export async function train(args: Args): Promise<number> {
  const old = args.text('resume');
  if (old === undefined) expectPositionals(args, ['MODEL']);
  const plan = old === undefined ? newPlan(args, args.positionals) : oldPlan(old, args);
  const out = old ?? args.text('out') ?? freeFolder(`runs/${plan.recipe}`);
  const generator = new Generator(plan.settings['seed']);
  const { model, task, name, fingerprint } = await prepare(plan, generator);
  if (plan.fingerprint !== undefined && plan.fingerprint !== fingerprint) {
    const cure = 'put the old data back, or begin a new run';
    throw new ValueError('train', `--resume ${out} needs the data that it began with`, `other data in ${name}`, cure);
  }
  const release = old === undefined ? claim(out) : (): void => {};
  const unlock = lockFile(join(out, 'config.json'));
  try {
    if (old === undefined) begin(out, model, { ...plan, fingerprint });
    return await work({ out, model, task, plan, name, generator, json: args.has('json') });
  } finally {
    unlock();
    release();
  }
}

/** Two runs may find the folder empty; the lock lets one in, and the other then sees that one's files. */
function begin(out: string, model: Prepared['model'], run: Plan): void {
  const others = readdirSync(out).filter((name) => !name.endsWith('.lock'));
  if (others.length > 0)
    throw new UsageError(`--out must be a new or empty folder, got ${out}, in which a run has begun`);
  writeJson(join(out, 'config.json'), { model: model.constructor.name, config: model.config, run });
}

interface Work extends Omit<Prepared, 'fingerprint'> {
  readonly out: string;
  readonly plan: Plan;
  readonly generator: Generator;
  readonly json: boolean;
}

async function work(w: Work): Promise<number> {
  const { out, model, task, plan, name, generator, json } = w;
  const { lr, weightDecay } = plan.settings;
  const epochs = task.stages?.reduce((sum, stage) => sum + stage.epochs, 0) ?? plan.settings['epochs'];
  const began = performance.now();
  const stream = json ? process.stderr : process.stdout;
  stream.write(
    `${plan.recipe}, ${model.parameterCount()} parameters, on ${name}. Ctrl-C stops; the run is in ${out}\n`,
  );

  const betas: [number, number] = task.stages ? [0.9, 0.99] : [0.9, 0.999]; // a stage is short: it must forget its beginning
  const optimizer = new AdamW(model.parameters(), { lr, weightDecay, betas });
  const stepsPerEpoch = task.loader.length;
  const run = await fit<Batch>({
    model,
    optimizer,
    train: task.loader,
    loss: (batch) => task.loss(batch),
    epochs,
    validate: () => task.validate(),
    scheduler: task.stages
      ? inStages(optimizer, task.stages, stepsPerEpoch)
      : new lrScheduler.OneCycleLR(optimizer, { maxLr: lr, epochs, stepsPerEpoch }),
    scheduleEach: 'step',
    clipNorm: 1,
    generator,
    checkpoint: join(out, 'checkpoint.safetensors'),
    saveEvery: 100,
    resume: true,
    callbacks: [
      stopOnInterrupt(),
      logFile(join(out, 'log.jsonl')),
      showProgress({ total: stepsPerEpoch, epochs, stream }),
    ],
  });

  const judgement = await task.judge();
  saveSafetensors(join(out, 'model.safetensors'), model.stateDict());
  if (task.tokenizer) saveTokenizer(join(out, 'tokenizer.json'), task.tokenizer);
  if (task.preprocessing) writeJson(join(out, 'preprocessing.json'), task.preprocessing);
  const { history, step, stopped } = run;
  writeJson(join(out, 'metrics.json'), { ...judgement.metrics, ...judgement.details, steps: step, stopped, history });
  await orNote('report.html', () => writeReport(w, run, judgement));

  const seconds = (performance.now() - began) / 1000;
  const resume = stopped === null ? undefined : `adjoint train --resume ${out}`;
  if (json) {
    const { metrics } = judgement;
    console.log(JSON.stringify({ folder: out, parameters: model.parameterCount(), steps: step, stopped, metrics, seconds, resume })); // prettier-ignore
  } else {
    console.log(`On what was held back: ${judgement.summary} (${showSeconds(seconds)}).`);
    console.log(`The run is in ${out}; look at ${join(out, 'report.html')}.`);
    if (resume !== undefined) console.log(`It was ${stopped} after ${step} steps. To go on: ${resume}`);
  }
  return stopped === null ? 0 : stopped === 'interrupted' ? 130 : 143;
}

/** Of metrics whose names alone do not say it. */
const meaning: Readonly<Record<string, string>> = {
  right: 'of lines that it writes could be',
  guess: 'right by the best guess without context',
  chosen: 'of captions drawn right, where CLIP chooses',
  single: 'of all drawings right',
  codes: 'of true pictures right after their codes',
  rmse: 'root of the mean squared error, held back',
  r2: 'R², held back',
};

/** The page of a run. */
async function writeReport(
  { out, model, task, plan, name }: Work,
  { history }: Run,
  judgement: Judgement,
): Promise<void> {
  const series = (
    title: string,
    rows: Run['history'],
    ...names: (readonly [metric: string, label: string])[]
  ): RunReport['curves'][number] => ({
    title,
    yLabel: title.toLowerCase().replace(/ of .*/, ''),
    percent: title === 'Accuracy',
    series: names.map(([metric, label]) => ({
      name: label,
      points: rows.map((row): [number, number] => [row.epoch, row[metric]]),
    })),
  });
  const accuracy = history.some((row) => 'accuracy' in row)
    ? [series('Accuracy', history, ['accuracy', 'held back'])]
    : [];
  let ended = 0;
  const losses = (task.stages ?? [{ name: '', epochs: history.length }]).map(({ name: part, epochs }) => {
    const rows = history.slice(ended, (ended += epochs));
    const title = part === '' ? 'Loss' : `Loss of ${part}`;
    return series(title, rows, ['loss', 'training'], ['heldBackLoss', 'held back']);
  });
  const shown = (x: number, key: string): string =>
    ['accuracy', 'right', 'guess', 'chosen', 'single', 'codes'].includes(key)
      ? `${(100 * x).toFixed(1)} %`
      : x.toFixed(key === 'perplexity' || key === 'rmse' ? 2 : 4);
  const page = await renderReport({
    title: `${plan.recipe} on ${name}`,
    subtitle: `seed ${plan.settings['seed']}`,
    figures: [
      ...Object.entries(judgement.metrics).map(([label, x]) => ({
        label: meaning[label] ?? `${label}, held back`,
        value: shown(x, label),
      })),
      { label: 'parameters', value: `${model.parameterCount()}` },
    ],
    curves: [...losses, ...accuracy],
    ...judgement.report,
    config: { data: plan.data ?? name, ...plan.settings },
    modelText: model.toString(),
  });
  writeFileAtomic(join(out, 'report.html'), page);
}
