/** class LRScheduler: what all schedules have in common. A schedule is a rule, from the step size before to that at t. */
import { ValueError } from '../array/errors.ts';
import type { CommonOptions, Optimizer } from './optimizer.ts';

/** A group of an optimizer, as schedules see it. */
export interface Group extends CommonOptions {
  /** α before the first schedule changed it; kept with the optimizer's state. */
  initialLr?: number;
  momentum?: number;
  betas?: readonly [number, number];
}

/**
 * The α of group i at step t, from the one before.
 * @param lr α now, which other schedules may have changed as well
 * @param t steps since the start, which is 0
 * @param base α before the first schedule
 */
export type Rule = (lr: number, t: number, base: number, i: number) => number;

/** What a schedule keeps: plain data, so that JSON can keep it. The optimizer's own state holds each α. */
export type ScheduleState = { readonly lastEpoch: number } & Readonly<Record<string, unknown>>;

/**
 * The base of schedules. It sets the first α when it is made, and the next one with each call of `step`, which comes
 * after the optimizer's.
 * ```ts
 * import { optim, tensor } from 'adjoint';
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 });
 * const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
 * const used: number[] = [];
 * for (let epoch = 0; epoch < 5; epoch++) {
 *   used.push(...scheduler.getLastLr());
 *   optimizer.step(); // after backward
 *   scheduler.step();
 * }
 * console.log(used); // => [ 1, 1, 0.5, 0.5, 0.25 ]
 * ```
 */
export abstract class LRScheduler {
  /** t: calls of `step` so far. */
  lastEpoch = 0;
  readonly optimizer: Optimizer;
  private readonly rule: Rule;

  constructor(optimizer: Optimizer, rule: Rule) {
    this.optimizer = optimizer;
    this.rule = rule;
    this.apply();
  }

  /** The next α for each group. */
  step(): void {
    this.lastEpoch++;
    this.apply();
  }

  /** Begins again at t = 0, from the α before the first schedule. */
  restart(): void {
    for (const group of this.groups()) group.lr = group.initialLr ?? group.lr;
    this.begin();
  }
  /** Begins again at t = 0, from the α there is. */
  begin(): void {
    this.lastEpoch = 0;
    this.apply();
  }

  /** The α of each group now. PyTorch: `get_last_lr`. */
  getLastLr(): number[] {
    return this.groups().map((group) => group.lr);
  }

  /** What goes on from a save. Save the optimizer's state as well: it holds each α. */
  stateDict(): ScheduleState {
    return { lastEpoch: this.lastEpoch };
  }
  /** Goes on from a saved state. Changes no α: that is in the optimizer's state. */
  loadStateDict({ lastEpoch }: ScheduleState): void {
    this.lastEpoch = checkedEpoch(this.constructor.name, lastEpoch);
  }

  /** The groups of the optimizer. */
  protected groups(): Group[] {
    return this.optimizer.paramGroups;
  }

  private apply(): void {
    this.groups().forEach((group, i) => {
      const base = (group.initialLr ??= group.lr); // a group may have been added since
      group.lr = this.rule(group.lr, this.lastEpoch, base, i);
    });
  }
}

/** A saved `lastEpoch`, once it is seen to be one. */
export function checkedEpoch(where: string, lastEpoch: unknown): number {
  if (Number.isInteger(lastEpoch)) return lastEpoch as number;
  throw new ValueError(`${where}.loadStateDict`, 'lastEpoch must be a whole number', String(lastEpoch));
}

/** Refuses an option that is not a whole number, at least `low`. */
export function checkCount(where: string, name: string, value: number, low = 1): void {
  if (Number.isInteger(value) && value >= low) return;
  throw new ValueError(where, `${name} must be a whole number, at least ${low}`, `${value}`);
}

/** One value for each group, from one for all or a list. */
export function perGroup<T>(where: string, name: string, value: T | readonly T[], optimizer: Optimizer): readonly T[] {
  const n = optimizer.paramGroups.length;
  const list = Array.isArray(value) ? (value as readonly T[]) : Array.from({ length: n }, () => value as T);
  if (list.length === n) return list;
  throw new ValueError(where, `${name} must be one for all groups or one for each of the ${n}`, `${list.length}`);
}
