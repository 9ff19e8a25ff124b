/** A run that is stopped, killed or cut in two, and goes on, is the run that was never stopped: to the last bit. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { loadCheckpoint, saveCheckpoint, type Tree } from '../../src/io/index.ts';
import type { Callback } from '../../src/train/index.ts';
import { root } from '../files.ts';
import { train } from './program.ts';

let base = '';
let program = '';
/** The hashes of what a run that was never stopped leaves. */
let whole = '';
let made = 0;
const newFolder = (): string => join(base, `run${made++}`);
const hashes = (folder: string): string =>
  readdirSync(folder)
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    )
    .join('\n');

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'adjoint-resume-'));
  program = join(base, 'program.mjs');
  const entry = join(root, 'test/train/program.ts');
  await build({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  });
  const folder = newFolder();
  await train({ folder });
  whole = hashes(folder);
}, 60_000);
afterAll(() => rmSync(base, { recursive: true }));

/** Runs the program in a folder until it has said `step` lines, then sends it a signal; all that it said. */
function runUntil(folder: string, lines: number, signal?: NodeJS.Signals): Promise<string> {
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  let sent = signal === undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (!sent && said.split('\n').length > lines) sent = child.kill(signal);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', () => resolve(said));
  });
}

// A program may be done before its signal comes, on a busy machine: then it is tried again.

test('killed at any moment, over and over: the files are those of the run that was never killed', async () => {
  const generator = new Generator(Date.now());
  let folder = '';
  let kills = 0;
  while (kills === 0) {
    folder = newFolder();
    for (let said = ''; !said.endsWith('done\n');) {
      said = await runUntil(folder, kills < 4 ? generator.integer(1, 9) : Infinity, 'SIGKILL');
      if (!said.endsWith('done\n')) kills++;
    }
  }
  expect(hashes(folder)).toBe(whole);
}, 60_000);

test('stopped by Ctrl-C after the step at hand, and resumed', async () => {
  let folder = '';
  let said = 'done\n';
  while (said.endsWith('done\n')) {
    folder = newFolder();
    said = await runUntil(folder, 2, 'SIGINT');
  }
  expect(said).toMatch(/^step 1\nstep 2\n(step \d+\n)*interrupted\n$/);
  expect(await runUntil(folder, Infinity)).toMatch(/done\n$/);
  expect(hashes(folder)).toBe(whole);
}, 60_000);

describe('within one process', { timeout: 60_000 }, () => {
  test.each([1, 3, 1000])('saving after each %i steps, and stopped at every step', async (saveEvery) => {
    const folder = newFolder();
    let last = 0;
    const stopper = {
      stepEnd(run: { step: number; stop(reason: string): void }): void {
        if (run.step > last) run.stop('for a while');
        last = run.step;
      },
    };
    let runs = 1;
    while ((await train({ folder, saveEvery, callbacks: [stopper] })).stopped !== null) runs++;
    expect(runs).toBe(25); // 24 steps, and one more run after the last
    expect(hashes(folder)).toBe(whole);
  });

  test('half of the epochs, then the other half', async () => {
    const folder = newFolder();
    await train({ folder, epochs: 3 });
    expect(hashes(folder)).not.toBe(whole);
    const run = await train({ folder });
    expect(hashes(folder)).toBe(whole);
    expect(run.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('a run that is over is not changed by another start', async () => {
    const folder = newFolder();
    await train({ folder });
    const run = await train({ folder });
    expect(run.step).toBe(24);
    expect(hashes(folder)).toBe(whole);
  });

  test('what a killed write has left beside it goes, and nothing else', async () => {
    const folder = newFolder();
    await train({ folder, epochs: 1 });
    const names = ['run.safetensors.12-ab3.tmp', 'run.safetensors.tmp', 'other.12-ab3.tmp'];
    for (const name of names) writeFileSync(join(folder, name), 'half');
    await train({ folder, epochs: 1 });
    expect(names.map((name) => existsSync(join(folder, name)))).toEqual([false, true, true]);
  });

  describe('each part of the checkpoint counts: with one of an earlier moment in its place, the bits are others', () => {
    const saved: Record<string, Tree>[] = [];
    const path = (folder: string): string => join(folder, 'run.safetensors');
    beforeAll(async () => {
      const folder = newFolder();
      for (const at of [3, 23]) {
        const stopper: Callback = { stepEnd: (run) => void (run.step === at && run.stop('here')) };
        await train({ folder, callbacks: [stopper] });
        saved.push(loadCheckpoint(path(folder)) as Record<string, Tree>);
      }
    });
    const parts = ['model', 'optimizer', 'scheduler', 'average', 'loader', 'generator', 'callback 0', 'run'];
    test.each([null, ...parts])('%s', async (part) => {
      const [earlier, later] = saved;
      expect(Object.keys(later).toSorted()).toEqual(parts.toSorted());
      const folder = newFolder();
      mkdirSync(folder);
      saveCheckpoint(path(folder), part === null ? later : { ...later, [part]: earlier[part] });
      await train({ folder });
      if (part === null) expect(hashes(folder)).toBe(whole);
      else expect(hashes(folder)).not.toBe(whole);
    });
  });

  test('two runs at once cannot have one checkpoint; a lock whose process is gone counts for nothing', async () => {
    const folder = newFolder();
    const first = train({ folder });
    await expect(train({ folder })).rejects.toThrow(
      `run.safetensors: one run at a time may write the file, got a run in process ${process.pid}; wait for it`,
    );
    await first;
    writeFileSync(join(folder, 'run.safetensors.lock'), '999999999');
    await train({ folder });
    expect(hashes(folder)).toBe(whole);
  });
});
