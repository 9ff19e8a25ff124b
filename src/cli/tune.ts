/**
 * `adjoint tune`: many runs of `adjoint train`, each with other settings, in a process and a folder of its own; which of them
 * did best. What was asked for stands in tune.json, and what is over in trials.jsonl: a tuning goes on from these.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FileError, ValueError } from '../array/errors.ts';
import { Generator } from '../array/random.ts';
import { lockedBy, lockFile } from '../io/files.ts';
import { grid, randomDraws, showSeconds, successiveHalving, tune as runTrials, type Trial } from '../train/index.ts';
import { claim, freeFolder, orNote, readJson, writeJson } from './folders.ts';
import { isWhole, readSettings, type Settings } from './recipes.ts';
import { formatTable } from './table.ts';
import type { Plan } from './task.ts';
import { prepare } from './tasks.ts';
import { newPlan, wordsOf } from './train.ts';
import { isBetterLow, trialCells, trialFolder, writeTuningReport } from './tuningReport.ts';
import { UsageError, type Args } from './usage.ts';

/** How many times fewer candidates each round of successive halving has, and how many times more epochs. */
const ETA = 3;

/** What a tuning was asked to do; it stands in its tune.json. */
export interface Tuning {
  /** What all trials share. */
  readonly plan: Plan;
  readonly candidates: readonly Settings[];
  readonly score: string;
  /** Epochs of the first and the last round of successive halving; null where all candidates get the same. */
  readonly halving: readonly [first: number, last: number] | null;
}

/** The options of a `name=value` each, as text: for a grid a list of values, for a random search a range as well. */
function readSpace(words: readonly string[], defaults: Settings): [name: string, values: string][] {
  if (words.length === 0) throw new UsageError('there must be settings to try, such as lr=1e-3,3e-3; see --help');
  const space = words.map((word): [string, string] => {
    const [, name, values] = /^(\w+)=(.+)$/.exec(word) ?? [];
    if (name === undefined) throw new UsageError(`what to try must be name=value,value,…, got '${word}'`);
    if (!Object.hasOwn(defaults, name)) {
      throw new UsageError(`what to try must be one of ${Object.keys(defaults).join(', ')}, got '${name}'`);
    }
    return [name, values];
  });
  const twice = space.find(([name], i) => space.findIndex(([other]) => other === name) !== i);
  if (twice) throw new UsageError(`each setting may be named once, got ${twice[0]} twice; put its values in one list`);
  return space;
}

/** The value of one setting, checked as --set checks it. */
const valueOf = (defaults: Settings, name: string, text: string): Settings[string] =>
  readSettings(defaults, [`${name}=${text.trim()}`])[name];

const listOf = (defaults: Settings, name: string, values: string): Settings[string][] =>
  values.split(',').map((text) => valueOf(defaults, name, text));

/** Draws from `low..high` evenly, or with `:log` behind it evenly on a logarithmic axis; to 4 digits, or whole. */
function drawing(defaults: Settings, name: string, values: string): Settings[string][] | ((g: Generator) => number) {
  const [, from, to, log] = /^(.+?)\.\.(.+?)(:log)?$/.exec(values) ?? [];
  if (from === undefined) return listOf(defaults, name, values);
  const [low, high] = [from, to].map((text) => valueOf(defaults, name, text));
  if (!(high > low) || (log && low <= 0)) {
    const rule = log ? 'grow, from above 0' : 'grow';
    throw new UsageError(`a range must ${rule}, got ${name}=${values}`);
  }
  const between = (u: number): number => (log ? low * (high / low) ** u : low + u * (high - low));
  return (generator) => {
    const x = between(generator.uniform());
    return isWhole(name) ? Math.round(x) : Number(x.toPrecision(4));
  };
}

function newTuning(args: Args): Tuning {
  const [model, ...words] = args.positionals;
  if (model === undefined) throw new UsageError('MODEL is missing; see --help');
  const plan = newPlan(args, [model]);
  const { settings } = plan;
  const space = readSpace(words, settings);
  const n = args.whole('random', undefined, 1);
  if (args.has('grid') === (n !== undefined)) {
    throw new UsageError('there must be either --grid or --random N; see --help');
  }
  const candidates =
    n === undefined
      ? grid<Settings>(Object.fromEntries(space.map(([name, values]) => [name, listOf(settings, name, values)])))
      : randomDraws<Settings>(
          Object.fromEntries(space.map(([name, values]) => [name, drawing(settings, name, values)])),
          n,
          new Generator(settings['seed']),
        );
  const score = args.text('score') ?? 'loss';
  return { plan, candidates, score, halving: args.has('halving') ? halvingOf(settings, candidates) : null };
}

/** As many rounds as the candidates last and the epochs can be divided. */
function halvingOf({ epochs }: Settings, candidates: readonly Settings[]): readonly [number, number] {
  if (typeof epochs !== 'number' || candidates.some((some) => 'epochs' in some)) {
    throw new UsageError('--halving chooses the epochs of each trial: leave epochs out, or leave it to --set');
  }
  const times = (n: number): number => Math.floor(Math.log(n + 0.5) / Math.log(ETA));
  const rounds = Math.min(times(candidates.length), times(epochs));
  if (rounds < 1) {
    const got = `${candidates.length} and ${epochs}`;
    throw new UsageError(`--halving needs at least ${ETA} candidates and ${ETA} epochs, got ${got}`);
  }
  const first = Math.floor(epochs / ETA ** rounds);
  return [first, first * ETA ** rounds];
}

/** The tuning of a folder that is to go on: all is as it was, so nothing else can be said. */
function oldTuning(folder: string, args: Args): Tuning {
  for (const name of [
    'data',
    'set',
    'target',
    'text',
    'drop',
    'pretrained',
    'out',
    'grid',
    'random',
    'halving',
    'score',
  ]) {
    if (args.has(name)) throw new UsageError(`--resume goes on as the tuning began: leave out --${name}`);
  }
  if (args.positionals.length > 0) throw new UsageError('--resume goes on as the tuning began: leave out MODEL');
  const path = join(folder, 'tune.json');
  if (!existsSync(path)) {
    const cure = 'name a folder that `adjoint tune` has made';
    throw new FileError(path, 'there must be what the tuning was asked to do', 'no such file', cure);
  }
  return readJson(path) as Tuning;
}

/** Returns the exit code. */
export async function tune(args: Args): Promise<number> {
  const old = args.text('resume');
  const tuning = old === undefined ? newTuning(args) : oldTuning(old, args);
  const jobs = args.whole('jobs', Math.min(availableParallelism(), tuning.candidates.length), 1);
  const out = old ?? args.text('out') ?? freeFolder(`runs/tune-${tuning.plan.recipe}`);
  // Bad data is told here, once, and not by each trial.
  const { name, fingerprint } = await prepare(tuning.plan, new Generator(tuning.plan.settings['seed']));
  if (tuning.plan.fingerprint !== undefined && tuning.plan.fingerprint !== fingerprint) {
    const cure = 'put the old data back, or begin a new tuning';
    throw new ValueError('tune', `--resume ${out} needs the data that it began with`, `other data in ${name}`, cure);
  }
  const release = old === undefined ? claim(out) : (): void => {};
  const unlock = lockFile(join(out, 'tune.json'));
  try {
    if (old === undefined) {
      if (readdirSync(out).some((file) => !file.endsWith('.lock'))) {
        throw new UsageError(`--out must be a new or empty folder, got ${out}, in which a tuning has begun`);
      }
      writeJson(join(out, 'tune.json'), { ...tuning, plan: { ...tuning.plan, fingerprint } });
    }
    return await work(tuning, { out, jobs, name, unlock, json: args.has('json') });
  } finally {
    unlock();
    release();
  }
}

interface Work {
  readonly out: string;
  readonly jobs: number;
  /** Of the data. */
  readonly name: string;
  readonly json: boolean;
  readonly unlock: () => void;
}

async function work(tuning: Tuning, { out, jobs, name, json, unlock }: Work): Promise<number> {
  const { plan, candidates, score, halving } = tuning;
  const began = performance.now();
  const say = json ? console.error : console.log;
  const how = halving ? `the best third of each round goes on, from ${halving[0]} to ${halving[1]} epochs` : 'one run each'; // prettier-ignore
  say(`${plan.recipe} on ${name}: ${candidates.length} candidates, ${how}; ${jobs} at a time. Ctrl-C stops; all is in ${out}`); // prettier-ignore

  /** Ends at once, and all trials with it: they go on from what they have saved. */
  const leave = (code: number, words: string): never => {
    unlock();
    console.error(words);
    process.exit(code);
  };
  const stop = (signal: NodeJS.Signals): never =>
    leave(signal === 'SIGINT' ? 130 : 143, `Stopped. To go on: adjoint tune --resume ${out}`);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const options = {
    trial: async (candidate: Settings, budget: number): Promise<number> => {
      const metrics = await trainApart(tuning, candidate, budget, out);
      if (typeof metrics[score] === 'number') return metrics[score];
      const words = `--score must be one of ${Object.keys(metrics).join(', ')}, got '${score}'`;
      return leave(2, `adjoint: ${words}; begin again in another folder`);
    },
    mode: isBetterLow(score) ? ('min' as const) : ('max' as const),
    workers: jobs,
    log: join(out, 'trials.jsonl'),
    onTrial: (trial: Trial<Settings>) => {
      const settings = trialFolder(tuning, trial).replaceAll(',', ' ');
      const result = trial.score === null ? `failed: ${trial.error}` : `${score} ${+trial.score.toPrecision(5)}`;
      say(`${settings}: ${result} (${showSeconds(trial.seconds)})`);
    },
  };
  const trials = await (
    halving
      ? successiveHalving(candidates, { ...options, minBudget: halving[0], maxBudget: halving[1], eta: ETA })
      : runTrials(candidates, { ...options, budget: plan.settings['epochs'] })
  ).finally(() => process.off('SIGINT', stop).off('SIGTERM', stop));

  const [best] = trials;
  if (best.score === null) {
    const cure = `the trials are in ${join(out, 'trials')}`;
    throw new ValueError('tune', 'a trial must come to an end', `none that did; the first: ${best.error}`, cure);
  }
  await orNote('report.html', () => writeTuningReport(out, tuning, trials, name));
  const folder = join(out, 'trials', trialFolder(tuning, best));
  const seconds = (performance.now() - began) / 1000;
  if (json) {
    const rows = trials.map(({ budget, ...trial }) => ({
      ...trial,
      ...(halving && { epochs: budget }),
      folder: join(out, 'trials', trialFolder(tuning, { ...trial, budget })),
    }));
    console.log(JSON.stringify({ folder: out, score, best: rows[0], trials: rows, seconds }));
  } else {
    const { head, rows } = trialCells(tuning, trials);
    console.log(`\n${formatTable(head, rows)}\n`);
    console.log(
      `The best, with ${score} ${+best.score.toPrecision(5)}, is in ${folder} (${showSeconds(seconds)} in all).`,
    );
    console.log(`Look at ${join(out, 'report.html')}.`);
  }
  return 0;
}

type Metrics = Readonly<Record<string, number>>;

/** One trial: `adjoint train` as a process, or `adjoint train --resume` where it was cut off. Returns its metrics. */
async function trainApart(tuning: Tuning, candidate: Settings, epochs: number, out: string): Promise<Metrics> {
  const folder = join(out, 'trials', trialFolder(tuning, { options: candidate, budget: epochs }));
  const config = join(folder, 'config.json');
  // A trial of a tuning that was killed just now ends within a step of its own.
  for (let i = 0; i < 100 && lockedBy(config) !== null; i++) await setTimeout(100);
  const goesOn = existsSync(config);
  if (!goesOn) rmSync(folder, { recursive: true, force: true }); // killed before it had begun: a lock at most
  const settings = { ...tuning.plan.settings, ...(tuning.halving && { epochs }), ...candidate };
  const asked = goesOn ? ['--resume', folder] : [...wordsOf({ ...tuning.plan, settings }), '--out', folder];
  return new Promise((resolve, reject) => {
    const args = [...process.execArgv, process.argv[1], 'train', '--json', ...asked];
    // With a channel to this process, for the trial ends when that closes: see adjoint.ts.
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let [said, complaint] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (part: string) => (said += part));
    child.stderr!.setEncoding('utf8').on('data', (part: string) => (complaint += part));
    child.once('error', reject).once('close', (code, signal) => {
      const last = complaint
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^adjoint: /, '');
      if (code === 0) resolve((JSON.parse(said) as { metrics: Metrics }).metrics);
      else reject(new Error(code === 1 || code === 2 ? last : `the process ended with ${signal ?? `code ${code}`}`));
    });
  });
}
