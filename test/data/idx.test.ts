/** IDX files and the folder of MNIST: what is right is read, and each fault is refused by name. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FormatError, ValueError } from '../../src/array/errors.ts';
import { decodeIdx } from '../../src/data/idx.ts';
import { readMnist } from '../../src/data/mnist.ts';

/** The bytes of an IDX file. */
function idx(shape: readonly number[], data: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((size, i) => new DataView(bytes.buffer).setUint32(4 + 4 * i, size));
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

const pixels = Uint8Array.from({ length: 3 * 4 * 5 }, (_, i) => (i * 37) % 256);
const images = idx([3, 4, 5], pixels);
const labels = idx([3], [7, 0, 9]);

describe('decodeIdx', () => {
  test('gives back shape and data', () => {
    expect(decodeIdx(images, 'x')).toEqual({ shape: [3, 4, 5], data: pixels });
    expect(decodeIdx(idx([300], new Uint8Array(300)), 'x').shape).toEqual([300]);
    expect(decodeIdx(idx([0, 28, 28], []), 'x')).toEqual({ shape: [0, 28, 28], data: new Uint8Array(0) });
  });

  test('reads a view into a larger buffer, also one of Node', () => {
    const larger = Buffer.concat([Buffer.alloc(5, 255), images, Buffer.alloc(3, 255)]);
    const { shape, data } = decodeIdx(larger.subarray(5, 5 + images.length), 'x');
    expect({ shape, data }).toEqual({ shape: [3, 4, 5], data: pixels });
    expect(data).not.toBeInstanceOf(Buffer);
  });

  const edited = (at: number, value: number): Uint8Array => {
    const bytes = images.slice();
    bytes[at] = value;
    return bytes;
  };
  const empty = [...Array.from({ length: 40 }, () => 2 ** 32 - 1), 0]; // the product passes through Infinity
  const huge = idx([2 ** 32 - 1, 2 ** 32 - 1], []);
  test.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'the magic number takes 4 bytes, got 0 bytes; the file is truncated'],
    ['half a header', images.slice(0, 9), 'the header for 3 dims takes 16 bytes, got 9 bytes; the file is truncated'],
    [
      'a byte too few',
      images.slice(0, -1),
      '[3, 4, 5] takes 76 bytes with the header, got 75 bytes; the file is truncated',
    ],
    ['a byte too many', Uint8Array.of(...images, 1), 'got 77 bytes; 1 bytes trail behind the data'],
    ['data behind a size of 0', idx([0, 2 ** 32 - 1], [1]), 'got 13 bytes; 1 bytes trail'],
    ['data behind sizes that no file has, and a 0', idx(empty, [1]), '1 bytes trail'],
    ['sizes that no file has', huge, 'the file is truncated'],
    [
      'another magic number',
      edited(0, 0x89),
      'must begin with the bytes 00 00, got 89 00 08 03; this is not an IDX file',
    ],
    ['gzip', gzipSync(images), 'this is gzip: unpack it first'],
    ['floats', edited(2, 0x0d), 'only unsigned bytes (type 0x08) are supported, got type 0x0d (32-bit floats)'],
    ['an unknown type', edited(2, 0x42), 'got type 0x42 (unknown)'],
    ['no dims', Uint8Array.of(0, 0, 8, 0), 'at least one dim, got 0'],
  ])('%s is refused', (_, bytes, message) => {
    const decode = (): unknown => decodeIdx(bytes, 'some-file');
    expect(decode).toThrow(FormatError);
    expect(decode).toThrow(message);
    expect(decode).toThrow(/^some-file: /);
  });
});

describe('readMnist', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'adjoint-mnist-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const put = (files: Record<string, Uint8Array>): void => {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, name), bytes);
  };
  const read = { images: pixels, labels: Uint8Array.of(7, 0, 9), rows: 4, columns: 5 };

  test('reads plain files', () => {
    put({ 't10k-images-idx3-ubyte': images, 't10k-labels-idx1-ubyte': labels });
    expect(readMnist(dir)).toEqual({ test: read });
  });

  test('reads gzipped files, told by their content and not by their name', () => {
    put({ 't10k-images-idx3-ubyte.gz': gzipSync(images), 't10k-labels-idx1-ubyte': gzipSync(labels) });
    expect(readMnist(dir)).toEqual({ test: read });
    put({ 't10k-images-idx3-ubyte.gz': images });
    expect(readMnist(dir)).toEqual({ test: read });
  });

  test('reads both sets, and names spelled with a dot', () => {
    put({ 'train-images.idx3-ubyte': images, 'train-labels.idx1-ubyte.gz': gzipSync(labels) });
    expect(readMnist(dir)).toEqual({ train: read });
    put({ 't10k-images-idx3-ubyte': images, 't10k-labels-idx1-ubyte': labels });
    expect(readMnist(dir)).toEqual({ train: read, test: read });
  });

  test('a folder that is missing, or is a file, is refused', () => {
    expect(() => readMnist(join(dir, 'nowhere'))).toThrow(ValueError);
    expect(() => readMnist(join(dir, 'nowhere'))).toThrow('nowhere, which does not exist');
    put({ file: labels });
    expect(() => readMnist(join(dir, 'file'))).toThrow('file, which is not a folder');
  });

  test('a folder without the files is refused, with what was looked for', () => {
    expect(() => readMnist(dir)).toThrow(ValueError);
    for (const name of ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte', 'train-images-idx3-ubyte', '.gz']) {
      expect(() => readMnist(dir)).toThrow(name);
    }
  });

  test('images without labels are refused, and labels without images', () => {
    put({ 't10k-images-idx3-ubyte': images });
    expect(() => readMnist(dir)).toThrow(
      /images and labels must both be there, got only .*looked for t10k-labels-idx1-ubyte/,
    );
    rmSync(join(dir, 't10k-images-idx3-ubyte'));
    put({ 't10k-labels-idx1-ubyte': labels });
    expect(() => readMnist(dir)).toThrow(/looked for t10k-images-idx3-ubyte/);
  });

  const good = { images, labels };
  const packed = gzipSync(images);
  const flipped = packed.map((byte, i) => (i === packed.length - 6 ? byte ^ 0xff : byte)); // in the checksum
  test.each<[string, Partial<typeof good>, string]>([
    [
      'another count of labels',
      { labels: idx([2], [7, 0]) },
      'each image must have one label, got 3 images and 2 labels',
    ],
    ['a label above 9', { labels: idx([3], [7, 10, 9]) }, 'a label must be from 0 to 9, got 10 at position 1'],
    ['a truncated file', { images: images.slice(0, 40) }, 'got 40 bytes; the file is truncated'],
    ['trailing bytes', { labels: Uint8Array.of(...labels, 0) }, '1 bytes trail'],
    ['labels in place of images', { images: labels }, 'the file must have 3 dims, got [3]'],
    ['images in place of labels', { labels: images }, 'the file must have 1 dims, got [3, 4, 5]'],
    ['images without pixels', { images: idx([3, 0, 5], []) }, 'images must have at least one pixel, got [3, 0, 5]'],
    ['a truncated gzip', { images: packed.subarray(0, -20) }, 'the gzip data must be whole'],
    ['a corrupt gzip', { images: flipped }, 'the gzip data must be whole'],
  ])('%s is refused with the file named', (_, bad, message) => {
    const files = { ...good, ...bad };
    put({ 't10k-images-idx3-ubyte': files.images, 't10k-labels-idx1-ubyte': files.labels });
    expect(() => readMnist(dir)).toThrow(FormatError);
    expect(() => readMnist(dir)).toThrow(message);
    expect(() => readMnist(dir)).toThrow(/-idx[13]-ubyte: /);
  });

  test('a file that cannot be read is refused', () => {
    mkdirSync(join(dir, 't10k-images-idx3-ubyte'));
    put({ 't10k-labels-idx1-ubyte': labels });
    expect(() => readMnist(dir)).toThrow(ValueError);
    expect(() => readMnist(dir)).toThrow('t10k-images-idx3-ubyte must be readable, got EISDIR');
  });
});
