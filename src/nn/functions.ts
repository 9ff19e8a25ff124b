/** Every function of nn.functional, listed once; each stands beside the layer that is made of it. */
export * from './functional.ts';
export * from './activations.ts';
export { alphaDropout, dropout, dropout1d, dropout2d, dropout3d, featureAlphaDropout } from './dropout.ts';
export { channelShuffle } from './shapes.ts';
export { cosineSimilarity, normalize, pairwiseDistance, type DistanceOptions, type NormalizeOptions, type SimilarityOptions } from './distances.ts'; // prettier-ignore
export { positionalEncoding, rotaryEmbedding, type RotaryOptions } from './positions.ts';
export { scaledDotProductAttention, type AttentionOptions } from './attention.ts';
export { conv1d, conv2d, convTranspose2d, type ConvOptions, type ConvTransposeOptions } from './conv.ts';
export { bilinear } from './bilinear.ts';
export { embedding, type LookupOptions } from './embedding.ts';
export { embeddingBag, type BagOptions } from './embedding-bag.ts';
export { groupNorm, instanceNorm, localResponseNorm, type InstanceNormFunctionOptions, type LocalResponseOptions } from './group-normalization.ts'; // prettier-ignore
export { batchNorm, layerNorm, rmsNorm, type BatchNormFunctionOptions, type NormOptions } from './normalization.ts';
export { fold, pad, pixelShuffle, pixelUnshuffle, unfold, type PadMode, type UnfoldOptions } from './patches.ts';
export {
  adaptiveAvgPool2d,
  avgPool1d,
  avgPool2d,
  maxPool1d,
  maxPool2d,
  type AvgPoolOptions,
  type MaxPoolOptions,
  type Pooled,
} from './pooling.ts';
export type { LossOptions, Reduction } from './losses/loss.ts';
export { crossEntropy, nllLoss, type CrossEntropyOptions, type NllOptions } from './losses/classes.ts';
export { ctcLoss, type CtcOptions } from './losses/ctc.ts';
export {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  multilabelMarginLoss,
  multiMarginLoss,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
  type Distance,
  type MarginOptions,
  type MultiMarginOptions,
  type TripletDistanceOptions,
  type TripletMarginOptions,
} from './losses/margins.ts';
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  klDiv,
  multilabelSoftMarginLoss,
  softMarginLoss,
  type BceWithLogitsOptions,
  type BinaryCrossEntropyOptions,
  type KlDivOptions,
} from './losses/probabilities.ts';
export {
  gaussianNllLoss,
  huberLoss,
  l1Loss,
  mseLoss,
  poissonNllLoss,
  smoothL1Loss,
  type GaussianNllOptions,
  type HuberOptions,
  type PoissonNllOptions,
  type SmoothL1Options,
} from './losses/regression.ts';
