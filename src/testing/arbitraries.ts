/**
 * fast-check arbitraries for shapes, tensors in any layout, and indices. Each shrinks to small, dense, simple values,
 * and a tensor prints as the code that makes it. Whole computations are in programs.ts.
 */
import * as fc from 'fast-check';
import { ValueError } from '../array/errors.ts';
import { sizeOf, type DType, type Shape } from '../array/nd.ts';
import type { Tensor } from '../tensor.ts';
import { layOut, layoutOf, picker } from './layouts.ts';

export interface ShapesOptions {
  /** Number of dims: 0 to 4 if left out. */
  readonly minRank?: number;
  readonly maxRank?: number;
  /** Size of a dim: 0 to 5 if left out. */
  readonly minSize?: number;
  readonly maxSize?: number;
  /** At most so many elements: 60 if left out. Leading sizes are cut where there would be more. */
  readonly maxNumel?: number;
}

/** A size; 0 is rarer than the others, and shrinks to 1. */
function sizes({ minSize = 0, maxSize = 5 }: ShapesOptions): fc.Arbitrary<number> {
  if (minSize > 0 || maxSize === 0) return fc.integer({ min: minSize, max: maxSize });
  const full = { weight: 9, arbitrary: fc.integer({ min: 1, max: maxSize }) };
  return fc.oneof({ withCrossShrink: true }, full, { weight: 1, arbitrary: fc.constant(0) });
}

/** The shape with sizes cut, from the last dim on, so that it has no more than `limit` elements. */
function cut(shape: readonly number[], { maxNumel = 60, minSize = 0 }: ShapesOptions): number[] {
  let left = maxNumel;
  return shape.toReversed().map((size) => {
    const kept = Math.min(size, Math.max(1, minSize, left));
    left = Math.floor(left / Math.max(1, kept));
    return kept;
  }).toReversed(); // prettier-ignore
}

/**
 * Shapes, among them [], sizes of 1 and of 0.
 * ```ts
 * import * as fc from 'fast-check';
 * import { zeros } from 'adjoint';
 * import { shapes } from 'adjoint/testing';
 * fc.assert(fc.property(shapes({ minRank: 1 }), (shape) => zeros(shape).flatten().ndim === 1));
 * ```
 */
export function shapes(options: ShapesOptions = {}): fc.Arbitrary<Shape> {
  const { minRank = 0, maxRank = 4 } = options;
  return fc
    .array(sizes(options), { minLength: minRank, maxLength: maxRank, size: 'max' })
    .map((shape) => cut(shape, options));
}

/**
 * `count` shapes that broadcast together: one shape, of which each leaves out leading dims and has 1 in some others.
 * ```ts
 * import * as fc from 'fast-check';
 * import { ones } from 'adjoint';
 * import { broadcastable } from 'adjoint/testing';
 * fc.assert(fc.property(broadcastable(), ([a, b]) => ones(a).add(ones(b)).ndim === Math.max(a.length, b.length)));
 * ```
 */
export function broadcastable(count = 2, options: ShapesOptions = {}): fc.Arbitrary<readonly Shape[]> {
  const { minRank = 0, minSize = 0 } = options;
  const change = fc.tuple(fc.nat(3), fc.array(fc.boolean(), { maxLength: 4, size: 'max' }));
  return fc
    .tuple(shapes(options), fc.array(change, { minLength: count, maxLength: count }))
    .map(([whole, changes]) =>
      changes.map(([left, ones]) =>
        whole.map((size, d) => (ones[d] && minSize <= 1 ? 1 : size)).slice(Math.min(left, whole.length - minRank)),
      ),
    );
}

/**
 * Pairs of shapes that `matmul` takes: vectors [k], matrices [m, k] · [k, n], and batches whose leading dims broadcast;
 * every size may be 0.
 * ```ts
 * import * as fc from 'fast-check';
 * import { ones } from 'adjoint';
 * import { matmulShapes } from 'adjoint/testing';
 * fc.assert(fc.property(matmulShapes(), ([a, b]) => ones(a).matmul(ones(b)).ndim <= 4));
 * ```
 */
export function matmulShapes(
  options: Pick<ShapesOptions, 'minSize' | 'maxSize'> = {},
): fc.Arbitrary<readonly [Shape, Shape]> {
  const { minSize = 0, maxSize = 4 } = options;
  const size = sizes({ minSize, maxSize });
  const vector = fc.integer({ min: 0, max: 4 }).map((n) => n === 1); // 0: a matrix, which is the simpler case
  const batches = fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: fc.constant<readonly Shape[]>([[], []]) },
    { weight: 1, arbitrary: broadcastable(2, { maxRank: 2, minSize, maxSize: Math.min(3, maxSize) }) },
  );
  return fc
    .tuple(size, size, size, vector, vector, batches)
    .map(([m, k, n, rowOnly, columnOnly, [p, q]]) => [rowOnly ? [k] : [...p, m, k], columnOnly ? [k] : [...q, k, n]]);
}

export interface TensorsOptions {
  /** One shape or an arbitrary of shapes; any that `shapes()` gives if left out. */
  readonly shape?: Shape | fc.Arbitrary<Shape>;
  /** 'float32' if left out; gradcheck wants 'float64'. */
  readonly dtype?: DType;
  readonly requiresGrad?: boolean;
  /** Values lie from min to max: −2 and 2 if left out. */
  readonly min?: number;
  readonly max?: number;
  /** Values lie at least so far from one another and from 0: away from the kink of `relu`, from ties of `amax`. */
  readonly apart?: number;
  /** 'dense': in row-major order in a buffer of its own. */
  readonly layout?: 'any' | 'dense';
}

const shapesOf = (shape: TensorsOptions['shape']): fc.Arbitrary<Shape> =>
  shape === undefined ? shapes() : 'length' in shape ? fc.constant(shape) : shape;

/**
 * Lists of which as many items are used as a shape needs, over and over where there are more. Being drawn apart from
 * the shape they survive its shrinking, and shrink to one value everywhere.
 */
const anyMany = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> =>
  fc.array(item, { minLength: 1, maxLength: 64, size: 'max' });

const cycle = (list: readonly number[], n: number): number[] =>
  Array.from({ length: n }, (_, i) => list[i % list.length]);

/** Numbers on a grid that is exact in float32; the simplest is 0, or the end of the range next to it. */
function numbers(min: number, max: number): fc.Arbitrary<number> {
  if (min === max) return fc.constant(min);
  const grid = 2 ** Math.floor(Math.log2((max - min) / 64));
  return fc.integer({ min: Math.ceil(min / grid), max: Math.floor(max / grid) }).map((i) => i * grid);
}

/** The numbers 0 … n−1 in the order of their keys; in their own if all keys are equal. */
function ordered(keys: readonly number[], n: number): number[] {
  const key = cycle(keys, n);
  return Array.from(key.keys()).sort((i, j) => key[i] - key[j] || i - j);
}

/** n multiples of `apart` other than 0, in the order of the keys. */
function separate(keys: readonly number[], n: number, apart: number, min?: number, max?: number): number[] {
  const end = max === undefined ? Math.ceil(n / 2) : Math.floor(max / apart);
  const low = min === undefined ? end - n : Math.ceil(min / apart);
  const high = max === undefined ? low + n : end; // n + 1 places, as 0 may be one
  const spots: number[] = [];
  for (let i = low; i <= high; i++) if (i !== 0) spots.push(i * apart);
  if (spots.length < n) {
    throw new ValueError(
      'tensors',
      `${n} values must fit between min and max`,
      `room for ${spots.length} that are ${apart} apart`,
    );
  }
  return ordered(keys, n).map((place) => spots[Math.floor((place * spots.length) / n)]);
}

/** Makes fast-check print x as code. */
function printed(x: Tensor, code: string): Tensor {
  Object.defineProperty(x, fc.toStringMethod, { value: () => code });
  return x;
}

const layouts = (layout: 'any' | 'dense'): fc.Arbitrary<readonly number[]> =>
  layout === 'dense' ? fc.constant([]) : fc.array(fc.nat(11), { maxLength: 24, size: 'max' });

/** Tensors of a shape with values that `fill` makes of a list of numbers. */
function laidOut(
  shape: TensorsOptions['shape'],
  number: fc.Arbitrary<number>,
  fill: (list: readonly number[], shape: Shape) => readonly number[],
  { layout = 'any', overlap, ...options }: TensorsOptions & { readonly overlap: boolean },
): fc.Arbitrary<Tensor> {
  const shapes = shapesOf(shape);
  return fc.tuple(shapes, anyMany(number), layouts(layout)).map(([shape, list, naturals]) => {
    const { tensor, code } = layOut(fill(list, shape), shape, layoutOf(shape, picker(naturals), overlap), options);
    return printed(tensor, code);
  });
}

/**
 * Leaves in any layout: row-major, permuted, with steps forwards and backwards, somewhere within a larger buffer (the
 * rest of which is NaN) and, without requiresGrad and apart, expanded.
 * ```ts
 * import * as fc from 'fast-check';
 * import { gradcheck, tensors } from 'adjoint/testing';
 * const leaves = tensors({ dtype: 'float64', requiresGrad: true, apart: 0.1 });
 * fc.assert(fc.property(leaves, (x) => gradcheck((x) => x.relu(), [x])), { numRuns: 30 });
 * ```
 */
export function tensors(options: TensorsOptions = {}): fc.Arbitrary<Tensor> {
  const { shape, apart, min, max } = options;
  const rest = { ...options, overlap: !options.requiresGrad && apart === undefined };
  return apart === undefined
    ? laidOut(shape, numbers(min ?? -2, max ?? 2), (list, shape) => cycle(list, sizeOf(shape)), rest)
    : laidOut(shape, fc.nat(255), (keys, shape) => separate(keys, sizeOf(shape), apart, min, max), rest);
}

export interface IndicesOptions {
  /** One dim of up to 5 if left out. */
  readonly shape?: Shape | fc.Arbitrary<Shape>;
  /** Whether no index may come twice. */
  readonly distinct?: boolean;
  readonly layout?: 'any' | 'dense';
}

/**
 * Tensors of whole numbers from 0 to size−1, repeated ones among them: what `gather` and `indexSelect` take.
 * ```ts
 * import * as fc from 'fast-check';
 * import { arange } from 'adjoint';
 * import { indices } from 'adjoint/testing';
 * fc.assert(fc.property(indices(4), (index) => arange(4).indexSelect(0, index).eq(index).all().item() === 1));
 * ```
 */
export function indices(size: number, options: IndicesOptions = {}): fc.Arbitrary<Tensor> {
  const { distinct = false, layout = 'any' } = options;
  const most = distinct || size === 0 ? size : 5;
  const shape = options.shape ?? shapes({ minRank: 1, maxRank: 1, maxSize: Math.min(5, most) });
  const fill = (list: readonly number[], shape: Shape): readonly number[] => {
    const n = sizeOf(shape);
    if (n > 0 && (distinct ? n : 1) > size) {
      throw new ValueError(
        'indices',
        `a size of ${size} must have room for ${n} ${distinct ? 'distinct ' : ''}indices`,
        `the shape [${shape.join(', ')}]`,
      );
    }
    return distinct ? ordered(list, size).slice(0, n) : cycle(list, n);
  };
  const number = fc.nat(distinct ? 255 : Math.max(0, size - 1));
  return laidOut(shape, number, fill, { layout, overlap: !distinct });
}
