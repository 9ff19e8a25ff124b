/** What `nn.utils.rnn` lists. */
export {
  packPaddedSequence,
  packSequence,
  padPackedSequence,
  padSequence,
  unpackSequence,
  unpadSequence,
} from './packing.ts';
export type { Lengths, PackedSequence, PackOptions, PadOptions } from './packing.ts';
