/**
 * SentencePiece's compiled normalization, as files of T5, ALBERT and XLM-R have it: a table from character sequences to
 * what stands in their place. Bytes: the size of a trie, the trie, and the replacements, each ended by a 0.
 *
 * The trie is a double array (darts-clone): a unit of 32 bits a node, whose child by byte c stands at position ^ c, and
 * is one only if its label is c.
 */
import type { Section } from './section.ts';

/** Longer sequences are not looked up as a whole. */
const LONGEST = 6;

const label = (unit: number): number => unit & 0x800000ff; // bit 31 marks a value, which is no child
const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
const hasValue = (unit: number): boolean => (unit & 0x100) !== 0;

/** The normalizer of a section with `precompiled_charsmap`, in base64. */
export function precompiled(section: Section): (text: string) => string {
  const bytes = fromBase64(section);
  const view = new DataView(bytes.buffer);
  const size = bytes.length >= 4 ? view.getUint32(0, true) : -1;
  if (size < 0 || size % 4 !== 0 || 4 + size > bytes.length) {
    throw section.fault('precompiled_charsmap must be a trie and its texts', `${bytes.length} bytes`);
  }
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const texts = bytes.subarray(4 + size);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  /** What stands in the place of the shortest beginning of a sequence that is in the table; null where none is. */
  const lookUp = (sequence: string): string | null => {
    let at = offset(units[0] ?? 0);
    for (const byte of encoder.encode(sequence)) {
      if (byte === 0) return null;
      at ^= byte;
      const unit = units[at] ?? 0;
      if (label(unit) !== byte) return null;
      at ^= offset(unit);
      if (!hasValue(unit)) continue;
      const start = (units[at] ?? 0) & 0x7fffffff;
      return decoder.decode(texts.subarray(start, texts.indexOf(0, start)));
    }
    return null;
  };

  const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
  const known = new Map<string, string>();
  const normalize = (grapheme: string): string => {
    const whole = encoder.encode(grapheme).length < LONGEST ? lookUp(grapheme) : null;
    return whole ?? Array.from(grapheme, (c) => lookUp(c) ?? c).join('');
  };
  return (text) => {
    let out = '';
    for (const { segment } of graphemes.segment(text)) {
      let normal = known.get(segment);
      if (normal === undefined) known.set(segment, (normal = normalize(segment)));
      out += normal;
    }
    return out;
  };
}

function fromBase64(section: Section): Uint8Array<ArrayBuffer> {
  const text = section.text('precompiled_charsmap');
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw section.fault('precompiled_charsmap must be base64', JSON.stringify(text.slice(0, 20)));
  }
}
