/** Schedules that go round in cycles, or through one: warm restarts, CyclicLR, OneCycleLR. The last two move momentum as well. */
import { ValueError } from '../array/errors.ts';
import { checkOptions, type Optimizer } from './optimizer.ts';
import { checkCount, LRScheduler, perGroup, type Group } from './schedule.ts';

/**
 * α = η + (α₀ − η)(1 + cos(πs/S))/2, s steps after the last restart; the first cycle has S = t0 steps, and each is tMult
 * times as long as the one before (SGDR: Loshchilov and Hutter, 2017).
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  constructor(optimizer: Optimizer, { t0, tMult = 1, etaMin = 0 }: { t0: number; tMult?: number; etaMin?: number }) {
    checkCount('CosineAnnealingWarmRestarts', 't0', t0);
    checkCount('CosineAnnealingWarmRestarts', 'tMult', tMult);
    checkOptions('CosineAnnealingWarmRestarts', { etaMin });
    super(optimizer, (_lr, t, base) => {
      let [s, length] = [t, t0];
      for (; s >= length; length *= tMult) s -= length;
      return etaMin + ((base - etaMin) * (1 + Math.cos((Math.PI * s) / length))) / 2;
    });
  }
}

/** Sets the momentum of a group: SGD's and RMSprop's, or β₁ of Adam and its likes. */
function setMomentum(group: Group, momentum: number): void {
  if (group.betas !== undefined) group.betas = [momentum, group.betas[1]];
  else group.momentum = momentum;
}

function checkMomentum(where: string, optimizer: Optimizer): void {
  const groups: readonly Group[] = optimizer.paramGroups;
  if (groups.every((group) => group.momentum !== undefined || group.betas !== undefined)) return;
  const got = `a ${optimizer.constructor.name}`;
  throw new ValueError(where, 'the optimizer must have a momentum to cycle', got, 'pass cycleMomentum: false');
}

export interface CyclicOptions {
  /** The lowest α; one for all groups or one for each. */
  readonly baseLr: number | readonly number[];
  /** The highest α of a cycle that is not scaled. */
  readonly maxLr: number | readonly number[];
  /** Steps of the way up. */
  readonly stepSizeUp?: number;
  /** Steps of the way down; as many as up if left out. */
  readonly stepSizeDown?: number;
  /** What the height of a cycle is multiplied by: 1; ½, ¼, … in each cycle ('triangular2'); gammaᵗ ('expRange'). */
  readonly mode?: 'triangular' | 'triangular2' | 'expRange';
  readonly gamma?: number;
  /** A height of your own in place of a mode: of the number of the cycle, from 1, or of t. */
  readonly scaleFn?: (x: number) => number;
  readonly scaleMode?: 'cycle' | 'iterations';
  /** Moves the momentum against α, from maxMomentum down to baseMomentum. */
  readonly cycleMomentum?: boolean;
  readonly baseMomentum?: number | readonly number[];
  readonly maxMomentum?: number | readonly number[];
}

/** α goes up from baseLr to maxLr in a straight line and down again, over and over (Smith, 2017). Step it after each batch. */
export class CyclicLR extends LRScheduler {
  constructor(
    optimizer: Optimizer,
    {
      baseLr,
      maxLr,
      stepSizeUp = 2000,
      stepSizeDown = stepSizeUp,
      mode = 'triangular',
      gamma = 1,
      scaleFn,
      scaleMode = 'cycle',
      cycleMomentum = true,
      baseMomentum = 0.8,
      maxMomentum = 0.9,
    }: CyclicOptions,
  ) {
    const each = (name: string, value: number | readonly number[]): readonly number[] =>
      perGroup('CyclicLR', name, value, optimizer);
    const [low, high] = [each('baseLr', baseLr), each('maxLr', maxLr)];
    const [least, most] = [each('baseMomentum', baseMomentum), each('maxMomentum', maxMomentum)];
    checkOptions('CyclicLR', { stepSizeUp, stepSizeDown, gamma });
    if (!(stepSizeUp + stepSizeDown > 0)) throw new ValueError('CyclicLR', 'a cycle must have steps', '0');
    if (!['triangular', 'triangular2', 'expRange'].includes(mode)) {
      throw new ValueError('CyclicLR', "mode must be 'triangular', 'triangular2' or 'expRange'", `'${mode}'`);
    }
    if (cycleMomentum) checkMomentum('CyclicLR', optimizer);

    const height = (cycle: number, t: number): number => {
      if (scaleFn !== undefined) return scaleFn(scaleMode === 'cycle' ? cycle : t);
      return mode === 'triangular' ? 1 : mode === 'triangular2' ? 2 ** (1 - cycle) : gamma ** t;
    };
    const total = stepSizeUp + stepSizeDown;
    const groups: Group[] = optimizer.paramGroups;
    groups.forEach((group, i) => (group.initialLr = group.lr = low[i]));
    super(optimizer, (_lr, t, _base, i) => {
      const cycle = Math.floor(1 + t / total);
      const x = 1 + t / total - cycle; // the part of the cycle that is done
      const up = stepSizeUp / total;
      const share = (x <= up ? x / up : (x - 1) / (up - 1)) * height(cycle, t);
      if (cycleMomentum) setMomentum(groups[i], most[i] - (most[i] - least[i]) * share);
      return low[i] + (high[i] - low[i]) * share;
    });
  }
}

export interface OneCycleOptions {
  /** The highest α; one for all groups or one for each. */
  readonly maxLr: number | readonly number[];
  /** Steps in all; or epochs times stepsPerEpoch. */
  readonly totalSteps?: number;
  readonly epochs?: number;
  readonly stepsPerEpoch?: number;
  /** The share of steps that go up. */
  readonly pctStart?: number;
  /** The form of each way: half a wave, or a straight line. */
  readonly annealStrategy?: 'cos' | 'linear';
  /** Moves the momentum against α, from maxMomentum to baseMomentum and back. */
  readonly cycleMomentum?: boolean;
  readonly baseMomentum?: number | readonly number[];
  readonly maxMomentum?: number | readonly number[];
  /** α starts at maxLr/divFactor, … */
  readonly divFactor?: number;
  /** … and ends at that over finalDivFactor. */
  readonly finalDivFactor?: number;
  /** Up, down as far in as many steps, then to the end; in place of up and to the end. */
  readonly threePhase?: boolean;
}

/** α goes up to maxLr and down to almost nothing, once (Smith and Topin, 2019). Step it after each batch. */
export class OneCycleLR extends LRScheduler {
  private readonly totalSteps: number;

  constructor(optimizer: Optimizer, options: OneCycleOptions) {
    const { epochs = 0, stepsPerEpoch = 0, totalSteps = epochs * stepsPerEpoch } = options;
    const { pctStart = 0.3, annealStrategy = 'cos', cycleMomentum = true, threePhase = false } = options;
    const { baseMomentum = 0.85, maxMomentum = 0.95, divFactor = 25, finalDivFactor = 1e4 } = options;
    checkCount('OneCycleLR', 'totalSteps, or epochs times stepsPerEpoch,', totalSteps);
    if (!(pctStart >= 0 && pctStart <= 1)) {
      throw new ValueError('OneCycleLR', 'pctStart must be a share from 0 to 1', `${pctStart}`);
    }
    if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
      throw new ValueError('OneCycleLR', "annealStrategy must be 'cos' or 'linear'", `'${String(annealStrategy)}'`);
    }
    if (cycleMomentum) checkMomentum('OneCycleLR', optimizer);
    const each = (name: string, value: number | readonly number[]): readonly number[] =>
      perGroup('OneCycleLR', name, value, optimizer);
    const high = each('maxLr', options.maxLr);
    const [least, most] = [each('baseMomentum', baseMomentum), each('maxMomentum', maxMomentum)];

    // Each phase: its last step, and which of first, highest and last α, and of least and most momentum, it leads to.
    const phases = threePhase
      ? [
          { end: pctStart * totalSteps - 1, lr: 'high', momentum: least },
          { end: 2 * pctStart * totalSteps - 2, lr: 'start', momentum: most },
          { end: totalSteps - 1, lr: 'last', momentum: most },
        ]
      : [
          { end: pctStart * totalSteps - 1, lr: 'high', momentum: least },
          { end: totalSteps - 1, lr: 'last', momentum: most },
        ];
    const between = (a: number, b: number, x: number): number =>
      annealStrategy === 'linear' ? a + (b - a) * x : b + ((a - b) / 2) * (1 + Math.cos(Math.PI * x));
    const groups: Group[] = optimizer.paramGroups;
    groups.forEach((group, i) => (group.initialLr = group.lr = high[i] / divFactor));
    super(optimizer, (_lr, t, base, i) => {
      const rates: Record<string, number> = { high: high[i], start: base, last: base / finalDivFactor };
      const k = phases.findIndex(({ end }, p) => t <= end || p === phases.length - 1);
      const [from, to] = [phases[k - 1] ?? { end: 0, lr: 'start', momentum: most }, phases[k]];
      const x = to.end > from.end ? (t - from.end) / (to.end - from.end) : 1;
      if (cycleMomentum) setMomentum(groups[i], between(from.momentum[i], to.momentum[i], x));
      return between(rates[from.lr], rates[to.lr], x);
    });
    this.totalSteps = totalSteps;
  }

  /** @throws ValueError at more than totalSteps calls */
  override step(): void {
    if (this.lastEpoch >= this.totalSteps) {
      throw new ValueError('OneCycleLR.step', `the cycle must end after ${this.totalSteps} steps`, 'one more');
    }
    super.step();
  }
}
