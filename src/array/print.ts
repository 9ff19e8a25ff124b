/** Numbers as text: nested, aligned in columns, long dims cut in the middle. */
import type { Nd } from './nd.ts';

const EDGE = 3; // so many items stay at either end of a long dim
const LONG = 1000; // arrays of more elements are cut

/** Nested JavaScript arrays of the values; a number for a 0-d array. */
export type Nested = number | Nested[];

export function toNested({ data, shape, strides, offset }: Nd): Nested {
  const build = (dim: number, at: number): Nested =>
    dim === shape.length
      ? data[at]
      : Array.from({ length: shape[dim] }, (_, i) => build(dim + 1, at + i * strides[dim]));
  return build(0, offset);
}

/** Whole numbers plainly, others to 4 decimals, very large or small ones with an exponent; one style an array. */
function formatter(values: readonly number[]): (value: number) => string {
  const finite = values.filter((v) => Number.isFinite(v));
  const sizes = finite.filter((v) => v !== 0).map(Math.abs);
  const large = Math.max(0, ...sizes);
  const small = Math.min(Infinity, ...sizes);
  const style: (v: number) => string =
    large < 1e9 && finite.every(Number.isInteger)
      ? String
      : large >= 1e5 || (large < 1e-3 && small < 1e-3)
        ? (v) => v.toExponential(4)
        : (v) => v.toFixed(4);
  return (v) => (Number.isFinite(v) ? style(v) : String(v));
}

/** The values of x as `[[1, 2], [3, 4]]`, a line a row, columns aligned. */
export function format({ data, shape, strides, offset }: Nd): string {
  const cut = shape.reduce((n, size) => n * size, 1) > LONG;
  const shown = (size: number): (number | null)[] =>
    cut && size > 2 * EDGE ? [0, 1, 2, null, size - 3, size - 2, size - 1] : Array.from({ length: size }, (_, i) => i);

  const values: number[] = [];
  const collect = (dim: number, at: number): void => {
    if (dim === shape.length) values.push(data[at]);
    else for (const i of shown(shape[dim])) if (i !== null) collect(dim + 1, at + i * strides[dim]);
  };
  collect(0, offset);

  const show = formatter(values);
  const width = shape.length > 1 ? Math.max(0, ...values.map((v) => show(v).length)) : 0;
  const print = (dim: number, at: number): string => {
    if (dim === shape.length) return show(data[at]).padStart(width);
    const items = shown(shape[dim]).map((i) => (i === null ? '…' : print(dim + 1, at + i * strides[dim])));
    const inner = shape.length - dim - 1; // dims below this one: that many line breaks between items
    const gap = inner === 0 ? ', ' : `,${'\n'.repeat(inner)}${' '.repeat(dim + 1)}`;
    return `[${items.join(gap)}]`;
  };
  return print(0, offset);
}
