/** What the bytes of a safetensors file are. Which ones are refused is tested in safetensorsRefused.test.ts. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ValueError } from '../../src/array/errors.ts';
import { dtypeOf, nd } from '../../src/array/nd.ts';
import { swapBytes } from '../../src/io/safetensorsDtypes.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import { anyName, anyNd, entry, file, longs, record, valuesOf } from './arbitraries.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const f32 = (...values: number[]) => nd(new Float32Array(values), [values.length]);
const f64 = (...values: number[]) => nd(new Float64Array(values), [values.length]);
const headerOf = (bytes: Uint8Array): string => {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return new TextDecoder().decode(bytes.subarray(8, 8 + length));
};
const widths: Record<string, number> = { BOOL: 1, I8: 1, U8: 1, I16: 2, U16: 2, I32: 4, U32: 4, I64: 8, U64: 8 };
/** The dtype and the values that one tensor of these bytes is read as. */
const readOne = (dtype: string, ...bytes: number[]) => {
  const shape = [bytes.length / widths[dtype]];
  const { w } = decodeSafetensors(file({ w: entry(dtype, shape, 0, bytes.length) }, bytes), 'a').tensors;
  return [dtypeOf(w.data), ...valuesOf(w)];
};

test('what is written comes back: names, order, shapes, dtypes, values in any layout, metadata', () => {
  const tensors = fc.uniqueArray(fc.tuple(anyName, anyNd), { selector: ([name]) => name, maxLength: 5 });
  const texts = fc.uniqueArray(fc.tuple(anyName, fc.string({ unit: 'binary' })), {
    selector: ([name]) => name,
    maxLength: 3,
  });
  fc.assert(
    fc.property(tensors, texts, (pairs, metadata) => {
      const given = record(pairs);
      const bytes = encodeSafetensors(given, record(metadata));
      const back = decodeSafetensors(bytes, 'a.safetensors');
      expect(Object.keys(back.tensors)).toEqual(Object.keys(given));
      for (const name of Object.keys(given)) {
        expect(back.tensors[name].shape).toEqual(given[name].shape);
        expect(dtypeOf(back.tensors[name].data)).toBe(dtypeOf(given[name].data));
        expect(valuesOf(back.tensors[name])).toEqual(valuesOf(given[name])); // toEqual is Object.is: −0, NaN
      }
      expect(Object.entries(back.metadata)).toEqual(Object.entries(record(metadata)));
      expect(encodeSafetensors(back.tensors, back.metadata)).toEqual(bytes);
    }),
  );
});

test('the bytes are those of the reference implementation, for its own examples', () => {
  const attn = { 'attn.0': nd(Float32Array.of(0, 1, 2, 3, 4, 5), [1, 2, 3]) };
  const data = [0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64, 0, 0, 160, 64];
  expect(encodeSafetensors(attn)).toEqual(
    file('{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}', data),
  );
  expect(encodeSafetensors({})).toEqual(file('{}      '));
  expect(encodeSafetensors({}, { framework: 'pt' })).toEqual(file('{"__metadata__":{"framework":"pt"}}     '));
});

test('the header keeps the order given, the data puts float64 first, and everything is aligned', () => {
  const bytes = encodeSafetensors({ b: f32(1), a: f64(2), c: f32(3), d: f64(4) }, { z: '1', y: '2' });
  const header = headerOf(bytes);
  expect(header.trimEnd()).toBe(
    '{"__metadata__":{"z":"1","y":"2"},' +
      '"b":{"dtype":"F32","shape":[1],"data_offsets":[16,20]},"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},' +
      '"c":{"dtype":"F32","shape":[1],"data_offsets":[20,24]},"d":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}',
  );
  expect(header.length % 8).toBe(0);
  expect(bytes.length).toBe(8 + header.length + 24);
});

test('a NaN keeps its bits', () => {
  const words = Uint32Array.of(0x7fc00001, 0xffc12345, 0x7f800001);
  const { w } = decodeSafetensors(encodeSafetensors({ w: nd(new Float32Array(words.buffer), [3]) }), 'a').tensors;
  expect(new Uint32Array(w.data.buffer)).toEqual(words);
});

test('bytes that lie at an odd address are read as well', () => {
  const bytes = encodeSafetensors({ w: f64(0.1, 2) });
  for (let shift = 0; shift < 8; shift++) {
    const room = new Uint8Array(bytes.length + 16);
    room.set(bytes, shift);
    expect(valuesOf(decodeSafetensors(room.subarray(shift, shift + bytes.length), 'a').tensors.w)).toEqual([0.1, 2]);
  }
});

test('an array that begins in the middle of its memory is written from there', () => {
  const memory = Float32Array.of(9, 9, 1, 2, 3).buffer;
  const x = nd(new Float32Array(memory, 4), [2, 1], [1, 1], 1);
  expect(valuesOf(decodeSafetensors(encodeSafetensors({ x }), 'a').tensors.x)).toEqual([1, 2]);
});

test('a name that no tensor has finds nothing', () => {
  const { tensors, metadata } = decodeSafetensors(encodeSafetensors({}), 'a');
  expect(['toString' in tensors, 'constructor' in tensors, 'toString' in metadata]).toEqual([false, false, false]);
});

test('what is read does not share memory with the bytes', () => {
  const bytes = encodeSafetensors({ w: f32(1, 2) });
  const { w } = decodeSafetensors(bytes, 'a').tensors;
  bytes.fill(0);
  expect(valuesOf(w)).toEqual([1, 2]);
});

test('a file that Python wrote by the format’s page is read to the last value', () => {
  const { tensors, metadata } = decodeSafetensors(
    readFileSync(join(fixtures, 'python.safetensors')),
    'python.safetensors',
  );
  expect({ ...metadata }).toEqual({ by: 'struct', ключ: 'значение' });
  const shown = Object.entries(tensors).map(([name, x]) => [name, dtypeOf(x.data), x.shape, valuesOf(x)]);
  expect(shown).toEqual([
    ['f32', 'float32', [2, 3], [0, -0, 1.5, -2.25, Infinity, -Infinity]],
    ['f16', 'float32', [7], [1, -2.5, 65504, 2 ** -24, -(2 ** -14), Infinity, NaN]],
    ['bf16', 'float32', [2, 2], [1, -3.140625, 2 ** 100, 2 ** -130]],
    ['i64', 'float32', [3], [-1, 0, 2 ** 24]],
    ['i64.wide', 'float64', [2], [2 ** 53, -(2 ** 24) - 1]],
    ['i32.wide', 'float64', [2], [2 ** 24 + 1, 5]],
    ['u8', 'float32', [1, 4], [0, 1, 128, 255]],
    ['bool', 'float32', [3], [1, 0, 1]],
    ['f64', 'float64', [2], [0.1, 1e300]],
    ['scalar', 'float32', [], [42]],
    ['empty', 'float32', [0, 3], []],
    ['größe 😀', 'float32', [1], [7]],
  ]);
});

test.skipIf(spawnSync('python3', ['--version']).status !== 0)('a file written here is read by Python, aligned', () => {
  const folder = mkdtempSync(join(tmpdir(), 'adjoint-'));
  try {
    const path = join(folder, 'a.safetensors');
    const view = nd(Float32Array.of(9, 1, 2, 3, 4, 5, 6), [3, 2], [1, 3], 1); // the transpose of [[1, 2, 3], [4, 5, 6]]
    writeFileSync(
      path,
      encodeSafetensors({ view, '😀': f64(0.1, -1e300), scalar: nd(Float32Array.of(7), []) }, { k: 'ü' }),
    );
    const read: unknown = JSON.parse(
      execFileSync('python3', [join(fixtures, 'safetensors.py'), 'read', path], { encoding: 'utf8' }),
    );
    expect(read).toEqual({
      metadata: { k: 'ü' },
      tensors: {
        view: { dtype: 'F32', shape: [3, 2], values: [1, 4, 2, 5, 3, 6] },
        '😀': { dtype: 'F64', shape: [2], values: [0.1, -1e300] },
        scalar: { dtype: 'F32', shape: [], values: [7] },
      },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('every half-precision number is the one that its three fields spell', () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const expected = Float32Array.from(bits, (h) => {
    const [sign, e, f] = [h >> 15 ? -1 : 1, (h >> 10) & 31, h & 1023];
    if (e === 31) return f ? NaN : sign * Infinity;
    return sign * (e === 0 ? f * 2 ** -24 : (1024 + f) * 2 ** (e - 25));
  });
  const header = { w: entry('F16', [bits.length], 0, bits.byteLength) };
  const { w } = decodeSafetensors(file(header, new Uint8Array(bits.buffer)), 'a').tensors;
  expect(w.data).toEqual(expected);
});

test('whole numbers become float32, or float64 where float32 is not exact', () => {
  expect(readOne('I8', 255, 128, 127)).toEqual(['float32', -1, -128, 127]);
  expect(readOne('U8', 255, 0)).toEqual(['float32', 255, 0]);
  expect(readOne('I16', 255, 255, 0, 128)).toEqual(['float32', -1, -32768]);
  expect(readOne('U16', 255, 255, 1, 0)).toEqual(['float32', 65535, 1]);
  expect(readOne('I32', 255, 255, 255, 255, 0, 0, 0, 128)).toEqual(['float32', -1, -(2 ** 31)]);
  expect(readOne('I32', 1, 0, 0, 1, 7, 0, 0, 0)).toEqual(['float64', 2 ** 24 + 1, 7]);
  expect(readOne('U32', 255, 255, 255, 255)).toEqual(['float64', 2 ** 32 - 1]);
  expect(readOne('U32', 0, 0, 0, 128)).toEqual(['float32', 2 ** 31]);
  expect(readOne('I64', ...longs(-(2n ** 53n), 2n ** 53n))).toEqual(['float32', -(2 ** 53), 2 ** 53]);
  expect(readOne('I64', ...longs(2n ** 53n - 1n, 1n))).toEqual(['float64', 2 ** 53 - 1, 1]);
  expect(readOne('U64', ...longs(2n ** 40n))).toEqual(['float32', 2 ** 40]);
  expect(readOne('BOOL', 1, 0)).toEqual(['float32', 1, 0]);
});

test('bytes are turned round number by number', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  swapBytes(bytes, 4);
  expect([...bytes]).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
  swapBytes(bytes, 1);
  expect([...bytes]).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
});

test('escapes in names, unknown keys, spaces and data in another order than the header are read', () => {
  const text =
    ' {"\\u0061\\ud83d\\ude00": {"new": {"x": [{}], "y": 1}, "dtype":"U8","shape":[1],"data_offsets":[1,2]},\n\t"b" : {"dtype":"U8","shape":[1],"data_offsets":[0,1]}} \n';
  const { tensors } = decodeSafetensors(file(text.trimStart(), [5, 6]), 'a');
  expect(Object.entries(tensors).map(([name, x]) => [name, ...valuesOf(x)])).toEqual([
    ['a😀', 6],
    ['b', 5],
  ]);
});

test('what the format cannot hold is not written', () => {
  const x = f32(1);
  expect(() => encodeSafetensors({ __metadata__: x })).toThrow(ValueError);
  expect(() => encodeSafetensors({ '\ud800': x })).toThrow(/the name of a tensor must be Unicode text/);
  expect(() => encodeSafetensors({}, { '\udfff': '' })).toThrow(/a name in the metadata must be Unicode text/);
  expect(() => encodeSafetensors({}, { a: '\ud800' })).toThrow(/metadata "a" must be Unicode text/);
  expect(() => encodeSafetensors({}, { a: 1 as unknown as string })).toThrow(
    /metadata "a" must be a string, got number/,
  );
  const large = '\0'.repeat(17_000_000); // each becomes six bytes of JSON
  expect(() => encodeSafetensors({}, { a: large })).toThrow(/header must be at most 100000000 bytes long, got 10200/);
});
