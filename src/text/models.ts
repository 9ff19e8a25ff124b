/**
 * What cuts a piece into tokens, made from the section `model` of a tokenizer.json; and WordLevel, the simplest one.
 */
import { bpe } from './bpe.ts';
import { show, type Section } from './section.ts';
import { unigram } from './unigram.ts';
import { unknown, vocabOf, type Model } from './vocab.ts';
import { wordPiece } from './wordPiece.ts';

/** A piece is a token, or it is unknown. */
function wordLevel(section: Section): Model {
  const vocab = vocabOf(section);
  const unk = vocab.get(section.text('unk_token', ''));
  return {
    vocab,
    tokenize: (piece) => {
      const id = vocab.get(piece) ?? unk;
      if (id === undefined) throw unknown(piece);
      return [id];
    },
  };
}

/** Files of before 2021 do not say which model it is. */
function typeOf(section: Section): string {
  if (section.has('merges')) return 'BPE';
  if (Array.isArray(section.json.vocab)) return 'Unigram';
  return section.has('max_input_chars_per_word') ? 'WordPiece' : 'WordLevel';
}

export function modelOf(section: Section): Model {
  const type = section.text('type', typeOf(section));
  switch (type) {
    case 'BPE':
      return bpe(section);
    case 'Unigram':
      return unigram(section);
    case 'WordPiece':
      return wordPiece(section);
    case 'WordLevel':
      return wordLevel(section);
    default:
      throw section.fault('type must be one of BPE, Unigram, WordPiece, WordLevel', show(type));
  }
}
