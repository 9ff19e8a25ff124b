/** The assembler is tested by running what it assembles, and its numbers by decoding them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as wasm from '../../src/kernels/wasm/assembler.ts';

const { i32, f32, f64, f32x4, f64x2, i32x4, i8x16, v128 } = wasm;

/** The functions of a module over a memory of one page, which `floats` shows. */
function run(...functions: wasm.Func[]): { floats: Float32Array; call: (name: string, ...args: number[]) => number } {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const module = new WebAssembly.Module(wasm.assemble(functions, 1));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return {
    floats: new Float32Array(memory.buffer),
    call: (name, ...args) => (exports[name] as (...args: number[]) => number)(...args),
  };
}

describe('LEB128', () => {
  test('unsigned numbers read back as they were', () => {
    const decode = (bytes: number[]): number => bytes.reduce((n, byte, i) => n + (byte & 0x7f) * 2 ** (7 * i), 0);
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 32 - 1 }), (n) => {
        const bytes = wasm.unsigned(n);
        expect(decode(bytes)).toBe(n);
        expect(bytes.map((byte) => byte >= 0x80)).toEqual(bytes.map((_, i) => i < bytes.length - 1));
      }),
    );
    expect(wasm.unsigned(624485)).toEqual([0xe5, 0x8e, 0x26]); // the specification's own example
  });

  test('signed numbers come out of i32.const as they went in', () => {
    const numbers = [0, 1, -1, 63, 64, -64, -65, 127, 128, -128, -129, 8191, 8192, 2 ** 31 - 1, -(2 ** 31), -123456];
    const functions = numbers.map((n, i): wasm.Func => ({
      name: `f${i}`,
      params: [],
      result: 'i32',
      body: () => i32.const(n),
    }));
    const { call } = run(...functions);
    expect(numbers.map((_, i) => call(`f${i}`))).toEqual(numbers);
  });
});

test('whole-number instructions compute what their names say', () => {
  const all = ['add', 'sub', 'mul', 'eq', 'lt_u', 'gt_s', 'ge_s', 'and', 'shl'] as const;
  const binary = (name: (typeof all)[number]): wasm.Func => ({
    name,
    params: ['i32', 'i32'],
    result: 'i32',
    body: ([a, b]) => i32[name](a.get, b.get),
  });
  const { call } = run(...all.map(binary));
  const int = fc.integer();
  fc.assert(
    fc.property(int, int, (a, b) => {
      expect(call('add', a, b)).toBe((a + b) | 0);
      expect(call('sub', a, b)).toBe((a - b) | 0);
      expect(call('mul', a, b)).toBe(Math.imul(a, b));
      expect(call('and', a, b)).toBe(a & b);
      expect(call('shl', a, b)).toBe(a << b);
      expect(call('eq', a, b)).toBe(a === b ? 1 : 0);
      expect(call('eq', a, a)).toBe(1);
      expect(call('lt_u', a, b)).toBe(a >>> 0 < b >>> 0 ? 1 : 0);
      expect(call('gt_s', a, b)).toBe(a > b ? 1 : 0);
      expect(call('ge_s', a, b)).toBe(a >= b ? 1 : 0);
    }),
  );
});

test('loops run as often as their condition says', () => {
  const count = (name: string, loop: (condition: wasm.Code, body: wasm.Code) => wasm.Code): wasm.Func => ({
    name,
    params: ['i32'],
    result: 'i32',
    body([n], variable) {
      const i = variable('i32');
      return [...loop(i32.lt_u(i.get, n.get), i.set(i32.add(i.get, i32.const(1)))), ...i.get];
    },
  });
  const { call } = run(
    count('whileLoop', wasm.whileLoop),
    count('doWhile', (condition, body) => wasm.doWhile(body, condition)),
    count(
      'left',
      (condition, body) => wasm.block(wasm.whileLoop(condition, [...body, ...wasm.br_if(2, i32.const(1))])), // out of loop, if and block
    ),
  );
  expect([0, 1, 7].map((n) => call('whileLoop', n))).toEqual([0, 1, 7]);
  expect([0, 1, 7].map((n) => call('doWhile', n))).toEqual([1, 1, 7]);
  expect([0, 1, 7].map((n) => call('left', n))).toEqual([0, 1, 1]);
});

test('vectors load, splat, multiply, add, shuffle and store, at an offset', () => {
  const { floats, call } = run({
    name: 'axpy', // y += a·x for four numbers: a at 0, x at 16, y at 32
    params: ['i32'],
    body([base], variable) {
      const a = variable('v128');
      return [
        ...a.set(v128.load32_splat(0, base.get)),
        ...v128.store(32, base.get, f32x4.add(v128.load(32, base.get), f32x4.mul(a.get, v128.load(16, base.get)))),
        ...v128.store(48, base.get, i8x16.shuffle([1, 4, 0, 7], v128.load(16, base.get), v128.load(32, base.get))),
      ];
    },
  });
  floats.set([2, 9, 9, 9, 1, 2, 3, 4, 10, 20, 30, 40], 8);
  call('axpy', 32);
  expect([...floats.subarray(16, 24)]).toEqual([12, 24, 36, 48, 2, 12, 1, 48]);
});

/** What four-lane code makes of up to three vectors of numbers (or, as `ints`, of whole numbers). */
function lanes(
  code: (...operands: wasm.Code[]) => wasm.Code,
  ...inputs: (readonly number[])[]
): { floats: number[]; ints: number[] } {
  const at = i32.const(0);
  const { floats, call } = run({
    name: 'f',
    params: [],
    body: () => v128.store(64, at, code(...inputs.map((_, i) => v128.load(16 * i, at)))),
  });
  floats.set(inputs.flat());
  call('f');
  return { floats: [...floats.subarray(16, 20)], ints: [...new Int32Array(floats.buffer, 64, 4)] };
}

describe('instructions over four float32', () => {
  const a = [1.5, -2.5, -0, NaN];
  const b = [2, -3.25, 0, 1];
  const f = Math.fround;

  test.each<[keyof typeof f32x4, (x: number) => number]>([
    ['ceil', Math.ceil],
    ['floor', Math.floor],
    ['trunc', Math.trunc],
    ['nearest', (x) => (x === 1.5 ? 2 : x === -2.5 ? -2 : x)],
    ['abs', Math.abs],
    ['neg', (x) => -x],
    ['sqrt', (x) => f(Math.sqrt(x))],
  ])('%s', (name, expected) => {
    const instruction = f32x4[name] as wasm.Instruction;
    expect(lanes((x) => instruction(x), a).floats).toEqual(a.map(expected));
    expect(lanes((x) => instruction(x), b).floats.slice(2)).toEqual(b.slice(2).map(expected));
  });

  test.each<[keyof typeof f32x4, (x: number, y: number) => number]>([
    ['add', (x, y) => x + y],
    ['sub', (x, y) => x - y],
    ['mul', (x, y) => x * y],
    ['div', (x, y) => f(x / y)],
    ['min', Math.min],
    ['max', Math.max],
    ['pmin', (x, y) => (y < x ? y : x)],
    ['pmax', (x, y) => (x < y ? y : x)],
  ])('%s', (name, expected) => {
    const instruction = f32x4[name] as wasm.Instruction;
    expect(lanes((x, y) => instruction(x, y), a, b).floats).toEqual(a.map((x, i) => expected(x, b[i])));
    expect(lanes((x, y) => instruction(x, y), b, a).floats).toEqual(b.map((x, i) => expected(x, a[i])));
  });

  test.each<[keyof typeof f32x4, (x: number, y: number) => boolean]>([
    ['eq', (x, y) => x === y],
    ['ne', (x, y) => x !== y],
    ['lt', (x, y) => x < y],
    ['gt', (x, y) => x > y],
    ['le', (x, y) => x <= y],
    ['ge', (x, y) => x >= y],
  ])('%s gives a mask', (name, expected) => {
    const instruction = f32x4[name] as wasm.Instruction;
    for (const [p, q] of [
      [a, b],
      [b, a],
    ])
      expect(lanes((x, y) => instruction(x, y), p, q).ints).toEqual(p.map((x, i) => (expected(x, q[i]) ? -1 : 0)));
  });
});

test('vectors of bits and whole numbers, constants, lanes and conversions', () => {
  const four = (w: number, x: number, y: number, z: number): wasm.Code => v128.const([w, x, y, z]);
  const ints = four(1, -2, 0x12345678, -(2 ** 31));
  const other = four(3, -2, 0x0f0f0f0f, 1);
  const bits = (code: wasm.Code): number[] => lanes(() => code).ints;
  expect(bits(ints)).toEqual([1, -2, 0x12345678, -(2 ** 31)]);
  expect(bits(v128.and(ints, other))).toEqual([1, -2, 0x02040608, 0]);
  expect(bits(v128.or(ints, other))).toEqual([3, -2, 0x1f3f5f7f, 1 - 2 ** 31]);
  expect(bits(v128.bitselect(ints, other, four(-1, 0, -1, 0)))).toEqual([1, -2, 0x12345678, 1]);
  expect(bits(i32x4.add(ints, other))).toEqual([4, -4, 0x21436587, 1 - 2 ** 31]);
  expect(bits(i32x4.sub(ints, other))).toEqual([-2, 0, 0x03254769, 2 ** 31 - 1]);
  expect(bits(i32x4.lt_s(ints, other))).toEqual([-1, 0, 0, -1]);
  expect(bits(i32x4.shl(ints, i32.const(4)))).toEqual([16, -32, 0x23456780, 0]);
  expect(bits(i32x4.shr_s(ints, i32.const(1)))).toEqual([0, -1, 0x091a2b3c, -(2 ** 30)]);
  expect(bits(i32x4.shr_u(ints, i32.const(1)))).toEqual([0, 2 ** 31 - 1, 0x091a2b3c, 2 ** 30]);
  expect(bits(i32x4.splat(i32.const(-7)))).toEqual([-7, -7, -7, -7]);
  expect(bits(i8x16.shuffle([3, 4, 0, 6], ints, other))).toEqual([-(2 ** 31), 3, 1, 0x0f0f0f0f]);
  expect(lanes(() => f32x4.convert_i32x4_s(ints)).floats).toEqual([1, -2, Math.fround(0x12345678), -(2 ** 31)]);
});

test('numbers go from float32 to float64 and back, and between lanes and one', () => {
  const { floats, call } = run(
    {
      name: 'sum', // of the two lower lanes, in float64
      params: ['i32'],
      result: 'f64',
      body([at], variable) {
        const x = variable('v128');
        return [
          ...x.set(f64x2.promote_low_f32x4(v128.load(0, at.get))),
          ...x.set(f64x2.add(x.get, x.get)),
          ...f64.add(f64x2.extract_lane(0, x.get), f64x2.extract_lane(1, x.get)),
        ];
      },
    },
    {
      name: 'quotient', // of the third lane and (a + 1), once more in all lanes at 16
      params: ['i32', 'f64', 'f32'],
      result: 'f32',
      body: ([at, a, one]) => [
        ...v128.store(16, at.get, f32x4.splat(f32.demote_f64(a.get))),
        ...f32.div(f32x4.extract_lane(2, v128.load(0, at.get)), f32.add(f32.demote_f64(a.get), one.get)),
      ],
    },
  );
  floats.set([1, 2 ** -40, 9, 4]);
  expect(call('sum', 0)).toBe(2 + 2 ** -39);
  expect(call('quotient', 0, 0.1, 1)).toBe(Math.fround(9 / Math.fround(Math.fround(0.1) + 1)));
  expect([...floats.subarray(4, 8)]).toEqual(new Array(4).fill(Math.fround(0.1)));
});

test('float32 numbers are constants, are added and multiplied with rounding, and fill a vector', () => {
  const { floats, call } = run({
    name: 'affine', // four times 3·x + 0.1, for x at 0, to 16
    params: [],
    body: () =>
      v128.store(
        16,
        i32.const(0),
        f32x4.splat(f32.add(f32.mul(f32.const(3), f32.load(0, i32.const(0))), f32.const(0.1))),
      ),
  });
  const { fround } = Math;
  for (const x of [0, 1.7, -1e-3, 2 ** 24, -0, Infinity, NaN]) {
    floats[0] = x;
    call('affine');
    const expected = fround(fround(3 * floats[0]) + fround(0.1));
    expect([...floats.subarray(4, 8)]).toEqual([expected, expected, expected, expected]);
  }
});
