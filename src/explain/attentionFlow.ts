/** Attention as a network of pipes: how much can flow from a token to a position behind the last layer. */
import { ValueError } from '../array/errors.ts';
import { tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { mixed, type AttentionExplanation, type AttentionGraphOptions } from './attention.ts';
import { turn } from './model.ts';

/** Pipes between numbered nodes: pipe e leads from `from[e]` to `to[e]` and holds `capacity[e]`. */
export interface Network {
  readonly nodes: number;
  readonly from: ArrayLike<number>;
  readonly to: ArrayLike<number>;
  readonly capacity: ArrayLike<number>;
}

/** What is at most this much of a capacity of 1 counts as nothing: sums of rounded numbers differ by as little. */
const TINY = 1e-12;

/**
 * The most that can flow from `source` to `sink` (Dinic, 1970): as long as a way is left, all shortest ways are filled. `cut` is the capacity
 * of the pipes from what can still be reached to what cannot; no flow is larger than any cut, so equality proves both.
 */
export function maxFlow({ nodes, from, to, capacity }: Network, source: number, sink: number): { flow: number; cut: number } {
  const E = from.length;
  const free = new Float64Array(2 * E); // of pipe e, and of its flow taken back: e + E
  free.set(Float64Array.from(capacity));
  const end = (e: number): number => (e < E ? to[e] : from[e - E]);
  const ways: number[][] = Array.from({ length: nodes }, () => []);
  for (let e = 0; e < E; e++) {
    ways[from[e]].push(e);
    ways[to[e]].push(e + E);
  }
  const depth = new Int32Array(nodes);
  const next = new Int32Array(nodes); // which way out of a node is tried
  const isReached = (): boolean => {
    depth.fill(-1);
    depth[source] = 0;
    const queue = [source];
    for (const node of queue) {
      for (const e of ways[node]) {
        if (free[e] <= TINY || depth[end(e)] >= 0) continue;
        depth[end(e)] = depth[node] + 1;
        queue.push(end(e));
      }
    }
    return depth[sink] >= 0;
  };
  const push = (node: number, most: number): number => {
    if (node === sink) return most;
    let sent = 0;
    for (; next[node] < ways[node].length; next[node]++) {
      const e = ways[node][next[node]];
      if (free[e] <= TINY || depth[end(e)] !== depth[node] + 1) continue;
      const some = push(end(e), Math.min(most - sent, free[e]));
      free[e] -= some;
      free[e < E ? e + E : e - E] += some;
      sent += some;
      if (most - sent <= TINY) return sent; // and the same way again, for it may hold more
    }
    return sent;
  };
  let flow = 0;
  while (isReached()) {
    next.fill(0);
    flow += push(source, Infinity);
  }
  let cut = 0;
  for (let e = 0; e < E; e++) if (depth[from[e]] >= 0 && depth[to[e]] < 0) cut += capacity[e];
  return { flow, cut };
} // prettier-ignore

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
