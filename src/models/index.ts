/** Models, each in one file and made from a config, and what language models need besides. Nothing of Node. */
export type { MakeOptions } from './config.ts';
export { GPT, type GPTConfig, type KeyValues } from './gpt.ts';
export { tokenLoss, type LanguageModel } from './language.ts';
export {
  generate,
  sample,
  stream,
  streamText,
  type Coder,
  type GenerateOptions,
  type SampleOptions,
} from './generate.ts';
export { bertFromHuggingFace, gptFromHuggingFace, gptToHuggingFace, type HuggingFaceConfig } from './huggingface.ts';
export { BERT, BERTForClassification, BERTForMaskedLM, maskTokens } from './bert.ts';
export type { BERTConfig, BERTInputs, MaskingOptions } from './bert.ts';
export type { Activation } from './activation.ts';
export { MLP, type MLPConfig } from './mlp.ts';
export { CNN, type CNNConfig } from './cnn.ts';
export { ResNet, type ResNetConfig } from './resnet.ts';
export { RecurrentModel, type RecurrentConfig, type RecurrentState } from './recurrent.ts';
export { Bigram, NeuralNgram, type BigramConfig, type NeuralNgramConfig } from './ngram.ts';
export { Transformer, translate, type TransformerConfig } from './transformer.ts';
export { DVAE, type DVAEConfig, type DVAEOptions } from './dvae.ts';
export { CLIP, type CLIPConfig } from './clip.ts';
export { DALLE, drawPictures, type DALLEConfig, type DrawOptions } from './dalle.ts';
export { TextToImage, type TextToImageConfig } from './textToImage.ts';
export { predict } from './predict.ts';
