/**
 * `bench figures`: what this library wants to reach, as ratios within one run, and what it reaches here. Each row is
 * measured beside what it is compared with, in the same rounds; a row whose peer is not installed says so.
 */
import { availableParallelism } from 'node:os';
import { getNumThreads, kernelInfo, setNumThreads } from '../src/index.ts';
import { reference } from '../src/kernels/matmul/reference.ts';
import { simd } from '../src/kernels/matmul/simd.ts';
import { tiled } from '../src/kernels/matmul/tiled.ts';
import { measure, type Contestant, type Group, type GroupResult, type Settings } from './harness.ts';
import { threeLoops } from './matmul/1-three-loops.ts';
import { threads } from './matmul/9-threads.ts';
import { matmulGroups, showSize, type Size } from './matmul/index.ts';
import { PEAK } from './matmul/peak.ts';
import { lookAtMemory } from './memory.ts';
import { opGroups } from './ops/index.ts';
import type { Peer } from './peers/peer.ts';
import { duration, percent, times } from './report.ts';
import { startGroup } from './start.ts';
import { timesAsFast } from './statistics.ts';
import { trainingGroups } from './training/index.ts';

interface Figure {
  readonly what: string;
  readonly goal: string;
  readonly reached: string;
  /** Null where it could not be measured. */
  readonly holds: boolean | null;
}

const cube = (n: number): Size => [n, n, n];
/** What a small GPT multiplies: width 128, 1024 rows. */
const GPT: readonly Size[] = [[1024, 128, 384], [1024, 128, 512], [1024, 512, 128], [64, 32, 64]]; // prettier-ignore

/** How many times as fast `name` is as `other` for the same work. */
function ratio({ results }: GroupResult, name: string, other: string): number {
  const perWork = (wanted: string): number[] => {
    const r = results.find((result) => result.name === wanted);
    return r ? r.samples.map((s) => s / r.work) : [];
  };
  return timesAsFast(perWork(name), perWork(other)).median;
}

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

/** A row of a ratio that has to be at least `goal`, at each of some places. */
function atLeast(
  what: string,
  goal: number,
  found: readonly (readonly [at: string, ratio: number])[],
  show: (ratio: number) => string = times,
): Figure {
  const measured = found.filter(([, r]) => Number.isFinite(r));
  return {
    what,
    goal: `≥ ${show(goal)}`,
    reached:
      measured.length === 0
        ? 'the peer is not installed'
        : measured.map(([at, r]) => `${at && `${at}: `}${show(r)}`).join(', '),
    holds: measured.length === 0 ? null : measured.every(([, r]) => r >= goal),
  };
}

async function matmulFigures(
  peers: readonly Peer[],
  how: Settings,
): Promise<{ rows: Figure[]; groups: GroupResult[] }> {
  const others = peers.filter(({ name }) => name !== 'torch');
  const before = getNumThreads();
  const kernels = [
    { name: 'three loops', gemm: threeLoops },
    { name: 'plain', gemm: tiled },
    { name: 'tuned', gemm: simd },
    { name: 'threads', gemm: threads },
  ];
  const groups: GroupResult[] = [];
  const run = async (size: Size, names: readonly string[], against: readonly Peer[]): Promise<GroupResult> => {
    const list = kernels.filter(({ name }) => names.includes(name));
    const [group] = await all(matmulGroups([size], [], against, list));
    const contestants = [...group.contestants, copies(size)];
    groups.push(await measure({ ...group, contestants }, how));
    return groups[groups.length - 1];
  };
  const squares: [n: number, GroupResult][] = [];
  for (const n of how.smoke ? [32, 64] : [32, 64, 128, 256, 512, 1024, 2048]) {
    const slow = n <= 256 ? ['three loops', 'plain'] : ['threads'];
    squares.push([n, await run(cube(n), ['tuned', ...slow], n <= 1024 && n >= 64 ? others : [])]);
  }
  setNumThreads(before); // the step 'threads' uses all there are
  const shapes: [string, GroupResult][] = [];
  for (const size of how.smoke ? [] : GPT) shapes.push([showSize(size), await run(size, ['tuned'], [])]);

  const at = (from: number, to: number, name: string, other: string): [string, number][] =>
    squares.filter(([n]) => n >= from && n <= to).map(([n, group]) => [`${n}`, ratio(group, name, other)]);
  const shaped = shapes.map(([s, group]): [string, number] => [s, ratio(group, 'tuned', PEAK)]);
  const better = squares
    .filter(([n]) => n >= 64 && n <= 1024)
    .map(([n, group]): [string, number] => {
      const found = ['tfjs', 'jax-js'].map((peer) => ratio(group, 'tuned', peer)).filter(Number.isFinite);
      return [`${n}`, found.length > 0 ? Math.min(...found) : NaN];
    });
  const { instructions } = kernelInfo().matmul;
  const copied = squares.slice(0, 4).map(([n, group]) => `${n}: ${percent(1 / ratio(group, 'copy', 'tuned'))}`);
  const rows = [
    atLeast(`matmul, of the peak of ${instructions}`, 0.85, [...at(64, 2048, 'tuned', PEAK), ...shaped], percent),
    atLeast('  the same at 32', 0.75, at(32, 32, 'tuned', PEAK), percent),
    { what: '  of which operands and result are copied', goal: 'told', reached: copied.join(', '), holds: null },
    atLeast('against the better of tfjs and jax-js', 2, better),
    instructions === 'fma 256'
      ? atLeast('256-bit vectors against OpenBLAS (numpy)', 0.9, at(64, 1024, 'tuned', 'numpy'), percent)
      : {
          what: '256-bit vectors against OpenBLAS (numpy)',
          goal: '≥ 90 %',
          reached: "not in use: Node 24 or 25 with --instructions 'fma 256'",
          holds: null,
        },
    atLeast('plain TypeScript against three loops', 4, at(64, 256, 'plain', 'three loops')),
    atLeast(`${availableParallelism()} threads against one`, 1.8, at(512, 2048, 'threads', 'tuned')),
  ];
  return { rows, groups };
}

/** What a product of this size copies, and no more: both operands in, the result out. */
function copies([m, k, n]: Size): Contestant {
  const [a, b, c] = [m * k, k * n, m * n].map((size) => new Float32Array(size));
  const memory = new Float32Array(
    new WebAssembly.Memory({ initial: 1 + Math.ceil((a.length + b.length) / 16384) }).buffer,
  );
  const from = memory.subarray(0, Math.min(c.length, memory.length));
  return {
    name: 'copy',
    work: 2 * m * n * k,
    verify: () => null,
    run: () => {
      memory.set(a);
      memory.set(b, a.length);
      c.set(from);
    },
  };
}

/** A vector times a matrix of 1024 × 1024, by rows: y = x·B, beside the plain loop, and beside the copying alone. */
async function vectorFigure(how: Settings): Promise<{ rows: Figure[]; groups: GroupResult[] }> {
  const n = 1024;
  const [x, b, y] = [new Float32Array(n).fill(0.5), new Float32Array(n * n).fill(0.25), new Float32Array(n)];
  const memory = new Float32Array(new WebAssembly.Memory({ initial: 80 }).buffer);
  const contestant = (name: string, gemm: typeof reference): Contestant => ({
    name,
    work: 2 * n * n,
    verify: () => {
      gemm(1, n, n, x, 0, n, 1, b, 0, n, 1, y, 0);
      return y.every((v) => v === n / 8) ? null : `y begins with ${y[0]} and not ${n / 8}`;
    },
    run: () => gemm(1, n, n, x, 0, n, 1, b, 0, n, 1, y, 0),
  });
  const copy: Contestant = { name: 'copy', work: 2 * n * n, verify: () => null, run: () => memory.set(b) };
  const group: Group = {
    kind: 'vector',
    name: `1×${n}×${n}`,
    unit: 'flop',
    baseline: 'plain loop',
    contestants: [contestant('plain loop', reference), contestant('tuned', simd), copy],
  };
  const result = await measure(group, how);
  const row = atLeast('vector times matrix, 1024 × 1024', 3, [['', ratio(result, 'tuned', 'plain loop')]]);
  const share = 1 / ratio(result, 'copy', 'tuned');
  return { rows: [{ ...row, reached: `${row.reached}; ${percent(share)} of it copies the matrix` }], groups: [result] };
}

async function opFigures(how: Settings): Promise<{ rows: Figure[]; groups: GroupResult[] }> {
  const goals: Record<string, number> = { exp: 5, tanh: 5, gelu: 5, softmax: 5, layerNorm: 5, 'Adam step': 2.5 };
  const rows: Figure[] = [];
  const groups: GroupResult[] = [];
  for (const group of opGroups([how.smoke ? [13, 17] : [256, 256]], -1, Object.keys(goals))) {
    const result = await measure(group, how);
    const [op] = group.name.split(' · ');
    groups.push(result);
    rows.push(atLeast(`${op}, against a plain loop`, goals[op], [['', ratio(result, 'adjoint', 'plain loop')]]));
  }
  return { rows, groups };
}

async function trainingFigures(
  peers: readonly Peer[],
  how: Settings,
): Promise<{ rows: Figure[]; groups: GroupResult[] }> {
  const rows: Figure[] = [];
  const groups: GroupResult[] = [];
  for await (const group of trainingGroups(peers)) {
    const result = await measure(group, how);
    groups.push(result);
    const goal = group.name.startsWith('Linear') ? 10 : 1;
    rows.push(atLeast(`${group.name}: against PyTorch`, goal, [['', ratio(result, 'adjoint', 'torch')]]));
    for (const peer of peers) {
      const found = ratio(result, 'adjoint', peer.name);
      if (peer.name !== 'torch' && Number.isFinite(found))
        rows.push(atLeast(`  against ${peer.name}`, 5, [['', found]]));
    }
  }
  return { rows, groups };
}

async function startFigure(how: Settings): Promise<{ rows: Figure[]; groups: GroupResult[] }> {
  const { group, done } = startGroup([]);
  try {
    const result = await measure(group, how);
    const [empty, ours] = result.results;
    const beyond = ours.median - empty.median;
    const what = 'import and first gradient, beyond an empty process';
    return { rows: [{ what, goal: '< 60 ms', reached: duration(beyond), holds: beyond < 0.06 }], groups: [result] };
  } finally {
    done();
  }
}

function memoryFigure(steps: number): Figure {
  const looks = lookAtMemory(steps);
  const [first, last] = [looks[0], looks[looks.length - 1]];
  const growth = last.live / first.live - 1;
  return {
    what: `live memory of a small net, step ${first.steps.toLocaleString('en')} to ${last.steps.toLocaleString('en')}`,
    goal: '± 5 %',
    reached: percent(growth),
    holds: Math.abs(growth) <= 0.05,
  };
}

/** Measures everything and returns the table, with the groups for --json. */
export async function figures(
  peers: readonly Peer[],
  smoke: boolean,
): Promise<{ text: string; groups: GroupResult[] }> {
  const how = (rounds: number, seconds: number): Settings => ({ rounds, seconds, smoke });
  const parts = [
    await matmulFigures(peers, how(9, 0.03)),
    await vectorFigure(how(9, 0.02)),
    await opFigures(how(9, 0.02)),
    await trainingFigures(peers, how(9, 0.1)),
    await startFigure(how(9, 0)),
  ];
  const rows = [...parts.flatMap((part) => part.rows), ...(smoke ? [] : [memoryFigure(100_000)])];
  const verdict = { true: '✓', false: '✗', null: '–' } as const;
  return {
    groups: parts.flatMap(({ groups }) => groups),
    text: rows
      .map(({ what, goal, reached, holds }) => `${verdict[`${holds}`]} ${what}\n    ${goal}: ${reached}`)
      .join('\n'),
  };
}
