/** The front door to data: re-exports, nothing else. What needs Node's files (mnist.ts) is not here. */
export type { ImageStack, LabelledImages } from './images.ts';
export { countImages, selectImages, splitImages, toUnit } from './images.ts';
export type { DigitOptions } from './digits.ts';
export { drawDigits } from './digits.ts';
export { decodeIdx } from './idx.ts';
export type { SourceMap, WarpRanges } from './augment.ts';
export { warpImage, warpImages } from './augment.ts';
