/** `adjoint export` and `adjoint info` on folders of every model: what the file gives, what is counted, what is refused. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Generator, noGrad, randn, type nn, type Tensor } from 'adjoint';
import { saveSafetensors } from 'adjoint/io';
import * as models from 'adjoint/models';
import { load, save } from 'adjoint/models/folder';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleOf } from '../../src/cli/example.ts';
import { readArgs } from '../../src/cli/usage.ts';
import { tensorsIn } from '../../src/onnx/trace.ts';
import { readOnnx } from '../onnx/read.ts';
import { runOnnx } from '../onnx/run.ts';
import { commandFolder, start, type Ended } from './run.ts';

let base = '';
let how: readonly string[] = [];
const at = (...names: string[]): string => join(base, ...names);
const adjoint = (...args: string[]): Promise<Ended> => start(base, args, { how });

const make = { generator: new Generator(1) };
const size = { vocabSize: 11, blockSize: 6, nLayer: 1, nHead: 2, nEmbd: 8 };
const classes = ['a', 'b', 'c'];
const folders: Record<string, { model: nn.Module & { readonly config: object }; preprocessing?: object }> = {
  table: { model: new models.MLP({ sizes: [5, 4, 1] }, make) },
  mlp: { model: new models.MLP({ sizes: [64, 5, 3] }, make), preprocessing: { channels: 1, size: 8, classes } },
  cnn: { model: new models.CNN({ channels: 3, size: 8, classes: 3, width1: 2, width2: 2 }, make) },
  resnet: { model: new models.ResNet({ channels: 1, classes: 3, width: 2 }, make), preprocessing: { channels: 1, size: 8, classes } }, // prettier-ignore
  bigram: { model: new models.Bigram({ vocabSize: 11 }, make) },
  ngram: { model: new models.NeuralNgram({ vocabSize: 11, blockSize: 3, nEmbd: 4, hidden: 6 }, make) },
  lstm: { model: new models.RecurrentModel({ cell: 'lstm', vocabSize: 11, nEmbd: 4, hidden: 5, nLayer: 1 }, make) },
  gpt: { model: new models.GPT(size, make) },
  bert: { model: new models.BERT(size, make) },
  masked: { model: new models.BERTForMaskedLM(size, make) },
  classifier: { model: new models.BERTForClassification({ ...size, segments: 1 }, make) },
  transformer: { model: new models.Transformer({ ...size, padding: 0 }, make) },
  dalle: { model: new models.DALLE({ captionVocab: 5, captionLength: 3, codes: 6, imageLength: 4, nLayer: 1, nHead: 2, nEmbd: 8 }, make) }, // prettier-ignore
  clip: { model: new models.CLIP({ size: 8, width: 4, vocabSize: 11, blockSize: 5, nHead: 2, nEmbd: 8 }, make) },
  dvae: { model: new models.DVAE({ size: 8, codes: 4, width: 4, nEmbd: 4 }, make) },
};

beforeAll(async () => {
  ({ base, how } = await commandFolder('export'));
  for (const [name, { model, ...parts }] of Object.entries(folders)) {
    noGrad(() => model.parameters().forEach((x) => x.copy_(randn(x.shape, make).mul(0.3)))); // none 0 or 1 by chance
    save(at(name), model, parts);
  }
});
afterAll(() => {
  rmSync(base, { recursive: true });
});

describe('an ONNX file of a folder', { timeout: 60_000 }, () => {
  test.each(Object.keys(folders))('of %s gives what its model gives, for another batch size too', async (name) => {
    const ended = await adjoint('export', name, '--onnx', '--length', '5', '--json');
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    const loaded = load(at(name));
    const { args } = exampleOf(name, loaded, readArgs(['--length', '5'], { length: { type: 'string' } }), 3);
    const inputs = tensorsIn(args).map(([, x]) => ({ shape: x.shape, data: [...x.toTypedArray()] }));
    const [y] = runOnnx(readOnnx(readFileSync(at(name, 'model.onnx'))), inputs);
    const expected = models.predict(loaded.model, ...(args as never[])) as Tensor;
    expect(y.shape).toEqual(expected.shape);
    const numbers = expected.toTypedArray();
    expect(Math.max(...y.data.map((v, i) => (v === numbers[i] ? 0 : Math.abs(v - numbers[i]))))).toBeLessThan(1e-5); // DALL-E has −∞
    const about = JSON.parse(ended.stdout) as { inputs: { shape: unknown[] }[]; bytes: number };
    expect(about.inputs.map(({ shape }) => shape)).toEqual(inputs.map(({ shape: [, ...rest] }) => ['batch', ...rest]));
    expect(about.bytes).toBe(readFileSync(at(name, 'model.onnx')).length);
  });

  test('says what it takes and gives, and has a fixed batch and a name as asked', async () => {
    const { stdout } = await adjoint('export', 'masked', '--onnx', '--batch', '2', '--out', 'deep.onnx');
    expect(stdout).toMatch(/^deep\.onnx: [\d.]+ KiB, \d+ nodes of operator set 17\. A row is 6 tokens\.\n/);
    expect(stdout).toContain(
      'in  tokens    int64 [2, 6]\n  in  segments  int64 [2, 6]\n  in  mask      float32 [2, 6]\n',
    );
    expect(stdout).toContain('out logits    float32 [2, 6, 11]\n');
  });

  test.each([
    [2, /there must be --onnx/, ['gpt']],
    [2, /--length must be at most 6, got 7/, ['gpt', '--onnx', '--length', '7']],
    [1, /nowhere\/config\.json: the path must name a file that can be read/, ['nowhere', '--onnx']],
    [1, /none\/x\.onnx: the folder must exist/, ['gpt', '--onnx', '--out', 'none/x.onnx']],
  ] as const)('%i %s', async (code, message, args) => {
    const ended = await adjoint('export', ...args);
    expect(ended.stderr).toMatch(message);
    expect([ended.code, ended.stdout, ended.stderr.split('\n').length]).toEqual([code, '', 2]);
  });
});

describe('info', { timeout: 60_000 }, () => {
  test('is of every model, and of Hugging Face’s folders', async () => {
    const { config, tensors } = models.gptToHuggingFace(folders['gpt'].model as models.GPT);
    mkdirSync(at('gpt2'));
    writeFileSync(at('gpt2/config.json'), JSON.stringify(config));
    saveSafetensors(at('gpt2/model.safetensors'), tensors);
    const [own, theirs, ...rest] = await Promise.all(
      ['gpt', 'gpt2', ...Object.keys(folders)].map((name) => adjoint('info', name, '--json')),
    );
    expect([own, theirs, ...rest].filter(({ code }) => code !== 0)).toEqual([]);
    const facts = ({ stdout }: Ended): object => ({ ...(JSON.parse(stdout) as object), folder: '' });
    expect({ ...facts(theirs), config: null }).toEqual({ ...facts(own), config: null });
    const [T, C, V] = [6, 8, 11];
    const weights = 4 * folders['gpt'].model.parameterCount();
    expect(facts(own)).toMatchObject({
      model: 'GPT',
      input: '6 tokens',
      flops: 2 * T * (12 * C * C + C * V) + 2 * 2 * T * T * C,
      bytes: { weights, training: 4 * weights },
    });
  });

  test('is a table for people', async () => {
    const { stdout } = await adjoint('info', 'cnn');
    expect(stdout).toMatch(/^layer +class +weights +output +parameters +FLOPs +activations\n/);
    expect(stdout).toMatch(/^conv1 +Conv2d +weight \[2, 3, 5, 5\] bias \[2\] +\[1, 2, 8, 8\] +152 +19,200 +1\.0 KiB$/m);
    expect(stdout).toContain('For a picture of 8 × 8 in colour: ');
  });

  test('refuses weights of another architecture by name, and says which', async () => {
    mkdirSync(at('mixed'));
    copyFileSync(at('gpt/config.json'), at('mixed/config.json'));
    copyFileSync(at('cnn/model.safetensors'), at('mixed/model.safetensors'));
    const ended = await adjoint('info', 'mixed');
    expect([ended.code, ended.stderr.split('\n').length]).toEqual([1, 2]);
    expect(ended.stderr).toMatch(/loadStateDict: .*wte\.weight/);
    expect(existsSync(at('mixed/model.safetensors'))).toBe(true);
  });
});
