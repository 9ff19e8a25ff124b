/** Drawn shapes show what their captions say, and the reader sees it; a wrong picture is seen to be wrong. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { Generator } from '../../src/array/random.ts';
import { tensor, zeros } from '../../src/create.ts';
import {
  captionOf,
  drawScene,
  drawShapes,
  readScene,
  sceneOf,
  shapeCaptions,
  shapeColours,
  showsCaption,
} from '../../src/data/index.ts';
import * as F from '../../src/nn/functions.ts';
import type { Tensor } from '../../src/tensor.ts';

const all = shapeCaptions({ colours: shapeColours });
const pictures = drawShapes(150, new Generator(5), all);
const share = (changed: (image: Tensor) => Tensor): number =>
  pictures.filter(({ image, caption }) => showsCaption(changed(image), caption)).length / pictures.length;

describe('the reader', () => {
  test('sees what was drawn', () => {
    expect(share((image) => image)).toBe(1);
  });

  test('sees it through noise and blur, as a model draws', () => {
    const random = new Generator(1);
    const noisy = (image: Tensor): Tensor =>
      tensor(image.toTypedArray().map((v) => v + 0.08 * random.normal())).reshape([3, 32, 32]);
    const kernel = tensor([
      [1, 2, 1],
      [2, 4, 2],
      [1, 2, 1],
    ]).div(16);
    const blurred = (image: Tensor): Tensor =>
      F.conv2d(image.reshape([3, 1, 32, 32]), kernel.reshape([1, 1, 3, 3]), null, { padding: 1 }).reshape([3, 32, 32]);
    expect(share(noisy)).toBeGreaterThan(0.97);
    expect(share(blurred)).toBeGreaterThan(0.97);
  });

  test.each<[string, (image: Tensor) => Tensor]>([
    ['other colours', (image) => image.flip(0)],
    ['upside down', (image) => image.flip(1)],
  ])('does not take %s for the same', (_, change) => {
    const left = pictures.filter(({ scene }) => scene.place === 'above' && !/green|magenta/.test(captionOf(scene)));
    expect(left.length).toBeGreaterThan(5);
    for (const { image, caption } of left) expect(showsCaption(change(image), caption)).toBe(false);
  });

  test('sees nothing in the dark, in specks, or where there is too much', () => {
    expect(readScene(zeros([3, 32, 32]))).toBeNull();
    const [a, b] = ['a large red circle left of a small red square', 'a large blue circle above a small green square'];
    const draw = (caption: string): Tensor => drawScene(sceneOf(caption), new Generator(1));
    expect(readScene(draw(a).maximum(draw(b)))).toBeNull();
    const specks = drawScene(sceneOf(a), new Generator(1)).toTypedArray();
    specks[1024 + 33] = 1;
    expect(captionOf(readScene(tensor(specks).reshape([3, 32, 32]))!)).toBe(a);
    expect(() => readScene(zeros([32, 32]))).toThrow(ShapeError);
  });

  test('takes "a above b" for "b below a", and for nothing else', () => {
    const image = drawScene(sceneOf('a small blue triangle right of a large red circle'), new Generator(2));
    const right = [
      'a small blue triangle right of a large red circle',
      'a large red circle left of a small blue triangle',
    ];
    const some = [...new Set([...all.filter((_, i) => i % 40 === 0), ...right])];
    expect(some.filter((caption) => showsCaption(image, caption)).sort()).toEqual(right.sort());
  });
});

describe('captions', () => {
  test('are each a scene, come once, and come back', () => {
    expect(new Set(all).size).toBe(all.length);
    for (const caption of all) expect(captionOf(sceneOf(caption))).toBe(caption);
    expect(shapeCaptions({ counts: [1] }).length).toBe(2 * 4 * 3);
    expect(shapeCaptions({ colours: ['red'], counts: [2] }).length).toBe(6 * 5 * 4);
  });

  test('the same seed draws the same pictures', () => {
    const again = drawShapes(3, new Generator(5), all);
    expect(again.map(({ image }) => image.toArray())).toEqual(pictures.slice(0, 3).map(({ image }) => image.toArray()));
  });

  test('what is none is refused', () => {
    for (const caption of ['', 'a red circle', 'a large red circle above', 'a large red circle a small red square']) {
      expect(() => sceneOf(caption)).toThrow(ValueError);
    }
    expect(() => drawShapes(1, new Generator(1), ['a huge red circle'])).toThrow(
      'sceneOf: a caption must be like "a large red circle above a small blue square", got "a huge red circle"',
    );
    expect(() => drawShapes(-1, new Generator(1))).toThrow('n must be a whole number from 0, got -1');
  });
});
