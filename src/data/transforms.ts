/**
 * Transforms of pictures and numbers, to be put in `mapDataset`: each is a function of a tensor and of a generator, from
 * which what is random is drawn. Pictures are [C, H, W], or anything whose last two dims are rows and columns.
 */
import { ShapeError, showShape } from '../array/errors.ts';
import { nd, wrapDim } from '../array/nd.ts';
import type { Generator } from '../array/random.ts';
import { randnLike, tensor, zeros } from '../create.ts';
import { concat, Tensor } from '../tensor.ts';

export type Transform = (x: Tensor, random: Generator) => Tensor;

/**
 * One transform after the other.
 * ```ts
 * import { arange, Generator } from 'adjoint';
 * import { centerCrop, compose, randomFlip } from 'adjoint/data';
 * const augment = compose(centerCrop(2), randomFlip({ p: 1 }));
 * console.log(augment(arange(16).reshape([1, 4, 4]), new Generator(1)).toArray()); // => [ [ [ 6, 5 ], [ 10, 9 ] ] ]
 * ```
 */
export const compose =
  (...transforms: readonly Transform[]): Transform =>
  (x, random) =>
    transforms.reduce((y, transform) => transform(y, random), x);

/** What fitNormalize learned: plain data, to be kept with the model as JSON. */
export interface Normalization {
  /** along which dim the statistics differ; null for one of each */
  readonly dim: number | null;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Mean and standard deviation of training data: of all numbers, or for each place along `dim` (1 for the channels of
 * pictures [N, C, H, W], −1 for the columns of a table). A deviation of 0 counts as 1.
 * ```ts
 * import { Generator, tensor } from 'adjoint';
 * import { fitNormalize, normalize } from 'adjoint/data';
 * const x = tensor([[1, 10], [3, 10]]);
 * const fitted = fitNormalize(x, -1);
 * console.log(fitted); // => { dim: -1, mean: [ 2, 10 ], std: [ 1, 1 ] }
 * console.log(normalize(fitted)(x, new Generator()).toArray()); // => [ [ -1, 0 ], [ 1, 0 ] ]
 * ```
 * @throws ShapeError without any numbers, or for a dim that is not there
 */
export function fitNormalize(x: Tensor, dim: number | null = null): Normalization {
  if (x.numel() === 0) throw new ShapeError('fitNormalize', 'there must be numbers', showShape(x.shape));
  const d = dim === null ? null : wrapDim('fitNormalize', dim, x.ndim);
  const places = d === null ? 1 : x.shape[d];
  const inner = d === null ? x.numel() : x.shape.slice(d + 1).reduce((n, size) => n * size, 1);
  const data = x.toTypedArray();
  const count = data.length / places;
  const mean = new Float64Array(places);
  const square = new Float64Array(places);
  data.forEach((value, i) => (mean[Math.floor(i / inner) % places] += value / count));
  data.forEach((value, i) => {
    const place = Math.floor(i / inner) % places;
    square[place] += (value - mean[place]) ** 2 / count;
  });
  // Counted from the end, so that the statistics of a batch fit one item of it too.
  const fromEnd = d === null ? null : d - x.ndim;
  return { dim: fromEnd, mean: [...mean], std: Array.from(square, (value) => Math.sqrt(value) || 1) };
}

const statistic = (values: readonly number[], dim: number | null, x: Tensor): Tensor => {
  if (dim === null) return tensor(values[0], { dtype: x.dtype });
  const shape = x.shape.map(() => 1);
  const d = wrapDim('normalize', dim, x.ndim);
  if (x.shape[d] !== values.length) {
    throw new ShapeError('normalize', `there must be ${values.length} places along dim ${dim}`, showShape(x.shape));
  }
  shape[d] = values.length;
  return tensor([...values], { dtype: x.dtype }).reshape(shape);
};

/** (x − mean) / std; see fitNormalize. torchvision: `Normalize`. */
export const normalize =
  ({ dim, mean, std }: Normalization): Transform =>
  (x) =>
    x.sub(statistic(mean, dim, x)).div(statistic(std, dim, x));

/** Back from normalize: x · std + mean. */
export const denormalize =
  ({ dim, mean, std }: Normalization): Transform =>
  (x) =>
    x.mul(statistic(std, dim, x)).add(statistic(mean, dim, x));

/**
 * Class numbers as rows with a 1 at the class: Tensor.oneHot, as a transform.
 * ```ts
 * import { Generator, tensor } from 'adjoint';
 * import { oneHot } from 'adjoint/data';
 * console.log(oneHot(3)(tensor([2, 0]), new Generator()).toArray()); // => [ [ 0, 0, 1 ], [ 1, 0, 0 ] ]
 * ```
 * @throws ValueError for a number that is no class
 */
export const oneHot =
  (classes: number): Transform =>
  (x) =>
    x.oneHot(classes);

type Size = number | readonly [rows: number, columns: number];
const pair = (size: Size): readonly [number, number] => (typeof size === 'number' ? [size, size] : size);

/** Rows and columns of a picture, and refuses what is none. */
function sides(where: string, x: Tensor): [number, number] {
  if (x.ndim < 2) throw new ShapeError(where, 'a picture must have rows and columns', showShape(x.shape));
  return [x.shape[x.ndim - 2], x.shape[x.ndim - 1]];
}

function crop(
  where: string,
  x: Tensor,
  [rows, columns]: readonly [number, number],
  place: (room: number) => number,
): Tensor {
  const [H, W] = sides(where, x);
  if (!(rows >= 1 && rows <= H && columns >= 1 && columns <= W)) {
    const got = `${rows} × ${columns} of ${H} × ${W}`;
    throw new ShapeError(where, 'what is cut out must lie within the picture', got);
  }
  const top = place(H - rows);
  const left = place(W - columns);
  return x.narrow(-2, top, rows).narrow(-1, left, columns);
}

/** The middle of a picture. torchvision: `CenterCrop`. */
export const centerCrop =
  (size: Size): Transform =>
  (x) =>
    crop('centerCrop', x, pair(size), (room) => Math.floor(room / 2));

/** With `width` zeros before and behind, along a dim. */
function framed(x: Tensor, dim: number, width: number): Tensor {
  const shape = x.shape.with(dim, width);
  const edge = zeros(shape, { dtype: x.dtype });
  return concat([edge, x, edge], dim);
}

/**
 * A piece of a picture at a random place, after `padding` zeros were put around it. torchvision: `RandomCrop`.
 * ```ts
 * import { Generator, ones } from 'adjoint';
 * import { randomCrop } from 'adjoint/data';
 * console.log(randomCrop(28, { padding: 2 })(ones([1, 28, 28]), new Generator(1)).shape); // => [ 1, 28, 28 ]
 * ```
 */
export const randomCrop =
  (size: Size, { padding = 0 }: { readonly padding?: number } = {}): Transform =>
  (x, random) => {
    sides('randomCrop', x);
    const padded = padding > 0 ? framed(framed(x, -1, padding), -2, padding) : x;
    return crop('randomCrop', padded, pair(size), (room) => random.integer(0, room + 1));
  };

/** Turns the picture over along a dim, with a chance of p: −1 (default) left to right, −2 upside down. */
export const randomFlip =
  ({ p = 0.5, dim = -1 }: { readonly p?: number; readonly dim?: number } = {}): Transform =>
  (x, random) =>
    random.uniform() < p ? x.flip(dim) : x;

/**
 * Turns a picture by an angle about its centre: bilinear, 0 beyond the edge. Clockwise as seen, since y goes down.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { rotate } from 'adjoint/data';
 * console.log(rotate(tensor([[1, 2], [3, 4]]), 90).round().toArray()); // => [ [ 3, 1 ], [ 4, 2 ] ]
 * ```
 * @param degrees the angle
 */
export function rotate(x: Tensor, degrees: number): Tensor {
  const [H, W] = sides('rotate', x);
  const data = x.toTypedArray();
  const out = data.slice();
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [middleY, middleX] = [(H - 1) / 2, (W - 1) / 2];
  const at = (plane: number, r: number, c: number): number =>
    r >= 0 && c >= 0 && r < H && c < W ? data[plane + r * W + c] : 0;
  for (let plane = 0; plane < data.length; plane += H * W) {
    for (let r = 0; r < H; r++) {
      for (let c = 0; c < W; c++) {
        // The place of the source that the pixel shows.
        const u = cos * (c - middleX) + sin * (r - middleY) + middleX;
        const v = -sin * (c - middleX) + cos * (r - middleY) + middleY;
        const [i, j] = [Math.floor(u), Math.floor(v)];
        const [fu, fv] = [u - i, v - j];
        const top = (1 - fu) * at(plane, j, i) + fu * at(plane, j, i + 1);
        const bottom = (1 - fu) * at(plane, j + 1, i) + fu * at(plane, j + 1, i + 1);
        out[plane + r * W + c] = (1 - fv) * top + fv * bottom;
      }
    }
  }
  return new Tensor(nd(out, x.shape));
}

/** Turns by an angle drawn from −degrees … degrees. torchvision: `RandomRotation`. */
export const randomRotation =
  (degrees: number): Transform =>
  (x, random) =>
    rotate(x, random.uniform(-degrees, degrees));

/** Adds numbers from the normal distribution, with the standard deviation given. */
export const addNoise =
  (std: number): Transform =>
  (x, random) =>
    x.add(randnLike(x, { generator: random }).mul(std));

/**
 * A picture at another size. Each pixel is the mean of what it covers, weighted by a triangle (bilinear; smaller
 * pictures are smoothed, as Pillow does it). torchvision: `Resize`.
 * ```ts
 * import { Generator, tensor } from 'adjoint';
 * import { resize } from 'adjoint/data';
 * console.log(resize([1, 4])(tensor([[0, 1]]), new Generator()).toArray()); // => [ [ 0, 0.25, 0.75, 1 ] ]
 * ```
 */
export const resize = (size: Size): Transform => {
  const [rows, columns] = pair(size);
  return (x) => {
    const [H, W] = sides('resize', x);
    // Two matrix products: weights of rows · x · weights of columns.
    const down = tensor(weightsOf(H, rows), { dtype: x.dtype });
    const across = tensor(weightsOf(W, columns), { dtype: x.dtype });
    return down.matmul(x).matmul(across.mT);
  };
};

/** For each of `to` places along a side, how much each of `from` places counts. */
function weightsOf(from: number, to: number): number[][] {
  if (!Number.isInteger(to) || to < 1 || from < 1) {
    throw new ShapeError('resize', 'sizes must be whole numbers from 1', `${from} to ${to}`);
  }
  const scale = from / to;
  const reach = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const row = Array.from({ length: from }, (_, j) => Math.max(0, 1 - Math.abs(j + 0.5 - centre) / reach));
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((weight) => weight / sum);
  });
}
