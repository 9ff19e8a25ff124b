/** DALL-E, for the command: drawn scenes and their captions, the stages of its training, how often it draws what it is asked for. */
import { Generator } from '../array/random.ts';
import { stack, tensor } from '../create.ts';
import { captionOf, drawScene, readScene, sceneOf, shapeCaptions, showsCaption } from '../data/index.ts';
import { shapeSide } from '../data/shapes.ts';
import type { PicturePrediction } from '../inspect/index.ts';
import type { TextToImage } from '../models/index.ts';
import type { Tensor } from '../tensor.ts';
import { bertTokenizer, type Tokenizer } from '../text/index.ts';
import { evaluate } from '../train/index.ts';
import type { SceneRecipe, Settings } from './recipes.ts';
import { sha256, type Batch, type Judgement, type Plan, type Prepared, type Stage, type Task } from './task.ts';
import { UsageError } from './usage.ts';

/** How codes are drawn when nothing else is said, and among how many pictures CLIP then chooses. */
export const drawing = { temperature: 1, topP: 0.9, count: 8 } as const;

const specials = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** The captions, of which a tenth is never trained on; the seed says which. */
function captionSets({ seed }: Settings): { train: string[]; heldBack: string[] } {
  const captions = shapeCaptions();
  const order = new Generator(seed).permutation(captions.length).map((i) => captions[i]);
  const cut = Math.floor(captions.length / 10);
  return { train: order.slice(cut), heldBack: order.slice(0, cut) };
}

/** The words of captions that a model with this tokenizer knows. */
export const wordsOf = (tokenizer: Tokenizer): string[] =>
  Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.idToToken(id)).filter((token) => !specials.includes(token)); // prettier-ignore

/** A caption as tokens, one a word, filled up to `length`. */
export function captionTokens(tokenizer: Tokenizer, caption: string, length: number): number[] {
  const tokens = tokenizer.encode(caption, { addSpecialTokens: false });
  return [...tokens, ...Array<number>(length - tokens.length).fill(tokenizer.tokenToId('[PAD]'))];
}

/** A new picture of each caption. */
const paint = (captions: readonly string[], generator: Generator): Tensor =>
  stack(captions.map((caption) => drawScene(sceneOf(caption), generator)));

export function prepareScenes(plan: Plan, recipe: SceneRecipe, generator: Generator): Prepared {
  refuseData(plan);
  const { settings } = plan;
  const { train, heldBack } = captionSets(settings);
  const words = [...new Set([...train, ...heldBack].flatMap((caption) => caption.split(' ')))].sort();
  const tokenizer = bertTokenizer([...specials, ...words].join('\n'));
  const T = Math.max(...train.map((caption) => caption.split(' ').length));
  const model = recipe.make(settings, { vocabSize: tokenizer.vocabSize, captionLength: T, size: shapeSide }, generator);
  return {
    model,
    name: 'drawn scenes',
    fingerprint: sha256(train.join('\n'), heldBack.join('\n')),
    task: sceneTask(model, tokenizer, { train, heldBack }, settings, generator),
  };
}

function refuseData({ recipe, data }: Plan): void {
  if (data !== null) throw new UsageError(`--data: ${recipe} draws its data by itself; leave it out`);
}

function sceneTask(
  model: TextToImage,
  tokenizer: Tokenizer,
  { train, heldBack }: { readonly train: readonly string[]; readonly heldBack: readonly string[] },
  settings: Settings,
  generator: Generator,
): Task {
  const { dvae, dalle, clip } = model;
  const { steps } = settings;
  const T = dalle.config.captionLength;
  const batchOf = (captions: readonly string[], random: Generator): Batch => [
    paint(captions, random),
    tensor(captions.map((caption) => captionTokens(tokenizer, caption, T))),
  ];
  const stages: readonly (Stage & { batch: number; loss(batch: Batch, progress: number): Tensor })[] = [
    {
      name: 'the dVAE',
      epochs: settings['dvaeRounds'],
      lr: settings['dvaeLr'],
      batch: settings['dvaeBatch'],
      loss: ([images], progress) => dvae.loss(images, { tau: (1 / 16) ** progress }), // as in the paper, A.2
    },
    {
      name: 'the transformer',
      epochs: settings['rounds'],
      lr: settings['lr'],
      batch: settings['batch'],
      loss: ([images, tokens]) => dalle.loss(tokens, dvae.encode(images)),
    },
    {
      name: 'CLIP',
      epochs: settings['clipRounds'],
      lr: settings['clipLr'],
      batch: settings['clipBatch'],
      loss: ([images, tokens]) => clip.loss(images, tokens),
    },
  ];

  /** Where the run is: rounds that are over, and batches of this one. */
  const at = { round: 0, batch: 0 };
  const stageNow = (): { stage: (typeof stages)[number]; progress: number } => {
    let { round } = at;
    const stage = stages.find(({ epochs }) => round < epochs || (round -= epochs) < 0) ?? stages[stages.length - 1];
    return { stage, progress: Math.min((round * steps + at.batch) / (stage.epochs * steps), 1) };
  };
  const asked = batchOf(heldBack.slice(0, 64), new Generator(settings['seed']));
  return {
    stages,
    loader: {
      length: steps,
      *[Symbol.iterator]() {
        while (at.batch < steps) {
          const { stage } = stageNow();
          at.batch++;
          const captions = generator.permutation(train.length).slice(0, stage.batch);
          yield batchOf(captions.map((i) => train[i]), generator); // prettier-ignore
        }
        [at.round, at.batch] = [at.round + 1, 0];
      },
      stateDict: () => ({ ...at }),
      loadStateDict: (state: typeof at) => void Object.assign(at, state),
    },
    loss: (batch) => {
      const { stage, progress } = stageNow();
      return stage.loss(batch, progress);
    },
    validate: () => {
      at.round--; // the round that is just over
      const { stage } = stageNow();
      at.round++;
      return evaluate(model, [asked], (batch) => ({ heldBackLoss: stage.loss(batch, 1) }));
    },
    judge: () => judgeDrawing(model, tokenizer, heldBack, settings),
    tokenizer,
  };
}

export function judgeScenes(model: TextToImage, tokenizer: Tokenizer, plan: Plan): Promise<Judgement> {
  refuseData(plan);
  return judgeDrawing(model, tokenizer, captionSets(plan.settings).heldBack, plan.settings);
}

/** Of captions that were held back: how many are drawn as asked, by CLIP's choice, by any picture, and through the dVAE alone. */
function judgeDrawing(
  model: TextToImage,
  tokenizer: Tokenizer,
  heldBack: readonly string[],
  { asked, seed }: Settings,
): Promise<Judgement> {
  const generator = new Generator(seed);
  const captions = heldBack.slice(0, asked);
  const T = model.dalle.config.captionLength;
  let single = 0;
  const chosen = captions.map((caption): PicturePrediction => {
    const pictures = model.draw(captionTokens(tokenizer, caption, T), { ...drawing, generator }).unbind();
    const right = pictures.filter((picture) => showsCaption(picture, caption)).length / pictures.length;
    single += right / captions.length;
    return seen(pictures[0], caption, right);
  });
  const images = paint(captions, generator);
  const again = model.dvae.decode(model.dvae.encode(images)).unbind();
  const back = captions.map((caption, i) => seen(again[i], caption));
  const share = (items: readonly PicturePrediction[]): number =>
    items.filter(({ predicted, actual }) => predicted === actual).length / items.length;
  const metrics = { chosen: share(chosen), single, codes: share(back) };
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
  return Promise.resolve({
    metrics,
    summary:
      `of ${captions.length} captions ${percent(metrics.chosen)} drawn right where CLIP chooses of ${drawing.count}, ` +
      `${percent(single)} where nothing chooses; ${percent(metrics.codes)} of true pictures stay right through the codes`,
    report: {
      predictions: [
        {
          heading: `Captions that it never saw: what CLIP chose, and how many of ${drawing.count} were right`,
          items: chosen.slice(0, 48),
        },
        { heading: 'True pictures, drawn again from their codes', items: back.slice(0, 18) },
      ],
    },
  });
}

/** What a picture that a model has drawn shows, beside what it should. */
function seen(image: Tensor, caption: string, confidence?: number): PicturePrediction {
  const scene = readScene(image);
  const read = scene === null ? 'nothing clear' : captionOf(scene);
  return {
    pixels: pixelsOf(image),
    width: shapeSide,
    height: shapeSide,
    predicted: showsCaption(image, caption) ? caption : read,
    actual: caption,
    ...(confidence !== undefined && { confidence }),
  };
}

/** A picture [3, H, W] pixel by pixel, red, green, blue, as PNG files are. */
export const pixelsOf = (image: Tensor): Uint8Array =>
  Uint8Array.from(image.permute(1, 2, 0).clamp(0, 1).mul(255).reshape([-1]).toTypedArray(), Math.round);
