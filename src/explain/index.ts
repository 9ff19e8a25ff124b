/** `adjoint/explain`: why a model says what it says. Methods take a function of tensors, and know no layer. */
export * from './ablation.ts';
export * from './adversarial.ts';
export {
  attentionRollout,
  attentionWeights,
  type AttentionExplanation,
  type AttentionGraphOptions,
} from './attention.ts';
export * from './attentionFlow.ts';
export * from './dependence.ts';
export * from './gradients.ts';
export * from './influence.ts';
export * from './integrated.ts';
export * from './lime.ts';
export * from './logitLens.ts';
export * from './patching.ts';
export * from './quality.ts';
export * from './relevance.ts';
export * from './segments.ts';
export * from './shapley.ts';
export * from './terms.ts';
export * from './tokens.ts';
export type { LayeredModel, Tokens } from './layered.ts';
export type { AnyModel, Model, TargetOptions, WorkOptions } from './model.ts';
export type { GameOptions } from './game.ts';
