/**
 * Decoders: tokens back to text. Each step maps a list of strings to a list of strings, which are joined at the end;
 * made from its section of a tokenizer.json.
 */
import { bytesOf, textOf } from './byteLevel.ts';
import { patternOf } from './characters.ts';
import { prependSchemeOf } from './preTokenizers.ts';
import type { Section } from './section.ts';

/** `added` tells the tokens that were added to the model's: they are text as they stand. */
export type Decoder = (tokens: readonly string[], added: (token: string) => boolean) => string[];

const encoder = /* @__PURE__ */ new TextEncoder();

/** What English tokenizers put a space before, and people do not. */
const cleanups: readonly [string, string][] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** `<0xE2>` … in a row are the bytes of characters; where they are not UTF-8, each is U+FFFD. */
function byteFallback(tokens: readonly string[]): string[] {
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      out.push(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)));
    } catch {
      out.push(...bytes.map(() => '\ufffd'));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-F]{2})>$/.exec(token);
    if (byte) {
      bytes.push(parseInt(byte[1], 16));
      continue;
    }
    flush();
    out.push(token);
  }
  flush();
  return out;
}

const makers: Readonly<Record<string, (section: Section) => Decoder>> = {
  ByteLevel: () => (tokens, added) => [
    textOf(tokens.map((token) => (added(token) ? encoder.encode(token) : bytesOf(token)))),
  ],
  WordPiece: (section) => {
    const prefix = section.text('prefix', '##');
    const cleanup = section.flag('cleanup', true);
    return (tokens) =>
      tokens.map((token, i) => {
        let text = token;
        if (i > 0) text = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
        return cleanup ? cleanups.reduce((t, [from, to]) => t.replaceAll(from, to), text) : text;
      });
  },
  Metaspace: (section) => {
    const replacement = section.text('replacement', '▁');
    const drops = prependSchemeOf(section) !== 'never';
    return (tokens) => tokens.map((token, i) => token.replaceAll(replacement, i === 0 && drops ? '' : ' '));
  },
  BPEDecoder: (section) => {
    const suffix = section.text('suffix', '</w>');
    return (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' '));
  },
  ByteFallback: () => byteFallback,
  Fuse: () => (tokens) => [tokens.join('')],
  Replace: (section) => {
    const pattern = patternOf(section.at('pattern'));
    const content = section.text('content');
    return (tokens) => tokens.map((token) => token.replace(pattern, () => content));
  },
  Strip: (section) => {
    const content = section.text('content', ' ');
    const start = section.number('start', 0);
    const stop = section.number('stop', 0);
    return (tokens) =>
      tokens.map((token) => {
        let from = 0;
        let to = token.length;
        while (from < start && token[from] === content) from++;
        while (token.length - to < stop && to > from && token[to - 1] === content) to--;
        return token.slice(from, to);
      });
  },
  Sequence: (section) => {
    const steps = section.all('decoders').map(decoderOf);
    return (tokens, added) => steps.reduce((list, step) => step(list, added), [...tokens]);
  },
};

export const decoderOf = (section: Section): Decoder => section.make(makers);
