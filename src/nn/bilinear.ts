/** A form that is linear in each of two inputs, as a function and as a layer. */
import { ShapeError, showShape } from '../array/errors.ts';
import { sameShape, sizeOf } from '../array/nd.ts';
import { defaultGenerator } from '../array/random.ts';
import { zeros } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { uniform_ } from './init.ts';
import type { LinearOptions } from './layers.ts';
import { Module, parameter } from './module.ts';

/**
 * y(o) = Σ a(i)·W(o, i, j)·b(j) + c(o) on the last dims: a […, I] and b […, J] with equal leading dims, weight W [O, I, J],
 * bias c [O], to […, O]. PyTorch: `torch.nn.functional.bilinear`.
 * `nn.functional.bilinear(tensor([[1, 2]]), tensor([[3]]), ones([1, 2, 1])).item() // => 9`
 * @throws ShapeError when the sizes do not fit
 */
export function bilinear(a: Tensor, b: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  const [O, I, J] = weight.shape;
  const lead = a.shape.slice(0, -1);
  const fits =
    weight.ndim === 3 &&
    sameShape(a.shape, [...lead, I]) &&
    sameShape(b.shape, [...lead, J]) &&
    (!bias || sameShape(bias.shape, [O]));
  if (!fits) {
    const shapes = [a, b, weight, bias].map((x) => (x ? showShape(x.shape) : 'none'));
    const rule = 'a must be […, I] and b […, J] for a weight [O, I, J] and a bias [O]';
    throw new ShapeError('bilinear', rule, shapes.join(', '));
  }
  const rows = sizeOf(lead);
  const half = a.reshape([rows, I]).matmul(weight.permute(1, 0, 2).reshape([I, O * J])).reshape([rows, O, J]); // prettier-ignore
  const y = half.mul(b.reshape([rows, 1, J])).sum(2).reshape([...lead, O]); // prettier-ignore
  return bias ? y.add(bias) : y;
}

/**
 * A bilinear form of two inputs; see nn.functional.bilinear. Weight [out, in1, in2] and bias [out] start uniform in ±1/√in1.
 * `new nn.Bilinear(2, 3, 4)(zeros([5, 2]), zeros([5, 3])).shape // => [ 5, 4 ]`
 */
export class Bilinear extends Module {
  weight: Tensor;
  bias: Tensor | null;

  constructor(in1Features: number, in2Features: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    const { bias = true, dtype = 'float32', generator = defaultGenerator } = options;
    const bound = 1 / Math.sqrt(Math.max(1, in1Features));
    const weight = zeros([outFeatures, in1Features, in2Features], { dtype });
    this.weight = parameter(uniform_(weight, -bound, bound, generator));
    this.bias = bias ? parameter(uniform_(zeros([outFeatures], { dtype }), -bound, bound, generator)) : null;
  }
  override forward(a: Tensor, b: Tensor): Tensor {
    return bilinear(a, b, this.weight, this.bias);
  }
  protected override describe(): string {
    const [out, in1, in2] = this.weight.shape;
    return `in1=${in1}, in2=${in2}, out=${out}, bias=${this.bias !== null}`;
  }
}
