/** The other side of the decision: inputs near x for which the model says something else. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { randn, rand } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { batchOf, countOf, slopes, type Model, type TargetOptions } from './model.ts';

export interface AttackOptions extends TargetOptions {
  /** How far from x at most: each number (norm 'inf') or the length of the whole difference of a row (norm 2). */
  readonly epsilon: number;
  /** Raise the explained number where otherwise it is lowered: towards the target, and not away from it. */
  readonly towards?: boolean;
  /** What numbers of an input may be: [0, 1] for a picture; any if left out. */
  readonly range?: readonly [least: number, most: number];
}

export interface Adversarial {
  /** The changed inputs, x's shape. */
  readonly adversarial: Tensor;
  /** What the model gave for x and gives now, [N]. */
  readonly before: Tensor;
  readonly after: Tensor;
}

function checked(where: string, { epsilon, range = [-Infinity, Infinity] }: AttackOptions): readonly [number, number] {
  if (!(epsilon >= 0)) throw new ValueError(where, 'epsilon must be 0 or more', `${epsilon}`);
  if (!(range[0] < range[1])) throw new ValueError(where, 'range must be [least, most]', `[${range.join(', ')}]`);
  return range;
}

/**
 * The fast gradient sign method (Goodfellow et al., 2015): x ∓ ε·sign(∂f/∂x), down or `towards` up. Best given
 * log-probabilities, with the true class as target.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { fgsm } from 'adjoint/explain';
 * const f = (x) => x.matmul(tensor([2, -1]));
 * const { adversarial, before, after } = fgsm(f, tensor([[1, 1]]), { epsilon: 0.5 });
 * console.log(adversarial.toArray(), before.item(), after.item()); // => [ [ 0.5, 1.5 ] ] 1 -0.5
 * ```
 * @throws ShapeError, ValueError when epsilon, range or target cannot be
 */
export function fgsm(f: Model, x: Tensor, options: AttackOptions): Adversarial {
  const where = 'fgsm';
  const batch = batchOf(where, x);
  const [least, most] = checked(where, options);
  const { gradient, value } = slopes(where, f, batch, options);
  const step = gradient.sign().mul(options.towards ? options.epsilon : -options.epsilon);
  const adversarial = batch.add(step).clamp(least, most);
  return { adversarial, before: value, after: slopes(where, f, adversarial, options).value };
}

export interface PgdOptions extends AttackOptions {
  readonly norm?: 'inf' | 2;
  /** 20 if left out. */
  readonly steps?: number;
  /** Length of a step; 2.5·epsilon/steps if left out. */
  readonly stepSize?: number;
  /** Start at a random place of the ball, not at x. */
  readonly randomStart?: boolean;
  readonly generator?: Generator;
}

/** Projected gradient descent (Madry et al., 2018): many small steps, each brought back to within epsilon of x. */
export function pgd(f: Model, x: Tensor, options: PgdOptions): Adversarial {
  const where = 'pgd';
  const batch = batchOf(where, x);
  const [least, most] = checked(where, options);
  const { epsilon, norm = 'inf', randomStart = false, generator = defaultGenerator } = options;
  const steps = countOf(where, 'steps', options.steps ?? 20);
  const { stepSize = (2.5 * epsilon) / steps, towards = false } = options;
  const lengths = (d: Tensor): Tensor => {
    const flat = d.reshape([batch.shape[0], -1]).square().sum(1).sqrt();
    return flat.reshape([batch.shape[0], ...batch.shape.slice(1).map(() => 1)]);
  };
  const inBall = (d: Tensor): Tensor =>
    norm === 'inf' ? d.clamp(-epsilon, epsilon) : d.mul(lengths(d).reciprocal().mul(epsilon).clamp(0, 1).nanToNum());
  const drawn = norm === 'inf' ? rand(batch.shape, { dtype: batch.dtype, generator }).mul(2).sub(1).mul(epsilon)
    : randn(batch.shape, { dtype: batch.dtype, generator }); // prettier-ignore
  const before = slopes(where, f, batch, options).value;
  let at = randomStart ? batch.add(inBall(drawn)).clamp(least, most) : batch;
  for (let step = 0; step < steps; step++) {
    const { gradient } = slopes(where, f, at, options);
    const direction = norm === 'inf' ? gradient.sign() : gradient.div(lengths(gradient).add(1e-12));
    const moved = at.add(direction.mul(towards ? stepSize : -stepSize));
    at = batch.add(inBall(moved.sub(batch))).clamp(least, most);
  }
  return { adversarial: at, before, after: slopes(where, f, at, options).value };
}

export interface CounterfactualOptions extends TargetOptions {
  /** What the explained number is to be. */
  readonly goal: number;
  /** How much a unit of each number costs is 1/scale; 0 for one that must stay. One input's shape; 1 if left out. */
  readonly scale?: Tensor | number;
  /** 100 if left out. */
  readonly steps?: number;
}

export interface Counterfactual {
  /** What x would have had to be, x's shape. */
  readonly counterfactual: Tensor;
  /** f there − goal, [N]: 0 if the goal was reached. */
  readonly gap: Tensor;
  /** √Σ((x' − x)/scale)², over the numbers that may change, [N]. */
  readonly distance: Tensor;
}

/**
 * The nearest input for which f gives the goal (the question of Wachter et al., 2018): each step goes to the point nearest
 * to x at which f, taken as linear where the last step ended, has the goal, or a part of the way there, so that ½distance² + c·|f − goal| falls (Zhang and Der
 * Kiureghian, 1995). For a linear f the first step is the answer; else it is a nearest point only among those around.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { counterfactual } from 'adjoint/explain';
 * const f = (x) => x.matmul(tensor([3, 4]));
 * const free = counterfactual(f, tensor([[0, 0]]), { goal: 25 });
 * const bound = counterfactual(f, tensor([[0, 0]]), { goal: 25, scale: tensor([0, 1]) });
 * console.log(free.counterfactual.toArray(), bound.counterfactual.toArray()); // => [ [ 3, 4 ] ] [ [ 0, 6.25 ] ]
 * ```
 * @throws ShapeError, ValueError when goal, scale or target cannot be
 */
export function counterfactual(f: Model, x: Tensor, options: CounterfactualOptions): Counterfactual {
  const where = 'counterfactual';
  const batch = batchOf(where, x);
  const { goal, scale = 1 } = options;
  const steps = countOf(where, 'steps', options.steps ?? 100);
  if (!Number.isFinite(goal)) throw new ValueError(where, 'goal must be a finite number', `${goal}`);
  if (typeof scale !== 'number' && !sameShape(scale.shape, batch.shape.slice(1))) {
    throw new ShapeError(where, `scale must be a number or of shape ${showShape(batch.shape.slice(1))}`, showShape(scale.shape));
  }
  const [n, ...rest] = batch.shape;
  const s = batch.zerosLike().add(scale);
  const perRow = (t: Tensor): Tensor => t.reshape([n, -1]).sum(1);
  const onRows = (t: Tensor): Tensor => t.reshape([n, ...rest.map(() => 1)]);
  const distanceOf = (z: Tensor): Tensor => perRow(z.sub(batch).div(s).nanToNum().square()).sqrt();
  let at = batch;
  let { gradient, value } = slopes(where, f, at, options);
  let share = value.onesLike(); // of the way to the next point that is gone
  for (let step = 0; step < steps; step++) {
    const slope = gradient.mul(s); // per unit of cost
    const steep = perRow(slope.square()).add(1e-30);
    const short = value.neg().add(goal).add(perRow(gradient.mul(at.sub(batch)))); // goal − f(at) + ∇·(at − x)
    const way = batch.add(slope.mul(s).mul(onRows(short.div(steep)))).sub(at);
    const distance = distanceOf(at);
    const weight = distance.div(steep.sqrt()).mul(2).add(1); // enough for the way to go down in the merit
    const merit = (d: Tensor, v: Tensor): Tensor => d.square().div(2).add(v.sub(goal).abs().mul(weight));
    const next = at.add(way.mul(onRows(share)));
    const there = slopes(where, f, next, options);
    const better = merit(distanceOf(next), there.value).le(merit(distance, value));
    at = next.where(onRows(better), at);
    gradient = there.gradient.where(onRows(better), gradient);
    value = there.value.where(better, value);
    share = share.mul(2).clamp(0, 1).where(better, share.div(2));
    if (way.abs().max().item() < 1e-9) break;
  }
  return { counterfactual: at, gap: value.sub(goal), distance: distanceOf(at) };
} // prettier-ignore
