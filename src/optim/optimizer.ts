/** class Optimizer: groups of parameters with options, one step for all, and a state that can be saved. */
import { dense } from '../array/dense.ts';
import { checkList, checkTensors } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { isDense, sameShape, sizeOf, type Data, type Nd } from '../array/nd.ts';
import { enableGrad, noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';

/** Options of every optimizer. */
export interface CommonOptions {
  /** Step size α. */
  lr: number;
  /** Uphill in place of downhill: the gradient counts with its sign turned. */
  maximize?: boolean;
}

/** Some parameters, and the options in which they differ from the rest. */
export type ParamGroup<Options> = Partial<Options> & { readonly params: readonly Tensor[] };

/** Parameters, all with the same options, or in groups. */
export type Params<Options> = readonly Tensor[] | readonly ParamGroup<Options>[];

/** What an optimizer remembers of one parameter: numbers, and tensors (of the parameter's shape, but for LBFGS). */
export type ParamState = Record<string, number | Tensor>;

/** The whole state as plain data and tensors; parameters are named by their place, as in PyTorch. */
export interface OptimizerState<Options> {
  readonly state: Record<number, ParamState>;
  readonly paramGroups: readonly (Options & { readonly params: readonly number[] })[];
}

/** A parameter p, its numbers x in place, and those of its gradient: all row-major. */
export interface Step {
  readonly p: Tensor;
  readonly x: Data;
  readonly g: Data;
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
export abstract class Optimizer<Options extends CommonOptions = CommonOptions, State extends ParamState = ParamState> {
  /** May be changed between steps, as a schedule does with `lr`. */
  readonly paramGroups: (Options & { params: readonly Tensor[] })[] = [];
  protected readonly state = new Map<Tensor, State>();
  private readonly defaults: Options;

  /** @throws ValueError for options that are no object, have a name that is not among the defaults, or make no sense */
  constructor(params: Params<Options>, options: Partial<Options>, defaults: Options) {
    this.defaults = { ...defaults, ...givenOptions(this.name, options, defaults) };
    checkList(this.name, 'parameters, or of groups of them', params);
    const inGroups = params.every((item): item is ParamGroup<Options> => 'params' in item);
    for (const group of inGroups ? params : [{ params } as ParamGroup<Options>]) this.addParamGroup(group);
    if (this.all().length === 0) throw new ValueError(this.name, 'there must be parameters to optimize', 'none');
  }

  /** Refuses options that make no sense. */
  protected abstract check(group: Options): void;
  /** What is remembered of a parameter at first. */
  protected abstract start(p: Tensor, group: Options): State;
  /** Changes one parameter in place. */
  protected abstract update(step: Step, group: Options): void;

  /** Adds parameters, with options of their own, as when layers are unfrozen. PyTorch: `add_param_group`. */
  addParamGroup(group: ParamGroup<Options>): void {
    checkList(this.name, 'parameters', group.params);
    checkTensors(this.name, ...group.params);
    const all = [...this.all(), ...group.params];
    if (new Set(all).size !== all.length) {
      throw new ValueError(this.name, 'each parameter may be given once', 'one twice');
    }
    all.forEach((p, i) => {
      if (!p.isLeaf || !isDense(p.nd)) {
        const rule = 'parameters must be leaves in row-major order';
        throw new ValueError(this.name, rule, `another at place ${i}`, 'make it with nn.parameter');
      }
    });
    const whole = { ...this.defaults, ...group };
    this.check(whole);
    this.paramGroups.push(whole);
  }

  /**
   * Changes each parameter that has a gradient, by its gradient.
   * @param closure computes the loss and its gradients first; LBFGS must have it, for it does so several times a step
   * @returns what closure returned, if there is one
   */
  step(closure?: () => Tensor): Tensor | undefined {
    const loss = closure && enableGrad(closure);
    for (const group of this.paramGroups) {
      for (const p of group.params) {
        if (p.grad === null) continue;
        if (!sameShape(p.grad.shape, p.shape)) {
          const rule = `a gradient must have its parameter's shape ${showShape(p.shape)}`;
          throw new ShapeError(`${this.name}.step`, rule, showShape(p.grad.shape));
        }
        this.update({ p, x: numbers(p.nd), g: gradientOf(p.grad, group) }, group);
        p.markWritten();
      }
    }
    return loss;
  }

  /** Forgets the gradients: the next backward pass starts anew. */
  zeroGrad(): void {
    for (const group of this.paramGroups) for (const p of group.params) p.grad = null;
  }

  /** What is remembered of p; at first what `start` makes. */
  protected stateOf(p: Tensor, group: Options): State {
    let state = this.state.get(p);
    if (state === undefined) this.state.set(p, (state = this.start(p, group)));
    return state;
  }

  /** All parameters, in the order in which a saved state counts them. */
  private all(): Tensor[] {
    return this.paramGroups.flatMap((group) => group.params);
  }

  /** The class's name, for messages. */
  private get name(): string {
    return this.constructor.name;
  }

  /** A copy of the state, with which a new optimizer over the same parameters goes on bit for bit. */
  stateDict(): OptimizerState<Options> {
    const all = this.all();
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
    if (!Array.isArray(saved?.paramGroups) || typeof saved.state !== 'object') {
      throw new ValueError('loadStateDict', 'it takes { paramGroups, state }, as stateDict gives them', typeof saved);
    }
    const all = this.all();
    const faults: string[] = [];
    const groups = this.paramGroups.map((group, i) => ({ ...group, ...saved.paramGroups[i], params: group.params }));
    const [mine, theirs] = [this.paramGroups, saved.paramGroups].map(sizes);
    if (mine !== theirs) faults.push(`the groups must have ${mine} parameters and have ${theirs}`);
    const states = Object.entries(saved.state).map(([i, own]): [Tensor, State] => {
      const p = all[Number(i)];
      if (p === undefined) {
        faults.push(`there must be no parameter ${i}`);
      } else {
        const expected: ParamState = this.start(
          p,
          groups.find(({ params }) => params.includes(p))!,
        );
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
      throw new ValueError('loadStateDict', `the state must fit the ${this.name}`, got);
    }
    for (const group of groups) this.check(group);

    groups.forEach((group, i) => Object.assign(this.paramGroups[i], group));
    this.state.clear();
    for (const [p, own] of states) this.state.set(p, copyState(own, p));
  }
}

/** The options that are given; those that are undefined are not. */
function givenOptions<Options>(where: string, options: Partial<Options>, defaults: object): Partial<Options> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ValueError(where, 'options must be an object, as in { lr: 0.1 }', String(options));
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(defaults, name));
  if (unknown !== undefined) {
    throw new ValueError(where, `options must be among ${Object.keys(defaults).join(', ')}`, unknown);
  }
  return Object.fromEntries(Object.entries(options).filter(([, x]) => x !== undefined)) as Partial<Options>;
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

/** The elements of a row-major array, without what lies beside them. */
const numbers = ({ data, offset, shape }: Nd): Data => {
  const n = sizeOf(shape);
  return offset === 0 && n === data.length ? data : data.subarray(offset, offset + n);
};

/** The numbers of a gradient, with their sign turned to maximize. */
export const gradientOf = (grad: Tensor, { maximize }: CommonOptions): Data =>
  numbers(dense((maximize ? noGrad(() => grad.neg()) : grad).nd));

/** Refuses the first of some options, by name, that is outside low … high; `high` itself is outside, too. */
export function checkOptions(where: string, options: Readonly<Record<string, number>>, low = 0, high = Infinity): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'number' && value >= low && value < high) continue;
    const range = high === Infinity ? `a finite number, at least ${low}` : `at least ${low} and below ${high}`;
    throw new ValueError(where, `${name} must be ${range}`, `${value}`);
  }
}

/** Refuses decays of two means that are not at least 0 and below 1. */
export function checkBetas(where: string, betas: readonly [number, number]): void {
  checkList(where, 'two numbers for betas', betas);
  checkOptions(where, { 'betas[0]': betas[0], 'betas[1]': betas[1] }, 0, 1);
}
