/** class Optimizer: groups of parameters with options, one step for all, and a state that can be saved. */
import { dense } from '../array/dense.ts';
import { ValueError } from '../array/errors.ts';
import { isDense } from '../array/nd.ts';
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
export abstract class Optimizer<Options extends object> {
  /** May be changed between steps, as a schedule does with `lr`. */
  readonly paramGroups: (Options & { params: readonly Tensor[] })[];
  protected readonly state = new Map<Tensor, ParamState>();

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
  /** Changes one parameter in place. */
  protected abstract update(step: Step, group: Options): void;

  /** Changes each parameter that has a gradient, by its gradient. */
  step(): void {
    for (const group of this.paramGroups) {
      for (const p of group.params) {
        if (p.grad === null) continue;
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
  protected stateOf<S extends ParamState>(p: Tensor, start: () => S): S {
    let state = this.state.get(p) as S | undefined;
    if (state === undefined) this.state.set(p, (state = start()));
    return state;
  }

  /** A copy of the state, with which a new optimizer over the same parameters goes on bit for bit. */
  stateDict(): OptimizerState<Options> {
    const all = this.paramGroups.flatMap((group) => group.params);
    const state: Record<number, ParamState> = {};
    all.forEach((p, i) => {
      const own = this.state.get(p);
      if (own) state[i] = copyState(own);
    });
    return {
      state,
      paramGroups: this.paramGroups.map((group) => ({ ...group, params: group.params.map((p) => all.indexOf(p)) })),
    };
  }

  /** Goes on from a saved state. @throws ValueError when groups or shapes differ; then nothing is changed */
  loadStateDict(saved: OptimizerState<Options>): void {
    const where = 'loadStateDict';
    const sizes = (groups: readonly { readonly params: readonly unknown[] }[]): string =>
      groups.map((group) => group.params.length).join(' + ');
    if (sizes(saved.paramGroups) !== sizes(this.paramGroups)) {
      throw new ValueError(
        where,
        `the groups must have ${sizes(this.paramGroups)} parameters`,
        sizes(saved.paramGroups),
      );
    }
    const all = this.paramGroups.flatMap((group) => group.params);
    for (const [i, own] of Object.entries(saved.state)) {
      for (const [name, x] of Object.entries(own)) {
        if (typeof x !== 'number' && String(x.shape) !== String(all[Number(i)]?.shape)) {
          throw new ValueError(
            where,
            `${name} of parameter ${i} must have the shape [${String(all[Number(i)]?.shape)}]`,
            `[${String(x.shape)}]`,
          );
        }
      }
    }
    saved.paramGroups.forEach((group, i) =>
      Object.assign(this.paramGroups[i], { ...group, params: this.paramGroups[i].params }),
    );
    this.state.clear();
    for (const [i, own] of Object.entries(saved.state)) this.state.set(all[Number(i)], copyState(own));
  }
}

const copyState = (state: ParamState): ParamState =>
  Object.fromEntries(Object.entries(state).map(([name, x]) => [name, typeof x === 'number' ? x : x.detach().clone()]));

/** Refuses an option outside its range. */
export function checkOption(where: string, name: string, value: number, low: number, high = Infinity): void {
  if (!(value >= low && value < high)) {
    throw new ValueError(
      where,
      `${name} must be at least ${low}${high === Infinity ? '' : ` and below ${high}`}`,
      `${value}`,
    );
  }
}
