/** Where a NaN or an infinity came from: the batch is computed once more, and each op's result looked at. */
import { dense } from '../array/dense.ts';
import { AdjointError, showShape } from '../array/errors.ts';
import type { Module } from '../nn/index.ts';
import { Tensor } from '../tensor.ts';
import type { Run } from './fit.ts';

/** A loss or a gradient that is NaN or infinite. */
export class NonFiniteError extends AdjointError {
  override readonly name = 'NonFiniteError';
}

/** The first op whose result held a NaN (or an infinity) though none of its inputs did. */
export interface Culprit {
  readonly op: string;
  /** Path of the module whose forward ran, '' for the model itself; null outside of it, as in the loss. */
  readonly module: string | null;
  /** Shapes and ranges of its inputs: `[8, 3] from -1 to 0`. */
  readonly inputs: readonly string[];
}

type Kind = 'NaN' | 'infinity';

const isOf: Record<Kind, (x: number) => boolean> = {
  NaN: Number.isNaN,
  infinity: (x) => x === Infinity || x === -Infinity,
};

function holds(x: Tensor, kind: Kind): boolean {
  const { data, offset } = dense(x.nd);
  const is = isOf[kind];
  for (let i = offset, end = offset + x.numel(); i < end; i++) if (is(data[i])) return true;
  return false;
}

function describe(x: Tensor): string {
  const { data, offset } = dense(x.nd);
  let [low, high] = [Infinity, -Infinity];
  for (let i = offset, end = offset + x.numel(); i < end; i++) {
    low = Math.min(low, data[i]);
    high = Math.max(high, data[i]);
  }
  const short = (v: number): string => `${Number(v.toPrecision(4))}`;
  return `${showShape(x.shape)}${x.numel() === 0 ? '' : ` from ${short(low)} to ${short(high)}`}`;
}

/**
 * Runs f, and finds the first op that made a NaN, and the first that made an infinity, of numbers that were none.
 * ```ts
 * import { nn, tensor } from 'adjoint';
 * import { findNonFinite } from 'adjoint/train';
 * const model = new nn.Sequential(new nn.Linear(1, 1), new nn.Sigmoid());
 * const { NaN: culprit } = findNonFinite(model, () => model(tensor([[1e38]])).mul(0).log().mul(0));
 * console.log(culprit?.op, culprit?.inputs); // => mul [ '[1, 1] from -Infinity to -Infinity', '[] from 0 to 0' ]
 * ```
 */
export function findNonFinite(model: Module, f: () => unknown): Partial<Record<Kind, Culprit>> {
  const found: Partial<Record<Kind, Culprit>> = {};
  const path: string[] = [];
  const undo: (() => void)[] = [];
  /** Puts another function in a method's place until the end. */
  const replace = <T extends object, K extends keyof T>(owner: T, name: K, value: T[K]): void => {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    undo.push(() => (before ? Object.defineProperty(owner, name, before) : Reflect.deleteProperty(owner, name)));
    Object.defineProperty(owner, name, { value, configurable: true });
  };
  // Every op passes through Tensor.apply, and every module through its forward.
  const apply = Tensor.apply.bind(Tensor);
  replace(Tensor, 'apply', (op, args) => {
    const y = apply(op, args);
    const inputs = args.flat().filter((x) => x instanceof Tensor);
    for (const kind of ['NaN', 'infinity'] as const) {
      if (found[kind] === undefined && holds(y, kind) && !inputs.some((x) => holds(x, kind))) {
        found[kind] = { op: op.name, module: path.at(-1) ?? null, inputs: inputs.map(describe) };
      }
    }
    return y;
  });
  for (const [name, module] of model.namedModules()) {
    const forward = module.forward.bind(module) as (...inputs: unknown[]) => unknown;
    replace(module, 'forward', (...inputs: unknown[]) => {
      path.push(name);
      try {
        return forward(...inputs);
      } finally {
        path.pop();
      }
    });
  }
  try {
    f();
  } finally {
    for (const back of undo.reverse()) back();
  }
  return found;
}

const show = (model: Module, { op, module, inputs }: Culprit): string => {
  const kind = model.namedModules().find(([name]) => name === module)?.[1].constructor.name;
  const where =
    module === null ? 'outside of the model' : `in ${module === '' ? 'the model' : `'${module}'`} (${kind})`;
  return `${op} ${where}, of ${inputs.join(' and ')}`;
};

/** The parameters of which a tensor, the gradient or the values, holds a NaN or an infinity. */
const namesOf = (model: Module, of: (p: Tensor) => Tensor | null): string =>
  model
    .namedParameters()
    .filter(([, p]) => {
      const x = of(p);
      return x !== null && (holds(x, 'NaN') || holds(x, 'infinity'));
    })
    .map(([name]) => name)
    .join(', ');

/** What a run says when a loss or the norm of its gradients is no number. `again` computes the loss once more. */
export function nonFiniteError(seen: {
  readonly model: Module;
  readonly run: Run;
  readonly number: number;
  readonly again?: () => Tensor;
}): NonFiniteError {
  const { model, run, number, again } = seen;
  const place = `${number} at epoch ${run.epoch + 1}, batch ${run.batch + (again ? 1 : 0)}`;
  const cure = 'a smaller step size, clipNorm, or a look at that batch may help';
  if (again === undefined) {
    const got = `${place}, in the gradients of ${namesOf(model, (p) => p.grad)}`;
    return new NonFiniteError('fit', 'the gradients must be finite', got, cure);
  }
  const spoiled = namesOf(model, (p) => p);
  const { NaN: first, infinity } = findNonFinite(model, again);
  const causes = [
    ...(infinity ? [`the first infinity by ${show(model, infinity)}`] : []),
    ...(first ? [`the first NaN by ${show(model, first)}`] : []),
  ];
  if (spoiled !== '') causes.unshift(`parameters that were so before: ${spoiled}`);
  else if (causes.length === 0) causes.push('it came in with the batch');
  return new NonFiniteError('fit', 'the loss must be finite', `${place}: ${causes.join('; ')}`, cure);
}
