/** Every function of nn.functional, listed once; each stands beside the layer that is made of it. */
export * from './functional.ts';
export * from './activations.ts';
export { alphaDropout, dropout, dropout1d, dropout2d, dropout3d, featureAlphaDropout } from './dropout.ts';
export { channelShuffle } from './shapes.ts';
export { cosineSimilarity, normalize, pairwiseDistance, type DistanceOptions, type NormalizeOptions, type SimilarityOptions } from './distances.ts'; // prettier-ignore
export { positionalEncoding, rotaryEmbedding, type RotaryOptions } from './positions.ts';
export { scaledDotProductAttention, type AttentionOptions } from './attention.ts';
export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d, type ConvOptions, type ConvTransposeOptions } from './conv.ts'; // prettier-ignore
export { bilinear } from './bilinear.ts';
export { embedding, type LookupOptions } from './embedding.ts';
export { embeddingBag, type BagOptions } from './embeddingBag.ts';
export { groupNorm, instanceNorm, localResponseNorm, type InstanceNormFunctionOptions, type LocalResponseOptions } from './groupNormalization.ts'; // prettier-ignore
export { batchNorm, layerNorm, rmsNorm, type BatchNormFunctionOptions, type NormOptions } from './normalization.ts';
export { fold, pad, pixelShuffle, pixelUnshuffle, unfold, type PadMode, type UnfoldOptions } from './patches.ts';
export * from './pooling.ts';
export { maxUnpool1d, maxUnpool2d, maxUnpool3d, type MaxUnpoolOptions } from './unpooling.ts';
export { affineGrid, gridSample, type AlignOptions, type GridSampleOptions } from './grids.ts';
export { interpolate, upsample, type InterpolateMode, type InterpolateOptions } from './interpolate.ts';
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
