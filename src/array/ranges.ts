/** NumPy's index notation: '1:5', '::2', '-3:', '::-1' and whole numbers to ranges along a dim. */
import { ShapeError, ValueError } from './errors.ts';
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
export function parseRange(where: string, text: string, size: number): Range {
  const parts = text.split(':');
  const numbers = parts.map((part) => (part.trim() === '' ? undefined : Number(part)));
  if (parts.length < 2 || parts.length > 3 || numbers.some((n) => n !== undefined && !Number.isInteger(n))) {
    throw new ValueError(where, "a range must read 'start:stop' or 'start:stop:step' with whole numbers", `'${text}'`);
  }
  return sliceRange(where, size, ...numbers);
}

/** The shape asked for by reshape, with one −1 worked out. */
export function inferShape(where: string, shape: readonly number[], total: number): number[] {
  const unknown = shape.indexOf(-1);
  const known = shape.reduce((n, size, d) => (d === unknown ? n : n * size), 1);
  const fits = shape.every((size, d) => Number.isInteger(size) && (size >= 0 || d === unknown));
  const missing = unknown === -1 ? 1 : total / known;
  if (!fits || !Number.isInteger(missing) || known * missing !== total) {
    throw new ShapeError(where, `the new sizes must multiply to ${total} (one may be -1)`, `[${shape.join(', ')}]`);
  }
  return shape.map((size, d) => (d === unknown ? missing : size));
}
