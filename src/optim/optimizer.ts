/** class Optimizer: groups of parameters with options, one step for all, and a state that can be saved. */
import { dense } from '../array/dense.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { isDense, sameShape } from '../array/nd.ts';
import type { Tensor } from '../tensor.ts';

/** Some parameters, and the options in which they differ from the rest. */
export type ParamGroup<Options> = Partial<Options> & { readonly params: readonly Tensor[] };

/** What an optimizer remembers of one parameter: numbers and tensors of the parameter's shape. */
export type ParamState = Record<string, number | Tensor>;

/** The whole state as plain data and tensors; parameters are named by their place, as in PyTorch. */
export interface OptimizerState<Options> {
  readonly state: Record<number, ParamState>;
  readonly paramGroups: readonly (Options & { readonly params: readonly number[] })[];
}

/** A parameter and its gradient as row-major numbers. */
export interface Step {
  readonly p: Tensor;
  readonly g: ReturnType<typeof dense>;
  readonly n: number;
}

/**
 * The base of all optimizers. One call of `step` changes every parameter that has a gradient.
 * ```ts
 * import { optim, tensor } from 'adjoint';
 * const w = tensor([1, 2], { requiresGrad: true });
 * const optimizer = new optim.SGD([w], { lr: 0.5 });
 * w.square().sum().backward();
 * optimizer.step();
 * optimizer.zeroGrad();
 * console.log(w); // => Tensor[2] requiresGrad [0, 0]
 * ```
 */
export abstract class Optimizer<Options extends object, State extends ParamState = ParamState> {
  /** May be changed between steps, as a schedule does with `lr`. */
  readonly paramGroups: (Options & { params: readonly Tensor[] })[];
  protected readonly state = new Map<Tensor, State>();

  constructor(params: readonly Tensor[] | readonly ParamGroup<Options>[], defaults: Options) {
    const where = new.target.name;
    const groups = params.every((item): item is ParamGroup<Options> => 'params' in item) ? params : [{ params }];
    this.paramGroups = groups.map((group) => ({ ...defaults, ...(group as ParamGroup<Options>) }));
    const all = this.paramGroups.flatMap((group) => group.params);
    if (all.length === 0) throw new ValueError(where, 'there must be parameters to optimize', 'none');
    if (new Set(all).size !== all.length) throw new ValueError(where, 'each parameter may be given once', 'one twice');
    all.forEach((p, i) => {
      if (!p.isLeaf || !isDense(p.nd)) {
        throw new ValueError(
          where,
          'parameters must be leaves in row-major order',
          `another at place ${i}`,
          'make it with nn.parameter',
        );
      }
    });
    for (const group of this.paramGroups) this.check(group);
  }

  /** Refuses options that make no sense. */
  protected abstract check(group: Options): void;
  /** What is remembered of a parameter at first. */
  protected abstract start(p: Tensor): State;
  /** Changes one parameter in place. */
  protected abstract update(step: Step, group: Options): void;

  /** Changes each parameter that has a gradient, by its gradient. */
  step(): void {
    for (const group of this.paramGroups) {
      for (const p of group.params) {
        if (p.grad === null) continue;
        if (!sameShape(p.grad.shape, p.shape)) {
          const rule = `a gradient must have its parameter's shape ${showShape(p.shape)}`;
          throw new ShapeError(`${this.constructor.name}.step`, rule, showShape(p.grad.shape));
        }
        this.update({ p, g: dense(p.grad.nd), n: p.numel() }, group);
        p.markWritten();
      }
    }
  }

  /** Forgets the gradients: the next backward pass starts anew. */
  zeroGrad(): void {
    for (const group of this.paramGroups) for (const p of group.params) p.grad = null;
  }

  /** What is remembered of p; at first what `start` makes. */
  protected stateOf(p: Tensor): State {
    let state = this.state.get(p);
    if (state === undefined) this.state.set(p, (state = this.start(p)));
    return state;
  }

  /** A copy of the state, with which a new optimizer over the same parameters goes on bit for bit. */
  stateDict(): OptimizerState<Options> {
    const all = this.paramGroups.flatMap((group) => group.params);
    const state: Record<number, ParamState> = {};
    all.forEach((p, i) => {
      const own = this.state.get(p);
      if (own) state[i] = copyState(own, p);
    });
    return {
      state,
      paramGroups: this.paramGroups.map((group) => ({ ...group, params: group.params.map((p) => all.indexOf(p)) })),
    };
  }

  /**
   * Goes on from a saved state. Every fault of it is reported at once, and then nothing is changed.
   * @throws ValueError when groups, names or shapes differ, or an option is out of range
   */
  loadStateDict(saved: OptimizerState<Options>): void {
    const all = this.paramGroups.flatMap((group) => group.params);
    const faults: string[] = [];
    const [mine, theirs] = [this.paramGroups, saved.paramGroups].map(sizes);
    if (mine !== theirs) faults.push(`the groups must have ${mine} parameters and have ${theirs}`);
    const states = Object.entries(saved.state).map(([i, own]): [Tensor, State] => {
      const p = all[Number(i)];
      if (p === undefined) {
        faults.push(`there must be no parameter ${i}`);
      } else {
        const expected: ParamState = this.start(p);
        for (const name of new Set([...Object.keys(expected), ...Object.keys(own)])) {
          const [must, is] = [kindOf(expected[name]), kindOf(own[name])];
          if (must !== is) faults.push(`${name} of parameter ${i} must be ${must} and is ${is}`);
        }
      }
      return [p, own as State];
    });
    if (faults.length > 0) {
      const list = faults.map((fault) => `\n  ${fault}`).join('');
      const got = `${faults.length} fault${faults.length > 1 ? 's' : ''}${list}`;
      throw new ValueError('loadStateDict', `the state must fit the ${this.constructor.name}`, got);
    }
    const groups = this.paramGroups.map((group, i) => ({ ...group, ...saved.paramGroups[i], params: group.params }));
    for (const group of groups) this.check(group);

    groups.forEach((group, i) => Object.assign(this.paramGroups[i], group));
    this.state.clear();
    for (const [p, own] of states) this.state.set(p, copyState(own, p));
  }
}

/** A copy of what is remembered of p, in p's dtype. */
const copyState = <S extends ParamState>(state: S, p: Tensor): S =>
  Object.fromEntries(
    Object.entries(state).map(([name, x]) => [name, typeof x === 'number' ? x : x.detach().to(p.dtype).clone()]),
  ) as S;

/** How many parameters each group has: '2 + 1'. */
const sizes = (groups: readonly { readonly params: readonly unknown[] }[]): string =>
  groups.map((group) => group.params.length).join(' + ');

const kindOf = (x: number | Tensor | undefined): string =>
  x === undefined ? 'absent' : typeof x === 'number' ? 'a number' : `a tensor ${showShape(x.shape)}`;

/** Refuses an option outside its range. */
export function checkOption(where: string, name: string, value: number, low: number, high = Infinity): void {
  if (!(value >= low && value < high)) {
    throw new ValueError(
      where,
      `${name} must be ${high === Infinity ? `a finite number, at least ${low}` : `at least ${low} and below ${high}`}`,
      `${value}`,
    );
  }
}
