/** Models, each in one file and made from a config, and what language models need besides. Nothing of Node. */
export type { MakeOptions } from './config.ts';
export { GPT, type GPTConfig, type KeyValues } from './gpt.ts';
export { tokenLoss, type LanguageModel } from './language.ts';
export { generate, sample, stream, type GenerateOptions, type SampleOptions } from './generate.ts';
export { bertFromHuggingFace, gptFromHuggingFace, gptToHuggingFace, type HuggingFaceConfig } from './huggingface.ts';
export { BERT, BERTForClassification, BERTForMaskedLM, maskTokens } from './bert.ts';
export type { BERTConfig, BERTInputs, MaskingOptions } from './bert.ts';
export type { Activation } from './activation.ts';
