/**
 * What steps 6 and 7 share: A and B are copied into WebAssembly memory row by row, multiplied there whole, and C is
 * copied out. Neither blocks nor panels: the memory is as large as the matrices.
 */
import type { Data } from '../../src/array/nd.ts';
import type { Gemm } from '../../src/kernels/matmul/reference.ts';
import { assemble, type Func } from '../../src/kernels/wasm/assembler.ts';

interface Workbench {
  readonly floats: Float32Array<ArrayBuffer>;
  readonly multiply: (a: number, b: number, c: number, m: number, n: number, k: number) => void;
}

function open(multiply: Func, pages: number): Workbench {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const module = new WebAssembly.Module(assemble([multiply], pages));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { floats: new Float32Array(memory.buffer), multiply: exports['multiply'] as Workbench['multiply'] };
}

/** Copies rows × cols numbers to `to`, row by row, `pitch` apart. */
// prettier-ignore
function copyIn(
  floats: Float32Array, to: number, pitch: number, x: Data, from: number, row: number, col: number, rows: number, cols: number,
): void {
  for (let i = 0; i < rows; i++, from += row, to += pitch) {
    if (col === 1) floats.set(x.subarray(from, from + cols), to);
    else for (let j = 0; j < cols; j++) floats[to + j] = x[from + j * col];
  }
}

/**
 * A Gemm of a function multiply(a, b, c, m, n, k) over row-major matrices at these bytes, where n is a multiple of
 * `lanes`: rows of B and C are padded to that.
 */
export function copied(multiply: Func, lanes: number): Gemm {
  let bench: Workbench | undefined;
  return (m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci) => {
    const pitch = Math.ceil(n / lanes) * lanes;
    const [atB, atC] = [m * k, m * k + k * pitch];
    const pages = Math.ceil((4 * (atC + m * pitch)) / 65536) + 1;
    if (bench === undefined || bench.floats.length < pages * 16384) bench = open(multiply, pages);
    const { floats } = bench;
    copyIn(floats, 0, k, a, ai, aRow, aCol, m, k);
    copyIn(floats, atB, pitch, b, bi, bRow, bCol, k, n);
    bench.multiply(0, 4 * atB, 4 * atC, m, pitch, k);
    for (let i = 0; i < m; i++) c.set(floats.subarray(atC + i * pitch, atC + i * pitch + n), ci + i * n);
  };
}
