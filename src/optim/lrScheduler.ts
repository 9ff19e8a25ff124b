/**
 * Schedules: the step size α of each group as a function of the number t of steps of the schedule: of epochs, or of
 * batches if `step` is called after each. The simple ones stand here; those that go round in cycles are in cycles.ts,
 * the one that looks at a metric in plateau.ts, those made of others in combined.ts. PyTorch: `torch.optim.lr_scheduler`.
 */
import { ValueError } from '../array/errors.ts';
import { checkOptions, type Optimizer } from './optimizer.ts';
import { checkCount, LRScheduler, perGroup } from './schedule.ts';

export { LRScheduler, type ScheduleState } from './schedule.ts';
export { CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR } from './cycles.ts';
export { ReduceLROnPlateau } from './plateau.ts';
export { ChainedScheduler, SequentialLR } from './combined.ts';

/** A function of t: one for all groups or one for each. */
type Lambda = ((t: number) => number) | readonly ((t: number) => number)[];

/** α = α₀·f(t). nanoGPT's schedule, or any other, as a function. */
export class LambdaLR extends LRScheduler {
  constructor(optimizer: Optimizer, lrLambda: Lambda) {
    const of = perGroup('LambdaLR', 'lrLambda', lrLambda, optimizer);
    super(optimizer, (_, t, base, i) => base * of[i](t));
  }
}

/** α ← α·f(t). */
export class MultiplicativeLR extends LRScheduler {
  constructor(optimizer: Optimizer, lrLambda: Lambda) {
    const of = perGroup('MultiplicativeLR', 'lrLambda', lrLambda, optimizer);
    super(optimizer, (lr, t, _, i) => (t === 0 ? lr : lr * of[i](t)));
  }
  /** From the α there is: within a SequentialLR it goes on where the schedule before it ended, as in PyTorch. */
  override restart(): void {
    this.begin();
  }
}

/** α ← γα every `stepSize` steps. */
export class StepLR extends LRScheduler {
  constructor(optimizer: Optimizer, { stepSize, gamma = 0.1 }: { stepSize: number; gamma?: number }) {
    checkCount('StepLR', 'stepSize', stepSize);
    checkOptions('StepLR', { gamma });
    super(optimizer, (lr, t) => (t > 0 && t % stepSize === 0 ? lr * gamma : lr));
  }
}

/** α ← γα at each milestone, as often as it is named. */
export class MultiStepLR extends LRScheduler {
  constructor(optimizer: Optimizer, { milestones, gamma = 0.1 }: { milestones: readonly number[]; gamma?: number }) {
    checkOptions('MultiStepLR', { gamma });
    super(optimizer, (lr, t) => lr * gamma ** milestones.filter((at) => at === t).length);
  }
}

/** α = α₀·factor for the first `totalIters` steps, then α₀. */
export class ConstantLR extends LRScheduler {
  constructor(optimizer: Optimizer, { factor = 1 / 3, totalIters = 5 }: { factor?: number; totalIters?: number } = {}) {
    checkCount('ConstantLR', 'totalIters', totalIters, 0);
    if (!(factor > 0 && factor <= 1)) {
      throw new ValueError('ConstantLR', 'factor must be above 0 and at most 1', `${factor}`);
    }
    super(optimizer, (lr, t) => (t === 0 ? lr * factor : t === totalIters ? lr / factor : lr));
  }
}

/** α goes from α₀·startFactor to α₀·endFactor in a straight line over `totalIters` steps, and stays: a warm-up. */
export class LinearLR extends LRScheduler {
  constructor(
    optimizer: Optimizer,
    {
      startFactor = 1 / 3,
      endFactor = 1,
      totalIters = 5,
    }: { startFactor?: number; endFactor?: number; totalIters?: number } = {},
  ) {
    checkCount('LinearLR', 'totalIters', totalIters);
    if (!(startFactor > 0 && startFactor <= 1 && endFactor >= 0 && endFactor <= 1)) {
      const got = `${startFactor} and ${endFactor}`;
      throw new ValueError('LinearLR', 'startFactor must be above 0, endFactor at least 0, both at most 1', got);
    }
    const factor = (t: number): number => startFactor + ((endFactor - startFactor) * t) / totalIters;
    super(optimizer, (lr, t) => (t === 0 ? lr * startFactor : t > totalIters ? lr : (lr * factor(t)) / factor(t - 1)));
  }
}

/** α = α₀·γᵗ. */
export class ExponentialLR extends LRScheduler {
  constructor(optimizer: Optimizer, { gamma }: { gamma: number }) {
    checkOptions('ExponentialLR', { gamma });
    super(optimizer, (lr, t) => (t === 0 ? lr : lr * gamma));
  }
}

/** α = α₀·(1 − t/totalIters)^power, and 0 from then on. */
export class PolynomialLR extends LRScheduler {
  constructor(optimizer: Optimizer, { totalIters = 5, power = 1 }: { totalIters?: number; power?: number } = {}) {
    checkCount('PolynomialLR', 'totalIters', totalIters);
    checkOptions('PolynomialLR', { power });
    const left = (t: number): number => 1 - t / totalIters;
    super(optimizer, (lr, t) => (t === 0 || t > totalIters ? lr : lr * (left(t) / left(t - 1)) ** power));
  }
}

/** α = η + (α₀ − η)(1 + cos(πt/tMax))/2, η = etaMin: half a wave down, and up again after tMax (Loshchilov and Hutter, 2017). */
export class CosineAnnealingLR extends LRScheduler {
  constructor(optimizer: Optimizer, { tMax, etaMin = 0 }: { tMax: number; etaMin?: number }) {
    checkCount('CosineAnnealingLR', 'tMax', tMax);
    checkOptions('CosineAnnealingLR', { etaMin });
    const wave = (t: number): number => 1 + Math.cos((Math.PI * t) / tMax);
    super(optimizer, (lr, t, base) => {
      if (t === 0) return lr;
      const wasLowest = (t - 1 - tMax) % (2 * tMax) === 0; // there is no ratio to 0
      return wasLowest ? lr + ((base - etaMin) * wave(tMax - 1)) / 2 : etaMin + ((lr - etaMin) * wave(t)) / wave(t - 1);
    });
  }
}
