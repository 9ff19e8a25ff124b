/** Every function of nn.functional, listed once; each stands beside the layer that is made of it. */
export * from './functional.ts';
export { scaledDotProductAttention, type AttentionOptions } from './attention.ts';
export { conv1d, conv2d, convTranspose2d, type ConvOptions, type ConvTransposeOptions } from './conv.ts';
export { embedding } from './embedding.ts';
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
