import { expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { drawHouses } from '../../src/data/index.ts';

const rates: Readonly<Record<string, number>> = { centre: 4.2, harbour: 3.4, hills: 2.8, outskirts: 2 };

test('a price is what the rule says, but for the noise that it names', () => {
  const { length, columns } = drawHouses(4000, new Generator(3));
  const value = (name: string, i: number) => columns[name].values[i];
  const errors: number[] = [];
  let unknown = 0;
  for (let i = 0; i < length; i++) {
    const garden = value('garden', i);
    if (garden === null) unknown++;
    else {
      const rule = Number(value('area', i)) * rates[String(value('district', i))] - 0.8 * Number(value('age', i));
      errors.push(Number(value('price', i)) - rule - (garden === 'yes' ? 40 : 0));
    }
  }
  const mean = errors.reduce((a, b) => a + b) / errors.length;
  const std = Math.sqrt(errors.reduce((sum, x) => sum + (x - mean) ** 2, 0) / errors.length);
  expect(Math.abs(mean)).toBeLessThan(4 * (15 / Math.sqrt(errors.length)));
  expect(std / 15).toBeCloseTo(1, 1);
  expect(unknown / length).toBeCloseTo(0.05, 1);
  expect(drawHouses(9, new Generator(3))).toEqual(drawHouses(9, new Generator(3)));
  expect(() => drawHouses(0.5, new Generator(3))).toThrow('drawHouses: n must be a whole number from 0, got 0.5');
});
