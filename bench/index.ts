/** `npm run bench`: measures, prints, and writes what was measured. */
import { writeFileSync } from 'node:fs';
import { kernelInfo, setMatmulInstructions, setNumThreads } from '../src/index.ts';
import { matmulChart } from './charts.ts';
import { readReport, showComparison } from './compare.ts';
import { measure, type Group, type GroupResult, type Settings } from './harness.ts';
import { kernelFile, matmulColumns, matmulGroups, type Size } from './matmul/index.ts';
import { lookAtMemory, showMemory, showTrainingMemory } from './memory.ts';
import { opGroups, showOps } from './ops/index.ts';
import { help, readOptions, type Options } from './options.ts';
import { figures } from './figures.ts';
import { findPeers } from './peers/index.ts';
import type { Peer } from './peers/peer.ts';
import { faultsOf, reportOf, showGroup, showMachine, thisMachine, type Column } from './report.ts';
import { startColumns, startGroup } from './start.ts';
import { trainingGroups } from './training/index.ts';
import { UsageError } from './usage.ts';

const cube = (n: number): Size => [n, n, n];
const square = (n: number): [number, number] => [n, n];

/** What one part of the suite adds to the result. */
type Part = (options: Options, peers: readonly Peer[]) => Promise<GroupResult[]>;

const settings = ({ rounds, seconds, smoke }: Options, usual: Omit<Settings, 'smoke'>): Settings => ({
  rounds: rounds ?? usual.rounds,
  seconds: seconds ?? usual.seconds,
  smoke,
});

/** Measures and prints group by group. */
async function each(
  groups: Iterable<Group> | AsyncIterable<Group>,
  how: Settings,
  columns: (result: GroupResult) => Column[] = () => [],
): Promise<GroupResult[]> {
  const results: GroupResult[] = [];
  for await (const group of groups) {
    const result = await measure(group, how);
    console.log(`${showGroup(result, columns(result))}\n`);
    results.push(result);
  }
  return results;
}

const matmul: Part = async (options, peers) => {
  const sizes = options.sizes ?? (options.smoke ? [cube(64), [61, 67, 59] as const] : [64, 256, 512].map(cube));
  const own = await Promise.all(options.kernels.map(kernelFile));
  return each(matmulGroups(sizes, own, peers), settings(options, { rounds: 9, seconds: 0.05 }), matmulColumns);
};

/** All in one table, at the end; a terminal sees meanwhile which op has its turn. */
const ops: Part = async (options) => {
  const sizes =
    options.sizes?.map(([n]) => square(n)) ?? (options.smoke ? [[13, 17] as const] : [32, 256, 1024].map(square));
  const results: GroupResult[] = [];
  for (const group of opGroups(sizes, Math.min(1, sizes.length - 1))) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${group.name}`);
    results.push(await measure(group, settings(options, { rounds: 5, seconds: 0.01 })));
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const faults = faultsOf(results);
  if (!options.smoke) console.log(`${showOps(results)}\n`);
  else
    console.log(
      [`ops: ${results.length - faults.length} of ${results.length} cases are right`, ...faults, ''].join('\n'),
    );
  return results;
};

const training: Part = (options, peers) => each(trainingGroups(peers), settings(options, { rounds: 9, seconds: 0.1 }));

const start: Part = async (options, peers) => {
  const { group, done } = startGroup(peers);
  try {
    return await each([group], settings(options, { rounds: 9, seconds: 0 }), startColumns);
  } finally {
    done();
  }
};

const reached: Part = async ({ smoke }, peers) => {
  const { text, groups } = await figures(peers, smoke);
  if (!smoke) console.log(`${text}\n`);
  return groups;
};

/** Measures some parts, with the machine above and what was wrong below. */
async function run(parts: readonly Part[], options: Options): Promise<void> {
  setMatmulInstructions(options.instructions);
  const { tile, instructions } = kernelInfo().matmul;
  const date = new Date().toISOString().slice(0, 10);
  console.log(`${showMachine(thisMachine())}; tile ${tile}, ${instructions}; ${date}`);
  const peers = await findPeers(options.against, options.threads, console.log);
  if (peers.length > 0) console.log(`against ${peers.map(({ about }) => about).join('; ')}`);
  console.log('');
  const groups: GroupResult[] = [];
  try {
    for (const part of parts) {
      setNumThreads(options.threads); // step 9 of the staircase uses all there are
      groups.push(...(await part(options, peers)));
    }
  } finally {
    for (const peer of peers) peer.close();
  }
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(reportOf(groups), null, 1)}\n`);
  const faults = faultsOf(groups);
  const cases = groups.reduce((n, { results }) => n + results.length, 0);
  if (options.smoke) console.log(`${cases - faults.length} of ${cases} cases are right.`);
  if (faults.length > 0) {
    console.error(`Not right, and so not timed:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    process.exitCode = 1;
  }
}

async function memory({ steps, against, threads }: Options): Promise<void> {
  console.log(`${showMachine(thisMachine())}; ${new Date().toISOString().slice(0, 10)}\n`);
  console.log(`${showMemory(lookAtMemory(steps))}\n`);
  const peers = await findPeers(against, threads, console.log);
  try {
    console.log(await showTrainingMemory(peers));
  } finally {
    for (const peer of peers) peer.close();
  }
}

async function main(options: Options): Promise<void> {
  const { command, files } = options;
  switch (command) {
    case 'all':
      return run([matmul, ops, training, start], options);
    case 'matmul':
      return run([matmul], options);
    case 'ops':
      return run([ops], options);
    case 'training':
      return run([training], options);
    case 'start':
      return run([start], options);
    case 'figures':
      return run([reached], options);
    case 'memory':
      return memory(options);
    case 'compare':
      return console.log(showComparison(readReport(files[0]), readReport(files[1])));
    case 'chart':
      return writeFileSync(options.out as string, await matmulChart(readReport(files[0])));
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) console.log(help);
  else await main(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}
