/**
 * `adjoint/testing`: gradient checks, and fast-check arbitraries to feed them. Without fast-check, import
 * `adjoint/testing/gradcheck`.
 */
export * from './gradcheck.ts';
export {
  broadcastable,
  indices,
  matmulShapes,
  shapes,
  tensors,
  type IndicesOptions,
  type ShapesOptions,
  type TensorsOptions,
} from './arbitraries.ts';
export {
  checkProgram,
  program,
  programs,
  type CheckProgramOptions,
  type Instruction,
  type Leaf,
  type Program,
  type ProgramsOptions,
} from './programs.ts';
