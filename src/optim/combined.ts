/** Schedules made of schedules: one after another, and several at once. */
import { ValueError } from '../array/errors.ts';
import type { Optimizer } from './optimizer.ts';
import { LRScheduler, type ScheduleState } from './schedule.ts';

interface CombinedState extends ScheduleState {
  readonly schedulers: readonly ScheduleState[];
}

function checkSchedulers(where: string, optimizer: Optimizer | undefined, schedulers: readonly LRScheduler[]): void {
  if (optimizer === undefined) throw new ValueError(where, 'there must be schedulers', 'none');
  if (schedulers.some((scheduler) => scheduler.optimizer !== optimizer)) {
    throw new ValueError(where, 'all schedulers must be of one optimizer', 'several');
  }
}

function load(where: string, schedulers: readonly LRScheduler[], saved: ScheduleState): void {
  const states = (saved as CombinedState).schedulers;
  if (!Array.isArray(states) || states.length !== schedulers.length) {
    const got = Array.isArray(states) ? `${states.length}` : 'none';
    throw new ValueError(`${where}.loadStateDict`, `there must be states of ${schedulers.length} schedulers`, got);
  }
  schedulers.forEach((scheduler, i) => scheduler.loadStateDict(states[i]));
}

/**
 * One schedule after another: schedule k begins, at its own t = 0, at milestone k − 1.
 * ```ts
 * import { optim, tensor } from 'adjoint';
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 });
 * const { CosineAnnealingLR, LinearLR, SequentialLR } = optim.lrScheduler;
 * const scheduler = new SequentialLR(optimizer, {
 *   schedulers: [
 *     new LinearLR(optimizer, { startFactor: 0.25, totalIters: 3 }), // warm-up
 *     new CosineAnnealingLR(optimizer, { tMax: 4 }),
 *   ],
 *   milestones: [3],
 * });
 * const used = Array.from({ length: 8 }, () => {
 *   const [lr] = scheduler.getLastLr();
 *   scheduler.step();
 *   return lr.toFixed(2);
 * });
 * console.log(used.join(' ')); // => 0.25 0.50 0.75 1.00 0.85 0.50 0.15 0.00
 * ```
 */
export class SequentialLR extends LRScheduler {
  private readonly schedulers: readonly LRScheduler[];
  private readonly milestones: readonly number[];

  constructor(
    optimizer: Optimizer,
    { schedulers, milestones }: { schedulers: readonly LRScheduler[]; milestones: readonly number[] },
  ) {
    checkSchedulers('SequentialLR', schedulers[0] && optimizer, schedulers);
    if (milestones.length !== schedulers.length - 1 || milestones.some((at, k) => at <= (milestones[k - 1] ?? 0))) {
      const rule = `there must be ${schedulers.length - 1} milestones, each after the one before`;
      throw new ValueError('SequentialLR', rule, `[${milestones.join(', ')}]`);
    }
    super(optimizer, (lr) => lr);
    this.schedulers = schedulers;
    this.milestones = milestones;
    this.restart();
  }
  override begin(): void {
    this.lastEpoch = 0;
    this.schedulers[0].begin();
  }
  override step(): void {
    this.lastEpoch++;
    const k = this.milestones.filter((at) => at <= this.lastEpoch).length;
    if (this.milestones[k - 1] === this.lastEpoch) this.schedulers[k].restart();
    else this.schedulers[k].step();
  }
  override stateDict(): CombinedState {
    return { ...super.stateDict(), schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()) };
  }
  override loadStateDict(saved: ScheduleState): void {
    load('SequentialLR', this.schedulers, saved);
    super.loadStateDict(saved);
  }
}

/** Several schedules at once: each changes the α that the others leave. */
export class ChainedScheduler extends LRScheduler {
  private readonly schedulers: readonly LRScheduler[];

  constructor(schedulers: readonly LRScheduler[]) {
    checkSchedulers('ChainedScheduler', schedulers[0]?.optimizer, schedulers);
    super(schedulers[0].optimizer, (lr) => lr);
    this.schedulers = schedulers;
  }
  override step(): void {
    this.lastEpoch++;
    for (const scheduler of this.schedulers) scheduler.step();
  }
  override begin(): void {
    this.lastEpoch = 0;
    for (const scheduler of this.schedulers) scheduler.begin();
  }
  override stateDict(): CombinedState {
    return { ...super.stateDict(), schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()) };
  }
  override loadStateDict(saved: ScheduleState): void {
    load('ChainedScheduler', this.schedulers, saved);
    super.loadStateDict(saved);
  }
}
