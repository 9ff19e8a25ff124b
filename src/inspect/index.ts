/**
 * What a run looks like, and an explanation: self-contained pages, which need the optional peers vega, vega-lite and fast-png. What
 * a call of a model costs.
 */
export { costOf, type Cost, type LayerCost } from './cost.ts';
export { renderExplanation, sectionSvg, type Explanation } from './explanation.ts';
export {
  renderReport,
  type PicturePrediction,
  type PredictionGrid,
  type ReportTable,
  type RunReport,
  type TextSample,
} from './report.ts';
export type { Confusion, Curve, Series } from './charts.ts';
export type { KeyFigure } from './page.ts';
export type { Picture } from './pictures.ts';
export type {
  AttentionSection,
  BeeswarmSection,
  CurvesSection,
  ExplanationSection,
  FeaturesSection,
  GeneratedSection,
  GridSection,
  ImageSection,
  PicturesSection,
  TextSection,
  TokensSection,
} from './sections.ts';
