/** Gradient descent: θ ← θ − α·∇θ. The first optimizer to read; SGD without options is the same. */
import { gradientDescentStep } from '../kernels/optim.ts';
import { checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

/** θ ← θ − α·∇θ. With a gradient of all rows it is gradient descent; with one of a batch it is stochastic. */
export class GradientDescent extends Optimizer {
  constructor(params: Params<CommonOptions>, options: Partial<CommonOptions> = {}) {
    super(params, options, { lr: 1e-3, maximize: false });
  }
  protected override check({ lr }: CommonOptions): void {
    checkOptions('GradientDescent', { lr });
  }
  protected override start(): Record<string, never> {
    return {};
  }
  protected override update({ x, g }: Step, { lr }: CommonOptions): void {
    gradientDescentStep(x, g, lr);
  }
}
