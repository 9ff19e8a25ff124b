/** Optimizers, in order of increasing complexity; schedules of their step sizes; averages of weights. */
export {
  Optimizer,
  type CommonOptions,
  type OptimizerState,
  type ParamGroup,
  type Params,
  type ParamState,
} from './optimizer.ts';
export { GradientDescent } from './gradientDescent.ts';
export { SGD } from './sgd.ts';
export { Rprop } from './rprop.ts';
export { Adagrad } from './adagrad.ts';
export { Adadelta } from './adadelta.ts';
export { RMSprop } from './rmsprop.ts';
export { Adam, AdamW } from './adam.ts';
export { Adamax } from './adamax.ts';
export { NAdam } from './nadam.ts';
export { RAdam } from './radam.ts';
export { Lion } from './lion.ts';
export { Muon } from './muon.ts';
export { LBFGS } from './lbfgs.ts';
export * as lrScheduler from './lrScheduler.ts';
export * as swaUtils from './swaUtils.ts';
