/** Bad input through the command: one line that names file and place, and nothing lost. More of it is in command.test.ts. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSafetensors } from 'adjoint/io';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { below, commandFolder, start, type Ended } from './run.ts';

let base = '';
let how: readonly string[] = [];
const at = (...names: string[]): string => join(base, ...names);
const adjoint = (...args: string[]): Promise<Ended> => start(base, args, { how });
const small = ['--data', 'text.txt', '--set', 'epochs=3', '--set', 'steps=5', '--set', 'batch=2', '--set', 'block=8'];

beforeAll(async () => {
  ({ base, how } = await commandFolder('bad'));
  writeFileSync(at('text.txt'), 'to be, or not to be, that is the question\n'.repeat(60));
  await adjoint('train', 'bigram', ...small, '--out', 'bigram');
}, 120_000);
afterAll(() => {
  rmSync(base, { recursive: true });
});

describe('what cannot be is told in one line', { timeout: 120_000 }, () => {
  test.each<[string, RegExp, () => string[]]>([
    [
      'a row of a table that has a cell too many',
      /rows\.csv:4: .*3/,
      () => {
        writeFileSync(at('rows.csv'), 'a,b\n1,2\n3,4\n5,6,7\n');
        return ['train', 'mlp', '--data', 'rows.csv', '--out', 'new'];
      },
    ],
    [
      'a character that the tokenizer has no token for',
      /tokens for all of the text, got "ö"; /,
      () => ['generate', 'bigram', '--prompt', 'tö be'],
    ],
    [
      'a picture that is text',
      /two\.png: a picture must be PNG or JPEG/,
      () => {
        mkdirSync(at('pets/cat'), { recursive: true });
        writeFileSync(at('pets/cat/two.png'), 'no picture');
        return ['train', 'cnn', '--data', 'pets', '--out', 'new'];
      },
    ],
    [
      'weights of another architecture',
      /loadStateDict: /,
      () => {
        mkdirSync(at('mixed'));
        copyFileSync(at('bigram/model.safetensors'), at('mixed/model.safetensors'));
        const config = { vocabSize: 15, nEmbd: 4, hidden: 4, nLayer: 1, cell: 'gru' };
        writeFileSync(at('mixed/config.json'), JSON.stringify({ model: 'RecurrentModel', config }));
        return ['info', 'mixed'];
      },
    ],
    [
      'a model file that was cut off',
      /cut\/model\.safetensors: /,
      () => {
        mkdirSync(at('cut'));
        copyFileSync(at('bigram/config.json'), at('cut/config.json'));
        writeFileSync(at('cut/model.safetensors'), readFileSync(at('bigram/model.safetensors')).subarray(0, 100));
        return ['info', 'cut'];
      },
    ],
    [
      'a config that is no JSON',
      /torn\/config\.json: the file must be JSON/,
      () => {
        mkdirSync(at('torn'));
        writeFileSync(at('torn/config.json'), '{"model": ');
        return ['eval', 'torn'];
      },
    ],
  ])('%s', async (_, message, args) => {
    const ended = await adjoint(...args());
    expect(ended.stderr).toMatch(message);
    expect([ended.code, ended.stdout, ended.stderr.split('\n').length]).toEqual([1, '', 2]);
    expect(existsSync(at('new'))).toBe(false);
  });

  test('a disk that is full midway: the last checkpoint is there, and the run goes on to the same bits', async () => {
    // The third checkpoint finds no room: half of it is written, then the system says so.
    writeFileSync(
      at('full.mjs'),
      `import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const { openSync, writeFileSync } = fs;
      let checkpoint = -1;
      let times = 0;
      fs.openSync = (path, ...rest) => {
        const file = openSync(path, ...rest);
        if (/checkpoint\\.safetensors\\.[^/]*tmp$/.test(path) && ++times === 3) checkpoint = file;
        return file;
      };
      fs.writeFileSync = (file, content, ...rest) => {
        if (file !== checkpoint) return writeFileSync(file, content, ...rest);
        writeFileSync(file, content.subarray(0, content.length / 2));
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
      };
      syncBuiltinESMExports();`,
    );
    const words = ['train', 'bigram', ...small, '--out', 'full'];
    const ended = await start(base, words, { how: ['--import', at('full.mjs'), ...how] });
    expect(ended.stderr).toMatch(
      /^adjoint: full\/checkpoint\.safetensors: the disk must have room for \d+ bytes, got a full one \(ENOSPC\); [^\n]*\n$/,
    );
    expect(ended.code).toBe(1);
    expect(below(at('full')).filter((name) => /\.(tmp|lock)$/.test(name))).toEqual([]);
    expect(Object.keys(loadSafetensors(at('full/checkpoint.safetensors')).tensors).length).toBeGreaterThan(0);
    const resumed = await adjoint('train', '--resume', 'full');
    expect(resumed.code).toBe(0);
    const model = 'model.safetensors';
    expect(readFileSync(at('full', model), 'base64')).toBe(readFileSync(at('bigram', model), 'base64'));
  });
});
