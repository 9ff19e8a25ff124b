/** Which kind of data a plan is about: the one place that lists them all. */
import type { Generator } from '../array/random.ts';
import type { LoadedModel } from '../models/folder.ts';
import type { BERTForClassification, BERTForMaskedLM, MLP, TextToImage, Transformer } from '../models/index.ts';
import type { Tokenizer } from '../text/index.ts';
import { judgeScenes, prepareScenes } from './dalleTask.ts';
import { judgeImages, prepareImages } from './imageTask.ts';
import { judgeLabels, prepareLabels, type LabelPreprocessing } from './labelTask.ts';
import { judgeMasked, prepareMasked } from './maskedTask.ts';
import { judgePairs, preparePairs } from './pairTask.ts';
import { recipeOf, type Net, type TextNet } from './recipes.ts';
import { isTable, judgeTable, prepareTable, type TablePreprocessing } from './tableTask.ts';
import type { Judgement, Plan, Prepared } from './task.ts';
import { judgeText, prepareText } from './textTask.ts';

/** The model and its data, made from the plan alone: the same plan gives the same. */
export async function prepare(plan: Plan, generator: Generator): Promise<Prepared> {
  const recipe = recipeOf(plan.recipe, isTable(plan.data));
  if (recipe.kind === 'images') return prepareImages(plan, recipe, generator);
  if (recipe.kind === 'table') return prepareTable(plan, recipe, generator);
  if (recipe.kind === 'masked') return prepareMasked(plan, recipe, generator);
  if (recipe.kind === 'labels') return prepareLabels(plan, recipe, generator);
  if (recipe.kind === 'pairs') return preparePairs(plan, recipe, generator);
  if (recipe.kind === 'scenes') return prepareScenes(plan, recipe, generator);
  return prepareText(plan, recipe, generator);
}

/** How good a model that is trained is on what the plan holds back. */
export async function judge({ model, tokenizer, preprocessing }: LoadedModel, plan: Plan): Promise<Judgement> {
  const { kind } = recipeOf(plan.recipe, isTable(plan.data));
  if (kind === 'images') return judgeImages(model as Net, plan);
  if (kind === 'table') return judgeTable(model as MLP, preprocessing as TablePreprocessing, plan);
  const coder = tokenizer as Tokenizer;
  if (kind === 'masked') return judgeMasked(model as BERTForMaskedLM, coder, plan);
  if (kind === 'labels') return judgeLabels(model as BERTForClassification, coder, preprocessing as LabelPreprocessing, plan); // prettier-ignore
  if (kind === 'pairs') return judgePairs(model as Transformer, coder, plan);
  if (kind === 'scenes') return judgeScenes(model as TextToImage, coder, plan);
  return judgeText(model as TextNet, coder, plan);
}
