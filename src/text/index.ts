/** The front door to text: re-exports, nothing else. What needs Node's files (files.ts) is not here. */
export type { BatchOptions, Batch, DecodeOptions, EncodeOptions } from './tokenizer.ts';
export { Tokenizer } from './tokenizer.ts';
export type { BertOptions, Texts, TrainOptions } from './subwords.ts';
export { bertTokenizer, gpt2Tokenizer, trainBpe, trainWordPiece } from './subwords.ts';
export type { CharOptions, WordOptions } from './words.ts';
export { charTokenizer, wordTokenizer } from './words.ts';
export type { Neighbour } from './wordVectors.ts';
export { wordsOf, WordVectors } from './wordVectors.ts';
export type { WordVectorOptions } from './skipGram.ts';
export { skipGramLoss, trainWordVectors } from './skipGram.ts';
export type { UnigramOptions } from './trainUnigram.ts';
export { trainUnigram } from './trainUnigram.ts';
