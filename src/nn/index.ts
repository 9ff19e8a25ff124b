/** Neural networks: modules, layers, losses; functions in `functional`, starting values in `init`. */
export { buffer, Module, parameter, type StateDict } from './module.ts';
export * from './layers.ts';
export { Conv1d, Conv2d, ConvTranspose2d, type ConvLayerOptions } from './conv.ts';
export { AdaptiveAvgPool2d, AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d } from './pooling.ts';
export { BatchNorm1d, BatchNorm2d, LayerNorm, RMSNorm, type BatchNormOptions, type LayerNormOptions } from './normalization.ts'; // prettier-ignore
export { Embedding, type EmbeddingOptions } from './embedding.ts';
export { GRUCell, LSTMCell, RNNCell, type CellOptions, type Nonlinearity } from './cells.ts';
export * from './recurrent.ts';
export { MultiheadAttention, type AttentionCallOptions, type MultiheadAttentionOptions } from './attention.ts';
export * from './losses.ts';
export * as functional from './functions.ts';
export * as init from './init.ts';
export * as utils from './utils.ts';
