/** Threads: they change how long a product takes, and nothing else. */
import { spawnSync } from 'node:child_process';
import workers from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { getNumThreads, kernelInfo, rand, setNumThreads, type Tensor } from '../../src/index.ts';
import { i32, i32x4, v128, type Func } from '../../src/kernels/wasm/assembler.ts';
import { starter, startPool, type Call, type Pool } from '../../src/kernels/wasm/pool.ts';
import { root } from '../files.ts';

const { Worker } = workers;
const start = starter() as Exclude<ReturnType<typeof starter>, string>;

/** Says that it has begun, takes a unit of work, and is gone with it. Words 1, 2 and 4 are NEXT, COUNT and READY. */
const thief = `
  const words = new Int32Array(require('node:worker_threads').workerData.memory.buffer);
  const word = (n) => Atomics.load(words, n);
  Atomics.add(words, 4, 1);
  while (word(1) >= word(2) || Atomics.add(words, 1, 1) >= word(2));`;

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i++) await new Promise((done) => setTimeout(done, 5));
  expect(condition()).toBe(true);
}

describe('a pool', () => {
  /** put(address, n): four times n. wipe(address): four times 7. */
  const put: Func = {
    name: 'put',
    params: ['i32', 'i32'],
    body: ([at, n]) => v128.store(0, at.get, i32x4.splat(n.get)),
  };
  const wipe: Func = {
    name: 'wipe',
    params: ['i32'],
    body: ([at]) => v128.store(0, at.get, i32x4.splat(i32.const(7))),
  };

  /** Unit u wipes place u and then writes u there. */
  const numbered = (count: number, first: number): Call[][] =>
    Array.from({ length: count }, (_, u) => [
      [1, 4 * (first + 4 * u)],
      [0, 4 * (first + 4 * u), u],
    ]);

  let pool: Pool | undefined;
  const open = (count: number): Pool => (pool = startPool([put, wipe], count, 16, start, () => {}));
  afterEach(() => pool?.close());

  test.each([0, 1, 3])('does every unit once, its calls in order, with %i workers', async (count) => {
    const { floats, start: first, run, ready } = open(count);
    await until(() => ready() === count);
    const words = new Int32Array(floats.buffer);
    for (const units of [1, 2, 400, 0, 7]) {
      words.fill(-1, first);
      expect(run(numbered(units, first))).toBe(true);
      for (let u = 0; u < units; u++) expect(words[first + 4 * u]).toBe(u);
      expect(words[first + 4 * units]).toBe(-1);
    }
  });

  test('survives thousands of small jobs in a row', async () => {
    const { floats, start: first, run, ready } = open(2);
    await until(() => ready() === 2);
    const words = new Int32Array(floats.buffer);
    for (let job = 0; job < 5000; job++) {
      const units = 1 + (job % 5);
      words.fill(-1, first, first + 20);
      run(numbered(units, first));
      for (let u = 0; u < 5; u++)
        if (words[first + 4 * u] !== (u < units ? u : -1)) throw new Error(`job ${job}, unit ${u}`);
    }
  });

  test('works alone while no worker has begun', () => {
    pool = startPool(
      [put, wipe],
      1,
      16,
      () => () => {},
      () => {},
    );
    expect(pool.run(numbered(9, pool.start))).toBe(true);
    expect(pool.ready()).toBe(0);
  });
});

describe('threads', () => {
  const [a, b] = [rand([300, 200]), rand([200, 310])];
  const bits = (x: Tensor): number[] => [...new Int32Array(x.toTypedArray().buffer)];
  const products = (): number[][] => [
    bits(a.matmul(b)), // wider than tall
    bits(b.t().matmul(a.t())), // taller than wide, by columns
    bits(
      a
        .narrow(0, 3, 290)
        .narrow(1, 1, 199)
        .matmul(b.narrow(0, 0, 199).narrow(1, 5, 301)),
    ), // with gaps, odd sizes
    bits(a.index('::-1').matmul(b)),
  ];
  const warnings = () => vi.spyOn(console, 'warn').mockImplementation(() => {});

  afterEach(() => {
    setNumThreads(1);
    vi.restoreAllMocks();
  });

  test('give the same bits, however many and however operands lie in memory', async () => {
    const alone = products();
    for (const count of [2, 3]) {
      setNumThreads(count);
      expect(products()).toEqual(alone); // starts the workers, and does not wait
      await until(() => kernelInfo().threads.count === count);
      expect(products()).toEqual(alone);
    }
  });

  test('a worker that takes work and dies leaves the right product and one warning', { timeout: 30_000 }, async () => {
    const alone = products();
    vi.spyOn(workers, 'Worker').mockImplementation(function (_code, options) {
      return new Worker(thief, options);
    });
    const warn = warnings();
    setNumThreads(2);
    a.matmul(b);
    await until(() => kernelInfo().threads.count === 2);
    for (let i = 0; i < 200 && getNumThreads() === 2; i++) expect(products()).toEqual(alone);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0][0]).toContain('one thread: a worker has died');
    expect(getNumThreads()).toBe(1);
  });

  test('a worker that fails tells so once, and products go on', async () => {
    const alone = products();
    vi.spyOn(workers, 'Worker').mockImplementation(function (_code, options) {
      return new Worker("throw new Error('no memory for me')", options);
    });
    const warn = warnings();
    setNumThreads(3);
    a.matmul(b);
    await until(() => getNumThreads() === 1);
    expect(products()).toEqual(alone);
    expect(warn.mock.calls.map(([text]) => String(text))).toEqual([
      'adjoint: matrix products go on with one thread: a worker failed: no memory for me',
    ]);
  });

  test('where no worker can be made, there is one warning and the right product', () => {
    const alone = products();
    vi.spyOn(workers, 'Worker').mockImplementation(function () {
      throw new Error('not here');
    });
    const warn = warnings();
    setNumThreads(2);
    expect(products()).toEqual(alone);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(kernelInfo().threads).toEqual({ count: 1, why: 'Error: not here' });
  });

  test('a page that is not cross-origin isolated has none, and says why', () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    expect(starter()).toContain('cross-origin isolated');
    vi.unstubAllGlobals();
  });

  test('their number must be a whole number from 1 to 64', () => {
    for (const n of [0, -1, 1.5, 65, NaN]) {
      expect(() => setNumThreads(n)).toThrow(`setNumThreads: n must be a whole number from 1 to 64, got ${n}`);
    }
  });

  test('the process ends by itself while workers wait', { timeout: 30_000 }, () => {
    const script = `
      import { kernelInfo, rand, setNumThreads } from './src/index.ts';
      setNumThreads(2);
      const x = rand([300, 300]);
      x.matmul(x);
      while (kernelInfo().threads.count < 2) await new Promise((done) => setTimeout(done, 5));
      console.log(x.matmul(x).shape.join());`;
    const { stdout, status } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module-typescript', '-e', script].filter(
        (x) => x !== '--input-type=module-typescript',
      ),
      { cwd: root, encoding: 'utf8', timeout: 20_000 },
    );
    expect([stdout, status]).toEqual(['300,300\n', 0]);
  });
});
