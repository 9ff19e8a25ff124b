/** What a training loop needs around the model: metrics and progress. */
export { accuracy, confusionMatrix, formatConfusion } from './metrics.ts';
export { progressBar, showSeconds, type Progress, type ProgressFields, type ProgressOptions } from './progress.ts';
