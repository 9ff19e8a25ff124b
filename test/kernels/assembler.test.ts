/** The assembler is tested by running what it assembles, and its numbers by decoding them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as wasm from '../../src/kernels/wasm/assembler.ts';

const { i32, f32, f32x4, v128 } = wasm;

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
  const binary = (name: 'add' | 'sub' | 'mul' | 'eq' | 'lt_u' | 'ge_s'): wasm.Func => ({
    name,
    params: ['i32', 'i32'],
    result: 'i32',
    body: ([a, b]) => i32[name](a.get, b.get),
  });
  const { call } = run(...(['add', 'sub', 'mul', 'eq', 'lt_u', 'ge_s'] as const).map(binary));
  const int = fc.integer();
  fc.assert(
    fc.property(int, int, (a, b) => {
      expect(call('add', a, b)).toBe((a + b) | 0);
      expect(call('sub', a, b)).toBe((a - b) | 0);
      expect(call('mul', a, b)).toBe(Math.imul(a, b));
      expect(call('eq', a, b)).toBe(a === b ? 1 : 0);
      expect(call('eq', a, a)).toBe(1);
      expect(call('lt_u', a, b)).toBe(a >>> 0 < b >>> 0 ? 1 : 0);
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

test('vectors load, splat, multiply, add and store, at an offset', () => {
  const { floats, call } = run({
    name: 'axpy', // y += a·x for four numbers: a at 0, x at 16, y at 32
    params: ['i32'],
    body([base], variable) {
      const a = variable('v128');
      return [
        ...a.set(v128.load32_splat(0, base.get)),
        ...v128.store(32, base.get, f32x4.add(v128.load(32, base.get), f32x4.mul(a.get, v128.load(16, base.get)))),
        ...f32.store(48, base.get, f32.load(16, base.get)),
      ];
    },
  });
  floats.set([2, 9, 9, 9, 1, 2, 3, 4, 10, 20, 30, 40], 8);
  call('axpy', 32);
  expect([...floats.subarray(16, 21)]).toEqual([12, 24, 36, 48, 1]);
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
