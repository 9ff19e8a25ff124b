/** Embedding: rows of a table by index, as a function and as a layer. */
import { checkTensors, checkWhole } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { tensor, zeros } from '../create.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { normal_ } from './init.ts';
import { Module, parameter } from './module.ts';

/** A row counted from the front; −1 is the last. */
export function row(where: string, index: number, rows: number): number {
  if (!Number.isInteger(index) || index < -rows || index >= rows) {
    throw new ValueError(where, `paddingIdx must be a row from ${-rows} to ${rows - 1}`, `${index}`);
  }
  return index < 0 ? index + rows : index;
}

export interface LookupOptions {
  /** A row that stands for nothing: it gets no gradient. */
  readonly paddingIdx?: number;
  /** Rows that are looked up and longer than this are shortened to it, in place. */
  readonly maxNorm?: number;
  /** Which norm maxNorm means; 2 if left out. */
  readonly normType?: number;
  /** Whether each row's gradient is divided by how often the row was looked up. false if left out. */
  readonly scaleGradByFreq?: boolean;
}

/** Shortens those of the rows that are longer than maxNorm, as PyTorch: by maxNorm/(‖row‖ + 1e-7). */
function shorten(weight: Tensor, indices: readonly number[], maxNorm: number, normType: number): void {
  noGrad(() => {
    for (const i of new Set(indices)) {
      const vector = weight.detach().select(0, i);
      const norm = vector.norm(normType, 0).item();
      if (norm > maxNorm) vector.mul_(maxNorm / (norm + 1e-7));
    }
  });
}

/** Rows [n, E] of weight [V, E] at n indices, as the options say. */
export function lookUp(where: string, weight: Tensor, indices: Tensor, options: LookupOptions): Tensor {
  const { paddingIdx, maxNorm, normType = 2, scaleGradByFreq = false } = options;
  if (weight.ndim !== 2) throw new ShapeError(where, 'the weight must be [V, E]', showShape(weight.shape));
  const [V] = weight.shape;
  checkWhole(where, indices.nd, V);
  const places = maxNorm !== undefined || scaleGradByFreq ? [...indices.toTypedArray()] : [];
  if (maxNorm !== undefined) shorten(weight, places, maxNorm, normType);
  const rows = weight.indexSelect(0, indices);
  const padding = paddingIdx === undefined ? null : indices.ne(row(where, paddingIdx, V)).unsqueeze(1);
  const open = padding ? rows.where(padding, rows.detach()) : rows;
  if (!scaleGradByFreq) return open;
  const counts = new Map<number, number>();
  for (const i of places) counts.set(i, (counts.get(i) ?? 0) + 1);
  const often = tensor(places.map((i) => counts.get(i)!), { dtype: weight.dtype }).unsqueeze(1); // prettier-ignore
  return rows.detach().add(open.sub(open.detach()).div(often)); // 0 is added, with a gradient
}

/**
 * The rows of weight [V, E] at whole numbers of any shape […], to […, E]. PyTorch: `torch.nn.functional.embedding`.
 * `nn.functional.embedding(tensor([1, 0]), eye(2)).toArray() // => [ [ 0, 1 ], [ 1, 0 ] ]`
 * @throws ValueError when an index is not a whole number from 0 to V − 1; ShapeError when the weight is no table
 */
export function embedding(indices: Tensor, weight: Tensor, options: LookupOptions = {}): Tensor {
  checkTensors('embedding', indices, weight);
  return lookUp('embedding', weight, indices.flatten(), options).reshape([...indices.shape, weight.shape[1]]);
}

export interface EmbeddingOptions extends LookupOptions {
  /** A row that stands for nothing: it starts at 0 and gets no gradient. */
  readonly paddingIdx?: number;
  readonly dtype?: DType;
  readonly generator?: Generator;
}

export interface PretrainedOptions extends LookupOptions {
  /** Whether the table is left as it is in training. true if left out. */
  readonly freeze?: boolean;
}

/** A table [V, E] that is looked up: it starts normal, its row of padding at 0. */
export abstract class Table<O extends EmbeddingOptions> extends Module {
  weight: Tensor;
  options: O;

  constructor(numEmbeddings: number, embeddingDim: number, options: O) {
    super();
    const { dtype = 'float32', generator = defaultGenerator } = options;
    const weight = normal_(zeros([numEmbeddings, embeddingDim], { dtype }), 0, 1, generator);
    if (options.paddingIdx === undefined) this.options = options;
    else {
      const paddingIdx = row(new.target.name, options.paddingIdx, numEmbeddings);
      this.options = { ...options, paddingIdx };
      weight.select(0, paddingIdx).zero_();
    }
    this.weight = parameter(weight);
  }
  protected override describe(): string {
    const shown = Object.entries(this.options).filter(([, value]) => typeof value !== 'object');
    return [...this.weight.shape, ...shown.map(([name, value]) => `${name}=${String(value)}`)].join(', ');
  }
}

/**
 * A table of vectors, looked up by whole numbers; see nn.functional.embedding. Weight [V, E] starts normal.
 * `new nn.Embedding(10, 4)(tensor([[1, 2, 9]])).shape // => [ 1, 3, 4 ]`
 */
export class Embedding extends Table<EmbeddingOptions> {
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions = {}) {
    super(numEmbeddings, embeddingDim, options);
  }
  /**
   * A layer whose table is `weight` [V, E], with no copy made; trained only with `freeze: false`.
   * `nn.Embedding.fromPretrained(tensor([[1, 2], [3, 4]]))(tensor([1])).toArray() // => [ [ 3, 4 ] ]`
   */
  static fromPretrained(weight: Tensor, { freeze = true, ...options }: PretrainedOptions = {}): Embedding {
    if (weight.ndim !== 2) throw new ShapeError('Embedding', 'the weight must be [V, E]', showShape(weight.shape));
    const layer = new Embedding(weight.shape[0], weight.shape[1], { ...options, dtype: weight.dtype });
    layer.weight = parameter(weight.detach());
    layer.weight.requiresGrad_(!freeze);
    return layer;
  }
  override forward(indices: Tensor): Tensor {
    return embedding(indices, this.weight, this.options);
  }
}
