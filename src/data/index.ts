/** The front door to data: re-exports, nothing else. What needs Node's files (mnist.ts) is not here. */
export type { ImageStack, LabelledImages } from './images.ts';
export { countImages, selectImages, splitImages, toUnit } from './images.ts';
export type { DigitOptions } from './digits.ts';
export { drawDigits } from './digits.ts';
export { decodeIdx } from './idx.ts';
export type { SourceMap, WarpRanges } from './augment.ts';
export { warpImage, warpImages } from './augment.ts';
export type { Dataset, Item, Mapped } from './dataset.ts';
export { imageDataset, items, listDataset, mapDataset, subset, tensorDataset, windowDataset } from './dataset.ts';
export type { Collated } from './collate.ts';
export { collate } from './collate.ts';
export type { Sampler } from './samplers.ts';
export { randomSampler, sequentialSampler, weightedSampler } from './samplers.ts';
export type { LoaderOptions, LoaderState } from './loader.ts';
export { DataLoader } from './loader.ts';
export type { Fold, SplitOptions } from './splits.ts';
export { kFold, randomSplit, stratifiedKFold } from './splits.ts';
export type {
  CaptionOptions,
  Scene,
  Shape,
  ShapeColour,
  ShapeForm,
  ShapePicture,
  ShapePlace,
  ShapeSize,
} from './shapes.ts';
export {
  captionOf,
  drawScene,
  drawShapes,
  sceneOf,
  shapeCaptions,
  shapeColours,
  shapeForms,
  shapePlaces,
  shapeSizes,
} from './shapes.ts';
export { readScene, showsCaption } from './readShapes.ts';
export type { PointOptions, Points } from './points.ts';
export { drawBlobs, drawCircles, drawMoons, drawSpirals } from './points.ts';
export type { ArithmeticOptions } from './arithmetic.ts';
export { arithmetic, isRight } from './arithmetic.ts';
export { drawHouses } from './houses.ts';
export type { Column, CsvOptions, Table } from './csv.ts';
export { formatCsv, numbersOf, parseCsv } from './csv.ts';
export type { FittedColumn, FittedTable } from './table.ts';
export { encodedWidth, encodeTable, fitTable } from './table.ts';
export type { Normalization, Transform } from './transforms.ts';
export {
  addNoise,
  centerCrop,
  compose,
  denormalize,
  fitNormalize,
  normalize,
  oneHot,
  randomCrop,
  randomFlip,
  randomRotation,
  resize,
  rotate,
} from './transforms.ts';
