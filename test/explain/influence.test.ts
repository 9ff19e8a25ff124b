/** Influence of training rows: against a step that is taken, and against training without the row. */
import { expect, test } from 'vitest';
import { eye, noGrad, randn, tensor, type Tensor, Generator } from '../../src/index.ts';
import { influence, tracIn } from '../../src/explain/index.ts';

const double = { dtype: 'float64' } as const;
const generator = new Generator(3);
const X = randn([12, 3], { ...double, generator });
const y = X.matmul(tensor([1, -2, 0.5], double)).add(randn([12], { ...double, generator }).mul(0.3));
const probe = { x: randn([3], { ...double, generator }), y: 0.7 };
const lossOf = (w: Tensor, x: Tensor, target: Tensor | number): Tensor => x.mul(w).sum().sub(target).square();

test('TracIn is by how much a small step on the row lowers the loss of the test row', () => {
  const w = tensor([0.3, 0.1, -0.2], { ...double, requiresGrad: true });
  const got = tracIn(() => lossOf(w, probe.x, probe.y), (r) => lossOf(w, X.select(0, r), y.select(0, r)), 12, [w], { lr: 1e-5 }); // prettier-ignore
  for (let r = 0; r < 12; r++) {
    const v = w.detach().clone().requiresGrad_();
    lossOf(v, X.select(0, r), y.select(0, r)).backward();
    const fall = noGrad(() => lossOf(w, probe.x, probe.y).sub(lossOf(v.sub(v.grad!.mul(1e-5)), probe.x, probe.y))).item();
    expect(got.select(0, r).item()).toBeCloseTo(fall, 6);
    expect(Math.sign(got.select(0, r).item())).toBe(Math.sign(fall));
  }
}); // prettier-ignore

test('influence is the closed form of least squares, and orders rows as leaving each out does', () => {
  const fitOf = (rows: number[]): Tensor => {
    const [A, b] = [X.indexSelect(0, tensor(rows)), y.indexSelect(0, tensor(rows))];
    return A.t().matmul(A).solve(A.t().matmul(b));
  };
  const all = Array.from({ length: 12 }, (_, r) => r);
  const w = fitOf(all).requiresGrad_();
  const options = { damping: 1e-9 };
  const got = influence(() => lossOf(w, probe.x, probe.y), (r) => lossOf(w, X.select(0, r), y.select(0, r)), 12, [w], options); // prettier-ignore
  expect(got.residual).toBeLessThan(1e-7);
  // H = 2XᵀX/n, ∇ℓ = 2(xw − y)x
  const H = X.t().matmul(X).mul(2 / 12).add(eye(3, 3, double).mul(1e-9)); // prettier-ignore
  const slope = (x: Tensor, target: Tensor | number): Tensor => noGrad(() => x.mul(x.mul(w).sum().sub(target)).mul(2));
  const solved = H.solve(slope(probe.x, probe.y));
  const base = noGrad(() => lossOf(w, probe.x, probe.y)).item();
  const rises: number[] = [];
  for (const r of all) {
    const expected = solved.mul(slope(X.select(0, r), y.select(0, r))).sum().item() / 12; // prettier-ignore
    expect(got.influence.select(0, r).item()).toBeCloseTo(expected, 5);
    rises.push(lossOf(fitOf(all.filter((q) => q !== r)), probe.x, probe.y).item() - base);
  }
  const ours = [...got.influence.toTypedArray()];
  const mean = (list: number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  const [a, b] = [mean(ours), mean(rises)];
  const correlation = mean(ours.map((v, r) => (v - a) * (rises[r] - b))) /
    Math.sqrt(mean(ours.map((v) => (v - a) ** 2)) * mean(rises.map((v) => (v - b) ** 2))); // prettier-ignore
  expect(correlation).toBeGreaterThan(0.9);
});

test('no rows, or a negative damping, are refused', () => {
  const w = tensor([1], { requiresGrad: true });
  const loss = (): Tensor => w.square().sum();
  expect(() => tracIn(loss, loss, 0, [w])).toThrow(/rows must be a whole number, 1 or more/);
  expect(() => influence(loss, loss, 1, [w], { damping: -1 })).toThrow(/damping must be 0 or more/);
});
