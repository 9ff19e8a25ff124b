/** Neural networks: modules, layers, losses; functions in `functional`, starting values in `init`. */
export { buffer, Module, parameter, type StateDict } from './module.ts';
export type { ForwardHook, ForwardPreHook, FullBackwardHook, Grads } from './hooks.ts';
export * from './layers.ts';
export * from './containers.ts';
export * from './activationLayers.ts';
export { AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout } from './dropout.ts';
export { ChannelShuffle, Flatten, Identity, PixelShuffle, PixelUnshuffle, Unflatten } from './shapes.ts';
export * from './paddingLayers.ts';
export { CosineSimilarity, PairwiseDistance } from './distances.ts';
export { Bilinear } from './bilinear.ts';
export * from './convLayers.ts';
export * from './poolingLayers.ts';
export { Upsample, UpsamplingBilinear2d, UpsamplingNearest2d } from './interpolate.ts';
export { MaxUnpool1d, MaxUnpool2d, MaxUnpool3d } from './unpooling.ts';
export { BatchNorm1d, BatchNorm2d, BatchNorm3d, LayerNorm, RMSNorm, type BatchNormOptions, type LayerNormOptions } from './normalization.ts'; // prettier-ignore
export { GroupNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, LocalResponseNorm, type GroupNormOptions, type InstanceNormOptions } from './groupNormalization.ts'; // prettier-ignore
export { Embedding, type EmbeddingOptions, type PretrainedOptions } from './embedding.ts';
export { EmbeddingBag, type EmbeddingBagOptions } from './embeddingBag.ts';
export { GRUCell, LSTMCell, RNNCell, type CellOptions, type Nonlinearity } from './cells.ts';
export * from './recurrent.ts';
export * from './transformer.ts';
export { LearnedPositionalEncoding, PositionalEncoding, RotaryEmbedding } from './positions.ts';
export { MultiheadAttention, type AttentionCallOptions, type MultiheadAttentionOptions } from './attention.ts';
export {
  BCELoss,
  BCEWithLogitsLoss,
  KLDivLoss,
  MultiLabelSoftMarginLoss,
  SoftMarginLoss,
} from './losses/probabilities.ts';
export { CrossEntropyLoss, NLLLoss } from './losses/classes.ts';
export { CTCLoss } from './losses/ctc.ts';
export { CosineEmbeddingLoss, HingeEmbeddingLoss, MarginRankingLoss, MultiLabelMarginLoss, MultiMarginLoss, TripletMarginLoss, TripletMarginWithDistanceLoss } from './losses/margins.ts'; // prettier-ignore
export { GaussianNLLLoss, HuberLoss, L1Loss, MSELoss, PoissonNLLLoss, SmoothL1Loss } from './losses/regression.ts';
export * as functional from './functions.ts';
export * as init from './init.ts';
export * as utils from './utils.ts';
