/** Gradient descent: θ ← θ − α·∇θ. The first optimizer to read; SGD without options is the same. */
import { gradientDescentStep } from '../kernels/optim.ts';
import type { Tensor } from '../tensor.ts';
import { checkOption, Optimizer, type ParamGroup, type Step } from './optimizer.ts';

interface Options {
  /** Step size α. */
  lr: number;
}

/** θ ← θ − α·∇θ. With a gradient of all rows it is gradient descent; with one of a batch it is stochastic. */
export class GradientDescent extends Optimizer<Options> {
  constructor(params: readonly Tensor[] | readonly ParamGroup<Options>[], { lr = 1e-3 }: Partial<Options> = {}) {
    super(params, { lr });
  }
  protected override check({ lr }: Options): void {
    checkOption('GradientDescent', 'lr', lr, 0);
  }
  protected override start(): Record<string, never> {
    return {};
  }
  protected override update({ p, g, n }: Step, { lr }: Options): void {
    gradientDescentStep(p.nd.data, p.nd.offset, g.data, g.offset, n, lr);
  }
}
