/** The most that can flow through a network of pipes, and the cut that proves it. */

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
