/**
 * The one way in which every message is worded: where, what had to hold, what came, what to do.
 * Bad input is refused at the public method, never in a kernel.
 */

/** Words a message: `where: rule, got what; cure`. */
const word = (where: string, rule: string, got: string, cure?: string): string =>
  `${where}: ${rule}, got ${got}${cure === undefined ? '' : `; ${cure}`}`;

/** A shape, a dim or a number of elements that does not fit. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
  constructor(where: string, rule: string, got: string, cure?: string) {
    super(word(where, rule, got, cure));
  }
}

/** A value of the right shape that is not allowed: an index out of range, an unknown option, a wrong type. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
  constructor(where: string, rule: string, got: string, cure?: string) {
    super(word(where, rule, got, cure));
  }
}

/** A use of the graph that cannot give a right gradient: released, changed in place, not recorded. */
export class GradError extends Error {
  override readonly name = 'GradError';
  constructor(where: string, rule: string, got: string, cure?: string) {
    super(word(where, rule, got, cure));
  }
}

/** A file that is not what its format says. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  constructor(where: string, rule: string, got: string, cure?: string) {
    super(word(where, rule, got, cure));
  }
}

/** A file that cannot be read or written; `cause` is the system's own error. */
export class FileError extends Error {
  override readonly name = 'FileError';
  constructor(where: string, rule: string, got: string, cure: string, cause: unknown) {
    super(word(where, rule, got, cure), { cause });
  }
}

/** The one printer of shapes: `[2, 3]`. */
export const showShape = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
