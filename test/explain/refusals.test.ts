/** What cannot be explained is refused, in words that say what to do. */
import { expect, test, vi } from 'vitest';
import { nn, ones, tensor, zeros, type Tensor } from '../../src/index.ts';
import * as explain from '../../src/explain/index.ts';

const x = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
const sum = (z: Tensor): Tensor => z.sum(1);
const classes = (z: Tensor): Tensor => z.mul(2);

const cases: [string, () => unknown, RegExp][] = [
  ['a baseline of another shape', () => explain.integratedGradients(sum, x, { baseline: zeros([2]) }), /baseline must be a number, or of shape \[3\] or \[2, 3\], got \[2\]/],
  ['a background of another shape', () => explain.kernelShap(sum, x, { background: zeros([4, 2]) }), /background must be a number, one input \[3\] or several/],
  ['an empty background', () => explain.shapley(sum, x, { background: zeros([0, 3]) }), /background must be/],
  ['a feature mask that skips a number', () => explain.featureAblation(sum, x, { featureMask: tensor([0, 2, 2]) }), /number its groups 0, 1, 2, … and skip none, got none with 1/],
  ['a feature mask of fractions', () => explain.shapley(sum, x, { featureMask: tensor([0, 0.5, 1]) }), /skip none, got a negative or fractional number/],
  ['a feature mask of another shape', () => explain.limeGroups(sum, x, { featureMask: tensor([0, 1]) }), /feature mask must have the shape \[3\] of one input, got \[2\]/],
  ['a class that does not exist', () => explain.saliency(classes, x, { target: 3 }), /target must be a class from 0 to 2, one for all rows or one for each, got 3/],
  ['a negative class', () => explain.shapley(classes, x, { target: -1 }), /target must be a class from 0 to 2/],
  ['too few targets', () => explain.saliency(classes, x, { target: [1] }), /one for each, got undefined/],
  ['no target where there are classes', () => explain.lime(classes, x), /target must say which of 3 classes is explained/],
  ['a target where there is one output', () => explain.saliency(sum, x, { target: 0 }), /a model with one output has no target/],
  ['a function that gives NaN', () => explain.kernelShap((z) => z.sum(1).mul(NaN), x), /the model must return numbers, got NaN/],
  ['a function with too few rows', () => explain.occlusion((z) => z.reshape([z.shape[0], -1]).sum(1).narrow(0, 0, 1), zeros([2, 4, 4]), { window: [2, 2] }), /for \d+ rows the model must return/],
  ['a function of a single number', () => explain.smoothGrad((z) => z.sum(), x), /for 50 rows the model must return \[50\] or \[50, classes\]/],
  ['a function without a history', () => explain.saliency(() => ones([2]), x), /the model must be differentiable/],
  ['no samples', () => explain.permutationShap(sum, x, { samples: 0 }), /samples must be a whole number, 1 or more, got 0/],
  ['no noisy copies', () => explain.smoothGrad(sum, x, { samples: 0 }), /samples must be a whole number, 1 or more/],
  ['one sample for a regression', () => explain.lime(sum, x, { samples: 1 }), /samples must be a whole number, 2 or more/],
  ['half a step', () => explain.integratedGradients(sum, x, { steps: 1.5 }), /steps must be a whole number/],
  ['an unknown rule', () => explain.integratedGradients(sum, x, { rule: 'simpson' as never }), /rule must be one of left, middle, right, trapezoid, gauss-legendre/],
  ['an empty batch', () => explain.saliency(sum, zeros([0, 3])), /batch \[rows, …\] of at least one row/],
  ['rows in batches of none', () => explain.featureAblation(sum, x, { batchSize: 0 }), /batchSize must be a whole number, 1 or more/],
  ['negative noise', () => explain.smoothGrad(sum, x, { noise: -1 }), /noise must be 0 or more/],
  ['too many players', () => explain.shapley(sum, zeros([1, 16])), /at most 15 features or groups, got 16; group them/],
  ['unions that leave one out', () => explain.owen(sum, x, { unions: [0, 2, 2] }), /unions must give each of the 3 players/],
  ['a window that does not fit', () => explain.occlusion(sum, zeros([1, 2, 2]), { window: [3, 1] }), /must fit into 2 × 2, got 3 × 1/],
  ['a loss that is no number', () => explain.permutationImportance(sum, x, () => NaN), /loss must be a finite number/],
  ['a kernel without width', () => explain.lime(sum, x, { width: 0 }), /width must be above 0/],
  ['a scale for other columns', () => explain.lime(sum, x, { scale: tensor([1, 2]) }), /scale must be a number or of shape \[3\]/],
  ['a mask for other numbers', () => explain.rightForTheRightReasons(sum, x, zeros([3, 3])), /rightForTheRightReasons: sizes must/],
  ['signs for other columns', () => explain.monotonicityPenalty(sum, x, tensor([1, -1])), /signs must have the shape \[3\]/],
  ['no projections', () => explain.jacobianPenalty(classes, x, { projections: 0 }), /projections must be a whole number/],
]; // prettier-ignore

test.each(cases)('%s is refused', async (_, wrong, message) => {
  await expect((async () => wrong())()).rejects.toThrow(message);
});

test('a model in training mode is warned of, once', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const model = new nn.Sequential(new nn.Linear(3, 1), new nn.Dropout(0.5));
  explain.saliency(model, x);
  explain.saliency(model, x);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0][0]).toMatch(/saliency: the model is in training mode.*eval\(\)/);
  explain.saliency(new nn.Linear(3, 1).eval(), x);
  expect(warn).toHaveBeenCalledTimes(1);
  warn.mockRestore();
});
