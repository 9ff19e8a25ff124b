/** Activations as layers: thin shells around activations.ts. Only PReLU has something to learn. */
import type { DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { full } from '../create.ts';
import { ShapeError, showShape } from '../array/errors.ts';
import type { Tensor } from '../tensor.ts';
import * as F from './activations.ts';
import { Module, parameter, shown } from './module.ts';

/** A layer whose fields are the options of its function. */
abstract class Activation extends Module {
  protected override describe(): string {
    const options = Object.entries(this).filter(([name, value]) => name !== 'training' && typeof value !== 'object');
    return shown(Object.fromEntries(options));
  }
}

/** An activation along a dim, the last if left out. */
abstract class AlongDim extends Activation {
  dim: number;
  constructor(dim = -1) {
    super();
    this.dim = dim;
  }
}

/** max(x, 0). `new nn.ReLU()(tensor([-1, 2])) // => Tensor[2] [0, 2]` */
export class ReLU extends Activation {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** min(max(x, 0), 6). `new nn.ReLU6()(tensor([-1, 8])) // => Tensor[2] [0, 6]` */
export class ReLU6 extends Activation {
  override forward(x: Tensor): Tensor {
    return F.relu6(x);
  }
}

/** x where positive, else slope·x. `new nn.LeakyReLU(0.1)(tensor([-1, 2])) // => Tensor[2] [-0.1000, 2.0000]` */
export class LeakyReLU extends Activation {
  slope: number;
  constructor(slope = 0.01) {
    super();
    this.slope = slope;
  }
  override forward(x: Tensor): Tensor {
    return F.leakyRelu(x, this.slope);
  }
}

/** x where positive, else w·x with a learned w, one for all or one a channel. `new nn.PReLU()(tensor([-1, 2])) // => Tensor[2] from where [-0.2500, 2.0000]` */
export class PReLU extends Module {
  weight: Tensor;
  constructor(numParameters = 1, { init = 0.25, dtype = 'float32' }: { init?: number; dtype?: DType } = {}) {
    super();
    this.weight = parameter(full([numParameters], init, { dtype }));
  }
  override forward(x: Tensor): Tensor {
    return F.prelu(x, this.weight);
  }
  protected override describe(): string {
    return `numParameters=${this.weight.numel()}`;
  }
}

/** x where positive, else s·x, in training with a random s for each element; see nn.functional.rrelu. `new nn.RReLU().eval()(tensor([-48, 2])) // => Tensor[2] [-11, 2]` */
export class RReLU extends Activation {
  lower: number;
  upper: number;
  generator: Generator;
  constructor(lower = 1 / 8, upper = 1 / 3, { generator = defaultGenerator }: { generator?: Generator } = {}) {
    super();
    this.lower = lower;
    this.upper = upper;
    this.generator = generator;
  }
  override forward(x: Tensor): Tensor {
    const { lower, upper, training, generator } = this;
    return F.rrelu(x, { lower, upper, training, generator });
  }
}

/** x where positive, else α(eˣ − 1). `new nn.ELU()(tensor([-1, 2])) // => Tensor[2] [-0.6321, 2.0000]` */
export class ELU extends Activation {
  alpha: number;
  constructor(alpha = 1) {
    super();
    this.alpha = alpha;
  }
  override forward(x: Tensor): Tensor {
    return F.elu(x, this.alpha);
  }
}

/** x where positive, else α(e^(x/α) − 1). `new nn.CELU(2)(tensor([-1, 2])) // => Tensor[2] [-0.7869, 2.0000]` */
export class CELU extends Activation {
  alpha: number;
  constructor(alpha = 1) {
    super();
    this.alpha = alpha;
  }
  override forward(x: Tensor): Tensor {
    return F.celu(x, this.alpha);
  }
}

/** The elu that keeps mean 0 and variance 1. `new nn.SELU()(tensor([-1, 2])) // => Tensor[2] [-1.1113, 2.1014]` */
export class SELU extends Activation {
  override forward(x: Tensor): Tensor {
    return F.selu(x);
  }
}

/** x·Φ(x), or with approximate: 'tanh' nearly so. `new nn.GELU()(tensor(1)) // => Tensor[] 0.8413` */
export class GELU extends Activation {
  approximate: 'none' | 'tanh';
  constructor({ approximate = 'none' }: F.GELUOptions = {}) {
    super();
    this.approximate = approximate;
  }
  override forward(x: Tensor): Tensor {
    return F.gelu(x, { approximate: this.approximate });
  }
}

/** x·σ(x). `new nn.SiLU()(tensor(1)) // => Tensor[] 0.7311` */
export class SiLU extends Activation {
  override forward(x: Tensor): Tensor {
    return F.silu(x);
  }
}

/** x·tanh(log(1 + eˣ)). `new nn.Mish()(tensor(1)) // => Tensor[] 0.8651` */
export class Mish extends Activation {
  override forward(x: Tensor): Tensor {
    return F.mish(x);
  }
}

/** x cut off at min and max. `new nn.Hardtanh()(tensor([-3, 0.5])) // => Tensor[2] [-1.0000, 0.5000]` */
export class Hardtanh extends Activation {
  min: number;
  max: number;
  constructor(min = -1, max = 1) {
    super();
    this.min = min;
    this.max = max;
  }
  override forward(x: Tensor): Tensor {
    return F.hardtanh(x, this.min, this.max);
  }
}

/** min(max(x + 3, 0), 6)/6. `new nn.Hardsigmoid()(tensor([-4, 0])) // => Tensor[2] [0.0000, 0.5000]` */
export class Hardsigmoid extends Activation {
  override forward(x: Tensor): Tensor {
    return F.hardsigmoid(x);
  }
}

/** x·hardsigmoid(x). `new nn.Hardswish()(tensor([-4, 1])) // => Tensor[2] [0.0000, 0.6667]` */
export class Hardswish extends Activation {
  override forward(x: Tensor): Tensor {
    return F.hardswish(x);
  }
}

/** x outside of [−λ, λ], else 0. `new nn.Hardshrink()(tensor([-2, 0.3])) // => Tensor[2] [-2, 0]` */
export class Hardshrink extends Activation {
  lambda: number;
  constructor(lambda = 0.5) {
    super();
    this.lambda = lambda;
  }
  override forward(x: Tensor): Tensor {
    return F.hardshrink(x, this.lambda);
  }
}

/** x moved towards 0 by λ. `new nn.Softshrink()(tensor([-2, 0.3])) // => Tensor[2] [-1.5000, 0.0000]` */
export class Softshrink extends Activation {
  lambda: number;
  constructor(lambda = 0.5) {
    super();
    this.lambda = lambda;
  }
  override forward(x: Tensor): Tensor {
    return F.softshrink(x, this.lambda);
  }
}

/** x − tanh x. `new nn.Tanhshrink()(tensor(1)) // => Tensor[] 0.2384` */
export class Tanhshrink extends Activation {
  override forward(x: Tensor): Tensor {
    return F.tanhshrink(x);
  }
}

/** x/(1 + |x|). `new nn.Softsign()(tensor([-1, 3])) // => Tensor[2] [-0.5000, 0.7500]` */
export class Softsign extends Activation {
  override forward(x: Tensor): Tensor {
    return F.softsign(x);
  }
}

/** log(1 + e^βx)/β, and x where βx exceeds the threshold. `new nn.Softplus()(tensor(0)) // => Tensor[] 0.6931` */
export class Softplus extends Activation {
  beta: number;
  threshold: number;
  constructor(beta = 1, threshold = 20) {
    super();
    this.beta = beta;
    this.threshold = threshold;
  }
  override forward(x: Tensor): Tensor {
    return F.softplus(x, this.beta, this.threshold);
  }
}

/** x where it is greater than the threshold, else `value`. `new nn.Threshold(1, -5)(tensor([0.1, 2])) // => Tensor[2] [-5, 2]` */
export class Threshold extends Activation {
  threshold: number;
  value: number;
  constructor(threshold: number, value: number) {
    super();
    this.threshold = threshold;
    this.value = value;
  }
  override forward(x: Tensor): Tensor {
    return F.threshold(x, this.threshold, this.value);
  }
}

/** a·σ(b) of the halves a and b along dim. `new nn.GLU()(tensor([3, 0])) // => Tensor[1] [1.5000]` */
export class GLU extends AlongDim {
  override forward(x: Tensor): Tensor {
    return F.glu(x, this.dim);
  }
}

/** log σ(x). `new nn.LogSigmoid()(tensor(0)) // => Tensor[] -0.6931` */
export class LogSigmoid extends Activation {
  override forward(x: Tensor): Tensor {
    return F.logsigmoid(x);
  }
}

/** 1/(1 + e⁻ˣ). `new nn.Sigmoid()(tensor(0)) // => Tensor[] 0.5000` */
export class Sigmoid extends Activation {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** tanh x. `new nn.Tanh()(tensor(0)) // => Tensor[] 0` */
export class Tanh extends Activation {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** eˣ / Σ eˣ along dim, the last if left out. `new nn.Softmax(0)(tensor([0, 0])) // => Tensor[2] [0.5000, 0.5000]` */
export class Softmax extends AlongDim {
  override forward(x: Tensor): Tensor {
    return x.softmax(this.dim);
  }
}

/** e⁻ˣ / Σ e⁻ˣ along dim, the last if left out. `new nn.Softmin(0)(tensor([0, 0])) // => Tensor[2] [0.5000, 0.5000]` */
export class Softmin extends AlongDim {
  override forward(x: Tensor): Tensor {
    return F.softmin(x, this.dim);
  }
}

/** log softmax(x) along dim, the last if left out. `new nn.LogSoftmax(0)(tensor([0, 0])) // => Tensor[2] [-0.6931, -0.6931]` */
export class LogSoftmax extends AlongDim {
  override forward(x: Tensor): Tensor {
    return x.logSoftmax(this.dim);
  }
}

/** Softmax over the channels of images [N, C, H, W] (or one, [C, H, W]). `new nn.Softmax2d()(zeros([1, 2, 1, 1])).flatten() // => Tensor[2] [0.5000, 0.5000]` */
export class Softmax2d extends Activation {
  override forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4) {
      throw new ShapeError('Softmax2d', 'the input must be [N, C, H, W] or [C, H, W]', showShape(x.shape));
    }
    return x.softmax(-3);
  }
}
