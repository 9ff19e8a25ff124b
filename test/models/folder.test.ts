/** Model folders: what was saved comes back and works, and what is wrong is told. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { tensor, zeros } from '../../src/create.ts';
import { saveSafetensors } from '../../src/io/index.ts';
import * as models from '../../src/models/index.ts';
import { BERTForMaskedLM, CNN, generate, GPT, MLP, predict, streamText } from '../../src/models/index.ts';
import { load, save, type ModelClass } from '../../src/models/folder.ts';
import { Module, parameter } from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { charTokenizer } from '../../src/text/index.ts';
import { allMade, made, readFixture, type Numbers } from './fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'adjoint-models-'));
afterAll(() => rmSync(root, { recursive: true }));
const at = (name: string) => join(root, name);

/** A model of each class, as small as can be. */
const small: Record<string, object> = {
  MLP: { sizes: [2, 3] },
  CNN: { size: 4, classes: 2 },
  ResNet: { classes: 2, width: 2 },
  Bigram: { vocabSize: 3 },
  NeuralNgram: { vocabSize: 3, blockSize: 2, nEmbd: 2, hidden: 2 },
  RecurrentModel: { cell: 'gru', vocabSize: 3, nEmbd: 2, hidden: 2 },
  Transformer: { vocabSize: 3, blockSize: 4, nLayer: 1, nHead: 1, nEmbd: 4 },
  GPT: { vocabSize: 3, blockSize: 4, nLayer: 1, nHead: 1, nEmbd: 4, positions: 'rotary', tied: false },
  BERT: { vocabSize: 3, blockSize: 4, nLayer: 1, nHead: 1, nEmbd: 4 },
  BERTForMaskedLM: { vocabSize: 3, blockSize: 4, nLayer: 1, nHead: 1, nEmbd: 4 },
  BERTForClassification: { vocabSize: 3, blockSize: 4, nLayer: 1, nHead: 1, nEmbd: 4, classes: 3 },
  DVAE: { size: 4, codes: 3, width: 2, nEmbd: 2 },
  DALLE: { captionVocab: 3, captionLength: 2, codes: 3, imageLength: 1, nLayer: 1, nHead: 1, nEmbd: 4 },
  CLIP: { size: 8, width: 2, vocabSize: 3, blockSize: 2, nLayer: 1, nHead: 1, nEmbd: 4, dim: 2 },
  TextToImage: {
    dvae: { size: 8, codes: 3, width: 2 },
    dalle: { captionVocab: 3, captionLength: 2, codes: 3, imageLength: 4, nLayer: 1, nHead: 1, nEmbd: 4 },
    clip: { size: 8, vocabSize: 3, blockSize: 2 },
  },
};

describe('a model folder', () => {
  test('gives back every model with its config and weights, bit by bit', () => {
    const modules = Object.entries(models).filter(([, x]) => typeof x === 'function' && x.prototype instanceof Module);
    expect(modules.map(([name]) => name).sort()).toEqual(Object.keys(small).sort());
    for (const [name, Class] of modules) {
      const model = new (Class as unknown as ModelClass)(small[name] as never);
      save(at(name), model);
      const again = load(at(name)).model as typeof model;
      expect(again).toBeInstanceOf(Class);
      expect(again.config).toEqual(model.config);
      const [a, b] = [model.stateDict(), again.stateDict()];
      expect(Object.keys(b)).toEqual(Object.keys(a));
      for (const key of Object.keys(a)) expect(b[key].toArray()).toEqual(a[key].toArray());
      expect(again.training).toBe(false);
      expect(readdirSync(at(name)).sort()).toEqual(['config.json', 'model.safetensors']);
    }
    expect(readdirSync(root).filter((name) => name.includes('.tmp-'))).toEqual([]);
  });

  test('brings tokenizer and preprocessing with it: text in, the same text out', () => {
    const tokenizer = charTokenizer('to be or not');
    const model = new GPT({ vocabSize: tokenizer.vocabSize, blockSize: 16, nLayer: 1, nHead: 2, nEmbd: 8 });
    save(at('deep/gpt'), model, { tokenizer, preprocessing: { mean: [0.1], classes: ['a', 'b'] } });
    const again = load(at('deep/gpt'));
    const options = { maxNewTokens: 8, temperature: 0 };
    const text = tokenizer.decode(generate(model, tokenizer.encode('to b'), options));
    expect(again.tokenizer!.decode(generate(again.model as GPT, again.tokenizer!.encode('to b'), options))).toBe(text);
    expect(again.preprocessing).toEqual({ mean: [0.1], classes: ['a', 'b'] });
  });

  test("of Hugging Face's is read as well", () => {
    const fixture = readFixture('gpt2') as {
      config: object;
      state: Record<string, Numbers>;
      tokens: number[][];
      logits: Numbers;
    };
    mkdirSync(at('gpt2'));
    writeFileSync(join(at('gpt2'), 'config.json'), JSON.stringify(fixture.config));
    saveSafetensors(join(at('gpt2'), 'model.safetensors'), allMade(fixture.state), { format: 'pt' });
    const { model, tokenizer } = load(at('gpt2'), { dtype: 'float64' });
    expect(tokenizer).toBeNull();
    expect(predict(model as GPT, tensor(fixture.tokens))).toBeAllClose(made(fixture.logits), { rtol: 1e-9 });

    writeFileSync(join(at('gpt2'), 'vocab.json'), '{"a":0,"b":1,"Ġ":2,"ab":3,"<|endoftext|>":4}');
    writeFileSync(join(at('gpt2'), 'merges.txt'), '#version: 0.2\na b\n');
    const coder = load(at('gpt2')).tokenizer!;
    expect(coder.encode('ab a')).toEqual([3, 2, 0]);
    expect([...streamText(model as GPT, { encode: (text) => coder.encode(text), decode: (t) => t.join(' ') }, 'ab', { maxNewTokens: 2 })].length).toBe(2); // prettier-ignore

    const bert = readFixture('bert') as { config: object; state: Record<string, Numbers> };
    mkdirSync(at('bert'));
    writeFileSync(join(at('bert'), 'config.json'), JSON.stringify(bert.config));
    saveSafetensors(join(at('bert'), 'model.safetensors'), allMade(bert.state));
    writeFileSync(join(at('bert'), 'vocab.txt'), '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\ng\n');
    const loaded = load(at('bert'));
    expect(loaded.model).toBeInstanceOf(BERTForMaskedLM);
    expect(loaded.tokenizer!.encode('b a')).toEqual([2, 6, 5, 3]);
  });

  test('names a class as this library does, also where a bundler has renamed it', () => {
    class Bundled extends MLP {}
    const model = new MLP({ sizes: [2, 1] });
    const name = Object.getOwnPropertyDescriptor(MLP, 'name')!;
    Object.defineProperty(MLP, 'name', { ...name, value: 'a' });
    try {
      save(at('bundled'), model);
    } finally {
      Object.defineProperty(MLP, 'name', name);
    }
    expect(load(at('bundled')).model).toBeInstanceOf(MLP);
    save(at('derived'), new Bundled({ sizes: [2, 1] })); // a class of one's own, not its base
    expect(load(at('derived'), { classes: { Bundled } }).model).toBeInstanceOf(Bundled);
  });

  test('takes models of your own, if it is told their class', () => {
    class Scale extends Module {
      config: { by: number };
      shift = parameter(zeros([1]));
      constructor(config: { by: number }) {
        super();
        this.config = config;
      }
      override forward(x: Tensor): Tensor {
        return x.mul(this.config.by).add(this.shift);
      }
    }
    save(at('scale'), new Scale({ by: 3 }));
    const { model } = load(at('scale'), { classes: { Scale } });
    expect((model as Scale)(tensor([2])).toArray()).toEqual([6]);
    expect(() => load(at('scale'))).toThrow(
      /the model must be one of MLP, .*, got Scale; pass its class in { classes: { Scale } }/,
    );
  });

  test('is never written over, and never half there', () => {
    const model = new MLP({ sizes: [2, 1] });
    save(at('once'), model);
    expect(() => save(at('once'), model)).toThrow(
      'the folder must be new or empty, got one with files; choose another name',
    );
    mkdirSync(at('empty'));
    save(at('empty'), model);
    expect(load(at('empty')).model).toBeInstanceOf(MLP);
    const loop: { self?: object } = {};
    loop.self = loop;
    expect(() => save(at('never'), model, { preprocessing: loop })).toThrow('circular');
    writeFileSync(at('file'), '');
    expect(() => save(join(at('file'), 'x'), model)).toThrow('the folder above must be writable, got');
    expect(readdirSync(root).filter((name) => /never|tmp-/.test(name))).toEqual([]);
  });

  test('that is wrong is told with file and place', () => {
    expect(() => load(at('nowhere'))).toThrow(`${join(at('nowhere'), 'config.json')}: the path must name a file`);
    const spoil = (name: string, config: string) => {
      mkdirSync(at(name));
      writeFileSync(join(at(name), 'config.json'), config);
      saveSafetensors(join(at(name), 'model.safetensors'), new CNN({ size: 4, classes: 2 }).stateDict());
      return () => load(at(name));
    };
    expect(spoil('spoilt', '{ "model": ')).toThrow(/spoilt.config.json: the file must be JSON/);
    expect(spoil('strange', '{ "model_type": "llama" }')).toThrow('a \'model_type\' gpt2 or bert, got "llama"');
    const other = JSON.stringify({ model: 'MLP', config: { sizes: [2, 3] } });
    expect(spoil('other', other)).toThrow(
      /the state must fit the model, got 12 faults\s+layers.0.weight \[3, 2\] is missing/,
    );
  });
});
