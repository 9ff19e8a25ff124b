/** Runs TypeScript that is given as text, as a module that may import 'adjoint'. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the module exports. */
export async function runCode<T>(code: string): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'adjoint-'));
  try {
    const file = join(folder, 'code.ts');
    await writeFile(file, code);
    return (await import(/* @vite-ignore */ file)) as T;
  } finally {
    await rm(folder, { recursive: true });
  }
}
