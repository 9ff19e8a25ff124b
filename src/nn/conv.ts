/** Convolution and transposed convolution over one, two or three dims, as functions. The layers are in convLayers.ts. */
import { checkTensors } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { Shape } from '../array/nd.ts';
import { tensor } from '../create.ts';
import type { Movement } from '../kernels/conv.ts';
import * as ops from '../ops/index.ts';
import { apply, type Tensor } from '../tensor.ts';
import { pad } from './patches.ts';
import { batched, planar, sizes, type Dims, type Size } from './sizes.ts';

export interface ConvOptions {
  /** Steps from one place of the kernel to the next; 1 if left out. */
  readonly stride?: Size;
  /** Zeros around the image; 'same' as many as keep its size (with stride 1), 'valid' none. 0 if left out. */
  readonly padding?: Size | 'same' | 'valid';
  /** Steps between the kernel's own numbers; 1 if left out. */
  readonly dilation?: Size;
  /** The channels fall into so many groups, each convolved by itself. 1 if left out. */
  readonly groups?: number;
}

export interface ConvTransposeOptions extends ConvOptions {
  readonly padding?: Size;
  /** Places more at the end: with a stride several sizes are convolved to one. 0 if left out. */
  readonly outputPadding?: Size;
}

/** How a kernel moves, a number a dim. */
interface Moves {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Zeros before the first place, and before and after together. */
  readonly before: readonly number[];
  readonly total: readonly number[];
  /** Steps from the kernel's first number to its last. */
  readonly reach: readonly number[];
  readonly groups: number;
}

/** The options of a convolution, checked. Of an odd number of zeros, the one more comes after. */
export function movesOf(where: string, options: ConvOptions, kernel: readonly number[], dims: Dims): Moves {
  const stride = sizes(where, 'stride', options.stride ?? 1, 1, dims);
  const dilation = sizes(where, 'dilation', options.dilation ?? 1, 1, dims);
  const reach = kernel.map((k, d) => dilation[d] * (k - 1));
  const { padding = 0, groups = 1 } = options;
  if (padding === 'same' && Math.max(...stride) > 1) {
    throw new ValueError(where, "with padding 'same' the stride must be 1", showShape(stride));
  }
  if (typeof padding === 'string' && padding !== 'same' && padding !== 'valid') {
    throw new ValueError(where, "padding must be numbers, 'same' or 'valid'", `'${String(padding)}'`);
  }
  const around = typeof padding === 'string' ? null : sizes(where, 'padding', padding, 0, dims);
  const total = around?.map((n) => 2 * n) ?? (padding === 'same' ? reach : reach.map(() => 0));
  return { stride, dilation, reach, groups, total, before: total.map((n) => Math.floor(n / 2)) };
}

/** The movement over the last two dims. */
const inPlane = ({ stride, before, dilation, groups }: Moves): Movement => ({
  stride: planar(stride, 1),
  padding: planar(before, 0),
  dilation: planar(dilation, 1),
  groups,
});

/** Refuses channels that the weight, the groups or the bias do not fit. */
// prettier-ignore
function checkChannels(
  where: string, x: Tensor, weight: Tensor, bias: Tensor | null | undefined, groups: number, dims: Dims, turned = false,
): void {
  const [first, second] = weight.shape;
  const [ins, outs] = turned ? [first, second * groups] : [second * groups, first];
  const fits =
    weight.ndim === dims + 2 &&
    (x.ndim === dims + 2 || x.ndim === dims + 1) &&
    Number.isInteger(groups) && groups > 0 && first % groups === 0 &&
    x.shape[x.ndim - dims - 1] === ins &&
    (!bias || (bias.ndim === 1 && bias.shape[0] === outs));
  if (fits) return;
  const spatial = [', k', ', kH, kW', ', kD, kH, kW'][dims - 1];
  const rule = turned
    ? `x must be [N, C, …] for a weight [C, O/groups${spatial}] and a bias [O]`
    : `x must be [N, C, …] for a weight [O, C/groups${spatial}] and a bias [O]`;
  throw new ShapeError(where, `${rule}, C and O multiples of groups`,
    `${showShape(x.shape)}, ${showShape(weight.shape)} and ${bias ? showShape(bias.shape) : 'none'} in ${groups} group${groups === 1 ? '' : 's'}`);
}

/** y + b for each channel. Expanded over the batch first: then its gradient is summed image by image, as memory lies. */
function addBias(y: Tensor, bias: Tensor | null | undefined): Tensor {
  if (!bias) return y;
  const [N, O, ...places] = y.shape;
  const ones = places.map(() => 1);
  return y.add(bias.reshape([1, O, ...ones]).expand([N, O, ...ones]));
}

/** A 1-d signal as an image of one row, and back. */
const flat = (x: Tensor): Tensor => x.unsqueeze(-2);

// A volume is convolved as images: for each place along the depth, the planes that it sees are channels of one image. The
// weight [O, C/groups, kD, kH, kW] is that of images [O, C/groups·kD, kH, kW] as it lies in memory.

/** Which planes, counted from the first zero, each of `places` along the depth sees, `k` each. */
const planesSeen = (places: number, k: number, { stride, dilation }: Moves): number[] =>
  Array.from({ length: places * k }, (_, i) => Math.floor(i / k) * stride[0] + (i % k) * dilation[0]);

/** How many planes there are with the zeros before and after, of which those from `before` on are not. */
const depthOf = (D: number, seen: readonly number[], { before }: Moves): number =>
  Math.max(before[0] + D, 1 + Math.max(-1, ...seen));

/** Volumes [N, C, D, H, W] to images [N·places, C·k, H, W], what each place along the depth sees. */
function slabs(x: Tensor, places: number, k: number, moves: Moves): Tensor {
  const [N, C, D, H, W] = x.shape;
  const seen = planesSeen(places, k, moves);
  const before = moves.before[0];
  const padded = pad(x, [0, 0, 0, 0, before, depthOf(D, seen, moves) - before - D]);
  const cells = padded.indexSelect(2, tensor(seen)).reshape([N, C, places, k, H, W]); // prettier-ignore
  return cells.transpose(1, 2).reshape([N * places, C * k, H, W]);
}

/** The adjoint of slabs: images [N·places, C·k, H, W] added up to volumes [N, C, D, H, W]. */
function addSlabs(y: Tensor, [N, C, D, H, W]: Shape, places: number, k: number, moves: Moves): Tensor {
  const seen = planesSeen(places, k, moves);
  const cells = y.reshape([N, places, C, k, H, W]).transpose(1, 2).reshape([N, C, places * k, H, W]); // prettier-ignore
  const padded = apply(ops.indexAdd, cells, tensor(seen), 2, [N, C, depthOf(D, seen, moves), H, W]);
  return padded.narrow(2, moves.before[0], D);
}

/** The weight of volumes as one of images. */
const flatWeight = (w: Tensor): Tensor => w.flatten(1, 2);

function convolve(where: string, x: Tensor, w: Tensor, bias: Tensor | null | undefined, o: ConvOptions, dims: Dims) {
  checkTensors(where, x, w);
  checkChannels(where, x, w, bias, o.groups ?? 1, dims);
  const kernel = w.shape.slice(2);
  const moves = movesOf(where, o, kernel, dims);
  return batched(where, x, dims + 2, (images) => {
    const room = moves.reach.map((reach, d) => images.shape[d + 2] + moves.total[d] - reach - 1); // steps of 1 that it can go
    if (Math.min(...room) < 0 || kernel.includes(0)) {
      const got = `${showShape(kernel)} on ${showShape(x.shape.slice(-dims))}`;
      throw new ShapeError(where, 'the dilated kernel must fit into the padded input', got);
    }
    const places = room.map((n, d) => Math.floor(n / moves.stride[d]) + 1);
    const [image, weight] =
      dims === 1
        ? [flat(images), flat(w)]
        : dims === 2
          ? [images, w]
          : [slabs(images, places[0], kernel[0], moves), flatWeight(w)];
    const y = apply(ops.conv2d, image, weight, planar(places, 1), inPlane(moves));
    const [N, O] = [images.shape[0], w.shape[0]];
    const planes = dims === 3 ? y.reshape([N, places[0], O, ...places.slice(1)]).transpose(1, 2) : y;
    return addBias(dims === 1 ? planes.squeeze(-2) : planes, bias);
  });
}

// prettier-ignore
function convolveBack(
  where: string, x: Tensor, w: Tensor, bias: Tensor | null | undefined, o: ConvTransposeOptions, dims: Dims,
): Tensor {
  checkTensors(where, x, w);
  checkChannels(where, x, w, bias, o.groups ?? 1, dims, true);
  const kernel = w.shape.slice(2);
  const moves = movesOf(where, o, kernel, dims);
  const more = sizes(where, 'outputPadding', o.outputPadding ?? 0, 0, dims);
  if (more.some((n, d) => n >= Math.max(moves.stride[d], moves.dilation[d]))) {
    throw new ValueError(where, 'outputPadding must be less than stride or dilation', showShape(more));
  }
  return batched(where, x, dims + 2, (images) => {
    const [N, C, ...places] = images.shape;
    const size = places.map((n, d) => (n - 1) * moves.stride[d] - moves.total[d] + moves.reach[d] + more[d] + 1);
    if (Math.min(...size) < 1) {
      throw new ShapeError(where, 'the result must have at least one place along each dim', showShape(size));
    }
    if (dims === 1) return addBias(apply(ops.conv2dInput, flat(images), flat(w), planar(size, 1), inPlane(moves)).squeeze(-2), bias);
    if (dims === 2) return addBias(apply(ops.conv2dInput, images, w, planar(size, 1), inPlane(moves)), bias);
    const planes = images.transpose(1, 2).reshape([N * places[0], C, places[1], places[2]]);
    const y = apply(ops.conv2dInput, planes, flatWeight(w), planar(size, 1), inPlane(moves));
    return addBias(addSlabs(y, [N, w.shape[1] * moves.groups, ...size], places[0], kernel[0], moves), bias);
  });
}

/**
 * Convolution (cross-correlation, as everywhere in deep learning) of images x [N, C, H, W] (or one, [C, H, W]) with a
 * weight [O, C/groups, kH, kW] and a bias [O]: y(o, i) = b(o) + Σ w(o, c, k)·x(c, i·stride + k·dilation − padding), to
 * [N, O, ⌊(H + 2·padding − dilation·(kH − 1) − 1)/stride⌋ + 1, …]. PyTorch: `torch.nn.functional.conv2d`.
 * `nn.functional.conv2d(ones([1, 1, 3, 3]), ones([1, 1, 2, 2])).flatten() // => Tensor[4] [4, 4, 4, 4]`
 * @throws ShapeError when channels do not fit or the kernel is larger than the padded image; ValueError on bad options
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor {
  return convolve('conv2d', x, weight, bias, options, 2);
}

/**
 * Convolution of signals x [N, C, L] (or one, [C, L]) with a weight [O, C/groups, k] and a bias [O]. See conv2d.
 * `nn.functional.conv1d(tensor([[[1, 2, 4]]]), tensor([[[-1, 1]]])).flatten() // => Tensor[2] [1, 2]`
 * @throws ShapeError and ValueError as conv2d
 */
export function conv1d(x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor {
  return convolve('conv1d', x, weight, bias, options, 1);
}

/**
 * Convolution of volumes x [N, C, D, H, W] (or one, [C, D, H, W]) with a weight [O, C/groups, kD, kH, kW] and a bias [O].
 * See conv2d. `nn.functional.conv3d(ones([1, 1, 2, 2, 2]), ones([1, 1, 2, 2, 2])).item() // => 8`
 * @throws ShapeError and ValueError as conv2d
 */
export function conv3d(x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor {
  return convolve('conv3d', x, weight, bias, options, 3);
}

/**
 * The adjoint of conv2d in its input: each number of x [N, C, H, W] (or [C, H, W]) adds its multiple of the kernel, weight
 * [C, O/groups, kH, kW], to the result [N, O, (H − 1)·stride − 2·padding + dilation·(kH − 1) + outputPadding + 1, …].
 * PyTorch: `torch.nn.functional.conv_transpose2d`.
 * `nn.functional.convTranspose2d(ones([1, 1, 1, 2]), ones([1, 1, 1, 2])).flatten() // => Tensor[3] [1, 2, 1]`
 * @throws ShapeError when channels do not fit or nothing would be left; ValueError on bad options
 */
// prettier-ignore
export function convTranspose2d(
  x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvTransposeOptions = {},
): Tensor {
  return convolveBack('convTranspose2d', x, weight, bias, options, 2);
}

/**
 * Transposed convolution of signals x [N, C, L] (or [C, L]), weight [C, O/groups, k], bias [O]. See convTranspose2d.
 * `nn.functional.convTranspose1d(ones([1, 1, 2]), ones([1, 1, 2])).flatten() // => Tensor[3] [1, 2, 1]`
 * @throws ShapeError and ValueError as convTranspose2d
 */
// prettier-ignore
export function convTranspose1d(
  x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvTransposeOptions = {},
): Tensor {
  return convolveBack('convTranspose1d', x, weight, bias, options, 1);
}

/**
 * Transposed convolution of volumes x [N, C, D, H, W] (or [C, D, H, W]), weight [C, O/groups, kD, kH, kW], bias [O].
 * See convTranspose2d. `nn.functional.convTranspose3d(ones([1, 1, 2, 1, 1]), ones([1, 1, 2, 1, 1])).flatten() // => Tensor[3] [1, 2, 1]`
 * @throws ShapeError and ValueError as convTranspose2d
 */
// prettier-ignore
export function convTranspose3d(
  x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvTransposeOptions = {},
): Tensor {
  return convolveBack('convTranspose3d', x, weight, bias, options, 3);
}
