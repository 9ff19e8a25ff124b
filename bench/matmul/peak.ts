/**
 * The machine's own peak for the instructions in use: a loop that touches registers only. No kernel of these instructions
 * can be faster. There are enough independent chains to hide the latency of both.
 */
import { kernelInfo } from '../../src/index.ts';
import { assemble, doWhile, f32x4, i32, v128, type Func } from '../../src/kernels/wasm/assembler.ts';
import type { Contestant } from '../harness.ts';

export const PEAK = 'peak';

/**
 * With the factor and one product 13 chains fill the 15 vector registers that V8 has to give; 24 that stand in pairs become
 * 12 of twice the width. Not unrolled: with four times the body, V8 in Node 20 reaches 15 % less.
 */
const CHAINS = 13;
const CHAINS_256 = 24;
const TURNS = 8000;

/** peak(turns): xᵣ ← xᵣ + xᵣ·f, with one instruction (fused) or two, for vectors from address 16 on; f is at address 0. */
const peak = (chains: number, fused: boolean): Func => ({
  name: 'peak',
  params: ['i32'],
  body([turns], variable) {
    const f = variable('v128');
    const xs = Array.from({ length: chains }, () => variable('v128'));
    const zero = i32.const(0);
    return [
      ...f.set(v128.load32_splat(0, zero)),
      ...xs.flatMap((x, r) => x.set(v128.load(16 + 16 * r, zero))),
      ...doWhile(
        [
          ...xs.flatMap((x) =>
            x.set(fused ? f32x4.relaxed_madd(x.get, f.get, x.get) : f32x4.add(x.get, f32x4.mul(x.get, f.get))),
          ),
          ...turns.set(i32.sub(turns.get, i32.const(1))),
        ],
        turns.get,
      ),
      ...xs.flatMap((x, r) => v128.store(16 + 16 * r, zero, x.get)),
    ];
  },
});

/** The peak as a contestant of every group, so that it is measured in the same rounds. */
export function peakContestant(): Contestant {
  const { instructions } = kernelInfo().matmul;
  const chains = instructions === 'fma 256' ? CHAINS_256 : CHAINS;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const module = new WebAssembly.Module(assemble([peak(chains, instructions.startsWith('fma'))], 1));
  const run = new WebAssembly.Instance(module, { env: { memory } }).exports['peak'] as (turns: number) => void;
  const floats = new Float32Array(memory.buffer);
  const start = (factor: number): void => {
    floats.fill(1).fill(factor, 0, 4);
  };
  return {
    name: PEAK,
    work: TURNS * chains * 4 * 2,
    verify() {
      start(1); // doubles each number
      run(2);
      const wrong = floats.subarray(4, 4 + 4 * chains).find((x) => x !== 4);
      start(0); // numbers stay as they are, however long it runs
      return wrong === undefined ? null : `a register holds ${wrong} and not 4`;
    },
    run: () => run(TURNS),
  };
}
