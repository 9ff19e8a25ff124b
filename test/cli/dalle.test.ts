/** DALL-E by the command: three stages that go on to the same bits, what is counted, pictures of captions, and what is refused. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { shapeCaptions } from '../../src/data/index.ts';
import { TextToImage } from '../../src/models/index.ts';
import { load } from '../../src/models/folder.ts';
import { below, commandFolder, start, type Ended } from './run.ts';

let base = '';
let how: readonly string[] = [];
let whole: Ended;
const at = (...names: string[]): string => join(base, ...names);
const adjoint = (...args: string[]): Promise<Ended> => start(base, args, { how });
const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const json = (ended: Ended): Record<string, unknown> => JSON.parse(ended.stdout) as Record<string, unknown>;
const tiny = ['dvaeRounds=2', 'rounds=2', 'clipRounds=2', 'steps=4', 'asked=3', 'codes=12', 'channels=2', 'width=8', 'layers=1', 'heads=2', 'batch=4', 'dvaeBatch=2', 'clipBatch=4'].flatMap((s) => ['--set', s]); // prettier-ignore
const caption = 'a large red circle above a small blue square';

beforeAll(async () => {
  ({ base, how } = await commandFolder('dalle'));
  whole = await adjoint('train', 'dalle', ...tiny, '--out', 'whole', '--json');
}, 60_000);
afterAll(() => {
  rmSync(base, { recursive: true });
});

describe('a run', { timeout: 60_000 }, () => {
  test('trains its parts one after another, and leaves a folder with all that came of it', () => {
    expect([whole.code, json(whole)['steps']]).toEqual([0, 24]);
    expect(below(at('whole'))).toEqual(['checkpoint.safetensors', 'config.json', 'log.jsonl', 'metrics.json', 'model.safetensors', 'report.html', 'tokenizer.json']); // prettier-ignore
    const page = readFileSync(at('whole/report.html'), 'utf8');
    for (const part of ['the dVAE', 'the transformer', 'CLIP']) expect(page).toContain(`Loss of ${part}`);
    expect(page.match(/<img /g)).toHaveLength(6); // 3 captions drawn, 3 pictures through the codes
    const { model, tokenizer } = load(at('whole'));
    expect(model).toBeInstanceOf(TextToImage);
    expect(tokenizer!.encode('a red circle', { addSpecialTokens: false })).toHaveLength(3);
  });

  test('that is killed in its second stage goes on to the same bits', async () => {
    let sent = false;
    const killed = await start(base, ['train', 'dalle', ...tiny, '--out', 'killed'], {
      how,
      seen: (stdout, kill) => {
        if (sent || !stdout.includes('epoch 3/6')) return;
        sent = true;
        kill('SIGKILL');
      },
    });
    expect(killed.signal).toBe('SIGKILL');
    expect((await adjoint('draw', 'killed', '--caption', caption, '--out', 'no.png')).stderr).toContain('end it first');
    const resumed = await adjoint('train', '--resume', 'killed');
    expect([resumed.code, resumed.stdout.includes('epoch 2/6')]).toEqual([0, false]);
    for (const file of ['model.safetensors', 'report.html']) expect(hash(at('killed', file))).toBe(hash(at('whole', file))); // prettier-ignore
  });

  test('is counted again by eval, on captions that it was not trained on', async () => {
    const scores = json(await adjoint('eval', 'whole', '--json'));
    expect(scores).toMatchObject(json(whole)['metrics'] as object);
    expect(Object.keys(scores).toSorted()).toEqual(['chosen', 'codes', 'folder', 'single']);
    // A tenth is held back, by the seed alone; every word and every shape is in the rest.
    const captions = shapeCaptions();
    const held = new Generator(1).permutation(captions.length).slice(0, 223).map((i) => captions[i]); // prettier-ignore
    const page = readFileSync(at('whole/report.html'), 'utf8');
    for (const asked of held.slice(0, 3)) expect(page).toContain(asked);
  });

  test('has layers, and a cost', async () => {
    const { code, stdout } = await adjoint('info', 'whole', '--json');
    expect([code, (JSON.parse(stdout) as { model: string }).model]).toEqual([0, 'TextToImage']);
  });
});

describe('draw', { timeout: 60_000 }, () => {
  const draw = (...args: string[]): Promise<Ended> => adjoint('draw', 'whole', '--caption', caption, ...args);

  test('writes a PNG file, the same for the same seed', async () => {
    const [one, two, other] = await Promise.all([
      draw('--out', 'one.png', '--seed', '3', '--count', '2', '--zoom', '4', '--json'),
      draw('--out', 'two.png', '--seed', '3', '--count', '2', '--zoom', '4'),
      draw('--out', 'other.png', '--seed', '4', '--count', '2', '--zoom', '4'),
    ]);
    expect(json(one)).toMatchObject({ caption, out: 'one.png', width: 256, height: 128, count: 2, of: 8, seed: 3 });
    expect(two.stdout).toMatch(/^two\.png: 2 of 8 pictures .*--seed 3 draws them again\n {2}reads as /);
    expect(other.code).toBe(0);
    expect(hash(at('two.png'))).toBe(hash(at('one.png')));
    expect(hash(at('other.png'))).not.toBe(hash(at('one.png')));
    const png = decode(readFileSync(at('one.png')));
    expect([png.width, png.height, png.channels]).toEqual([256, 128, 3]);
    const pixel = (x: number, y: number): number[] => [...png.data.subarray(3 * (256 * y + x), 3 * (256 * y + x) + 3)];
    expect(pixel(7, 6)).toEqual(pixel(4, 4)); // both of one pixel of the model's
  });

  test.each([
    [2, "the model does not know huge, purple; it knows a, above, below, blue, circle, green, large, left, of, red, right, small, square, triangle, yellow", ['--caption', 'a huge purple circle', '--out', 'x.png']], // prettier-ignore
    [2, '--caption must have at most 10 words, got 12', ['--caption', 'a a a a a a a a a a a a', '--out', 'x.png']],
    [2, '--caption "…" is missing', ['--out', 'x.png']],
    [2, '--out FILE.png is missing', ['--caption', 'a red circle']],
    [2, '--out must end in .png, got x.jpg', ['--caption', 'a red circle', '--out', 'x.jpg']],
    [2, '--out none/x.png: there is no folder none', ['--caption', 'a red circle', '--out', 'none/x.png']],
    [2, '--of must be a whole number from 3', ['--caption', 'a red circle', '--out', 'x.png', '--count', '3', '--of', '2']], // prettier-ignore
    [1, 'ENOTDIR', ['--caption', 'a red circle', '--out', 'whole/config.json/x.png']],
    [1, 'EISDIR', ['--caption', 'a red circle', '--out', 'folder.png']],
  ] as const)('refuses with code %i: %s', async (code, words, args) => {
    mkdirSync(at('folder.png'), { recursive: true });
    const ended = await adjoint('draw', 'whole', ...args);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    expect(ended.stderr).toMatch(/^adjoint: [^\n]*\n$/);
    expect(ended.stderr).toContain(words);
    expect(existsSync(at('x.png'))).toBe(false);
    expect(below(base).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('is for models that draw, and those are not for other commands', async () => {
    const bigram = await adjoint('train', 'bigram', '--set', 'epochs=1', '--set', 'steps=1', '--out', 'bigram');
    expect(bigram.code).toBe(0);
    const cases: [number, string, string[]][] = [
      [1, 'bigram: the model must be one that draws', ['draw', 'bigram', '--caption', 'a', '--out', 'x.png']],
      [1, 'got TextToImage', ['generate', 'whole', '--prompt', 'a']],
      [1, 'got TextToImage', ['explain', 'whole', '--prompt', 'a']],
      [1, 'got three that draw together', ['export', 'whole', '--onnx']],
      [2, 'dalle draws its data by itself; leave it out', ['train', 'dalle', '--data', 'x']],
      [2, 'dalle draws its data by itself; leave it out', ['eval', 'whole', '--data', 'x']],
      [2, 'got dalle', ['find-lr', 'dalle']],
    ];
    for (const [code, words, args] of cases) {
      const ended = await adjoint(...args);
      expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(words)]);
    }
  });
});
