/** What `optim.swaUtils` lists. */
export { AveragedModel, type AveragedState } from './averagedModel.ts';
