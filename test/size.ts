/**
 * `npm run size`: how much there is to read in the core, and how much of it a page loads.
 */
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { parseSync } from 'vite';
import { filesUnder, read, root } from './files.ts';

const CORE = [
  'src/array',
  'src/kernels',
  'src/ops',
  'src/engine.ts',
  'src/vocabulary',
  'src/tensor.ts',
  'src/create.ts',
];

interface Lines {
  readonly code: number;
  readonly total: number;
}

/** Lines of a file: with something other than comment and white space on them, and all. */
function linesOf(file: string): Lines {
  const text = read(file);
  let code = text;
  for (const { start, end } of parseSync(file, text).comments) {
    code = code.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, ' ') + code.slice(end);
  }
  return {
    code: code.split('\n').filter((line) => line.trim() !== '').length,
    total: text.trimEnd().split('\n').length,
  };
}

const sum = (lines: readonly Lines[]): Lines =>
  lines.reduce((a, b) => ({ code: a.code + b.code, total: a.total + b.total }), { code: 0, total: 0 });

const row = (name: string, ...numbers: (number | string)[]): string =>
  name.padEnd(16) + numbers.map((n) => n.toLocaleString('en').padStart(8)).join('');

const parts = CORE.map((part) => {
  const files = filesUnder('src', '.ts').filter((file) => file === part || file.startsWith(`${part}/`));
  return { part, files: files.length, lines: sum(files.map(linesOf)) };
});
const all = sum(parts.map(({ lines }) => lines));

console.log(row('the core', 'files', 'code', 'lines'));
for (const { part, files, lines } of parts) console.log(row(part, files, lines.code, lines.total));
console.log(
  row(
    'sum',
    parts.reduce((n, { files }) => n + files, 0),
    all.code,
    all.total,
  ),
);
console.log('code: lines with more than comment or white space; lines: all, as they are read\n');

const { outputFiles } = await build({
  stdin: { contents: "export { Tensor } from './src/index.ts';", resolveDir: root },
  bundle: true,
  format: 'esm',
  minify: true,
  treeShaking: true,
  write: false,
});
const [{ contents }] = outputFiles;
const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
console.log("import { Tensor } from 'adjoint'");
console.log(`${kB(gzipSync(contents, { level: 9 }).length)} gzipped, ${kB(contents.length)} minified`);
console.log('one bundle for the browser, tree-shaken and minified by esbuild, gzip level 9');
