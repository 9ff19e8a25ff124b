/** The README shows the first program that `npm start` runs, word for word. */
import { expect, test } from 'vitest';
import { read } from '../files.ts';
import { snippetsOf } from './extract.ts';

/** The program without the comment at its top. */
const program = read('docs/examples/first-network.ts')
  .replace(/^\/\*\*.*?\*\/\n/s, '')
  .trim();
const shown = (readme: string): boolean => snippetsOf('README.md', readme).some(({ code }) => code.trim() === program);

test('docs/examples/first-network.ts stands in README.md word for word', () => {
  expect(program).toMatch(/^import /);
  expect(shown(read('README.md'))).toBe(true);
});

test('a README that says something else is seen', () => {
  expect(shown(read('README.md').replace('lr: 0.001', 'lr: 0.01'))).toBe(false);
});
