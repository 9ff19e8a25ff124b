/**
 * The comparison behind `expect(got).toBeAllClose(expected)`: shapes first, then the position that is worst.
 */

/** Numbers in any form that tests hold them in. */
export type Numbers = number | boolean | ArrayLike<number> | readonly Numbers[] | { toArray: () => Numbers };

export interface Tolerance {
  /** Relative to the expected value; default 1e-5. */
  readonly rtol?: number;
  /** Absolute; default 1e-6. */
  readonly atol?: number;
}

/** What is wrong with `got`, in words; null when it is close to `expected` everywhere. */
export function compare(got: Numbers, expected: Numbers, { rtol = 1e-5, atol = 1e-6 }: Tolerance = {}): string | null {
  const a = flatten(got);
  const b = flatten(expected);
  if (a.shape.join() !== b.shape.join()) {
    return `expected shape [${b.shape.join(', ')}], got [${a.shape.join(', ')}]`;
  }
  let faults = 0;
  let worst = -1;
  let excess = 0; // of the worst position, over its tolerance
  for (let i = 0; i < b.values.length; i++) {
    const d = distance(a.values[i], b.values[i]);
    const over = d === Infinity ? d : d - (atol + rtol * Math.abs(b.values[i]));
    if (d === 0 || over <= 0) continue;
    faults++;
    if (over > excess) [worst, excess] = [i, over];
  }
  if (worst < 0) return null;
  const [x, y] = [a.values[worst], b.values[worst]];
  return (
    `${faults} of ${b.values.length} values differ, the worst at [${indexOf(worst, b.shape).join(', ')}]: ` +
    `expected ${y}, got ${x}, difference ${distance(x, y).toPrecision(3)} (rtol ${rtol}, atol ${atol})`
  );
}

/** |x − y|; 0 for two NaN or two equal infinities, infinite if only one of them is such. */
function distance(x: number, y: number): number {
  if (x === y || (Number.isNaN(x) && Number.isNaN(y))) return 0;
  return Number.isFinite(x) && Number.isFinite(y) ? Math.abs(x - y) : Infinity;
}

function flatten(x: Numbers): { shape: number[]; values: number[] } {
  if (typeof x === 'number' || typeof x === 'boolean') return { shape: [], values: [Number(x)] };
  if ('toArray' in x) return flatten(x.toArray());
  const rows = Array.from(x as ArrayLike<Numbers>, flatten);
  const inner = rows[0]?.shape ?? [];
  const odd = rows.find((row) => row.shape.join() !== inner.join());
  if (odd)
    throw new TypeError(`toBeAllClose: rows must have one shape, got [${inner.join()}] and [${odd.shape.join()}]`);
  return { shape: [rows.length, ...inner], values: rows.flatMap((row) => row.values) };
}

/** The index of element i of a row-major array. */
function indexOf(i: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (const size of [...shape].reverse()) {
    index.unshift(i % size);
    i = Math.floor(i / size);
  }
  return index;
}
