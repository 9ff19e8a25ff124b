/** A slow model is asked no more than maxEvals says, in batches no larger than batchSize, whatever explains it. */
import { describe, expect, test } from 'vitest';
import { Generator, manualSeed, randn, tensor, type Tensor } from '../../src/index.ts';
import * as explain from '../../src/explain/index.ts';
import type { AnyModel, WorkOptions } from '../../src/explain/index.ts';

const x = tensor([[1, 2, 3, 4], [4, 3, 2, 1]]); // prettier-ignore
const picture = tensor([[[1, 2], [3, 4]]]); // prettier-ignore
const background = tensor([[0, 0, 0, 0], [1, 1, 1, 1]]); // prettier-ignore
const seeded = (): { generator: Generator } => ({ generator: new Generator(1) });

const methods: Record<string, (f: AnyModel, work: WorkOptions) => Promise<unknown>> = {
  shapley: (f, work) => explain.shapley(f, x, { background, ...work }),
  owen: (f, work) => explain.owen(f, x, { unions: [0, 0, 1, 1], ...work }),
  kernelShap: (f, work) => explain.kernelShap(f, x, { samples: 6, ...seeded(), ...work }),
  permutationShap: (f, work) => explain.permutationShap(f, x, { samples: 2, ...seeded(), ...work }),
  lime: (f, work) => explain.lime(f, x, { samples: 20, ...seeded(), ...work }),
  limeGroups: (f, work) => explain.limeGroups(f, x, { samples: 20, ...seeded(), ...work }),
  featureAblation: (f, work) => explain.featureAblation(f, x, work),
  occlusion: (f, work) => explain.occlusion(f, picture, { window: [1, 1], ...work }),
  permutationImportance: (f, work) => explain.permutationImportance(f, x, (y) => y.sum().item(), { ...seeded(), ...work }),
  partialDependence: (f, work) => explain.partialDependence(f, x, 1, work),
  infidelity: (f, work) => explain.infidelity(f, x, x, { samples: 9, ...seeded(), ...work }),
  deletionCurve: (f, work) => explain.deletionCurve(f, x, x, work),
  insertionCurve: (f, work) => explain.insertionCurve(f, x, x, work),
}; // prettier-ignore

/** A model that remembers how many rows each call had. */
function watched(): { calls: number[]; f: AnyModel; rows: () => number } {
  const calls: number[] = [];
  const f: AnyModel = async (z: Tensor) => (calls.push(z.shape[0]), z.reshape([z.shape[0], -1]).square().sum(1));
  return { calls, f, rows: () => calls.reduce((a, b) => a + b, 0) };
}

describe.each(Object.entries(methods))('%s', (_, method) => {
  test('takes the rows that it needs and not one more, in batches as told', async () => {
    const free = watched();
    await method(free.f, {});
    const needed = free.rows();
    const enough = watched();
    await method(enough.f, { maxEvals: needed, batchSize: 3 });
    expect(enough.rows()).toBe(needed);
    expect(Math.max(...enough.calls)).toBeLessThanOrEqual(3);
    const short = watched();
    await expect(method(short.f, { maxEvals: needed - 1 })).rejects.toThrow(/at most \d+ rows may be given to the model, got \d+/);
    expect(short.rows()).toBeLessThan(needed);
  }); // prettier-ignore

  test('tells how far it is, up to the end', async () => {
    const { f, rows } = watched();
    const told: [number, number][] = [];
    await method(f, { batchSize: 3, onProgress: (done, total) => told.push([done, total]) });
    expect(told.at(-1)).toEqual([rows(), rows()]);
    told.forEach(([done, total], i) => expect([done > (told[i - 1]?.[0] ?? 0), done <= total]).toEqual([true, true]));
  });

  test('is called off', async () => {
    const stopped = watched();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(method(stopped.f, { signal })).rejects.toThrow('enough');
    expect(stopped.rows()).toBe(0);
  });
});

test.each([
  ['kernelShap', explain.kernelShap],
  ['permutationShap', explain.permutationShap],
] as const)('%s takes as many samples as maxEvals leaves it', async (_, method) => {
  manualSeed(1);
  const many = randn([2, 20]);
  for (const maxEvals of [200, 333, 1000]) {
    const { f, rows } = watched();
    const { attributions } = await method(f, many, { maxEvals, ...seeded() });
    expect(rows()).toBeLessThanOrEqual(maxEvals);
    expect(rows()).toBeGreaterThan(maxEvals / 2);
    expect(attributions.sum(1)).toBeAllClose(many.square().sum(1), { rtol: 1e-4 });
  }
});
