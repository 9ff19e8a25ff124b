/** `bench ops`: what an op costs for each element, at a few sizes, beside a plain loop that is written for the data. */
import { isDense, type Nd } from '../../src/array/nd.ts';
import { dense } from '../../src/array/dense.ts';
import * as ops from '../../src/ops/index.ts';
import type { Group, GroupResult, Verdict } from '../harness.ts';
import { digits, table, times } from '../report.ts';
import { cases, elsewhere } from './cases.ts';
import { composed } from './composed.ts';
import type { Maker } from './makers.ts';

const PLAIN = 'plain loop';
const OURS = 'adjoint';
const TOLERANCE = 1e-5;

const makers: readonly [name: string, make: Maker][] = [...Object.entries(cases), ...Object.entries(composed)];

/** Ops without a case. */
const missing = (): string[] => Object.keys(ops).filter((name) => !(name in cases) && !elsewhere.has(name));

/** The first number that is not what the plain loop gives. */
function compare(got: Nd, expected: Float32Array): Verdict {
  const { data, offset } = isDense(got) ? got : dense(got);
  for (let e = 0; e < expected.length; e++) {
    const [a, b] = [data[offset + e], expected[e]];
    if (!(Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b)))) return `element ${e} is ${a} and not ${b}`;
  }
  return null;
}

/** `exp · 256×256`: what a group is called. */
const nameOf = (op: string, rows: number, cols: number, strided: boolean): string =>
  `${op} · ${rows}×${cols}${strided ? ' strided' : ''}`;

/** A group for each op and size: all sizes dense, the `strided` one also transposed or broadcast. */
export function* opGroups(
  sizes: readonly (readonly [rows: number, cols: number])[],
  stridedAt: number,
  only?: readonly string[],
): Generator<Group> {
  for (const [op, make] of makers) {
    if (only !== undefined && !only.includes(op)) continue;
    for (const [i, [rows, cols]] of sizes.entries()) {
      for (const strided of i === stridedAt ? [false, true] : [false]) {
        const prepared = make(rows, cols, strided);
        if (prepared === null) continue;
        const work = prepared.elements;
        const verify = (): Verdict => compare(prepared.op(), prepared.plain());
        yield {
          kind: 'ops',
          name: nameOf(op, rows, cols, strided),
          unit: 'element',
          baseline: PLAIN,
          sizes: [rows, cols],
          contestants: [
            { name: PLAIN, work, verify: () => null, run: prepared.plain },
            { name: OURS, work, verify, run: prepared.op },
          ],
        };
      }
    }
  }
}

/** All groups as one table: a row for each op, for each size ns per element and how many times as fast as the loop. */
export function showOps(groups: readonly GroupResult[]): string {
  const split = groups.map((group) => ({ group, op: group.name.split(' · ')[0], at: group.name.split(' · ')[1] }));
  const columns = [...new Set(split.map(({ at }) => at))].toSorted(
    (a, b) => Number(a.includes('s')) - Number(b.includes('s')),
  );
  const rows = [...new Set(split.map(({ op }) => op))].map((op) => [
    op,
    ...columns.flatMap((at) => {
      const ours = split.find((s) => s.op === op && s.at === at)?.group.results.find(({ name }) => name === OURS);
      if (ours === undefined) return ['', ''];
      return ours.fault === null ? [digits(nsPerElement(ours)), times(ours.ratio?.median)] : ['✗', ''];
    }),
  ]);
  const titles = ['ns/element, × plain loop', ...columns.flatMap((at) => [at, '×'])];
  const slowest = split
    .map(({ group: { name, results } }) => ({ name, ours: results.find((r) => r.name === OURS && r.ratio !== null) }))
    .filter(({ ours }) => ours !== undefined)
    .toSorted((a, b) => (a.ours?.ratio?.median ?? 0) - (b.ours?.ratio?.median ?? 0))
    .slice(0, 10)
    .map(({ name, ours }) => `  ${name}: ${times(ours?.ratio?.median)} the plain loop`);
  const without = missing();
  return [
    table([titles, ...rows]),
    ...(slowest.length > 0 ? ['', 'The ten slowest beside their plain loop:', ...slowest] : []),
    ...(without.length > 0 ? ['', `No case yet (bench/ops/cases.ts): ${without.join(', ')}`] : []),
  ].join('\n');
}

const nsPerElement = ({ median, work }: { median: number; work: number }): number => (median / work) * 1e9;
