/** The explanations in the report of `npm start`: of a right and of a wrong digit, where there are such. */
import { describe, expect, it } from 'vitest';
import { DigitNet, evaluateDigits } from '../../src/cli/digits.ts';
import { explainDigits } from '../../src/cli/digitExplanations.ts';
import { drawDigits } from '../../src/data/digits.ts';
import { Generator, noGrad, tensor } from '../../src/index.ts';
import { toUnit } from '../../src/data/images.ts';

const data = drawDigits(40, new Generator(1));
const model = new DigitNet(784, 10, new Generator(2));
const said = evaluateDigits(model, data, 10);
const taking = (predictions: number[]) => explainDigits(model, data, { ...said, predictions });

describe('the digits that are explained', () => {
  const labels = [...data.labels];
  const first = labels[0];
  const wrongly = labels.map((label, i) => (i === 7 ? (label + 1) % 10 : label));

  it('are one that was right and one that was wrong', async () => {
    const [right, wrong, ...others] = await taking(wrongly);
    expect(others).toEqual([]);
    expect(right.items.map(({ caption }) => caption)).toEqual([
      'picture',
      `for ${first}: integrated gradients`,
      `for ${first}: partition SHAP`,
    ]);
    expect(wrong.method).toMatch(new RegExp(`^Why an? ${labels[7]} was taken for an? ${wrongly[7]}$`));
    expect(wrong.items).toHaveLength(5);
  });

  it('are one alone where none was wrong, or none right', async () => {
    expect(await taking(labels)).toHaveLength(1);
    expect(await taking(labels.map((label) => (label + 1) % 10))).toHaveLength(1);
  });

  it('have attributions that add up to what they explain', async () => {
    const [{ items }] = await taking(labels);
    const x = tensor(toUnit(data.images.subarray(0, 784))).reshape([1, 784]);
    const due = noGrad(() => model(x).sub(model(x.zerosLike())))
      .select(1, first)
      .item();
    for (const { attributions } of items.slice(1)) {
      expect(Array.from(attributions ?? []).reduce((a, b) => a + b, 0)).toBeCloseTo(due, 3);
    }
  });
});
