/**
 * Convolution: three bilinear ops, closed under differentiation. All are derivatives of one trilinear form
 * Σ y(i)·w(k)·x(i·stride + k·dilation − padding), so each one's rules are the other two.
 * Each is told the height and width of its result, as reductions are told their shape.
 */
import type { Nd } from '../array/nd.ts';
import * as k from '../kernels/conv.ts';
import type { Movement, Pair } from '../kernels/conv.ts';
import { defineOp, type Ghost, type Op } from './op.ts';

type Convolution = Op<[a: Nd, b: Nd, size: Pair, move: Movement]>;

/** Height and width. */
const plane = ({ shape }: Ghost): Pair => [shape[2], shape[3]];

/** y[N, O, h, w] of x[N, C, H, W] and w[O, C/groups, kH, kW]. */
export const conv2d: Convolution = /* @__PURE__ */ defineOp({
  name: 'conv2d',
  forward: (x: Nd, w: Nd, size: Pair, move: Movement) => k.conv2d(x, w, size, move),
  reads: 'inputs',
  vjp: [
    (g, _y, x, w, _size, move) => g.apply(conv2dInput, g, w, plane(x), move),
    (g, _y, x, w, _size, move) => g.apply(conv2dWeight, x, g, plane(w), move),
  ],
});

/** x of y and w: what a convolution's input gets from its output, also called transposed convolution. */
export const conv2dInput: Convolution = /* @__PURE__ */ defineOp({
  name: 'conv2dInput',
  forward: (y: Nd, w: Nd, size: Pair, move: Movement) => k.conv2dInput(y, w, size, move),
  reads: 'inputs',
  vjp: [
    (g, _x, y, w, _size, move) => g.apply(conv2d, g, w, plane(y), move),
    (g, _x, y, w, _size, move) => g.apply(conv2dWeight, g, y, plane(w), move),
  ],
});

/** w of x and y. */
export const conv2dWeight: Convolution = /* @__PURE__ */ defineOp({
  name: 'conv2dWeight',
  forward: (x: Nd, y: Nd, size: Pair, move: Movement) => k.conv2dWeight(x, y, size, move),
  reads: 'inputs',
  vjp: [
    (g, _w, x, y, _size, move) => g.apply(conv2dInput, y, g, plane(x), move),
    (g, _w, x, y, _size, move) => g.apply(conv2d, x, g, plane(y), move),
  ],
});
