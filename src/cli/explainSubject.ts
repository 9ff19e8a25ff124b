/**
 * What `adjoint explain` explains, one prediction of a model, and what a method of it is. A prediction is a function of
 * numbers that can be differentiated (pixels, embeddings, columns), and one of features that are there or not (superpixels,
 * tokens, columns): methods take one of these views, and need not know of what kind the model is.
 */
import type { Generator } from '../array/random.ts';
import type { Hierarchy, Model } from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import type { Module } from '../nn/module.ts';
import type { Tensor } from '../tensor.ts';
import type { Item } from './explainPrint.ts';
import type { TransformerText } from './explainTransformers.ts';
import { readNumber, UsageError } from './usage.ts';

export type Kind = 'pictures' | 'tables' | 'text';

export interface View {
  /** From [N, …] to the explained number of each, [N]. */
  readonly f: Model;
  /** The input, [1, …]. */
  readonly x: Tensor;
  /** What stands for "nothing there", of x's shape. */
  readonly baseline: Tensor;
  /** What inputs are usually like, [M, …]: training rows for the inside, what stands for "not there" for the outside. */
  background(options: Options): Promise<Tensor>;
  /** f = head ∘ features, cut at a layer: the last that gives planes, or the first hidden one. */
  readonly layer?: { readonly features: Model; readonly head: Model; readonly kind: 'plane' | 'unit' };
  /** Which features come together, and what is a feature then, for the view from outside. */
  hierarchy?(options: Options): Promise<{ readonly hierarchy: Hierarchy; readonly featureMask?: Tensor }>;
  /** Which numbers belong together; each on its own if left out. */
  readonly featureMask?: Tensor;
  /** From attributions of x's shape to a number for each feature that is shown. */
  features(attributions: Tensor): Float64Array;
  /** The same of slopes, which do not add up: of a token's vector, its length. */
  slopes(slopes: Tensor): Float64Array;
  /** These as a list to be printed. */
  items(features: Float64Array): readonly Item[];
}

/** What a section has of this input, besides what it has of the method. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type Body = Without<ExplanationSection, 'method' | 'question' | 'facts' | 'note'>;

/** Training rows, as inputs of the inside view's f or of the model. */
export interface Rows {
  /** [M, …] */
  readonly x: Tensor;
  /** What should come out, [M]: numbers of classes, or values. */
  readonly y: Tensor;
  /** What row i is, and what is in it, in a few words. */
  name(i: number): string;
  value(i: number): string;
  /** Row i as a picture, where it is one. */
  readonly picture?: (i: number) => { pixels: Uint8Array; width: number; height: number };
  /** The loss of the model's outputs for rows, a mean. */
  readonly loss: (outputs: Tensor, y: Tensor) => Tensor;
}

export interface Subject {
  readonly kind: Kind;
  /** The file, the row, the text. */
  readonly name: string;
  /** What is to be said of it besides, a sentence. */
  readonly aside?: string;
  readonly model: Module;
  /** What the model says: labels with their probability or value, the first the likeliest. */
  readonly predictions: readonly { readonly label: string; readonly value: number }[];
  /** Predictions are values, and not the probabilities of classes. */
  readonly isValue: boolean;
  /** What is explained, in words: `7`. */
  readonly target: string;
  /** Its number among the outputs. */
  readonly targetIndex: number;
  /** What an output is called. */
  readonly label: (output: number) => string;
  /** What attributions are in: `logit of 7`. */
  readonly unit: string;
  /** All outputs of the model, [N, outputs], for inputs of the inside view; logits, or values. */
  readonly outputs: Model;
  /** Where there is nothing to differentiate by, null. */
  readonly inside: View | null;
  readonly outside: View;
  /** Of a transformer: what methods take that look into it. */
  readonly transformer?: TransformerText;
  /** Names of the shown features, where they have some. */
  readonly names: readonly string[];
  /** The values that a beeswarm is coloured by, one a feature, where inputs have the same features. */
  readonly levels?: readonly number[];
  /** Attributions, a number a feature, as they are drawn; with ends, as what leads from the base to the output. */
  body(features: ArrayLike<number>, ends?: { readonly base: number; readonly output: number }): Body;
  /** Attributions of the features, at each number of the outside view's x. */
  spread(features: ArrayLike<number>): Tensor;
  /** Inputs that show a concept, [n, …]. */
  readonly concept?: Tensor;
  /** Some of the rows that the model was trained on, drawn at random: --set rows of them. Null where they are not known. */
  readonly trainingRows: ((options: Options) => Promise<Rows>) | null;
}

/** What --set, --samples and --seed say, by method. */
export interface Options {
  /** The settings of these names that were said, to be spread into a method's options. */
  said<Name extends string>(...names: readonly Name[]): { readonly [name in Name]?: number };
  /** A new generator: methods do not depend on which others were asked for. */
  generator(): Generator;
  readonly onProgress: (done: number, total: number) => void;
}

export interface Answer {
  readonly sections: readonly ExplanationSection[];
  /** For --json: the gap, R², and whatever else is a number. */
  readonly numbers: Readonly<Record<string, number>>;
  /** A number a feature; where the method has no such numbers, none. */
  readonly features?: Float64Array;
  /** The same as a list to be printed, of parts of a picture rather than pixels. */
  readonly items?: readonly Item[];
}

/** What a method said. */
export interface Answered {
  readonly method: Method;
  readonly answer: Answer;
}

export interface Method {
  /** What it is called in --method; the first is the one that is told. */
  readonly names: readonly [string, ...string[]];
  readonly title: string;
  readonly kinds: readonly Kind[];
  /** The question that it answers. */
  readonly about: string;
  /** It is of the whole model: with several inputs it is asked once. */
  readonly once?: true;
  /** Settings that it takes. */
  readonly settings: readonly string[];
  /** Why it cannot be had of this prediction; null if it can. */
  unfit?(subject: Subject): string | null;
  run(subject: Subject, options: Options): Promise<Answer>;
  /** Of a method that gives a number for each number of a view's x: which view, and how; --check asks again near x. */
  readonly attribute?: {
    readonly view: 'inside' | 'outside';
    readonly isSlope: boolean;
    of(view: View, options: Options): Promise<Tensor>;
  };
}

/** Why a method that needs training rows cannot be had. */
export const withoutRows = ({ trainingRows }: Subject): string | null =>
  trainingRows ? null : 'the rows that the model was trained on are not known';

interface Setting {
  readonly about: string;
  readonly low: number;
  readonly whole: boolean;
  /** Where it says something; everywhere if left out. */
  readonly kind?: Kind;
}
const count = (about: string): Setting => ({ about, low: 1, whole: true });
const amount = (about: string): Setting => ({ about, low: 0, whole: false });

/** All settings of methods, and what they mean. What is left out has the default of docs/command.md. */
export const settings: Readonly<Record<string, Setting>> = {
  samples: count('coalitions, orders, copies: whatever the method draws'),
  steps: count('places on the way from the baseline, or steps of a search'),
  noise: amount('deviation of the noise, in units of the range of the input'),
  segments: { about: 'superpixels, about so many; 0: each pixel on its own', low: 0, whole: true, kind: 'pictures' },
  window: count('rows and columns that are covered'),
  stride: count('how far the window moves'),
  epsilon: amount('how far an input may be changed; of lrp, what its divisors are moved away from 0 by'),
  gamma: amount('of lrp: how much what speaks for the output is favoured'),
  width: amount('of lime: how near copies must be to count'),
  ridge: amount('of lime: strength of the ridge'),
  evals: count('of partition-shap and anchors: rows that the model is given at most'),
  precision: amount('of anchors: how often the rule must be right, below 1'),
  points: count('values at which a column is set'),
  goal: { about: 'of counterfactual: what the value is to be', low: -Infinity, whole: false, kind: 'tables' },
  repeats: count('orders of a column'),
  rows: count('training rows that are looked at'),
  tokens: { about: 'of generation: how many tokens are written', low: 1, whole: true, kind: 'text' },
  damping: amount('of influence: λ of H + λI'),
};

/** What --set says. @throws UsageError for an unknown name or a wrong value */
export function readMethodSettings(said: readonly string[]): Record<string, number> {
  const values: Record<string, number> = {};
  for (const part of said) {
    const [, name, value] = /^(\w+)=(.*)$/.exec(part) ?? [];
    if (name === undefined) throw new UsageError(`--set must be name=value, got '${part}'`);
    if (!Object.hasOwn(settings, name)) {
      throw new UsageError(`--set must name one of ${Object.keys(settings).join(', ')}, got '${name}'`);
    }
    values[name] = readNumber(`--set ${name}`, value, settings[name]);
  }
  return values;
}
