/** Every op, listed once: what the generic tests, the docs and the graph view iterate over. */
export * from './arithmetic.ts';
export * from './functions.ts';
export * from './special.ts';
export * from './pairs.ts';
export * from './reductions.ts';
export * from './scans.ts';
export * from './statistics.ts';
export * from './views.ts';
export * from './indexing.ts';
export * from './sorting.ts';
export * from './matmul.ts';
export * from './decompositions.ts';
export * from './conv.ts';
export * from './pooling.ts';
export * from './normalization.ts';
export * from './recurrent.ts';
export * from './fused.ts';
