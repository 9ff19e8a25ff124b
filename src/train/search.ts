/** Options to try: all of a grid, or drawn at random. */
import { ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';

/** Options by name, as JSON can keep them. */
export type Settings = Readonly<Record<string, number | string | boolean>>;

/** The values that each option may take; or, to draw from, a function of a generator. */
export type Space<S extends Settings> = {
  readonly [name in keyof S]: readonly S[name][] | ((generator: Generator) => S[name]);
};

/**
 * Every combination; the last option changes fastest.
 * ```ts
 * import { grid } from 'adjoint/train';
 * console.log(grid({ lr: [0.1, 0.01], width: [8, 16] }).length); // => 4
 * ```
 */
export function grid<S extends Settings>(space: { readonly [name in keyof S]: readonly S[name][] }): S[] {
  let all: Settings[] = [{}];
  for (const [name, values] of Object.entries(space) as [string, readonly (number | string | boolean)[]][]) {
    all = all.flatMap((some) => values.map((value) => ({ ...some, [name]: value })));
  }
  return all as S[];
}

/**
 * n draws (Bergstra and Bengio, 2012): an item of each list with equal chance, or what the function draws.
 * ```ts
 * import { Generator } from 'adjoint';
 * import { logUniform, randomDraws } from 'adjoint/train';
 * const draws = randomDraws({ lr: logUniform(1e-4, 1e-1), width: [8, 16] }, 20, new Generator(1));
 * console.log(draws.every(({ lr }) => lr >= 1e-4 && lr < 1e-1)); // => true
 * ```
 */
export function randomDraws<S extends Settings>(
  space: Space<S>,
  n: number,
  generator: Generator = defaultGenerator,
): S[] {
  const draw = (): Settings =>
    Object.fromEntries(
      Object.entries(space).map(([name, values]: [string, Space<Settings>[string]]) => {
        if (typeof values === 'function') return [name, values(generator)];
        if (values.length === 0) throw new ValueError('randomDraws', `there must be values of ${name}`, 'none');
        return [name, values[generator.integer(0, values.length)]];
      }),
    );
  return Array.from({ length: n }, draw) as S[];
}

/** Draws from low to high with equal chance on a logarithmic axis: for step sizes and decays. */
export function logUniform(low: number, high: number): (generator: Generator) => number {
  if (!(low > 0 && high > low)) {
    throw new ValueError('logUniform', 'low and high must be positive numbers that grow', `${low} and ${high}`);
  }
  return (generator) => low * (high / low) ** generator.uniform();
}
