/** Why the classifier of `npm start` was right about one digit and wrong about another: the pictures of its report. */
import { toUnit, type LabelledImages } from '../data/index.ts';
import { halvingHierarchy, integratedGradients, partitionShap } from '../explain/index.ts';
import { tensor } from '../index.ts';
import type { PicturesSection } from '../inspect/index.ts';
import type { DigitNet, Evaluation } from './digits.ts';

/** The picture, and what in it speaks for and against each of some classes, by a method from inside and one from outside. */
async function explain(
  model: DigitNet,
  { images, rows, columns }: LabelledImages,
  i: number,
  classes: readonly number[],
): Promise<PicturesSection['items']> {
  const pixels = images.subarray(i * rows * columns, (i + 1) * rows * columns);
  const picture = { pixels, width: columns, height: rows };
  const x = tensor(toUnit(pixels)).reshape([1, rows * columns]);
  const hierarchy = halvingHierarchy([rows, columns]);
  const maps = [];
  for (const target of classes) {
    const inside = integratedGradients(model, x, { target });
    const outside = await partitionShap(model, x, { target, hierarchy, maxEvals: 1000 });
    maps.push(
      { ...picture, caption: `for ${target}: integrated gradients`, attributions: inside.attributions.toTypedArray() },
      { ...picture, caption: `for ${target}: partition SHAP`, attributions: outside.attributions.toTypedArray() },
    );
  }
  return [{ ...picture, caption: 'picture' }, ...maps];
}

const named = (digit: number): string => (digit === 8 ? 'an 8' : `a ${digit}`);

/** The first digit that was right, and the surest of those that were wrong; where there is none, the other alone. */
export async function explainDigits(
  model: DigitNet,
  data: LabelledImages,
  { predictions, confidences }: Evaluation,
): Promise<PicturesSection[]> {
  const surest = (i: number, j: number): number => confidences[j] - confidences[i];
  const wrong = predictions.flatMap((p, i) => (p === data.labels[i] ? [] : [i])).toSorted(surest)[0];
  const right = predictions.findIndex((p, i) => p === data.labels[i]);
  const sections: PicturesSection[] = [];
  model.eval();
  if (right >= 0) {
    const said = predictions[right];
    sections.push({
      kind: 'pictures',
      method: `Why ${named(said)} was taken for ${named(said)}`,
      question: 'Which pixels speak for it?',
      items: await explain(model, data, right, [said]),
      unit: 'logit',
      scale: 'each',
      note:
        `Orange ink makes the network surer that it is ${named(said)}, blue ink less sure. Both methods share out by how much the logit of ` +
        `${said} is above that of a black picture: integrated gradients along the gradients of pictures in between, partition SHAP by ` +
        'blacking out parts, halves of halves. What both say is surer than what one says.',
    });
  }
  if (wrong !== undefined) {
    const [said, is] = [predictions[wrong], data.labels[wrong]];
    sections.push({
      kind: 'pictures',
      method: `Why ${named(is)} was taken for ${named(said)}`,
      question: `Which pixels speak for ${said}, and which for ${is}?`,
      items: await explain(model, data, wrong, [said, is]),
      unit: 'logit',
      scale: 'each',
      note: `What is orange for ${said} and blue for ${is} is what misled the network.`,
    });
  }
  model.train();
  return sections;
}
