/**
 * Checkpoints: any tree of plain data and tensors as one safetensors file. The tensors are the file's own, so every
 * other reader sees them; the rest is JSON in its metadata. Numbers come back to the bit.
 */
import { FormatError, ValueError } from '../array/errors.ts';
import { Tensor } from '../tensor.ts';
import { loadSafetensors, saveSafetensors } from './files.ts';

/** What a checkpoint can hold: JSON with tensors for leaves, and any number. */
export type Tree = null | boolean | number | string | Tensor | readonly Tree[] | { readonly [name: string]: Tree };

const FORMAT = 'adjoint checkpoint 1';

/**
 * Saves a tree, wholly or not at all (see writeFileAtomic). A tensor's name in the file is its path in the tree:
 * `model.fc1.weight`.
 * ```ts
 * import { tmpdir } from 'node:os';
 * import { tensor } from 'adjoint';
 * import { loadCheckpoint, saveCheckpoint } from 'adjoint/io';
 * const path = `${tmpdir()}/adjoint-checkpoint-example.safetensors`;
 * saveCheckpoint(path, { epoch: 3, best: Infinity, model: { w: tensor([1, 2]) } });
 * console.log(loadCheckpoint(path)); // => { epoch: 3, best: Infinity, model: { w: Tensor[2] [1, 2] } }
 * ```
 * @throws FileError when the file cannot be written; ValueError for what is neither plain data nor a tensor
 */
export function saveCheckpoint(path: string, tree: Tree): void {
  const tensors = Object.create(null) as Record<string, Tensor>;
  const plain = (x: Tree, at: string): unknown => {
    if (x instanceof Tensor) {
      let name = at === '' ? 'tensor' : at;
      while (name in tensors) name += "'"; // a.b may be a name, or b within a
      tensors[name] = x;
      return { $tensor: name };
    }
    // What JSON has no word for.
    if (typeof x === 'number' && (!Number.isFinite(x) || Object.is(x, -0))) {
      return { $number: Object.is(x, -0) ? '-0' : String(x) };
    }
    if (x === null || typeof x !== 'object') {
      if (x === null || ['boolean', 'number', 'string'].includes(typeof x)) return x;
      throw new ValueError('saveCheckpoint', `${at} must be plain data or a tensor`, `a ${typeof x}`);
    }
    const below = (name: string | number): string => (at === '' ? `${name}` : `${at}.${name}`);
    if (Array.isArray(x)) return x.map((item: Tree, i) => plain(item, below(i)));
    const proto: unknown = Object.getPrototypeOf(x);
    if (proto !== Object.prototype && proto !== null) {
      throw new ValueError('saveCheckpoint', `${at} must be plain data or a tensor`, `a ${x.constructor.name}`);
    }
    return Object.fromEntries(Object.entries(x).map(([name, item]) => [name, plain(item, below(name))]));
  };
  const json = JSON.stringify(plain(tree, ''));
  saveSafetensors(path, tensors, { format: FORMAT, tree: json });
}

/**
 * The tree of a checkpoint. Tensors are new ones.
 * @throws FileError when the file cannot be read; FormatError when it is no checkpoint or is damaged
 */
export function loadCheckpoint(path: string): Tree {
  const { tensors, metadata } = loadSafetensors(path);
  if (metadata['format'] !== FORMAT) {
    const got = metadata['format'] ?? 'a safetensors file of another kind';
    throw new FormatError(path, `the file must be an ${FORMAT}`, got, 'loadSafetensors reads any');
  }
  try {
    return JSON.parse(metadata['tree'], (_, x: unknown) => {
      if (typeof x !== 'object' || x === null) return x;
      if ('$number' in x) return Number(x.$number);
      if (!('$tensor' in x)) return x;
      const found = tensors[x.$tensor as string];
      if (found === undefined) throw new Error(`no tensor ${String(x.$tensor)}`);
      return found;
    }) as Tree;
  } catch (error) {
    throw new FormatError(path, 'the checkpoint must be whole', (error as Error).message);
  }
}
