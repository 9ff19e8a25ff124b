/** Tokenizers as files, on Node only. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../array/errors.ts';
import { readText, writeFileAtomic } from '../io/files.ts';
import { bertTokenizer, gpt2Tokenizer, type BertOptions } from './subwords.ts';
import { Tokenizer } from './tokenizer.ts';

/**
 * The tokenizer of a file `tokenizer.json`, or of a model's folder: its tokenizer.json or else, as they came with the
 * first models, vocab.json with merges.txt (GPT-2) or vocab.txt (BERT).
 * @param options lowercase is for vocab.txt, which does not say it
 * @throws FileError when there is no such file; FormatError when it is not what it should be.
 * ```ts
 * import { tmpdir } from 'node:os';
 * import { charTokenizer } from 'adjoint/text';
 * import { loadTokenizer, saveTokenizer } from 'adjoint/text/files';
 * saveTokenizer(`${tmpdir()}/tokenizer.json`, charTokenizer('abc'));
 * console.log(loadTokenizer(tmpdir()).encode('cab')); // => [ 2, 0, 1 ]
 * ```
 */
export function loadTokenizer(path: string, options: BertOptions = {}): Tokenizer {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return new Tokenizer(readText(path), path);
  const at = (name: string): string => join(path, name);
  if (existsSync(at('tokenizer.json'))) return loadTokenizer(at('tokenizer.json'));
  if (existsSync(at('vocab.json'))) return gpt2Tokenizer(readText(at('vocab.json')), readText(at('merges.txt')));
  if (existsSync(at('vocab.txt'))) return bertTokenizer(readText(at('vocab.txt')), options);
  const rule = 'the folder must hold tokenizer.json, vocab.json with merges.txt, or vocab.txt';
  throw new FileError(path, rule, 'none of them', 'check the path');
}

/**
 * Writes a tokenizer.json, wholly or not at all, that Hugging Face's tokenizers read too.
 * @throws FileError when the file cannot be written.
 */
export function saveTokenizer(path: string, tokenizer: Tokenizer): void {
  writeFileAtomic(path, `${JSON.stringify(tokenizer, null, 1)}\n`);
}
