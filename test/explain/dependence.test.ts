/** Partial dependence and the curves that it is the mean of. */
import { expect, test } from 'vitest';
import { randn, tensor, type Tensor } from '../../src/index.ts';
import { partialDependence } from '../../src/explain/index.ts';

const x = tensor([[0, 1], [1, 2], [4, -3]], { dtype: 'float64' }); // prettier-ignore

test('of a sum of functions is the one of the column, but for a constant', async () => {
  const { grid, mean } = await partialDependence((z) => z.select(1, 0).square().add(z.select(1, 1)), x, 0, { points: 5 });
  expect(grid).toBeAllClose([0, 1, 2, 3, 4]);
  expect(mean).toBeAllClose([0, 1, 4, 9, 16]); // the other column is 0 on average
}); // prettier-ignore

test('has a curve for each row, and its mean is theirs', async () => {
  const grid = tensor([-1, 2]);
  const { individual, mean } = await partialDependence((z) => z.prod(1), x, 0, { grid, batchSize: 4 });
  expect(individual).toBeAllClose([[-1, 2], [-2, 4], [3, -6]]); // prettier-ignore
  expect(mean).toBeAllClose([0, 0]);
});

test('of a column that is not read is flat', async () => {
  const f = (z: Tensor): Tensor => z.select(1, 0).tanh();
  const { individual } = await partialDependence(f, randn([10, 3]), 2);
  expect(individual.amax(1).sub(individual.amin(1)).max().item()).toBe(0);
});

test('explains for each row its own class', async () => {
  const { individual } = await partialDependence((z) => z, x, 0, { grid: tensor([7]), target: [0, 1, 0] });
  expect(individual).toBeAllClose([[7], [2], [7]]);
});

test.each<[string, () => Promise<unknown>, RegExp]>([
  ['a column that is not there', async () => partialDependence((z) => z.sum(1), x, 2), /feature must be a column from 0 to 1, got 2/],
  ['a grid that is no list', async () => partialDependence((z) => z.sum(1), x, 0, { grid: x }), /grid must be a list \[G\], got \[3, 2\]/],
  ['a picture', async () => partialDependence((z) => z.sum(), randn([1, 2, 2]), 0), /x must be rows/],
])('%s is refused', async (_, wrong, message) => {
  await expect(wrong()).rejects.toThrow(message);
}); // prettier-ignore
