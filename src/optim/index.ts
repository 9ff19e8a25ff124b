/** Optimizers, in order of increasing complexity. */
export { Optimizer, type OptimizerState, type ParamGroup } from './optimizer.ts';
export { GradientDescent } from './gradient-descent.ts';
export { SGD } from './sgd.ts';
export { Adam, AdamW } from './adam.ts';
