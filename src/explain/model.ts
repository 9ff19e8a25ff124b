/**
 * What is explained: a function from a batch of inputs to a batch of outputs, and the one number of each output that the
 * explanation is of. Everything that a method asks of the model goes through here, and so do the checks.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape, sizeOf } from '../array/nd.ts';
import { full, tensor } from '../create.ts';
import { enableGrad, grad, noGrad } from '../engine.ts';
import { concat, Tensor } from '../tensor.ts';

/** From a batch [N, …] to one number for each row [N] (or [N, 1]), or to one for each class [N, C]; differentiable. */
export type Model = (x: Tensor) => Tensor;
/** The same for any function at all: what comes back may be awaited. */
export type AnyModel = (x: Tensor) => Tensor | Promise<Tensor>;

export interface TargetOptions {
  /** Which class is explained: one for all rows, or one for each. Not for a model with one output. */
  readonly target?: number | readonly number[];
}

/** Long work can be watched and called off. */
export interface WorkOptions {
  /** So many rows at most go into one call of the model; 1024 if left out. */
  readonly batchSize?: number;
  /** So many rows at most are given to the model in all: a method that needs more throws before it asks. No limit if left out. */
  readonly maxEvals?: number;
  /** Called off when this is aborted: the method throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told how many of how many rows have been computed; a method that asks several times counts on, of as many as it has asked for. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Lets whatever else waits have its turn, as the timer that aborts a signal. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** What a model gave for n rows, if it is numbers, [n] or [n, classes]. */
export function answers(where: string, y: Tensor, n: number): Tensor {
  if (!(y instanceof Tensor) || y.ndim === 0 || y.ndim > 2 || y.shape[0] !== n) {
    const got = y instanceof Tensor ? showShape(y.shape) : typeof y;
    throw new ShapeError(where, `for ${n} rows the model must return [${n}] or [${n}, classes]`, got);
  }
  if (y.isnan().any().item() === 1) {
    throw new ValueError(where, 'the model must return numbers', 'NaN', 'look at what it is given: see batchSize');
  }
  return y;
}

/** The explained number of each of n rows, [n]. Row r of the batch is a variation of input `rowOf(r)`. */
export function chosen(
  where: string, y: Tensor, n: number, { target }: TargetOptions, rowOf: (r: number) => number = (r) => r,
): Tensor {
  answers(where, y, n);
  if (y.ndim === 1 || (y.shape[1] === 1 && target === undefined)) {
    if (target !== undefined && y.ndim === 1) {
      throw new ValueError(where, 'a model with one output has no target', `target ${String(target)}`, 'leave it out');
    }
    return y.reshape([n]);
  }
  const classes = y.shape[1];
  if (target === undefined) {
    throw new ValueError(where, `target must say which of ${classes} classes is explained`, 'none');
  }
  const of = (r: number): number => (typeof target === 'number' ? target : target[rowOf(r)]);
  const places = Array.from({ length: n }, (_, r) => of(r));
  const wrong = places.find((c) => !Number.isInteger(c) || c < 0 || c >= classes);
  if (places.some((c) => c === undefined) || wrong !== undefined) {
    throw new ValueError(where, `target must be a class from 0 to ${classes - 1}, one for all rows or one for each`, `${wrong}`);
  }
  return y.gather(1, tensor(places.map((c) => [c]), { dtype: y.dtype })).squeeze(1);
} // prettier-ignore

const warned = new WeakSet<object>();

/** Says once of a module in training mode that its layers may draw at random: its explanation would change from call to call. */
export function atRest(where: string, f: object): void {
  if (!('training' in f) || f.training !== true || warned.has(f)) return;
  warned.add(f);
  console.warn(`adjoint: ${where}: the model is in training mode, where layers such as Dropout draw at random: call eval() first`);
} // prettier-ignore

/** What features gives for a batch x, [N, …], without a history. */
export function layerAt(where: string, features: Model, x: Tensor): Tensor {
  atRest(where, features);
  const layer = noGrad(() => features(x)).detach();
  if (layer.ndim < 2 || layer.shape[0] !== x.shape[0]) {
    throw new ShapeError(
      where,
      `for ${x.shape[0]} rows features must give a layer [${x.shape[0]}, …]`,
      showShape(layer.shape),
    );
  }
  return layer;
}

/** The gradient of each row's explained number with respect to that row, and the numbers themselves. */
export function slopes(
  where: string, f: Model, x: Tensor, options: TargetOptions, rowOf?: (r: number) => number,
): { gradient: Tensor; value: Tensor } {
  atRest(where, f);
  const at = x.detach().clone().requiresGrad_();
  const value = enableGrad(() => chosen(where, f(at), x.shape[0], options, rowOf));
  if (!value.requiresGrad) {
    throw new ValueError(where, 'the model must be differentiable', 'a result without a history', 'do not wrap it in noGrad');
  }
  const [gradient] = grad(value, [at], { gradOutputs: [value.onesLike()], allowUnused: true });
  return { gradient: gradient ?? at.zerosLike(), value: value.detach() };
} // prettier-ignore

/** Options of a method that asks the model several times: `used` counts the rows that it was given, and those that came back. */
export type Counted<O> = O & { readonly used?: { rows: number; done: number } };

/** The same options, counting from 0; see maxEvals. */
export const counting = <O extends WorkOptions>(options: O): Counted<O> => ({ ...options, used: { rows: 0, done: 0 } });

/** How many rows may still be given to the model. */
export const remaining = ({ maxEvals = Infinity, used }: Counted<WorkOptions>): number => maxEvals - (used?.rows ?? 0);

/** What f gives for a batch of any length, some rows at a time, without gradients; `part` looks at it and picks. */
export async function outputs(
  where: string, f: AnyModel, x: Tensor, options: Counted<WorkOptions>, part: (y: Tensor, from: number, some: number) => Tensor,
): Promise<Tensor> {
  const { batchSize = 1024, maxEvals, used = { rows: 0, done: 0 }, signal, onProgress } = options;
  countOf(where, 'batchSize', batchSize);
  if (maxEvals !== undefined) countOf(where, 'maxEvals', maxEvals);
  const [n] = x.shape;
  if (n > remaining(options)) {
    const got = `${n}${used.rows ? ` after ${used.rows}` : ''}`;
    throw new ValueError(where, `at most ${maxEvals} rows may be given to the model`, got, 'raise maxEvals, or ask for less: samples, groups');
  }
  used.rows += n;
  atRest(where, f);
  const parts: Tensor[] = [];
  for (let from = 0; from < n; from += batchSize) {
    signal?.throwIfAborted();
    const some = Math.min(batchSize, n - from);
    let answer: Tensor | Promise<Tensor>;
    noGrad(() => void (answer = f(x.narrow(0, from, some)))); // what an async model does after its first await is recorded
    const y = await answer!;
    parts.push(noGrad(() => part(y, from, some)).detach());
    onProgress?.((used.done += some), used.rows);
  }
  return concat(parts);
} // prettier-ignore

/** The explained numbers of a batch of any length. */
export const values = (
  where: string, f: AnyModel, x: Tensor, options: TargetOptions & Counted<WorkOptions>, rowOf: (r: number) => number = () => 0,
): Promise<Tensor> =>
  outputs(where, f, x, options, (y, from, some) => chosen(where, y, some, options, (r) => rowOf(from + r))); // prettier-ignore

/** A batch of inputs, of at least one row. */
export function batchOf(where: string, x: Tensor): Tensor {
  if (!(x instanceof Tensor) || x.ndim < 1 || x.shape[0] === 0) {
    const got = x instanceof Tensor ? showShape(x.shape) : typeof x;
    throw new ShapeError(where, 'x must be a batch [rows, …] of at least one row', got, 'unsqueeze(0) makes one of a single input');
  }
  return x.detach();
} // prettier-ignore

/** What stands for "nothing there": a number, one input's shape, or the batch's; 0 if left out. As x's shape. */
export function baselineOf(where: string, x: Tensor, baseline: Tensor | number = 0): Tensor {
  if (typeof baseline === 'number') return full(x.shape, baseline, { dtype: x.dtype });
  const single = x.shape.slice(1);
  if (sameShape(baseline.shape, x.shape)) return baseline.detach();
  if (sameShape(baseline.shape, single) || sameShape(baseline.shape, [1, ...single])) {
    return baseline
      .detach()
      .reshape([1, ...single])
      .expand(x.shape);
  }
  throw new ShapeError(where, `the baseline must be a number, or of shape ${showShape(single)} or ${showShape(x.shape)}`,
    showShape(baseline.shape)); // prettier-ignore
}

/** A positive whole number, or an error that names it. */
export function countOf(where: string, name: string, n: number, least = 1): number {
  if (!Number.isInteger(n) || n < least) {
    throw new ValueError(where, `${name} must be a whole number, ${least} or more`, `${n}`);
  }
  return n;
}

/**
 * Groups of features that are explained together: for each number of one input, the group it belongs to. Each feature on
 * its own if left out.
 */
export function groupsOf(where: string, x: Tensor, mask?: Tensor): { group: Int32Array; count: number } {
  const single = x.shape.slice(1);
  const size = sizeOf(single);
  if (mask === undefined) return { group: Int32Array.from({ length: size }, (_, i) => i), count: size };
  if (!sameShape(mask.shape, single)) {
    throw new ShapeError(
      where,
      `the feature mask must have the shape ${showShape(single)} of one input`,
      showShape(mask.shape),
    );
  }
  const group = Int32Array.from(mask.toTypedArray());
  const count = Math.max(-1, ...group) + 1;
  const seen = new Set(group);
  const skipped = Array.from({ length: count }, (_, g) => g).find((g) => !seen.has(g));
  if (skipped !== undefined || group.some((g, i) => g < 0 || g !== mask.toTypedArray()[i])) {
    throw new ValueError(where, 'the feature mask must number its groups 0, 1, 2, … and skip none', 
      skipped === undefined ? 'a negative or fractional number' : `none with ${skipped}`); // prettier-ignore
  }
  return { group, count };
}
