/** Making tensors: from numbers, by rule, at random, and from other tensors. */
import { checkList, checkTensors } from './array/checks.ts';
import { ShapeError, showShape, ValueError } from './array/errors.ts';
import { allocate } from './array/memory.ts';
import { nd, sizeOf, type Data, type DType, type Shape } from './array/nd.ts';
import { defaultGenerator, type Generator } from './array/random.ts';
import { concat, Tensor, type Operand } from './tensor.ts';

export interface TensorOptions {
  /** 'float32' unless 'float64' is asked for. */
  readonly dtype?: DType;
  readonly requiresGrad?: boolean;
}

export interface RandomOptions extends TensorOptions {
  /** Where the random bits come from; the default generator (see manualSeed) if left out. */
  readonly generator?: Generator;
}

/** What `tensor` takes: a number, nested arrays of numbers of one length a level, or a typed array. */
export type TensorData = number | readonly TensorData[] | ArrayLike<number>;

function checkSizes(shape: Shape): void {
  checkList('a new tensor', 'sizes', shape);
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) {
      throw new ShapeError('a new tensor', 'sizes must be whole numbers, 0 or more', showShape(shape));
    }
  }
}

/** A new tensor of `shape` whose elements `fill` writes in row-major order. */
function make(
  shape: Shape,
  { dtype = 'float32', requiresGrad = false }: TensorOptions,
  fill?: (data: Data) => void,
): Tensor {
  checkSizes(shape);
  const data = allocate(dtype, sizeOf(shape));
  fill?.(data);
  return new Tensor(nd(data, shape), requiresGrad);
}

/**
 * A tensor from a number, nested arrays or a typed array. The numbers are copied.
 * A Float64Array gives float64 unless a dtype is named; all else gives float32.
 * `tensor([[1, 2], [3, 4]]).shape // => [ 2, 2 ]`
 * @throws ShapeError when rows differ in length
 */
export function tensor(values: TensorData, options: TensorOptions = {}): Tensor {
  const shape: number[] = [];
  for (let at: TensorData = values; typeof at === 'object' && at !== null; at = at[0]) {
    shape.push(at.length);
    if (at.length === 0) break;
  }
  const flat: number[] = [];
  const collect = (at: TensorData, dim: number): void => {
    if (typeof at !== 'object') {
      if (dim !== shape.length) throw ragged(shape, dim);
      if (typeof at !== 'number') {
        throw new ValueError('tensor', 'values must be numbers', `a ${typeof at}`);
      }
      flat.push(at);
      return;
    }
    if (at === null) throw new ValueError('tensor', 'values must be numbers', 'null');
    if (dim === shape.length || at.length !== shape[dim]) throw ragged(shape, dim);
    for (let i = 0; i < at.length; i++) collect(at[i], dim + 1);
  };
  if (isTypedArray(values)) {
    if (typeof values[0] === 'bigint') throw new ValueError('tensor', 'values must be numbers', 'a bigint');
    const dtype = options.dtype ?? (values instanceof Float64Array ? 'float64' : 'float32');
    return make(shape, { ...options, dtype }, (data) => data.set(values));
  }
  collect(values, 0);
  return make(shape, options, (data) => data.set(flat));
}

const isTypedArray = (x: TensorData): x is ArrayLike<number> => ArrayBuffer.isView(x) && 'length' in x;

const ragged = (shape: Shape, dim: number): ShapeError =>
  new ShapeError(
    'tensor',
    `all items at depth ${dim} must have one length`,
    `items that do not fit ${showShape(shape)}`,
  );

/** Zeros. `zeros([2]) // => Tensor[2] [0, 0]` */
export const zeros = (shape: Shape, options: TensorOptions = {}): Tensor => make(shape, options);

/** Ones. `ones([2]) // => Tensor[2] [1, 1]` */
export const ones = (shape: Shape, options: TensorOptions = {}): Tensor => full(shape, 1, options);

/** One value everywhere. `full([2], 7) // => Tensor[2] [7, 7]` */
export function full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
  if (typeof value !== 'number') throw new ValueError('full', 'the value must be a number', typeof value);
  return make(shape, options, (data) => data.fill(value));
}

/** start, start+step, … below stop; `arange(n)` counts from 0. `arange(1, 2, 0.25) // => Tensor[4] [1.0000, 1.2500, 1.5000, 1.7500]` */
export function arange(stop: number, options?: TensorOptions): Tensor;
export function arange(start: number, stop: number, step?: number, options?: TensorOptions): Tensor;
export function arange(first: number, second?: number | TensorOptions, step = 1, options: TensorOptions = {}): Tensor {
  const [start, stop, rest] = typeof second === 'number' ? [first, second, options] : [0, first, second ?? {}];
  const n = Math.ceil((stop - start) / step);
  if (!(n >= 0 && Number.isFinite(n))) {
    throw new ValueError('arange', 'a step other than 0 must lead from start to stop', `${start}, ${stop}, ${step}`);
  }
  return make([n], rest, (data) => data.forEach((_, i) => (data[i] = start + i * step)));
}

/** n numbers from start to end, both included, at equal distances. `linspace(0, 1, 3) // => Tensor[3] [0.0000, 0.5000, 1.0000]` */
export function linspace(start: number, end: number, n: number, options: TensorOptions = {}): Tensor {
  const step = (end - start) / (n - 1);
  // The second half is counted from the end, so that the last number is exactly `end`.
  return make([n], options, (data) =>
    data.forEach((_, i) => (data[i] = 2 * i < n ? start + i * (n > 1 ? step : 0) : end - (n - 1 - i) * step)),
  );
}

/** n powers of a base, whose exponents go from start to end at equal distances. `logspace(0, 2, 3) // => Tensor[3] [1, 10, 100]` */
export function logspace(
  start: number,
  end: number,
  n: number,
  options: TensorOptions & { base?: number } = {},
): Tensor {
  const exponents = linspace(start, end, n, { dtype: 'float64' }).nd.data;
  const { base = 10 } = options;
  return make([n], options, (data) => data.set(exponents.map((exponent) => base ** exponent)));
}

/** The n × m matrix (square if m is left out) with 1 on the diagonal. `eye(2).toArray() // => [ [ 1, 0 ], [ 0, 1 ] ]` */
export const eye = (n: number, m: number = n, options: TensorOptions = {}): Tensor =>
  make([n, m], options, (data) => {
    for (let i = 0; i < Math.min(n, m); i++) data[i * m + i] = 1;
  });

/** The places [2, …] of a matrix [rows, cols], row by row, whose column less its row satisfies a test. */
function matrixPlaces(rows: number, cols: number, options: TensorOptions, test: (distance: number) => boolean): Tensor {
  checkSizes([rows, cols]);
  const places: [number[], number[]] = [[], []];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      if (test(j - i)) [i, j].forEach((at, axis) => places[axis].push(at));
    }
  }
  return make([2, places[0].length], options, (data) => data.set(places.flat()));
}

/** Where a matrix [rows, cols] has its lower triangle, up to the diagonal number `offset`: a row of rows, a row of columns. `trilIndices(2, 2).toArray() // => [ [ 0, 1, 1 ], [ 0, 0, 1 ] ]` */
export const trilIndices = (rows: number, cols: number, offset = 0, options: TensorOptions = {}): Tensor =>
  matrixPlaces(rows, cols, options, (distance) => distance <= offset);
/** Where it has its upper triangle, from the diagonal number `offset` on. `triuIndices(2, 2).toArray() // => [ [ 0, 0, 1 ], [ 0, 1, 1 ] ]` */
export const triuIndices = (rows: number, cols: number, offset = 0, options: TensorOptions = {}): Tensor =>
  matrixPlaces(rows, cols, options, (distance) => distance >= offset);

const drawn = (shape: Shape, options: RandomOptions, draw: (generator: Generator) => number): Tensor => {
  const generator = options.generator ?? defaultGenerator;
  return make(shape, options, (data) => data.forEach((_, i) => (data[i] = draw(generator))));
};

/** Numbers with equal chance in [0, 1). `rand([2, 3]).shape // => [ 2, 3 ]` */
export const rand = (shape: Shape, options: RandomOptions = {}): Tensor =>
  // Rounding to float32 could give 1: 24 bits are as many as float32 holds in [0.5, 1).
  drawn(shape, options, (generator) => (generator.bits() >>> 8) * 2 ** -24);

/** Numbers from the normal distribution with mean 0 and variance 1. `randn([2, 3]).shape // => [ 2, 3 ]` */
export const randn = (shape: Shape, options: RandomOptions = {}): Tensor => drawn(shape, options, (g) => g.normal());

/** Whole numbers in [low, high). `randint(0, 10, [4]).lt(10).all() // => Tensor[] 1` */
export const randint = (low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor =>
  drawn(shape, options, (generator) => generator.integer(low, high));

/** 0 … n−1 in random order. `randperm(4).sum() // => Tensor[] 6` */
export const randperm = (n: number, options: RandomOptions = {}): Tensor =>
  make([n], options, (data) => data.set((options.generator ?? defaultGenerator).permutation(n)));

const like = (x: Tensor, options: TensorOptions): TensorOptions => ({ dtype: x.dtype, ...options });

/** Zeros of x's shape and dtype. `zerosLike(ones([2])) // => Tensor[2] [0, 0]` */
export const zerosLike = (x: Tensor, options: TensorOptions = {}): Tensor => zeros(x.shape, like(x, options));
/** Ones of x's shape and dtype. `onesLike(zeros([2])) // => Tensor[2] [1, 1]` */
export const onesLike = (x: Tensor, options: TensorOptions = {}): Tensor => ones(x.shape, like(x, options));
/** One value, of x's shape and dtype. `fullLike(zeros([2]), 3) // => Tensor[2] [3, 3]` */
export const fullLike = (x: Tensor, value: number, options: TensorOptions = {}): Tensor =>
  full(x.shape, value, like(x, options));
/** As rand, of x's shape and dtype. */
export const randLike = (x: Tensor, options: RandomOptions = {}): Tensor => rand(x.shape, like(x, options));
/** As randn, of x's shape and dtype. */
export const randnLike = (x: Tensor, options: RandomOptions = {}): Tensor => randn(x.shape, like(x, options));

/** Tensors of one shape side by side along a new dim. `stack([ones([2]), zeros([2])]).toArray() // => [ [ 1, 1 ], [ 0, 0 ] ]` */
export const stack = (tensors: readonly Tensor[], dim = 0): Tensor => {
  checkList('stack', 'tensors', tensors);
  checkTensors('stack', ...tensors);
  const first = tensors[0]?.shape ?? [];
  for (const x of tensors) {
    if (showShape(x.shape) !== showShape(first)) {
      throw new ShapeError('stack', 'all tensors must have one shape', `${showShape(first)} and ${showShape(x.shape)}`);
    }
  }
  return concat(
    tensors.map((x) => x.unsqueeze(dim)),
    dim,
  );
};

/** a where the mask is not 0, else b; the three broadcast. `where(tensor([1, 0]), 5, tensor([6, 7])) // => Tensor[2] [5, 7]` */
export function where(mask: Tensor, a: Operand, b: Operand): Tensor {
  checkTensors('where', mask);
  if (a instanceof Tensor) return a.where(mask, b);
  return b instanceof Tensor ? b.where(mask.eq(0), a) : full([], a).where(mask, b);
}

export { concat, concat as cat };
