/**
 * Every elementwise kernel in WebAssembly against its plain loop run in float64, within a bound that follows from
 * rounding: so many units of 2⁻²⁴ and one subnormal step. And which kernel is used when.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { nd, promote, type Data, type Nd } from '../../src/array/nd.ts';
import { permute } from '../../src/array/views.ts';
import * as loops from '../../src/kernels/elementwise.ts';
import { fold, map, scan, scan2, zip, zip3, type MapLoop, type ZipLoop } from '../../src/kernels/lines.ts';
import * as folds from '../../src/kernels/reduce.ts';
import { twinOf, type Loop } from '../../src/kernels/simd/twins.ts';
import type { maps as simdMaps, zips as simdZips } from '../../src/kernels/wasm/elementwise.ts';
import { fault, isStreamed, names, normal, pair, sizes, small, smallOrNaN, withSpecial } from './nearly.ts';

const choose = (mask: Nd, a: Nd, b: Nd): Nd => zip3('where', loops.choose, promote(a, b), mask, a, b);

/** The plain loops by name. */
const plain = { ...loops };

/** Where they are used, and how far from exact they may be, in units. */
const maps: Record<keyof typeof simdMaps, number> = {
  neg: 0, abs: 0, sign: 0, reciprocal: 1, square: 1, sqrt: 1, exp: 2, log: 2, tanh: 2, sigmoid: 2, erf: 2, gelu: 5,
  relu: 0, floor: 0, ceil: 0, trunc: 0, round: 0,
}; // prettier-ignore
const zips: Record<keyof typeof simdZips, number> = {
  add: 1, sub: 1, mul: 1, div: 1, maximum: 0, minimum: 0, eq: 0, ne: 0, lt: 0, le: 0, gt: 0, ge: 0,
  reluGrad: 0, sigmoidGrad: 4, tanhGrad: 4, geluGrad: 8,
}; // prettier-ignore
/** What can run a loop: `map` and `zip`, or wrong ones. */
interface Drivers {
  readonly map: typeof map;
  readonly zip: typeof zip;
}

function checkMap(name: keyof typeof maps, drivers: Drivers, lengths = sizes): string | null {
  const loop = plain[name];
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
  const loop = plain[name];
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

  test.each([
    [[1, 0], [60, 70]],
    [[2, 0, 1], [5, 40, 50]],
    [[0, 2, 1, 3], [3, 11, 12, 13]],
    [[1, 2, 0], [40, 3, 2000]],
  ])('operands lie across: dims %j of %j', (dims, shape) => {
    const [x, x64] = pair(shape, normal, 1).map((x) => permute(x, dims));
    const [y, y64] = pair(x.shape, normal, 2);
    expect(fault(map(loops.neg, x).data, map(loops.neg, x64).data, 0)).toBeNull();
    expect(fault(zip('sub', loops.sub, x, y).data, zip('sub', loops.sub, x64, y64).data, 1)).toBeNull();
    expect(fault(zip('sub', loops.sub, y, x).data, zip('sub', loops.sub, y64, x64).data, 1)).toBeNull();
    expect(fault(choose(x, y, x).data, choose(x64, y64, x64).data, 0)).toBeNull();
    for (let d = 0; d < dims.length; d++) {
      const soft = scan(folds.softmax, x64, d);
      const size = (i: number): number => soft.data[i] * (5 + Math.abs(Math.log(soft.data[i])));
      expect(fault(scan(folds.softmax, x, d).data, soft.data, 1, size)).toBeNull();
      const [grad, exact] = [scan2(folds.softmaxGrad, y, x, d), scan2(folds.softmaxGrad, y64, x64, d)];
      expect(fault(grad.data, exact.data, 4, () => 100 * x.shape[d])).toBeNull();
      const kept = x.shape.with(d, 1);
      expect(fault(fold(folds.amax, x, kept).data, fold(folds.amax, x64, kept).data, 0)).toBeNull();
      expect(fault(fold(folds.logsumexp, x, kept).data, fold(folds.logsumexp, x64, kept).data, 3, () => 10)).toBeNull();
    }
  }); // prettier-ignore

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

describe('which kernel is used', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test('every loop that should have a twin has one', () => {
    const rows = 'sum amax amin logsumexp softmax logSoftmax softmaxGrad logSoftmaxGrad'.split(' ');
    const all: Record<string, Loop | undefined> = { ...loops, ...folds };
    const wanted = [...names(maps), ...names(zips), 'choose', ...rows];
    expect(wanted.filter((name) => all[name] === undefined || twinOf(all[name]) === undefined)).toEqual([]);
    expect(twinOf(loops.sin)).toBeUndefined();
  });

  test('many float32 are streamed; few, float64 and loops without a twin are not', () => {
    const [x, x64] = pair([64, 64], normal, 1);
    const turned = nd(x.data, x.shape, [1, 64], x.offset);
    expect(isStreamed(() => map(loops.exp, x))).toBe(true);
    expect(isStreamed(() => map(loops.sin, x))).toBe(false);
    expect(isStreamed(() => map(loops.exp, x64))).toBe(false);
    expect(isStreamed(() => map(loops.exp, turned))).toBe(true);
    expect(isStreamed(() => map(loops.exp, pair([31], normal, 1)[0]))).toBe(false);
    expect(isStreamed(() => map(loops.neg, pair([127], normal, 1)[0]))).toBe(false);
    expect(isStreamed(() => map(loops.neg, pair([128], normal, 1)[0]))).toBe(true);
    expect(isStreamed(() => zip('add', loops.add, x, turned))).toBe(true);
    expect(isStreamed(() => zip('add', loops.add, x, x64))).toBe(false);
    expect(isStreamed(() => scan(folds.softmax, x, 1))).toBe(true);
    expect(isStreamed(() => scan(folds.softmax, x, 0))).toBe(true);
    expect(isStreamed(() => fold(folds.sum, x, []))).toBe(true);
    expect(isStreamed(() => fold(folds.amax, x, [64]))).toBe(false);
    expect(isStreamed(() => fold(folds.logsumexp, x, [64]))).toBe(true);
  });

  test.runIf(typeof process !== 'undefined')(
    'where WebAssembly is forbidden, plain loops give the results',
    async () => {
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
    },
  );
});
