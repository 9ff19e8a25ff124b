/**
 * Augmentation: each image is turned, scaled, sheared and shifted a little at random, so that a network sees a new
 * copy of it in every epoch. Bilinear sampling, black beyond the edge. Affine maps only: no elastic distortion.
 */
import { ValueError } from '../array/errors.ts';
import type { Generator } from '../array/random.ts';
import { checkPosition, countImages } from './images.ts';
import type { ImageStack } from './images.ts';

/** How far an image may be changed, each to both sides, uniformly. What is left out is 0: unchanged. */
export interface WarpRanges {
  /** degrees */
  readonly rotate?: number;
  /** relative, below 1: x and y are each scaled by a factor of their own in 1−scale … 1+scale */
  readonly scale?: number;
  /** pixels to the side for each pixel of height */
  readonly shear?: number;
  /** pixels; x and y are drawn apart */
  readonly shift?: number;
}

/**
 * A map from the pixel (x, y) of the result to the place of the source that it shows, both counted from the image's
 * centre: (a·x + b·y + tx, c·x + d·y + ty). x goes right, y goes down.
 */
export interface SourceMap {
  a: number;
  b: number;
  c: number;
  d: number;
  tx: number;
  ty: number;
}

/**
 * Random affine copies of images, as numbers 0 … 1.
 * Result(p) = source(M⁻¹·(p − t)), M = rotation · shear · scale about the centre, t the shift.
 * Six numbers are drawn for each image, whatever the ranges: rotation, scale of x, of y, shear, shift of x, of y.
 * A positive rotation is clockwise as seen, since y goes down.
 *
 * @param which positions of the images to warp, in order; one may come twice
 * @returns which.length × rows × columns
 * @throws ShapeError when the bytes are not whole images; ValueError for a bad position or range.
 * ```ts
 * import { Generator } from 'adjoint';
 * import { drawDigits, warpImages } from 'adjoint/data';
 * const digits = drawDigits(10, new Generator(1));
 * warpImages(digits, [3, 7], { rotate: 10, shift: 2 }, new Generator(2)).length // => 1568
 * ```
 */
export function warpImages(
  stack: ImageStack,
  which: ArrayLike<number>,
  ranges: WarpRanges,
  generator: Generator,
): Float32Array<ArrayBuffer> {
  const n = countImages(stack);
  const full = { rotate: 0, scale: 0, shear: 0, shift: 0, ...ranges };
  checkRanges(full);
  const { rows, columns } = stack;
  const out = new Float32Array(which.length * rows * columns);
  const framed = new Float32Array((rows + 2) * (columns + 2));
  const map: SourceMap = { a: 1, b: 0, c: 0, d: 1, tx: 0, ty: 0 };
  for (let i = 0; i < which.length; i++) {
    checkPosition('warpImages', which[i], n);
    drawMap(full, generator, map);
    frame(stack, which[i], framed);
    sample(framed, rows, columns, map, out, i * rows * columns);
  }
  return out;
}

/**
 * One image through a given map, as numbers 0 … 1; places beyond the edge are 0.
 * @param position which image of the stack
 * @returns rows × columns
 * @throws ShapeError when the bytes are not whole images; ValueError for a bad position.
 * ```ts
 * import { warpImage } from 'adjoint/data';
 * const stack = { images: Uint8Array.of(0, 255, 0), rows: 1, columns: 3 };
 * const left = { a: 1, b: 0, c: 0, d: 1, tx: 1, ty: 0 }; // each pixel shows its right neighbour
 * warpImage(stack, 0, left) // => Float32Array(3) [ 1, 0, 0 ]
 * ```
 */
export function warpImage(stack: ImageStack, position: number, map: SourceMap): Float32Array<ArrayBuffer> {
  checkPosition('warpImage', position, countImages(stack));
  const { rows, columns } = stack;
  const out = new Float32Array(rows * columns);
  const framed = new Float32Array((rows + 2) * (columns + 2));
  frame(stack, position, framed);
  sample(framed, rows, columns, map, out, 0);
  return out;
}

/** The inverse of x ↦ rotation · shear · scale · x + t, drawn from the ranges. */
function drawMap(ranges: Required<WarpRanges>, generator: Generator, map: SourceMap): void {
  const angle = (generator.uniform(-ranges.rotate, ranges.rotate) * Math.PI) / 180;
  const sx = 1 / (1 + generator.uniform(-ranges.scale, ranges.scale));
  const sy = 1 / (1 + generator.uniform(-ranges.scale, ranges.scale));
  const k = generator.uniform(-ranges.shear, ranges.shear);
  const dx = generator.uniform(-ranges.shift, ranges.shift);
  const dy = generator.uniform(-ranges.shift, ranges.shift);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  // scale⁻¹ · shear⁻¹ · rotation⁻¹, with shear = [1 k; 0 1]
  map.a = sx * (cos + k * sin);
  map.b = sx * (sin - k * cos);
  map.c = -sy * sin;
  map.d = sy * cos;
  map.tx = -(map.a * dx + map.b * dy);
  map.ty = -(map.c * dx + map.d * dy);
}

/** Each byte in 0 … 1: looking it up is faster than dividing. */
const unit = /* @__PURE__ */ Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** One image in 0 … 1 with a black frame a pixel wide, so that sampling at the edge needs no special case. */
function frame({ images, rows, columns }: ImageStack, position: number, framed: Float32Array): void {
  let from = position * rows * columns;
  for (let r = 1; r <= rows; r++) {
    const row = r * (columns + 2) + 1;
    for (let c = 0; c < columns; c++) framed[row + c] = unit[images[from++]];
  }
}

/** Bilinear: each pixel of `out` is the mean of the four framed pixels around its source, weighted by nearness. */
function sample(
  framed: Float32Array,
  rows: number,
  columns: number,
  { a, b, c, d, tx, ty }: SourceMap,
  out: Float32Array,
  at: number,
): void {
  const width = columns + 2;
  const centreX = (columns - 1) / 2;
  const centreY = (rows - 1) / 2;
  for (let r = 0; r < rows; r++) {
    const y = r - centreY;
    for (let q = 0; q < columns; q++, at++) {
      const x = q - centreX;
      // Places in the framed image, hence the 1.
      const u = a * x + b * y + (tx + centreX + 1);
      const v = c * x + d * y + (ty + centreY + 1);
      if (!(u >= 0 && v >= 0 && u < columns + 1 && v < rows + 1)) continue;
      const i = u | 0;
      const j = v | 0;
      const fu = u - i;
      const fv = v - j;
      const p = j * width + i;
      const top = framed[p] + fu * (framed[p + 1] - framed[p]);
      const bottom = framed[p + width] + fu * (framed[p + width + 1] - framed[p + width]);
      out[at] = top + fv * (bottom - top);
    }
  }
}

function checkRanges(ranges: Required<WarpRanges>): void {
  for (const [name, value] of Object.entries(ranges)) {
    if (!(value >= 0 && value < Infinity)) {
      throw new ValueError('warpImages', `${name} must be a finite number from 0`, `${value}`);
    }
  }
  if (ranges.scale >= 1) throw new ValueError('warpImages', 'scale must be below 1', `${ranges.scale}`);
}
