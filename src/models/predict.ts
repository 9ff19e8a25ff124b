/** Running a model when it is not being trained: nothing is recorded, and layers such as dropout are off. */
import { noGrad } from '../engine.ts';
import type { Module } from '../nn/module.ts';

/** Runs `body` with all of a model in evaluation mode and without recording, and puts the modes back. */
export function evaluating<T>(model: Module, body: () => T): T {
  const modes = model.namedModules().map(([, module]): [Module, boolean] => [module, module.training]);
  model.eval();
  try {
    return noGrad(body);
  } finally {
    for (const [module, training] of modes) module.training = training;
  }
}

/**
 * What a model makes of its inputs outside of training; the model's modes are as before afterwards.
 * ```ts
 * import { zeros } from 'adjoint';
 * import { MLP, predict } from 'adjoint/models';
 * const model = new MLP({ sizes: [4, 8, 3], dropout: 0.5 });
 * const y = predict(model, zeros([2, 4]));
 * console.log(y.shape, y.requiresGrad, model.training); // => [ 2, 3 ] false true
 * ```
 */
export const predict = <M extends Module>(model: M, ...inputs: Parameters<M['forward']>): ReturnType<M['forward']> =>
  evaluating(model, () => model.forward(...(inputs as never[])) as ReturnType<M['forward']>);
