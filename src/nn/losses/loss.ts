/** What all losses share: how the losses of elements or rows become the result, the checks, and the module around a function. */
import { checkTensors } from '../../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../../array/errors.ts';
import { broadcastShapes, sameShape, type Shape } from '../../array/nd.ts';
import type { Tensor } from '../../tensor.ts';
import { buffer, Module } from '../module.ts';

/** How the losses of single elements or rows become the result. */
export type Reduction = 'mean' | 'sum' | 'none';

export interface LossOptions {
  /** 'mean' (the default), 'sum', or 'none' for one loss per element or row. */
  readonly reduction?: Reduction;
}

export function reduced(where: string, losses: Tensor, reduction: Reduction = 'mean'): Tensor {
  if (reduction === 'mean') return losses.mean();
  if (reduction === 'sum') return losses.sum();
  if (reduction === 'none') return losses;
  throw new ValueError(where, "the reduction must be 'mean', 'sum' or 'none'", `'${String(reduction)}'`);
}

/** Refuses a target whose shape is not the input's. Where PyTorch broadcasts and warns, this is a mistake as well. */
export function checkSame(where: string, input: Tensor, target: Tensor): void {
  checkTensors(where, input, target);
  if (sameShape(input.shape, target.shape)) return;
  const rule = `the target must have the input's shape ${showShape(input.shape)}`;
  throw new ShapeError(where, rule, showShape(target.shape));
}

/** Refuses tensors that do not broadcast together. */
export function checkBroadcast(where: string, ...tensors: readonly Tensor[]): void {
  checkTensors(where, ...tensors);
  tensors.reduce((shape: Shape, x) => broadcastShapes(where, shape, x.shape), []);
}

/** Refuses an option that must be a number of `least` or more, or above it. */
export function checkAtLeast(where: string, name: string, value: number, least: number, above = false): void {
  if (above ? value > least : value >= least) return;
  throw new ValueError(where, `${name} must be ${above ? `above ${least}` : `${least} or more`}`, `${value}`);
}

/** Refuses weights that are not one number a class. */
export function checkWeight(where: string, weight: Tensor | null | undefined, classes: number): void {
  if (!weight || sameShape(weight.shape, [classes])) return;
  throw new ShapeError(where, `the weight must have one number a class, [${classes}]`, showShape(weight.shape));
}

/** A loss as a module: its function, with options that stay. */
export abstract class Loss<O extends object = LossOptions> extends Module {
  options: O;
  constructor(options: O = {} as O) {
    super();
    this.options = options;
  }
}

export interface WeightOption {
  /** What losses are multiplied by. */
  readonly weight?: Tensor | null;
}

/** A loss with a weight, which is a buffer, as in PyTorch: it is saved with the model. */
export abstract class WeightedLoss<O extends WeightOption> extends Module {
  options: Omit<O, 'weight'>;
  weight: Tensor | null;
  constructor(options: O = {} as O) {
    super();
    const { weight, ...rest } = options;
    this.options = rest;
    this.weight = weight ? buffer(weight) : null;
  }
}
