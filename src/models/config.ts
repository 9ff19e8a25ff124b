/** What all models share: they are made from a config that JSON can keep, and its numbers are checked in one way. */
import { ValueError } from '../array/errors.ts';
import type { DType } from '../array/nd.ts';
import type { Generator } from '../array/random.ts';

/** How the parameters of a model are made; no part of its config. */
export interface MakeOptions {
  /** 'float32' if left out. */
  readonly dtype?: DType;
  /** Where starting values and dropout come from; the default generator if left out. */
  readonly generator?: Generator;
}

/** Refuses a config in which one of `sizes` is not a whole number from 1 on, or one of `chances` is not from 0 to below 1. */
export function checkConfig<C extends object>(
  where: string,
  config: C,
  sizes: readonly (keyof C & string)[],
  chances: readonly (keyof C & string)[] = [],
): void {
  for (const name of sizes) {
    const value = config[name];
    if (!(Number.isSafeInteger(value) && Number(value) > 0)) {
      throw new ValueError(where, `${name} must be a whole number, at least 1`, String(value));
    }
  }
  for (const name of chances) {
    const value = config[name];
    if (!(typeof value === 'number' && value >= 0 && value < 1)) {
      throw new ValueError(where, `${name} must be a probability, at least 0 and below 1`, String(value));
    }
  }
}

/** The numbers that all transformers have. */
export interface TransformerSizes {
  readonly vocabSize: number;
  readonly blockSize: number;
  readonly nLayer: number;
  readonly nHead: number;
  readonly nEmbd: number;
  readonly nInner: number;
  readonly dropout: number;
}

/** checkConfig for a transformer, and for what else it has; its heads must share the width evenly. */
export function checkTransformer<C extends TransformerSizes>(
  where: string,
  config: C,
  more: readonly (keyof C & string)[] = [],
): void {
  checkConfig(where, config, ['vocabSize', 'blockSize', 'nLayer', 'nHead', 'nEmbd', 'nInner', ...more], ['dropout']);
  const { nEmbd, nHead } = config;
  if (nEmbd % nHead !== 0) throw new ValueError(where, 'nEmbd must be a multiple of nHead', `${nEmbd} and ${nHead}`);
}
