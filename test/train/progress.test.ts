import { Writable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { ProgressState } from '../../src/train/progress.ts';
import { formatBar, formatEpoch, progressBar, showSeconds } from '../../src/train/progress.ts';

/** A stream that keeps what is written; a terminal if told so. */
class Sink extends Writable {
  readonly chunks: string[] = [];
  readonly isTTY: boolean;
  readonly columns = 100;
  constructor(isTTY: boolean) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }
  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }
  get text(): string {
    return this.chunks.join('');
  }
}

const clock = (): { now: () => number; tick: (ms: number) => void } => {
  let time = 0;
  return { now: () => time, tick: (ms) => void (time += ms) };
};

const state: ProgressState = {
  epoch: 3,
  epochs: 10,
  done: 4000,
  total: 8000,
  unit: 'rows',
  fields: { loss: 0.21342, accuracy: 0.5 },
  speed: 12345.6,
  left: 64,
};

describe('the live line', () => {
  it('shows the epoch, a bar, the fields, the speed and the time left', () => {
    const bar = '━'.repeat(15) + '─'.repeat(15);
    expect(formatBar(state, 120)).toBe(
      `epoch  3/10 ${bar} 50 % · loss 0.2134 · accuracy 0.5000 · 12,346 rows/s · 1 min 04 s left`,
    );
  });

  it('fills the bar by the share that is done', () => {
    for (const [done, full] of [
      [0, 0],
      [4000, 15],
      [7999, 30],
      [8000, 30],
      [9000, 30],
    ] as const) {
      const line = formatBar({ ...state, done, fields: {} }, 120);
      expect([...line].filter((c) => c === '━')).toHaveLength(full);
      expect([...line].filter((c) => c === '─')).toHaveLength(30 - full);
    }
    expect(formatBar({ ...state, done: 7999 }, 120)).toContain(' 99 %');
    expect(formatBar({ ...state, done: 0, total: 0 }, 120)).toContain('100 %');
  });

  it('never gets wider than the terminal, and keeps the epoch longest', () => {
    for (let columns = 0; columns <= 120; columns++)
      expect(formatBar(state, columns).length).toBeLessThanOrEqual(columns);
    expect(formatBar(state, 20)).toBe('epoch  3/10  50 %');
    expect(formatBar(state, 40)).toMatch(/^epoch {2}3\/10 ━+─+ 50 % · loss 0\.2134$/);
  });

  it('leaves out a speed and a time that are not known yet', () => {
    expect(formatBar({ ...state, fields: {}, speed: NaN, left: NaN }, 30)).toMatch(/^epoch {2}3\/10 ━+─+ 50 %$/);
  });

  it('shows numbers short, and says when one is not finite', () => {
    const fields = { a: 1.234567, b: 123.456, c: 1e-7, d: 12, e: NaN, f: -Infinity, g: 'text' };
    expect(formatEpoch({ ...state, fields, speed: NaN })).toBe(
      'epoch  3/10 · a 1.2346 · b 123.5 · c 1.00e-7 · d 12 · e NaN · f -Infinity · g text',
    );
  });

  it('tells time as people do', () => {
    expect([0, 4.4, 59.6, 125, 3600 * 3 + 1210, NaN, Infinity].map(showSeconds)).toEqual([
      '0 s',
      '4 s',
      '1 min 00 s',
      '2 min 05 s',
      '3 h 20 min',
      '–',
      '–',
    ]);
  });
});

describe('progressBar off a terminal', () => {
  it('prints one plain line an epoch and no control codes', async () => {
    const stream = new Sink(false);
    const { now, tick } = clock();
    const progress = await progressBar({ total: 100, epochs: 2, stream, now });
    for (const loss of [0.5, 0.25]) {
      for (let done = 10; done <= 100; done += 10) {
        tick(200);
        progress.update(done, { loss });
      }
      tick(5000); // evaluation: not part of the speed
      progress.endEpoch();
    }
    progress.stop();
    progress.stop();
    expect(stream.text).toBe('epoch 1/2 · loss 0.5000 · 50 rows/s\nepoch 2/2 · loss 0.2500 · 50 rows/s\n');
  });

  it("prints the caller's own line, on one line and without control codes", async () => {
    const stream = new Sink(false);
    const progress = await progressBar({ total: 1, stream });
    progress.endEpoch('done \u001b[31mred\nline');
    expect(stream.text).toBe('done  [31mred line\n');
  });

  it('prints nothing after stop', async () => {
    const stream = new Sink(false);
    const progress = await progressBar({ total: 1, stream });
    progress.stop();
    progress.update(1);
    progress.endEpoch();
    expect(stream.text).toBe('');
  });
});

describe('progressBar on a terminal', () => {
  it('draws at most ten times a second', async () => {
    const stream = new Sink(true);
    const { now, tick } = clock();
    const progress = await progressBar({ total: 2000, stream, now });
    for (let done = 1; done <= 2000; done++) {
      tick(1);
      progress.update(done, { loss: 1 / done });
    }
    const draws = stream.chunks.filter((chunk) => chunk.startsWith('epoch')).length;
    progress.stop();
    expect(draws).toBe(20);
  });

  it('counts the time left over all epochs of this run, evaluation included', async () => {
    const stream = new Sink(true);
    const { now, tick } = clock();
    const progress = await progressBar({ total: 100, epochs: 5, firstEpoch: 4, stream, now });
    tick(10_000);
    progress.update(50); // a quarter of epochs 4 and 5
    expect(stream.text).toContain('epoch 4/5');
    expect(stream.text).toContain('5 rows/s · 30 s left');
    tick(20_000);
    progress.update(100);
    tick(10_000);
    progress.endEpoch();
    progress.update(0); // half of the run took 40 s
    expect(stream.text).toContain('40 s left');
    progress.stop();
  });

  it('leaves the line of an epoch in place of the bar, and the terminal as it was', async () => {
    const stream = new Sink(true);
    const progress = await progressBar({ total: 10, stream });
    progress.update(5, { loss: 1 });
    progress.endEpoch('epoch 1 is over');
    progress.update(5);
    progress.stop();
    expect(stream.text).toContain('\u001b[2Kepoch 1 is over\n');
    expect(stream.text.endsWith('\u001b[2K')).toBe(true);
    // Neither the cursor nor the wrapping of lines is ever switched off, so even a kill leaves nothing to repair.
    expect(stream.text).not.toMatch(/\[\?(25|7)/);
  });

  it('prints plain lines where cli-progress is not installed', async () => {
    vi.doMock('cli-progress', () => {
      throw new Error("Cannot find package 'cli-progress'");
    });
    const stream = new Sink(true);
    const progress = await progressBar({ total: 10, stream });
    vi.doUnmock('cli-progress');
    progress.update(5);
    progress.endEpoch('epoch 1 is over');
    progress.stop();
    expect(stream.text).toBe('epoch 1 is over\n');
  });

  it('takes no signal handler', async () => {
    const before = process.listenerCount('SIGINT');
    const progress = await progressBar({ total: 10, stream: new Sink(true) });
    progress.update(5);
    expect(process.listenerCount('SIGINT')).toBe(before);
    progress.stop();
  });
});

describe('progressBar', () => {
  it('refuses totals and epochs that are no whole numbers', async () => {
    await expect(progressBar({ total: -1 })).rejects.toThrow(
      'progressBar: total must be a whole number from 0, got -1',
    );
    await expect(progressBar({ total: 1, epochs: 0 })).rejects.toThrow(
      'epochs and firstEpoch must be whole numbers from 1, got 0',
    );
  });
});
