/** The folder of a run, new or empty when it begins, and gone again if nothing came of it; JSON in it. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FormatError, ValueError } from '../array/errors.ts';
import { readText, writeFileAtomic } from '../io/files.ts';
import { UsageError } from './usage.ts';

export const writeJson = (path: string, value: unknown): void =>
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);

/** @throws FileError when the file cannot be read; FormatError when it is not JSON */
export function readJson(path: string): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(path, 'the file must be JSON', (error as Error).message);
  }
}

/** Why a path is no new or empty folder; null if it is one. */
function taken(path: string): string | null {
  if (!existsSync(path)) return null;
  if (!statSync(path).isDirectory()) return 'which is a file';
  return readdirSync(path).length > 0 ? 'which has files in it' : null;
}

/** `base`, or the first of base-2, base-3, … that is new or empty. */
export function freeFolder(base: string): string {
  let folder = base;
  for (let i = 2; taken(folder) !== null; i++) folder = `${base}-${i}`;
  return folder;
}

/**
 * Makes the run's folder, so that a wrong --out is known before the work and not after. Returns a function that takes
 * away again what was made, as long as it is empty.
 */
export function claim(out: string): () => void {
  let made: string | undefined; // the topmost folder that was not there
  try {
    const why = taken(out);
    if (why !== null) throw new UsageError(`--out must be a new or empty folder, got ${out}, ${why}`);
    made = mkdirSync(out, { recursive: true });
    accessSync(out, constants.W_OK);
  } catch (error) {
    throw error instanceof UsageError
      ? error
      : new UsageError(`--out ${out} cannot be used: ${(error as Error).message}`);
  }
  return () => {
    if (made === undefined) return;
    const top = resolve(made);
    try {
      for (let folder = resolve(out); folder.length >= top.length; folder = dirname(folder)) rmdirSync(folder);
    } catch {
      // Not empty: it stays, and so does what it lies in.
    }
  };
}

/** Writes a page; where the packages that draw it are not installed that is noted, and all else is there nonetheless. */
export async function orNote(page: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    console.error(`adjoint: no ${page}: ${error.message}`);
  }
}
