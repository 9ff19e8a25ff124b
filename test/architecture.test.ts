/**
 * The house stands as docs/architecture.md draws it. The arrows are one table, in house.ts.
 */
import { describe, expect, test } from 'vitest';
import { filesUnder, read } from './files.ts';
import { brokenArrow, cycles, importsOf, loadedWith } from './house.ts';

const faults = (file: string, code: string): string[] =>
  importsOf(file, code)
    .map(brokenArrow)
    .filter((fault) => fault !== null);

describe('the house', () => {
  const imports = filesUnder('src', '.ts').flatMap((file) => importsOf(file, read(file)));

  test('every import of src follows an arrow', () => {
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.map(brokenArrow).filter((fault) => fault !== null)).toEqual([]);
  });

  test('no files load one another in a circle', () => {
    expect(cycles(imports)).toEqual([]);
  });

  test.each(['index', 'data/index', 'text/index'])('%s loads no package and nothing of Node: a browser can', (door) => {
    const chains = [...loadedWith(`src/${door}.ts`, imports)];
    expect(chains.filter(([target]) => !target.startsWith('src/')).map(([, chain]) => chain)).toEqual([]);
  });

  test("import 'adjoint/models' loads nothing of Node either: only adjoint/models/folder does", () => {
    const outside = (file: string) => [...loadedWith(file, imports).keys()].filter((name) => !name.startsWith('src/'));
    expect(outside('src/models/index.ts')).toEqual([]);
    expect(outside('src/models/folder.ts')).toContain('node:fs');
  });
});

describe('the test of the house', () => {
  test('an import against an arrow is named with its file, line and arrow', () => {
    expect(faults('src/array/bad.ts', "\nimport { Tensor } from '../tensor.ts';")).toEqual([
      'src/array/bad.ts:2: array → tensor (src/tensor.ts): array may import nothing',
    ]);
    expect(faults('src/kernels/bad.ts', "export * from '../ops/index.ts';")).toEqual([
      'src/kernels/bad.ts:1: kernels → ops (src/ops/index.ts): kernels may import array',
    ]);
    expect(faults('src/optim/bad.ts', "const nn = await import('../nn/index.ts');")).toHaveLength(1);
  });

  test('a type may be named where its module may not be loaded', () => {
    expect(faults('src/ops/op.ts', "import type { Tensor } from '../tensor.ts';")).toEqual([]);
    expect(faults('src/engine.ts', "export type { Op } from './ops/op.ts';")).toEqual([]);
    expect(faults('src/ops/op.ts', "import { type Tensor } from '../tensor.ts';")).toEqual([
      'src/ops/op.ts:1: ops → tensor (src/tensor.ts): by `import type` only',
    ]);
    expect(faults('src/array/bad.ts', "import type { Tensor } from '../tensor.ts';")).toHaveLength(1);
  });

  test('the core takes no package and nothing of Node', () => {
    expect(faults('src/nn/bad.ts', "import { readFile } from 'node:fs/promises';")).toEqual([
      "src/nn/bad.ts:1: nn → 'node:fs/promises': the core needs no package and no Node",
    ]);
    expect(faults('src/io/good.ts', "import { readFile } from 'node:fs/promises';")).toEqual([]);
    expect(faults('src/io/bad.ts', "import { nn } from 'adjoint';")).toHaveLength(1);
  });

  test('a new layer needs a row, and what stands in a comment is no import', () => {
    expect(faults('src/attic.ts', "import './array/nd.ts';")[0]).toContain("'attic' has no row");
    expect(faults('src/array/good.ts', "/** import { Tensor } from '../tensor.ts'; */")).toEqual([]);
  });

  test('circles and what loads behind the front door are found', () => {
    const imports = [
      ...importsOf('src/index.ts', "export * from './a.ts';"),
      ...importsOf('src/a.ts', "import { b } from './b.ts';"),
      ...importsOf('src/b.ts', "import 'node:fs'; import { c } from './c.ts'; import type { A } from './a.ts';"),
      ...importsOf('src/c.ts', "import { a } from './a.ts';"),
    ];
    expect(cycles(imports)).toEqual(['src/a.ts → src/b.ts → src/c.ts → src/a.ts']);
    expect(loadedWith('src/index.ts', imports).get('node:fs')).toBe('src/index.ts → src/a.ts → src/b.ts → node:fs');
  });
});
