/**
 * Pictures of drawn shapes with captions, "a large red circle above a small blue square": a data set for models from
 * text to image, whose pictures can be checked, for readShapes.ts reads off a picture what it shows.
 */
import { ValueError } from '../array/errors.ts';
import { nd } from '../array/nd.ts';
import type { Generator } from '../array/random.ts';
import { Tensor } from '../tensor.ts';

export const shapeSizes = ['small', 'large'] as const;
export const shapeColours = ['red', 'green', 'blue', 'yellow', 'cyan', 'magenta'] as const;
export const shapeForms = ['circle', 'square', 'triangle'] as const;
export const shapePlaces = ['above', 'below', 'left of', 'right of'] as const;

export type ShapeSize = (typeof shapeSizes)[number];
export type ShapeColour = (typeof shapeColours)[number];
export type ShapeForm = (typeof shapeForms)[number];
export type ShapePlace = (typeof shapePlaces)[number];

/** One thing in a picture. */
export interface Shape {
  readonly size: ShapeSize;
  readonly colour: ShapeColour;
  readonly form: ShapeForm;
}

/** What a picture shows: one shape, or two and where the first is as seen from the second. */
export interface Scene {
  readonly first: Shape;
  readonly place?: ShapePlace;
  readonly second?: Shape;
}

/** A drawn picture, and what it shows. */
export interface ShapePicture {
  /** RGB [3, 32, 32], 0 … 1, on black */
  readonly image: Tensor;
  readonly caption: string;
  readonly scene: Scene;
}

/** Side of a picture in pixels. */
export const shapeSide = 32;

/** Half the width of a shape in pixels; what is drawn differs by up to 8 %. */
export const shapeRadius: Readonly<Record<ShapeSize, number>> = { small: 3.6, large: 7 };

/** Each colour is a corner of the RGB cube. */
export const shapeRgb: Readonly<Record<ShapeColour, readonly [number, number, number]>> = {
  red: [1, 0, 0],
  green: [0, 1, 0],
  blue: [0, 0, 1],
  yellow: [1, 1, 0],
  cyan: [0, 1, 1],
  magenta: [1, 0, 1],
};

const captionOfShape = ({ size, colour, form }: Shape): string => `a ${size} ${colour} ${form}`;

/**
 * The caption of a scene.
 * ```ts
 * import { captionOf, sceneOf } from 'adjoint/data';
 * const scene = sceneOf('a small red circle left of a large blue square');
 * console.log(scene.second.form, captionOf(scene)); // => square a small red circle left of a large blue square
 * ```
 */
export const captionOf = ({ first, place, second }: Scene): string =>
  second ? `${captionOfShape(first)} ${place} ${captionOfShape(second)}` : captionOfShape(first);

const shapeWords = `a (${shapeSizes.join('|')}) (${shapeColours.join('|')}) (${shapeForms.join('|')})`;
const captionWords = new RegExp(`^${shapeWords}(?: (${shapePlaces.join('|')}) ${shapeWords})?$`);

/**
 * The scene of a caption; see captionOf.
 * @throws ValueError when it is none that is drawn here
 */
export function sceneOf(caption: string): Scene {
  const words = captionWords.exec(caption.trim().toLowerCase().replace(/\s+/g, ' ')) as
    | [string, ShapeSize, ShapeColour, ShapeForm, ShapePlace?, ShapeSize?, ShapeColour?, ShapeForm?]
    | null;
  if (words === null) {
    const rule = 'a caption must be like "a large red circle above a small blue square"';
    throw new ValueError('sceneOf', rule, JSON.stringify(caption));
  }
  const [, size, colour, form, place, size2, colour2, form2] = words;
  const first = { size, colour, form };
  return place ? { first, place, second: { size: size2!, colour: colour2!, form: form2! } } : { first };
}

export interface CaptionOptions {
  /** which colours there are (default red, green, blue, yellow) */
  readonly colours?: readonly ShapeColour[];
  /** how many shapes a picture has: 1, 2, or both kinds (default [1, 2]) */
  readonly counts?: readonly (1 | 2)[];
}

/**
 * All captions, in a fixed order: shuffle and split them, and a model can be asked for combinations that it has not seen.
 * The two shapes of a picture differ in colour and form or size, never being the same thing twice.
 * ```ts
 * import { shapeCaptions } from 'adjoint/data';
 * const captions = shapeCaptions();
 * console.log(captions.length, captions[24]); // => 2232 a small red circle above a small red square
 * ```
 */
export function shapeCaptions({ colours = shapeColours.slice(0, 4), counts = [1, 2] }: CaptionOptions = {}): string[] {
  const shapes = shapeSizes.flatMap((size) =>
    colours.flatMap((colour) => shapeForms.map((form): Shape => ({ size, colour, form }))),
  );
  const captions = counts.includes(1) ? shapes.map(captionOfShape) : [];
  if (!counts.includes(2)) return captions;
  for (const first of shapes) {
    for (const second of shapes) {
      if (first === second) continue;
      for (const place of shapePlaces) captions.push(captionOf({ first, place, second }));
    }
  }
  return captions;
}

/**
 * Draws a scene: sizes, places and brightness differ a little from picture to picture. Edges are soft.
 * @returns RGB [3, 32, 32], 0 … 1
 * ```ts
 * import { Generator } from 'adjoint';
 * import { drawScene, sceneOf } from 'adjoint/data';
 * const image = drawScene(sceneOf('a large green square'), new Generator(1));
 * console.log(image.shape, image.sum([1, 2]).gt(0).toArray()); // => [ 3, 32, 32 ] [ 0, 1, 0 ]
 * ```
 */
export function drawScene(scene: Scene, random: Generator): Tensor {
  const pixels = new Float32Array(3 * shapeSide * shapeSide);
  const middle = (shapeSide - 1) / 2;
  const radii = [scene.first, scene.second].map((shape) =>
    shape ? shapeRadius[shape.size] * random.uniform(0.92, 1.08) : 0,
  );
  if (!scene.second) {
    const room = shapeSide / 2 - radii[0] - 2;
    paintShape(
      pixels,
      scene.first,
      [middle + random.uniform(-room, room), middle + random.uniform(-room, room)],
      radii[0],
      random,
    );
    return new Tensor(nd(pixels, [3, shapeSide, shapeSide]));
  }
  // Along the axis of `place` the shapes stand apart by a gap; together they may slide. Across it they are nearly level.
  const gap = random.uniform(2, 3);
  const extent = 2 * radii[0] + gap + 2 * radii[1];
  const slack = Math.max((shapeSide - 2 - extent) / 2, 0);
  const start = middle - extent / 2 + random.uniform(-slack, slack);
  const order = scene.place === 'above' || scene.place === 'left of' ? [0, 1] : [1, 0];
  const along = [0, 0];
  along[order[0]] = start + radii[order[0]];
  along[order[1]] = start + 2 * radii[order[0]] + gap + radii[order[1]];
  const level = middle + random.uniform(-4, 4);
  const upright = scene.place === 'above' || scene.place === 'below';
  [scene.first, scene.second].forEach((shape, i) => {
    const across = level + random.uniform(-1.5, 1.5);
    paintShape(pixels, shape, upright ? [across, along[i]] : [along[i], across], radii[i], random);
  });
  return new Tensor(nd(pixels, [3, shapeSide, shapeSide]));
}

/** How deep a point lies inside a shape of radius r around 0, in pixels; negative outside. y goes down. */
export const depth: Readonly<Record<ShapeForm, (x: number, y: number, r: number) => number>> = {
  circle: (x, y, r) => r - Math.sqrt(x * x + y * y),
  square: (x, y, r) => r - Math.max(Math.abs(x), Math.abs(y)),
  // Tip at (0, −r), foot from (−r, r) to (r, r): the distance to the foot, and to the sides 2x ± (y + r) = 0.
  triangle: (x, y, r) => Math.min(r - y, (y + r - 2 * Math.abs(x)) / Math.sqrt(5)),
};

function paintShape(
  pixels: Float32Array,
  { colour, form }: Shape,
  [cx, cy]: readonly [number, number],
  radius: number,
  random: Generator,
): void {
  const brightness = random.uniform(0.85, 1);
  const area = shapeSide * shapeSide;
  const range = (centre: number): [number, number] => [
    Math.max(Math.floor(centre - radius - 1), 0),
    Math.min(Math.ceil(centre + radius + 1), shapeSide - 1),
  ];
  const [top, bottom] = range(cy);
  const [left, right] = range(cx);
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const ink = Math.min(Math.max(depth[form](x - cx, y - cy, radius) + 0.5, 0), 1) * brightness;
      shapeRgb[colour].forEach((part, c) => {
        const at = c * area + y * shapeSide + x;
        pixels[at] = Math.max(pixels[at], part * ink);
      });
    }
  }
}

/**
 * n pictures with captions, drawn at random from a list of captions.
 * ```ts
 * import { Generator } from 'adjoint';
 * import { drawShapes, showsCaption } from 'adjoint/data';
 * const [{ image, caption }] = drawShapes(1, new Generator(3));
 * console.log(showsCaption(image, caption)); // => true
 * ```
 * @param captions which captions there are (default: all of shapeCaptions)
 * @throws ValueError when n is not a whole number from 0, or a caption is none that is drawn here
 */
export function drawShapes(
  n: number,
  random: Generator,
  captions: readonly string[] = shapeCaptions(),
): ShapePicture[] {
  if (!Number.isSafeInteger(n) || n < 0) throw new ValueError('drawShapes', 'n must be a whole number from 0', `${n}`);
  if (n > 0 && captions.length === 0) throw new ValueError('drawShapes', 'there must be captions', 'none');
  return Array.from({ length: n }, () => {
    const scene = sceneOf(captions[random.integer(0, captions.length)]);
    return { image: drawScene(scene, random), caption: captionOf(scene), scene };
  });
}
