/**
 * Whole random computations: leaves in any layout, and instructions whose values are shared, die unused, and are views
 * of one another. A failing one shrinks to the smallest that fails, and prints as code that fails in the same way.
 */
import * as fc from 'fast-check';
import { sizeOf, type Shape } from '../array/nd.ts';
import { noGrad } from '../engine.ts';
import { Generator } from '../array/random.ts';
import type { Tensor } from '../tensor.ts';
import { broadcastable, shapes } from './arbitraries.ts';
import { evaluate, imports, show } from './expressions.ts';
import { gradcheck, gradgradcheck, type GradcheckOptions } from './gradcheck.ts';
import { interpret } from './instructions.ts';
import { layOut, layoutOf, picker, type LaidOut } from './layouts.ts';

/** A leaf of a program, float64. */
export interface Leaf {
  readonly shape: Shape;
  /** Determines the values, in (−1, 1), among them 0 itself; a seed of 0 gives 0.1, 0.2, … */
  readonly seed: number;
  /** Natural numbers that determine how it lies in memory; [] is row-major. */
  readonly layout: readonly number[];
  readonly requiresGrad: boolean;
}

/**
 * What computes one more value from those before: natural numbers, each taken modulo what is possible where it is
 * read (which op, on which values, …), 0 where they end. So every list of lists of numbers is a program.
 */
export type Instruction = readonly number[];

export interface Program {
  readonly leaves: readonly Leaf[];
  readonly instructions: readonly Instruction[];
  /** New tensors for the leaves. */
  readonly inputs: () => Tensor[];
  /** The last value. */
  readonly run: (inputs: readonly Tensor[]) => Tensor;
  /** TypeScript that runs this program and checks its gradients: what fast-check prints. */
  readonly toCode: () => string;
}

function makeLeaf({ shape, seed, layout, requiresGrad }: Leaf): LaidOut {
  const generator = new Generator(seed);
  const simple = (i: number): number => ((i % 9) + 1) / 10;
  const drawn = (): number => (generator.integer(0, 8) === 0 ? 0 : generator.integer(-95, 96) / 100);
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => (seed === 0 ? simple(i) : drawn()));
  return layOut(values, shape, layoutOf(shape, picker(layout), !requiresGrad), { dtype: 'float64', requiresGrad });
}

/**
 * The program of these leaves and instructions.
 * ```ts
 * import { program } from 'adjoint/testing';
 * const leaf = { shape: [2], seed: 0, layout: [], requiresGrad: true };
 * console.log(program([leaf], [[1], [0, 1]]).toCode());
 * // =>
 * // import { tensor } from 'adjoint';
 * // import { gradcheck, gradgradcheck, type Checked } from 'adjoint/testing/gradcheck';
 * //
 * // const inputs = [
 * //   tensor([0.1, 0.2], { dtype: 'float64', requiresGrad: true }),
 * // ];
 * // const program: Checked = (x0) => {
 * //   const x1 = x0.mul(x0); // [2]
 * //   const x2 = x0.sin(); // [2]
 * //   return x2;
 * // };
 * // gradcheck(program, inputs);
 * // gradgradcheck(program, inputs);
 * ```
 */
export function program(leaves: readonly Leaf[], instructions: readonly Instruction[]): Program {
  let understood: ReturnType<typeof understand> | null = null;
  const steps = (): ReturnType<typeof understand> => (understood ??= understand(leaves, instructions));
  return {
    leaves,
    instructions,
    inputs: () => leaves.map((leaf) => makeLeaf(leaf).tensor),
    run: (inputs) => {
      const values = [...inputs];
      for (const { meaning } of steps()) values.push(evaluate(meaning, values));
      return values[values.length - 1];
    },
    toCode: () => {
      const made = leaves.map((leaf) => makeLeaf(leaf).code);
      const names = [...leaves, ...instructions].map((_, i) => `x${i}`);
      const used = new Set(steps().flatMap(({ meaning }) => imports(meaning)));
      for (const code of made) used.add(code.slice(0, code.indexOf('(')));
      return [
        `import { ${[...used].sort().join(', ')} } from 'adjoint';`,
        "import { gradcheck, gradgradcheck, type Checked } from 'adjoint/testing/gradcheck';",
        '',
        'const inputs = [',
        ...made.map((code) => `  ${code},`),
        '];',
        `const program: Checked = (${names.slice(0, leaves.length).join(', ')}) => {`,
        ...steps().map(
          ({ meaning, shape }, i) =>
            `  const ${names[leaves.length + i]} = ${show(meaning, names)}; // [${shape.join(', ')}]`,
        ),
        `  return ${names[names.length - 1]};`,
        '};',
        'gradcheck(program, inputs);',
        'gradgradcheck(program, inputs);',
      ].join('\n');
    },
  };
}

/** What each instruction means where it stands, and the shape of its value. */
function understand(leaves: readonly Leaf[], instructions: readonly Instruction[]) {
  return noGrad(() => {
    const values = leaves.map((leaf) => makeLeaf(leaf).tensor);
    return instructions.map((instruction) => {
      const { meaning, result } = interpret(instruction, values);
      values.push(result);
      return { meaning, shape: result.shape };
    });
  });
}

export interface ProgramsOptions {
  /** At most so many leaves, 3 if left out, of which the first has requiresGrad. */
  readonly maxLeaves?: number;
  /** At most so many instructions: 12 if left out. */
  readonly maxInstructions?: number;
}

/**
 * Random programs.
 * ```ts
 * import * as fc from 'fast-check';
 * import { checkProgram, programs } from 'adjoint/testing';
 * fc.assert(fc.property(programs(), (program) => checkProgram(program)), { numRuns: 20 });
 * ```
 */
export function programs(options: ProgramsOptions = {}): fc.Arbitrary<Program> {
  const { maxLeaves = 3, maxInstructions = 12 } = options;
  const sizes = { maxRank: 3, maxSize: 3, maxNumel: 12 };
  const any = fc.array(shapes(sizes), { minLength: maxLeaves, maxLength: maxLeaves });
  const related = broadcastable(maxLeaves, sizes);
  const rest = fc.record({
    seed: fc.nat(999),
    layout: fc.array(fc.nat(11), { maxLength: 20, size: 'max' }),
    requiresGrad: fc.boolean().map((constant) => !constant),
  });
  const instruction = fc.array(fc.nat(10 * 19 - 1), { minLength: 1, maxLength: 8, size: 'max' });
  return fc
    .tuple(
      fc.oneof({ weight: 3, arbitrary: related }, { weight: 1, arbitrary: any }),
      fc.array(rest, { minLength: 1, maxLength: maxLeaves, size: 'max' }),
      fc.array(instruction, { maxLength: maxInstructions, size: 'max' }),
    )
    .map(([shapes, leaves, instructions]) => {
      const made = program(
        leaves.map((leaf, i) => ({ shape: shapes[i], ...leaf, requiresGrad: i === 0 || leaf.requiresGrad })),
        instructions,
      );
      return Object.defineProperty(made, fc.toStringMethod, { value: () => `\n${made.toCode()}\n` });
    });
}

export interface CheckProgramOptions extends Pick<GradcheckOptions, 'grad'> {
  /** Whether to check second derivatives as well; if left out, where the program is small. */
  readonly second?: boolean;
}

/**
 * gradcheck and, on small programs, gradgradcheck. An engine of your own is checked by `grad`.
 * ```ts
 * import { checkProgram, program } from 'adjoint/testing';
 * const leaf = { shape: [2, 3], seed: 1, layout: [1], requiresGrad: true };
 * checkProgram(program([leaf], [[1], [2], [3]]), { second: true });
 * ```
 * @throws GradcheckError
 */
export function checkProgram(program: Program, { grad, second }: CheckProgramOptions = {}): void {
  const run = (...inputs: Tensor[]): Tensor => program.run(inputs);
  const options = { name: 'a random program', ...(grad && { grad }) };
  const inputs = program.inputs();
  gradcheck(run, inputs, options);
  const elements = program.run(inputs).numel() + program.leaves.reduce((n, { shape }) => n + sizeOf(shape), 0);
  if (second ?? elements * program.instructions.length <= 100) gradgradcheck(run, inputs, options);
}
