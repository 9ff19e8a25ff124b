/**
 * Measures contestants against each other: first that each is right, then how fast, in rounds in which each has a turn.
 *
 * What benchmark.js does here: it finds how many calls fill the wanted time and times them in one batch with the finest
 * clock: one sample. What it does not: it would take all samples of one case after another (drift of the machine would
 * then look like a difference), stay silent about a case that throws, and report a mean. So each sample is a Benchmark
 * of its own, run synchronously, whose `error` is looked at.
 */
import Benchmark from 'benchmark';
import { median, spread, timesAsFast, type Measured } from './statistics.ts';

/** What is wrong, in words; null if nothing is. */
export type Verdict = string | null;

interface Named {
  readonly name: string;
  /** Work of one run, in the unit of its group. */
  readonly work: number;
  /** Looks at the result before anything is timed. */
  readonly verify: () => Verdict | Promise<Verdict>;
}

/** Something to time: a function, whose result is kept so that it cannot be optimized away; or a process of its own. */
export type Contestant = Named &
  (
    | { readonly run: () => unknown }
    /** Seconds per run, from about so many seconds of runs. */
    | { readonly sample: (seconds: number) => Promise<number> }
  );

/** What one unit of work is, and so how speed is told. */
export type Unit = 'flop' | 'element' | 'step' | 'process';

export interface Group {
  /** Which part of the suite it belongs to: 'matmul', 'ops', … */
  readonly kind: string;
  readonly name: string;
  readonly unit: Unit;
  /** The contestant that the others are compared with. */
  readonly baseline: string;
  readonly contestants: readonly Contestant[];
  /** What the group was measured at, for charts. */
  readonly sizes?: readonly number[];
}

export interface Result {
  readonly name: string;
  readonly work: number;
  /** Why it was not timed. */
  readonly fault: string | null;
  /** Seconds per run, one for each round. */
  readonly samples: readonly number[];
  readonly best: number;
  readonly median: number;
  readonly spread: number;
  /** How many times as fast as the baseline. */
  readonly ratio: Measured | null;
}

export type GroupResult = Omit<Group, 'contestants'> & { readonly results: readonly Result[] };

export interface Settings {
  readonly rounds: number;
  /** How long one sample is to take. */
  readonly seconds: number;
  /** Verify and run each contestant once; time nothing. */
  readonly smoke?: boolean;
}

/** The last result of a run: a store that no optimizer can do without. */
const escape: { last: unknown } = { last: undefined };

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Times batches of runs by benchmark.js. How many runs fill the time is remembered from one sample to the next. */
function sampler(run: () => unknown): (seconds: number) => number {
  let count = 1;
  return (seconds) => {
    const fn = (): void => {
      escape.last = run();
    };
    // One sample and no more: enough samples are there after one, and any time is over the limit.
    const benchmark = new Benchmark({ fn, initCount: count, minTime: seconds, minSamples: 1, maxTime: -1 });
    benchmark.run({ async: false });
    // A case that throws ends in silence; `error` is what the event would carry as event.target.error.
    const { error } = benchmark as { error?: unknown };
    if (error !== undefined) throw new Error(message(error), { cause: error });
    const [sample] = benchmark.stats.sample;
    if (!(sample > 0)) throw new Error('benchmark.js took no sample');
    count = Math.max(1, Math.round(seconds / sample));
    return sample;
  };
}

/** A contestant on its way through the rounds. */
interface Runner {
  readonly contestant: Contestant;
  readonly sample: (seconds: number) => number | Promise<number>;
  readonly samples: number[];
  fault: string | null;
}

/** Does something for a runner that is still in; what it throws takes the runner out. */
async function attempt(runner: Runner, work: () => unknown): Promise<void> {
  if (runner.fault !== null) return;
  try {
    await work();
  } catch (error) {
    runner.fault = `threw: ${message(error)}`;
  }
}

/**
 * Measures a group: verifies every contestant, warms each up, and then lets them run in turn, once a round, each round
 * beginning with another one. A contestant that is wrong or throws is reported, and not timed.
 */
export async function measure(group: Group, { rounds, seconds, smoke = false }: Settings): Promise<GroupResult> {
  const { contestants, ...about } = group;
  if (!contestants.some(({ name }) => name === group.baseline)) {
    throw new Error(`${group.name}: no contestant is called '${group.baseline}', as the baseline is`);
  }
  const runners = contestants.map((contestant): Runner => {
    const sample = 'run' in contestant ? sampler(contestant.run) : contestant.sample;
    return { contestant, sample, samples: [], fault: null };
  });
  for (const runner of runners) {
    await attempt(runner, async () => {
      runner.fault = await runner.contestant.verify();
    });
  }
  for (const runner of runners) {
    const { contestant } = runner;
    await attempt(runner, async () => {
      if (smoke) escape.last = 'run' in contestant ? contestant.run() : await contestant.sample(0);
      else await runner.sample(seconds); // warm-up: code is optimized, and the number of runs is known
    });
  }
  const turns = smoke ? 0 : rounds;
  for (let round = 0; round < turns; round++) {
    for (let i = 0; i < runners.length; i++) {
      const runner = runners[(i + round) % runners.length];
      await attempt(runner, async () => {
        runner.samples.push(await runner.sample(seconds));
      });
    }
  }
  const base = runners.find(({ contestant }) => contestant.name === group.baseline);
  return { ...about, results: runners.map((runner) => resultOf(runner, base)) };
}

function resultOf({ contestant, samples, fault }: Runner, base: Runner | undefined): Result {
  const { name, work } = contestant;
  const valid = fault === null ? samples : [];
  const ratio = base?.fault === null && valid.length > 0 ? timesAsFast(perWork(valid, work), baseSamples(base)) : null;
  return {
    name,
    work,
    fault,
    samples: valid,
    best: Math.min(...valid),
    median: median(valid),
    spread: spread(valid),
    ratio,
  };
}

const perWork = (samples: readonly number[], work: number): number[] => samples.map((s) => s / work);
const baseSamples = ({ samples, contestant }: Runner): number[] => perWork(samples, contestant.work);
