/** Sums as strings, "12+34=46": a language whose texts are right or wrong, for small language models. */
import { ValueError } from '../array/errors.ts';
import type { Generator } from '../array/random.ts';

export interface ArithmeticOptions {
  /** the most digits of a number (default 2) */
  readonly digits?: number;
  /** which of + - * there are (default '+-') */
  readonly operators?: string;
}

const results: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
};

/**
 * n problems with their results. Numbers have 1 to `digits` digits, each length with the same chance.
 * ```ts
 * import { Generator } from 'adjoint';
 * import { arithmetic, isRight } from 'adjoint/data';
 * const [problem] = arithmetic(1, new Generator(1));
 * console.log(/^\d+[-+]\d+=-?\d+$/.test(problem), isRight(problem), isRight('2+2=5')); // => true true false
 * ```
 * @throws ValueError for a wrong n, digits that are not from 1 to 7, or another operator
 */
export function arithmetic(
  n: number,
  random: Generator,
  { digits = 2, operators = '+-' }: ArithmeticOptions = {},
): string[] {
  const where = 'arithmetic';
  if (!Number.isSafeInteger(n) || n < 0) throw new ValueError(where, 'n must be a whole number from 0', `${n}`);
  if (!Number.isInteger(digits) || digits < 1 || digits > 7) {
    throw new ValueError(where, 'digits must be a whole number from 1 to 7', `${digits}`);
  }
  const known = [...operators].filter((sign) => Object.hasOwn(results, sign));
  if (known.length === 0 || known.length < operators.length) {
    throw new ValueError(where, 'operators must be some of + - *', JSON.stringify(operators));
  }
  const draw = (): number => {
    const length = random.integer(1, digits + 1);
    return random.integer(length === 1 ? 0 : 10 ** (length - 1), 10 ** length);
  };
  return Array.from({ length: n }, () => {
    const [a, b, sign] = [draw(), draw(), operators[random.integer(0, operators.length)]];
    return `${a}${sign}${b}=${results[sign](a, b)}`;
  });
}

/** Whether a text is a problem with its right result; see arithmetic. */
export function isRight(text: string): boolean {
  const parts = /^(\d{1,7})([-+*])(\d{1,7})=(-?\d+)$/.exec(text);
  return parts !== null && String(results[parts[2]](Number(parts[1]), Number(parts[3]))) === parts[4];
}
