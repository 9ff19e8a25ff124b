/** Functions of several tensors, beside `stack` and `concat`: side by side, grids, products, Einstein's sums, search. */
export * from './grids.ts';
export * from './stacks.ts';
export * from './search.ts';
export { einsum, tensordot } from './einsum.ts';
export * from './products.ts';
