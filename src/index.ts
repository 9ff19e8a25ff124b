/** The front door: what `import … from 'adjoint'` gives. */
export { AdjointError, FormatError, GradError, ShapeError, ValueError } from './array/errors.ts';
export type { Data, DType, Nd, Shape } from './array/nd.ts';
export type { Index } from './vocabulary/places.ts';
export type { Sorted } from './vocabulary/sorting.ts';
export { defaultGenerator, Generator, manualSeed, type GeneratorState } from './array/random.ts';
export { enableGrad, grad, isGradEnabled, noGrad, type Hook } from './engine.ts';
export { kernelInfo, type KernelInfo } from './kernels/info.ts';
export { setMatmulInstructions } from './kernels/matmul/instructions.ts';
export { getNumThreads, setNumThreads } from './kernels/matmul/threads.ts';
export { defineOp, type Op } from './ops/op.ts';
export { apply, Tensor, type Operand } from './tensor.ts';
export * from './create.ts';
export * from './combine/index.ts';
export * from './sampling.ts';
export * from './transforms.ts';
export * as nn from './nn/index.ts';
export * as optim from './optim/index.ts';
