/** The step sizes of a run that trains one part of a model after another. */
import { lrScheduler, type Optimizer } from '../optim/index.ts';
import type { Stage } from './task.ts';

/** In each stage the step size rises in a straight line, then falls along a cosine to a twentieth. */
export function inStages(optimizer: Optimizer, stages: readonly Stage[], stepsPerEpoch: number): lrScheduler.LambdaLR {
  for (const group of optimizer.paramGroups) group.lr = 1;
  return new lrScheduler.LambdaLR(optimizer, (t) => {
    let at = t;
    const now = stages.find(({ epochs }) => at < epochs * stepsPerEpoch || (at -= epochs * stepsPerEpoch) < 0);
    if (!now) return 0; // after the last step
    const steps = now.epochs * stepsPerEpoch;
    const rising = Math.ceil(steps / 20);
    const fall = 0.05 + 0.475 * (1 + Math.cos((Math.PI * (at - rising)) / (steps - rising)));
    return now.lr * (at < rising ? (at + 1) / (rising + 1) : fall);
  });
}
