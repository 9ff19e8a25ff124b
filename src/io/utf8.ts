/** UTF-8 bytes as text; bytes that are not UTF-8 are refused, with their place. */
import { FormatError } from '../array/errors.ts';

/**
 * The text of a file's bytes. A byte order mark at the beginning is left out.
 * @param where the file's name, which stands in every message
 * @throws FormatError when the bytes are not UTF-8, naming line and byte of the first that is wrong.
 * ```ts
 * import { decodeText } from 'adjoint/io';
 * console.log(decodeText(Uint8Array.of(0xc3, 0xa9), 'e.txt')); // => é
 * ```
 */
export function decodeText(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const at = wellFormedLength(bytes);
    const line = bytes.subarray(0, at).reduce((n, byte) => n + (byte === 0x0a ? 1 : 0), 1);
    const got = `0x${bytes[at].toString(16).padStart(2, '0')} at byte ${at}`;
    const cure = guess(bytes) ?? 'save it as UTF-8';
    throw new FormatError(`${where}:${line}`, 'the file must be UTF-8 text', got, cure);
  }
}

/** How many bytes come before the first sequence that is not UTF-8 (Unicode 15, table 3-7). */
function wellFormedLength(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at];
    const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length === 0) return at;
    for (let i = 1; i < length; i++) {
      // The byte after E0, ED, F0 and F4 has a range of its own: no overlong forms, no surrogates, nothing past U+10FFFF.
      const low = i === 1 && lead === 0xe0 ? 0xa0 : i === 1 && lead === 0xf0 ? 0x90 : 0x80;
      const high = i === 1 && lead === 0xed ? 0x9f : i === 1 && lead === 0xf4 ? 0x8f : 0xbf;
      const next = bytes[at + i];
      if (next === undefined || next < low || next > high) return at;
    }
    at += length;
  }
  return bytes.length;
}

function guess(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'this is gzip: unpack it first';
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return 'this is UTF-16: save it as UTF-8';
  }
  return undefined;
}
