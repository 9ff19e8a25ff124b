/**
 * The same values laid out in memory in many ways: permuted, with steps forwards and backwards, within a larger
 * buffer. What lies between the values is NaN, so that whoever reads past the strides cannot go unnoticed.
 */
import { overwrite } from '../array/dense.ts';
import { nd, sizeOf, type DType, type Shape } from '../array/nd.ts';
import { toNested, type Nested } from '../array/print.ts';
import { full } from '../create.ts';
import type { Tensor } from '../tensor.ts';

/** How one dim lies in memory. */
interface Line {
  /** From one element to the next in the buffer's dim: 1, 2, −1, …; 0 repeats one element, which shares its memory. */
  readonly step: number;
  /** So many places of the buffer lie before the first element and after the last. */
  readonly before: number;
  readonly after: number;
}

/** A place in memory for a tensor of some shape. */
export interface Layout {
  readonly lines: readonly Line[];
  /** The dims from the outermost to the innermost of the buffer. */
  readonly order: readonly number[];
}

/** A whole number from 0 to n−1. */
export type Pick = (n: number) => number;

/** Reads choices off a list of natural numbers; where it ends, the first choice is taken. So every list means something. */
export function picker(naturals: readonly number[]): Pick {
  let at = 0;
  return (n) => (naturals[at++] ?? 0) % n;
}

/**
 * A layout for `shape`: row-major if every pick is 0, else with some of these: permuted dims, steps backwards, gaps, a
 * larger buffer and, if `overlap` allows it, elements that share memory.
 */
export function layoutOf(shape: Shape, pick: Pick, overlap = false): Layout {
  const [permuted, backwards, gaps, larger, repeated] = Array.from({ length: 5 }, () => pick(2) === 1);
  const stepped = sizeOf(shape) > 0;
  const dims = shape.map((_, d) => d);
  const order = shape.map(() => dims.splice(permuted ? pick(dims.length) : 0, 1)[0]);
  const lines = shape.map(() => {
    const sign = stepped && backwards && pick(2) === 1 ? -1 : 1;
    const size = stepped && gaps ? 1 + pick(3) : 1;
    const once = stepped && overlap && repeated && pick(2) === 1;
    return { step: once ? 0 : sign * size, before: larger ? pick(3) : 0, after: larger ? pick(2) : 0 };
  });
  return { lines, order };
}

/** Which part of the buffer's dim one line takes, in the notation of Tensor.index. */
function range({ step, before, after }: Line, size: number): string {
  if (size === 0) return before + after === 0 ? ':' : `${before}:${before}`;
  if (step === 0) return before + after === 0 ? ':' : `${before}:${before + 1}`;
  const last = before + (size - 1) * Math.abs(step);
  if (step < 0) return `${last}:${before === 0 ? '' : before - 1}:${step}`;
  return step === 1 && before + after === 0 ? ':' : `${before}:${last + 1}${step === 1 ? '' : `:${step}`}`;
}

const extent = ({ step, before, after }: Line, size: number): number =>
  before + after + (size === 0 ? 0 : (size - 1) * Math.abs(step) + 1);

/** Numbers, strings, lists and nested lists as source code. */
export const literal = (x: unknown): string =>
  Array.isArray(x)
    ? `[${x.map(literal).join(', ')}]`
    : typeof x === 'string'
      ? `'${x}'`
      : Object.is(x, -0)
        ? '-0'
        : String(x);

/** Source code of a tensor with these values. */
function tensorCode(values: Nested, shape: Shape, options: readonly string[]): string {
  const rest = options.length === 0 ? '' : `, { ${options.join(', ')} }`;
  return sizeOf(shape) === 0 ? `zeros(${literal(shape)}${rest})` : `tensor(${literal(values)}${rest})`;
}

export interface LaidOut {
  readonly tensor: Tensor;
  /** Source code that makes this tensor, by `tensor` or `zeros` and methods. */
  readonly code: string;
}

/** A leaf of `shape` with these values (in row-major order) laid out so. */
export function layOut(
  values: ArrayLike<number>,
  shape: Shape,
  { lines, order }: Layout,
  { dtype = 'float32', requiresGrad = false }: { dtype?: DType; requiresGrad?: boolean } = {},
): LaidOut {
  const memory = order.map((d) => extent(lines[d], shape[d]));
  const buffer = full(memory, NaN, { dtype });
  const dims = order.map((_, d) => order.indexOf(d));
  const places = shape.map((size, d) => range(lines[d], size));

  let x = buffer;
  let methods = '';
  if (dims.some((place, d) => place !== d)) {
    x = x.permute(...dims);
    methods += `.permute(${dims.join(', ')})`;
  }
  if (places.some((place) => place !== ':')) {
    x = x.index(...places);
    methods += `.index(${places.map(literal).join(', ')})`;
  }
  if (x.shape.some((size, d) => size !== shape[d])) {
    x = x.expand(shape);
    methods += `.expand(${literal(shape)})`;
  }
  overwrite(x.nd, nd(Float64Array.from(values), shape));

  const options = dtype === 'float32' ? [] : [`dtype: '${dtype}'`];
  if (requiresGrad && methods === '') options.push('requiresGrad: true');
  else if (requiresGrad) methods += '.requiresGrad_()';
  return { tensor: x.requiresGrad_(requiresGrad), code: tensorCode(toNested(buffer.nd), memory, options) + methods };
}
