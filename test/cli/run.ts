/** Runs the job of `npm start` as a child process in a folder of its own, on a small set of digits. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { Generator } from '../../src/array/random.ts';
import { drawDigits } from '../../src/data/index.ts';
import { root } from '../files.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly how?: readonly string[];
  readonly seen?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void;
}

const source = join(root, 'src/cli/start.ts');
const tsx = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href;

/** The job as it is started by `npm start`. */
export const program: readonly string[] = ['--import', tsx, source];

/**
 * A program of src/cli as one file of JavaScript, which starts several times faster; start.ts cannot go as far as the
 * first network then.
 */
export async function bundled(outfile: string, entry = 'start.ts'): Promise<readonly string[]> {
  const entryPoints = [join(root, 'src/cli', entry)];
  await build({ entryPoints, outfile, bundle: true, packages: 'external', platform: 'node', format: 'esm' });
  return [outfile];
}

/** A new folder with the command in it, and how the command is started there. */
export async function commandFolder(name: string): Promise<{ base: string; how: readonly string[] }> {
  const base = mkdtempSync(join(tmpdir(), `adjoint-${name}-`));
  symlinkSync(join(root, 'node_modules'), join(base, 'node_modules')); // where the bundle finds packages
  return { base, how: await bundled(join(base, 'adjoint.mjs'), 'adjoint.ts') };
}

/** The whole of a run; `seen` may look at what it has printed so far, and send it signals. */
export function start(
  cwd: string,
  args: readonly string[],
  { how = program, seen }: StartOptions = {},
): Promise<Ended> {
  // As off any terminal: nothing in the environment asks for colour, or asks for none.
  const { NO_COLOR: _, FORCE_COLOR: __, NODE_OPTIONS: ___, CI: ____, ...env } = process.env;
  const child = spawn(process.execPath, [...how, ...args], {
    cwd,
    env: { ...env, TERM: 'xterm-256color', TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
      if (name === 'stdout') seen?.(text.stdout, (signal) => child.kill(signal));
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, ...text }));
  });
}

const word = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

/** An IDX file of bytes. */
export const idx = (shape: readonly number[], data: ArrayLike<number>): Uint8Array =>
  Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap(word), ...Array.from(data)]);

/** A folder with n drawn digits, as MNIST's test files. */
export function digitsFolder(path: string, n: number): string {
  const { images, labels, rows, columns } = drawDigits(n, new Generator(5));
  mkdirSync(path);
  writeFileSync(join(path, 't10k-images-idx3-ubyte'), idx([n, rows, columns], images));
  writeFileSync(join(path, 't10k-labels-idx1-ubyte'), idx([n], labels));
  return path;
}

/** Everything below a folder, folders with a slash behind them. */
export const below = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory()
        ? [`${entry.name}/`, ...below(join(folder, entry.name)).map((name) => `${entry.name}/${name}`)]
        : [entry.name],
    )
    .toSorted();
