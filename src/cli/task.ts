/** What training and evaluation need of pictures and of text alike. */

import type { RunReport } from '../inspect/index.ts';
import type { Tensor } from '../tensor.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Metrics, Stateful } from '../train/index.ts';

export type Batch = [x: Tensor, y: Tensor];

/** A model with the data it is trained on. */
export interface Task {
  readonly loader: Iterable<Batch> & Stateful & { readonly length: number };
  loss(batch: Batch): Tensor;
  /** After each epoch, on what is held back; quick. */
  validate(): Promise<Metrics>;
  /** At the end, on all that is held back. */
  judge(): Promise<Judgement>;
  readonly tokenizer?: Tokenizer;
  readonly preprocessing?: object;
}

/** How good a model is, in numbers, in a line, and as parts of a page. */
export interface Judgement {
  readonly metrics: Metrics;
  readonly summary: string;
  /** What --json has besides the metrics. */
  readonly details?: object;
  readonly report: Pick<RunReport, 'confusion' | 'predictions' | 'texts'>;
}
