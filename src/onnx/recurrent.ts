/** An LSTM as the nodes of its steps: the op is given what the inputs give to the gates, which ONNX's LSTM is not. */
import type { Applied, Graph } from './graph.ts';

/** y[6, T, B, H], the planes h, c, i, f, g, o, of x[T, B, 4H], w[4H, H] and the first state h, c [B, H]. */
export function unrollLstm(g: Graph, { x, a }: Applied): string {
  const [inputs, w, h0, c0] = x.map((v) => g.name(v));
  const [T] = x[0].a.shape;
  const H = x[2].a.shape[1];
  const reverse = a[4] as boolean;
  const steps = new Array<string>(T); // each [6, 1, B, H]
  let [h, c] = [h0, c0];
  for (let s = 0; s < T; s++) {
    const t = reverse ? T - 1 - s : s;
    const now = g.emit('Gather', [inputs, g.whatever([], 'int64', [t])], { axis: 0 });
    const sum = g.emit('Gemm', [h, w, now], { transB: 1 }); // [B, 4H]
    const gate = (k: number): string =>
      g.emit('Slice', [sum, g.list([k * H]), g.list([(k + 1) * H]), g.list([1]), g.list([1])]);
    const [i, f, o] = [0, 1, 3].map((k) => g.emit('Sigmoid', [gate(k)]));
    const u = g.emit('Tanh', [gate(2)]);
    c = g.emit('Add', [g.emit('Mul', [f, c]), g.emit('Mul', [i, u])]); // c = f⊙c + i⊙g
    h = g.emit('Mul', [o, g.emit('Tanh', [c])]); // h = o⊙tanh c
    const planes = [h, c, i, f, u, o].map((plane) => g.emit('Unsqueeze', [plane, g.list([0, 1])]));
    steps[t] = g.emit('Concat', planes, { axis: 0 });
  }
  return g.emit('Concat', steps, { axis: 1 });
}
