/**
 * npy and npz files, on Node: one array, or several by name in a zip. Zips are packed and unpacked by fflate, an optional
 * peer.
 */
import { FormatError, ValueError } from '../array/errors.ts';
import { Tensor } from '../tensor.ts';
import { readFile, writeFileAtomic } from './files.ts';
import { decodeNpy, encodeNpy } from './npy.ts';
import { needs } from './peers.ts';

/**
 * Saves a tensor as an npy file, wholly or not at all, for np.load.
 * ```ts
 * import { tmpdir } from 'node:os';
 * import { tensor } from 'adjoint';
 * import { loadNpy, saveNpy } from 'adjoint/io';
 * saveNpy(`${tmpdir()}/adjoint.npy`, tensor([[1, 2]]));
 * console.log(loadNpy(`${tmpdir()}/adjoint.npy`).toArray()); // => [ [ 1, 2 ] ]
 * ```
 * @throws FileError when the file cannot be written
 */
export const saveNpy = (path: string, x: Tensor): void => writeFileAtomic(path, encodeNpy(x.nd));

/**
 * The tensor of an npy file; see decodeNpy for types.
 * @throws FileError when it cannot be read; FormatError when it is not what its format says
 */
export const loadNpy = (path: string): Tensor => new Tensor(decodeNpy(readFile(path), path));

/**
 * Saves tensors by name as an npz file, for np.load; `compress` as np.savez_compressed does.
 * ```ts
 * import { tmpdir } from 'node:os';
 * import { tensor } from 'adjoint';
 * import { loadNpz, saveNpz } from 'adjoint/io';
 * await saveNpz(`${tmpdir()}/adjoint.npz`, { x: tensor([1, 2]), y: tensor(3) });
 * console.log((await loadNpz(`${tmpdir()}/adjoint.npz`)).y.item()); // => 3
 * ```
 * @throws ValueError for a name that is empty or ends in .npy; FileError when the file cannot be written
 */
export async function saveNpz(
  path: string,
  tensors: Record<string, Tensor>,
  { compress = false }: { readonly compress?: boolean } = {},
): Promise<void> {
  const { zipSync } = await needs('saveNpz', 'fflate', import('fflate'));
  const files = Object.create(null) as Record<string, Uint8Array>;
  for (const [name, x] of Object.entries(tensors)) {
    if (name === '' || name.endsWith('.npy')) {
      throw new ValueError('saveNpz', 'a name must not be empty or end in .npy', JSON.stringify(name));
    }
    files[`${name}.npy`] = encodeNpy(x.nd);
  }
  // A date that is always the same, so that equal tensors give equal files.
  writeFileAtomic(path, zipSync(files, { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) }));
}

/**
 * The tensors of an npz file by name; see decodeNpy for types.
 * @throws FileError when it cannot be read; FormatError when it is no zip, or one of its arrays is wrong, which is named
 */
export async function loadNpz(path: string): Promise<Record<string, Tensor>> {
  const { unzipSync } = await needs('loadNpz', 'fflate', import('fflate'));
  const bytes = readFile(path);
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes);
  } catch (error) {
    const cure = bytes[0] === 0x93 ? 'this is an npy file: use loadNpy' : 'is it cut off?';
    throw new FormatError(path, 'an npz file must be a zip', (error as Error).message, cure);
  }
  const tensors = Object.create(null) as Record<string, Tensor>;
  for (const [name, content] of Object.entries(files)) {
    tensors[name.replace(/\.npy$/, '')] = new Tensor(decodeNpy(content, `${path}: ${name}`));
  }
  return tensors;
}
