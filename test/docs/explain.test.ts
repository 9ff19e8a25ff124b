/** Every method of `adjoint/explain` has its page, and every page says the same things about its method. */
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import * as explain from '../../src/explain/index.ts';
import { filesUnder, read } from '../files.ts';

const pages = filesUnder('docs/explain', '.md').filter((page) => basename(page) !== 'README.md');
const ofMethods = pages.filter((page) => basename(page) !== 'comparison.md');
const sections = ['## Formula', '## What comes back', '## When it misleads', '## Example'];

/** Exported functions that no page's example calls. */
const withoutPage = (names: readonly string[], texts: readonly string[]): string[] =>
  names.filter((name) => !texts.some((text) => new RegExp(`\\b${name}\\(`).test(text)));

test('every function of adjoint/explain is called in the example of a page', () => {
  const texts = pages.map((page) => read(page));
  expect(withoutPage(Object.keys(explain), texts)).toEqual([]);
  expect(withoutPage(['saliencies'], texts)).toEqual(['saliencies']); // one that has none is seen
});

test.each(ofMethods)('%s has its question, formula, answer, dangers and example', (page) => {
  const text = read(page);
  expect(sections.filter((section) => !text.includes(`\n${section}\n`))).toEqual([]);
  expect(text).toMatch(/^# .+\n\n\S/); // under the title stands the question
  expect(text).toMatch(/\b(?:18|19|20)\d\d\b/); // of whom the formula is
});
