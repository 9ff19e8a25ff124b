/** Attention as a network of pipes: how much can flow from a token to a position behind the last layer. */
import { ValueError } from '../array/errors.ts';
import { tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { mixed, type AttentionExplanation, type AttentionGraphOptions } from './attention.ts';
import { maxFlow, type Network } from './maxFlow.ts';
import { turn } from './model.ts';

export interface AttentionFlowOptions extends AttentionGraphOptions {
  /** The positions behind the last layer of which the flow is asked; all if left out. Others get 0. */
  readonly positions?: readonly number[];
  /** Called off when this is aborted: the method throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told of how many of how many positions the flow has been computed. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Attention flow (Abnar and Zuidema, 2020): position i of layer l is joined to position j of the layer below by a pipe that holds Âₗ[i, j], with
 * Âₗ = (1 − r)·Aₗ + r·I as in rollout; a token's attribution is the most that can flow from it to a position behind the last layer, the other tokens
 * not counted. At most 1; rows do not sum to 1. `gap` [B, T, T] is the smallest cut − the flow, 0 where the flow is the largest.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { attentionFlow } from 'adjoint/explain';
 * const weights = [tensor([[[[1, 0], [0.5, 0.5]]]]), tensor([[[[1, 0], [1, 0]]]])];
 * console.log((await attentionFlow(weights)).attributions.toArray()); // => [ [ [ 1, 0 ], [ 0.75, 0.5 ] ] ]
 * ```
 * @param weights of each layer, the first one first: as attentionWeights gives them
 * @throws ShapeError, ValueError as attentionRollout; ValueError for a position that is not there
 */
export async function attentionFlow(
  weights: readonly Tensor[], options: AttentionFlowOptions = {},
): Promise<AttentionExplanation & { readonly gap: Tensor }> {
  const where = 'attentionFlow';
  const layers = mixed(where, weights, options);
  const [B, T] = layers[0].shape;
  const { positions = Array.from({ length: T }, (_, i) => i), signal, onProgress } = options;
  const wrong = positions.find((i) => !Number.isInteger(i) || i < 0 || i >= T);
  if (wrong !== undefined) throw new ValueError(where, `positions must be from 0 to ${T - 1}`, `${wrong}`);
  const flows = new Float64Array(B * T * T);
  const gaps = new Float64Array(B * T * T);
  let done = 0;
  for (let b = 0; b < B; b++) {
    const network = networkOf(layers.map((layer) => layer.select(0, b).toTypedArray()), T);
    for (const i of positions) {
      await turn();
      signal?.throwIfAborted();
      for (let j = 0; j < T; j++) {
        const { flow, cut } = maxFlow(network, layers.length * T + i, j);
        flows[(b * T + i) * T + j] = flow;
        gaps[(b * T + i) * T + j] = cut - flow;
      }
      onProgress?.(++done, B * positions.length);
    }
  }
  const of = (all: Float64Array): Tensor => tensor(all, { dtype: layers[0].dtype }).reshape([B, T, T]);
  return { attributions: of(flows), gap: of(gaps) };
} // prettier-ignore

/** Node l·T + i is position i below layer l; pipes lead down. */
function networkOf(layers: readonly ArrayLike<number>[], T: number): Network {
  const [from, to, capacity]: number[][] = [[], [], []];
  layers.forEach((weights, l) => {
    for (let i = 0; i < T; i++) {
      for (let j = 0; j < T; j++) {
        if (weights[i * T + j] === 0) continue;
        from.push((l + 1) * T + i);
        to.push(l * T + j);
        capacity.push(weights[i * T + j]);
      }
    }
  });
  return { nodes: (layers.length + 1) * T, from, to, capacity };
}
