/**
 * The command out of the packed package, with none of the optional packages: it works, or says what to install. Needs dist, which
 * `npm test` has built; without it, or where it is older than src, this is left out.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../files.ts';
import { start, type Ended } from './run.ts';

const built = join(root, 'dist/cli/adjoint.js');
const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
const isFresh = existsSync(built) && statSync(built).mtimeMs > newest(join(root, 'src'));

let base = '';
const adjoint = (...args: string[]): Promise<Ended> =>
  start(base, args, { how: [join(base, 'node_modules/.bin/adjoint')] });

describe.skipIf(!isFresh)('the packed command', { timeout: 120_000 }, () => {
  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'adjoint-packed-'));
    execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', base], { cwd: root });
    const [file] = readdirSync(base);
    execFileSync('tar', ['xf', file], { cwd: base });
    mkdirSync(join(base, 'node_modules/.bin'), { recursive: true });
    symlinkSync('../package', join(base, 'node_modules/adjoint'));
    symlinkSync('../adjoint/dist/cli/adjoint.js', join(base, 'node_modules/.bin/adjoint')); // as npm does
    writeFileSync(join(base, 'text.txt'), 'to be, or not to be, that is the question\n'.repeat(60));
    writeFileSync(join(base, 'one.png'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a));
  }, 120_000);
  afterAll(() => {
    rmSync(base, { recursive: true });
  });
  const small = ['--data', 'text.txt', '--set', 'epochs=1', '--set', 'steps=3', '--set', 'batch=2', '--set', 'block=8'];

  test('trains, tunes and uses models, and says what it takes to have pages', async () => {
    const trained = await adjoint('train', 'bigram', ...small, '--out', 'run');
    expect([trained.code, trained.stderr]).toEqual([0, expect.stringMatching(/^adjoint: no report\.html: .*run npm install vega vega-lite\n$/)]); // prettier-ignore
    const [scores, text, facts, tokens] = await Promise.all([
      adjoint('eval', 'run'),
      adjoint('generate', 'run', '--prompt', 'to', '--tokens', '5'),
      adjoint('info', 'run'),
      adjoint('tokenize', 'run', 'to be'),
    ]);
    const all = [scores, text, facts, tokens];
    expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(all.map(() => [0, '']));
    const tuned = await adjoint('tune', 'bigram', '--grid', 'lr=0.1,0.01', ...small, '--out', 'tuned', '--json');
    expect([tuned.code, (JSON.parse(tuned.stdout) as { trials: object[] }).trials.length]).toEqual([0, 2]);
  });

  test('names the package that a command needs', async () => {
    await adjoint('train', 'bigram', ...small, '--out', 'other');
    const exported = await adjoint('export', 'other', '--onnx');
    expect([exported.code, exported.stderr]).toEqual([1, expect.stringMatching(/^adjoint: export: @bufbuild\/protobuf must be installed, .*; run npm install @bufbuild\/protobuf\n$/)]); // prettier-ignore
    mkdirSync(join(base, 'pets/cat'), { recursive: true });
    writeFileSync(join(base, 'pets/cat/1.png'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a));
    const pictures = await adjoint('train', 'cnn', '--data', 'pets', '--out', 'new');
    expect([pictures.code, pictures.stderr]).toEqual([1, expect.stringMatching(/^adjoint: .*fast-png.* must be installed.*\n$/)]); // prettier-ignore
  });

  test('measures what the machine computes', async () => {
    const { code, stdout, stderr } = await adjoint('bench', '--json');
    expect([code, stderr]).toEqual([0, '']);
    const { measures } = JSON.parse(stdout) as { measures: { perSecond: number; plain: number }[] };
    expect(measures).toHaveLength(6);
    expect(measures.every(({ perSecond, plain }) => perSecond > 0 && plain > 0)).toBe(true);
  });
});
