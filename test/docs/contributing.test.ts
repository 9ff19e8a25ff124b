/** The code that CONTRIBUTING shows is the code of an op that is there, word for word. */
import { expect, test } from 'vitest';
import { read } from '../files.ts';
import { snippetsOf } from './extract.ts';

const files = ['src/kernels/elementwise.ts', 'src/ops/functions.ts', 'src/tensor.ts', 'test/ops/cases.ts'];

/** White space aside. */
const squeezed = (code: string): string => code.replace(/\s+/g, ' ').trim();

/** The first words of each piece of code that stands in none of the files. */
const missing = (page: string): string[] =>
  snippetsOf('docs/CONTRIBUTING.md', page)
    .map(({ code }) => squeezed(code))
    .filter((code) => !files.some((file) => squeezed(read(file)).includes(code)))
    .map((code) => code.slice(0, 40));

test('each step of adding an op stands in the source', () => {
  const page = read('docs/CONTRIBUTING.md');
  expect(snippetsOf('docs/CONTRIBUTING.md', page)).toHaveLength(4);
  expect(missing(page)).toEqual([]);
});

test('a step that says something else is seen', () => {
  expect(missing(read('docs/CONTRIBUTING.md').replace('Math.LN2', 'Math.LN10'))).toHaveLength(1);
});
