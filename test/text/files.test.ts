/** Tokenizers in files and folders. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileError, FormatError } from '../../src/array/errors.ts';
import { loadTokenizer, saveTokenizer } from '../../src/text/files.ts';
import { trainBpe } from '../../src/text/index.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'adjoint-text-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a saved tokenizer comes back, by its file and by its folder', () => {
  const tokenizer = trainBpe('so it goes, so it goes', { vocabSize: 262 });
  saveTokenizer(join(dir, 'tokenizer.json'), tokenizer);
  for (const path of [dir, join(dir, 'tokenizer.json')]) {
    expect(loadTokenizer(path).toJSON()).toEqual(JSON.parse(JSON.stringify(tokenizer)));
  }
});

test("the two files of GPT-2 and the one of BERT give their model's tokenizer", () => {
  writeFileSync(join(dir, 'vocab.json'), '{"h":0,"i":1,"Ġ":2,"hi":3,"<|endoftext|>":4}');
  writeFileSync(join(dir, 'merges.txt'), '#version: 0.2\nh i\n');
  expect(loadTokenizer(dir).encode('hi hi<|endoftext|>')).toEqual([3, 2, 3, 4]);
  rmSync(join(dir, 'vocab.json'));
  writeFileSync(join(dir, 'vocab.txt'), '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhi\nHi\n');
  expect(loadTokenizer(dir).encode('Hi')).toEqual([2, 5, 3]);
  expect(loadTokenizer(dir, { lowercase: false }).encode('Hi')).toEqual([2, 6, 3]);
});

test('what is missing or is no text is refused with its name', () => {
  expect(() => loadTokenizer(join(dir, 'no.json'))).toThrow(FileError);
  expect(() => loadTokenizer(join(dir, 'no.json'))).toThrow(/no\.json: the path must name a file/);
  expect(() => loadTokenizer(dir)).toThrow(
    'the folder must hold tokenizer.json, vocab.json with merges.txt, or vocab.txt',
  );
  writeFileSync(join(dir, 'vocab.json'), '{}');
  expect(() => loadTokenizer(dir)).toThrow(/merges\.txt: the path must name a file/);
  writeFileSync(join(dir, 'tokenizer.json'), Uint8Array.of(0x7b, 0x0a, 0xff));
  expect(() => loadTokenizer(dir)).toThrow(FormatError);
  expect(() => loadTokenizer(dir)).toThrow(/tokenizer\.json:2: the file must be UTF-8 text, got 0xff at byte 2/);
});
