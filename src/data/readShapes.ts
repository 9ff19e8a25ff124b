/**
 * Reads off a picture of drawn shapes what it shows: colour, form, size and place of the one or two largest things.
 * Made for pictures that a model has drawn, too: edges may be blurred and colours a little off.
 */
import { ShapeError, showShape } from '../array/errors.ts';
import type { Tensor } from '../tensor.ts';
import {
  captionOf,
  depth,
  sceneOf,
  shapeColours,
  shapeForms,
  shapeRadius,
  shapeRgb,
  shapeSide,
  type Scene,
  type ShapeColour,
  type ShapeForm,
  type ShapeSize,
} from './shapes.ts';

/** Pixels darker than this belong to nothing. */
const DARK = 0.3;
/** Things of fewer pixels are specks. */
const SPECK = 14;

/** A connected piece of one colour. */
interface Blob {
  readonly colour: ShapeColour;
  readonly pixels: number[];
}

/**
 * What a picture shows. Null when it shows nothing, or more than specks besides two things.
 * @param image RGB [3, 32, 32], 0 … 1
 * @throws ShapeError for another shape
 * ```ts
 * import { Generator } from 'adjoint';
 * import { drawScene, readScene, sceneOf } from 'adjoint/data';
 * const image = drawScene(sceneOf('a small blue triangle below a large red circle'), new Generator(1));
 * console.log(readScene(image).place, readScene(image).first); // => above { size: 'large', colour: 'red', form: 'circle' }
 * ```
 */
export function readScene(image: Tensor): Scene | null {
  if (showShape(image.shape) !== showShape([3, shapeSide, shapeSide])) {
    throw new ShapeError('readScene', `the picture must be [3, ${shapeSide}, ${shapeSide}]`, showShape(image.shape));
  }
  const data = image.toTypedArray();
  const things = blobs(data).map((blob) => {
    const { size, form, x, y } = measure(blob, data);
    return { shape: { size, colour: blob.colour, form }, x, y };
  });
  if (things.length === 0 || things.length > 2) return null;
  const [a, b] = things;
  if (b === undefined) return { first: a.shape };
  const [dx, dy] = [a.x - b.x, a.y - b.y];
  // The caption names either thing first: the one that reads first is as good as the other, see showsCaption.
  if (Math.abs(dy) > Math.abs(dx)) return { first: a.shape, place: dy < 0 ? 'above' : 'below', second: b.shape };
  return { first: a.shape, place: dx < 0 ? 'left of' : 'right of', second: b.shape };
}

const opposite = { above: 'below', below: 'above', 'left of': 'right of', 'right of': 'left of' } as const;

/** The same scene told from the other thing. */
const turned = ({ first, place, second }: Scene): Scene =>
  second && place ? { first: second, place: opposite[place], second: first } : { first };

/**
 * Whether a picture shows what a caption says; "a above b" is also "b below a".
 * ```ts
 * import { Generator } from 'adjoint';
 * import { drawScene, sceneOf, showsCaption } from 'adjoint/data';
 * const image = drawScene(sceneOf('a small blue triangle below a large red circle'), new Generator(1));
 * console.log(showsCaption(image, 'a large red circle above a small blue triangle')); // => true
 * console.log(showsCaption(image, 'a large red circle above a small blue square')); // => false
 * ```
 */
export function showsCaption(image: Tensor, caption: string): boolean {
  const wanted = sceneOf(caption);
  const seen = readScene(image);
  return seen !== null && [seen, turned(seen)].some((scene) => captionOf(scene) === captionOf(wanted));
}

/** The colour of a pixel: the corner of the cube that lies in the same direction; null where it is dark. */
function colourOf(data: ArrayLike<number>, at: number): ShapeColour | null {
  const area = shapeSide * shapeSide;
  const rgb = [data[at], data[area + at], data[2 * area + at]];
  const length = Math.hypot(...rgb);
  if (!(Math.max(...rgb) > DARK)) return null;
  const likeness = (colour: ShapeColour): number =>
    shapeRgb[colour].reduce((sum, part, c) => sum + part * rgb[c], 0) / (Math.hypot(...shapeRgb[colour]) * length);
  return shapeColours.reduce((best, colour) => (likeness(colour) > likeness(best) ? colour : best));
}

/** The pieces of one colour, four-connected, that are more than specks; in the order of reading. */
function blobs(data: ArrayLike<number>): Blob[] {
  const colours = Array.from({ length: shapeSide * shapeSide }, (_, at) => colourOf(data, at));
  const seen = new Set<number>();
  const found: Blob[] = [];
  colours.forEach((colour, start) => {
    if (colour === null || seen.has(start)) return;
    const pixels = [start];
    seen.add(start);
    for (const at of pixels) {
      const x = at % shapeSide;
      const next = [at - shapeSide, at + shapeSide, ...(x > 0 ? [at - 1] : []), ...(x + 1 < shapeSide ? [at + 1] : [])];
      for (const to of next) {
        if (colours[to] !== colour || seen.has(to)) continue;
        seen.add(to);
        pixels.push(to);
      }
    }
    if (pixels.length >= SPECK) found.push({ colour, pixels });
  });
  return found;
}

/**
 * Size, form and centre: of all shapes that could have been drawn about there, sharp or soft, the one that is nearest in
 * the sum of squares over the piece and the dark around it.
 */
function measure(
  { pixels }: Blob,
  data: ArrayLike<number>,
): { size: ShapeSize; form: ShapeForm; x: number; y: number } {
  const area = shapeSide * shapeSide;
  const light = (at: number): number => Math.max(data[at], data[area + at], data[2 * area + at]);
  const white = pixels.map(light).sort((a, b) => b - a)[Math.floor(pixels.length / 4)]; // within, and not one bright pixel
  const own = new Set(pixels);
  const xs = pixels.map((at) => at % shapeSide);
  const ys = pixels.map((at) => Math.floor(at / shapeSide));
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];

  // What is there: the piece and the dark around it, as x, y, ink, x, y, ink, … Other things are left out.
  const seen: number[] = [];
  for (let y = Math.max(top - 2, 0); y <= Math.min(bottom + 2, shapeSide - 1); y++) {
    for (let x = Math.max(left - 2, 0); x <= Math.min(right + 2, shapeSide - 1); x++) {
      const at = y * shapeSide + x;
      const value = light(at);
      if (own.has(at) || value <= DARK) seen.push(x, y, Math.min(value / white, 1));
    }
  }
  const errorOf = (form: ShapeForm, softness: number, radius: number, x: number, y: number, limit: number): number => {
    const depthOf = depth[form];
    let error = 0;
    for (let i = 0; i < seen.length && error <= limit; i += 3) {
      const ink = depthOf(seen[i] - x, seen[i + 1] - y, radius) / softness + 0.5;
      error += (seen[i + 2] - (ink < 0 ? 0 : ink > 1 ? 1 : ink)) ** 2;
    }
    return error;
  };
  const width = (right - left + 1 + bottom - top + 1) / 2;
  let best = { form: shapeForms[0] as ShapeForm, radius: 0, x: 0, y: 0, error: Infinity };
  for (const dx of [0, -0.75, 0.75]) {
    for (const dy of [0, -0.75, 0.75]) {
      for (const wider of [-0.5, 0, -1, 0.5]) {
        for (const softness of [1, 2.5]) {
          for (const form of shapeForms) {
            const [radius, x, y] = [width / 2 + wider, (left + right) / 2 + dx, (top + bottom) / 2 + dy];
            const error = errorOf(form, softness, radius, x, y, best.error);
            if (error < best.error) best = { form, radius, x, y, error };
          }
        }
      }
    }
  }
  const size = best.radius < (shapeRadius.small + shapeRadius.large) / 2 ? 'small' : 'large';
  return { size, form: best.form, x: best.x, y: best.y };
}
