/** Functions of several tensors, beside `stack` and `concat`: side by side, products, Einstein's sums, search. */
export * from './stacks.ts';
export * from './search.ts';
export { einsum, tensordot } from './einsum.ts';
export * from './products.ts';
