/**
 * WordPiece, as BERT uses it (Devlin et al. 2019): the longest token that the rest of the word begins with, over and
 * over; tokens that go on within a word are written with a prefix, `##`.
 */
import { show, type Section } from './section.ts';
import { unknown, vocabOf, type Model } from './vocab.ts';

export function wordPiece(section: Section): Model {
  const vocab = vocabOf(section);
  const unk = vocab.get(section.text('unk_token', '[UNK]'));
  const prefix = section.text('continuing_subword_prefix', '##');
  const most = section.number('max_input_chars_per_word', 100);
  if (!(most >= 1)) throw section.fault('max_input_chars_per_word must be 1 or more', show(most));
  let longest = 0;
  for (const token of vocab.keys()) longest = Math.max(longest, token.length);

  const cut = (word: string): number[] | null => {
    const ids: number[] = [];
    for (let start = 0; start < word.length;) {
      const before = start > 0 ? prefix : '';
      let end = Math.min(word.length, start + longest);
      while (end > start && !vocab.has(before + word.slice(start, end))) end--;
      if (end === start) return null;
      ids.push(vocab.get(before + word.slice(start, end))!);
      start = end;
    }
    return ids;
  };
  return {
    vocab,
    // A word that cannot be cut to its end is unknown as a whole.
    tokenize: (word) => {
      const ids = word.length > most && Array.from(word).length > most ? null : cut(word);
      if (ids !== null) return ids;
      if (unk === undefined) throw unknown(word);
      return [unk];
    },
  };
}
