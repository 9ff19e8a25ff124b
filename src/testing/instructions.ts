/**
 * From natural numbers to expressions: what an instruction of a random program means where it stands. Whatever the
 * numbers, and whatever values came before, it means something that fits: so each part of a program is a program.
 */
import { broadcastShapes, sameShape, sizeOf, type Shape } from '../array/nd.ts';
import type { Nested } from '../array/print.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { call, constant, evaluate, join, value, type Expression } from './expressions.ts';
import { picker, type Pick } from './layouts.ts';

/** No value has more elements or dims: differences stay affordable. */
const MAX_NUMEL = 32;
const MAX_RANK = 4;
/** Larger values are scaled down, so that derivatives stay moderate and differences hold to 1e-6. */
const MAX_VALUE = 2;
/** Values stay so far from kinks and poles. */
const CLEAR = 0.2;

/** Where an instruction stands: it works on x, which `it` names, and may look for others among the values before. */
interface Place {
  readonly it: Expression;
  readonly x: Tensor;
  readonly pick: Pick;
  /** One of the earlier values that fit (x must be one of them), latest first. */
  readonly other: (fits: (y: Tensor) => boolean) => { y: Tensor; that: Expression };
}

const least = (x: Tensor): number => (x.numel() === 0 ? Infinity : noGrad(() => x.amin().item()));
const awayFrom0 = (x: Tensor): boolean => least(x.abs()) > CLEAR;

/** Whether these shapes go together. */
function goes(shape: () => Shape, limit = Infinity): boolean {
  try {
    return sizeOf(shape()) <= limit;
  } catch {
    return false;
  }
}
const broadcasts = (a: Shape, b: Shape): boolean => goes(() => broadcastShapes('', a, b), MAX_NUMEL);

const choose = <T>(pick: Pick, choices: readonly T[]): T => choices[pick(choices.length)];

const SMOOTH = [
  'sin',
  'tanh',
  'exp',
  'square',
  'neg',
  'cos',
  'sigmoid',
  'atan',
  'erf',
  'expm1',
  'sinh',
  'cosh',
] as const;
const AWAY_FROM_0 = ['abs', 'relu', 'reciprocal'] as const;
const POSITIVE = ['log', 'sqrt', 'log1p'] as const;

function unary({ it, x, pick }: Place): Expression {
  const fits = [...SMOOTH, ...(awayFrom0(x) ? AWAY_FROM_0 : []), ...(least(x) > CLEAR ? POSITIVE : [])];
  return call(it, choose(pick, fits));
}

function binary({ it, x, pick, other }: Place): Expression {
  const { y, that } = other((y) => broadcasts(x.shape, y.shape));
  const fits: ('mul' | 'add' | 'sub' | 'div' | 'pow' | 'maximum' | 'minimum')[] = ['mul', 'add', 'sub'];
  if (awayFrom0(y)) fits.push('div');
  if (least(x) > CLEAR) fits.push('pow');
  if (noGrad(() => awayFrom0(x.sub(y)))) fits.push('maximum', 'minimum');
  return call(it, choose(pick, fits), that);
}

function matmul({ it, x, pick, other }: Place): Expression {
  if (x.ndim === 0) return call(it, 'square');
  const product = (a: Shape, b: Shape): Shape => {
    const inner = b[Math.max(0, b.length - 2)];
    if (b.length === 0 || a[a.length - 1] !== inner) throw new RangeError();
    return [...broadcastShapes('', a.slice(0, -2), b.slice(0, -2)), ...a.slice(-2, -1), ...b.slice(-2).slice(1)];
  };
  const turned = (b: Shape): Shape => [...b.slice(0, -2), ...b.slice(-2).toReversed()];
  const straight = (y: Tensor): boolean => goes(() => product(x.shape, y.shape));
  const across = (y: Tensor): boolean => y.ndim > 1 && goes(() => product(x.shape, turned(y.shape)));
  const { y, that } = other((y) => straight(y) || across(y));
  const factors = [...(straight(y) ? [that] : []), ...(across(y) ? [call(that, 'transpose', -2, -1)] : [])];
  return call(it, 'matmul', choose(pick, factors));
}

function reduce({ it, x, pick }: Place): Expression {
  const dims = x.shape.map((_, d) => d).filter(() => pick(2) === 1);
  const over = dims.length === 0 ? undefined : dims;
  const count = sizeOf(dims.length === 0 ? x.shape : dims.map((d) => x.shape[d]));
  const keepdim = pick(2) === 1;
  const name = choose(pick, count > 0 ? (['sum', 'mean', 'logsumexp'] as const) : (['sum'] as const));
  return call(it, name, over, keepdim);
}

const product = ({ it, x, pick }: Place): Expression => call(it, 'prod', pick(Math.max(1, x.ndim)), pick(2) === 1);

const normalize = ({ it, x, pick }: Place): Expression =>
  call(it, choose(pick, ['softmax', 'logSoftmax'] as const), pick(Math.max(1, x.ndim)));

function permute({ it, x, pick }: Place): Expression {
  const left = x.shape.map((_, d) => d).reverse();
  return call(it, 'permute', ...x.shape.map(() => left.splice(pick(left.length), 1)[0]));
}

function reshape({ it, x, pick }: Place): Expression {
  const n = x.numel();
  const divisorOf = (n: number): number => choose(pick, Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0)); // prettier-ignore
  const p = n === 0 ? 0 : divisorOf(n);
  const q = n === 0 ? 2 : divisorOf(n / p);
  return call(it, 'reshape', choose(pick, [[n], [p, n === 0 ? 3 : n / p], [p, q, n === 0 ? 1 : n / p / q]]));
}

function expand({ it, x, pick }: Place): Expression {
  const shape = x.shape.map((size) => (size === 1 ? 1 + pick(3) : size));
  const lead = pick(3);
  return call(it, 'expand', lead === 0 ? shape : [lead, ...shape]);
}

function slice(place: Place): Expression {
  const { it, x, pick } = place;
  if (x.ndim === 0) return call(it, 'unsqueeze', 0);
  const dim = pick(x.ndim);
  const n = x.shape[dim];
  const step = choose(pick, [1, -1, 2, -2, 3]);
  const skipped = pick(Math.max(1, n));
  const most = Math.ceil((n - skipped) / Math.abs(step));
  const count = most - pick(most + 1);
  if (step > 0) return call(it, 'slice', dim, skipped, skipped + count * step, step);
  const stop = n - 1 - skipped + count * step; // a negative one would count from the back
  return call(it, 'slice', dim, n - 1 - skipped, stop < 0 ? undefined : stop, step);
}

function index({ it, x, pick }: Place): Expression {
  const places = x.shape.flatMap((n) => {
    const choice = choose(pick, [':', '::-1', '1:', ':-1', null, '::2', 0]);
    if (choice === null) return [null, ':'];
    return choice === 0 ? [n === 0 ? ':' : pick(n) - (pick(2) === 0 ? 0 : n)] : [choice];
  });
  return call(it, 'index', ...places);
}

function turn({ it, x, pick }: Place): Expression {
  const choice = pick(3);
  if (choice === 1) return call(it, 'unsqueeze', -1 - pick(x.ndim + 1));
  if (choice === 2) return call(it, 'squeeze');
  return x.ndim === 0 ? call(it, 'clone') : call(it, 'flip', pick(x.ndim));
}

function concatenate({ it, x, pick, other }: Place): Expression {
  const dim = pick(Math.max(1, x.ndim));
  const { y, that } = other((y) => y.ndim === x.ndim && x.shape.every((size, d) => d === dim || size === y.shape[d]));
  const by = x.ndim === 0 || (sameShape(x.shape, y.shape) && pick(2) === 1) ? 'stack' : 'concat';
  return join(by, choose(pick, [[it, that], [that, it], [it, that, it]]), dim); // prettier-ignore
}

/** Whole numbers below n in the given shape, by a rule with repetitions: p, p + q, p + 2q, … */
function wholes(shape: Shape, n: number, pick: Pick): Nested {
  const [p, q] = [pick(n), pick(4)];
  let i = 0;
  const build = (dim: number): Nested =>
    dim === shape.length ? (p + q * i++) % n : Array.from({ length: shape[dim] }, () => build(dim + 1));
  return build(0);
}

function byIndex({ it, x, pick }: Place): Expression {
  if (x.ndim === 0 || x.numel() === 0) return call(it, 'sin');
  const dim = pick(x.ndim);
  const n = x.shape[dim];
  const length = 1 + pick(3);
  const row = (): Expression => constant(wholes([length], n, pick));
  const grid = (): Expression => constant(wholes(x.shape.with(dim, length), n, pick));
  return choose(pick, [
    () => call(it, 'indexSelect', dim, row()),
    () => call(it, 'gather', dim, grid()),
    () => call(it, 'indexAdd', dim, row(), call(it, 'indexSelect', dim, row())),
    () => call(it, 'scatterAdd', dim, grid(), call(it, 'gather', dim, grid())),
    () => call(it, 'scatter', dim, grid(), call(it, 'gather', dim, grid())),
  ])();
}

function where({ it, x, pick, other }: Place): Expression {
  const { that } = other((y) => broadcasts(x.shape, y.shape));
  const mask = constant(wholes(x.shape.slice(-1), 2, pick));
  return call(it, 'where', mask, pick(3) === 2 ? 0.5 : that);
}

const copy = ({ it, pick }: Place): Expression => call(it, pick(2) === 0 ? 'clone' : 'contiguous');

const KINDS = [
  unary, binary, matmul, reduce, permute, slice, expand, reshape, concatenate, byIndex,
  where, normalize, product, index, turn, binary, unary, matmul, copy,
]; // prettier-ignore

/** The expression that an instruction means after these values, and its result. */
export function interpret(
  instruction: readonly number[],
  values: readonly Tensor[],
): { meaning: Expression; result: Tensor } {
  const pick = picker(instruction);
  const kind = choose(pick, KINDS);
  const latest = values.map((_, i) => i).reverse();
  const at = choose(pick, latest);
  const x = values[at];
  const other: Place['other'] = (fits) => {
    const chosen = choose(pick, latest.filter((i) => fits(values[i]))); // prettier-ignore
    return { y: values[chosen], that: value(chosen) };
  };
  let meaning = kind({ it: value(at), x, pick, other });
  let result = evaluate(meaning, values);
  if (result.numel() > MAX_NUMEL || result.ndim > MAX_RANK) {
    meaning = call(value(at), 'sin');
    result = evaluate(meaning, values);
  }
  const largest = result.numel() === 0 ? 0 : noGrad(() => result.abs().amax().item());
  if (largest > MAX_VALUE) {
    meaning = call(meaning, 'mul', 2 ** -Math.ceil(Math.log2(largest)));
    result = evaluate(meaning, values);
  }
  return { meaning, result };
}
