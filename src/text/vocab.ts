/** Vocabularies: tokens and their ids, read from a tokenizer.json and checked. What every model shares. */
import { ValueError } from '../array/errors.ts';
import { show, type Section } from './section.ts';

export interface Model {
  readonly vocab: ReadonlyMap<string, number>;
  /** The ids of the tokens that the piece is made of. */
  readonly tokenize: (piece: string) => number[];
}

/** Tokens and their ids; the ids must be whole numbers from 0, each once. */
export function vocabOf(section: Section): Map<string, number> {
  const vocab = new Map<string, number>();
  const owner = new Map<number, string>();
  const { where, json } = section.at('vocab');
  for (const [token, id] of Object.entries(json)) {
    if (!Number.isSafeInteger(id) || (id as number) < 0 || (id as number) >= 2 ** 26) {
      throw section.fault(`the id of ${show(token)} must be a whole number below 2^26`, show(id));
    }
    const other = owner.get(id as number);
    if (other !== undefined) {
      throw section.fault('each id must belong to one token', `${String(id)} for ${show(other)} and ${show(token)}`);
    }
    owner.set(id as number, token);
    vocab.set(token, id as number);
  }
  if (vocab.size === 0) throw section.fault(`${where} must have tokens`, 'none');
  return vocab;
}

/** The id of a token that the section names, such as unk_token; undefined when it names none. */
export function namedId(section: Section, key: string, vocab: ReadonlyMap<string, number>): number | undefined {
  if (!section.has(key)) return undefined;
  const token = section.text(key);
  const id = vocab.get(token);
  if (id === undefined) throw section.fault(`${key} must be a token of the vocabulary`, show(token));
  return id;
}

/** What is thrown when a text has something that no token stands for, and there is no token for the unknown. */
export function unknown(piece: string): ValueError {
  const cure = 'train on text that has it, or give the tokenizer an unknown token';
  return new ValueError('encode', 'the vocabulary must have tokens for all of the text', show(piece), cure);
}
