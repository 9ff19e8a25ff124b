/** `adjoint draw`: a PNG file of what a caption says, drawn by a model of the folder of a run. */
import { dirname } from 'node:path';
import { existsSync } from 'node:fs';
import { FormatError } from '../array/errors.ts';
import { Generator } from '../array/random.ts';
import { readScene } from '../data/index.ts';
import { captionOf } from '../data/shapes.ts';
import { writeFileAtomic } from '../io/files.ts';
import { needs } from '../io/peers.ts';
import { TextToImage } from '../models/index.ts';
import { concat } from '../create.ts';
import type { Tokenizer } from '../text/index.ts';
import { captionTokens, drawing, pixelsOf, wordsOf } from './dalleTask.ts';
import { loadModel } from './use.ts';
import { expectPositionals, UsageError, type Args } from './usage.ts';

export async function draw(args: Args): Promise<void> {
  expectPositionals(args, ['DIR']);
  const [folder] = args.positionals;
  const caption = args.text('caption')?.trim().toLowerCase().split(/\s+/).join(' ');
  if (!caption) throw new UsageError('--caption "…" is missing; see --help');
  const out = args.text('out');
  if (out === undefined) throw new UsageError('--out FILE.png is missing; see --help');
  if (!/\.png$/i.test(out)) throw new UsageError(`--out must end in .png, got ${out}`);
  if (!existsSync(dirname(out))) throw new UsageError(`--out ${out}: there is no folder ${dirname(out)}`);
  const count = args.whole('count', 1, 1);
  const of = args.whole('of', Math.max(drawing.count, count), count);
  const zoom = args.whole('zoom', 8, 1, 64);
  const seed = args.whole('seed', Date.now() % 2 ** 32, 0);
  const { encode } = await needs('draw', 'fast-png', import('fast-png'));

  const { model, tokenizer } = loadModel(folder);
  if (!(model instanceof TextToImage) || !tokenizer) {
    const cure = 'train one by `adjoint train dalle`';
    throw new FormatError(folder, 'the model must be one that draws, with its tokenizer', model.constructor.name, cure);
  }
  checkCaption(caption, tokenizer, model.dalle.config.captionLength);
  const tokens = captionTokens(tokenizer, caption, model.dalle.config.captionLength);
  const { temperature, topP } = drawing;
  const pictures = model.draw(tokens, { temperature, topP, count: of, generator: new Generator(seed) });
  const best = pictures.narrow(0, 0, count).unbind();

  const row = concat(best, 2); // [3, H, count·W]
  const [channels, height, width] = [row.shape[0], zoom * row.shape[1], zoom * row.shape[2]];
  const pixels = pixelsOf(row);
  const data = new Uint8Array(channels * height * width);
  for (let at = 0; at < height * width; at++) {
    const from = Math.floor(at / width / zoom) * (width / zoom) + Math.floor((at % width) / zoom);
    for (let c = 0; c < channels; c++) data[channels * at + c] = pixels[channels * from + c];
  }
  writeFileAtomic(out, encode({ width, height, data, channels, depth: 8 }));

  const shows = best.map((picture) => readScene(picture)).map((scene) => scene && captionOf(scene));
  if (args.has('json')) console.log(JSON.stringify({ folder, caption, out, width, height, count, of, seed, shows }));
  else {
    console.log(`${out}: ${count} of ${of} pictures that were drawn, the best first, as CLIP finds; --seed ${seed} draws them again`); // prettier-ignore
    for (const read of shows) console.log(`  reads as ${read ?? 'nothing clear'}`);
  }
}

/** Refuses captions of words that the model has never seen, and too long ones. */
function checkCaption(caption: string, tokenizer: Tokenizer, length: number): void {
  const words = caption.split(' ');
  const known = wordsOf(tokenizer);
  const strange = words.filter((word) => !known.includes(word));
  if (strange.length > 0) {
    throw new UsageError(`--caption: the model does not know ${strange.join(', ')}; it knows ${known.join(', ')}`);
  }
  if (words.length > length) {
    throw new UsageError(`--caption must have at most ${length} words, got ${words.length}`);
  }
}
