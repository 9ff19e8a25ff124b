/** ReduceLROnPlateau: a smaller step size when a metric no longer improves. */
import { ValueError } from '../array/errors.ts';
import { checkOptions, type Optimizer } from './optimizer.ts';
import { checkCount, checkedEpoch, perGroup, type ScheduleState } from './schedule.ts';

export interface PlateauOptions {
  /** Whether the metric is to fall or to rise. */
  readonly mode?: 'min' | 'max';
  /** What α is multiplied by. */
  readonly factor?: number;
  /** Steps without improvement that are allowed. */
  readonly patience?: number;
  /** By how much a metric must beat the best one: times ('rel') or by ('abs'). */
  readonly threshold?: number;
  readonly thresholdMode?: 'rel' | 'abs';
  /** Steps after a reduction during which nothing is counted. */
  readonly cooldown?: number;
  /** α stays above it; one for all groups or one for each. */
  readonly minLr?: number | readonly number[];
  /** A change of α by less is not made. */
  readonly eps?: number;
}

/**
 * α ← max(factor·α, minLr) once the metric has not improved for more than `patience` steps.
 * ```ts
 * import { optim, tensor } from 'adjoint';
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 });
 * const scheduler = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { patience: 1 });
 * for (const validationLoss of [3, 2, 2, 2]) scheduler.step(validationLoss);
 * console.log(scheduler.getLastLr()); // => [ 0.1 ]
 * ```
 */
export class ReduceLROnPlateau {
  lastEpoch = 0;
  readonly optimizer: Optimizer;
  private readonly options: Required<Omit<PlateauOptions, 'minLr'>>;
  private readonly minLr: readonly number[];
  private best: number;
  private numBadEpochs = 0;
  private cooldownCounter = 0;

  constructor(
    optimizer: Optimizer,
    {
      mode = 'min',
      factor = 0.1,
      patience = 10,
      threshold = 1e-4,
      thresholdMode = 'rel',
      cooldown = 0,
      minLr = 0,
      eps = 1e-8,
    }: PlateauOptions = {},
  ) {
    const where = 'ReduceLROnPlateau';
    checkOptions(where, { factor }, 0, 1);
    checkOptions(where, { threshold, eps });
    checkCount(where, 'patience', patience, 0);
    checkCount(where, 'cooldown', cooldown, 0);
    if (mode !== 'min' && mode !== 'max') throw new ValueError(where, "mode must be 'min' or 'max'", String(mode));
    if (thresholdMode !== 'rel' && thresholdMode !== 'abs') {
      throw new ValueError(where, "thresholdMode must be 'rel' or 'abs'", String(thresholdMode));
    }
    this.optimizer = optimizer;
    this.options = { mode, factor, patience, threshold, thresholdMode, cooldown, eps };
    this.minLr = perGroup(where, 'minLr', minLr, optimizer);
    this.best = mode === 'min' ? Infinity : -Infinity;
  }

  /** Takes in the metric of another epoch. */
  step(metric: number): void {
    const { patience, cooldown, factor, eps } = this.options;
    this.lastEpoch++;
    if (this.isBetter(metric)) {
      this.best = metric;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs <= patience) return;
    this.cooldownCounter = cooldown;
    this.numBadEpochs = 0;
    this.optimizer.paramGroups.forEach((group, i) => {
      const lr = Math.max(group.lr * factor, this.minLr[i]);
      if (group.lr - lr > eps) group.lr = lr;
    });
  }

  private isBetter(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.options;
    const sign = mode === 'min' ? -1 : 1;
    const by = thresholdMode === 'rel' ? this.best * threshold : threshold;
    const bound = Number.isFinite(this.best) ? this.best + sign * by : this.best;
    return mode === 'min' ? metric < bound : metric > bound;
  }

  /** The α of each group now. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map((group) => group.lr);
  }

  /** As of every schedule. `best` is null before the first step: JSON has no infinity. */
  stateDict(): ScheduleState {
    const { lastEpoch, best, numBadEpochs, cooldownCounter } = this;
    return { lastEpoch, best: Number.isFinite(best) ? best : null, numBadEpochs, cooldownCounter };
  }
  loadStateDict({ lastEpoch, best, numBadEpochs, cooldownCounter }: ScheduleState): void {
    for (const [name, count] of Object.entries({ numBadEpochs, cooldownCounter })) {
      checkCount('ReduceLROnPlateau.loadStateDict', name, count as number, 0);
    }
    this.lastEpoch = checkedEpoch('ReduceLROnPlateau', lastEpoch);
    this.best = typeof best === 'number' ? best : this.options.mode === 'min' ? Infinity : -Infinity;
    this.numBadEpochs = numBadEpochs as number;
    this.cooldownCounter = cooldownCounter as number;
  }
}
