/** EmbeddingBag: sums, means or maxima of rows of a table, one for each bag of indices; as a function and as a layer. */
import { checkWhole } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { full, tensor, zeros } from '../create.ts';
import { concat, type Tensor } from '../tensor.ts';
import { lookUp, row, Table, type EmbeddingOptions, type LookupOptions } from './embedding.ts';

export interface BagOptions extends LookupOptions {
  /** Where each bag begins, if the indices are one list; the first at 0. */
  readonly offsets?: Tensor | null;
  /** 'sum', 'mean' or 'max'; 'mean' if left out. */
  readonly mode?: 'sum' | 'mean' | 'max';
  /** A factor for each index, of the indices' shape; with 'sum' only. */
  readonly perSampleWeights?: Tensor | null;
  /** Whether offsets end with the number of indices, and so count one more than there are bags. false if left out. */
  readonly includeLastOffset?: boolean;
}

const WHERE = 'embeddingBag';

/** Where each bag begins, and after the last where it ends. */
function bounds(indices: Tensor, { offsets, includeLastOffset = false }: BagOptions): number[] {
  const n = indices.numel();
  if (indices.ndim === 2) {
    if (offsets) throw new ValueError(WHERE, 'indices [B, L] are bags already and need no offsets', 'some');
    const [B, L] = indices.shape;
    return Array.from({ length: B + 1 }, (_, b) => b * L);
  }
  if (indices.ndim !== 1 || offsets?.ndim !== 1) {
    const rule = 'the indices must be [B, L], or [n] with offsets [B]';
    throw new ShapeError(WHERE, rule, `${showShape(indices.shape)} and ${offsets ? showShape(offsets.shape) : 'none'}`);
  }
  checkWhole(WHERE, offsets.nd, n + 1);
  const starts = [...offsets.toTypedArray()];
  if (
    starts.some((start, b) => (b === 0 ? start !== 0 : start < starts[b - 1])) ||
    (includeLastOffset && starts.length === 0)
  ) {
    throw new ValueError(WHERE, 'the offsets must begin with 0 and never fall', showShape(starts));
  }
  if (includeLastOffset && starts[starts.length - 1] !== n) {
    throw new ValueError(WHERE, `the last offset must be the number of indices, ${n}`, `${starts[starts.length - 1]}`);
  }
  return includeLastOffset ? starts : [...starts, n];
}

/**
 * For each bag of indices the sum, the mean or, place by place, the largest (the first of several) of their rows of weight
 * [V, E]: indices [B, L], or a list [n] with offsets [B], to [B, E]. An empty bag gives 0; the row paddingIdx is left out.
 * PyTorch: `torch.nn.functional.embedding_bag`.
 * `nn.functional.embeddingBag(tensor([[0, 1]]), eye(2), { mode: 'sum' }).flatten() // => Tensor[2] [1, 1]`
 * @throws ShapeError and ValueError when indices, offsets or weights do not fit each other
 */
export function embeddingBag(indices: Tensor, weight: Tensor, options: BagOptions = {}): Tensor {
  const { mode = 'mean', perSampleWeights, paddingIdx, scaleGradByFreq = false } = options;
  if (!['sum', 'mean', 'max'].includes(mode)) {
    throw new ValueError(WHERE, "the mode must be 'sum', 'mean' or 'max'", `'${mode}'`);
  }
  if (mode === 'max' && scaleGradByFreq)
    throw new ValueError(WHERE, "scaleGradByFreq has no meaning with 'max'", 'true');
  if (perSampleWeights && mode !== 'sum') {
    throw new ValueError(WHERE, "perSampleWeights need the mode 'sum'", `'${mode}'`);
  }
  if (perSampleWeights && !sameShape(perSampleWeights.shape, indices.shape)) {
    const rule = `perSampleWeights must have the shape of the indices ${showShape(indices.shape)}`;
    throw new ShapeError(WHERE, rule, showShape(perSampleWeights.shape));
  }
  const ends = bounds(indices, options);
  const B = ends.length - 1;
  const E = weight.shape[1];
  const all = indices.flatten();
  const looked = lookUp(WHERE, weight, all, options);

  // The bags as lists of places in `looked`, without those of padding.
  const nothing = paddingIdx === undefined ? -1 : row(WHERE, paddingIdx, weight.shape[0]);
  const values = all.toTypedArray();
  const bags = Array.from({ length: B }, (_, b) =>
    Array.from({ length: ends[b + 1] - ends[b] }, (_, i) => ends[b] + i).filter((place) => values[place] !== nothing),
  );
  if (mode === 'max') return largest(looked, bags, E);
  const places = tensor(bags.flat());
  const rows = looked.indexSelect(0, places);
  const scaled = perSampleWeights ? rows.mul(perSampleWeights.flatten().indexSelect(0, places).unsqueeze(1)) : rows;
  const owner = tensor(bags.flatMap((bag, b) => bag.map(() => b)));
  const sums = zeros([B, E], { dtype: weight.dtype }).indexAdd(0, owner, scaled);
  if (mode === 'sum') return sums;
  const counts = tensor(bags.map((bag) => Math.max(1, bag.length)), { dtype: weight.dtype }); // prettier-ignore
  return sums.div(counts.unsqueeze(1));
}

/** The largest of each bag's rows [n, E], place by place: bags are filled up with a row of −∞ to one length. */
function largest(rows: Tensor, bags: readonly number[][], E: number): Tensor {
  const B = bags.length;
  const L = Math.max(1, ...bags.map((bag) => bag.length));
  const [n] = rows.shape;
  const filled = tensor(bags.map((bag) => Array.from({ length: L }, (_, i) => bag[i] ?? n))).reshape([B * L]);
  const some = tensor(bags.map((bag) => [Number(bag.length > 0)])).reshape([B, 1]);
  const floor = full([1, E], -Infinity, { dtype: rows.dtype });
  const blocks = concat([rows, floor]).indexSelect(0, filled).reshape([B, L, E]); // prettier-ignore
  const found = blocks.gather(1, blocks.argmax(1, true)).squeeze(1);
  return found.where(some, 0);
}

export interface EmbeddingBagOptions extends EmbeddingOptions, Pick<BagOptions, 'mode' | 'includeLastOffset'> {}

/**
 * Sums, means or maxima of bags of vectors; see nn.functional.embeddingBag. Weight [V, E] starts normal.
 * `new nn.EmbeddingBag(10, 4)(tensor([1, 2, 9]), tensor([0, 2])).shape // => [ 2, 4 ]`
 */
export class EmbeddingBag extends Table<EmbeddingBagOptions> {
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingBagOptions = {}) {
    super(numEmbeddings, embeddingDim, options);
  }
  override forward(indices: Tensor, offsets?: Tensor | null, perSampleWeights?: Tensor | null): Tensor {
    return embeddingBag(indices, this.weight, {
      ...this.options,
      offsets: offsets ?? null,
      perSampleWeights: perSampleWeights ?? null,
    });
  }
}
