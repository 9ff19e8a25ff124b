/** npy and npz: what NumPy writes is read, what is written is what NumPy writes, and faults are named; and planted mistakes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { FileError, FormatError } from '../../src/array/errors.ts';
import { nd } from '../../src/array/nd.ts';
import { tensor } from '../../src/create.ts';
import { decodeNpy, encodeNpy, loadNpy, loadNpz, saveNpy, saveNpz } from '../../src/io/index.ts';
import { Tensor } from '../../src/tensor.ts';
import { read } from '../files.ts';

interface Case {
  dtype: string;
  order: string;
  shape: number[];
  npy: string;
  values: (number | string | null)[];
}
const { arrays, refused, npz } = JSON.parse(read('test/fixtures/data.json')) as {
  arrays: Case[];
  refused: Record<string, string>;
  npz: Record<string, string>;
};
const bytesOf = (base64: string): Uint8Array => Buffer.from(base64, 'base64');
const dir = mkdtempSync(join(tmpdir(), 'adjoint-npy-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('npy', () => {
  const asNumPy = (decode: typeof decodeNpy): void => {
    for (const { npy, shape, values, dtype } of arrays) {
      const x = new Tensor(decode(bytesOf(npy), 'x.npy'));
      const numbers = values.map((value) => (value === null ? NaN : Number(value)));
      expect([dtype, x.shape]).toEqual([dtype, shape]);
      expect(Array.from(x.toTypedArray())).toEqual(numbers);
      expect(x.dtype).toBe(dtype.endsWith('f8') || numbers.includes(2 ** 24 + 1) ? 'float64' : 'float32');
    }
  };
  test('reads what NumPy writes: every type, byte order and order of dims', () => {
    asNumPy(decodeNpy);
  });
  test.each([
    ['the byte order', "'>", "'<"],
    ['the order of dims', 'True,', 'False'],
    ['that 8 bits have no sign', "'|u1", "'|i1"],
    ['that 16 bits have no sign', "'>u2", "'>i2"],
    ['that 32 bits have a sign', "'>i4", "'>u4"],
  ])('a reader that overlooks %s is caught', (_, from, to) => {
    const overlook = (bytes: Uint8Array): Uint8Array =>
      Buffer.from(Buffer.from(bytes).toString('latin1').replace(from, to), 'latin1');
    expect(() => asNumPy((bytes, where) => decodeNpy(overlook(bytes), where))).toThrow('to deeply equal');
  });

  test('writes the very bytes that NumPy writes', () => {
    const written = arrays.filter(
      ({ dtype, order, npy }) => /^<f[48]$/.test(dtype) && order === 'C' && bytesOf(npy)[6] === 1,
    );
    expect(written.length).toBeGreaterThan(5);
    for (const { npy } of written) {
      const bytes = bytesOf(npy);
      expect(Buffer.from(encodeNpy(decodeNpy(bytes, 'x'))).equals(bytes)).toBe(true);
    }
  });

  const comesBack = (encode: typeof encodeNpy): void =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), fc.boolean(), (shape, wide) => {
        const n = shape.reduce((a, b) => a * b, 1);
        const dtype = wide ? 'float64' : 'float32';
        let x = tensor(
          Float64Array.from({ length: n }, (_, i) => i / 3),
          { dtype },
        ).reshape(shape);
        if (shape.length > 1) x = x.transpose(0, 1);
        const y = new Tensor(decodeNpy(encode(x.nd), 'x'));
        expect([y.dtype, y.shape, y.toArray()]).toEqual([x.dtype, x.shape, x.toArray()]);
      }),
    );
  test('any tensor comes back, views too', () => {
    comesBack(encodeNpy);
  });
  test('a writer that overlooks strides is caught', () => {
    expect(() => comesBack(({ data, shape }) => encodeNpy(nd(data, shape)))).toThrow('Property failed');
  });

  const good = encodeNpy(tensor([[1, 2, 3]]).nd);
  const text = (change: (header: string) => string): Uint8Array => {
    const header = change(new TextDecoder().decode(good.subarray(10, 128)))
      .padEnd(118)
      .slice(0, 118);
    return Uint8Array.of(...good.subarray(0, 10), ...new TextEncoder().encode(header), ...good.subarray(128));
  };
  test.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'must begin with \\x93NUMPY, got an empty file'],
    ['another file', Uint8Array.of(1, 2, 3, 4, 5, 6, 7), 'got 01 02 03 04 05 06; is this an npy file?'],
    ['an npz', bytesOf(npz.stored), 'this is an npz: several arrays'],
    ['half a header', good.subarray(0, 50), 'the header must lie within the file, got 50 bytes; the file is cut off'],
    ['only the first bytes', good.subarray(0, 8), 'the file is cut off'],
    ['another version', Uint8Array.of(...good.subarray(0, 6), 9, ...good.subarray(7)), 'from 1 to 3, got 9.0'],
    ['a number too few', good.subarray(0, -4), '[1, 3] takes 12 bytes, got 8; the file is cut off'],
    ['a byte too many', Uint8Array.of(...good, 0), '[1, 3] takes 12 bytes, got 13; something stands behind'],
    [
      'a header without a shape',
      text((h) => h.replace('shape', 'share')),
      "must have 'descr', 'fortran_order' and 'shape'",
    ],
    ['a shape that is endless', text((h) => h.replace('(1, 3)', '(9999999999, 9999999999)')), 'fewer than 2^53 bytes'],
    ...Object.entries(refused).map(([kind, npy]): [string, Uint8Array, string] => [
      kind,
      bytesOf(npy),
      "'descr' must be one of f8, f4",
    ]),
  ])('%s is refused', (_, bytes, message) => {
    expect(() => decodeNpy(bytes, 'f.npy')).toThrow(FormatError);
    expect(() => decodeNpy(bytes, 'f.npy')).toThrow(message);
    expect(() => decodeNpy(bytes, 'f.npy')).toThrow(/^f\.npy: /);
  });
});

describe('npz', () => {
  test.each(['stored', 'compressed'])('reads what NumPy writes, %s', async (kind) => {
    writeFileSync(join(dir, 'x.npz'), bytesOf(npz[kind]));
    const tensors = await loadNpz(join(dir, 'x.npz'));
    expect(Object.keys(tensors)).toEqual(['weights', 'layer.1/bias']);
    expect(tensors.weights.toArray()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(tensors['layer.1/bias']).toMatchObject({ dtype: 'float64' });
  });

  test('what is saved comes back, and equal tensors give equal files', async () => {
    const tensors = { a: tensor([1, 2]), 'b.weight': tensor([[3]], { dtype: 'float64' }) };
    const files = [];
    for (const compress of [false, true, true]) {
      await saveNpz(join(dir, 'y.npz'), tensors, { compress });
      const back = await loadNpz(join(dir, 'y.npz'));
      expect(Object.entries(back).map(([name, x]) => [name, x.dtype, x.toArray()])).toEqual([
        ['a', 'float32', [1, 2]],
        ['b.weight', 'float64', [[3]]],
      ]);
      files.push(readFileSync(join(dir, 'y.npz')));
    }
    expect(files[1].equals(files[2])).toBe(true);
    saveNpy(join(dir, 'y.npy'), tensors.a);
    expect(loadNpy(join(dir, 'y.npy')).toArray()).toEqual([1, 2]);
  });

  test('what is no zip, or holds a broken array, is refused by name', async () => {
    writeFileSync(join(dir, 'bad.npz'), bytesOf(npz.stored).subarray(0, 300));
    await expect(loadNpz(join(dir, 'bad.npz'))).rejects.toThrow(FormatError);
    await expect(loadNpz(join(dir, 'bad.npz'))).rejects.toThrow(/bad\.npz: an npz file must be a zip/);
    await expect(loadNpz(join(dir, 'y.npy'))).rejects.toThrow('this is an npy file: use loadNpy');
    await expect(loadNpz(join(dir, 'none.npz'))).rejects.toThrow(FileError);
    await expect(saveNpz(join(dir, 'z.npz'), { 'x.npy': tensor([1]) })).rejects.toThrow(
      'must not be empty or end in .npy',
    );
    const { zipSync } = await import('fflate');
    writeFileSync(join(dir, 'text.npz'), zipSync({ 'a.npy': Uint8Array.of(1) }));
    await expect(loadNpz(join(dir, 'text.npz'))).rejects.toThrow(/text\.npz: a\.npy: an npy file must begin/);
  });
});
