/** Means of named numbers over batches, each batch weighted by its rows. */
import { ValueError } from '../array/errors.ts';
import { noGrad } from '../engine.ts';
import type { Module } from '../nn/index.ts';
import { Tensor } from '../tensor.ts';

/** Numbers by name: `{ loss: 0.3, accuracy: 0.91 }`. */
export type Metrics = Record<string, number>;

/** What gives the batches of an epoch each time it is gone over: an array, a DataLoader. */
export type Batches<Batch> = Iterable<Batch> | AsyncIterable<Batch>;

/** How many rows a batch has: the first size of the first tensor in it (in an array or an object, in order); else 1. */
export function rowsOf(batch: unknown): number {
  const first = firstTensor(batch);
  return first === undefined || first.ndim === 0 ? 1 : first.shape[0];
}

function firstTensor(x: unknown): Tensor | undefined {
  if (x instanceof Tensor) return x;
  if (typeof x !== 'object' || x === null || ArrayBuffer.isView(x)) return undefined;
  for (const part of Object.values(x)) {
    const found = firstTensor(part);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Means of what `measure` says of each batch, in eval mode and without gradients; the mode is put back. Numbers and
 * tensors of one element are taken.
 * ```ts
 * import { nn, tensor } from 'adjoint';
 * import { evaluate } from 'adjoint/train';
 * const batches = [tensor([[1], [1]]), tensor([[4]])];
 * console.log(await evaluate(new nn.Identity(), batches, (x) => ({ mean: x.mean() }))); // => { mean: 2 }
 * ```
 * @throws ValueError when there is no batch
 */
export async function evaluate<Batch>(
  model: Module,
  batches: Batches<Batch>,
  measure: (batch: Batch) => Readonly<Record<string, number | Tensor>>,
): Promise<Metrics> {
  const { training } = model;
  const sums: Metrics = {};
  let rows = 0;
  model.eval();
  try {
    for await (const batch of batches) {
      const n = rowsOf(batch);
      for (const [name, value] of Object.entries(noGrad(() => measure(batch)))) {
        sums[name] = (sums[name] ?? 0) + n * (typeof value === 'number' ? value : value.item());
      }
      rows += n;
    }
  } finally {
    model.train(training);
  }
  if (rows === 0) throw new ValueError('evaluate', 'there must be batches to measure', 'none');
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / rows]));
}

/** The metric of a name. */
export function metricOf(where: string, metrics: Metrics, name: string): number {
  if (Object.hasOwn(metrics, name)) return metrics[name];
  const got = Object.keys(metrics).join(', ');
  throw new ValueError(where, `there must be a metric '${name}'`, got === '' ? 'none' : got);
}
