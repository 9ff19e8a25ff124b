/**
 * Reads MNIST from its own four files, plain or gzipped. Node only, therefore not part of the package's front door
 * to data; it downloads nothing.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FormatError, ValueError, showShape } from '../array/errors.ts';
import { decodeIdx } from './idx.ts';
import type { LabelledImages } from './images.ts';

/** What a folder held: the 60,000 images to train on, the 10,000 to test on, or both. */
export interface Mnist {
  train?: LabelledImages;
  test?: LabelledImages;
}

/** Names under which a file of MNIST is found in the wild, the published one first. */
const spellings = (set: 'train' | 't10k', kind: 'images-idx3' | 'labels-idx1'): string[] => {
  const names = [`${set}-${kind}-ubyte`, `${set}-${kind.replace('-', '.')}-ubyte`];
  return names.flatMap((name) => [name, `${name}.gz`]);
};

/**
 * The sets of MNIST that lie in a folder: `t10k-images-idx3-ubyte` with `t10k-labels-idx1-ubyte` as `test`,
 * `train-…` as `train`; each plain or gzipped, also spelled `t10k-images.idx3-ubyte`. Fashion-MNIST and the like,
 * which use the same names, are read as well.
 * @throws ValueError when the folder or its files are missing, or only one file of a pair is there;
 * FormatError when a file is not what it should be.
 * ```ts no-run
 * import { readMnist } from 'adjoint/data/mnist';
 * const { test } = readMnist('mnist');
 * test?.labels.length; // 10000
 * ```
 */
export function readMnist(dir: string): Mnist {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    const got = existsSync(dir) ? `${dir}, which is not a folder` : `${dir}, which does not exist`;
    throw new ValueError('readMnist', 'the folder with the IDX files must exist', got);
  }
  const train = readPair(dir, 'train');
  const test = readPair(dir, 't10k');
  if (!train && !test) {
    const names = (['t10k', 'train'] as const).map((set) => `${set}-images-idx3-ubyte and ${set}-labels-idx1-ubyte`);
    throw new ValueError(
      'readMnist',
      'the folder must hold images and labels of MNIST',
      `${dir} without them`,
      `looked for ${names.join(', or ')}, each also with .gz, and with a dot before idx`,
    );
  }
  return { ...(train && { train }), ...(test && { test }) };
}

/** Images and labels of one set, or undefined when neither is there. */
function readPair(dir: string, set: 'train' | 't10k'): LabelledImages | undefined {
  const imagesAt = find(dir, spellings(set, 'images-idx3'));
  const labelsAt = find(dir, spellings(set, 'labels-idx1'));
  if (imagesAt === undefined && labelsAt === undefined) return undefined;
  if (imagesAt === undefined || labelsAt === undefined) {
    const missing = imagesAt === undefined ? spellings(set, 'images-idx3') : spellings(set, 'labels-idx1');
    const got = `only ${imagesAt ?? labelsAt}`;
    throw new ValueError('readMnist', 'images and labels must both be there', got, `looked for ${missing.join(', ')}`);
  }
  const images = readIdx(imagesAt, 3);
  const labels = readIdx(labelsAt, 1);
  const [n, rows, columns] = images.shape;
  if (labels.shape[0] !== n) {
    throw new FormatError(labelsAt, 'each image must have one label', `${n} images and ${labels.shape[0]} labels`);
  }
  if (rows === 0 || columns === 0) {
    throw new FormatError(imagesAt, 'images must have at least one pixel', showShape(images.shape));
  }
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong >= 0) {
    throw new FormatError(labelsAt, 'a label must be from 0 to 9', `${labels.data[wrong]} at position ${wrong}`);
  }
  return { images: images.data, labels: labels.data, rows, columns };
}

function find(dir: string, names: readonly string[]): string | undefined {
  return names.map((name) => join(dir, name)).find((path) => existsSync(path));
}

function readIdx(path: string, ndim: number): { shape: number[]; data: Uint8Array } {
  const idx = decodeIdx(unpacked(path), path);
  if (idx.shape.length !== ndim) {
    throw new FormatError(path, `the file must have ${ndim} dims`, showShape(idx.shape));
  }
  return idx;
}

/** The bytes of a file, unpacked if they are gzip, whatever the file is called. */
function unpacked(path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new ValueError(
      'readMnist',
      `${path} must be readable`,
      (error as NodeJS.ErrnoException).code ?? String(error),
    );
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw new FormatError(path, 'the gzip data must be whole', got, 'the file is corrupt; fetch it again');
  }
}
