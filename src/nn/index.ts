/** Neural networks: modules, layers, losses; functions in `functional`, starting values in `init`. */
export { buffer, Module, parameter, type StateDict } from './module.ts';
export * from './layers.ts';
export * from './losses.ts';
export * as functional from './functional.ts';
export * as init from './init.ts';
