/** Explanations by taking away, on functions whose answer is worked out by hand. */
import { expect, test } from 'vitest';
import { Generator, tensor, type Tensor } from '../../src/index.ts';
import { featureAblation, occlusion, permutationImportance, type Model } from '../../src/explain/index.ts';

const product: Model = (x) => x.select(1, 0).mul(x.select(1, 1)).add(x.select(1, 2));
const rows = tensor([[2, 3, 5], [1, 4, 0]]); // prettier-ignore

test('a feature is due what f falls by without it', async () => {
  const { attributions } = await featureAblation(product, rows);
  expect(attributions.toArray()).toEqual([[6, 6, 5], [4, 4, 0]]); // prettier-ignore
});

test('a baseline of its own stands in for each feature', async () => {
  const { attributions } = await featureAblation(product, rows, { baseline: tensor([1, 1, 1]) });
  expect(attributions.toArray()).toEqual([[3, 4, 4], [0, 3, -1]]); // prettier-ignore
});

test('members of a group are taken away together, and each has what the group is due', async () => {
  const { attributions } = await featureAblation(product, rows, { featureMask: tensor([1, 1, 0]) });
  expect(attributions.toArray()).toEqual([[6, 6, 5], [4, 4, 0]]); // prettier-ignore
});

test('each row has its own target', async () => {
  const { attributions } = await featureAblation((x: Tensor) => x.mul(tensor([1, 10, 100])), rows, { target: [2, 0] });
  expect(attributions.toArray()).toEqual([[0, 0, 500], [1, 0, 0]]); // prettier-ignore
});

test('occlusion gives each place the mean over the windows that covered it', async () => {
  const sum: Model = (x) => x.reshape([x.shape[0], -1]).sum(1);
  const picture = tensor([[[[1, 2, 3]]]]); // [1, 1, 1, 3]
  const { attributions } = await occlusion(sum, picture, { window: [1, 2], stride: [1, 1] });
  expect(attributions.toArray()).toEqual([[[[3, 4, 5]]]]); // windows of 3 and 5; the middle is in both
});

test('occlusion covers all planes at once, and the edge where the stride does not fit', async () => {
  const sum: Model = (x) => x.reshape([x.shape[0], -1]).sum(1);
  const picture = tensor([[[[1, 2, 3]], [[10, 20, 30]]]]); // [1, 2, 1, 3]
  const { attributions } = await occlusion(sum, picture, { window: [1, 2] }); // starts at 0 and, for the edge, at 1
  expect(attributions.toArray()).toEqual([[[[33, 44, 55]], [[33, 44, 55]]]]);
});

test('permutation importance of a column that is not read is 0, of the one that is all, above', async () => {
  const generator = new Generator(1);
  const x = tensor(Array.from({ length: 40 }, () => [generator.normal(), generator.normal()]));
  const y = x.select(1, 0).mul(3);
  const loss = (got: Tensor): number => got.sub(y).square().mean().item();
  const { importance, deviation } = await permutationImportance((z) => z.select(1, 0).mul(3), x, loss, { generator });
  const [read, unread] = importance.toArray() as number[];
  // E(3x − 3x')² = 2·9·Var x for independent x and x'
  expect(read / (18 * x.select(1, 0).var(0, { correction: 0 }).item())).toBeCloseTo(1, 0);
  expect(unread).toBe(0);
  expect((deviation.toArray() as number[])[1]).toBe(0);
});

test('work is told of, cut into batches, and can be called off', async () => {
  const sizes: number[] = [];
  const told: string[] = [];
  const f: Model = (x) => (sizes.push(x.shape[0]), x.sum(1));
  await featureAblation(f, rows, { batchSize: 3, onProgress: (done, total) => told.push(`${done}/${total}`) });
  expect(sizes).toEqual([3, 3, 2]); // 2 rows as they are, and each without each of 3 features
  expect(told).toEqual(['3/8', '6/8', '8/8']);
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(featureAblation(f, rows, { signal })).rejects.toThrow('enough');
});

test('a model may answer later', async () => {
  const f = async (x: Tensor): Promise<Tensor> => Promise.resolve(x.sum(1));
  expect((await featureAblation(f, rows)).attributions).toBeAllClose(rows);
});
