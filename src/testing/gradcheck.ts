/**
 * Are these gradients right? gradcheck holds what `grad` gives against finite differences, gradgradcheck does so for
 * the gradients of the gradients. They need no package; the generators of test data are in arbitraries.ts.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sharesMemory, type Data } from '../array/nd.ts';
import { Generator } from '../array/random.ts';
import { concat, rand, zeros } from '../create.ts';
import { enableGrad, grad as engineGrad, noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';

/** The function under test: any number of tensors to one, or to several. */
export type Checked = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

export interface GradcheckOptions {
  /** How the function is called in messages; its own name if left out. */
  readonly name?: string;
  /** Step of the central difference, relative to elements beyond 1. */
  readonly eps?: number;
  /** A gradient is right if |got − expected| ≤ atol + rtol·|expected|. */
  readonly atol?: number;
  readonly rtol?: number;
  /** Seeds the direction in which the outputs are weighted. */
  readonly seed?: number;
  /** What computes the gradients: `grad`, unless an engine of your own is to be checked. */
  readonly grad?: typeof engineGrad;
}

/** A gradient that is not what finite differences give. */
export class GradcheckError extends Error {
  override readonly name = 'GradcheckError';
}

/**
 * Checks the gradients of `f` at `inputs` (float64; those with requiresGrad) against central differences
 * (L(x + h) − L(x − h)) / 2h of L = Σ u ⊙ f(x), with random weights u: a wrong gradient of any output shows.
 * Inputs may be strided views, but their elements must not share memory. f must be deterministic, and smooth
 * within `eps` of the inputs; it is an error if it changes an input in place. PyTorch: `torch.autograd.gradcheck`.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { gradcheck } from 'adjoint/testing/gradcheck';
 * const x = tensor([0.5, -1], { dtype: 'float64', requiresGrad: true });
 * gradcheck((x) => x.exp().mul(x.sin()), [x]); // throws if they were wrong
 * ```
 * @throws GradcheckError with the function, the input, the place, what was got and what was expected
 */
export function gradcheck(f: Checked, inputs: readonly Tensor[], options: GradcheckOptions = {}): void {
  const { eps = 1e-5, atol = 1e-6, rtol = 1e-6, seed = 0, grad = engineGrad } = options;
  const name = options.name ?? (f.name || 'the function');
  const checked = inputs.filter((x) => x.requiresGrad);
  checkInputs(name, checked);

  const before = inputs.map((x) => x.nd.data.slice());
  const y = joined(f(...inputs));
  const changed = inputs.findIndex((x, i) => x.nd.data.some((v, at) => !Object.is(v, before[i][at])));
  if (changed >= 0) {
    throw new GradcheckError(`${name}: it changes the values of ${describe(inputs, inputs[changed])} in place`);
  }
  if (y.dtype !== 'float64') throw new ValueError(name, 'a function of float64 tensors must give float64', y.dtype);
  const weights = rand(y.shape, { dtype: 'float64', generator: new Generator(seed) }).add(0.5);
  const loss = (): number =>
    noGrad(() =>
      joined(f(...inputs))
        .mul(weights)
        .sum()
        .item(),
    );
  const start = loss();
  if (!Object.is(start, loss())) {
    throw new ValueError(
      name,
      'the function must give the same result each time',
      'two results',
      'seed what it draws inside it',
    );
  }

  const got = y.requiresGrad
    ? grad(y, checked, { gradOutputs: [weights], allowUnused: true })
    : checked.map(() => null); // nothing flows: every derivative should be 0
  checked.forEach((x, i) => {
    const analytic = got[i];
    if (analytic !== null && showShape(analytic.shape) !== showShape(x.shape)) {
      throw new GradcheckError(
        `${name}: the gradient of ${describe(inputs, x)} has the shape ${showShape(analytic.shape)}`,
      );
    }
    const numeric = differences(x, loss, eps);
    const values = analytic?.toTypedArray() ?? new Float64Array(numeric.length);
    const wrong = (e: number): number => Math.abs(values[e] - numeric[e]) - (atol + rtol * Math.abs(numeric[e]));
    const faults = [...numeric.keys()].filter((e) => !(wrong(e) <= 0));
    if (faults.length === 0) return;
    const e = faults.reduce((a, b) => (wrong(b) > wrong(a) ? b : a));
    const at = `${describe(inputs, x)} at ${showShape(coordinates(e, x.shape))}`;
    const { j, got: mine, expected } = worstOutput(() => joined(f(...inputs)), x, e, eps, grad);
    throw new GradcheckError(
      [
        `${name}: wrong gradient of output ${showShape(coordinates(j, y.shape))} with respect to ${at}`,
        `  got      ${mine}${analytic === null ? ' (none flowed)' : ''}`,
        `  expected ${expected} (by finite differences)`,
        `  ${faults.length} of ${numeric.length} elements are wrong, this one most; the input is`,
        `  ${x.detach().toString().replaceAll('\n', '\n  ')}`,
      ].join('\n'),
    );
  });
}

/** Of all outputs the one whose derivative with respect to element e of x is most wrong, for the message. */
function worstOutput(
  f: () => Tensor,
  x: Tensor,
  e: number,
  eps: number,
  grad: typeof engineGrad,
): { j: number; got: number; expected: number } {
  const expected = difference(x, e, eps, () => noGrad(f).toTypedArray());
  const got = expected.map((_, j) => {
    const y = f();
    const pick = zeros(y.shape, { dtype: 'float64' });
    pick.nd.data[j] = 1;
    if (!y.requiresGrad) return 0;
    return grad(y, [x], { gradOutputs: [pick], allowUnused: true })[0]?.toTypedArray()[e] ?? 0;
  });
  const gap = (j: number): number => Math.abs(got[j] - expected[j]);
  const j = [...expected.keys()].reduce((a, b) => (gap(b) > gap(a) || Number.isNaN(gap(b)) ? b : a), 0);
  return { j, got: got[j], expected: expected[j] };
}

/**
 * Checks second derivatives: gradcheck of (x, v) ↦ the gradient of Σ v ⊙ f(x) with respect to x, in x and in v.
 * PyTorch: `torch.autograd.gradgradcheck`.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { gradgradcheck } from 'adjoint/testing/gradcheck';
 * const x = tensor([0.5, -1], { dtype: 'float64', requiresGrad: true });
 * gradgradcheck((x) => x.exp().mul(x.sin()), [x]);
 * ```
 */
export function gradgradcheck(f: Checked, inputs: readonly Tensor[], options: GradcheckOptions = {}): void {
  const { seed = 0, grad = engineGrad } = options;
  const name = `${options.name ?? (f.name || 'the function')}, second order`;
  const y = joined(f(...inputs));
  if (!y.requiresGrad) return; // no first gradient, so no second one; gradcheck sees whether that is right
  const v = rand(y.shape, { dtype: 'float64', generator: new Generator(seed + 1) }).add(0.5);
  const checked = inputs.filter((x) => x.requiresGrad);
  const gradients: Checked = (...all) => {
    const [xs, weights] = [all.slice(0, -1), all[all.length - 1]];
    const wanted = xs.filter((_, i) => inputs[i].requiresGrad);
    const out = grad(joined(f(...xs)), wanted, { gradOutputs: [weights], createGraph: true, allowUnused: true });
    return out.map((g, i) => g ?? checked[i].zerosLike());
  };
  // Differences of gradients are taken with recording off; the inner gradient needs it on for its own forward pass.
  gradcheck((...all) => enableGrad(() => gradients(...all)), [...inputs, v.requiresGrad_()], { ...options, name });
}

/** All outputs as one flat tensor. */
const joined = (y: Tensor | readonly Tensor[]): Tensor =>
  'length' in y ? concat(y.map((part) => part.reshape([part.numel()]))) : y;

function checkInputs(name: string, checked: readonly Tensor[]): void {
  if (checked.length === 0) throw new ValueError(name, 'at least one input must have requiresGrad', 'none');
  for (const x of checked) {
    if (x.dtype !== 'float64') {
      throw new ValueError(
        name,
        'inputs must be float64, or differences drown in rounding',
        x.dtype,
        "make them with { dtype: 'float64' }",
      );
    }
    if (!x.isLeaf) throw new ValueError(name, 'inputs must be leaves', 'the result of an op', 'detach() it first');
    if (sharesMemory(x.nd)) {
      throw new ShapeError(
        name,
        'elements of an input must not share memory',
        'an expanded view',
        'expand inside the function',
      );
    }
  }
}

/** The place in memory of the e-th element in row-major order. */
const placeOf = (x: Tensor, e: number): number =>
  coordinates(e, x.shape).reduce((at, i, d) => at + i * x.nd.strides[d], x.nd.offset);

function coordinates(e: number, shape: readonly number[]): number[] {
  const out: number[] = [];
  for (let d = shape.length - 1; d >= 0; d--) {
    out.unshift(e % shape[d]);
    e = Math.floor(e / shape[d]);
  }
  return out;
}

/** dL/dx element by element. */
const differences = (x: Tensor, loss: () => number, eps: number): Float64Array =>
  Float64Array.from({ length: x.numel() }, (_, e) => difference(x, e, eps, () => Float64Array.of(loss()))[0]);

/** (f(x + h) − f(x − h)) / 2h for element e of x, which is put back exactly. */
function difference(x: Tensor, e: number, eps: number, f: () => Data): Float64Array {
  const at = placeOf(x, e);
  const value = x.nd.data[at];
  const h = eps * Math.max(1, Math.abs(value));
  x.nd.data[at] = value + h;
  const above = f();
  x.nd.data[at] = value - h;
  const below = f();
  x.nd.data[at] = value;
  return Float64Array.from(above, (v, j) => (v - below[j]) / (value + h - (value - h)));
}

const describe = (inputs: readonly Tensor[], x: Tensor): string =>
  `input ${inputs.indexOf(x)}, of shape ${showShape(x.shape)},`;
