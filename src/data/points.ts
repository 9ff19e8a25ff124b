/** Drawn data sets of points in the plane, with classes: what a first classifier is tried on. */
import { ValueError } from '../array/errors.ts';
import { nd } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { Tensor } from '../tensor.ts';

/** Points and their classes, in random order. */
export interface Points {
  /** [n, 2] */
  readonly x: Tensor;
  /** [n], class numbers from 0 */
  readonly y: Tensor;
}

export interface PointOptions {
  /** standard deviation of what is added to each coordinate (default 0.1) */
  readonly noise?: number;
  /** Where the random bits come from; the default generator (see manualSeed) if left out. */
  readonly generator?: Generator;
}

/** n points, dealt out to the classes in turn, so that their numbers differ by at most one. */
function make(
  where: string,
  n: number,
  classes: number,
  { noise = 0.1, generator = defaultGenerator }: PointOptions,
  place: (label: number, random: Generator) => readonly [number, number],
): Points {
  if (!Number.isSafeInteger(n) || n < 0) throw new ValueError(where, 'n must be a whole number from 0', `${n}`);
  if (!Number.isSafeInteger(classes) || classes < 1) {
    throw new ValueError(where, 'the number of classes must be whole, from 1', `${classes}`);
  }
  if (!(noise >= 0 && noise < Infinity))
    throw new ValueError(where, 'noise must be finite and not negative', `${noise}`);
  const labels = Float32Array.from(generator.permutation(n), (i) => i % classes);
  const points = new Float32Array(2 * n);
  labels.forEach((label, i) => {
    const [x, y] = place(label, generator);
    points[2 * i] = x + noise * generator.normal();
    points[2 * i + 1] = y + noise * generator.normal();
  });
  return { x: new Tensor(nd(points, [n, 2])), y: new Tensor(nd(labels, [n])) };
}

/**
 * Two half circles that lie in each other, classes 0 and 1: (cos φ, sin φ) and (1 − cos φ, ½ − sin φ), φ in [0, π).
 * scikit-learn: `make_moons`.
 * ```ts
 * import { drawMoons } from 'adjoint/data';
 * const { x, y } = drawMoons(100);
 * console.log(x.shape, y.sum().item()); // => [ 100, 2 ] 50
 * ```
 * @throws ValueError when n is not a whole number from 0, or noise is negative; so do the others here
 */
export const drawMoons = (n: number, options: PointOptions = {}): Points =>
  make('drawMoons', n, 2, options, (label, random) => {
    const angle = random.uniform(0, Math.PI);
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    return label === 0 ? [x, y] : [1 - x, 0.5 - y];
  });

/**
 * A circle of radius 1, class 0, around one of radius `factor`, class 1. scikit-learn: `make_circles`.
 * ```ts
 * import { drawCircles } from 'adjoint/data';
 * const { x, y } = drawCircles(4, { noise: 0 });
 * console.log(x.square().sum(1).sqrt().add(y.mul(0.5)).mean().item().toFixed(4)); // => 1.0000
 * ```
 * @param options factor, between 0 and 1 (default 0.5)
 */
export function drawCircles(
  n: number,
  { factor = 0.5, ...options }: PointOptions & { readonly factor?: number } = {},
): Points {
  if (!(factor > 0 && factor < 1)) {
    throw new ValueError('drawCircles', 'factor must lie between 0 and 1', `${factor}`);
  }
  return make('drawCircles', n, 2, options, (label, random) => {
    const angle = random.uniform(0, 2 * Math.PI);
    const radius = label === 0 ? 1 : factor;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/**
 * Arms of a spiral, each a class: at distance t from 0 to 1, the arm of class c has the angle 2π·(turns·t + c/classes).
 * ```ts
 * import { drawSpirals } from 'adjoint/data';
 * console.log(drawSpirals(9, { classes: 3 }).y.sort().values.toArray()); // => [ 0, 0, 0, 1, 1, 1, 2, 2, 2 ]
 * ```
 * @param options classes (default 2), turns (default 1); noise here is 0.02 by default
 */
export const drawSpirals = (
  n: number,
  {
    classes = 2,
    turns = 1,
    noise = 0.02,
    ...options
  }: PointOptions & { readonly classes?: number; readonly turns?: number } = {},
): Points =>
  make('drawSpirals', n, classes, { noise, ...options }, (label, random) => {
    const t = Math.sqrt(random.uniform()); // evenly along an arm, whose length grows with t
    const angle = 2 * Math.PI * (turns * t + label / classes);
    return [t * Math.cos(angle), t * Math.sin(angle)];
  });

/**
 * Clouds around centres, each a class; `noise` is the spread of a cloud (default 1). scikit-learn: `make_blobs`.
 * ```ts
 * import { drawBlobs } from 'adjoint/data';
 * const { x, y } = drawBlobs(3, { centres: [[0, 0], [5, 5], [9, 0]], noise: 0 });
 * console.log(y.argsort().toArray().map((i) => x.toArray()[i])); // => [ [ 0, 0 ], [ 5, 5 ], [ 9, 0 ] ]
 * ```
 * @param options centres: their places, or how many to draw in [−10, 10]² (default 3)
 */
export function drawBlobs(
  n: number,
  {
    centres = 3,
    noise = 1,
    generator = defaultGenerator,
  }: PointOptions & { readonly centres?: number | readonly (readonly [number, number])[] } = {},
): Points {
  const places: readonly (readonly [number, number])[] =
    typeof centres === 'number'
      ? Array.from({ length: centres }, () => [generator.uniform(-10, 10), generator.uniform(-10, 10)])
      : centres;
  return make('drawBlobs', n, places.length, { noise, generator }, (label) => places[label]);
}
