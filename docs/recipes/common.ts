/** What the recipes share: options of the command line, the schedule of the learning rate, batches of rows, time. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kernelInfo, manualSeed, nn, optim, setMatmulInstructions, setNumThreads, tensor } from 'adjoint';
import type { Generator, Tensor } from 'adjoint';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    data: text,
    seed: text,
    steps: text,
    model: text,
    out: text,
    from: text,
    instructions: text,
    threads: text,
  },
});

/** --data DIR (a folder with the data), --seed, --steps, --model, --out and --from, as far as a recipe has them. */
export const options = values;
export const seed = Number(values.seed ?? 1337);
/** Everything random in a recipe comes from here. */
export const generator: Generator = manualSeed(seed);

/** The text of a file in the folder --data. */
export function dataFile(name: string): string {
  if (values.data === undefined) throw new Error(`pass --data DIR, the folder with ${name}`);
  return readFileSync(join(values.data, name), 'utf8');
}

/**
 * AdamW with nanoGPT's schedule: α rises in a straight line to `lr`, and falls along a cosine to `minLr` at the last step.
 * Matrices decay, vectors (biases, normalization) do not; gradients are scaled down to the norm 1.
 */
export function trainer(
  model: nn.Module,
  { lr, minLr = lr / 10, steps, warmUp = Math.round(steps / 20), weightDecay = 0.1 }:
    { lr: number; minLr?: number; steps: number; warmUp?: number; weightDecay?: number }, // prettier-ignore
): (step: number, loss: () => Tensor) => number {
  const all = model.parameters();
  const groups = [
    { params: all.filter((p) => p.ndim > 1), weightDecay },
    { params: all.filter((p) => p.ndim < 2), weightDecay: 0 },
  ].filter(({ params }) => params.length > 0);
  const optimizer = new optim.AdamW(groups, { lr, betas: [0.9, 0.99] });
  return (step, loss) => {
    const fall = minLr + ((lr - minLr) / 2) * (1 + Math.cos((Math.PI * (step - warmUp)) / Math.max(1, steps - warmUp)));
    for (const group of optimizer.paramGroups) group.lr = step < warmUp ? (lr * (step + 1)) / (warmUp + 1) : fall;
    optimizer.zeroGrad();
    const value = loss();
    value.backward();
    nn.utils.clipGradNorm_(all, 1);
    optimizer.step();
    return value.item();
  };
}

/** n windows of T + 1 tokens from anywhere in `tokens`, as inputs and targets [n, T]. */
export function windows(tokens: readonly number[], n: number, T: number): [x: Tensor, y: Tensor] {
  const starts = Array.from({ length: n }, () => generator.integer(0, tokens.length - T));
  const rows = (shift: number): Tensor => tensor(starts.map((at) => tokens.slice(at + shift, at + shift + T)));
  return [rows(0), rows(1)];
}

/**
 * Computes as fast as this Node can, unless --instructions ('mul+add', 'fma' or 'fma 256') or --threads say otherwise: with
 * fused multiply-add where it is to be had, by as many threads as there are processors. Says what came of it.
 */
export function inHaste(): string {
  setMatmulInstructions((values.instructions ?? 'fma 256') as 'fma 256');
  const threads = Number(values.threads ?? Math.min(64, availableParallelism()));
  setNumThreads(threads);
  const { kernel, instructions, why } = kernelInfo().matmul;
  return `Node ${process.version}, ${kernel}, ${instructions} (${why}), threads: ${threads}`;
}

const began = performance.now();
export const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(0)} s`;
