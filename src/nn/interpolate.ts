/** Signals, images and volumes at other sizes: interpolate, and the layers Upsample, UpsamplingNearest2d and UpsamplingBilinear2d. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { stack, tensor } from '../create.ts';
import type { Taps } from '../kernels/resample.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';
import { Module, shown } from './module.ts';
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d } from './pooling.ts';
import { sizes, type Dims, type Size } from './sizes.ts';

/** How numbers between places are found, and over how many dims. */
const MODES = {
  nearest: [1, 2, 3],
  'nearest-exact': [1, 2, 3],
  linear: [1],
  bilinear: [2],
  trilinear: [3],
  bicubic: [2],
  area: [1, 2, 3],
} as const;

export type InterpolateMode = keyof typeof MODES;

export interface InterpolateOptions {
  /** The size of the result: one number for all dims, or one each. Either this or scaleFactor. */
  readonly size?: Size;
  /** How many times as large the result is: one number for all dims, or one each; sizes are rounded down. */
  readonly scaleFactor?: Size;
  /** 'nearest' if left out. */
  readonly mode?: InterpolateMode;
  /** Whether the first and last places of input and result fall together, or the edges of their first and last cells. For linear and cubic modes; false if left out. */
  readonly alignCorners?: boolean;
  /** Whether distances follow from the sizes and not from scaleFactor, of which rounding leaves a rest. false if left out. */
  readonly recomputeScaleFactor?: boolean;
}

/** Steps in the input for each of the result's; `scale` is undefined where it follows from the sizes. */
const stepOf = (n: number, count: number, scale: number | undefined): number => (scale === undefined ? n / count : 1 / scale); // prettier-ignore

/** The nearest place, counted from the left edge of cells or (exact) from their middle; in float32, as PyTorch counts. */
function nearest(n: number, count: number, scale: number | undefined, exact: boolean): number[] {
  const step = Math.fround(stepOf(n, count, scale));
  const at = (i: number): number => {
    if (exact) return Math.floor(Math.fround((i + 0.5) * step));
    if (count === n) return i;
    return count === 2 * n ? i >> 1 : Math.floor(Math.fround(i * step));
  };
  return Array.from({ length: count }, (_, i) => Math.min(at(i), n - 1));
}

/** Where each place of the result lies among those of the input. */
function positions(n: number, count: number, scale: number | undefined, align: boolean): number[] {
  const step = align ? (count > 1 ? (n - 1) / (count - 1) : 0) : stepOf(n, count, scale);
  return Array.from({ length: count }, (_, i) => (align ? i * step : (i + 0.5) * step - 0.5));
}

/** Two neighbours, by their distances. */
function linear(at: readonly number[], n: number): Taps {
  const inside = at.map((p) => Math.min(Math.max(p, 0), n - 1));
  const index = inside.flatMap((p) => [Math.floor(p), Math.min(Math.floor(p) + 1, n - 1)]);
  const weight = inside.flatMap((p) => [1 - (p - Math.floor(p)), p - Math.floor(p)]);
  return { width: 2, index, weight };
}

/** The weights of the four neighbours at t after the second, by Keys's cubic with a = −¾ (1981). */
export function cubicWeights(t: Tensor): Tensor[] {
  const a = -0.75;
  const near = (x: Tensor): Tensor => x.mul(a + 2).sub(a + 3).mul(x).mul(x).add(1); // prettier-ignore
  const far = (x: Tensor): Tensor => x.mul(a).sub(5 * a).mul(x).add(8 * a).mul(x).sub(4 * a); // prettier-ignore
  const rest = t.neg().add(1);
  return [far(t.add(1)), near(t), near(rest), far(rest.add(1))];
}

/** Four neighbours; those outside are the nearest inside. */
function cubic(at: readonly number[], n: number): Taps {
  const index = at.flatMap((p) => [-1, 0, 1, 2].map((k) => Math.min(Math.max(Math.floor(p) + k, 0), n - 1)));
  const t = tensor(Float64Array.from(at, (p) => p - Math.floor(p)));
  return { width: 4, index, weight: stack(cubicWeights(t), 1).toTypedArray() };
}

/** The size of the result and the scales that are given, one a dim. */
function sizesOf(where: string, places: readonly number[], o: InterpolateOptions, dims: Dims) {
  const { size, scaleFactor, recomputeScaleFactor = false } = o;
  if ((size === undefined) === (scaleFactor === undefined)) {
    throw new ValueError(where, 'either size or scaleFactor must be given', size === undefined ? 'none' : 'both');
  }
  if (size !== undefined) {
    if (recomputeScaleFactor) throw new ValueError(where, 'recomputeScaleFactor needs a scaleFactor', 'size');
    return { counts: sizes(where, 'size', size, 1, dims), scales: places.map(() => undefined) };
  }
  const scales = typeof scaleFactor === 'number' ? places.map(() => scaleFactor) : (scaleFactor ?? []);
  if (scales.length !== dims || !scales.every((s) => s > 0 && Number.isFinite(s))) {
    throw new ValueError(where, `scaleFactor must be a number above 0, or ${dims}`, showShape(scales));
  }
  const counts = places.map((n, d) => Math.floor(n * scales[d]));
  if (counts.includes(0))
    throw new ShapeError(where, 'the result must have at least one place along each dim', showShape(counts));
  return { counts, scales: recomputeScaleFactor ? places.map(() => undefined) : scales };
}

/**
 * x [N, C, L], [N, C, H, W] or [N, C, D, H, W] at another size. Modes: 'nearest' and 'nearest-exact' take one number,
 * 'linear', 'bilinear' and 'trilinear' two along each dim by their distances, 'bicubic' four, 'area' the mean of a cell.
 * PyTorch: `torch.nn.functional.interpolate`.
 * `nn.functional.interpolate(tensor([[[1, 2]]]), { size: 4, mode: 'linear' }).flatten() // => Tensor[4] [1.0000, 1.2500, 1.7500, 2.0000]`
 * @throws ShapeError when x has other dims or nothing would be left; ValueError when options do not fit each other or the mode
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  const where = 'interpolate';
  const { mode = 'nearest', alignCorners } = options;
  const dims = (x.ndim - 2) as Dims;
  const over: readonly number[] | undefined = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
  if (!over) throw new ValueError(where, `the mode must be one of ${Object.keys(MODES).join(', ')}`, `'${mode}'`);
  const places = x.shape.slice(2);
  if (!over.includes(dims) || places.includes(0)) {
    const rule = `for '${mode}' the input must have ${over.map((n) => n + 2).join(', ')} dims, none of those after the channels empty`;
    throw new ShapeError(where, rule, showShape(x.shape));
  }
  const stepwise = mode === 'area' || mode === 'nearest' || mode === 'nearest-exact';
  if (stepwise && alignCorners !== undefined) {
    throw new ValueError(where, 'alignCorners is for linear and cubic modes', `'${mode}'`);
  }
  const { counts, scales } = sizesOf(where, places, options, dims);
  if (mode === 'area') return [adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d][dims - 1](x, counts);
  const along = (y: Tensor, n: number, d: number): Tensor => {
    const [count, scale] = [counts[d], scales[d]];
    if (stepwise) return y.indexSelect(d + 2, tensor(nearest(n, count, scale, mode === 'nearest-exact')));
    const at = positions(n, count, scale, alignCorners ?? false);
    return apply(ops.resample, y, d + 2, mode === 'bicubic' ? cubic(at, n) : linear(at, n));
  };
  return places.reduceRight(along, x); // the last dim first: the others then move whole rows
}

/** The name that interpolate had before; PyTorch keeps it as well. `nn.functional.upsample(tensor([[[1, 2]]]), { scaleFactor: 2 }).flatten() // => Tensor[4] [1, 1, 2, 2]` */
export const upsample = interpolate;

/** A layer that knows what interpolate is to do. */
abstract class Resize extends Module {
  options: InterpolateOptions;
  constructor(options: InterpolateOptions) {
    super();
    this.options = options;
  }
  override forward(x: Tensor): Tensor {
    return interpolate(x, this.options);
  }
  protected override describe(): string {
    return shown(this.options);
  }
}

/** Another size; see nn.functional.interpolate. `new nn.Upsample({ scaleFactor: 2 })(zeros([1, 3, 4, 5])).shape // => [ 1, 3, 8, 10 ]` */
export class Upsample extends Resize {}

type Sizes = Pick<InterpolateOptions, 'size' | 'scaleFactor'>;

/** Images at another size, by their nearest numbers. `new nn.UpsamplingNearest2d({ scaleFactor: 2 })(zeros([1, 3, 4, 5])).shape // => [ 1, 3, 8, 10 ]` */
export class UpsamplingNearest2d extends Resize {
  constructor(options: Sizes) {
    super({ ...options, mode: 'nearest' });
  }
}

/** Images at another size, linearly, corners upon corners. `new nn.UpsamplingBilinear2d({ size: 4 })(zeros([1, 3, 2, 2])).shape // => [ 1, 3, 4, 4 ]` */
export class UpsamplingBilinear2d extends Resize {
  constructor(options: Sizes) {
    super({ ...options, mode: 'bilinear', alignCorners: true });
  }
}
