/**
 * Added tokens: special ones such as <|endoftext|> and [MASK], which are found in a text before anything else is done
 * to it.
 */
import { literal } from './characters.ts';
import type { Section } from './section.ts';

/** As in `added_tokens` of a tokenizer.json. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** not within a word */
  readonly single_word: boolean;
  /** takes the white space before it, or after it, along */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** looked for in the normalized text, else in the text as it came */
  readonly normalized: boolean;
  /** left out by `skipSpecialTokens` */
  readonly special: boolean;
}

/** A stretch of text, or the id of an added token. `at` is where it begins. */
export type Stretch = { readonly text: string; readonly at: number } | { readonly id: number };

export const addedTokenOf = (section: Section): AddedToken => ({
  id: section.number('id'),
  content: section.text('content'),
  single_word: section.flag('single_word', false),
  lstrip: section.flag('lstrip', false),
  rstrip: section.flag('rstrip', false),
  normalized: section.flag('normalized', false),
  special: section.flag('special', false),
});

const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u;
const wordAfter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;

/** Cuts a text at tokens: the leftmost first, of those the longest. `contentOf` is how a token is written in the text. */
export function splitter(
  tokens: readonly AddedToken[],
  contentOf: (token: AddedToken) => string,
): (text: string) => Stretch[] {
  const byContent = new Map(tokens.map((token) => [contentOf(token), token]));
  byContent.delete('');
  const longestFirst = [...byContent.keys()].sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return (text) => (text === '' ? [] : [{ text, at: 0 }]);
  const pattern = new RegExp(longestFirst.map(literal).join('|'), 'gu');

  return (text) => {
    const out: Stretch[] = [];
    let done = 0;
    for (const found of text.matchAll(pattern)) {
      const token = byContent.get(found[0])!;
      let start = found.index;
      let end = start + found[0].length;
      if (start < done) continue; // its beginning went with the white space of the one before
      if (token.single_word && (wordBefore.test(text.slice(0, start)) || wordAfter.test(text.slice(end)))) continue;
      if (token.lstrip) while (start > done && /\p{White_Space}/u.test(text[start - 1])) start--;
      if (token.rstrip) while (end < text.length && /\p{White_Space}/u.test(text[end])) end++;
      if (start > done) out.push({ text: text.slice(done, start), at: done });
      out.push({ id: token.id });
      done = end;
    }
    if (done < text.length) out.push({ text: text.slice(done), at: done });
    return out;
  };
}
