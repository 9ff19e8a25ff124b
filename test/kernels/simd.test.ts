/**
 * Every kernel in WebAssembly against its plain loop run in float64, within a bound that follows from rounding:
 * so many units of 2⁻²⁴ of what is added up, and one subnormal step.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { nd, type Data, type Nd } from '../../src/array/nd.ts';
import { Generator } from '../../src/array/random.ts';
import * as loops from '../../src/kernels/elementwise.ts';
import { crossEntropy, crossEntropyGrad } from '../../src/kernels/fused.ts';
import { choose, fold, map, scan, scan2, zip } from '../../src/kernels/lines.ts';
import type { FoldLoop, MapLoop, Scan2Loop, ScanLoop, ZipLoop } from '../../src/kernels/lines.ts';
import * as folds from '../../src/kernels/reduce.ts';
import { areas } from '../../src/kernels/simd/elementwise.ts';
import { twinOf, type Loop } from '../../src/kernels/simd/twins.ts';
import { maps as simdMaps, zips as simdZips } from '../../src/kernels/wasm/elementwise.ts';
import { scratchpad } from '../../src/kernels/wasm/scratchpad.ts';

const sizes = [0, 1, 3, 4, 63, 64, 65, 127, 128, 129, 4095, 4096, 4097, 10000];
const special = [NaN, Infinity, -Infinity, 0, -0, 2 ** -149, -(2 ** -130), 2 ** -126, 3.4e38, -3.4e38, 1e20, 1, -1];

type Draw = (g: Generator) => number;
const normal: Draw = (g) => 3 * g.normal();
/** Of magnitude at most 1, as the results that gradients are made of. */
const small: Draw = (g) => g.uniform(-1, 1);
const withSpecial =
  (draw: Draw): Draw =>
  (g) =>
    g.uniform() < 0.2 ? special[g.integer(0, special.length)] : draw(g);
/** Small numbers and NaN. */
const smallOrNaN: Draw = (g) => (g.uniform() < 0.05 ? NaN : small(g));

/** An array of float32 that lies somewhere in a larger one of NaN, and the same numbers in float64. */
function pair(shape: readonly number[], draw: Draw, seed: number): [Nd, Nd] {
  const n = shape.reduce((a, b) => a * b, 1);
  const offset = seed % 4;
  const data = new Float32Array(n + offset + 2).fill(NaN);
  const generator = new Generator(seed);
  for (let i = 0; i < n; i++) data[offset + i] = draw(generator);
  const x = nd(data, shape, undefined, offset);
  return [x, nd(Float64Array.from(data), shape, undefined, offset)];
}

/** The first element that is too far from the exact one, in words; null if none is. */
function fault(
  got: Data,
  exact: Data,
  units: number,
  sizeAt: (i: number) => number = (i) => Math.abs(exact[i]),
): string | null {
  if (!(got instanceof Float32Array) || got.length !== exact.length) return 'it is no result of this size in float32';
  for (let i = 0; i < got.length; i++) {
    const nearest = Math.fround(exact[i]);
    const bound = units * 2 ** -24 * sizeAt(i) + 2 ** -149;
    const same =
      Math.abs(got[i] - exact[i]) <= bound || got[i] === nearest || (got[i] !== got[i] && nearest !== nearest);
    if (!same) return `element ${i} is ${got[i]} and not ${exact[i]} ± ${bound}`;
  }
  return null;
}

/** Whether `work` went through the scratchpad. */
function isStreamed(work: () => void): boolean {
  const { floats } = scratchpad()!;
  const mark = 12345.678;
  for (const at of areas) floats[at] = mark;
  work();
  return areas.some((at) => floats[at] !== Math.fround(mark));
}

/** Where they are used, and how far from exact they may be, in units. */
const maps: Record<keyof typeof simdMaps, number> = {
  neg: 0, abs: 0, sign: 0, reciprocal: 1, square: 1, sqrt: 1, exp: 2, log: 2, tanh: 2, sigmoid: 2, erf: 2, gelu: 5,
  relu: 0, floor: 0, ceil: 0, trunc: 0, round: 0,
}; // prettier-ignore
const zips: Record<keyof typeof simdZips, number> = {
  add: 1, sub: 1, mul: 1, div: 1, maximum: 0, minimum: 0, eq: 0, ne: 0, lt: 0, le: 0, gt: 0, ge: 0,
  reluGrad: 0, sigmoidGrad: 4, tanhGrad: 4, geluGrad: 8,
}; // prettier-ignore
const rowFolds = ['sum', 'amax', 'amin', 'logsumexp'] as const;
const rowScans = ['softmax', 'logSoftmax'] as const;
const rowScans2 = ['softmaxGrad', 'logSoftmaxGrad'] as const;

/** What can run a loop: `map` and `zip`, or wrong ones. */
interface Drivers {
  readonly map: typeof map;
  readonly zip: typeof zip;
}

function checkMap(name: keyof typeof maps, drivers: Drivers, lengths = sizes): string | null {
  const loop = loops[name];
  // Of gelu the factor of x is rounded, and that is a sum of ½ and less.
  const size = (x: Nd) => (name === 'gelu' ? (i: number) => Math.abs(x.data[x.offset + i]) : undefined);
  for (const n of lengths) {
    for (const draw of [normal, withSpecial(normal)]) {
      const [x, x64] = pair([n], draw, n + 1);
      const found = fault(drivers.map(loop, x).data, map(loop, x64).data, maps[name], size(x));
      if (found !== null) return `${name} of ${n}: ${found}`;
    }
  }
  return null;
}

function checkZip(name: keyof typeof zips, drivers: Drivers, lengths = sizes): string | null {
  const loop = loops[name];
  const isGrad = name === 'sigmoidGrad' || name === 'tanhGrad';
  for (const n of lengths) {
    for (const odd of [false, true]) {
      const [a, a64] = pair([n], odd && !isGrad ? withSpecial(normal) : normal, n + 1);
      const [b, b64] = pair([n], isGrad ? (odd ? smallOrNaN : small) : odd ? withSpecial(normal) : normal, n + 2);
      const size = (i: number): number => Math.abs(a.data[a.offset + i]) * (1 + Math.abs(b.data[b.offset + i]));
      const found = fault(
        drivers.zip(name, loop, a, b).data,
        zip(name, loop, a64, b64).data,
        zips[name],
        name === 'geluGrad' ? size : undefined,
      );
      if (found !== null) return `${name} of ${n}: ${found}`;
    }
  }
  return null;
}

const names = <T extends object>(x: T): (keyof T & string)[] => Object.keys(x) as (keyof T & string)[];

describe('elementwise', () => {
  test.each(names(maps))('%s is that of the plain loop', (name) => expect(checkMap(name, { map, zip })).toBeNull());
  test.each(names(zips))('%s is that of the plain loop', (name) => expect(checkZip(name, { map, zip })).toBeNull());

  test('wrong kernels are seen to fail', () => {
    const after = (change: (y: Data) => void): Drivers => ({
      map: (loop: MapLoop, x: Nd) => {
        const y = map(loop, x);
        change(y.data);
        return y;
      },
      zip: (where: string, loop: ZipLoop, a: Nd, b: Nd) => {
        const y = zip(where, loop, a, b);
        change(y.data);
        return y;
      },
    });
    const wrong: Record<string, Drivers> = {
      'one element is only near': after((y) => (y[y.length >> 1] = y[y.length >> 1] * (1 + 1e-5) + 1e-40)),
      'the last element is left out': after((y) => y.fill(777, y.length - 1)),
      'each chunk is the first': after((y) => y.copyWithin(4096, 0, 4096)),
      'NaN is lost': after((y) => y.forEach((v, i) => (y[i] = v !== v ? 0 : v))),
      'another loop is taken': {
        map: (loop, x) => map(loop === loops.sqrt ? loops.square : loops.sqrt, x),
        zip: (where, loop, a, b) => zip(where, loop === loops.sub ? loops.add : loops.sub, a, b),
      },
      'operands are exchanged': {
        map: (loop, x) => map(loop, map(loops.neg, x)),
        zip: (w, loop, a, b) => zip(w, loop, b, a),
      },
    };
    for (const [what, drivers] of Object.entries(wrong)) {
      for (const name of ['exp', 'log', 'sqrt', 'erf'] as const)
        expect(checkMap(name, drivers), `${name}: ${what}`).not.toBeNull();
      for (const name of ['sub', 'div', 'tanhGrad'] as const)
        expect(checkZip(name, drivers), `${name}: ${what}`).not.toBeNull();
    }
  });

  const forms: Record<string, readonly [a: number[], b: number[]]> = {
    'a number': [[70, 130], []],
    'a number, the other way': [[], [70, 130]],
    'a row': [[900, 13], [13]],
    'a row, the other way': [[13], [900, 13]],
    'a long row': [[3, 5001], [5001]],
    'a column': [
      [300, 40],
      [300, 1],
    ],
    'a column, the other way': [
      [300, 1],
      [300, 40],
    ],
    'a row and a column': [[40], [300, 1]],
    'some rows': [
      [50, 6, 40],
      [6, 40],
    ],
  };
  test.each(Object.entries(forms))('operands broadcast: %s', (_form, [p, q]) => {
    const [a, a64] = pair(p, normal, 1);
    const [b, b64] = pair(q, normal, 2);
    const [c, c64] = pair(q, (g) => g.integer(0, 2), 3);
    let y: Nd | undefined;
    expect(isStreamed(() => (y = zip('sub', loops.sub, a, b)))).toBe(true);
    expect(fault(y!.data, zip('sub', loops.sub, a64, b64).data, 1)).toBeNull();
    expect(isStreamed(() => (y = choose(c, a, b)))).toBe(true);
    expect(fault(y!.data, choose(c64, a64, b64).data, 0)).toBeNull();
    expect(choose(c64, a, b).data).toEqual(y!.data); // a mask of another dtype goes to the plain loop
  });

  test('choosing takes every mask but 0 for true, and keeps what is special', () => {
    const [mask, mask64] = pair(
      [10000],
      withSpecial((g) => g.integer(0, 2)),
      1,
    );
    const [a, a64] = pair([10000], withSpecial(normal), 2);
    const [b, b64] = pair([10000], withSpecial(normal), 3);
    expect(fault(choose(mask, a, b).data, choose(mask64, a64, b64).data, 0)).toBeNull();
  });
});

/** Rows of many lengths, from few to more than a chunk holds. */
const rowShapes = [[40, 8], [13, 10], [3, 63], [5, 64], [7, 65], [100, 127], [2, 4095], [1, 4096], [2, 4097], [3, 10000]]; // prettier-ignore

function checkFold(name: (typeof rowFolds)[number], run: typeof fold, draw: Draw): string | null {
  const loop: FoldLoop = folds[name];
  for (const shape of rowShapes) {
    const [x, x64] = pair(shape, draw, shape[1]);
    const exact = fold(loop, x64, [shape[0], 1]).data;
    const largest = fold(folds.amax, map(loops.abs, x64), [shape[0], 1]).data;
    // A sum is rounded once; log Σ eˣ is a sum of two numbers no larger than the largest and log n.
    const size = name === 'logsumexp' ? (r: number) => largest[r] + 10 : undefined;
    const found = fault(
      run(loop, x, [shape[0], 1]).data,
      exact,
      { sum: 1.01, amax: 0, amin: 0, logsumexp: 2 }[name],
      size,
    );
    if (found !== null) return `${name} of ${shape.join('×')}: ${found}`;
  }
  return null;
}

function checkScan(name: (typeof rowScans)[number], run: typeof scan, draw: Draw): string | null {
  const loop: ScanLoop = folds[name];
  for (const shape of rowShapes) {
    const [x, x64] = pair(shape, draw, shape[1]);
    const exact = scan(loop, x64, 1).data;
    // x − m is rounded, and counts as it is; |x − m| ≤ |log y| ≤ 104 or the result is 0.
    const size = (i: number): number =>
      name === 'softmax' ? exact[i] * (5 + Math.abs(Math.log(exact[i] || 1))) : 4 * Math.max(1, Math.abs(exact[i]));
    const found = fault(run(loop, x, 1).data, exact, 1, size);
    if (found !== null) return `${name} of ${shape.join('×')}: ${found}`;
  }
  return null;
}

function checkScan2(name: (typeof rowScans2)[number], run: typeof scan2): string | null {
  const loop: Scan2Loop = folds[name];
  for (const shape of rowShapes) {
    const n = shape[1];
    const [g, g64] = pair(shape, normal, n);
    const [t, t64] = pair(shape, (r) => (name === 'softmaxGrad' ? r.uniform() : -5 * r.uniform()), n + 1);
    const sums = fold(folds.sum, map(loops.abs, g64), [shape[0], 1]).data;
    const size = (i: number): number => {
      const [own, share] = [Math.abs(g.data[g.offset + i]), t.data[t.offset + i]];
      const all = sums[Math.floor(i / n)];
      return name === 'softmaxGrad' ? share * (own + all) : own + Math.exp(share) * all;
    };
    const found = fault(run(loop, g, t, 1).data, scan2(loop, g64, t64, 1).data, 6, size);
    if (found !== null) return `${name} of ${shape.join('×')}: ${found}`;
  }
  return null;
}

describe('rows', () => {
  const fewSpecial: Draw = (g) => (g.uniform() < 0.01 ? special[g.integer(0, special.length)] : normal(g));
  const infinite: Draw = (g) => (g.uniform() < 0.02 ? -Infinity : normal(g));

  test.each(rowFolds)('%s is that of the plain loop', (name) => {
    expect(checkFold(name, fold, normal)).toBeNull();
    if (name !== 'sum') expect(checkFold(name, fold, fewSpecial)).toBeNull();
    expect(checkFold(name, fold, () => -Infinity)).toBeNull();
  });
  test.each(rowScans)('%s is that of the plain loop', (name) => {
    for (const draw of [normal, fewSpecial, infinite, () => -Infinity, () => 7])
      expect(checkScan(name, scan, draw)).toBeNull();
  });
  test.each(rowScans2)('%s is that of the plain loop', (name) => expect(checkScan2(name, scan2)).toBeNull());

  test.each([[300, 8], [300, 40], [17, 1003], [3, 5000], [5000, 9]])('columns of %i × %i add up as rows do', (n, m) => {
    const [x, x64] = pair([n, m], normal, m);
    let y: Nd | undefined;
    expect(isStreamed(() => (y = fold(folds.sum, x, [m])))).toBe(true);
    expect([...y!.data]).toEqual([...Float32Array.from(fold(folds.sum, x64, [m]).data)]); // the same order, so the same bits
  }); // prettier-ignore

  test('cross-entropy and its gradient are those of the plain loop', () => {
    for (const [N, C] of rowShapes) {
      const [x, x64] = pair([N, C], normal, C);
      const [target, target64] = pair([N], (g) => g.integer(0, C), 4);
      const [g, g64] = pair([N], normal, 5);
      const exact = crossEntropy(x64, target64).data;
      expect(fault(crossEntropy(x, target).data, exact, 4, (r) => Math.max(1, exact[r]))).toBeNull();
      const size = (i: number): number => Math.abs(g.data[g.offset + Math.floor(i / C)]);
      expect(fault(crossEntropyGrad(g, x, target).data, crossEntropyGrad(g64, x64, target64).data, 8, size)).toBeNull();
    }
  });

  test('wrong kernels are seen to fail', () => {
    const changed = (x: Nd): Nd =>
      nd(x.data.with(x.offset + 1, 50).with(x.offset + 2, -50), x.shape, undefined, x.offset);
    const near = (y: Nd): Nd =>
      nd(
        Float32Array.from(y.data, (v) => v * (1 + 1e-5)),
        y.shape,
      );
    const lossy = (y: Nd): Nd =>
      nd(
        Float32Array.from(y.data, (v) => v || 0),
        y.shape,
      );
    for (const name of rowFolds) {
      expect(checkFold(name, (loop, x, shape) => fold(loop, changed(x), shape), normal)).not.toBeNull();
      expect(checkFold(name, (loop, x, shape) => near(fold(loop, x, shape)), normal)).not.toBeNull();
      expect(checkFold(name, (loop, x, shape) => lossy(fold(loop, x, shape)), fewSpecial)).not.toBeNull();
    }
    for (const name of rowScans) {
      expect(checkScan(name, (loop, x, dim) => scan(loop, changed(x), dim), normal)).not.toBeNull();
      expect(checkScan(name, (loop, x, dim) => near(scan(loop, x, dim)), normal)).not.toBeNull();
      expect(checkScan(name, (loop, x, dim) => lossy(scan(loop, x, dim)), fewSpecial)).not.toBeNull();
    }
    for (const name of rowScans2) {
      expect(checkScan2(name, (loop, g, t, dim) => scan2(loop, t, g, dim))).not.toBeNull();
      expect(checkScan2(name, (loop, g, t, dim) => scan2(loop, changed(g), t, dim))).not.toBeNull();
      expect(checkScan2(name, (loop, g, t, dim) => near(scan2(loop, g, t, dim)))).not.toBeNull();
    }
  });
});

describe('which kernel is used', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test('every loop that should have a twin has one', () => {
    const all: Record<string, Loop | undefined> = { ...loops, ...folds };
    const wanted = [...names(maps), ...names(zips), 'choose', ...rowFolds, ...rowScans, ...rowScans2];
    expect(wanted.filter((name) => all[name] === undefined || twinOf(all[name]) === undefined)).toEqual([]);
    expect(twinOf(loops.sin)).toBeUndefined();
  });

  test('long lines of float32 without gaps are streamed; others, short ones and float64 are not', () => {
    const [x, x64] = pair([64, 64], normal, 1);
    const turned = nd(x.data, x.shape, [1, 64], x.offset);
    expect(isStreamed(() => map(loops.exp, x))).toBe(true);
    expect(isStreamed(() => map(loops.sin, x))).toBe(false);
    expect(isStreamed(() => map(loops.exp, x64))).toBe(false);
    expect(isStreamed(() => map(loops.exp, turned))).toBe(false);
    expect(isStreamed(() => map(loops.exp, pair([31], normal, 1)[0]))).toBe(false);
    expect(isStreamed(() => map(loops.neg, pair([127], normal, 1)[0]))).toBe(false);
    expect(isStreamed(() => map(loops.neg, pair([128], normal, 1)[0]))).toBe(true);
    expect(isStreamed(() => zip('add', loops.add, x, turned))).toBe(false);
    expect(isStreamed(() => zip('add', loops.add, x, x64))).toBe(false);
    expect(isStreamed(() => scan(folds.softmax, x, 1))).toBe(true);
    expect(isStreamed(() => scan(folds.softmax, x, 0))).toBe(false);
    expect(isStreamed(() => fold(folds.sum, x, []))).toBe(true);
    expect(isStreamed(() => fold(folds.amax, x, [64]))).toBe(false);
  });

  test('where WebAssembly is forbidden, plain loops give the results', async () => {
    const Forbidden = vi.fn<() => void>(function () {
      throw new WebAssembly.CompileError('blocked by the content-security policy');
    });
    vi.stubGlobal('WebAssembly', {
      Memory: WebAssembly.Memory,
      Module: Forbidden,
      CompileError: WebAssembly.CompileError,
    });
    vi.resetModules();
    const lines = await import('../../src/kernels/lines.ts');
    const plain = await import('../../src/kernels/elementwise.ts');
    const reduce = await import('../../src/kernels/reduce.ts');
    const { kernelOf } = await import('../../src/kernels/simd/twins.ts');
    const [x] = pair([64, 64], normal, 1);
    const y = new Float32Array(64 * 64);
    plain.exp(x.data, x.offset, 1, y, 0, y.length);
    expect(kernelOf(plain.exp, 4096)).toBeNull();
    expect(lines.map(plain.exp, x).data).toEqual(y);
    expect(lines.zip('add', plain.add, x, x).data).toEqual(
      lines.map((...[a, i, di, b, k, n]) => plain.add(a, i, di, a, i, di, b, k, n), x).data,
    );
    expect(lines.fold(reduce.sum, x, [64]).data).toHaveLength(64);
    expect(lines.scan(reduce.softmax, x, 1).data.every(Number.isFinite)).toBe(true);
  });
});
