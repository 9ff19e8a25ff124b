/** Losses refuse what does not fit, and say where, what had to hold, what came; and the comparison with PyTorch sees mistakes. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { ones, tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { check, recordsOf } from './records.ts';

const F = nn.functional;
const x = zeros([2, 3]);
const t = zeros([2]);
const half = tensor([0.5, 0.5]);
const logits = zeros([4, 2, 3]);
const S = ShapeError;
const V = ValueError;

const refused: readonly (readonly [string, () => unknown, typeof ShapeError | typeof ValueError, string])[] = [
  ['l1Loss of shapes that broadcast', () => F.l1Loss(zeros([3, 1]), zeros([3])), S, "l1Loss: the target must have the input's shape [3, 1], got [3]"],
  ['smoothL1Loss of other shapes', () => F.smoothL1Loss(x, t), S, 'smoothL1Loss: the target'],
  ['smoothL1Loss with a negative beta', () => F.smoothL1Loss(x, x, { beta: -1 }), V, 'smoothL1Loss: beta must be 0 or more, got -1'],
  ['huberLoss without a delta', () => F.huberLoss(x, x, { delta: 0 }), V, 'huberLoss: delta must be above 0, got 0'],
  ['huberLoss of other shapes', () => F.huberLoss(x, t), S, 'huberLoss: the target'],
  ['poissonNllLoss of shapes that do not broadcast', () => F.poissonNllLoss(x, t), S, 'poissonNllLoss: sizes must be equal or 1, aligned at the last dim, got [2, 3] and [2]'],
  ['gaussianNllLoss with a negative variance', () => F.gaussianNllLoss(t, t, tensor([1, -2])), V, 'gaussianNllLoss: a variance must not be negative, got -2'],
  ['gaussianNllLoss with variances that do not fit', () => F.gaussianNllLoss(x, x, zeros([3])), S, "gaussianNllLoss: the variance must have the input's shape [2, 3], or one number for its last dim, got [3]"],
  ['gaussianNllLoss of other shapes', () => F.gaussianNllLoss(x, t, x), S, 'gaussianNllLoss: the target'],
  ['gaussianNllLoss without an eps', () => F.gaussianNllLoss(t, t, t, { eps: 0 }), V, 'gaussianNllLoss: eps must be above 0, got 0'],
  ['nllLoss of shapes that do not fit', () => F.nllLoss(x, zeros([3])), S, 'nllLoss: for an input [N, C, …] the targets must be class numbers [N, …], got [2, 3] and [3]'],
  ['nllLoss of a single number', () => F.nllLoss(zeros([]), zeros([])), S, 'nllLoss: the input must be [N, C, …] or [C], got []'],
  ['nllLoss of a class that is not there', () => F.nllLoss(x, tensor([0, 3])), V, 'nllLoss: every index must be a whole number from 0 to 2, got 3 at place 1'],
  ['nllLoss with a weight too few', () => F.nllLoss(x, t, { weight: ones([2]) }), S, 'nllLoss: the weight must have one number a class, [3], got [2]'],
  ['crossEntropy with weights of two dims', () => F.crossEntropy(x, t, { weight: ones([1, 3]) }), S, 'crossEntropy: the weight must have one number a class, [3], got [1, 3]'],
  ['crossEntropy of probabilities with a weight too many', () => F.crossEntropy(x, x, { weight: ones([4]) }), S, 'crossEntropy: the weight must have one number a class, [3], got [4]'],
  ['crossEntropy that smooths by more than 1', () => F.crossEntropy(x, t, { labelSmoothing: 1.5 }), V, 'crossEntropy: labelSmoothing must be from 0 to 1, got 1.5'],
  ['crossEntropy that is to ignore probabilities', () => F.crossEntropy(x, x, { ignoreIndex: 2 }), V, 'crossEntropy: targets that are probabilities cannot be ignored by number, got 2; leave ignoreIndex out, or pass class numbers'],
  ['binaryCrossEntropy of other shapes', () => F.binaryCrossEntropy(half, zeros([2, 1])), S, "binaryCrossEntropy: the target must have the input's shape [2], got [2, 1]"],
  ['binaryCrossEntropy of logits', () => F.binaryCrossEntropy(tensor([0.5, 2]), t), V, 'binaryCrossEntropy: inputs must be probabilities from 0 to 1, got 2; use binaryCrossEntropyWithLogits'],
  ['binaryCrossEntropy of NaN', () => F.binaryCrossEntropy(tensor([NaN, 0.5]), t), V, 'got NaN'],
  ['binaryCrossEntropy with weights that do not broadcast', () => F.binaryCrossEntropy(half, half, { weight: ones([3]) }), S, 'got [2] and [3]'],
  ['binaryCrossEntropy with weights that are more than losses', () => F.binaryCrossEntropy(half, half, { weight: ones([3, 2]) }), S, 'binaryCrossEntropy: the weight must broadcast to [2], got [3, 2]'],
  ['binaryCrossEntropyWithLogits of other shapes', () => F.binaryCrossEntropyWithLogits(x, t), S, 'binaryCrossEntropyWithLogits: the target'],
  ['binaryCrossEntropyWithLogits with a posWeight that does not fit', () => F.binaryCrossEntropyWithLogits(x, x, { posWeight: ones([2]) }), S, 'got [2, 3] and [2]'],
  ['klDiv of a batch that is not there', () => F.klDiv(zeros([]), zeros([]), { reduction: 'batchmean' }), S, "klDiv: 'batchmean' needs an input with a batch [N, …], got []"],
  ['klDiv of shapes that do not broadcast', () => F.klDiv(x, t), S, 'klDiv: sizes must be equal or 1'],
  ['hingeEmbeddingLoss of shapes that do not broadcast', () => F.hingeEmbeddingLoss(x, t), S, 'hingeEmbeddingLoss: sizes must be equal or 1'],
  ['softMarginLoss of other shapes', () => F.softMarginLoss(x, t), S, 'softMarginLoss: the target'],
  ['multilabelSoftMarginLoss of other shapes', () => F.multilabelSoftMarginLoss(x, t), S, 'multilabelSoftMarginLoss: the target'],
  ['multilabelSoftMarginLoss of a single number', () => F.multilabelSoftMarginLoss(zeros([]), zeros([])), S, 'multilabelSoftMarginLoss: the input must be […, C], got []'],
  ['multilabelSoftMarginLoss with a weight too few', () => F.multilabelSoftMarginLoss(x, x, { weight: ones([2]) }), S, 'multilabelSoftMarginLoss: the weight must have one number a class, [3], got [2]'],
  ['marginRankingLoss of unlike dims', () => F.marginRankingLoss(x, x, t), S, 'marginRankingLoss: all tensors must have equally many dims, got [2, 3], [2, 3], [2]'],
  ['multiMarginLoss to the third power', () => F.multiMarginLoss(x, t, { p: 3 as 2 }), V, 'multiMarginLoss: p must be 1 or 2, got 3'],
  ['multiMarginLoss of shapes that do not fit', () => F.multiMarginLoss(x, zeros([3])), S, 'multiMarginLoss: for an input [N, C] the targets must be [N], for [C] a single number, got [2, 3] and [3]'],
  ['multiMarginLoss of no classes', () => F.multiMarginLoss(zeros([2, 0]), t), S, 'multiMarginLoss: for an input'],
  ['multiMarginLoss of a class that is not there', () => F.multiMarginLoss(x, tensor([0, -1])), V, 'multiMarginLoss: every index must be a whole number from 0 to 2, got -1 at place 1'],
  ['multiMarginLoss with a weight too few', () => F.multiMarginLoss(x, t, { weight: ones([2]) }), S, 'multiMarginLoss: the weight'],
  ['multilabelMarginLoss of shapes that do not fit', () => F.multilabelMarginLoss(x, t), S, 'multilabelMarginLoss: for an input [N, C] the targets must be [N, C], for [C] they must be [C], got [2, 3] and [2]'],
  ['multilabelMarginLoss of a class that is not there', () => F.multilabelMarginLoss(zeros([3]), tensor([1, 3, -1])), V, 'multilabelMarginLoss: every index must be a whole number from 0 to 2, got 3 at place 1'],
  ['cosineEmbeddingLoss of shapes that do not fit', () => F.cosineEmbeddingLoss(x, x, zeros([3])), S, 'cosineEmbeddingLoss: inputs must be two [N, D] for a target [N], or two [D] for a single number, got [2, 3], [2, 3], [3]'],
  ['cosineEmbeddingLoss of vectors that differ', () => F.cosineEmbeddingLoss(x, zeros([2, 4]), t), S, 'cosineEmbeddingLoss: inputs'],
  ['tripletMarginLoss of unlike dims', () => F.tripletMarginLoss(x, x, t), S, 'tripletMarginLoss: all tensors must have equally many dims'],
  ['tripletMarginLoss without a norm', () => F.tripletMarginLoss(x, x, x, { p: 0 }), V, 'tripletMarginLoss: p must be above 0, got 0'],
  ['tripletMarginLoss of single numbers', () => F.tripletMarginLoss(zeros([]), zeros([]), zeros([])), S, 'tripletMarginLoss: inputs must be […, D], got []'],
  ['tripletMarginWithDistanceLoss of unlike dims', () => F.tripletMarginWithDistanceLoss(x, t, x), S, 'tripletMarginWithDistanceLoss: all tensors'],
  ['ctcLoss of too few dims', () => F.ctcLoss(zeros([3]), t, [3], [2]), S, 'ctcLoss: log-probabilities must be [T, N, C] or [T, C], got [3]'],
  ['ctcLoss with a blank that is no class', () => F.ctcLoss(logits, ones([2, 2]), [4, 4], [2, 2], { blank: 3 }), V, 'ctcLoss: the blank must be a class from 0 to 2, got 3'],
  ['ctcLoss of targets for another batch', () => F.ctcLoss(logits, ones([3, 2]), [4, 4], [2, 2]), S, 'ctcLoss: targets must be [2, S], or all texts in one dim, got [3, 2]'],
  ['ctcLoss with a length too few', () => F.ctcLoss(logits, ones([2, 2]), [4], [2, 2]), S, 'ctcLoss: there must be one of inputLengths for each of 2 sequences, got 1'],
  ['ctcLoss beyond the end of time', () => F.ctcLoss(logits, ones([2, 2]), [4, 5], [2, 2]), V, 'ctcLoss: inputLengths must be whole numbers from 0 to 4, got 5'],
  ['ctcLoss of texts longer than their rows', () => F.ctcLoss(logits, ones([2, 2]), [4, 4], tensor([2, 3])), V, 'ctcLoss: targetLengths must be whole numbers from 0 to 2, got 3'],
  ['ctcLoss of lengths that do not add up', () => F.ctcLoss(logits, ones([4]), [4, 4], [2, 1]), S, 'ctcLoss: targetLengths must add up to the length of the targets, got 3 and 4'],
  ['ctcLoss of a class that is not there', () => F.ctcLoss(logits, ones([2, 2]).mul(7), [4, 4], [1, 2]), V, 'ctcLoss: every index must be a whole number from 0 to 2, got 7'],
]; // prettier-ignore

describe('refused', () => {
  test.each(refused.map(([title, run, Class, message]) => ({ title, run, Class, message })))(
    '$title',
    ({ run, Class, message }) => {
      expect(run).toThrow(Class);
      expect(run).toThrow(message);
    },
  );

  test('another reduction, by every loss', () => {
    const options = JSON.parse('{ "reduction": "average" }') as { reduction: 'mean' };
    const calls: readonly ((o: typeof options) => Tensor)[] = [
      ...[F.mseLoss, F.l1Loss, F.smoothL1Loss, F.huberLoss, F.poissonNllLoss, F.hingeEmbeddingLoss].map((f) => (o: typeof options) => f(t, t, o)),
      ...[F.binaryCrossEntropy, F.binaryCrossEntropyWithLogits, F.klDiv, F.softMarginLoss].map((f) => (o: typeof options) => f(t, t, o)),
      ...[F.nllLoss, F.crossEntropy, F.multiMarginLoss].map((f) => (o: typeof options) => f(x, t, o)),
      ...[F.crossEntropy, F.multilabelMarginLoss, F.multilabelSoftMarginLoss].map((f) => (o: typeof options) => f(x, x, o)),
      ...[F.marginRankingLoss, F.tripletMarginLoss, F.tripletMarginWithDistanceLoss].map((f) => (o: typeof options) => f(x, x, x, o)),
      (o) => F.gaussianNllLoss(t, t, ones([2]), o),
      (o) => F.cosineEmbeddingLoss(x, x, t, o),
      (o) => F.ctcLoss(logits, ones([2, 2]), [4, 4], [2, 1], o),
    ]; // prettier-ignore
    for (const call of calls) {
      expect(() => call(options)).toThrow("the reduction must be 'mean', 'sum' or 'none', got 'average'");
    }
  });
});

describe('the comparison with PyTorch sees', () => {
  const records = recordsOf('losses.json');
  const record = records.find(({ layer, options }) => layer === 'poissonNllLoss' && options?.full === true)!;
  const run = (_: unknown, inputs: readonly Tensor[]): Tensor => F.poissonNllLoss(inputs[0], inputs[1], record.options);

  test('a value, a gradient and a second gradient that are slightly wrong', () => {
    check(record, run);
    for (const wrong of ['output 0', 'gradient 0', 'gradient 1', 'second 1']) {
      const slightly = (x: Tensor, name: string): Tensor => (name === wrong ? x.mul(1 + 1e-8).add(1e-8) : x);
      expect(() => check(record, run, slightly)).toThrow('values differ');
    }
  });
  test('an option that is not heeded', () => {
    expect(() => check(record, (_, [a, b]) => F.poissonNllLoss(a, b, { ...record.options, full: false }))).toThrow('values differ'); // prettier-ignore
  });
});

describe('beside what the records say', () => {
  test('the largest difference is a distance as well', () => {
    const [a, p, n] = [tensor([[0, 0]]), tensor([[1, 3]]), tensor([[2, 2]])];
    expect(F.tripletMarginLoss(a, p, n, { p: Infinity, eps: 0 }).item()).toBe(2);
  });
  test('a triplet of equal things has the gradient 0, not NaN', () => {
    const a = zeros([1, 2], { requiresGrad: true });
    F.tripletMarginLoss(a, zeros([1, 2]), zeros([1, 2]), { eps: 0 }).backward();
    expect(a.grad!.toArray()).toEqual([[0, 0]]);
  });
  test('a text that is too long for its time has an infinite loss, whose gradient is 0', () => {
    const x = zeros([2, 1, 3], { requiresGrad: true });
    const loss = F.ctcLoss(x.logSoftmax(2), tensor([[1, 1]]), [2], [2]);
    expect(loss.item()).toBe(Infinity);
    loss.backward();
    expect(x.grad!.eq(0).all().item()).toBe(1);
  });
  test('ctcLoss heeds log-probabilities of −∞', () => {
    const x = tensor([[[0.5, 0.5, 0]], [[0.5, 0.5, 0]]]).log().requiresGrad_(); // prettier-ignore
    const loss = F.ctcLoss(x, tensor([[1]]), [2], [1]);
    expect(loss.item()).toBeCloseTo(-Math.log(0.75), 6);
    loss.backward();
    expect(x.grad!.sub(x.grad!).eq(0).all().item()).toBe(1);
  });
  test('weights of a loss are buffers, and are saved with it', () => {
    const loss = new nn.BCEWithLogitsLoss({ weight: ones([2]), posWeight: ones([2]) });
    expect(Object.keys(loss.stateDict())).toEqual(['weight', 'pos_weight']);
    expect(Object.keys(new nn.CrossEntropyLoss({ weight: ones([3]) }).stateDict())).toEqual(['weight']);
    expect(loss.parameters()).toEqual([]);
  });
  test('a distance that is a module is trained with the loss', () => {
    class Bent extends nn.Module {
      scale = nn.parameter(ones([1]));
      override forward(a: Tensor, b: Tensor): Tensor {
        return a.sub(b).abs().mul(this.scale).sum(-1);
      }
    }
    const loss = new nn.TripletMarginWithDistanceLoss({ distanceFunction: new Bent(), swap: true });
    expect(loss.namedParameters().map(([name]) => name)).toEqual(['distance_function.scale']);
    expect(loss(zeros([1, 2]), ones([1, 2]), ones([1, 2])).item()).toBe(3);
  });
});
