/**
 * Pixels to PNG data URIs (fast-png), so that a page carries its pictures itself.
 * Does not scale, colour or decode.
 */
import { ShapeError, showShape } from '../array/errors.ts';
import { needs } from '../io/peers.ts';

/** Bytes row by row from the top left: grey, grey + alpha, RGB or RGBA, by their number. */
export interface Picture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Base64 without Buffer, so that a browser can do it too. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/**
 * Every picture as `data:image/png;base64,…`.
 * @throws ShapeError when the pixels are not width · height · (1, 2, 3 or 4) bytes.
 */
export async function pngDataUris(pictures: readonly Picture[]): Promise<string[]> {
  for (const [i, { pixels, width, height }] of pictures.entries()) {
    const channels = pixels.length / (width * height);
    if (!(width >= 1 && height >= 1 && [1, 2, 3, 4].includes(channels))) {
      const got = `${pixels.length} for ${showShape([height, width])} (picture ${i})`;
      throw new ShapeError('pngDataUris', 'pixels must be height · width · 1, 2, 3 or 4 bytes', got);
    }
  }
  if (pictures.length === 0) return [];
  const { encode } = await needs('pngDataUris', 'fast-png', import('fast-png'));
  return pictures.map(({ pixels, width, height }) => {
    const png = encode({ width, height, data: pixels, channels: pixels.length / (width * height), depth: 8 });
    return `data:image/png;base64,${base64(png)}`;
  });
}
