/**
 * What a training loop shows while it runs: a live bar on a terminal (cli-progress), else one plain line an epoch.
 * It counts and prints; it measures nothing but time, and touches neither signals nor the cursor's visibility.
 */
import type { SingleBar } from 'cli-progress';
import { ValueError } from '../array/errors.ts';

export interface ProgressOptions {
  /** Units in one epoch. */
  readonly total: number;
  /** Default 1. */
  readonly epochs?: number;
  /** The epoch that comes first; more than 1 when a run is resumed. */
  readonly firstEpoch?: number;
  /** What is counted; default `rows`. */
  readonly unit?: string;
  /** Where to; default `process.stdout`. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** Milliseconds, for tests; default `performance.now`. */
  readonly now?: () => number;
}

/** What is shown beside the bar: `{ loss: 0.21, accuracy: 0.93 }`. Numbers are shortened; text is shown as it is. */
export type ProgressFields = Readonly<Record<string, number | string>>;

export interface Progress {
  /** `done` units of this epoch are finished. Cheap: draws at most ten times a second, else only compares two numbers. */
  update(done: number, fields?: ProgressFields): void;
  /** This epoch is over: prints its line for good. Without a line, one is made of the epoch, the fields and the speed. */
  endEpoch(line?: string): void;
  /** Takes the bar away; call it in `finally`. A second call does nothing. */
  stop(): void;
}

/** All that a line says. */
export interface ProgressState {
  readonly epoch: number;
  readonly epochs: number;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly fields: ProgressFields;
  /** Units a second in this epoch. */
  readonly speed: number;
  /** Seconds until the last epoch ends, as far as can be told. */
  readonly left: number;
}

const grouped = (n: number): string => `${Math.round(n)}`.replace(/\B(?=(\d{3})+$)/g, ',');

/** Always the same width for numbers of the same size, so that the line does not jitter: 0.0123, 2.3026, 153.2. */
const shown = (value: number | string): string => {
  if (typeof value === 'string' || !Number.isFinite(value) || Number.isInteger(value)) return `${value}`;
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) return value.toExponential(2);
  return size < 100 ? value.toFixed(4) : value.toFixed(1);
};

/** Seconds as people say them: `4 s`, `2 min 05 s`, `3 h 20 min`. */
export function showSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number): string => `${n}`.padStart(2, '0');
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min`;
}

const epochText = ({ epoch, epochs }: ProgressState): string =>
  `epoch ${`${epoch}`.padStart(`${epochs}`.length)}/${epochs}`;

const fieldTexts = ({ fields }: ProgressState): string[] =>
  Object.entries(fields).map(([name, value]) => `${name} ${shown(value)}`);

const speedText = ({ speed, unit }: ProgressState): string[] =>
  Number.isFinite(speed) && speed > 0 ? [`${grouped(speed)} ${unit}/s`] : [];

/** The live line, at most `columns` characters. The bar takes what the words leave; what does not fit goes, last first. */
export function formatBar(state: ProgressState, columns: number): string {
  const share = state.total > 0 ? Math.min(1, Math.max(0, state.done / state.total)) : 1;
  const percent = `${Math.floor(100 * share)} %`.padStart(5);
  const left = Number.isFinite(state.left) ? [`${showSeconds(state.left)} left`] : [];
  const words = [...fieldTexts(state), ...speedText(state), ...left];
  const head = epochText(state);
  const line = (bar: string): string => [`${head} ${bar}${percent}`, ...words].join(' · ');
  while (words.length > 0 && line('').length > columns) words.pop();
  const room = Math.min(30, columns - line('').length);
  if (room < 6) return line('').slice(0, Math.max(0, columns));
  const full = Math.round(share * room);
  return line('━'.repeat(full) + '─'.repeat(room - full));
}

/** The line that stays when an epoch is over. */
export const formatEpoch = (state: ProgressState): string =>
  [epochText(state), ...fieldTexts(state), ...speedText(state)].join(' · ');

/** A text without control characters: what a stranger's field could do to a terminal or a log. */
const plain = (line: string): string => line.replace(/\p{Cc}/gu, ' ');

/** A bar that shows `text()`; undefined where cli-progress, which is optional, is not installed. */
async function liveBar(stream: NodeJS.WritableStream, text: () => string): Promise<SingleBar | undefined> {
  try {
    const { default: cliProgress } = await import('cli-progress');
    // The cursor is never hidden, and line wrapping never switched off (the line is cut to fit instead):
    // so there is nothing to put right after Ctrl-C, a kill or a crash.
    const options = {
      stream,
      format: text,
      fps: 10,
      hideCursor: false,
      linewrap: true,
      clearOnComplete: true,
      gracefulExit: false,
    };
    return new cliProgress.SingleBar(options);
  } catch {
    return undefined; // plain lines then
  }
}

/**
 * Progress of a training loop.
 * ```ts
 * import { progressBar } from 'adjoint/train';
 * const rows = 640;
 * const progress = await progressBar({ total: rows, epochs: 10 });
 * try {
 *   for (let epoch = 1; epoch <= 10; epoch++) {
 *     for (let done = 64; done <= rows; done += 64) progress.update(done, { loss: 1 / done });
 *     progress.endEpoch();
 *   }
 * } finally {
 *   progress.stop();
 * }
 * ```
 * @throws ValueError when total or epochs are not whole numbers from 0 and 1 on.
 */
export async function progressBar(options: ProgressOptions): Promise<Progress> {
  const {
    total,
    epochs = 1,
    firstEpoch = 1,
    unit = 'rows',
    stream = process.stdout,
    now = () => performance.now(),
  } = options;
  if (!Number.isInteger(total) || total < 0)
    throw new ValueError('progressBar', 'total must be a whole number from 0', `${total}`);
  for (const n of [epochs, firstEpoch]) {
    if (!Number.isInteger(n) || n < 1)
      throw new ValueError('progressBar', 'epochs and firstEpoch must be whole numbers from 1', `${n}`);
  }
  const interval = 100; // ms
  const start = now();
  let [epoch, done, fields, epochStart, lastTime, lastDrawn]: [number, number, ProgressFields, number, number, number] =
    [firstEpoch, 0, {}, start, start, -Infinity];

  const state = (): ProgressState => {
    // Time left counts all that an epoch takes, evaluation too; speed ends at the last update, which leaves it out.
    const finished = epoch - firstEpoch + (total === 0 ? 0 : done / total);
    const remaining = epochs - firstEpoch + 1 - finished;
    const left = finished > 0 ? ((lastTime - start) / 1000 / finished) * Math.max(0, remaining) : NaN;
    return { epoch, epochs, done, total, unit, fields, speed: (1000 * done) / (lastTime - epochStart), left };
  };
  const columns = (): number => ('columns' in stream && stream.columns ? stream.columns : 80) - 1;
  const live = stream.isTTY === true && process.env['TERM'] !== 'dumb';
  const bar = live ? await liveBar(stream, () => plain(formatBar(state(), columns()))) : undefined;
  let stopped = false;

  return {
    update(nowDone, nowFields) {
      done = nowDone;
      if (nowFields !== undefined) fields = nowFields;
      lastTime = now();
      if (bar === undefined || stopped || lastTime - lastDrawn < interval) return;
      lastDrawn = lastTime;
      // render() and not the bar's own update(), which would draw half as often: a loop that never waits starves its timer.
      if (bar.isActive) bar.render();
      else bar.start(total, done);
    },
    endEpoch(line) {
      if (stopped) return;
      bar?.stop();
      stream.write(`${plain(line ?? formatEpoch(state()))}\n`);
      epoch++;
      done = 0;
      lastTime = epochStart = now();
      lastDrawn = -Infinity;
    },
    stop() {
      bar?.stop();
      stopped = true;
    },
  };
}
