/** Python's and NumPy's index notation: '1:5', '::2', '-3:', '::-1' and whole numbers to ranges along a dim. */
import { ShapeError, showShape, ValueError } from './errors.ts';
import type { Shape } from './nd.ts';
import type { Range } from './views.ts';

/** A place along a dim of `size`, counted from the back if negative. */
export function wrapIndex(where: string, i: number, size: number): number {
  if (!Number.isInteger(i) || i < -size || i >= size) {
    const rule =
      size === 0
        ? 'nothing can be picked from a dim of size 0'
        : `an index must be a whole number from ${-size} to ${size - 1}`;
    throw new ValueError(where, rule, `${i}`);
  }
  return i < 0 ? i + size : i;
}

/** start:stop:step along a dim of `size`, with Python's rules: missing ends, negative ends and steps, clipping. */
export function sliceRange(where: string, size: number, start?: number, stop?: number, step = 1): Range {
  if (!Number.isInteger(step) || step === 0)
    throw new ValueError(where, 'a step must be a whole number other than 0', `${step}`);
  for (const end of [start, stop]) {
    if (end !== undefined && !Number.isInteger(end))
      throw new ValueError(where, 'the ends of a range must be whole numbers', `${end}`);
  }
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? size : size - 1;
  const place = (i: number): number => Math.min(high, Math.max(low, i < 0 ? i + size : i));
  const from = start === undefined ? (step > 0 ? low : high) : place(start);
  const to = stop === undefined ? (step > 0 ? high : low) : place(stop);
  return { start: from, step, size: Math.max(0, Math.ceil((to - from) / step)) };
}

/** Reads 'start:stop:step'. */
function parseRange(where: string, text: string, size: number): Range {
  const parts = text.split(':');
  const numbers = parts.map((part) => (part.trim() === '' ? undefined : Number(part)));
  if (parts.length < 2 || parts.length > 3 || numbers.some((n) => n !== undefined && !Number.isInteger(n))) {
    throw new ValueError(where, "a range must read 'start:stop' or 'start:stop:step' with whole numbers", `'${text}'`);
  }
  return sliceRange(where, size, ...numbers);
}

/** A position, a range 'start:stop:step', all that is left '...', or null for a new dim. */
export type Place = number | string | null;

/** The ranges that Python's x[…] takes of a shape, one a dim, and the shape of what it gives. Not more places than dims. */
export function indexRanges(
  where: string,
  shape: Shape,
  places: readonly Place[],
): { ranges: Range[]; shape: number[] } {
  const given = places.filter((p) => p !== null && p !== '...').length;
  const dots = places.indexOf('...');
  const rest = Array.from({ length: shape.length - given }, () => ':');
  const ranges: Range[] = [];
  const sizes: number[] = [];
  for (const place of dots === -1 ? [...places, ...rest] : places.toSpliced(dots, 1, ...rest)) {
    const size = shape[ranges.length];
    if (place === null) sizes.push(1);
    else if (typeof place === 'number') ranges.push({ start: wrapIndex(where, place, size), step: 1, size: 1 });
    else {
      const range = parseRange(where, place, size);
      ranges.push(range);
      sizes.push(range.size);
    }
  }
  return { ranges, shape: sizes };
}

/** The sizes of the parts of a dim of n: all of `size` but the last, which may be smaller; or those given. */
export function splitSizes(n: number, size: number | readonly number[]): readonly number[] {
  if (typeof size === 'number') {
    if (!(size > 0)) throw new ShapeError('split', 'the size must be positive', `${size}`);
    return Array.from({ length: Math.max(1, Math.ceil(n / size)) }, (_, i) => Math.min(size, n - i * size));
  }
  const total = size.reduce((a, b) => a + b, 0);
  if (total !== n) throw new ShapeError('split', `the sizes must add up to ${n}`, showShape(size));
  return size;
}
