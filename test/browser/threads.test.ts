/** Threads and training in a page that is cross-origin isolated. */
import { expect, test } from 'vitest';
import { kernelInfo, manualSeed, nn, optim, rand, randn, setNumThreads } from '../../src/index.ts';

test('the page is cross-origin isolated, and WebAssembly SIMD is in use', () => {
  expect(crossOriginIsolated).toBe(true);
  expect(kernelInfo().matmul).toMatchObject({ kernel: 'WebAssembly SIMD', instructions: 'mul+add' });
});

test('two threads give the same bits as one', async () => {
  const [a, b] = [rand([300, 200]), rand([200, 310])];
  const alone = a.matmul(b).toTypedArray();
  setNumThreads(2);
  expect(a.matmul(b).toTypedArray()).toEqual(alone); // starts the worker, and does not wait for it
  await expect.poll(() => kernelInfo().threads.count, { timeout: 10_000 }).toBe(2);
  for (let i = 0; i < 20; i++) expect(a.matmul(b).toTypedArray()).toEqual(alone);
  setNumThreads(1);
});

test('a small network learns', () => {
  manualSeed(1);
  const model = new nn.Sequential(new nn.Linear(2, 16), new nn.Tanh(), new nn.Linear(16, 1));
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 });
  const x = randn([64, 2]);
  const y = x.select(1, 0).mul(x.select(1, 1)).unsqueeze(1);
  let loss = Infinity;
  for (let i = 0; i < 300; i++) {
    optimizer.zeroGrad();
    const error = nn.functional.mseLoss(model(x), y);
    error.backward();
    optimizer.step();
    loss = error.item();
  }
  expect(loss).toBeLessThan(0.05);
});
