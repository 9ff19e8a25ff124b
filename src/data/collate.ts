/** From a list of items to one batch. */
import { ValueError } from '../array/errors.ts';
import { stack, tensor } from '../create.ts';
import { Tensor } from '../tensor.ts';

/** What becomes of an item in a batch: numbers and tensors are stacked, parts of lists and objects each by themselves. */
export type Collated<T> = T extends number | boolean | ArrayBufferView
  ? Tensor
  : T extends Tensor
    ? Tensor
    : T extends string | null
      ? T[]
      : T extends readonly number[]
        ? number extends T['length']
          ? Tensor
          : { -readonly [K in keyof T]: Collated<T[K]> }
        : T extends readonly unknown[] | object
          ? { -readonly [K in keyof T]: Collated<T[K]> }
          : T[];

/**
 * Items as one batch: numbers become a tensor [B], tensors and lists of numbers are stacked along a new first dim, texts
 * stay a list; lists and objects are taken apart, and each part is put together. PyTorch: `default_collate`.
 * ```ts
 * import { collate } from 'adjoint/data';
 * const batch = collate([{ x: [1, 2], label: 0, name: 'a' }, { x: [3, 4], label: 1, name: 'b' }]);
 * console.log(batch.x.toArray(), batch.label.toArray(), batch.name); // => [ [ 1, 2 ], [ 3, 4 ] ] [ 0, 1 ] [ 'a', 'b' ]
 * ```
 * @throws ShapeError when shapes differ; ValueError when items have different parts
 */
export function collate<T>(items: readonly T[]): Collated<T> {
  return put(items, 'item') as Collated<T>;
}

function put(items: readonly unknown[], where: string): unknown {
  const first = items[0];
  const fault = (got: string): ValueError => new ValueError('collate', `all items must have one form at ${where}`, got);
  const all = (is: (item: unknown) => boolean): boolean => is(first) && items.every(is);
  if (all((item) => item instanceof Tensor)) return stack(items as Tensor[]);
  if (all((item) => typeof item === 'number' || typeof item === 'boolean'))
    return tensor((items as number[]).map(Number));
  if (all((item) => typeof item === 'string' || item === null)) return items;
  if (all((item) => ArrayBuffer.isView(item))) return stack((items as Float32Array[]).map((item) => tensor(item)));
  if (all((item) => Array.isArray(item) && item.length > 0 && item.every((x) => typeof x === 'number'))) {
    const lengths = new Set(items.map((item) => (item as number[]).length));
    if (lengths.size > 1) throw fault(`lists of ${[...lengths].join(' and ')} numbers`);
    return tensor(items as number[][]);
  }
  if (all((item) => typeof item === 'object' && item !== null)) {
    const keys = Object.keys(first as object);
    for (const item of items) {
      const other = Object.keys(item as object);
      if (Array.isArray(item) !== Array.isArray(first) || other.join() !== keys.join()) {
        throw fault(`${keys.join(', ')} and ${other.join(', ')}`);
      }
    }
    const parts = keys.map((key) =>
      put(
        items.map((item) => (item as Record<string, unknown>)[key]),
        `${where}.${key}`,
      ),
    );
    return Array.isArray(first) ? parts : Object.fromEntries(keys.map((key, i) => [key, parts[i]]));
  }
  throw fault([...new Set(items.map((item) => (item === null ? 'null' : typeof item)))].join(' and '));
}
