/** What a run looks like, and an explanation: self-contained pages. Needs the optional peers vega, vega-lite and fast-png. */
export { renderExplanation, sectionSvg, type Explanation } from './explanation.ts';
export {
  renderReport,
  type PicturePrediction,
  type PredictionGrid,
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
