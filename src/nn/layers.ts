/** Layers: Linear, activations, Dropout and Flatten. */
import { ValueError } from '../array/errors.ts';
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

/** max(x, 0). `new nn.ReLU()(tensor([-1, 2])) // => Tensor[2] [0, 2]` */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** x where positive, else slope·x. `new nn.LeakyReLU(0.1)(tensor([-1, 2])) // => Tensor[2] [-0.1000, 2.0000]` */
export class LeakyReLU extends Module {
  slope: number;
  constructor(slope = 0.01) {
    super();
    this.slope = slope;
  }
  override forward(x: Tensor): Tensor {
    return F.leakyRelu(x, this.slope);
  }
}

/** x·Φ(x). `new nn.GELU()(tensor(1)) // => Tensor[] 0.8413` */
export class GELU extends Module {
  override forward(x: Tensor): Tensor {
    return F.gelu(x);
  }
}

/** x·σ(x). `new nn.SiLU()(tensor(1)) // => Tensor[] 0.7311` */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return F.silu(x);
  }
}

/** 1/(1 + e⁻ˣ). `new nn.Sigmoid()(tensor(0)) // => Tensor[] 0.5000` */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** tanh x. `new nn.Tanh()(tensor(0)) // => Tensor[] 0` */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** eˣ / Σ eˣ along dim. `new nn.Softmax(0)(tensor([0, 0])) // => Tensor[2] [0.5000, 0.5000]` */
export class Softmax extends Module {
  dim: number;
  constructor(dim = -1) {
    super();
    this.dim = dim;
  }
  override forward(x: Tensor): Tensor {
    return x.softmax(this.dim);
  }
}

/** In training sets elements to 0 with probability p; else passes everything on. `new nn.Dropout(0.5).train(false)(ones([2])) // => Tensor[2] [1, 1]` */
export class Dropout extends Module {
  p: number;
  generator: Generator;
  constructor(p = 0.5, { generator = defaultGenerator }: { generator?: Generator } = {}) {
    super();
    if (!(p >= 0 && p <= 1)) throw new ValueError('Dropout', 'p must be a probability from 0 to 1', `${p}`);
    this.p = p;
    this.generator = generator;
  }
  override forward(x: Tensor): Tensor {
    return F.dropout(x, this.p, this.training, this.generator);
  }
  protected override describe(): string {
    return `p=${this.p}`;
  }
}

/** Dims from start to end as one; by default all but the first. `new nn.Flatten()(zeros([2, 3, 4])).shape // => [ 2, 12 ]` */
export class Flatten extends Module {
  start: number;
  end: number;
  constructor(start = 1, end = -1) {
    super();
    this.start = start;
    this.end = end;
  }
  override forward(x: Tensor): Tensor {
    return x.flatten(this.start, this.end);
  }
}
