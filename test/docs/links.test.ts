/** Links between the pages lead somewhere, and docs/README.md leads to every page. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { filesUnder, read, root } from '../files.ts';

const pages = ['README.md', ...filesUnder('docs', '.md')];

/** The files that a page links to, from the root. */
const linksOf = (page: string, text = read(page)): string[] =>
  [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)]
    .map(([, target]) => target)
    .filter((target) => !/^\w+:/.test(target))
    .map((target) => join(dirname(page), target));

const broken = (page: string, text?: string): string[] =>
  linksOf(page, text).filter((target) => !existsSync(join(root, target)));

test('every link between the pages leads to a file', () => {
  expect(pages.flatMap((page) => broken(page))).toEqual([]);
});

test('docs/README.md leads to every page and example', () => {
  const listed = linksOf('docs/README.md');
  expect(filesUnder('docs', '.md').filter((page) => page !== 'docs/README.md' && !listed.includes(page))).toEqual([]);
  expect(filesUnder('docs/examples', '.ts').filter((file) => !listed.includes(file))).toEqual([]);
});

test('a link to nowhere is seen', () => {
  expect(broken('docs/bad.md', 'see [there](nowhere.md#part), not [outside](https://example.com)')).toEqual([
    'docs/nowhere.md',
  ]);
});

test('README.md names every entry of the package', () => {
  const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, unknown> };
  const entries = Object.keys(exports).map((name) => name.replace(/^\./, 'adjoint'));
  const last = (name: string): string => `…/${name.split('/').at(-1)}`; // written short behind another one
  const readme = read('README.md');
  const missing = entries.filter((name) => !readme.includes(`\`${name}\``) && !readme.includes(`\`${last(name)}\``));
  expect(missing).toEqual(['adjoint/package.json']);
});
