/**
 * Which instructions the tiles of matmul use. Separate multiplication and addition give the same bits on every machine,
 * so they are the default. Fused multiply-add is faster and rounds once where it exists, so bits differ between machines.
 */
import { ValueError } from '../../array/errors.ts';
import { assemble, f32x4, v128 } from '../wasm/assembler.ts';
import { functionsFor, tileOf, type FunctionName, type Instructions, type Tile } from '../wasm/matmul.ts';
import { scratchpad, type Compiled, type Scratchpad } from '../wasm/scratchpad.ts';

export interface Kernel extends Tile, Compiled<FunctionName> {
  readonly floats: Float32Array<ArrayBuffer>;
  readonly instructions: Instructions;
  readonly why: string;
}

let wanted: Instructions = 'mul+add';
let current: Kernel | null | undefined;
const made = new Map<Instructions, Kernel>();

/** The kernel in use, compiled when first asked for; null where there is no WebAssembly. */
export function kernel(): Kernel | null {
  if (current === undefined) {
    const pad = scratchpad();
    current = pad && (made.get(wanted) ?? choose(pad));
    if (current !== null) made.set(wanted, current);
  }
  return current;
}

/**
 * Chooses the instructions of float32 matrix products from now on: 'mul+add' (the default: the same bits on every machine),
 * 'fma' (fused multiply-add of relaxed SIMD; Node ≥ 22 and today's browsers) or 'fma 256' (the same in vectors of twice the
 * width, by an experimental optimization of V8 in Node 24 and 25, switched on for the whole process). Where a choice is not
 * to be had the best one below it is taken: `kernelInfo` says which, and why.
 * @throws ValueError for another word
 * ```ts
 * import { kernelInfo, setMatmulInstructions } from 'adjoint';
 * setMatmulInstructions('mul+add');
 * kernelInfo().matmul.why // => the default: the same bits on every machine
 * ```
 */
export function setMatmulInstructions(instructions: Instructions): void {
  if (!Object.hasOwn(tileOf, instructions)) {
    const known = Object.keys(tileOf).map((name) => `'${name}'`);
    throw new ValueError('setMatmulInstructions', `it must be one of ${known.join(', ')}`, `'${instructions}'`);
  }
  wanted = instructions;
  current = undefined;
}

function choose(pad: Scratchpad): Kernel {
  const compile = (instructions: Instructions, why: string): Kernel => ({
    ...tileOf[instructions],
    ...pad.compile(functionsFor(tileOf[instructions])),
    floats: pad.floats,
    instructions,
    why,
  });
  if (wanted === 'mul+add') return compile('mul+add', 'the default: the same bits on every machine');
  if (!hasRelaxedSimd()) return compile('mul+add', `'${wanted}' was asked for, but this engine has no relaxed SIMD`);
  if (wanted === 'fma') return compile('fma', 'asked for');
  if (!revectorize()) return compile('fma', "'fma 256' was asked for, but only Node 24 and 25 have it");
  const [wide, narrow] = [
    compile('fma 256', 'asked for'),
    compile('fma', "'fma 256' was asked for, but is slower here"),
  ];
  // In turns: V8 compiles for speed on another thread, which on a busy machine may come late.
  const [a, b, c, d] = [wide, narrow, wide, narrow].map(speed);
  return Math.max(a, c) > Math.max(b, d) ? wide : narrow;
}

/** Whether relaxed SIMD is there: a module of one fused multiply-add is valid. */
export function hasRelaxedSimd(): boolean {
  const x = v128.const([0, 0, 0, 0]);
  const probe = { name: 'probe', params: [], body: () => [...f32x4.relaxed_madd(x, x, x), 0x1a] }; // drop
  return WebAssembly.validate(assemble([probe], 1));
}

/**
 * Asks V8 to join neighbouring vectors of 4 to vectors of 8 in what it compiles from now on. An unknown flag would be
 * complained of on stderr, so the version is looked at first.
 */
function revectorize(): boolean {
  const { process } = globalThis as {
    process?: { versions?: { node?: string }; getBuiltinModule?: (id: string) => unknown };
  };
  const version = Number(process?.versions?.node?.split('.')[0]);
  if (version !== 24 && version !== 25) return false;
  const v8 = process?.getBuiltinModule?.('node:v8') as { setFlagsFromString(flag: string): void };
  v8.setFlagsFromString('--experimental-wasm-revectorize');
  return true;
}

/** Products of 48 × 64 by 64 × 48 in a millisecond, once V8 has compiled for speed (it begins with a quick draft). */
function speed({ tilesByRows, rows, cols }: Kernel): number {
  const [a, b, c] = [1 << 16, 1 << 17, 1 << 18];
  let best = Infinity;
  const start = performance.now();
  for (let round = 0; round < 30 || performance.now() < start + 20; round++) {
    const before = performance.now();
    for (let i = 0; i < 50; i++) {
      tilesByRows(a, a + 48 * 256, rows * 256, 256, b, b + 48 * 256, 64 * 4 * cols, 4 * cols, c, 192, 64, 1);
    }
    best = Math.min(best, performance.now() - before);
  }
  return 50 / best;
}
