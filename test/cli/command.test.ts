/** The command: what a run leaves and what can be done with it, that a killed run goes on to the same bits, what is refused. */
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MLP } from '../../src/models/index.ts';
import { load } from '../../src/models/folder.ts';
import { below, commandFolder, digitsFolder, start, type Ended } from './run.ts';

let base = '';
let how: readonly string[] = [];
beforeAll(async () => {
  ({ base, how } = await commandFolder('command'));
  digitsFolder(join(base, 'digits'), 300);
  writeFileSync(join(base, 'text.txt'), 'to be, or not to be, that is the question\n'.repeat(60));
});
afterAll(() => {
  rmSync(base, { recursive: true });
});

const adjoint = (...args: string[]): Promise<Ended> => start(base, args, { how });
const at = (...names: string[]): string => join(base, ...names);
const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const json = (ended: Ended): Record<string, unknown> => JSON.parse(ended.stdout) as Record<string, unknown>;

const gpt = ['train', 'gpt', '--data', 'text.txt'];
const small = ['epochs=4', 'steps=40', 'batch=4', 'block=16', 'width=16', 'layers=1', 'heads=2', 'dropout=0.1'].flatMap((s) => ['--set', s]); // prettier-ignore

describe('a run on pictures', { timeout: 60_000 }, () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await adjoint('train', 'mlp', '--data', 'digits', '--set', 'epochs=2', '--out', 'mlp', '--json');
  }, 60_000);

  test('leaves a folder with all that came of it, and says it as JSON', () => {
    expect([ended.code, json(ended)['folder'], json(ended)['stopped']]).toEqual([0, 'mlp', null]);
    expect(below(at('mlp'))).toEqual(['checkpoint.safetensors', 'config.json', 'log.jsonl', 'metrics.json', 'model.safetensors', 'preprocessing.json', 'report.html']); // prettier-ignore
    expect(readFileSync(at('mlp/log.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2);
    const page = readFileSync(at('mlp/report.html'), 'utf8');
    expect(page).toContain('Confusion matrix');
    expect(page).not.toMatch(/<script|<link|src="http/);
  });

  test('can be loaded, evaluated and looked into', async () => {
    expect(load(at('mlp')).model).toBeInstanceOf(MLP);
    const [scores, info] = await Promise.all([adjoint('eval', 'mlp', '--json'), adjoint('info', 'mlp')]);
    expect(json(scores)['accuracy']).toBe((json(ended)['metrics'] as { accuracy: number }).accuracy);
    expect(info.stdout).toContain('MLP: 203,530 parameters');
  });

  test('tells the classes of pictures in files', async () => {
    writeFileSync(at('one.png'), encode({ width: 28, height: 28, channels: 1, data: new Uint8Array(784) }));
    const { stdout } = await adjoint('predict', 'mlp', 'one.png', 'one.png');
    expect(stdout).toMatch(/^(one\.png: \d \d+\.\d %, \d \d+\.\d %, \d \d+\.\d %\n){2}$/);
  });

  test('is refused to other commands than its own in one line', async () => {
    const { code, stderr } = await adjoint('generate', 'mlp', '--prompt', 'a');
    expect([code, stderr]).toEqual([
      1,
      'adjoint: mlp: the model must be one that writes text on, got MLP; see adjoint predict --help\n',
    ]);
  });
});

test('pictures in folders are classes, in colour too', { timeout: 60_000 }, async () => {
  for (const [c, name] of ['blue', 'red'].entries()) {
    mkdirSync(at('colours', name), { recursive: true });
    for (let i = 0; i < 10; i++) {
      const data = Uint8Array.from({ length: 3 * 64 }, (_, p) => (p % 3 === 2 * (1 - c) ? 200 + i : 10 * i));
      writeFileSync(at('colours', name, `${i}.png`), encode({ width: 8, height: 8, channels: 3, data }));
    }
  }
  const settings = ['--set', 'size=8', '--set', 'epochs=30', '--set', 'batch=8'];
  const ended = await adjoint('train', 'cnn', '--data', 'colours', ...settings, '--out', 'cnn', '--json');
  expect(json(ended)['metrics']).toMatchObject({ accuracy: 1 });
  const { stdout } = await adjoint('predict', 'cnn', 'colours/red/3.png');
  expect(stdout).toMatch(/^colours\/red\/3\.png: red /);
});

describe('a run on text', { timeout: 60_000 }, () => {
  let whole: Ended;
  beforeAll(async () => {
    whole = await adjoint(...gpt, ...small, '--out', 'whole');
  }, 60_000);

  test('writes text that goes on from a prompt, the same for the same seed', async () => {
    expect(whole.code).toBe(0);
    const words = ['generate', 'whole', '--prompt', 'to be', '--tokens', '20', '--seed', '3'];
    const [first, second] = await Promise.all([adjoint(...words), adjoint(...words, '--json')]);
    expect(first.stdout).toMatch(/^to be[^]{20}\n$/);
    expect(`to be${String(json(second)['text'])}\n`).toBe(first.stdout);
  });

  test.each([
    ['SIGKILL', null],
    ['SIGINT', 130],
  ] as const)('that %s ends goes on to the same bits', async (signal, code) => {
    const out = `run-${signal}`;
    let sent = false;
    const ended = await start(base, [...gpt, ...small, '--out', out], {
      how,
      seen: (stdout, kill) => {
        if (sent || !stdout.includes('epoch 2/4')) return;
        sent = true;
        kill(signal);
      },
    });
    expect(ended.code).toBe(code);
    if (signal === 'SIGINT') expect(ended.stdout).toContain(`To go on: adjoint train --resume ${out}\n`);
    else expect((await adjoint('eval', out)).stderr).toContain(`end it first: adjoint train --resume ${out}`);
    const resumed = await adjoint('train', '--resume', out);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).not.toContain('epoch 1/4');
    expect(hash(at(out, 'model.safetensors'))).toBe(hash(at('whole/model.safetensors')));
    expect(hash(at(out, 'report.html'))).toBe(hash(at('whole/report.html')));
  });

  test('is one at a time in its folder, and of its own model and data', async () => {
    mkdirSync(at('copy'));
    copyFileSync(at('whole/config.json'), at('copy/config.json'));
    copyFileSync(at('mlp/checkpoint.safetensors'), at('copy/checkpoint.safetensors'));
    expect((await adjoint('train', '--resume', 'copy')).stderr).toMatch(/^adjoint: [^\n]*loadStateDict: [^\n]*\n$/);

    writeFileSync(at('copy/config.json.lock'), `${process.pid}`);
    const locked = await adjoint('train', '--resume', 'copy');
    expect([locked.code, locked.stderr]).toEqual([1, expect.stringMatching(/one run at a time.*got a run in process/)]);

    const other = await adjoint('train', 'lstm', '--resume', 'whole');
    expect([other.code, other.stderr]).toEqual([2, 'adjoint: --resume whole must be a run of lstm, got one of gpt; leave out MODEL\n']); // prettier-ignore

    writeFileSync(at('changing.txt'), 'to be, or not to be, that is the question\n'.repeat(60));
    await adjoint('train', 'bigram', '--data', 'changing.txt', '--set', 'epochs=1', '--set', 'steps=2', '--out', 'b');
    writeFileSync(at('changing.txt'), 'to be, or not to be, that was the question\n'.repeat(60));
    expect((await adjoint('train', '--resume', 'b')).stderr).toMatch(
      /needs the data that it began with, got other data/,
    );
  });
});

describe('what cannot be is told in one line, and leaves nothing behind', { timeout: 60_000 }, () => {
  beforeAll(() => {
    writeFileSync(at('latin.txt'), Uint8Array.of(0x61, 0x0a, 0x62, 0xe9, 0x62));
    mkdirSync(at('pets/cat'), { recursive: true });
    writeFileSync(at('pets/cat/1.png'), 'no picture');
    mkdirSync(at('full'));
    writeFileSync(at('full/mine'), '');
  });

  test.each([
    [2, /^adjoint: MODEL is missing; see --help\n$/, ['train']],
    [2, /^adjoint: MODEL must be one of mlp, .*, got 'mpl'\n$/, ['train', 'mpl']],
    [2, /^adjoint: there is no command 'tarin'; there are train, /, ['tarin']],
    [2, /^adjoint: Unknown option '--epochs'/, ['train', 'mlp', '--epochs', '2']],
    [2, /^adjoint: --set must name one of epochs, .*, got 'rl'\n$/, ['train', 'mlp', '--set', 'rl=1']],
    [2, /^adjoint: --set lr must be a number from 0, got 'fast'\n$/, ['train', 'mlp', '--set', 'lr=fast']],
    [2, /^adjoint: --out must be a new or empty folder, got full, which has files in it\n$/, [...gpt, '--out', 'full']],
    [2, /^adjoint: --out text.txt\/run cannot be used: ENOTDIR/, [...gpt, '--out', 'text.txt/run']],
    [2, /^adjoint: --data: .* must hold more than 999 tokens in its last tenth, got 252; /, [...gpt, '--set', 'block=999', '--out', 'new']], // prettier-ignore
    [1, /^adjoint: .*latin\.txt:2: the file must be UTF-8 text, got 0xe9 at byte 3; save it as UTF-8\n$/, ['train', 'gpt', '--data', 'latin.txt', '--out', 'new']], // prettier-ignore
    [1, /^adjoint: .*pets\/cat\/1\.png: a picture must be PNG or JPEG, got a file that begins 6e 6f 20 70\n$/, ['train', 'cnn', '--data', 'pets', '--out', 'new']], // prettier-ignore
    [1, /^adjoint: .*none\.txt: the path must name a file that can be read, got no such file/, ['train', 'gpt', '--data', 'none.txt', '--out', 'new']], // prettier-ignore
    [1, /^adjoint: nowhere\/config\.json: there must be the config of a run, got no such file/, ['eval', 'nowhere']],
    [2, /^adjoint: --resume goes on as the run began: leave out --set\n$/, ['train', '--resume', 'x', '--set', 'lr=1']],
  ] as const)('%i %s', async (code, message, args) => {
    const ended = await adjoint(...args);
    expect(ended.stderr).toMatch(message);
    expect([ended.code, ended.stdout, ended.stderr.split('\n').length]).toEqual([code, '', 2]);
    expect(existsSync(at('new'))).toBe(false);
  });

  test.skipIf(process.getuid?.() === 0)('a read-only folder is one of them', async () => {
    mkdirSync(at('locked'));
    chmodSync(at('locked'), 0o555);
    expect((await adjoint(...gpt, '--out', 'locked/run')).stderr).toMatch(
      /^adjoint: --out locked\/run cannot be used: EACCES/,
    );
  });
});

test('each command has its help', { timeout: 60_000 }, async () => {
  const { stdout, code } = await adjoint('--help');
  expect(code).toBe(0);
  const names = [...stdout.matchAll(/^ {2}([a-z][\w-]*)  /gm)].map(([, name]) => name);
  expect(names).toEqual([
    'train',
    'tune',
    'find-lr',
    'eval',
    'predict',
    'generate',
    'explain',
    'draw',
    'info',
    'export',
    'bench',
    'tokenize',
  ]);
  const pages = await Promise.all(names.map((name) => adjoint(name, '--help')));
  pages.forEach((page, i) => expect([page.code, page.stdout]).toEqual([0, expect.stringContaining(`adjoint ${names[i]} `)])); // prettier-ignore
  expect((await adjoint('train', 'gpt', '--help')).stdout).toContain('heads=4');
});

test('a tokenizer is learned from a text, and used', { timeout: 60_000 }, async () => {
  const learned = await adjoint('tokenize', '--train', 'bpe', '--data', 'text.txt', '--out', 't.json', '--vocab-size', '270'); // prettier-ignore
  expect([learned.code, learned.stdout]).toEqual([0, expect.stringContaining('t.json: 270 tokens')]);
  const { stdout } = await adjoint('tokenize', 't.json', 'to be', '--json');
  expect((JSON.parse(stdout) as { tokens: string[] }).tokens.join('')).toBe('toĠbe');
});
