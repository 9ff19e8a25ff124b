/** What `optim.swaUtils` lists. */
export { AveragedModel, type AveragedState } from './averaged-model.ts';
