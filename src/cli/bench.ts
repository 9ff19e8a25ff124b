/**
 * `adjoint bench`: what this machine computes in a second with the kernels that are in use, beside plain loops over the same
 * numbers. A look, not a comparison with others: that is the checkout's `npm run bench`.
 */
import { rand } from '../create.ts';
import { noGrad } from '../engine.ts';
import { Generator } from '../array/random.ts';
import { kernelInfo } from '../kernels/info.ts';
import { reference } from '../kernels/matmul/reference.ts';
import { setNumThreads } from '../kernels/matmul/threads.ts';
import type { Tensor } from '../tensor.ts';
import { formatTable } from './table.ts';
import { expectPositionals, type Args } from './usage.ts';

interface Measure {
  readonly name: string;
  /** What a second has of it: 'GFLOP/s', or 10⁹ numbers. */
  readonly unit: string;
  readonly perSecond: number;
  readonly plain: number;
}

/** The fastest of some calls, in seconds: what disturbs only ever makes one slower. */
function fastest(run: () => unknown, least = 0.25): number {
  run(); // compiles
  let best = Infinity;
  for (const end = performance.now() + 1000 * least; performance.now() < end;) {
    const began = performance.now();
    run();
    best = Math.min(best, performance.now() - began);
  }
  return best / 1000;
}

const numbers = (...shape: number[]): Tensor => rand(shape, { generator: new Generator(1) });

function matmulOf(n: number): Measure {
  const [a, b] = [numbers(n, n), numbers(n, n)];
  const [x, y, c] = [a.nd.data, b.nd.data, new Float32Array(n * n)];
  const flops = 2e-9 * n ** 3;
  const plain = fastest(() => reference(n, n, n, x, 0, n, 1, y, 0, n, 1, c, 0));
  return {
    name: `matmul ${n} × ${n}`,
    unit: 'GFLOP/s',
    perSecond: flops / fastest(() => a.matmul(b)),
    plain: flops / plain,
  };
}

function elementwiseOf(
  name: string,
  run: (x: Tensor) => Tensor,
  loop: (x: ArrayLike<number>, y: Float32Array) => void,
): Measure {
  const n = 1 << 18;
  const x = numbers(512, n / 512);
  const [from, to] = [x.nd.data, new Float32Array(n)];
  const giga = 1e-9 * n;
  return {
    name,
    unit: '10⁹ numbers/s',
    perSecond: giga / fastest(() => run(x)),
    plain: giga / fastest(() => loop(from, to)),
  };
}

/** Loops as one would write them by hand. */
const loops = {
  add: (x: ArrayLike<number>, y: Float32Array): void => {
    for (let i = 0; i < y.length; i++) y[i] = x[i] + x[i];
  },
  exp: (x: ArrayLike<number>, y: Float32Array): void => {
    for (let i = 0; i < y.length; i++) y[i] = Math.exp(x[i]);
  },
  softmax: (x: ArrayLike<number>, y: Float32Array): void => {
    for (let row = 0; row < y.length; row += 512) {
      let [most, sum] = [-Infinity, 0];
      for (let i = row; i < row + 512; i++) most = Math.max(most, x[i]);
      for (let i = row; i < row + 512; i++) sum += y[i] = Math.exp(x[i] - most);
      for (let i = row; i < row + 512; i++) y[i] /= sum;
    }
  },
};

export async function bench(args: Args): Promise<void> {
  expectPositionals(args, []);
  const threads = args.whole('threads', 1, 1, 64);
  setNumThreads(threads);
  numbers(512, 512).matmul(numbers(512, 512)); // has workers start, which they do in their own time
  for (let i = 0; i < 100 && kernelInfo().threads.count < threads; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const measures = noGrad(() => [
    ...[64, 256, 512].map(matmulOf),
    elementwiseOf('add', (x) => x.add(x), loops.add),
    elementwiseOf('exp', (x) => x.exp(), loops.exp),
    elementwiseOf('softmax of rows of 512', (x) => x.softmax(1), loops.softmax),
  ]);
  const kernels = kernelInfo();
  if (args.has('json')) {
    console.log(JSON.stringify({ kernels, measures }));
    return;
  }
  const rows = measures.map(({ name, unit, perSecond, plain }) => [name, unit, plain.toFixed(2), perSecond.toFixed(2), `${(perSecond / plain).toFixed(1)} ×`]); // prettier-ignore
  console.log(`${formatTable(['', 'unit', 'plain loops', 'kernels', ''], rows, 3)}\n`);
  const { kernel, tile, instructions } = kernels.matmul;
  console.log(
    `Products: ${kernel}, ${tile}, ${instructions}; else: ${kernels.elementwise.kernel}; threads: ${kernels.threads.count}. The fastest of some calls each.`,
  );
}
