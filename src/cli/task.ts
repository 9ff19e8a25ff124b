/** What training and evaluation need of any kind of data. */

import { createHash } from 'node:crypto';
import type { RunReport } from '../inspect/index.ts';
import type { Module } from '../nn/module.ts';
import type { Tensor } from '../tensor.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Metrics, Stateful } from '../train/index.ts';
import type { Settings } from './recipes.ts';

/** What a run was asked to do; it stands in its config.json. */
export interface Plan {
  readonly recipe: string;
  /** Where the data is, or the name of data that code draws; null for what the model is trained on by default. */
  readonly data: string | null;
  readonly settings: Settings;
  /** Of a table: which columns are what. */
  readonly columns?: ColumnChoice;
  /** The folder of a run whose BERT is the start of this one. */
  readonly pretrained?: string;
  /** SHA-256 of the data: a run goes on with the data that it began with. */
  readonly fingerprint?: string;
}

/** What is said of the columns of a table. */
export interface ColumnChoice {
  /** What is foretold; the last column if left out. */
  readonly target?: string;
  /** Texts, although all their values look like numbers. */
  readonly text: readonly string[];
  /** Left out. */
  readonly drop: readonly string[];
}

export type Batch = [x: Tensor, y: Tensor];

/** Epochs in which one part of a model is trained. */
export interface Stage {
  readonly name: string;
  readonly epochs: number;
  /** The highest step size. */
  readonly lr: number;
}

/** A model with the data it is trained on. */
export interface Task {
  /** What comes after what, where a model is trained part by part; its epochs and step sizes are those of the run. */
  readonly stages?: readonly Stage[];
  readonly loader: Iterable<Batch> & Stateful & { readonly length: number };
  loss(batch: Batch): Tensor;
  /** After each epoch, on what is held back; quick. */
  validate(): Promise<Metrics>;
  /** At the end, on all that is held back. */
  judge(): Promise<Judgement>;
  readonly tokenizer?: Tokenizer;
  readonly preprocessing?: object;
}

/** A run before its first step. */
export interface Prepared {
  readonly model: Module & { readonly config: object };
  readonly task: Task;
  /** Of the data. */
  readonly name: string;
  /** Of the data. */
  readonly fingerprint: string;
}

/** How good a model is, in numbers, in a line, and as parts of a page. */
export interface Judgement {
  readonly metrics: Metrics;
  readonly summary: string;
  /** What --json has besides the metrics. */
  readonly details?: object;
  readonly report: Pick<RunReport, 'confusion' | 'predictions' | 'texts' | 'explanations'>;
}

export const sha256 = (...parts: readonly (string | Uint8Array)[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');
