/** Checkpoints: any tree of plain data and tensors comes back to the bit, and what is no checkpoint is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ones, tensor } from '../../src/create.ts';
import { loadCheckpoint, loadSafetensors, saveCheckpoint, saveSafetensors, type Tree } from '../../src/io/index.ts';
import { Tensor } from '../../src/tensor.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'adjoint-checkpoint-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

/** A tree in a form that compares: tensors as type, shape and numbers. */
const plain = (x: unknown): unknown => {
  if (x instanceof Tensor) return ['tensor', x.dtype, x.shape, [...x.toTypedArray()]];
  if (Array.isArray(x)) return x.map(plain);
  if (typeof x !== 'object' || x === null) return x;
  return Object.fromEntries(Object.entries(x).map(([name, item]) => [name, plain(item)]));
};

test('any tree comes back to the bit', () => {
  const leaf = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'grapheme' }),
    fc.array(fc.double(), { maxLength: 4 }).map((x) => tensor(x, { dtype: 'float64' })),
    fc.array(fc.float(), { maxLength: 4 }).map((x) => tensor(x)),
  );
  const name = fc.oneof(fc.constantFrom('a', 'b', 'a.b', 'w', '0'), fc.string({ unit: 'grapheme' }));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('tree'), { maxLength: 3 }), fc.dictionary(name, tie('tree'))),
  }));
  fc.assert(
    fc.property(tree, (x) => {
      saveCheckpoint(at('any'), x as Tree);
      const first = readFileSync(at('any'));
      const back = loadCheckpoint(at('any'));
      expect(plain(back)).toEqual(plain(x));
      saveCheckpoint(at('any'), back);
      expect(readFileSync(at('any'))).toEqual(first);
    }),
    { numRuns: 30 },
  );
});

test('its tensors stand in the file under their paths, for any reader', () => {
  saveCheckpoint(at('named'), {
    model: { 'fc.weight': ones([2]) },
    list: [tensor(3)],
    'model.fc': { weight: ones([1]) },
  });
  expect(Object.keys(loadSafetensors(at('named')).tensors)).toEqual(['model.fc.weight', 'list.0', "model.fc.weight'"]);
});

test('what is no plain data is refused by name, and no file is left', () => {
  for (const [x, got] of [
    [() => 1, 'a function'],
    [undefined, 'a undefined'],
    [new Map(), 'a Map'],
  ] as const) {
    expect(() => saveCheckpoint(at('refused'), { a: [x as unknown as Tree] })).toThrow(
      `saveCheckpoint: a.0 must be plain data or a tensor, got ${got}`,
    );
  }
  expect(() => readFileSync(at('refused'))).toThrow('ENOENT');
});

test('what is no checkpoint, or is damaged, is refused with its name', () => {
  saveSafetensors(at('other'), { w: ones([1]) });
  expect(() => loadCheckpoint(at('other'))).toThrow(
    `${at('other')}: the file must be an adjoint checkpoint 1, got a safetensors file of another kind`,
  );
  const format = 'adjoint checkpoint 1';
  saveSafetensors(at('lost'), {}, { format, tree: '{"a":{"$tensor":"a"}}' });
  expect(() => loadCheckpoint(at('lost'))).toThrow('the checkpoint must be whole, got no tensor a');
  saveSafetensors(at('cut'), {}, { format, tree: '{"a":' });
  expect(() => loadCheckpoint(at('cut'))).toThrow('the checkpoint must be whole');
  saveCheckpoint(at('short'), { a: ones([9]) });
  writeFileSync(at('short'), readFileSync(at('short')).subarray(0, -4));
  expect(() => loadCheckpoint(at('short'))).toThrow(at('short'));
  expect(() => loadCheckpoint(at('nowhere'))).toThrow('no such file');
});
