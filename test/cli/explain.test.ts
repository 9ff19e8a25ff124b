/** `adjoint explain`: every method through the command on tiny models of each kind, what is refused, and that nothing is half written. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { methods } from '../../src/cli/explainMethods.ts';
import {
  BERTForClassification,
  BERTForMaskedLM,
  Bigram,
  CNN,
  DVAE,
  GPT,
  NeuralNgram,
  RecurrentModel,
} from '../../src/models/index.ts';
import { save } from '../../src/models/folder.ts';
import { bertTokenizer, charTokenizer } from '../../src/text/index.ts';
import { filesUnder, read } from '../files.ts';
import { commandFolder, digitsFolder, start, type Ended } from './run.ts';

interface Result extends Record<string, unknown> {
  method: string;
  attributions?: number[];
  sections?: unknown[];
  /** of methods with a law */
  gap?: number;
  sum?: number;
  base?: number;
  output?: number;
}
interface Said {
  page: string;
  explanations: {
    input: string;
    target: string;
    unit: string;
    predictions: { label: string; value: number }[];
    methods: Result[];
    checked?: unknown[];
  }[];
}

let base = '';
let how: readonly string[] = [];
const at = (...names: string[]): string => join(base, ...names);
const adjoint = (...args: string[]): Promise<Ended> => start(base, args, { how });
/** What a command that goes well says with --json. */
async function said(...args: string[]): Promise<Said> {
  const { code, stdout, stderr } = await adjoint('explain', ...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Said;
}
const made = { generator: new Generator(1) };
const text = charTokenizer('to be, or not');
const config = { vocabSize: text.vocabSize, blockSize: 8, nEmbd: 8 };
const words = bertTokenizer('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\nsat\n##s\n.');
const bert = { vocabSize: 10, blockSize: 8, nLayer: 1, nHead: 2, nEmbd: 8 };

beforeAll(async () => {
  ({ base, how } = await commandFolder('explain'));
  digitsFolder(at('digits'), 60);
  await adjoint('train', 'mlp', '--data', 'digits', '--set', 'epochs=1', '--set', 'width=8', '--out', 'mlp');
  await adjoint('train', 'mlp', '--data', 'houses', '--set', 'epochs=1', '--out', 'houses');
  writeFileSync(at('rows.csv'), 'area,rooms,age,district,garden\n120,4,30,centre,yes\n60,2,,hills,\n');
  const pixels = Uint8Array.from({ length: 3 * 64 }, (_, i) => (37 * i) % 256);
  writeFileSync(at('one.png'), encode({ width: 8, height: 8, channels: 3, data: pixels }));
  writeFileSync(at('bad.png'), 'no picture');
  writeFileSync(at('short.csv'), 'area,rooms\n120,4\n');
  writeFileSync(at('long.csv'), `area,rooms,age,district,garden\n${'120,4,30,centre,yes\n'.repeat(200)}`);
  const cnn = new CNN({ channels: 3, size: 8, classes: 2, width1: 2, width2: 2 }, made);
  mkdirSync(at('concept'));
  for (const i of [1, 2, 3])
    writeFileSync(
      at('concept', `${i}.png`),
      encode({ width: 8, height: 8, channels: 3, data: pixels.map((v) => (i * v) % 256) }),
    );
  save(at('cnn'), cnn, { preprocessing: { channels: 3, size: 8, classes: ['blue', 'red'] } });
  save(at('gpt'), new GPT({ ...config, nLayer: 1, nHead: 2 }, made), { tokenizer: text });
  save(at('ngram'), new NeuralNgram({ ...config, blockSize: 3, hidden: 8 }, made), { tokenizer: text });
  save(at('lstm'), new RecurrentModel({ cell: 'lstm', vocabSize: text.vocabSize, nEmbd: 8, hidden: 8 }, made), {
    tokenizer: text,
  });
  save(at('bigram'), new Bigram({ vocabSize: text.vocabSize }), { tokenizer: text });
  save(at('masked'), new BERTForMaskedLM(bert, made), { tokenizer: words });
  save(at('classifier'), new BERTForClassification(bert, made), {
    tokenizer: words,
    preprocessing: { classes: ['no', 'yes'] },
  });
  save(at('dvae'), new DVAE({ size: 8, codes: 4, nEmbd: 2, width: 2 }, made));
}, 240_000);
afterAll(() => {
  rmSync(base, { recursive: true });
});

/** Every number in a value. */
const numbersIn = (x: unknown): number[] =>
  typeof x === 'number'
    ? [x]
    : typeof x === 'object' && x !== null
      ? Object.values(x).flatMap(numbersIn)
      : x === undefined
        ? []
        : [];

describe('every method', { timeout: 240_000 }, () => {
  const ran = new Set<string>();
  test.each([
    ['mlp', ['--row', '2', '--set', 'segments=12', '--concept', 'concept', '--set', 'rows=48']],
    ['cnn', ['--input', 'one.png', '--set', 'segments=4']],
    ['houses', ['--row', '2', '--set', 'rows=20']],
    ['gpt', ['--prompt', 'to be', '--corrupted', 'to or', '--set', 'tokens=3']],
    ['ngram', ['--prompt', 'to be']],
    ['lstm', ['--prompt', 'to be', '--words']],
    ['bigram', ['--prompt', 'to']],
    ['masked', ['--prompt', 'the [MASK] sat.', '--corrupted', 'cat [MASK] sat.']],
    ['classifier', ['--prompt', 'the cats sat.', '--target', 'yes', '--corrupted', 'the sats sat.']],
  ] as const)('that fits %s gives finite numbers', async (model, args) => {
    const { explanations } = await said(model, ...args, '--method', 'all', '--samples', '30', '--out', `all-${model}`);
    const [{ methods: results }] = explanations;
    for (const result of results) {
      ran.add(result.method);
      const numbers = numbersIn(result);
      const wrong = numbers.filter((n) => !Number.isFinite(n)).length;
      expect([result.method, numbers.length > 0, wrong]).toEqual([result.method, true, 0]);
    }
    expect(readFileSync(at(`all-${model}`, 'explanation.html'), 'utf8')).not.toMatch(/<script src|<link|src="http/);
  });

  test('has been run by one of these', () => {
    expect(methods.map(({ names: [name] }) => name).filter((name) => !ran.has(name))).toEqual([]);
  });

  test('of which a page of the docs has a command is there', () => {
    const said = filesUnder('docs', '.md').flatMap((page) => [...read(page).matchAll(/adjoint explain .*--method (\S+)/g)].map(([, list]) => list));
    const names = methods.flatMap((method) => method.names);
    expect(said.length).toBeGreaterThan(20);
    expect(said.flatMap((list) => list.split(',')).filter((name) => name !== 'all' && !names.includes(name))).toEqual([]);
  }); // prettier-ignore

  test('has names of its own, and settings that there are', async () => {
    const names = methods.flatMap((method) => method.names);
    expect(new Set(names).size).toBe(names.length);
    const { stdout } = await adjoint('explain', '--help');
    for (const { names: own, settings } of methods) {
      expect(stdout).toContain(`  ${own.join(', ')}`);
      for (const name of settings) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });
});

test('the laws hold through the command: sums are what they must be', { timeout: 240_000 }, async () => {
  for (const [model, args] of [['mlp', ['--row', '1']], ['houses', ['--input', 'rows.csv', '--row', '2']], ['gpt', ['--prompt', 'to be']]] as const) {
    const { explanations } = await said(model, ...args, '--method', 'ig,shap', '--out', 'laws');
    for (const { method, sum, output, base: from, attributions } of explanations[0].methods as Required<Result>[]) {
      const due = output - from;
      expect(Math.abs(sum - due)).toBeLessThan(1e-2 * Math.abs(due));
      if (model === 'mlp' && method === 'shap') continue; // each pixel has what its whole segment is due
      const shared = attributions.reduce((a, b) => a + b, 0);
      expect(Math.abs(shared - due)).toBeLessThan(1e-2 * Math.abs(due));
    }
  }
}); // prettier-ignore

test('a transformer is looked into: what it says last is what it says, and patching at the end brings all back', { timeout: 240_000 }, async () => {
  const methods = ['--method', 'attention,rollout,flow,lens,patching,generation'];
  const args = ['explain', 'gpt', '--prompt', 'to be', '--corrupted', 'to or', '--set', 'tokens=2', ...methods, '--out', 'inside'];
  const { code, stdout } = await adjoint(...args);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}layer 1, the last token looks most at: head 1 ".*" [\d.]+, head 2 /m);
  const { explanations } = await said(...args.slice(1));
  const [{ methods: results, target }] = explanations;
  const of = (name: string): Result => results.find(({ method }) => method === name)!;
  const [rollout, lens, [stream, heads]] = [of('rollout').sections![0], of('lens').sections![0], of('patching').sections!] as [
    { tokens: { attribution: number }[] }, { texts: string[][] }, { values: number[][] }[],
  ];
  expect(rollout.tokens.reduce((sum, { attribution }) => sum + attribution, 0)).toBeCloseTo(1, 5);
  expect(lens.texts.at(-1)!.at(-1)).toBe(target);
  expect(stream.values.at(-1)).toBeAllClose([0, 0, 0, 0, 1], { atol: 1e-4 });
  expect(heads.values.map((row) => row.length)).toEqual([5, 5]);
  for (const name of ['rollout', 'flow', 'lens', 'patching']) expect(Math.abs(of(name)['gap'] as number)).toBeLessThan(1e-3);
}); // prettier-ignore

test('the table names features with their values and bars, in 80 columns', { timeout: 240_000 }, async () => {
  const { stdout } = await adjoint('explain', 'gpt', '--prompt', 'to be', '--target', 'r', '--out', 'table');
  expect(stdout).toMatch(/^"to be": ".* %\nExplained is the logit of "r"\.\n/);
  expect(stdout).toMatch(/^ {2}"e" {2}token 5 +[+−][\d.]+ {2}[█░]+$/m);
  expect(stdout).toMatch(/ sum [−\d.]+ logit of "r" · gap /);
  expect(stdout).toMatch(/ R² [−\d.]+$/m);
  expect(Math.max(...stdout.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(80);
});

test('the same seed gives the same bytes, another one others', { timeout: 240_000 }, async () => {
  const page = async (seed: string): Promise<string> => {
    const args = ['--method', 'shap,lime,smoothgrad', '--samples', '20', '--seed', seed, '--pictures'];
    await said('cnn', '--input', 'one.png', ...args, '--out', `seed-${seed}`);
    const files = readdirSync(at(`seed-${seed}`)).toSorted();
    expect(files).toEqual(['explanation-01-shap.svg', 'explanation-02-lime.svg', 'explanation-03-smoothgrad.svg', 'explanation.html']); // prettier-ignore
    return files.map((file) => readFileSync(at(`seed-${seed}`, file), 'utf8')).join('');
  };
  const [first, second, other] = [await page('3'), await page('3'), await page('4')];
  expect(second).toBe(first);
  expect(other).not.toBe(first);
});

test('several pictures are on one page', { timeout: 240_000 }, async () => {
  const { explanations } = await said('mlp', '--row', '1', '--row', '2', '--method', 'ixg', '--out', 'several');
  expect(explanations.map(({ input }) => input)).toEqual([expect.stringContaining('picture 1, a'), expect.stringContaining('picture 2, a')]); // prettier-ignore
  expect(readFileSync(at('several/explanation.html'), 'utf8').match(/<h2>Input × gradient: /g)).toHaveLength(2);
});

test(
  'many rows of a table have a beeswarm, columns with their values, and a word for what is missing',
  { timeout: 240_000 },
  async () => {
    const { stdout } = await adjoint(
      'explain',
      'houses',
      '--input',
      'rows.csv',
      '--method',
      'shap,permutation-importance',
      '--out',
      'rows',
    );
    expect(stdout).toMatch(/^Kernel SHAP of 2 rows · /);
    expect(stdout).toMatch(/^row 1: price \d/m);
    expect(stdout).toMatch(/^ {2}age {7}missing {2,}[+−]/m);
    expect(stdout.match(/Permutation importance/g)).toHaveLength(1); // of the model, not of each row
    expect(readFileSync(at('rows/explanation.html'), 'utf8')).toContain('<h2>Kernel SHAP of 2 rows</h2>');
  },
);

test('--check tells how good explanations are', { timeout: 240_000 }, async () => {
  const { stdout, code } = await adjoint(
    'explain',
    'mlp',
    '--row',
    '1',
    '--method',
    'ig,saliency',
    '--set',
    'steps=10',
    '--check',
    '--out',
    'check',
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^ {2} +deletion +insertion +infidelity +sensitivity +randomized\n {2}saliency|^ {2} +deletion +insertion/m,
  );
  expect(stdout).toMatch(/^ {2}ig {2,}[−\d.e-]+ {2,}[−\d.e-]+ {2,}[\d.e−-]+ {2,}[\d.e−-]+ {2,}[−\d.e-]+$/m);
  expect(stdout).toMatch(/^Agreement · /m);
  const { explanations } = await said('gpt', '--prompt', 'to be', '--method', 'ig,shap', '--check', '--out', 'check');
  expect(explanations[0].checked).toHaveLength(4);
});

test('Ctrl-C ends it at once, and leaves nothing', { timeout: 240_000 }, async () => {
  const args = [
    'explain',
    'gpt',
    '--prompt',
    'to be',
    '--method',
    'permutation-shap',
    '--samples',
    '10000000',
    '--out',
    'stopped',
  ];
  const program = `console.log('working'); import(${JSON.stringify(at('adjoint.mjs'))});`;
  const ended = await start(base, args, {
    how: ['--input-type=module', '-e', program, '--', 'adjoint'],
    seen: (_, kill) => setTimeout(() => kill('SIGINT'), 2000),
  });
  expect([ended.code, ended.signal, ended.stderr]).toEqual([null, 'SIGINT', '']); // 130 in a shell
  expect(existsSync(at('stopped'))).toBe(false);
});

describe('what cannot be is told in one line', { timeout: 240_000 }, () => {
  const picture = ['explain', 'cnn', '--input', 'one.png'];
  const prompt = ['explain', 'gpt', '--prompt', 'to be'];
  test.each([
    [2, /^adjoint: DIR is missing; see --help$/, ['explain']],
    [2, /^adjoint: --method: there is no 'shapp'; there are saliency, .*ablation/, [...prompt, '--method', 'shapp']],
    [2, /^adjoint: --method: gradcam does not fit, it is for pictures; there are saliency, /, [...prompt, '--method', 'gradcam']],
    [2, /^adjoint: --method: gradcam does not fit, the model has no convolutions; /, ['explain', 'mlp', '--row', '1', '--method', 'gradcam']],
    [2, /^adjoint: --method: exact-shap does not fit, there must be at most 15 features, and there are \d+; /, [...picture, '--method', 'exact-shap']],
    [2, /^adjoint: --method: ig does not fit, the model has nothing to differentiate by; /, ['explain', 'bigram', '--prompt', 'to', '--method', 'ig']],
    [2, /^adjoint: --target must be one of blue, red, or a number from 0 to 1, got 'green'$/, [...picture, '--target', 'green']],
    [2, /^adjoint: --target must be one of blue, red, or a number from 0 to 1, got '2'$/, [...picture, '--target', '2']],
    [2, /^adjoint: --target must be one token, got 2: "t" "o"$/, [...prompt, '--target', 'to']],
    [2, /^adjoint: --baseline must be one of zero, mean, blur, got 'grey'$/, [...picture, '--baseline', 'grey']],
    [2, /^adjoint: --output must be one of logit, log-probability, probability, got 'odds'$/, [...picture, '--output', 'odds']],
    [2, /^adjoint: --input FILE or --row N is missing; see --help$/, ['explain', 'cnn']],
    [2, /^adjoint: --prompt "…" is missing; see --help$/, ['explain', 'gpt']],
    [2, /^adjoint: --prompt must have a \[MASK\]: what stands there is explained$/, ['explain', 'masked', '--prompt', 'the cat']],
    [2, /^adjoint: --corrupted must have as many tokens as --prompt, 5, got 2$/, [...prompt, '--corrupted', 'to', '--method', 'patching']],
    [2, /^adjoint: --corrupted is for --method patching$/, [...prompt, '--corrupted', 'to or', '--method', 'lens']],
    [2, /^adjoint: --corrupted is not for a model without attention$/, ['explain', 'lstm', '--prompt', 'to be', '--corrupted', 'to or']],
    [2, /^adjoint: --method: patching does not fit, it needs --corrupted "…", a text of as many tokens with another answer; /, [...prompt, '--method', 'patching']],
    [2, /^adjoint: --method: rollout does not fit, the model has no attention; /, ['explain', 'lstm', '--prompt', 'to be', '--method', 'rollout']],
    [2, /^adjoint: --method: generation does not fit, the model writes no text; /, ['explain', 'masked', '--prompt', 'the [MASK]', '--method', 'generation']],
    [2, /^adjoint: --set tokens must be at most 8, what the model sees at once, got 9$/, [...prompt, '--method', 'generation', '--set', 'tokens=9']],
    [1, /^adjoint: activationPatching: clean and corrupted must have different metrics, got .*; choose/, [...prompt, '--corrupted', 'to be', '--method', 'patching']],
    [2, /^adjoint: --input is not for a model of text: give it a --prompt$/, ['explain', 'gpt', '--input', 'one.png']],
    [2, /^adjoint: --prompt is not for a model of pictures$/, [...picture, '--prompt', 'a']],
    [2, /^adjoint: --row must be from 1 to 12, got '13'$/, ['explain', 'mlp', '--row', '13']],
    [2, /^adjoint: --row must be from 1 to 2, got '3'$/, ['explain', 'houses', '--input', 'rows.csv', '--row', '3']],
    [2, /^adjoint: --target is for classes, and price is a number$/, ['explain', 'houses', '--row', '1', '--target', 'x']],
    [1, /^adjoint: short\.csv:1: the first line must name area, rooms, .*; age, district, garden must come in$/, ['explain', 'houses', '--input', 'short.csv']],
    [2, /^adjoint: --row must choose at most 100 rows at once, .*; got 200$/, ['explain', 'houses', '--input', 'long.csv']],
    [2, /^adjoint: --row must be a whole number from 1, got '0'$/, ['explain', 'mlp', '--row', '0']],
    [2, /^adjoint: --row: the folder is not of a run; name a file with --input$/, ['explain', 'cnn', '--row', '1']],
    [2, /^adjoint: --set samples must be a whole number from 1, got '0'$/, [...picture, '--samples', '0']],
    [2, /^adjoint: --set must name one of samples, .*, got 'sample'$/, [...picture, '--set', 'sample=1']],
    [2, /^adjoint: --set noise is not for ig, shap; it is for smoothgrad, vargrad/, [...picture, '--method', 'ig,shap', '--set', 'noise=1']],
    [2, /^adjoint: --out must be a folder, got one\.png, which is a file$/, [...picture, '--out', 'one.png']],
    [1, /^adjoint: .*none\.png: .*no such file/, ['explain', 'cnn', '--input', 'none.png']],
    [1, /^adjoint: bad\.png: a picture must be PNG or JPEG, got a file that begins 6e 6f/, ['explain', 'cnn', '--input', 'bad.png']],
    [1, /^adjoint: encode: .*"x"/, ['explain', 'gpt', '--prompt', 'tox']],
    [1, /^adjoint: dvae: the model must be one of pictures, tables or text, got DVAE$/, ['explain', 'dvae', '--input', 'one.png']],
    [1, /^adjoint: nowhere\/config\.json: .*no such file/, ['explain', 'nowhere', '--input', 'one.png']],
  ] as const)('%i %s', async (code, message, args) => {
    const ended = await adjoint(...args, ...(args.includes('--out' as never) ? [] : ['--out', 'refused']));
    expect(ended.stderr.trimEnd()).toMatch(message);
    expect([ended.code, ended.stdout, ended.stderr.split('\n').length]).toEqual([code, '', 2]);
    expect(existsSync(at('refused'))).toBe(false);
  });
}); // prettier-ignore
