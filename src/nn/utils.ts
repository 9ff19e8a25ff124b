/** What `nn.utils` lists. */
export { clipGradNorm_, clipGradValue_, type ClipNormOptions } from './clip.ts';
