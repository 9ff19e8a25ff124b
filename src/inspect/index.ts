/** What a run looks like: one self-contained page. Needs the optional peers vega, vega-lite and fast-png. */
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
