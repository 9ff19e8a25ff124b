/** What a training loop needs around the model: the loop itself, callbacks, metrics, progress, tuning. */
export { fit, type Callback, type FitOptions, type Run, type Schedule } from './fit.ts';
export { evaluate, rowsOf, type Batches, type Metrics } from './evaluate.ts';
export { earlyStopping, logFile, showProgress, stopOnInterrupt, type EarlyStoppingOptions } from './callbacks.ts';
export { findNonFinite, NonFiniteError, type Culprit } from './anomaly.ts';
export type { Stateful } from './resume.ts';
export { accuracy, confusionMatrix, formatConfusion } from './metrics.ts';
export { progressBar, showSeconds, type Progress, type ProgressFields, type ProgressOptions } from './progress.ts';
