/**
 * The workbench of WebAssembly kernels: one private memory of fixed size that every module of ours imports. Numbers
 * are copied in, worked on, and copied out within one call; nothing stays, so there is nothing to free.
 */
import { assemble, type Func } from './assembler.ts';

const PAGES = 128; // of 64 KiB: 8 MiB

export type Compiled<Name extends string> = Readonly<Record<Name, (...args: number[]) => number>>;

export interface Scratchpad {
  readonly floats: Float32Array<ArrayBuffer>;
  /** Compiles functions over this memory. */
  compile<Name extends string>(functions: readonly Func<Name>[]): Compiled<Name>;
}

let made: Scratchpad | null | undefined;

/**
 * The scratchpad, made when first asked for; null where WebAssembly or its SIMD is missing or forbidden, as under a
 * content-security policy without 'wasm-unsafe-eval'.
 */
export function scratchpad(): Scratchpad | null {
  if (made === undefined) made = make();
  return made;
}

function make(): Scratchpad | null {
  try {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    const compile = <Name extends string>(functions: readonly Func<Name>[]): Compiled<Name> => {
      const module = new WebAssembly.Module(assemble(functions, PAGES));
      return new WebAssembly.Instance(module, { env: { memory } }).exports as Compiled<Name>;
    };
    compile([probe]);
    return { floats: new Float32Array(memory.buffer), compile };
  } catch {
    return null;
  }
}

/** A function that compiles only where there is SIMD: v128.const, drop. */
const probe: Func = {
  name: 'probe',
  params: [],
  body: () => [0xfd, 0x0c, ...new Array<number>(16).fill(0), 0x1a],
};
