/** Random programs: the engine is right on them, and what is printed of them is what was checked. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grad, tensor, type Tensor } from '../../src/index.ts';
import {
  checkProgram,
  GradcheckError,
  gradgradcheck,
  program,
  programs,
  type Checked,
  type Leaf,
} from '../../src/testing/index.ts';
import { runCode } from './runCode.ts';

/** Another seed tries other programs: SEED=2 npm test. */
const seed = Number(process.env['SEED'] ?? 1);
const leaf = (shape: readonly number[], rest: Partial<Leaf> = {}): Leaf => ({
  shape,
  seed: 0,
  layout: [],
  requiresGrad: true,
  ...rest,
});

/** The result of a program and the gradients of its inputs; null where none flows. */
function results(run: (inputs: readonly Tensor[]) => Tensor, inputs: readonly Tensor[]): unknown[] {
  const y = run(inputs);
  const wanted = inputs.filter((x) => x.requiresGrad);
  const grads = y.requiresGrad ? grad(y, wanted, { gradOutputs: [y.onesLike()], allowUnused: true }) : [];
  return [y, ...grads].map((x) => x && [x.shape, Array.from(x.toTypedArray())]);
}

describe(`on random programs (seed ${seed})`, () => {
  test('the engine is right, at first order and, on small ones, at second', { timeout: 60_000 }, () => {
    const property = fc.property(programs(), (program) => checkProgram(program));
    const limits = { interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false };
    fc.assert(property, { seed, numRuns: 1000, ...limits });
  });

  test('the engine is right at second order on larger ones, too', { timeout: 60_000 }, () => {
    const property = fc.property(programs(), (program) => checkProgram(program, { second: true }));
    const limits = { interruptAfterTimeLimit: 5_000, markInterruptAsFailure: false };
    fc.assert(property, { seed: seed + 1, numRuns: 200, ...limits });
  });

  test('what they have found stays found: the second derivative of a power at exponent 0', () => {
    const options = { dtype: 'float64', requiresGrad: true } as const;
    gradgradcheck((base, exponent) => base.pow(exponent), [tensor(0.5, options), tensor(0, options)]);
  });

  test('results and gradients do not depend on where the leaves lie in memory', () => {
    fc.assert(
      fc.property(programs(), ({ run, inputs }) => {
        const dense = inputs().map((x) => x.detach().clone().requiresGrad_(x.requiresGrad));
        expect(results(run, inputs())).toEqual(results(run, dense));
      }),
      { seed, numRuns: 200 },
    );
  });

  test('the printed code runs, and gives the same results and gradients', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(programs(), async (program) => {
        const code = `${program.toCode()}\nexport { program, inputs };\n`;
        const printed = await runCode<{ program: Checked; inputs: Tensor[] }>(code);
        const again = results((inputs) => printed.program(...inputs) as Tensor, printed.inputs);
        expect(again).toEqual(results(program.run, program.inputs()));
      }),
      { seed, numRuns: 60 },
    );
  });
});

describe('a program', () => {
  test('is what any lists of numbers say, and any part of them', () => {
    const numbers = fc.array(fc.array(fc.nat(), { maxLength: 20 }), { maxLength: 8 });
    fc.assert(
      fc.property(numbers, fc.nat(), (lists, at) => {
        const leaves = [leaf([2, 1, 3]), leaf([0]), leaf([], { layout: [1, 2, 3], requiresGrad: false })];
        for (const instructions of [lists, lists.toSpliced(at % (lists.length + 1), 1)]) {
          const { run, inputs } = program(leaves, instructions);
          for (const v of run(inputs()).toTypedArray()) expect(Math.abs(v)).toBeLessThanOrEqual(2);
        }
      }),
      { seed: 1 },
    );
  });

  test('without instructions gives its last leaf', () => {
    const { run, inputs } = program([leaf([]), leaf([2])], []);
    expect(run(inputs()).toArray()).toEqual([0.1, 0.2]);
  });

  test('draws the same values from the same seed each time', () => {
    const { inputs } = program([leaf([5], { seed: 7 })], []);
    expect(inputs()[0].toArray()).toEqual(inputs()[0].toArray());
    expect(new Set(inputs()[0].toTypedArray()).size).toBeGreaterThan(3);
  });

  test('of the arbitrary shares values, leaves some unused, and is full of views', () => {
    const count = { shared: 0, unused: 0, views: 0 };
    const drawn = fc.sample(programs(), { seed: 1, numRuns: 200 });
    for (const program of drawn) {
      const [, body] = program.toCode().split('=> {');
      const uses = program.leaves.concat().map((_, i) => body.split(new RegExp(`\\bx${i}\\b`)).length - 1);
      const later = program.instructions.map((_, i) => body.split(new RegExp(`\\bx${i + uses.length}\\b`)).length - 2);
      if ([...uses, ...later].some((n) => n > 1)) count.shared++;
      if (later.includes(0)) count.unused++;
      if (/\.(permute|expand|slice|index|flip|transpose|reshape)\(/.test(body)) count.views++;
    }
    for (const n of Object.values(count)) expect(n).toBeGreaterThan(drawn.length / 3);
  });

  test('prints as code when fast-check reports it, with the seed and the path that give it again', () => {
    const details = fc.check(
      fc.property(programs(), (program) => !program.toCode().includes('.matmul(')),
      { seed: 1 },
    );
    const report = fc.defaultReportMessage(details);
    expect(report).toMatch(/seed: 1, path: "[\d:]+"/);
    expect(report).toContain("import { tensor } from 'adjoint';");
    expect(report).toMatch(/const x2 = x1\.matmul\(x1\); \/\/ \[\]\n {2}return x2;/);
  });

  test('is passed by checkProgram, unless the engine that it is given is wrong', () => {
    const product = program([leaf([2])], [[1]]);
    checkProgram(product, { second: true });
    const twice = ((...args: Parameters<typeof grad>) => grad(...args).map((g) => g.mul(2))) as typeof grad;
    expect(() => checkProgram(product, { grad: twice })).toThrow(GradcheckError);
  });
});
