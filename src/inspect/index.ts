/**
 * What a run looks like: one self-contained page, which needs the optional peers vega, vega-lite and fast-png. What a call of a
 * model costs.
 */
export { costOf, type Cost, type LayerCost } from './cost.ts';
export {
  renderReport,
  type KeyFigure,
  type PicturePrediction,
  type PredictionGrid,
  type ReportTable,
  type RunReport,
  type TextSample,
} from './report.ts';
export type { Confusion, Curve, Series } from './charts.ts';
export type { Picture } from './pictures.ts';
