/** Starting values for parameters, written in place. Names and formulas as torch.nn.init. */
import { ShapeError, showShape } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { rand, randn } from '../create.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';

/** How many numbers feed one output, and how many one input feeds: [out, in, …kernel]. */
export function fans(x: Tensor): { in: number; out: number } {
  if (x.ndim < 2) throw new ShapeError('init', 'fans need at least 2 dims', showShape(x.shape));
  const field = x.shape.slice(2).reduce((n, size) => n * size, 1);
  return { in: x.shape[1] * field, out: x.shape[0] * field };
}

/** Equal chance from low to high; rounded to float32, high itself may come. */
export const uniform_ = (x: Tensor, low = 0, high = 1, generator: Generator = defaultGenerator): Tensor =>
  noGrad(() =>
    x.copy_(
      rand(x.shape, { dtype: x.dtype, generator })
        .mul(high - low)
        .add(low),
    ),
  );

/** Normal with the given mean and standard deviation. */
export const normal_ = (x: Tensor, mean = 0, std = 1, generator: Generator = defaultGenerator): Tensor =>
  noGrad(() => x.copy_(randn(x.shape, { dtype: x.dtype, generator }).mul(std).add(mean)));

/** One value. */
export const constant_ = (x: Tensor, value: number): Tensor => noGrad(() => x.fill_(value));

/** ±gain·√(6 / (in + out)): keeps variance in both directions (Glorot and Bengio, 2010). */
export function xavierUniform_(x: Tensor, gain = 1, generator: Generator = defaultGenerator): Tensor {
  const { in: fanIn, out } = fans(x);
  const bound = gain * Math.sqrt(6 / (fanIn + out));
  return uniform_(x, -bound, bound, generator);
}

/** ±gain·√(3 / in), where gain = √(2 / (1 + a²)) suits a leaky ReLU of slope a (He et al., 2015). */
export function kaimingUniform_(x: Tensor, a = 0, generator: Generator = defaultGenerator): Tensor {
  const bound = Math.sqrt(2 / (1 + a * a)) * Math.sqrt(3 / fans(x).in);
  return uniform_(x, -bound, bound, generator);
}
