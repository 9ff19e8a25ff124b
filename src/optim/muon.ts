/** Muon: momentum whose step is made orthogonal, for the matrices of a network (Jordan et al., 2024). */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { nd } from '../array/nd.ts';
import { noGrad } from '../engine.ts';
import { Tensor } from '../tensor.ts';
import { checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
  /** λ: θ ← (1 − αλ)θ before the step. */
  weightDecay: number;
  /** Share μ of the mean of gradients that goes on. */
  momentum: number;
  nesterov: boolean;
  /** a, b, c of the quintic polynomial that drives singular values to about 1. */
  nsCoefficients: readonly [number, number, number];
  /** Times that it is applied. */
  nsSteps: number;
  /** The least norm to divide by. */
  eps: number;
  /**
   * How the step size depends on the sizes [m, n]: 'original' multiplies by √max(1, m/n), 'matchRmsAdamw' by
   * 0.2·√max(m, n), so that lr and weight decay of AdamW can be kept (Liu et al., 2025).
   */
  adjustLrFn: 'original' | 'matchRmsAdamw';
}

type State = { momentumBuffer: Tensor };

/**
 * The nearest orthogonal matrix to x [m, n], nearly: singular values s of x/‖x‖ become p(p(…p(s))) with
 * p(s) = as + bs³ + cs⁵, and end between 0.7 and 1.2 (Newton–Schulz). One number in place of a matrix: its sign, nearly.
 */
export function orthogonalize(
  x: Tensor,
  { nsCoefficients: [a, b, c], nsSteps, eps }: Pick<Options, 'nsCoefficients' | 'nsSteps' | 'eps'>,
): Tensor {
  const tall = x.shape[0] > x.shape[1];
  let y = tall ? x.mT : x; // [k, l], k ≤ l
  y = y.div(y.square().sum().sqrt().clamp(eps));
  for (let step = 0; step < nsSteps; step++) {
    const gram = y.matmul(y.mT); // [k, k]
    y = y.mul(a).add(gram.mul(b).add(gram.matmul(gram).mul(c)).matmul(y));
  }
  return tall ? y.mT : y;
}

/**
 * B ← μB + (1−μ)∇; O = orthogonalize(B), or of (1−μ)∇ + μB with `nesterov`; θ ← (1 − αλ)θ − α'·O.
 * For weights of two dims inside a network; biases, embeddings and the last layer are AdamW's.
 * PyTorch: `torch.optim.Muon` (2.9), which computes O in bfloat16, where this has the parameter's own precision.
 */
export class Muon extends Optimizer<Options, State> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, {
      lr: 1e-3,
      weightDecay: 0.1,
      momentum: 0.95,
      nesterov: true,
      nsCoefficients: [3.4445, -4.775, 2.0315],
      nsSteps: 5,
      eps: 1e-7,
      adjustLrFn: 'original',
      maximize: false,
    });
  }
  protected override check(group: Options & { params: readonly Tensor[] }): void {
    const { lr, weightDecay, momentum, eps, nsSteps, adjustLrFn, params } = group;
    checkOptions('Muon', { lr, weightDecay, eps, nsSteps });
    checkOptions('Muon', { momentum }, 0, 1);
    if (!Number.isInteger(nsSteps)) throw new ValueError('Muon', 'nsSteps must be a whole number', `${nsSteps}`);
    if (adjustLrFn !== 'original' && adjustLrFn !== 'matchRmsAdamw') {
      throw new ValueError('Muon', "adjustLrFn must be 'original' or 'matchRmsAdamw'", `'${String(adjustLrFn)}'`);
    }
    const odd = params.find((p) => p.ndim !== 2);
    if (odd !== undefined) {
      const cure = 'give biases, embeddings and the rest to AdamW';
      throw new ShapeError('Muon', 'parameters must be matrices, of two dims', showShape(odd.shape), cure);
    }
  }
  protected override start(p: Tensor): State {
    return { momentumBuffer: p.zerosLike() };
  }
  protected override update({ p, g }: Step, group: Options): void {
    const { lr, weightDecay, momentum, nesterov, adjustLrFn } = group;
    const { momentumBuffer } = this.stateOf(p, group);
    const [m, n] = p.shape;
    const size = adjustLrFn === 'original' ? Math.sqrt(Math.max(1, m / n)) : 0.2 * Math.sqrt(Math.max(m, n));
    noGrad(() => {
      const gradient = new Tensor(nd(g, p.shape)).mul(1 - momentum);
      momentumBuffer.mul_(momentum).add_(gradient);
      const step = nesterov ? momentumBuffer.mul(momentum).add(gradient) : momentumBuffer;
      const weight = new Tensor(p.nd); // the same numbers; `step` counts the write
      weight.mul_(1 - lr * weightDecay).sub_(orthogonalize(step, group).mul(lr * size));
    });
  }
}
