/** Drawing from distributions whose parameters are tensors. Nothing flows back through what is drawn. */
import { checkTensors } from './array/checks.ts';
import { ShapeError, showShape, ValueError } from './array/errors.ts';
import { allocate } from './array/memory.ts';
import { nd, sizeOf } from './array/nd.ts';
import { defaultGenerator } from './array/random.ts';
import { firstAbove, sumsOf } from './array/weights.ts';
import { full, rand, randn, type RandomOptions } from './create.ts';
import { Tensor, type Operand } from './tensor.ts';

/**
 * 1 with probability p, else 0, for each element of p. PyTorch: `torch.bernoulli`.
 * `bernoulli(tensor([0, 1])) // => Tensor[2] [0, 1]`
 * @throws ValueError unless all of p is from 0 to 1
 */
export function bernoulli(p: Tensor, options: Omit<RandomOptions, 'dtype'> = {}): Tensor {
  checkTensors('bernoulli', p);
  const chance = p.detach();
  if (chance.ge(0).logicalAnd(chance.le(1)).all().item() === 0) {
    throw new ValueError(
      'bernoulli',
      'probabilities must be from 0 to 1',
      `${chance.amin().item()} to ${chance.amax().item()}`,
    );
  }
  return rand(p.shape, { ...options, dtype: p.dtype })
    .lt(chance)
    .requiresGrad_(options.requiresGrad ?? false);
}

/**
 * Numbers from normal distributions with these means and standard deviations, which broadcast; of two numbers one
 * number is drawn, or as many as `shape` says. PyTorch: `torch.normal`.
 * `normal(tensor([5, 7]), 0) // => Tensor[2] [5, 7]`
 */
export function normal(
  mean: Operand,
  std: Operand,
  { shape, ...options }: RandomOptions & { shape?: readonly number[] } = {},
): Tensor {
  const tensors = [mean, std].filter((x) => x instanceof Tensor);
  const dtype = options.dtype ?? (tensors.some((x) => x.dtype === 'float64') ? 'float64' : 'float32');
  const [m, s] = [mean, std].map((x) => (x instanceof Tensor ? x.detach().to(dtype) : full([], x, { dtype })));
  if (s.ge(0).all().item() === 0)
    throw new ValueError('normal', 'the standard deviation must be 0 or more', `${s.amin().item()}`);
  const size = shape ?? m.add(s).shape;
  return randn(size, { generator: options.generator ?? defaultGenerator, dtype })
    .mul(s)
    .add(m)
    .expand(size)
    .requiresGrad_(options.requiresGrad ?? false);
}

/**
 * The numbers of n classes, drawn with chances in proportion to the weights [classes] or, a row each, [rows, classes];
 * each class at most once unless there is replacement. PyTorch: `torch.multinomial`.
 * `multinomial(tensor([0, 3, 0]), 1) // => Tensor[1] [1]`
 * @throws ValueError for weights that are negative or not finite, and where fewer classes than n have a weight
 */
export function multinomial(
  weights: Tensor,
  n: number,
  {
    replacement = false,
    generator = defaultGenerator,
  }: { replacement?: boolean } & Pick<RandomOptions, 'generator'> = {},
): Tensor {
  checkTensors('multinomial', weights);
  if (weights.ndim < 1 || weights.ndim > 2) {
    throw new ShapeError('multinomial', 'weights must be [classes] or [rows, classes]', showShape(weights.shape));
  }
  if (!Number.isInteger(n) || n < 1) throw new ValueError('multinomial', 'n must be a whole number, 1 or more', `${n}`);
  const classes = weights.shape[weights.ndim - 1];
  const shape = [...weights.shape.slice(0, -1), n];
  const drawn = allocate(weights.dtype, sizeOf(shape));
  const all = weights.detach().to('float64').toTypedArray();
  if (!all.every((w) => w >= 0 && w < Infinity)) {
    throw new ValueError(
      'multinomial',
      'weights must be finite, 0 or more',
      `${all.find((w) => !(w >= 0 && w < Infinity))}`,
    );
  }
  for (let row = 0; row < drawn.length / n; row++) {
    const left = all.subarray(row * classes, (row + 1) * classes);
    const possible = left.filter((w) => w > 0).length;
    if (possible < (replacement ? 1 : n)) {
      throw new ValueError(
        'multinomial',
        `there must be ${replacement ? 1 : n} classes with a weight above 0`,
        `${possible}`,
      );
    }
    let sums = sumsOf(left);
    for (let k = 0; k < n; k++) {
      const choice = firstAbove(sums, generator.uniform() * sums[classes - 1]);
      drawn[row * n + k] = choice;
      if (replacement) continue;
      left[choice] = 0;
      sums = sumsOf(left);
    }
  }
  return new Tensor(nd(drawn, shape));
}
