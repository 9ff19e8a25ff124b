/** `adjoint tokenize`: text to tokens, with the tokenizer of a model or a file; or a new tokenizer, learned from a text. */
import { readText } from '../io/files.ts';
import { loadTokenizer, saveTokenizer } from '../text/files.ts';
import { charTokenizer, trainBpe, trainUnigram, trainWordPiece, wordTokenizer, type Tokenizer } from '../text/index.ts';
import { UsageError, type Args } from './usage.ts';

const kinds: Readonly<Record<string, (text: string, vocabSize: number) => Tokenizer>> = {
  char: (text) => charTokenizer(text),
  word: (text, vocabSize) => wordTokenizer(text, { vocabSize }),
  bpe: (text, vocabSize) => trainBpe(text, { vocabSize }),
  wordpiece: (text, vocabSize) => trainWordPiece(text, { vocabSize }),
  unigram: (text, vocabSize) => trainUnigram(text, { vocabSize }),
};

export function tokenize(args: Args): void {
  const kind = args.text('train');
  if (kind !== undefined) learn(kind, args);
  else encode(args);
}

function encode(args: Args): void {
  const [path, ...words] = args.positionals;
  const data = args.text('data');
  if (path === undefined || (words.length === 0) === (data === undefined)) {
    throw new UsageError('there must be a DIR or tokenizer.json, and either TEXT or --data FILE; see --help');
  }
  const tokenizer = loadTokenizer(path);
  const ids = tokenizer.encode(data === undefined ? words.join(' ') : readText(data));
  const tokens = ids.map((id) => tokenizer.idToToken(id));
  if (args.has('json')) console.log(JSON.stringify({ ids, tokens }));
  else console.log(ids.map((id, i) => `${id}\t${JSON.stringify(tokens[i])}`).join('\n'));
}

function learn(kind: string, args: Args): void {
  if (!Object.hasOwn(kinds, kind)) {
    throw new UsageError(`--train must be one of ${Object.keys(kinds).join(', ')}, got '${kind}'`);
  }
  const [data, out] = [args.text('data'), args.text('out')];
  if (data === undefined || out === undefined || args.positionals.length > 0) {
    throw new UsageError('--train needs --data FILE and --out tokenizer.json, and nothing else; see --help');
  }
  const text = readText(data);
  const tokenizer = kinds[kind](text, args.whole('vocab-size', 1000, 1));
  saveTokenizer(out, tokenizer);
  const tokens = tokenizer.encode(text).length;
  const facts = { out, vocabSize: tokenizer.vocabSize, characters: [...text].length, tokens };
  if (args.has('json')) console.log(JSON.stringify(facts));
  else
    console.log(`${out}: ${facts.vocabSize} tokens; the text's ${facts.characters} characters are ${tokens} of them`);
}
