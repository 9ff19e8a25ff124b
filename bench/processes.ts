/** Programs in processes of their own: how long they take from start to end, and what they print. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** Where programs run: what bench/package.json installs is found from here. */
const cwd = fileURLToPath(new URL('.', import.meta.url));

/** A module given as text, run by this Node. */
export const nodeProgram = (code: string, ...flags: string[]): Program => ({
  command: process.execPath,
  args: [...flags, '--input-type=module', '-e', code],
});

/** Runs to the end. Throws what the program wrote on stderr if it fails. */
export async function runProgram({ command, args }: Program): Promise<{ seconds: number; output: string }> {
  const start = performance.now();
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const seconds = (performance.now() - start) / 1000;
  if (code !== 0) {
    const lines = errors.trim().split('\n');
    throw new Error(`${command} ended with ${code}: ${lines.find((line) => /Error\b/.test(line)) ?? lines.at(-1)}`);
  }
  return { seconds, output };
}

/**
 * The greatest memory of this process so far, in KiB. On Linux from /proc: what getrusage says begins with the size of
 * the parent that the process was forked from.
 */
export function peakKiB(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}
