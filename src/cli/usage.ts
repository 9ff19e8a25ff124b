/** What a command line says: options by name, checked; a mistake in it is one line, and exit code 2. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** A mistake of the user's: one line, exit code 2. */
export class UsageError extends Error {}

/** Options as node:util's parseArgs takes them. */
export type OptionTypes = NonNullable<ParseArgsConfig['options']>;

/** What was said, option by option. */
export interface Args {
  readonly positionals: readonly string[];
  has(name: string): boolean;
  text(name: string): string | undefined;
  /** All values of an option that may be said more than once. */
  all(name: string): readonly string[];
  /** A number from `low` to `high`; `otherwise` if the option is left out. */
  number<T>(name: string, otherwise: T, low: number, high?: number): number | T;
  /** A whole number, likewise. */
  whole<T>(name: string, otherwise: T, low: number, high?: number): number | T;
  /** Whole numbers of an option that may be said more than once. */
  wholes(name: string, low: number): number[];
}

/** @throws UsageError for an option that is not known, or has no value where it needs one */
export function readArgs(argv: readonly string[], options: OptionTypes): Args {
  let values: Readonly<Record<string, unknown>>;
  let positionals: string[];
  try {
    ({ values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true }));
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\.\s/)[0]}; see --help`);
  }
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const all = (name: string): readonly string[] => (values[name] as string[] | undefined) ?? [];
  return {
    positionals,
    has: (name) => values[name] !== undefined,
    text,
    all,
    number: (name, otherwise, low, high) => {
      const value = text(name);
      return value === undefined ? otherwise : readNumber(`--${name}`, value, { low, high });
    },
    whole: (name, otherwise, low, high) => {
      const value = text(name);
      return value === undefined ? otherwise : readNumber(`--${name}`, value, { low, high, whole: true });
    },
    wholes: (name, low) => all(name).map((value) => readNumber(`--${name}`, value, { low, whole: true })),
  };
}

/** A number in a range. @throws UsageError when the text is none */
export function readNumber(
  name: string,
  text: string,
  { low, high = Infinity, whole = false }: { low: number; high?: number | undefined; whole?: boolean },
): number {
  const n = text.trim() === '' ? NaN : Number(text);
  const isKind = whole ? Number.isSafeInteger(n) : Number.isFinite(n);
  if (isKind && n >= low && n <= high) return n;
  const range = `from ${low}${high === Infinity ? '' : ` to ${high}`}`;
  throw new UsageError(`${name} must be a ${whole ? 'whole number' : 'number'} ${range}, got '${text}'`);
}

/** Refuses words that no command asked for. */
export function expectPositionals({ positionals }: Args, names: readonly string[], least = names.length): void {
  if (positionals.length < least) throw new UsageError(`${names[positionals.length]} is missing; see --help`);
  if (positionals.length > names.length) {
    throw new UsageError(`there is one word too many, '${positionals[names.length]}'; see --help`);
  }
}
