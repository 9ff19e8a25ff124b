/**
 * GPT-2's alphabet of bytes: each of the 256 bytes is a visible character, so that any text is made of 256 symbols.
 * Bytes that print as Latin-1 stand for themselves; the others, in order, are the characters from U+0100 on.
 */

/** bytes → characters: `byteAlphabet[0x20]` is Ġ. */
export const byteAlphabet: readonly string[] = /* @__PURE__ */ (() => {
  let next = 0x100;
  const prints = (b: number): boolean => (b > 0x20 && b < 0x7f) || (b > 0xa0 && b !== 0xad);
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : next++));
})();

const byteOf: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(byteAlphabet.map((c, byte) => [c, byte]));
const encoder = /* @__PURE__ */ new TextEncoder();

/** The UTF-8 of a text, in the alphabet: 'é ' → 'Ã©Ġ'. */
export function toAlphabet(text: string): string {
  let out = '';
  for (const byte of encoder.encode(text)) out += byteAlphabet[byte];
  return out;
}

/**
 * The bytes of a token in the alphabet. A token with another character, as an added one may be, is taken as text.
 */
export function bytesOf(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOf.get(token[i]);
    if (byte === undefined) return encoder.encode(token);
    bytes[i] = byte;
  }
  return bytes;
}

/** Pieces of UTF-8 as text; what is not UTF-8, as the half of a character, becomes U+FFFD. */
export function textOf(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return pieces.map((bytes) => decoder.decode(bytes, { stream: true })).join('') + decoder.decode();
}
