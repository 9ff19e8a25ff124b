/**
 * Files, on Node only: a write that is done wholly or not at all, and safetensors files on top of it.
 * Synchronous on purpose: a handler of Ctrl-C runs before or after a write, never in the middle of one.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FileError } from '../array/errors.ts';
import type { Nd } from '../array/nd.ts';
import { Tensor } from '../tensor.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';
import { decodeText } from './utf8.ts';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

function writeError(path: string, size: number, error: unknown): FileError {
  const code = codeOf(error);
  const folder = dirname(path);
  const refuse = (rule: string, got: string, cure: string): FileError =>
    new FileError(path, rule, got, cure, { cause: error });
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return refuse('the folder must exist', `no folder ${folder} (${code})`, 'create it first');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return refuse('the folder must be writable', `no permission in ${folder} (${code})`, 'choose another folder');
    case 'ENOSPC':
    case 'EDQUOT':
      return refuse(
        `the disk must have room for ${size} bytes`,
        `a full one (${code})`,
        'free some space and write again',
      );
    case 'EISDIR':
      return refuse('the path must name a file', `a folder (${code})`, 'add a file name');
    default:
      return refuse('the file must be writable', code, 'see the cause');
  }
}

/**
 * Writes a file wholly or not at all: beside it as `path.<pid>-<random>.tmp`, flushed to the disk, then renamed.
 * After an error the old file is there and the temporary one is gone; after a crash or a power cut the old file or the
 * new one is there, never half of one. A symbolic link keeps pointing to the file that it names.
 * @throws FileError when the folder is missing or read-only, or the disk is full.
 * ```ts
 * import { tmpdir } from 'node:os';
 * import { writeFileAtomic } from 'adjoint/io';
 * writeFileAtomic(`${tmpdir()}/notes.txt`, 'all of it');
 * ```
 */
export function writeFileAtomic(path: string, content: Uint8Array | string): void {
  const size = typeof content === 'string' ? new TextEncoder().encode(content).length : content.length;
  let temporary: string | undefined;
  try {
    const target = existsSync(path) ? realpathSync(path) : path;
    const name = `${target}.${process.pid}-${Math.random().toString(36).slice(2, 10)}.tmp`;
    const file = openSync(name, 'wx'); // x: never write over a file that is someone else's
    temporary = name;
    try {
      writeFileSync(file, content);
      fsyncSync(file); // else the rename may reach the disk before the bytes do
    } finally {
      closeSync(file);
    }
    renameSync(name, target);
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    throw writeError(path, size, error);
  }
}

/** Makes the folder that a file is to lie in, unless it is there. @throws FileError where that cannot be. @internal */
export function makeFolderOf(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw writeError(path, 0, error);
  }
}

/**
 * Claims a file for this process alone, by a file `path.lock` beside it that holds the process's number; the lock of a
 * process that is gone counts for nothing. Returns what gives it back.
 * @throws FileError when another process has it, or a run of this one. @internal
 */
export function lockFile(path: string): () => void {
  const lock = `${path}.lock`;
  makeFolderOf(path);
  for (;;) {
    try {
      writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw writeError(lock, 8, error);
    }
    const owner = lockedBy(path);
    if (owner !== null) {
      const cure = `wait for it, use another file, or remove ${lock} if that process is no such run`;
      throw new FileError(path, 'one run at a time may write the file', `a run in process ${owner}`, cure);
    }
    rmSync(lock, { force: true });
  }
}

/** The process that has claimed a file by lockFile and runs still; null if there is none. @internal */
export function lockedBy(path: string): number | null {
  const lock = `${path}.lock`;
  const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
  return owner > 0 && isRunning(owner) ? owner : null;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Takes away what writes of this file that were killed midway have left beside it. Only for who alone writes it. @internal */
export function removeLeftovers(path: string): void {
  const [folder, prefix] = [dirname(path), `${basename(path)}.`];
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const isLeft = name.startsWith(prefix) && /^\d+-\w+\.tmp$/.test(name.slice(prefix.length));
    if (isLeft) rmSync(join(folder, name), { force: true });
  }
}

/**
 * Saves named tensors, and text about them, as a safetensors file; see encodeSafetensors and writeFileAtomic.
 * @throws FileError when the file cannot be written; ValueError when a name cannot stand in the format.
 * ```ts
 * import { tmpdir } from 'node:os';
 * import { tensor } from 'adjoint';
 * import { loadSafetensors, saveSafetensors } from 'adjoint/io';
 * const path = `${tmpdir()}/adjoint-example.safetensors`;
 * saveSafetensors(path, { w: tensor([1, 2]) }, { epoch: '3' });
 * console.log(loadSafetensors(path).tensors.w); // => Tensor[2] [1, 2]
 * ```
 */
export function saveSafetensors(
  path: string,
  tensors: Record<string, { readonly nd: Nd }>,
  metadata?: Record<string, string>,
): void {
  const arrays = Object.create(null) as Record<string, Nd>;
  for (const [name, tensor] of Object.entries(tensors)) arrays[name] = tensor.nd;
  writeFileAtomic(path, encodeSafetensors(arrays, metadata));
}

/**
 * The tensors and the metadata of a safetensors file; see decodeSafetensors for types, saveSafetensors for an example.
 * @throws FileError when the file cannot be read; FormatError when it is not what its format says.
 */
export function loadSafetensors(path: string): { tensors: Record<string, Tensor>; metadata: Record<string, string> } {
  const { tensors: arrays, metadata } = decodeSafetensors(readFile(path), path);
  const tensors = Object.create(null) as Record<string, Tensor>;
  for (const [name, array] of Object.entries(arrays)) tensors[name] = new Tensor(array);
  return { tensors, metadata };
}

/**
 * The bytes of a file.
 * @throws FileError when it cannot be read.
 */
export function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = codeOf(error);
    const got = code === 'ENOENT' ? `no such file (${code})` : code === 'EISDIR' ? `a folder (${code})` : code;
    throw new FileError(path, 'the path must name a file that can be read', got, 'check the path', { cause: error });
  }
}

/**
 * The text of a file; see decodeText.
 * @throws FileError when it cannot be read; FormatError when it is not UTF-8, naming line and byte.
 * ```ts
 * import { tmpdir } from 'node:os';
 * import { readText, writeFileAtomic } from 'adjoint/io';
 * writeFileAtomic(`${tmpdir()}/adjoint-text.txt`, 'naïve');
 * console.log(readText(`${tmpdir()}/adjoint-text.txt`)); // => naïve
 * ```
 */
export const readText = (path: string): string => decodeText(readFile(path), path);
