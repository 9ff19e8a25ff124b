/** How good is an explanation: numbers that tell a faithful one from one that only looks well. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { concat, rand, randn, tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { baselineOf, batchOf, countOf, values, type AnyModel, type TargetOptions, type WorkOptions } from './model.ts';

function fitting(where: string, x: Tensor, attributions: Tensor): void {
  if (sameShape(x.shape, attributions.shape)) return;
  throw new ShapeError(where, `attributions must have the shape ${showShape(x.shape)} of x`, showShape(attributions.shape));
} // prettier-ignore

export interface InfidelityOptions extends TargetOptions, WorkOptions {
  /** Perturbations of each row; 100 if left out. */
  readonly samples?: number;
  /** Standard deviation of the perturbations; 0.1 if left out. */
  readonly noise?: number;
  readonly generator?: Generator;
}

/**
 * Infidelity (Yeh et al., 2019): E (I·a − (f(x) − f(x − I)))² over normal perturbations I, for attributions a that are slopes (of
 * input × gradient and its like give a/x). 0 if f is linear and a its weights. Captum: `infidelity`.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { infidelity, saliency } from 'adjoint/explain';
 * const [f, x] = [(x) => x.matmul(tensor([2, -3])), tensor([[1, 1]])];
 * const { attributions } = saliency(f, x, { abs: false });
 * (await infidelity(f, x, attributions)).lt(1e-9).item() // => 1
 * ```
 * @returns [N]
 */
export async function infidelity(f: AnyModel, x: Tensor, attributions: Tensor, options: InfidelityOptions = {}): Promise<Tensor> {
  const where = 'infidelity';
  const batch = batchOf(where, x);
  fitting(where, batch, attributions);
  const { noise = 0.1, generator = defaultGenerator } = options;
  if (!(noise > 0)) throw new ValueError(where, 'noise must be above 0', `${noise}`);
  const samples = countOf(where, 'samples', options.samples ?? 100);
  const [n, ...rest] = batch.shape;
  const I = randn([samples, ...batch.shape], { dtype: batch.dtype, generator }).mul(noise);
  const inputs = concat([batch, batch.sub(I).reshape([samples * n, ...rest])]);
  const y = await values(where, f, inputs, options, (r) => r % n);
  const fall = y.narrow(0, 0, n).sub(y.narrow(0, n, samples * n).reshape([samples, n]));
  const said = I.mul(attributions.detach()).reshape([samples, n, -1]).sum(2);
  return said.sub(fall).square().mean(0);
} // prettier-ignore

/**
 * Maximal sensitivity (Yeh et al., 2019): the largest ‖a(x + δ) − a(x)‖/‖a(x)‖ over random δ of at most `radius` in each number: does a
 * nearly equal input have nearly the same explanation? Captum: `sensitivity_max`.
 * @returns [N]
 */
export async function sensitivity(
  explain: (x: Tensor) => Tensor | Promise<Tensor>, x: Tensor,
  options: { readonly samples?: number; readonly radius?: number; readonly generator?: Generator } = {},
): Promise<Tensor> {
  const where = 'sensitivity';
  const batch = batchOf(where, x);
  const { radius = 0.02, generator = defaultGenerator } = options;
  if (!(radius >= 0)) throw new ValueError(where, 'radius must be 0 or more', `${radius}`);
  const samples = countOf(where, 'samples', options.samples ?? 10);
  const length = (a: Tensor): Tensor => a.reshape([batch.shape[0], -1]).square().sum(1).sqrt();
  const before = await explain(batch);
  fitting(where, batch, before);
  let worst = length(before).zerosLike();
  for (let s = 0; s < samples; s++) {
    const delta = rand(batch.shape, { dtype: batch.dtype, generator }).mul(2).sub(1).mul(radius);
    worst = worst.maximum(length((await explain(batch.add(delta))).sub(before)));
  }
  return worst.div(length(before).add(1e-12));
} // prettier-ignore

export interface CurveOptions extends TargetOptions, WorkOptions {
  /** What stands for "nothing there": 0 if left out. */
  readonly baseline?: Tensor | number;
  /** In so many equal steps (at most one a feature); 20 if left out. */
  readonly steps?: number;
}

export interface Curve {
  /** f with the share s/steps of the features taken away (or put in), most important first, [N, steps + 1]. */
  readonly curve: Tensor;
  /** The mean height of the curve, by trapezoids, [N]: for deletion low is good, for insertion high. */
  readonly area: Tensor;
}

async function curveOf(where: string, f: AnyModel, x: Tensor, attributions: Tensor, options: CurveOptions, insert: boolean): Promise<Curve> {
  const batch = batchOf(where, x);
  fitting(where, batch, attributions);
  const baseline = baselineOf(where, batch, options.baseline);
  const [n, ...rest] = batch.shape;
  const features = batch.numel() / n;
  const steps = Math.min(features, countOf(where, 'steps', options.steps ?? 20));
  // rank 0 is the most important feature
  const rank = attributions.detach().reshape([n, features]).argsort(1, true).argsort(1).reshape(batch.shape);
  const [from, to] = insert ? [baseline, batch] : [batch, baseline];
  const copies = Array.from({ length: steps + 1 }, (_, s) => to.where(rank.lt(Math.round((s * features) / steps)), from));
  const y = await values(where, f, concat(copies).reshape([(steps + 1) * n, ...rest]), options, (r) => r % n);
  const curve = y.reshape([steps + 1, n]).t();
  const ends = curve.select(1, 0).add(curve.select(1, steps)).div(2);
  return { curve, area: curve.sum(1).sub(ends).div(steps) };
} // prettier-ignore

/**
 * The deletion curve (Petsiuk et al., 2018): features are replaced by the baseline, those of the largest attributions first. The
 * sooner f falls, the better they were named.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { deletionCurve } from 'adjoint/explain';
 * const [f, x] = [(x) => x.sum(1), tensor([[1, 5, 2]])];
 * const { curve } = await deletionCurve(f, x, x);
 * curve.toArray() // => [ [ 8, 3, 1, 0 ] ]
 * ```
 */
export const deletionCurve = (f: AnyModel, x: Tensor, attributions: Tensor, options: CurveOptions = {}): Promise<Curve> =>
  curveOf('deletionCurve', f, x, attributions, options, false); // prettier-ignore

/** The insertion curve: the same from the baseline, features put in. The sooner f rises, the better. */
export const insertionCurve = (f: AnyModel, x: Tensor, attributions: Tensor, options: CurveOptions = {}): Promise<Curve> =>
  curveOf('insertionCurve', f, x, attributions, options, true); // prettier-ignore

/** Pearson's correlation of the ranks of two lists of numbers, by row: Spearman's ρ, [N]. Equal numbers rank as they come. */
export function agreement(a: Tensor, b: Tensor): Tensor {
  fitting('agreement', a, b);
  const n = a.shape[0];
  const centred = (t: Tensor): Tensor => {
    const ranks = t.detach().reshape([n, -1]).argsort(1).argsort(1);
    return ranks.sub(ranks.mean(1, true));
  };
  const [p, q] = [centred(a), centred(b)];
  return p
    .mul(q)
    .sum(1)
    .div(p.square().sum(1).mul(q.square().sum(1)).sqrt());
}

/**
 * The sanity check of Adebayo et al. (2018): the agreement of |attributions| before and after the parameters are drawn anew (each
 * shuffled), the mean over rows. Near 0 if the explanation depends on what was learned; near 1 if it shows only the input, as an edge
 * detector does. The parameters are put back.
 * @param explain from x to attributions, with whatever the parameters are at that time
 */
export async function randomizationCheck(
  explain: (x: Tensor) => Tensor | Promise<Tensor>, x: Tensor, parameters: Iterable<Tensor>,
  { generator = defaultGenerator }: { readonly generator?: Generator } = {},
): Promise<number> {
  const batch = batchOf('randomizationCheck', x);
  const all = [...parameters];
  const before = (await explain(batch)).abs();
  const kept = all.map((p) => p.detach().clone());
  try {
    noGrad(() => {
      for (const p of all) {
        const order = tensor([...generator.permutation(p.numel())]);
        p.copy_(p.flatten().indexSelect(0, order).reshape(p.shape));
      }
    });
    return agreement(before, (await explain(batch)).abs()).mean().item();
  } finally {
    noGrad(() => all.forEach((p, i) => p.copy_(kept[i])));
  }
} // prettier-ignore
