/**
 * `bench start`: from nothing to the first gradient. A fresh process imports the library as it is published, computes
 * one gradient and ends; it is compared with a process that does nothing.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Contestant, Group, GroupResult, Verdict } from './harness.ts';
import { nodeProgram, runProgram, type Program } from './processes.ts';
import { duration, type Column } from './report.ts';

const EMPTY = 'empty Node process';
const OURS = 'adjoint';
const GRADIENT = '2,4,6';

/** What every program prints behind its gradient: its greatest memory, in KiB, as peakKiB of processes.ts. */
const peakInNode = `
  const { readFileSync } = await import('node:fs');
  const linux = process.platform === 'linux';
  console.log(linux ? /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] : process.resourceUsage().maxRSS);`;

/** The gradient of x₁² + x₂² + x₃² at (1, 2, 3) in each library. */
const programs: Record<string, () => Program> = {
  tfjs: () =>
    nodeProgram(`
      import * as tf from '@tensorflow/tfjs';
      import '@tensorflow/tfjs-backend-wasm';
      await tf.setBackend('wasm');
      console.log(tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, 2, 3])).dataSync().join());
      ${peakInNode}`),
  'jax-js': () =>
    nodeProgram(`
      import { defaultDevice, grad, init, numpy as np } from '@jax-js/jax';
      await init('wasm');
      defaultDevice('wasm');
      console.log(grad((x) => np.sum(np.square(x)))(np.array([1, 2, 3])).dataSync().join());
      ${peakInNode}`),
  torch: () => ({
    command: 'python3',
    args: [
      '-c',
      [
        'import re, sys, torch',
        'x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)',
        'x.square().sum().backward()',
        'print(",".join(str(int(v)) for v in x.grad.tolist()))',
        'linux = sys.platform == "linux"',
        'print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1] if linux else "nan")',
      ].join('\n'),
    ],
  }),
};

/** Peak memory of each contestant of the last group, in MiB; told beside the times. */
const peaks = new Map<string, number>();

function contestant(name: string, program: Program): Contestant {
  return {
    name,
    work: 1,
    async verify(): Promise<Verdict> {
      const [gradient, peak] = (await runProgram(program)).output.trim().split('\n');
      peaks.set(name, Number(peak) / 1024);
      return gradient === GRADIENT ? null : `the gradient is ${gradient} and not ${GRADIENT}`;
    },
    sample: async () => (await runProgram(program)).seconds,
  };
}

/** The library as npm publishes it, in a folder that `done` takes away. */
function build(): { index: string; done: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'adjoint-bench-'));
  const root = fileURLToPath(new URL('..', import.meta.url));
  execFileSync(process.execPath, ['.build.mjs', folder], { cwd: root });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const index = pathToFileURL(join(folder, 'index.js')).href;
  return { index, done: () => rmSync(folder, { recursive: true }) };
}

/** The group, and what to call when it has been measured. Peers by their names and, where it matters, their interpreter. */
export function startGroup(peers: readonly { name: string; interpreter?: string }[]): {
  group: Group;
  done: () => void;
} {
  peaks.clear();
  const { index, done } = build();
  const empty = contestant(EMPTY, nodeProgram(`console.log('${GRADIENT}'); ${peakInNode}`));
  const ours = nodeProgram(`
    import { tensor } from '${index}';
    const x = tensor([1, 2, 3], { requiresGrad: true });
    x.square().sum().backward();
    console.log(x.grad.toArray().join());
    ${peakInNode}`);
  const others = peers.flatMap(({ name, interpreter }) => {
    const program = programs[name]?.();
    return program ? [contestant(name, interpreter ? { ...program, command: interpreter } : program)] : [];
  });
  const contestants = [empty, contestant(OURS, ours), ...others];
  return { group: { kind: 'start', name: 'first gradient', unit: 'process', baseline: EMPTY, contestants }, done };
}

/** Columns: what comes on top of an empty process, and the greatest memory. */
export const startColumns = ({ results }: GroupResult): Column[] => [
  {
    title: 'beyond empty',
    show: ({ name, median }) =>
      name === EMPTY ? '' : duration(median - (results.find((r) => r.name === EMPTY)?.median ?? NaN)),
  },
  { title: 'peak MiB', show: ({ name }) => peaks.get(name)?.toFixed(0) ?? '' },
];
