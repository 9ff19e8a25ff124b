/** Embedding: rows of a table by index, as a function and as a layer. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { zeros } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { normal_ } from './init.ts';
import { Module, parameter } from './module.ts';

/** A row counted from the front; −1 is the last. */
function row(where: string, index: number, rows: number): number {
  if (!Number.isInteger(index) || index < -rows || index >= rows) {
    throw new ValueError(where, `paddingIdx must be a row from ${-rows} to ${rows - 1}`, `${index}`);
  }
  return index < 0 ? index + rows : index;
}

/**
 * The rows of weight [V, E] at whole numbers of any shape […], to […, E]. The row paddingIdx, if given, gets no gradient.
 * PyTorch: `torch.nn.functional.embedding`.
 * `nn.functional.embedding(tensor([1, 0]), eye(2)).toArray() // => [ [ 0, 1 ], [ 1, 0 ] ]`
 * @throws ValueError when an index is not a whole number from 0 to V − 1; ShapeError when the weight is no table
 */
export function embedding(indices: Tensor, weight: Tensor, { paddingIdx }: { paddingIdx?: number } = {}): Tensor {
  if (weight.ndim !== 2) throw new ShapeError('embedding', 'the weight must be [V, E]', showShape(weight.shape));
  const [V, E] = weight.shape;
  const flat = indices.flatten();
  const rows = weight.indexSelect(0, flat);
  const padding = paddingIdx === undefined ? null : flat.ne(row('embedding', paddingIdx, V)).unsqueeze(1);
  return (padding ? rows.where(padding, rows.detach()) : rows).reshape([...indices.shape, E]);
}

export interface EmbeddingOptions {
  /** A row that stands for nothing: it starts at 0 and gets no gradient. */
  readonly paddingIdx?: number;
  readonly dtype?: DType;
  readonly generator?: Generator;
}

/**
 * A table of vectors, looked up by whole numbers; see nn.functional.embedding. Weight [V, E] starts normal.
 * `new nn.Embedding(10, 4)(tensor([[1, 2, 9]])).shape // => [ 1, 3, 4 ]`
 */
export class Embedding extends Module {
  weight: Tensor;
  paddingIdx: number | undefined;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions = {}) {
    super();
    const { paddingIdx, dtype = 'float32', generator = defaultGenerator } = options;
    const weight = normal_(zeros([numEmbeddings, embeddingDim], { dtype }), 0, 1, generator);
    this.paddingIdx = paddingIdx === undefined ? undefined : row('Embedding', paddingIdx, numEmbeddings);
    if (this.paddingIdx !== undefined) weight.select(0, this.paddingIdx).zero_();
    this.weight = parameter(weight);
  }
  override forward(indices: Tensor): Tensor {
    const { paddingIdx } = this;
    return embedding(indices, this.weight, paddingIdx === undefined ? {} : { paddingIdx });
  }
  protected override describe(): string {
    const { weight, paddingIdx } = this;
    return `${weight.shape.join(', ')}${paddingIdx === undefined ? '' : `, paddingIdx=${paddingIdx}`}`;
  }
}
