/** Convolution and pooling in ONNX: strides, paddings and dilations worked out from what the ops were told. */
import type { Pair, Movement } from '../kernels/conv.ts';
import type { Ranges } from '../kernels/pooling.ts';
import type { Shape } from '../array/nd.ts';
import type { AnyOp } from '../ops/op.ts';
import { refuse, type Applied, type Attributes, type Graph } from './graph.ts';

/** Attributes that convolution and its transpose share. */
const movement = (w: Shape, { stride, dilation, groups }: Movement): Attributes => ({
  kernel_shape: w.slice(2),
  strides: stride,
  dilations: dilation,
  group: groups,
});

/** ONNX wants the padding behind the image as well: as much as the last place of the result reaches over. */
export function convolve(g: Graph, { x: [x, w], a }: Applied): string {
  const [size, move] = a.slice(2) as [Pair, Movement];
  const behind = [0, 1].map((d) => {
    const reach = (size[d] - 1) * move.stride[d] + (w.a.shape[2 + d] - 1) * move.dilation[d] + 1;
    return Math.max(0, reach - move.padding[d] - x.a.shape[2 + d]);
  });
  return g.emit('Conv', [g.name(x), g.name(w)], { ...movement(w.a.shape, move), pads: [...move.padding, ...behind] });
}

/** The transpose reaches over (h − 1)·stride + (k − 1)·dilation + 1 places, of which padding is cut off on both sides. */
export function convolveBack(g: Graph, { x: [y, w], a }: Applied): string {
  const [size, move] = a.slice(2) as [Pair, Movement];
  const reach = [0, 1].map(
    (d) => (y.a.shape[2 + d] - 1) * move.stride[d] + (w.a.shape[2 + d] - 1) * move.dilation[d] + 1,
  );
  const behind = [0, 1].map((d) => reach[d] - move.padding[d] - size[d]);
  return g.emit('ConvTranspose', [g.name(y), g.name(w)], {
    ...movement(w.a.shape, move),
    pads: [...move.padding, ...behind.map((n) => Math.max(0, n))],
    output_padding: behind.map((n) => Math.max(0, -n)),
  });
}

interface Windows {
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly behind: number;
  readonly dilation: number;
}

/** The kernel, stride and padding that make such windows over n places; sought, for the op was told the windows only. */
function regular(op: AnyOp, windows: Ranges, n: number): Windows {
  const least = Math.max(...windows.map(({ size }) => size));
  const dilation = windows.find(({ size }) => size > 1)?.step ?? 1;
  const fits = (kernel: number, stride: number, padding: number): boolean =>
    windows.every(({ start, size }, i) => {
      const from = i * stride - padding;
      const skipped = from < 0 ? Math.ceil(-from / dilation) : 0;
      const first = from + skipped * dilation;
      return first === start && Math.min(kernel - skipped, Math.ceil((n - first) / dilation)) === size;
    });
  for (let kernel = least; kernel <= 2 * least; kernel++) {
    for (let padding = 0; 2 * padding <= kernel; padding++) {
      for (let stride = 1; stride <= n; stride++) {
        if (!fits(kernel, stride, padding)) continue;
        const reach = (windows.length - 1) * stride + (kernel - 1) * dilation + 1;
        const behind = Math.max(0, reach - padding - n);
        const made = Math.floor((n + padding + behind - (kernel - 1) * dilation - 1) / stride) + 1;
        if (made === windows.length) return { kernel, stride, before: padding, behind, dilation };
      }
    }
  }
  throw refuse(op, 'windows of different sizes', 'choose a size that divides the input');
}

function attributes(op: AnyOp, shape: Shape, along: readonly Ranges[]): Attributes & { kernel_shape: number[] } {
  const both = along.map((windows, d) => regular(op, windows, shape[2 + d]));
  return {
    kernel_shape: both.map((w) => w.kernel),
    strides: both.map((w) => w.stride),
    pads: [...both.map((w) => w.before), ...both.map((w) => w.behind)],
    dilations: both.map((w) => w.dilation),
  };
}

/** A sum is a mean that counts the padding, times the size of the kernel. */
export function poolSum(g: Graph, { op, x: [x], a }: Applied): string {
  const { dilations, ...rest } = attributes(op, x.a.shape, a.slice(1) as Ranges[]);
  if ((dilations as number[]).some((n) => n !== 1)) throw refuse(op, 'windows with gaps');
  const mean = g.emit('AveragePool', [g.name(x)], { ...rest, count_include_pad: 1 });
  return g.emit('Mul', [mean, g.number(rest.kernel_shape.reduce((n, k) => n * k, 1), x.a.dtype)]); // prettier-ignore
}

/** The places of the largest numbers stand for these numbers, until they are gathered. */
export function poolMax(g: Graph, { op, x: [x], a }: Applied): string {
  const values = g.emit('MaxPool', [g.name(x)], attributes(op, x.a.shape, a.slice(1) as Ranges[]));
  const name = `places_${g.places.size}`;
  g.places.set(name, { values, source: g.name(x) });
  return name;
}
