/** Pictures in pieces: feature masks for limeGroups, shapley and featureAblation. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { countOf } from './model.ts';

/**
 * Rectangles of h × w over a picture of H × W, numbered by rows: [H, W]. Those at the right and lower edge may be smaller.
 * `.expand([C, H, W])` makes it the mask of a picture with channels.
 * ```ts
 * import { gridSegments } from 'adjoint/explain';
 * gridSegments([2, 4], [2, 2]).toArray() // => [ [ 0, 0, 1, 1 ], [ 0, 0, 1, 1 ] ]
 * ```
 */
export function gridSegments([H, W]: readonly [number, number], [h, w]: readonly [number, number]): Tensor {
  const [height, width] = [H, W].map((size) => countOf('gridSegments', 'a side of the picture', size));
  const [down, right] = [h, w].map((size) => countOf('gridSegments', 'a side of a segment', size));
  const across = Math.ceil(width / right);
  const number = (at: number): number =>
    Math.floor(Math.floor(at / width) / down) * across + Math.floor((at % width) / right);
  return tensor(Int32Array.from({ length: height * width }, (_, at) => number(at)), { dtype: 'float32' }).reshape([height, width]);
} // prettier-ignore

export interface SlicOptions {
  /** About so many; 50 if left out. */
  readonly segments?: number;
  /** How much a distance of one segment's side counts against a difference of colour of 1; 0.2 if left out. */
  readonly compactness?: number;
  /** 10 if left out. */
  readonly iterations?: number;
}

/**
 * Superpixels by SLIC (Achanta et al., 2012) for a picture [H, W] or [C, H, W] of numbers around 0 to 1: k-means over colour
 * and place, d² = |Δcolour|² + (compactness·|Δplace|/S)² with S the side of a segment, each centre looking no further than
 * 2·S; then pieces that are cut off from their segment go to a neighbour. The result is [H, W], numbered 0, 1, 2, …
 * ```ts
 * import { tensor } from 'adjoint';
 * import { slic } from 'adjoint/explain';
 * const picture = tensor([[0, 0, 0, 1], [0, 0, 0, 1]]);
 * slic(picture, { segments: 2 }).toArray() // => [ [ 0, 0, 0, 1 ], [ 0, 0, 0, 1 ] ]
 * ```
 * @throws ShapeError when it is no picture; ValueError when an option cannot be
 */
export function slic(picture: Tensor, options: SlicOptions = {}): Tensor {
  if ((picture.ndim !== 2 && picture.ndim !== 3) || picture.numel() === 0) {
    throw new ShapeError('slic', 'the picture must be [H, W] or [C, H, W]', showShape(picture.shape));
  }
  const { compactness = 0.2 } = options;
  if (!(compactness >= 0)) throw new ValueError('slic', 'compactness must be 0 or more', `${compactness}`);
  const wanted = countOf('slic', 'segments', options.segments ?? 50);
  const iterations = countOf('slic', 'iterations', options.iterations ?? 10);
  const [H, W] = picture.shape.slice(-2);
  const size = H * W;
  const colours = picture.detach().contiguous().toTypedArray();
  const channels = colours.length / size;
  const side = Math.sqrt(size / wanted);
  const [rows, columns] = [Math.max(1, Math.round(H / side)), Math.max(1, Math.round(W / side))];
  const width = channels + 2; // of a centre: colour, row, column
  const centres = new Float64Array(rows * columns * width);
  for (let c = 0; c < rows * columns; c++) {
    const y = ((Math.floor(c / columns) + 0.5) * H) / rows - 0.5;
    const x = (((c % columns) + 0.5) * W) / columns - 0.5;
    for (let k = 0; k < channels; k++) centres[c * width + k] = colours[k * size + Math.round(y) * W + Math.round(x)];
    centres[c * width + channels] = y;
    centres[c * width + channels + 1] = x;
  }
  const label = new Int32Array(size);
  const reach = Math.ceil(2 * side);
  for (let round = 0; round < iterations; round++) {
    const nearest = new Float64Array(size).fill(Infinity);
    for (let at = 0; at < centres.length; at += width) {
      const [cy, cx] = [centres[at + channels], centres[at + channels + 1]];
      for (let y = Math.max(0, Math.ceil(cy - reach)); y < Math.min(H, cy + reach + 1); y++) {
        for (let x = Math.max(0, Math.ceil(cx - reach)); x < Math.min(W, cx + reach + 1); x++) {
          let d = ((compactness / side) ** 2) * ((y - cy) ** 2 + (x - cx) ** 2);
          for (let k = 0; k < channels; k++) d += (colours[k * size + y * W + x] - centres[at + k]) ** 2;
          if (d < nearest[y * W + x]) [nearest[y * W + x], label[y * W + x]] = [d, at / width];
        }
      }
    }
    const counts = new Float64Array(rows * columns);
    const sums = new Float64Array(centres.length);
    for (let p = 0; p < size; p++) {
      const at = label[p] * width;
      counts[label[p]]++;
      for (let k = 0; k < channels; k++) sums[at + k] += colours[k * size + p];
      sums[at + channels] += Math.floor(p / W);
      sums[at + channels + 1] += p % W;
    }
    sums.forEach((sum, i) => counts[Math.floor(i / width)] > 0 && (centres[i] = sum / counts[Math.floor(i / width)]));
  }
  return tensor(connected(label, W, (side * side) / 4)).reshape([H, W]);
} // prettier-ignore

/** Numbers connected pieces of equal label; pieces of fewer than `least` pixels join the piece that is before them. */
function connected(label: Int32Array, W: number, least: number): number[] {
  const piece = new Int32Array(label.length).fill(-1);
  let pieces = 0;
  for (let start = 0; start < label.length; start++) {
    if (piece[start] >= 0) continue;
    const members = [start];
    piece[start] = pieces;
    let before = -1; // a piece that was numbered earlier and touches this one
    for (const p of members) {
      const neighbours = [p - W, p + W, p % W > 0 ? p - 1 : -1, p % W < W - 1 ? p + 1 : -1];
      for (const q of neighbours) {
        if (q < 0 || q >= label.length) continue;
        if (piece[q] >= 0 && piece[q] !== pieces) before = piece[q];
        if (piece[q] >= 0 || label[q] !== label[start]) continue;
        piece[q] = pieces;
        members.push(q);
      }
    }
    if (members.length < least && before >= 0) for (const p of members) piece[p] = before;
    else pieces++;
  }
  return [...piece];
}
