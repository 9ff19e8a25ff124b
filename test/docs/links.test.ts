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

test('docs/README.md leads to every page and example, those of a folder by its own README.md', () => {
  const leads = (index: string, page: string): boolean => linksOf(index).includes(page);
  const isListed = (page: string): boolean => {
    const index = join(dirname(page), 'README.md');
    return leads('docs/README.md', page) || (existsSync(join(root, index)) && page !== index && leads(index, page));
  };
  const missing = filesUnder('docs', '.md').filter((page) => page !== 'docs/README.md' && !isListed(page));
  expect(missing).toEqual([]);
  expect(filesUnder('docs/examples', '.ts').filter((file) => !leads('docs/README.md', file))).toEqual([]);
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
