/** The layer Linear. */
import type { DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { zeros } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import * as F from './functional.ts';
import { uniform_ } from './init.ts';
import { Module, parameter } from './module.ts';

export interface LinearOptions {
  readonly bias?: boolean;
  readonly dtype?: DType;
  readonly generator?: Generator;
}

/**
 * y = x·Wᵀ + b on the last dim. Weight [out, in] and bias [out] start uniform in ±1/√in, as in PyTorch.
 * `new nn.Linear(10, 5)(zeros([3, 10])).shape // => [ 3, 5 ]`
 */
export class Linear extends Module {
  weight: Tensor;
  bias: Tensor | null;

  constructor(
    inFeatures: number,
    outFeatures: number,
    { bias = true, dtype = 'float32', generator = defaultGenerator }: LinearOptions = {},
  ) {
    super();
    const bound = 1 / Math.sqrt(Math.max(1, inFeatures));
    this.weight = parameter(uniform_(zeros([outFeatures, inFeatures], { dtype }), -bound, bound, generator));
    this.bias = bias ? parameter(uniform_(zeros([outFeatures], { dtype }), -bound, bound, generator)) : null;
  }
  override forward(x: Tensor): Tensor {
    return F.linear(x, this.weight, this.bias);
  }
  protected override describe(): string {
    const [out, inputs] = this.weight.shape;
    return `in=${inputs}, out=${out}, bias=${this.bias !== null}`;
  }
}
