/** What `nn.utils` lists. */
export { clipGradNorm_, clipGradValue_, type ClipNormOptions } from './clip.ts';
export * as rnn from './rnn.ts';
