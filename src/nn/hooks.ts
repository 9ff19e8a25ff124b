/** Hooks on modules: functions that see, and may change, what goes into a call, what comes out, and gradients on their way back. */
import { GradError, ShapeError, showShape } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { isGradEnabled } from '../engine.ts';
import * as ops from '../ops/index.ts';
import { apply, concat, Tensor } from '../tensor.ts';
import type { Module } from './module.ts';

/** Sees the inputs before a call; what it returns, if anything, takes their place: a list of inputs, or a single one. */
export type ForwardPreHook = (module: Module, inputs: readonly unknown[]) => unknown;

/** Sees inputs and output after a call; what it returns, if anything, takes the output's place. */
export type ForwardHook = (module: Module, inputs: readonly unknown[], output: unknown) => unknown;

/** A gradient for each input of a call, or for each tensor of its output; null for what has none. */
export type Grads = readonly (Tensor | null)[];

/** Sees the gradients of inputs and outputs; what it returns, if anything, takes the place of those of the inputs. */
export type FullBackwardHook = (module: Module, gradInputs: Grads, gradOutputs: Grads) => Grads | void;

/** The hooks of a module. */
export interface Hooks {
  readonly before: Set<ForwardPreHook>;
  readonly after: Set<ForwardHook>;
  readonly backward: Set<FullBackwardHook>;
}

/** Hangs a hook up. Returns the function that takes it off again. */
export function hang<A extends readonly unknown[], R>(
  hooks: Set<(...args: A) => R>,
  hook: (...args: A) => R,
): () => void {
  const own = (...args: A): R => hook(...args); // so that one function can be hung up twice, and taken off once
  hooks.add(own);
  return () => void hooks.delete(own);
}

/** module.forward(…), and the hooks around it. */
export function callHooked(module: Module, { before, after, backward }: Hooks, given: readonly unknown[]): unknown {
  let inputs = given;
  for (const hook of before) {
    const other = hook(module, inputs);
    if (other !== undefined) inputs = Array.isArray(other) ? other : [other];
  }
  const run = (seen: readonly unknown[]): unknown => {
    let output: unknown = module.forward(...(seen as never[]));
    for (const hook of after) output = hook(module, seen, output) ?? output;
    return output;
  };
  return backward.size > 0 && isGradEnabled() ? watched(module, [...backward], inputs, run) : run(inputs);
}

/** run(inputs), whose gradients the hooks get once all of them are there. */
// prettier-ignore
function watched(
  module: Module, hooks: readonly FullBackwardHook[], inputs: readonly unknown[], run: (inputs: readonly unknown[]) => unknown,
): unknown {
  const needs = inputs.map((x) => x instanceof Tensor && x.requiresGrad);
  let gradOutputs: Grads = [];
  const seen = together(inputs.filter((_, i) => needs[i]) as Tensor[], (grads) => {
    const own = grads.values();
    let gradInputs: Grads = needs.map((need) => (need ? own.next().value! : null));
    for (const hook of hooks) gradInputs = fitting(module, inputs, hook(module, gradInputs, gradOutputs)) ?? gradInputs;
    return gradInputs.flatMap((g, i) => (needs[i] ? [g ?? (inputs[i] as Tensor).zerosLike()] : []));
  }).values();
  const output = run(inputs.map((x, i) => (needs[i] ? seen.next().value : x)));
  const outputs = tensorsOf(output);
  const aliases = together(outputs.filter((y) => y.requiresGrad), (grads) => {
    const own = grads.values();
    gradOutputs = outputs.map((y) => (y.requiresGrad ? own.next().value! : null));
    if (!needs.includes(true)) for (const hook of hooks) refuse(module, hook(module, inputs.map(() => null), gradOutputs));
    return grads;
  }).values();
  return replaced(output, (y) => (y.requiresGrad ? aliases.next().value! : y));
}

/**
 * The tensors under other names, so that only gradients that pass here are met, and a hook that gets all their gradients at once: several
 * are made one tensor on their way, for an op has one gradient.
 */
function together(
  tensors: readonly Tensor[],
  hook: (grads: readonly Tensor[]) => readonly Tensor[],
): readonly Tensor[] {
  if (tensors.length === 0) return [];
  if (tensors.length === 1) {
    const alias = apply(ops.expand, tensors[0], tensors[0].shape);
    alias.registerHook((g) => hook([g])[0]);
    return [alias];
  }
  const join = (xs: readonly Tensor[]): Tensor => concat(xs.map((x) => x.reshape([x.numel()])));
  const sizes = tensors.map((x) => x.numel());
  const part = (line: Tensor): Tensor[] => line.split(sizes).map((x, i) => x.reshape(tensors[i].shape));
  const line = join(tensors);
  line.registerHook((g) => join(hook(part(g))));
  return part(line);
}

/** What a hook returned, if it is a gradient for each input. */
function fitting(module: Module, inputs: readonly unknown[], grads: Grads | void): Grads | undefined {
  if (grads === undefined) return undefined;
  const shapes = inputs.map((x) => (x instanceof Tensor ? x.shape : null));
  const fits =
    grads.length === shapes.length && grads.every((g, i) => g === null || (shapes[i] && sameShape(g.shape, shapes[i])));
  if (fits) return grads;
  const shown = (list: readonly (readonly number[] | null)[]): string =>
    list.map((s) => (s ? showShape(s) : 'null')).join(', ');
  const rule = `a backward hook must return a gradient (or null) for each input: ${shown(shapes)}`;
  throw new ShapeError(module.constructor.name, rule, shown(grads.map((g) => g?.shape ?? null)));
}

/** Where no input has a gradient, a hook can change none. */
function refuse(module: Module, grads: Grads | void): void {
  if (grads === undefined || grads.every((g) => g === null)) return;
  throw new GradError(
    module.constructor.name,
    'a backward hook may return gradients only if some input needs one',
    'no such input',
  );
}

const isPlain = (y: unknown): y is object =>
  Array.isArray(y) || (typeof y === 'object' && y !== null && Object.getPrototypeOf(y) === Object.prototype);

/** The tensors of an output, which may be in arrays and plain objects. */
const tensorsOf = (y: unknown): Tensor[] =>
  y instanceof Tensor ? [y] : isPlain(y) ? Object.values(y).flatMap(tensorsOf) : [];

/** The same output of other tensors. */
function replaced(y: unknown, f: (x: Tensor) => Tensor): unknown {
  if (y instanceof Tensor) return f(y);
  if (Array.isArray(y)) return y.map((part) => replaced(part, f));
  return isPlain(y) ? Object.fromEntries(Object.entries(y).map(([name, part]) => [name, replaced(part, f)])) : y;
}
