/**
 * Pictures in folders, on Node only: one folder a class, PNG and JPEG files in it. Decoders are optional peers, fast-png
 * and jpeg-js, which are loaded when a file needs them.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileError, FormatError } from '../array/errors.ts';
import { nd } from '../array/nd.ts';
import { Generator } from '../array/random.ts';
import { readFile } from '../io/files.ts';
import { needs } from '../io/peers.ts';
import { Tensor } from '../tensor.ts';
import { checkItem, type Dataset } from './dataset.ts';
import { resize } from './transforms.ts';

/** Bytes 0 … 255 (65535 where `depth` is 16), pixel by pixel. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly depth: number;
  readonly data: ArrayLike<number>;
}

export interface ImageOptions {
  /** 3 for RGB (default), 1 for grey. Transparency is left out. */
  readonly channels?: 1 | 3;
  /** rows and columns of the result; as the file has it if left out */
  readonly size?: number | readonly [rows: number, columns: number];
}

/** Pictures, their classes, and the names of the classes. */
export interface ImageFolder extends Dataset<[image: Tensor, label: number]> {
  readonly classes: readonly string[];
  /** path and class of each item */
  readonly files: readonly { readonly path: string; readonly label: number }[];
}

type Decoder = (bytes: Uint8Array) => Pixels;
const isPng = (bytes: Uint8Array): boolean => bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e;
const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

async function pngDecoder(): Promise<Decoder> {
  const { convertIndexedToRgb, decode } = await needs('readImage', 'fast-png', import('fast-png'));
  return (bytes) => {
    const { width, height, channels, depth, data, palette, ...rest } = decode(bytes, { checkCrc: true });
    if (!palette) return { width, height, channels, depth, data };
    const rgb = convertIndexedToRgb({ width, height, channels, depth, data, palette, ...rest });
    return { width, height, channels: palette[0].length, depth: 8, data: rgb };
  };
}

async function jpegDecoder(): Promise<Decoder> {
  const { decode } = (await needs('readImage', 'jpeg-js', import('jpeg-js'))).default;
  return (bytes) => {
    const { width, height, data } = decode(bytes, { useTArray: true, formatAsRGBA: true, tolerantDecoding: false });
    return { width, height, channels: 4, depth: 8, data };
  };
}

let decoders: { png?: Decoder; jpeg?: Decoder } = {};

/** Loads the decoder that a file's first bytes ask for. */
async function prepare(path: string): Promise<void> {
  const bytes = readFile(path);
  if (isPng(bytes)) decoders = { ...decoders, png: decoders.png ?? (await pngDecoder()) };
  if (isJpeg(bytes)) decoders = { ...decoders, jpeg: decoders.jpeg ?? (await jpegDecoder()) };
}

/** The pixels of a file, told by its content and not by its name. */
function decodeFile(path: string): Pixels {
  const bytes = readFile(path);
  const decoder = isPng(bytes) ? decoders.png : isJpeg(bytes) ? decoders.jpeg : undefined;
  if (!decoder) {
    const first = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new FormatError(
      path,
      'a picture must be PNG or JPEG',
      first === '' ? 'an empty file' : `a file that begins ${first}`,
    );
  }
  try {
    return decoder(bytes);
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw new FormatError(path, 'the picture must be whole', got, 'the file is cut off or corrupt');
  }
}

/** [C, H, W], 0 … 1. Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R 601). */
function toTensor(pixels: Pixels, { channels = 3, size }: ImageOptions): Tensor {
  const { width, height, channels: C, depth, data } = pixels;
  const area = width * height;
  const scale = 1 / (2 ** depth - 1);
  const out = new Float32Array(channels * area);
  const isGrey = C < 3; // with or without transparency
  for (let i = 0; i < area; i++) {
    const [r, g, b] = isGrey
      ? [data[i * C], data[i * C], data[i * C]]
      : [data[i * C], data[i * C + 1], data[i * C + 2]];
    if (channels === 1) out[i] = (isGrey ? r : 0.299 * r + 0.587 * g + 0.114 * b) * scale;
    else [out[i], out[area + i], out[2 * area + i]] = [r * scale, g * scale, b * scale];
  }
  const image = new Tensor(nd(out, [channels, height, width]));
  return size === undefined ? image : resize(size)(image, new Generator());
}

/**
 * A PNG or JPEG file as a tensor [C, H, W] of numbers 0 … 1.
 * @throws FileError when it cannot be read; FormatError when it is no picture, or a broken one; ValueError when the
 * package that reads it is not installed.
 * ```ts no-run
 * import { readImage } from 'adjoint/data/imageFolder';
 * const image = await readImage('cat.jpg', { size: 64 }); // [3, 64, 64]
 * ```
 */
export async function readImage(path: string, options: ImageOptions = {}): Promise<Tensor> {
  await prepare(path);
  return toTensor(decodeFile(path), options);
}

/**
 * The pictures of a folder that has a folder for each class; other files than .png, .jpg and .jpeg are passed over.
 * Item i is the picture, read when it is asked for, and the number of its class: its place among the names in order.
 * torchvision: `ImageFolder`.
 * @throws FileError when the folder is not there, or has no folders with pictures; later, `get` throws as readImage does
 * ```ts no-run
 * import { DataLoader } from 'adjoint/data';
 * import { imageFolder } from 'adjoint/data/imageFolder';
 * const set = await imageFolder('pets', { size: 64 }); // pets/cat/1.jpg, pets/dog/1.png, …
 * for (const [images, labels] of new DataLoader(set, { batchSize: 32, shuffle: true })) console.log(images.shape);
 * ```
 */
export async function imageFolder(dir: string, options: ImageOptions = {}): Promise<ImageFolder> {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new FileError(dir, 'the path must name a folder', 'none', 'check the path');
  }
  const sorted = (path: string, isWanted: (name: string, isFolder: boolean) => boolean): string[] =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => isWanted(entry.name, entry.isDirectory()))
      .map((entry) => entry.name)
      .sort();
  const classes = sorted(dir, (name, isFolder) => isFolder && !name.startsWith('.'));
  const files = classes.flatMap((name, label) =>
    sorted(join(dir, name), (file, isFolder) => !isFolder && /\.(png|jpe?g)$/i.test(file)).map((file) => ({
      path: join(dir, name, file),
      label,
    })),
  );
  if (files.length === 0) {
    throw new FileError(dir, 'there must be a folder for each class, with .png or .jpg files', 'no such files');
  }
  for (const { path } of files) await prepare(path);
  return {
    length: files.length,
    classes,
    files,
    get: (index) => {
      checkItem('imageFolder', index, files.length);
      const { path, label } = files[index];
      return [toTensor(decodeFile(path), options), label];
    },
  };
}
