import { describe, expect, it } from 'vitest';
import { Generator, manualSeed, defaultGenerator } from '../../src/array/random.ts';

const MASK = 0xffffffffn;

/** xoshiro128** after its authors' C, in whole numbers without overflow. */
function* xoshiro(words: readonly number[]): Generator_ {
  let s = words.map(BigInt);
  const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & MASK;
  for (;;) {
    yield Number((rotl((s[1] * 5n) & MASK, 7n) * 9n) & MASK);
    const t = (s[1] << 9n) & MASK;
    const [c, d] = [s[2] ^ s[0], s[3] ^ s[1]];
    s = [s[0] ^ d, s[1] ^ c, c ^ t, rotl(d, 11n)];
  }
}
type Generator_ = globalThis.Generator<number, void>;

/** SplitMix32 from a seed's low half; the high half enters before each word. */
function words(seed: bigint): number[] {
  const high = ((seed >> 32n) * 0x9e3779b9n) & MASK;
  let z = seed & MASK;
  return [0, 1, 2, 3].map(() => {
    z = ((z ^ high) + 0x9e3779b9n) & MASK;
    let x = z;
    x = ((x ^ (x >> 16n)) * 0x85ebca6bn) & MASK;
    x = ((x ^ (x >> 13n)) * 0xc2b2ae35n) & MASK;
    return Number(x ^ (x >> 16n));
  });
}

const draws = (n: number, one: () => number): number[] => Array.from({ length: n }, one);
const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;

/** Σ (seen − expected)² / expected over equally likely classes. */
function chiSquare(counts: readonly number[]): number {
  const expected = mean(counts);
  return counts.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
}

describe('Generator', () => {
  const seeds = [0, 1, 42, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 123456789012345, Number.MAX_SAFE_INTEGER];

  it.each(seeds)('draws the sequence of xoshiro128** from seed %d', (seed) => {
    const g = new Generator(seed);
    expect(g.getState().words).toEqual(words(BigInt(seed)));
    const reference = xoshiro(g.getState().words);
    expect(draws(1000, () => g.bits())).toEqual(draws(1000, () => Number(reference.next().value)));
  });

  it('draws the first numbers that the published algorithm gives from the state 1, 2, 3, 4', () => {
    // 11520 = rotl(2·5, 7)·9; then 0, since the second word becomes 2 ^ 3 ^ 1 = 0.
    const g = new Generator().setState({ words: [1, 2, 3, 4], spare: null });
    expect(draws(10, () => g.bits())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('gives different seeds different streams, high halves included', () => {
    const some = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 2 ** 32 + 0x9e3779b9, 2 ** 52];
    expect(new Set(some.map((seed) => new Generator(seed).getState().words.join())).size).toBe(some.length);
    expect(new Set(some.map((seed) => new Generator(seed).bits())).size).toBe(some.length);
  });

  it('refuses seeds that are not whole numbers from 0 to 2^53 − 1', () => {
    for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      expect(() => new Generator(seed)).toThrow(
        `Generator.seed: the seed must be a whole number from 0 to 2^53 - 1, got ${seed}`,
      );
    }
  });

  it('draws uniform numbers with the right moments, spread evenly', () => {
    const g = new Generator(1);
    const x = draws(100_000, () => g.uniform());
    expect(x.every((v) => v >= 0 && v < 1)).toBe(true);
    expect(Math.abs(mean(x) - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / x.length));
    expect(Math.abs(mean(x.map((v) => (v - 0.5) ** 2)) - 1 / 12)).toBeLessThan(0.002);
    const counts = Array<number>(100).fill(0);
    for (const v of x) counts[Math.floor(100 * v)]++;
    expect(chiSquare(counts)).toBeLessThan(149); // 99 degrees of freedom: 1 in 1000
    expect(chiSquare(counts)).toBeGreaterThan(60); // nor too even to be random
    const lag = mean(x.slice(1).map((v, i) => (v - 0.5) * (x[i] - 0.5)));
    expect(Math.abs(12 * lag)).toBeLessThan(4 / Math.sqrt(x.length));
    const y = draws(1000, () => g.uniform(-3, -1));
    expect(y.every((v) => v >= -3 && v < -1)).toBe(true);
  });

  it('draws normal numbers with the right moments and tails, the two of a pair independent', () => {
    const g = new Generator(2);
    const x = draws(100_000, () => g.normal());
    const moment = (k: number): number => mean(x.map((v) => v ** k));
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(x.length));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / x.length));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / x.length));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / x.length));
    const beyond = (z: number): number => x.filter((v) => Math.abs(v) > z).length / x.length;
    expect(beyond(1.959964)).toBeCloseTo(0.05, 2);
    expect(Math.abs(beyond(3) - 0.0027)).toBeLessThan(0.0007);
    const pairs = mean(x.filter((_, i) => i % 2 === 0).map((v, i) => v * x[2 * i + 1]));
    expect(Math.abs(pairs)).toBeLessThan(4 / Math.sqrt(x.length / 2));
    expect(mean(draws(1000, () => g.normal(5, 0.1)))).toBeCloseTo(5, 1);
  });

  it('draws whole numbers without bias, also where 2^32 is no multiple of the span', () => {
    const g = new Generator(3);
    const counts = Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[g.integer(-3, 4) + 3]++;
    expect(chiSquare(counts)).toBeLessThan(22.5); // 6 degrees of freedom: 1 in 1000
    // With a span of ¾·2³² the remainder alone would give its first third twice the chance of the others.
    const span = 3 * 2 ** 30;
    const thirds = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) thirds[Math.floor(g.integer(0, span) / 2 ** 30)]++;
    expect(chiSquare(thirds)).toBeLessThan(13.8);
    expect(draws(100, () => g.integer(5, 6))).toEqual(Array(100).fill(5));
    expect(g.integer(0, 2 ** 32)).toBeLessThan(2 ** 32);
    for (const [low, high] of [
      [0, 0],
      [1, 0],
      [0.5, 2],
      [0, NaN],
      [0, 2 ** 32 + 1],
    ]) {
      // prettier-ignore
      expect(() => g.integer(low, high)).toThrow('Generator.integer: low < high must be whole numbers at most 2^32 apart');
    }
  });

  it('permutes: every number once, every order as likely as another', () => {
    const g = new Generator(4);
    expect([...g.permutation(1000)].sort((a, b) => a - b)).toEqual(draws(1000, ((i) => () => i++)(0))); // prettier-ignore
    expect([g.permutation(0), g.permutation(1)]).toEqual([[], [0]]);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = g.permutation(4).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquare([...counts.values()])).toBeLessThan(49.7); // 23 degrees of freedom: 1 in 1000
  });

  it('splits off children whose streams differ, and that do not depend on what the parent draws later', () => {
    const [g, h] = [new Generator(5), new Generator(5)];
    const [first, second] = [g.split(), g.split()];
    const same = h.split();
    h.normal();
    expect(draws(10, () => first.bits())).toEqual(draws(10, () => same.bits()));
    const streams = [first, second, g].map((s) => draws(1000, () => s.uniform()));
    expect(new Set(streams.flat()).size).toBeGreaterThan(2990);
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ]) {
      // prettier-ignore
      const lag = mean(streams[p].map((v, i) => (v - 0.5) * (streams[q][i] - 0.5)));
      expect(Math.abs(12 * lag)).toBeLessThan(4 / Math.sqrt(1000));
    }
  });

  it('goes on from a saved state, through JSON and between the two normals of a pair', () => {
    const g = new Generator(6);
    for (const before of [0, 1, 2, 7]) {
      for (let i = 0; i < before; i++) g.normal();
      const saved = JSON.stringify(g.getState());
      const go = (from: Generator): number[] => [
        from.normal(),
        from.uniform(),
        from.normal(),
        from.integer(0, 99),
        from.bits(),
      ];
      const expected = go(g);
      expect(go(new Generator(0).setState(JSON.parse(saved) as ReturnType<Generator['getState']>))).toEqual(expected);
    }
    g.normal();
    expect(g.getState().spare).not.toBeNull();
    expect(g.seed(1).getState().spare).toBeNull();
  });

  it('has a default that manualSeed seeds', () => {
    manualSeed(7);
    const first = defaultGenerator.normal();
    manualSeed(7);
    expect(defaultGenerator.normal()).toBe(first);
    expect(new Generator(7).normal()).toBe(first);
  });
});
