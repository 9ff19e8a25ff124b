/** Gradients where each ReLU passes back only what is positive. */
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import type { Explanation } from './gradients.ts';
import { batchOf, type Model, type TargetOptions } from './model.ts';
import { walked, type Rules } from './relevance.ts';

const guided: Rules = new Map([[ops.relu, (g, y) => [g.mul(y.gt(0)).relu()]]]);
const deconvolved: Rules = new Map([[ops.relu, (g) => [g.relu()]]]);

/**
 * The gradient with, at each ReLU, only what is positive passed back (Springenberg et al., 2015). Sharp pictures, that
 * hardly depend on the class or on the later layers (Adebayo et al., 2018): see randomizationCheck.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { guidedBackprop, saliency } from 'adjoint/explain';
 * const f = (x) => x.relu().mul(tensor([2, -3])).sum(1);
 * const x = tensor([[1, 1]]);
 * saliency(f, x, { abs: false }).attributions.toArray() // => [ [ 2, -3 ] ]
 * guidedBackprop(f, x).attributions.toArray() // => [ [ 2, 0 ] ]
 * ```
 */
export const guidedBackprop = (f: Model, x: Tensor, options: TargetOptions = {}): Explanation => ({
  attributions: walked('guidedBackprop', f, batchOf('guidedBackprop', x), options, guided).c,
});

/** The same without the ReLU's own rule: what is positive passes, wherever the ReLU was (Zeiler and Fergus, 2014). */
export const deconvolution = (f: Model, x: Tensor, options: TargetOptions = {}): Explanation => ({
  attributions: walked('deconvolution', f, batchOf('deconvolution', x), options, deconvolved).c,
});
