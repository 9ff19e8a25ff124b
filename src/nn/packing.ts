/**
 * Sequences of different lengths in one tensor: padded to the longest, or packed, time after time without the padding, as
 * torch.nn.utils.rnn has them.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { full, tensor } from '../create.ts';
import { concat, Tensor } from '../tensor.ts';

/** How long each sequence is. */
export type Lengths = Tensor | readonly number[];

/** Sequences of different lengths, time after time, without padding. */
export interface PackedSequence {
  /** The rows of time 0, the longest sequence's first, then those of time 1, …: [Σ lengths, …]. */
  readonly data: Tensor;
  /** How many sequences go on at each time. */
  readonly batchSizes: readonly number[];
  /** Which sequence of the batch each one was, if they were put in order; null if they came in it. */
  readonly sortedIndices: readonly number[] | null;
}

export interface PackOptions {
  /** Whether sequences are [B, T, …] and not [T, B, …]. false if left out. */
  readonly batchFirst?: boolean;
  /** Whether lengths that do not fall are refused, and not put in order. true if left out, as in PyTorch. */
  readonly enforceSorted?: boolean;
}

export interface PadOptions {
  readonly batchFirst?: boolean;
  /** What stands behind the end of a sequence; 0 if left out. */
  readonly paddingValue?: number;
}

const numbersOf = (lengths: Lengths): readonly number[] =>
  lengths instanceof Tensor ? [...lengths.toTypedArray()] : lengths;

/** The places in x [T, B, …], counted row by row, of the packed rows. */
const places = (batchSizes: readonly number[], order: readonly number[]): number[] =>
  batchSizes.flatMap((n, t) => order.slice(0, n).map((b) => t * order.length + b));

/** How long each sequence is, in the order of the batch. */
export function lengthsOf({ batchSizes, sortedIndices }: PackedSequence): number[] {
  const lengths = new Array<number>(batchSizes[0]);
  for (let i = 0; i < batchSizes[0]; i++) lengths[sortedIndices?.[i] ?? i] = batchSizes.findLastIndex((n) => n > i) + 1;
  return lengths;
}

/** float64, for there may be more places than whole numbers in float32. */
const indices = (rows: readonly number[]): Tensor => tensor(rows, { dtype: 'float64' });

/** Rows of x [T, B, …] by place. */
export const rowsAt = (x: Tensor, rows: readonly number[]): Tensor => x.flatten(0, 1).indexSelect(0, indices(rows));

/**
 * Padded sequences without their padding: x [T, B, …] (with batchFirst [B, T, …]), one length each.
 * PyTorch: `torch.nn.utils.rnn.pack_padded_sequence`.
 * `nn.utils.rnn.packPaddedSequence(tensor([[1, 4], [2, 5], [3, 0]]), [3, 2]).data // => Tensor[5] [1, 4, 2, 5, 3]`
 * @throws ShapeError when there is not one length a sequence; ValueError when one is not from 1 to T, or they do not fall
 */
export function packPaddedSequence(x: Tensor, lengths: Lengths, options: PackOptions = {}): PackedSequence {
  const where = 'packPaddedSequence';
  if (x.ndim < 2)
    throw new ShapeError(where, 'sequences must be [T, B, …], or [B, T, …] with batchFirst', showShape(x.shape));
  const timed = options.batchFirst ? x.transpose(0, 1) : x;
  const [T, B] = timed.shape;
  const own = numbersOf(lengths);
  if (own.length !== B || B === 0)
    throw new ShapeError(where, `there must be a length for each of ${B} sequences`, `${own.length}`);
  for (const n of own) {
    if (Number.isInteger(n) && n > 0 && n <= T) continue;
    throw new ValueError(where, `lengths must be whole numbers from 1 to ${T}`, `${n}`);
  }
  const sorted = own.every((n, i) => i === 0 || n <= own[i - 1]);
  if (!sorted && options.enforceSorted !== false) {
    throw new ValueError(
      where,
      'lengths must not rise',
      own.join(', '),
      'pass enforceSorted: false to have them put in order',
    );
  }
  const order = own.map((_, b) => b).sort((a, b) => own[b] - own[a]);
  const batchSizes = Array.from({ length: own[order[0]] }, (_, t) => own.filter((n) => n > t).length);
  return {
    data: rowsAt(timed, places(batchSizes, order)),
    batchSizes,
    sortedIndices: options.enforceSorted === false ? order : null,
  };
}

/**
 * The sequences of a pack, padded, [T, B, …], and their lengths. PyTorch: `torch.nn.utils.rnn.pad_packed_sequence`.
 * `nn.utils.rnn.padPackedSequence(nn.utils.rnn.packSequence([tensor([1, 2, 3]), tensor([4])]))[0].toArray() // => [ [ 1, 4 ], [ 2, 0 ], [ 3, 0 ] ]`
 * @throws ValueError when totalLength, which T is then, is less than the longest sequence
 */
// prettier-ignore
export function padPackedSequence(
  packed: PackedSequence, { batchFirst = false, paddingValue = 0, totalLength }: PadOptions & { readonly totalLength?: number } = {},
): [padded: Tensor, lengths: number[]] {
  const { data, batchSizes, sortedIndices } = packed;
  const T = totalLength ?? batchSizes.length;
  if (!(Number.isInteger(T) && T >= batchSizes.length)) {
    throw new ValueError('padPackedSequence', `totalLength must be the longest length, ${batchSizes.length}, or more`, `${T}`);
  }
  const B = batchSizes[0];
  const rest = data.shape.slice(1);
  const rows = new Array<number>(T * B).fill(data.shape[0]); // a row of padding, behind the others
  const order = sortedIndices ?? Array.from({ length: B }, (_, b) => b);
  places(batchSizes, order).forEach((place, row) => (rows[place] = row));
  const filled = concat([data, full([1, ...rest], paddingValue, { dtype: data.dtype })]);
  const padded = filled.indexSelect(0, indices(rows)).reshape([T, B, ...rest]);
  return [batchFirst ? padded.transpose(0, 1) : padded, lengthsOf(packed)];
}

/**
 * Sequences [Tᵢ, …] side by side, padded to the longest, [T, B, …]. PyTorch: `torch.nn.utils.rnn.pad_sequence`.
 * `nn.utils.rnn.padSequence([tensor([1, 2]), tensor([3])], { batchFirst: true }).toArray() // => [ [ 1, 2 ], [ 3, 0 ] ]`
 * @throws ShapeError when there are none, or sizes other than the first differ
 */
export function padSequence(sequences: readonly Tensor[], options: PadOptions = {}): Tensor {
  return padPackedSequence(packed('padSequence', sequences), options)[0];
}

/**
 * Sequences [Tᵢ, …] packed. PyTorch: `torch.nn.utils.rnn.pack_sequence`.
 * `nn.utils.rnn.packSequence([tensor([1, 2, 3]), tensor([4])]).data // => Tensor[4] [1, 4, 2, 3]`
 * @throws ShapeError as padSequence; ValueError when lengths rise and enforceSorted is not false
 */
export function packSequence(
  sequences: readonly Tensor[],
  { enforceSorted = true }: Omit<PackOptions, 'batchFirst'> = {},
): PackedSequence {
  const lengths = sequences.map((x) => x.shape[0]);
  if (!enforceSorted) return packed('packSequence', sequences);
  if (lengths.some((n, i) => i > 0 && n > lengths[i - 1])) {
    throw new ValueError(
      'packSequence',
      'lengths must not rise',
      lengths.join(', '),
      'pass enforceSorted: false to have them put in order',
    );
  }
  return { ...packed('packSequence', sequences), sortedIndices: null };
}

/** The sequences of padded ones [T, B, …]. PyTorch: `unpad_sequence`. `nn.utils.rnn.unpadSequence(tensor([[1, 3], [2, 0]]), [2, 1])[1] // => Tensor[1] [3]` */
export function unpadSequence(padded: Tensor, lengths: Lengths, { batchFirst = false } = {}): Tensor[] {
  const sequences = padded.unbind(batchFirst ? 0 : 1);
  const own = numbersOf(lengths);
  if (own.length === sequences.length) return sequences.map((x, b) => x.narrow(0, 0, own[b]));
  throw new ShapeError(
    'unpadSequence',
    `there must be a length for each of ${sequences.length} sequences`,
    `${own.length}`,
  );
}

/** The sequences of a pack. PyTorch: `unpack_sequence`. `nn.utils.rnn.unpackSequence(nn.utils.rnn.packSequence([tensor([1, 2]), tensor([3])]))[0] // => Tensor[2] [1, 2]` */
export function unpackSequence(packed: PackedSequence): Tensor[] {
  return unpadSequence(...padPackedSequence(packed));
}

/** Sequences one behind the other, picked time after time. */
function packed(where: string, sequences: readonly Tensor[]): PackedSequence {
  const [first] = sequences;
  const fits = (x: Tensor): boolean =>
    x.ndim > 0 && x.shape[0] > 0 && sameShape(x.shape.slice(1), first.shape.slice(1));
  if (sequences.length === 0 || !sequences.every(fits)) {
    const got = sequences.map((x) => showShape(x.shape)).join(', ');
    throw new ShapeError(where, 'sequences must be [T, …], not empty, alike but for T', got || 'none');
  }
  let end = 0;
  const starts = sequences.map((x) => (end += x.shape[0]) - x.shape[0]);
  const order = sequences.map((_, b) => b).sort((a, b) => sequences[b].shape[0] - sequences[a].shape[0]);
  const longest = sequences[order[0]].shape[0];
  const batchSizes = Array.from({ length: longest }, (_, t) => sequences.filter((x) => x.shape[0] > t).length);
  const rows = batchSizes.flatMap((n, t) => order.slice(0, n).map((b) => starts[b] + t));
  return { data: concat(sequences).indexSelect(0, indices(rows)), batchSizes, sortedIndices: order };
}
