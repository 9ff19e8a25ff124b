/** What the types refuse, a program in JavaScript may still pass: it is told what was wanted and what came. */
import { describe, expect, test } from 'vitest';
import * as adjoint from '../../src/index.ts';

// Without types, as a program in JavaScript sees it.
// oxlint-disable-next-line typescript/no-explicit-any
const { concat, einsum, full, hvp, jacobian, nn, ones, optim, stack, zeros, tensor, where } = adjoint as any;
const F = nn.functional;
const x = ones([2, 3]);
const parameters = () => [nn.parameter(ones([2]))];

const refused: [make: () => unknown, message: string][] = [
  [() => zeros(3), 'a new tensor: it takes an array of sizes, got number'],
  [() => zeros([1e6, 1e6]), 'a new tensor: there must be memory for its numbers, got 1000000000000 of them'],
  [() => full([2]), 'full: the value must be a number, got undefined'],
  [() => tensor([1, null]), 'tensor: '],
  [() => x.reshape(6), 'reshape: it takes an array of sizes, got number'],
  [() => x.expand(), 'expand: it takes an array of sizes, got undefined'],
  [() => x.repeat(2), 'repeat: it takes an array of counts, got number'],
  [() => x.sum('0'), 'sum: it takes an array of dims, or one dim, got string'],
  [() => x.matmul([[1]]), 'matmul: it takes tensors, got an array; make one with tensor(…)'],
  [() => x.matmul(), 'matmul: it takes tensors, got undefined'],
  [() => x.gather(0, [[0]]), 'gather: it takes tensors, got an array'],
  [() => x.indexSelect(0, [5]), 'indexSelect: it takes tensors, got an array'],
  [() => x.scatterAdd(0, zeros([1, 3]), 5), 'scatterAdd: it takes tensors, got number'],
  [() => x.indexAdd(0, zeros([1]), 5), 'indexAdd: it takes tensors, got number'],
  [() => x.indexPut([0], '5'), 'indexPut: the operand must be a Tensor or a number, got string'],
  [() => x.maskedSelect([1]), 'maskedSelect: it takes tensors, got an array'],
  [() => x.maskedScatter([1], x), 'maskedScatter: it takes tensors, got an array'],
  [() => x.take([1]), 'take: it takes tensors, got an array'],
  [() => x.put([1], x), 'put: it takes tensors, got an array'],
  [() => x.mm([[1]]), 'mm: it takes tensors, got an array'],
  [() => x.mT.matmul(x).solve(1), 'solve: it takes tensors, got number'],
  [() => x.where([1], 2), 'where: it takes tensors, got an array'],
  [() => x.maskedFill(1, 0), 'maskedFill: it takes tensors, got number'],
  [() => where([1], 1, 2), 'where: it takes tensors, got an array'],
  [() => concat(x), 'concat: it takes an array of tensors, got object'],
  [() => stack([[1], [2]]), 'stack: it takes tensors, got an array'],
  [() => einsum('ij->i', [[1]]), 'einsum: it takes tensors, got an array'],
  [() => jacobian(3, x), 'vjp: its first argument must be a function, got number'],
  [() => hvp((y: adjoint.Tensor) => y.sum(), x), 'hvp: it takes tensors, got undefined'],
  [() => new nn.Linear(3, 2)([1, 2, 3]), 'linear: it takes tensors, got an array'],
  [() => new nn.Conv2d(1, 1), 'it takes an array of numbers, or one number, for'],
  [() => new nn.Embedding(5, 2)([1]), 'embedding: it takes tensors, got an array'],
  [() => new nn.Dropout('0.5'), 'Dropout: p must be a probability from 0 to 1, got 0.5'],
  [() => new nn.Linear(1, 1).loadStateDict(), 'loadStateDict: it takes an object of tensors by name, got undefined'],
  [() => new nn.Linear(1, 1).loadStateDict({ weight: [[1]] }), 'loadStateDict: it takes tensors, got an array'],
  [() => nn.parameter([1]), 'nn.parameter: it takes tensors, got an array'],
  [() => F.crossEntropy(x), 'crossEntropy: it takes tensors, got undefined'],
  [() => F.mseLoss(x, 3), 'mseLoss: it takes tensors, got number'],
  [() => F.conv2d([1], x), 'conv2d: it takes tensors, got an array'],
  [() => F.scaledDotProductAttention(x), 'scaledDotProductAttention: it takes tensors, got undefined'],
  [() => new optim.Adam(new nn.Linear(1, 1)), 'Adam: it takes an array of parameters, or of groups of them, got'],
  [() => new optim.Adam(parameters(), { lr: '1' }), 'Adam: lr must be a finite number, at least 0, got 1'],
  [() => new optim.Adam(parameters(), { betas: 0.9 }), 'Adam: it takes an array of two numbers for betas, got number'],
  [() => new optim.Adam(parameters()).loadStateDict({}), 'loadStateDict: it takes { paramGroups, state }'],
];

describe('a value of the wrong type is refused in words', () => {
  test.each(refused)('%s', (make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(adjoint.AdjointError);
  });
});
