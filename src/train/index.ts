/** What a training loop needs around the model: the loop itself, callbacks, metrics, progress, tuning. */
export { fit, type Callback, type FitOptions, type Run, type Schedule } from './fit.ts';
export { evaluate, rowsOf, type Batches, type Metrics } from './evaluate.ts';
export { earlyStopping, logFile, showProgress, stopOnInterrupt, type EarlyStoppingOptions } from './callbacks.ts';
export { findNonFinite, NonFiniteError, type Culprit } from './anomaly.ts';
export type { Stateful } from './resume.ts';
export { findLr, type FindLrOptions, type FoundLr } from './findLr.ts';
export { crossValidate, type CrossValidation } from './crossValidate.ts';
export { grid, logUniform, randomDraws, type Settings, type Space } from './search.ts';
export {
  formatTrials,
  successiveHalving,
  tune,
  type HalvingOptions,
  type Trial,
  type TrialFunction,
  type TuneOptions,
} from './tune.ts';
export {
  accuracy,
  calibration,
  confusionMatrix,
  formatConfusion,
  perplexity,
  precisionRecall,
  r2Score,
  rocAuc,
  topKAccuracy,
  type Calibration,
  type Retrieval,
  type RetrievalReport,
} from './metrics.ts';
export { progressBar, showSeconds, type Progress, type ProgressFields, type ProgressOptions } from './progress.ts';
