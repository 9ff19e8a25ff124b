/**
 * The machine's own peak for multiplications and additions of four float32 lanes: a loop that touches registers only.
 * No kernel of these instructions can be faster. There are enough independent chains to hide the latency of both.
 */
import { hasRelaxedSimd } from '../../src/kernels/matmul/instructions.ts';
import { assemble, doWhile, f32x4, i32, v128, type Func } from '../../src/kernels/wasm/assembler.ts';
import type { Contestant } from '../harness.ts';

/**
 * With the factor and one product these fill the 15 vector registers that V8 has to give. Not unrolled: with four times
 * the body, V8 in Node 20 reaches 15 % less.
 */
const CHAINS = 13;
const TURNS = 8000;

/** peak(turns): xᵣ ← xᵣ + xᵣ·f, with one instruction (fused) or two, for CHAINS vectors from address 16 on; f is at address 0. */
const peak = (fused: boolean): Func => ({
  name: 'peak',
  params: ['i32'],
  body([turns], variable) {
    const f = variable('v128');
    const xs = Array.from({ length: CHAINS }, () => variable('v128'));
    const zero = i32.const(0);
    return [
      ...f.set(v128.load(0, zero)),
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

/** The peaks as contestants of every group, so that they are measured in the same rounds; the fused one where there is one. */
export const peakContestants = (): Contestant[] => [
  peakContestant('peak', false),
  ...(hasRelaxedSimd() ? [peakContestant('peak fma', true)] : []),
];

export function peakContestant(name = 'peak', fused = false): Contestant {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const module = new WebAssembly.Module(assemble([peak(fused)], 1));
  const run = new WebAssembly.Instance(module, { env: { memory } }).exports['peak'] as (turns: number) => void;
  const floats = new Float32Array(memory.buffer);
  const start = (factor: number): void => {
    floats.fill(1).fill(factor, 0, 4);
  };
  return {
    name,
    work: TURNS * CHAINS * 4 * 2,
    verify() {
      start(1); // doubles each number
      run(2);
      const all = floats.subarray(4, 4 + 4 * CHAINS);
      const wrong = all.find((x) => x !== 4);
      start(0); // numbers stay as they are, however long it runs
      return wrong === undefined ? null : `a register holds ${wrong} and not 4`;
    },
    run: () => run(TURNS),
  };
}
