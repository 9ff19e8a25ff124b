/**
 * Unfolding and folding in the scratchpad, channel by channel. The rows of an image that a block sees are laid out with
 * zeros around them, a band; then the numbers that one place of the kernel sees are rows of the band, each moved along.
 */
import type { Data } from '../../array/nd.ts';
import type { Plan } from '../conv.ts';
import { addRows, copyRows } from '../wasm/conv.ts';
import { scratchpad } from '../wasm/scratchpad.ts';
import { AREA, OVERRUN } from '../wasm/vectors.ts';
import { areas, copyIn, copyOut } from './elementwise.ts';
import { kernelOf } from './twins.ts';

const [PATCHES, BAND, STAGE] = areas;
const ROOM = AREA - OVERRUN;

/** What a block of whole rows of places sees of the images that it is part of; see unfold in kernels/conv.ts. */
// prettier-ignore
export function unfold(
  plan: Plan, x: Data, xi: number, patches: Data, group: number, place: number, B: number, back: boolean,
): boolean {
  const { C, H, W, w, kH, kW, Cg, K, P, move } = plan;
  const [[sH, sW], [pH, pW], [dH, dW]] = [move.stride, move.padding, move.dilation];
  if (sW !== 1 || pW < 0 || place % w !== 0 || B % w !== 0 || K * B > ROOM) return false;
  if (!(x instanceof Float32Array && patches instanceof Float32Array)) return false;
  const wide = w + (kW - 1) * dW;
  const most = (Math.min(B, P) / w - 1) * sH + (kH - 1) * dH + 1; // rows of a band
  if (most * wide > ROOM || Math.min(most, H) * W > ROOM) return false;
  const copy = kernelOf(copyRows, K * B);
  const add = kernelOf(addRows, K * B);
  if (copy === null || add === null) return false;

  const { floats } = scratchpad()!;
  const width = Math.max(0, Math.min(W, wide - pW)); // columns of the image in the band, from pW on
  if (back) copyIn(floats, PATCHES, patches, 0, K * B);
  for (let q = 0; q < B;) {
    const first = ((place + q) % P) / w;
    const rows = Math.min((B - q) / w, P / w - first);
    const top = first * sH - pH; // the image's row that comes first in the band
    const height = (rows - 1) * sH + (kH - 1) * dH + 1;
    const [from, to] = [Math.max(0, top), Math.max(0, top, Math.min(H, top + height))];
    const inside = 4 * (BAND + (from - top) * wide + pW);
    let at = xi + ((Math.floor((place + q) / P) * C + group * Cg) * H + from) * W;
    for (let c = 0; c < Cg; c++, at += H * W) {
      floats.fill(0, BAND, BAND + height * wide);
      copyIn(floats, STAGE, x, at, (to - from) * W);
      copy(4 * STAGE, 4 * W, inside, 4 * wide, to - from, width);
      for (let kh = 0; kh < kH; kh++) {
        for (let kw = 0; kw < kW; kw++) {
          const seen = 4 * (BAND + kh * dH * wide + kw * dW);
          const row = 4 * (PATCHES + ((c * kH + kh) * kW + kw) * B + q);
          if (back) add(row, 4 * w, seen, 4 * sH * wide, rows, w);
          else copy(seen, 4 * sH * wide, row, 4 * w, rows, w);
        }
      }
      if (back) {
        copy(inside, 4 * wide, 4 * STAGE, 4 * W, to - from, width);
        copyOut(floats, STAGE, x, at, (to - from) * W);
      }
    }
    q += rows * w;
  }
  if (!back) copyOut(floats, PATCHES, patches, 0, K * B);
  return true;
}
