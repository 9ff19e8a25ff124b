/**
 * The wider vocabulary: methods of Tensor that are made of its core methods, or of one op, one abstract class a family, each
 * extending the one before. Tensor extends the last of them. They name Tensor by `import type` only.
 */
export { InPlaceIndexing as Vocabulary } from './inPlaceIndexing.ts';
