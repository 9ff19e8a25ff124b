/** Folders of PNG and JPEG pictures, and what is said of files that are none. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode as encodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileError, FormatError } from '../../src/array/errors.ts';
import { DataLoader } from '../../src/data/index.ts';
import { imageFolder, readImage } from '../../src/data/imageFolder.ts';

const dir = mkdtempSync(join(tmpdir(), 'adjoint-images-'));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string): string => join(dir, name);

const rgb = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 51, 102, 153, 0, 0, 0, 255, 255, 255); // 2 rows of 3
const png = encodePng({ width: 3, height: 2, data: rgb, channels: 3 });
const [W, H] = [16, 8];
const smooth = Uint8Array.from({ length: W * H * 4 }, (_, i) => [200, 100, 50, 255][i % 4]);
const jpg = jpeg.encode({ width: W, height: H, data: smooth }, 95).data;

beforeAll(() => {
  for (const folder of ['pets/cat', 'pets/dog', 'pets/.hidden', 'empty']) mkdirSync(at(folder), { recursive: true });
  writeFileSync(at('pets/cat/b.png'), png);
  writeFileSync(at('pets/cat/a.jpg'), jpg);
  writeFileSync(at('pets/dog/c.JPEG'), jpg);
  writeFileSync(at('pets/dog/notes.txt'), 'no picture');
  writeFileSync(at('pets/.hidden/x.png'), png);
});

describe('readImage', () => {
  test('reads RGB as planes of 0 … 1, and grey from it', async () => {
    const x = await readImage(at('pets/cat/b.png'));
    expect(x.shape).toEqual([3, 2, 3]);
    expect(x.select(1, 0)).toBeAllClose([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(x.select(2, 0).select(1, 1)).toBeAllClose([51 / 255, 102 / 255, 153 / 255]);
    const grey = await readImage(at('pets/cat/b.png'), { channels: 1 });
    expect(grey.select(1, 0)).toBeAllClose([[0.299, 0.587, 0.114]], { rtol: 1e-6 });
  });

  test.each([
    ['grey', { channels: 1, data: Uint8Array.of(0, 51, 255, 102) }, [0, 0.2, 1, 0.4]],
    ['grey with transparency', { channels: 2, data: Uint8Array.of(0, 9, 51, 9, 255, 9, 102, 9) }, [0, 0.2, 1, 0.4]],
    ['16 bits', { channels: 1, depth: 16, data: Uint16Array.of(0, 13107, 65535, 26214) }, [0, 0.2, 1, 0.4]],
  ] as const)('reads PNG of %s', async (_, image, expected) => {
    writeFileSync(at('x.png'), encodePng({ width: 2, height: 2, ...image }));
    const x = await readImage(at('x.png'), { channels: 1 });
    expect(x.reshape([-1])).toBeAllClose([...expected]);
    expect((await readImage(at('x.png'))).shape).toEqual([3, 2, 2]);
  });

  test('reads JPEG, near to what was written', async () => {
    const x = await readImage(at('pets/cat/a.jpg'));
    expect(x.shape).toEqual([3, H, W]);
    expect(x.mean([1, 2])).toBeAllClose([200 / 255, 100 / 255, 50 / 255], { atol: 0.02 });
  });

  test.each<[string, Uint8Array, string]>([
    ['text', new TextEncoder().encode('hello'), 'a picture must be PNG or JPEG, got a file that begins 68 65 6c 6c'],
    ['an empty file', new Uint8Array(0), 'got an empty file'],
    ['half a PNG', png.subarray(0, 50), 'the picture must be whole'],
    [
      'a PNG with a wrong byte',
      png.map((byte, i) => (i === png.length - 20 ? byte ^ 1 : byte)),
      'the picture must be whole',
    ],
    ['the beginning of a JPEG', jpg.subarray(0, 100), 'the picture must be whole'],
  ])('%s is refused by name', async (_, bytes, message) => {
    writeFileSync(at('bad.png'), bytes);
    await expect(readImage(at('bad.png'))).rejects.toThrow(FormatError);
    await expect(readImage(at('bad.png'))).rejects.toThrow(message);
    await expect(readImage(at('bad.png'))).rejects.toThrow(/bad\.png: /);
  });

  test('a file that is not there is refused', async () => {
    await expect(readImage(at('none.png'))).rejects.toThrow(FileError);
  });
});

describe('imageFolder', () => {
  test('has a class for each folder, and pictures of one size for a loader', async () => {
    const set = await imageFolder(at('pets'), { size: [4, 6] });
    expect(set.classes).toEqual(['cat', 'dog']);
    expect(set.files.map(({ path, label }) => [path.slice(dir.length + 1), label])).toEqual([
      [join('pets', 'cat', 'a.jpg'), 0],
      [join('pets', 'cat', 'b.png'), 0],
      [join('pets', 'dog', 'c.JPEG'), 1],
    ]);
    const [[images, labels]] = [...new DataLoader(set, { batchSize: 3 })];
    expect(images.shape).toEqual([3, 3, 4, 6]);
    expect(labels.toArray()).toEqual([0, 0, 1]);
  });

  test('a folder without pictures, or none at all, is refused', async () => {
    await expect(imageFolder(at('empty'))).rejects.toThrow('there must be a folder for each class');
    await expect(imageFolder(at('none'))).rejects.toThrow('the path must name a folder');
  });
});
