/**
 * What a case of an op is made of: small specs that say which numbers an input may hold. Kinks and ties are kept off
 * by their distance, so that finite differences never step over one.
 */
import { nd, sizeOf, type Nd, type Shape } from '../../src/array/nd.ts';
import type { Generator } from '../../src/array/random.ts';

/** One input: its shape, and its numbers, drawn for elements 0 … n−1 in row-major order. */
export interface Spec {
  readonly shape: Shape;
  readonly draw: (g: Generator, n: number) => number[];
  /** It gets no requiresGrad, though the op has a rule for it. */
  readonly constant?: boolean;
}

/** An input, or a list of inputs for an op that takes one. */
export type Input = Spec | readonly Spec[];

/** Sample inputs of an op. */
export interface Case {
  readonly inputs: readonly Input[];
  readonly options?: readonly unknown[];
  /** Element by element with broadcasting: the generic tests make other shapes of it. */
  readonly elementwise?: true;
  /** Its gradients are 0 by nature: a step function's, a softmax's over one element. */
  readonly vanishes?: boolean;
}

const spec = (shape: Shape, one: (g: Generator, i: number) => number): Spec => ({
  shape,
  draw: (g, n) => Array.from({ length: n }, (_, i) => one(g, i)),
});

/** Any numbers in [low, high). */
export const real = (shape: Shape, low = -2, high = 2): Spec => spec(shape, (g) => g.uniform(low, high));

/** Numbers of both signs at least 0.2 from 0. */
export const away = (shape: Shape): Spec => spec(shape, (g, i) => (i % 2 === 0 ? 1 : -1) * g.uniform(0.2, 2));

/** Numbers that differ from each other by 0.3 or more, in random order. */
export const distinct = (shape: Shape): Spec => ({
  shape,
  draw: (g, n) => g.permutation(n).map((i) => 0.3 * (i - n / 2) + 0.1),
});

/** Multiples of 0.4, moved by `shift`: grids of different shifts have no ties, however they are broadcast. */
export const grid = (shape: Shape, shift: number): Spec => spec(shape, (g) => 0.4 * g.integer(-4, 5) + shift);

/** Numbers whose fractions are in (0.15, 0.35) or (0.65, 0.85): no step of floor or round is near. */
export const between = (shape: Shape): Spec =>
  spec(shape, (g) => g.integer(-3, 3) + 0.5 * g.integer(0, 2) + g.uniform(0.15, 0.35));

/** Some of these numbers. */
export const oneOf = (shape: Shape, values: readonly number[]): Spec =>
  spec(shape, (g) => values[g.integer(0, values.length)]);

/** Zeros and ones, some of both. */
export const mask = (shape: Shape): Spec => spec(shape, (g, i) => (i < 2 ? i : g.integer(0, 2)));

/** Whole numbers from 0 to limit − 1, with repetitions. */
export const index = (shape: Shape, limit: number): Spec => spec(shape, (g) => g.integer(0, limit));

/** The same numbers, of which no gradient is asked. */
export const constant = (s: Spec): Spec => ({ ...s, constant: true });

/** A case element by element: written with one shape for all inputs, tried with many. */
export const elementwise = (...inputs: Spec[]): Case => ({ inputs, elementwise: true });

/** The same case, whose gradients are 0 by nature. */
export const vanishing = (c: Case): Case => ({ ...c, vanishes: true });

/** A case as it stands. */
export const fixed = (inputs: readonly Input[], ...options: unknown[]): Case => ({ inputs, options });

/** How numbers lie in memory. */
export type Layout = 'dense' | 'transposed' | 'reversed' | 'stepped' | 'mixed' | 'expanded';
export const layouts: readonly Layout[] = ['dense', 'transposed', 'reversed', 'stepped', 'mixed', 'expanded'];

/**
 * The values in row-major order, laid out as a view of a bigger buffer whose gaps hold NaN.
 * 'expanded' repeats the first values along the first dim (stride 0); the others hold the values as they are.
 */
export function lay(values: readonly number[], shape: Shape, layout: Layout, Type = Float64Array): Nd {
  const data = new Type(4 * 2 ** shape.length * Math.max(1, values.length) + 5).fill(NaN);
  const column = layout === 'transposed' || layout === 'mixed';
  const step = layout === 'stepped' || layout === 'mixed' ? 2 : 1;
  const back = layout === 'reversed' || layout === 'mixed';
  const strides = new Array<number>(shape.length).fill(0);
  let offset = layout === 'dense' ? 0 : 3;
  let stride = 1;
  const dims = [...shape.keys()];
  for (const d of column ? dims : dims.reverse()) {
    stride *= step;
    strides[d] = layout === 'expanded' && d === 0 ? 0 : back ? -stride : stride;
    if (back) offset += Math.max(0, shape[d] - 1) * stride;
    stride *= Math.max(1, shape[d]);
  }
  const view = nd(data, shape, strides, offset);
  values.forEach((value, e) => (data[place(view, e)] = value));
  return view;
}

/** Where the e-th element in row-major order lies. */
export function place({ shape, strides, offset }: Nd, e: number): number {
  for (let d = shape.length - 1; d >= 0; d--) {
    offset += (e % shape[d]) * strides[d];
    e = Math.floor(e / shape[d]);
  }
  return offset;
}

/** The values of an array in row-major order. */
export const valuesOf = (x: Nd): number[] => Array.from({ length: sizeOf(x.shape) }, (_, e) => x.data[place(x, e)]);
