/**
 * Handwritten-looking digits, drawn by code: a data set that needs no download and is the same for the same seed.
 * It imitates the form of MNIST (28 × 28, white on black), not its statistics: use it to try a model, not to rank one.
 */
import { ValueError } from '../array/errors.ts';
import type { Generator } from '../array/random.ts';
import { glyphs } from './glyphs.ts';
import type { Glyph } from './glyphs.ts';
import type { LabelledImages } from './images.ts';
import { flatten, paint } from './strokes.ts';

export interface DigitOptions {
  /** how far hands differ: 0 is print-like, 1 the usual, up to 2; it widens every range below (default 1) */
  readonly variety?: number;
  /** standard deviation of the grain on the paper, of full white 1 (default 0.06) */
  readonly noise?: number;
}

const SIDE = 28;
/** Pixels at the edge that the pen leaves free. */
const MARGIN = 1.5;

/**
 * n drawn digits: as many of each class (to within one), in random order. Each digit takes one of the ways to write
 * it, then a hand of its own: every point a little off, the whole bent, slanted, turned, stretched and shifted, with
 * a pen of random weight and blackness; then grain.
 * @returns images n × 28 × 28, 0 … 255, white on black; labels 0 … 9
 * @throws ValueError when n is not a whole number from 0, or an option is out of range.
 * ```ts
 * import { Generator } from 'adjoint';
 * import { drawDigits } from 'adjoint/data';
 * const { images, labels } = drawDigits(20, new Generator(1));
 * [images.length, labels.length, Math.max(...labels)] // => [ 15680, 20, 9 ]
 * ```
 */
export function drawDigits(n: number, generator: Generator, options: DigitOptions = {}): LabelledImages {
  const { variety = 1, noise = 0.06 } = options;
  if (!Number.isSafeInteger(n) || n < 0) throw new ValueError('drawDigits', 'n must be a whole number from 0', `${n}`);
  if (!(variety >= 0 && variety <= 2)) throw new ValueError('drawDigits', 'variety must be from 0 to 2', `${variety}`);
  if (!(noise >= 0 && noise <= 1)) throw new ValueError('drawDigits', 'noise must be from 0 to 1', `${noise}`);

  const labels = Uint8Array.from(generator.permutation(n), (i) => i % 10);
  const images = new Uint8Array(n * SIDE * SIDE);
  const ink = new Float32Array(SIDE * SIDE);
  for (let i = 0; i < n; i++) {
    ink.fill(0);
    const ways = glyphs[labels[i]];
    write(ink, ways[generator.integer(0, ways.length)], variety, generator);
    const at = i * SIDE * SIDE;
    for (let p = 0; p < ink.length; p++) {
      const grey = noise === 0 ? ink[p] : ink[p] + noise * generator.normal();
      images[at + p] = Math.min(Math.max(Math.round(255 * grey), 0), 255);
    }
  }
  return { images, labels, rows: SIDE, columns: SIDE };
}

/** Writes one digit by one random hand. */
function write(ink: Float32Array, glyph: Glyph, variety: number, generator: Generator): void {
  const vary = (range: number): number => generator.uniform(-range, range) * variety;
  const hand = handOf(variety, vary, generator);
  const jitter = 0.025 * variety;
  const lines = glyph.map(({ points, smooth }) => {
    const moved: number[] = [];
    for (let i = 0; i < points.length; i += 2) {
      moved.push(...hand(points[i] + generator.normal(0, jitter), points[i + 1] + generator.normal(0, jitter)));
    }
    return flatten({ points: moved, smooth });
  });

  const radius = 1.25 * Math.exp(vary(0.5));
  const edge = 1.2 + vary(0.3);
  const blackness = 1 - Math.abs(vary(0.2));
  for (const points of place(lines, radius + MARGIN, [vary(3), vary(3)])) {
    paint(ink, SIDE, SIDE, points, radius, edge);
  }
  for (let p = 0; p < ink.length; p++) ink[p] *= blackness;
}

/** From the unit square to pixels around 0: bent by a slow wave, stretched, slanted, turned. */
function handOf(
  variety: number,
  vary: (range: number) => number,
  generator: Generator,
): (x: number, y: number) => [number, number] {
  const bendX = vary(0.08);
  const bendY = vary(0.08);
  const phaseX = generator.uniform(0, 2 * Math.PI);
  const phaseY = generator.uniform(0, 2 * Math.PI);
  const width = 18 * Math.exp(vary(0.3));
  const height = 19 * Math.exp(vary(0.2));
  const slant = 0.12 * variety + vary(0.32); // most hands lean to the right
  const angle = vary(0.21);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return (x, y) => {
    const v = (y - 0.5 + bendY * Math.sin(4 * x + phaseY)) * height;
    const u = (x - 0.5 + bendX * Math.sin(4 * y + phaseX)) * width - slant * v;
    return [cos * u - sin * v, sin * u + cos * v];
  };
}

/** Moves lines to the middle, then by `shift`, but not closer to the edge than `margin`; what is too large shrinks. */
function place(lines: readonly (readonly number[])[], margin: number, shift: readonly [number, number]): number[][] {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (const points of lines) {
    for (let i = 0; i < points.length; i++) {
      low[i % 2] = Math.min(low[i % 2], points[i]);
      high[i % 2] = Math.max(high[i % 2], points[i]);
    }
  }
  const middle = (SIDE - 1) / 2;
  const reach = middle - margin;
  const half = [0, 1].map((xy) => (high[xy] - low[xy]) / 2);
  const shrink = Math.min(1, reach / Math.max(...half));
  const to = [0, 1].map((xy) => {
    const room = reach - shrink * half[xy];
    return middle + Math.min(Math.max(shift[xy], -room), room);
  });
  return lines.map((points) => points.map((value, i) => to[i % 2] + shrink * (value - (low[i % 2] + high[i % 2]) / 2)));
}
