/**
 * Pre-tokenizers: normalized text to pieces that no token crosses. Each is made from its section of a tokenizer.json.
 */
import { toAlphabet } from './byteLevel.ts';
import { patternOf } from './characters.ts';
import type { Section } from './section.ts';

/** `first` is true for a piece that begins where the whole text begins. */
export type PreTokenizer = (text: string, first: boolean) => string[];

/** What becomes of the places where a pattern matches. */
export type Behavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

/** GPT-2's words: a contraction; letters, numbers or others, each with a space before; white space. */
const gpt2Words =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const punctuation = /[!-/:-@[-`{-~\p{P}]/gu;
/** Rust's \w+|[^\w\s]+ */
const words =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;
const space = /\p{White_Space}+/gu;

/** Cuts a text where the pattern matches. With `invert`, what lies between the matches counts as the match. */
export function split(text: string, pattern: RegExp, behavior: Behavior, invert = false): string[] {
  const parts: { text: string; match: boolean }[] = [];
  const add = (start: number, end: number, match: boolean): void => {
    if (end > start) parts.push({ text: text.slice(start, end), match: match !== invert });
  };
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    add(end, found.index, false);
    end = found.index + found[0].length;
    add(found.index, end, true);
  }
  add(end, text.length, false);

  if (behavior === 'Removed') return parts.filter((part) => !part.match).map((part) => part.text);
  if (behavior === 'Isolated') return parts.map((part) => part.text);
  const backwards = behavior === 'MergedWithNext';
  if (backwards) parts.reverse();
  const out: string[] = [];
  let before: boolean | null = null; // whether the part before was a match
  for (const { text, match } of parts) {
    const joins = before !== null && (behavior === 'Contiguous' ? match === before : match && !before);
    if (!joins) out.push(text);
    else out[out.length - 1] = backwards ? text + out[out.length - 1] : out[out.length - 1] + text;
    before = match;
  }
  return backwards ? out.reverse() : out;
}

function behaviorOf(section: Section, fallback?: Behavior): Behavior {
  const behavior = section.text('behavior', fallback);
  const all: readonly string[] = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];
  if (!all.includes(behavior)) throw section.fault(`behavior must be one of ${all.join(', ')}`, behavior);
  return behavior as Behavior;
}

/** SentencePiece's: a space is the character ▁, which begins a word; the first word may get one too. */
export function prependSchemeOf(section: Section): string {
  const old = section.flag('add_prefix_space', true) ? 'always' : 'never';
  const scheme = section.text('prepend_scheme', old);
  if (!['always', 'first', 'never'].includes(scheme)) {
    throw section.fault('prepend_scheme must be one of always, first, never', scheme);
  }
  return scheme;
}

const makers: Readonly<Record<string, (section: Section) => PreTokenizer>> = {
  ByteLevel: (section) => {
    const prefix = section.flag('add_prefix_space', true);
    const useRegex = section.flag('use_regex', true);
    return (text) => {
      if (prefix && !text.startsWith(' ')) text = ` ${text}`;
      return (useRegex ? split(text, gpt2Words, 'Isolated') : [text]).map(toAlphabet);
    };
  },
  BertPreTokenizer: () => (text) =>
    split(text, space, 'Removed').flatMap((piece) => split(piece, punctuation, 'Isolated')),
  Metaspace: (section) => {
    const replacement = section.text('replacement', '▁');
    const scheme = prependSchemeOf(section);
    const cut = section.flag('split', true);
    const at = new RegExp(replacement, 'gu');
    return (text, first) => {
      text = text.replaceAll(' ', replacement);
      const prepend = (scheme === 'always' || (scheme === 'first' && first)) && !text.startsWith(replacement);
      if (prepend) text = replacement + text;
      return cut ? split(text, at, 'MergedWithNext') : [text];
    };
  },
  Whitespace: () => (text) => split(text, words, 'Removed', true),
  WhitespaceSplit: () => (text) => split(text, space, 'Removed'),
  Split: (section) => {
    const pattern = patternOf(section.at('pattern'));
    const behavior = behaviorOf(section);
    const invert = section.flag('invert', false);
    return (text) => split(text, pattern, behavior, invert);
  },
  Punctuation: (section) => {
    const behavior = behaviorOf(section, 'Isolated');
    return (text) => split(text, punctuation, behavior);
  },
  Digits: (section) => {
    const behavior = section.flag('individual_digits', false) ? 'Isolated' : 'Contiguous';
    return (text) => split(text, /\p{N}/gu, behavior);
  },
  Sequence: (section) => {
    const steps = section.all('pretokenizers').map(preTokenizerOf);
    return (text, first) =>
      steps.reduce((pieces, step) => pieces.flatMap((piece, i) => step(piece, first && i === 0)), [text]);
  },
};

export const preTokenizerOf = (section: Section): PreTokenizer => section.make(makers);
