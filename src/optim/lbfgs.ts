/** L-BFGS: Newton's method, with the inverse Hessian made of the last few steps (Liu and Nocedal, 1989). */
import { copyInto } from '../array/dense.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { nd, sizeOf } from '../array/nd.ts';
import { enableGrad } from '../engine.ts';
import { Tensor } from '../tensor.ts';
import { strongWolfe, type Point, type Vector } from './lineSearch.ts';
import {
  checkOptions,
  Optimizer,
  type CommonOptions,
  type OptimizerState,
  type ParamState,
  type Params,
} from './optimizer.ts';

interface Options extends CommonOptions {
  /** Steps of the method in one call of `step`. */
  maxIter: number;
  /** Calls of the closure in one call of `step`; 1.25·maxIter if left out. */
  maxEval: number;
  /** Done once no number of the gradient is larger. */
  toleranceGrad: number;
  /** Done once no parameter moves, and the loss does not change, by more. */
  toleranceChange: number;
  /** How many of the last steps the inverse Hessian is made of. */
  historySize: number;
  /** 'strongWolfe' looks for a good step length; null takes lr as it is. */
  lineSearchFn: 'strongWolfe' | null;
}

/** A step s and the change y of the gradient along it. */
interface Pair {
  readonly s: Vector;
  readonly y: Vector;
}

/** What goes on from one call of `step` to the next, over all parameters laid out flat, in float64. */
interface Memory {
  nIter: number;
  funcEvals: number;
  /** The last direction, the step length along it, the gradient and the loss before it. */
  d: Vector;
  t: number;
  prevFlatGrad: Vector;
  prevLoss: number;
  /** γ = s·y / y·y of the last pair: the inverse Hessian that the pairs correct is γ times the identity. */
  hDiag: number;
  pairs: Pair[];
}

/**
 * d = −H·∇, where H, the inverse Hessian, is made of the last pairs of a step and the change of the gradient along it;
 * θ ← θ + t·d. For losses without noise, of all rows; the closure computes loss and gradients, several times a step.
 * PyTorch: `torch.optim.LBFGS`. All arithmetic between parameters is in float64.
 * ```ts
 * import { optim, tensor } from 'adjoint';
 * const w = tensor([-1.5, 2], { dtype: 'float64', requiresGrad: true });
 * const optimizer = new optim.LBFGS([w], { lineSearchFn: 'strongWolfe', maxIter: 50 });
 * optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const [x, y] = w.unbind();
 *   const loss = x.square().sub(y).square().mul(100).add(x.sub(1).square()); // Rosenbrock's valley
 *   loss.backward();
 *   return loss;
 * });
 * console.log(w); // => Tensor[2] float64 requiresGrad [1.0000, 1.0000]
 * ```
 */
export class LBFGS extends Optimizer<Options> {
  private memory: Memory | null = null;

  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    const { maxIter = 20 } = { ...options };
    super(params, options, {
      lr: 1,
      maxIter,
      maxEval: Math.floor(maxIter * 1.25),
      toleranceGrad: 1e-7,
      toleranceChange: 1e-9,
      historySize: 100,
      lineSearchFn: null,
      maximize: false,
    });
  }
  protected override check(group: Options): void {
    const { lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn, maximize } = group;
    checkOptions('LBFGS', { lr, toleranceGrad, toleranceChange });
    checkOptions('LBFGS', { maxIter, maxEval, historySize }, 1);
    if (lineSearchFn !== null && lineSearchFn !== 'strongWolfe') {
      throw new ValueError('LBFGS', "lineSearchFn must be 'strongWolfe' or null", `'${String(lineSearchFn)}'`);
    }
    if (maximize) throw new ValueError('LBFGS', 'it only goes downhill', 'maximize', 'return the loss negated');
  }
  override addParamGroup(group: Parameters<Optimizer<Options>['addParamGroup']>[0]): void {
    if (this.paramGroups.length > 0) throw new ValueError('LBFGS', 'there must be one group of parameters', 'several');
    super.addParamGroup(group);
  }
  protected override start(): Record<string, never> {
    return {};
  }
  protected override update(): void {} // all parameters move together, in step

  /** As the formulas above, maxIter times or until it is done. Returns the loss before the first step. */
  override step(closure?: () => Tensor): Tensor {
    if (closure === undefined) {
      throw new ValueError(
        'LBFGS.step',
        'a closure must compute loss and gradients',
        'none',
        'see the example of LBFGS',
      );
    }
    const [group] = this.paramGroups;
    const { maxIter, maxEval, toleranceGrad, toleranceChange, lineSearchFn } = group;
    const first = enableGrad(closure);
    let [loss, g, evaluations] = [first.item(), this.gradient(), 1];
    const m = (this.memory ??= {
      nIter: 0,
      funcEvals: 0,
      d: g,
      t: 0,
      prevFlatGrad: g,
      prevLoss: loss,
      hDiag: 1,
      pairs: [],
    });
    const evaluate = (): void => {
      loss = enableGrad(closure).item();
      g = this.gradient();
    };

    for (let iteration = 1; largest(g) > toleranceGrad; iteration++) {
      m.nIter++;
      this.direction(m, g);
      const { d } = m;
      m.prevFlatGrad = g;
      m.prevLoss = loss;
      m.t = (m.nIter === 1 ? Math.min(1, 1 / sumOfSizes(g)) : 1) * group.lr;
      const slope = dot(g, d);
      if (slope > -toleranceChange) break;

      if (lineSearchFn === 'strongWolfe') {
        const start = this.values();
        const at = (t: number): Point => {
          this.write(start, d, t);
          evaluate();
          return { t, f: loss, g, slope: dot(g, d) };
        };
        const found = strongWolfe(at, { t: 0, f: loss, g, slope }, m.t, largest(d));
        this.write(start, d, found.point.t);
        [m.t, loss, g] = [found.point.t, found.point.f, found.point.g];
        evaluations += found.evaluations;
      } else {
        this.write(this.values(), d, m.t);
        if (iteration < maxIter) {
          evaluate();
          evaluations++;
        }
      }

      if (iteration >= maxIter || evaluations >= maxEval) break;
      if (largest(d) * m.t <= toleranceChange || Math.abs(loss - m.prevLoss) < toleranceChange) break;
    }
    m.funcEvals += evaluations;
    return first;
  }

  /** Notes what the last step showed of the Hessian, and leaves −H·g in m.d (the two loops of Nocedal, 1980). */
  private direction(m: Memory, g: Vector): void {
    if (m.nIter > 1) {
      const y = g.map((x, i) => x - m.prevFlatGrad[i]);
      const s = m.d.map((x) => x * m.t);
      const curvature = dot(y, s);
      if (curvature > 1e-10) {
        if (m.pairs.length === this.paramGroups[0].historySize) m.pairs.shift();
        m.pairs.push({ s, y });
        m.hDiag = curvature / dot(y, y);
      }
    }
    const d = g.map((x) => -x);
    const shares = m.pairs.map(() => 0);
    for (let i = m.pairs.length - 1; i >= 0; i--) {
      const { s, y } = m.pairs[i];
      shares[i] = dot(s, d) / dot(y, s);
      addScaled(d, y, -shares[i]);
    }
    for (let i = 0; i < d.length; i++) d[i] *= m.hDiag;
    m.pairs.forEach(({ s, y }, i) => addScaled(d, s, shares[i] - dot(y, d) / dot(y, s)));
    m.d = d;
  }

  /** All parameters laid out flat. */
  private values(): Vector {
    return flat(this.paramGroups[0].params, (p) => p);
  }
  /** All gradients laid out flat, 0 where there is none. */
  private gradient(): Vector {
    return flat(this.paramGroups[0].params, (p) => p.grad);
  }
  /** θ = from + t·d. */
  private write(from: Vector, d: Vector, t: number): void {
    let k = 0;
    for (const p of this.paramGroups[0].params) {
      const { data, offset } = p.nd;
      for (let i = 0, n = p.numel(); i < n; i++, k++) data[offset + i] = from[k] + t * d[k];
      p.markWritten();
    }
  }

  /** As of every optimizer; the memory is in the state of parameter 0, as in PyTorch, the pairs as rows of two tensors. */
  override stateDict(): OptimizerState<Options> {
    const { paramGroups } = super.stateDict();
    if (this.memory === null) return { state: {}, paramGroups };
    const { d, prevFlatGrad, pairs, ...rest } = this.memory;
    const rows = (part: 's' | 'y'): Tensor => {
      const all = new Float64Array(pairs.length * d.length);
      pairs.forEach((pair, i) => all.set(pair[part], i * d.length));
      return new Tensor(nd(all, [pairs.length, d.length]));
    };
    const vector = (x: Vector): Tensor => new Tensor(nd(x.slice(), [x.length]));
    const own = { ...rest, d: vector(d), prevFlatGrad: vector(prevFlatGrad), oldStps: rows('s'), oldDirs: rows('y') };
    return { state: { 0: own }, paramGroups };
  }
  override loadStateDict(saved: OptimizerState<Options>): void {
    const own: ParamState | undefined = saved.state[0];
    const n = this.values().length;
    const numbers = ['nIter', 'funcEvals', 't', 'prevLoss', 'hDiag'] as const;
    const number = (name: (typeof numbers)[number]): number => {
      if (typeof own[name] === 'number') return own[name];
      throw new ValueError('loadStateDict', 'the state must fit the LBFGS', `no number ${name}`);
    };
    const rows = (name: string): Vector[] => {
      const x = own[name];
      if (!(x instanceof Tensor) || x.shape.at(-1) !== n) {
        const got = x instanceof Tensor ? showShape(x.shape) : 'none';
        throw new ShapeError('loadStateDict', `${name} must be a tensor with rows of ${n} numbers`, got);
      }
      const all = Float64Array.from(x.toTypedArray());
      return Array.from({ length: sizeOf(x.shape) / n }, (_, i) => all.slice(i * n, (i + 1) * n));
    };
    let memory: Memory | null = null;
    if (own !== undefined) {
      const [[d], [prevFlatGrad], s, y] = ['d', 'prevFlatGrad', 'oldStps', 'oldDirs'].map(rows);
      const pairs = s.map((step, i) => ({ s: step, y: y[i] }));
      const [nIter, funcEvals, t, prevLoss, hDiag] = numbers.map(number);
      memory = { nIter, funcEvals, d, t, prevFlatGrad, prevLoss, hDiag, pairs };
    }
    super.loadStateDict({ state: {}, paramGroups: saved.paramGroups });
    this.memory = memory;
  }
}

function flat(params: readonly Tensor[], of: (p: Tensor) => Tensor | null): Vector {
  const all = new Float64Array(params.reduce((n, p) => n + p.numel(), 0));
  let at = 0;
  for (const p of params) {
    const x = of(p);
    if (x !== null) copyInto(x.nd, all, at);
    at += p.numel();
  }
  return all;
}

function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** x ← x + c·y. */
function addScaled(x: Vector, y: Vector, c: number): void {
  for (let i = 0; i < x.length; i++) x[i] += c * y[i];
}

const largest = (x: Vector): number => x.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
const sumOfSizes = (x: Vector): number => x.reduce((sum, v) => sum + Math.abs(v), 0);
