/**
 * Normalizers: text before it is cut into pieces. Each is a function of the text, made from its section of a
 * tokenizer.json.
 */
import { toAlphabet } from './byteLevel.ts';
import { patternOf } from './characters.ts';
import { precompiled } from './precompiled.ts';
import type { Section } from './section.ts';

export type Normalizer = (text: string) => string;

/** Each character by itself: no final sigma, which depends on its neighbours. */
const lowercase = (text: string): string => Array.from(text, (c) => c.toLowerCase()).join('');

/**
 * BERT's: control characters out, white space to spaces, a space around each Chinese character, accents off, lower
 * case. Unless said otherwise, accents go where case goes.
 */
function bertNormalizer(section: Section): Normalizer {
  const clean = section.flag('clean_text', true);
  const chinese = section.flag('handle_chinese_chars', true);
  const lower = section.flag('lowercase', true);
  const strip = section.flag('strip_accents', lower);
  return (text) => {
    if (clean) {
      text = text.replace(/[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/gu, '').replace(/\p{White_Space}/gu, ' ');
    }
    if (chinese) text = text.replace(CHINESE, ' $& ');
    if (strip) text = text.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lower ? lowercase(text) : text;
  };
}

/** The ideographs of BERT's list: Japanese kana and Korean, whose words have spaces or letters, are none. */
const CHINESE =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

const makers: Readonly<Record<string, (section: Section) => Normalizer>> = {
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  Lowercase: () => lowercase,
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ''),
  Strip: (section) => {
    const start = section.flag('strip_left') ? /^\p{White_Space}+/u : /(?!)/u;
    const end = section.flag('strip_right') ? /\p{White_Space}+$/u : /(?!)/u;
    return (text) => text.replace(start, '').replace(end, '');
  },
  Prepend: (section) => {
    const prefix = section.text('prepend');
    return (text) => (text === '' ? '' : prefix + text);
  },
  Replace: (section) => {
    const pattern = patternOf(section.at('pattern'));
    const content = section.text('content');
    return (text) => text.replace(pattern, () => content);
  },
  ByteLevel: () => toAlphabet,
  Precompiled: precompiled,
  BertNormalizer: bertNormalizer,
  Sequence: (section) => {
    const steps = section.all('normalizers').map(normalizerOf);
    return (text) => steps.reduce((t, step) => step(t), text);
  },
};

export const normalizerOf = (section: Section): Normalizer => section.make(makers);
