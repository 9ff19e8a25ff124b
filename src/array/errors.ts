/**
 * The one way in which every message is worded: where, what had to hold, what came, what to do.
 * Bad input is refused at the public method, never in a kernel.
 */

/** What all errors of the library are; its message reads `where: rule, got what; cure`. */
export abstract class AdjointError extends Error {
  constructor(where: string, rule: string, got: string, cure?: string, options?: ErrorOptions) {
    super(`${where}: ${rule}, got ${got}${cure === undefined ? '' : `; ${cure}`}`, options);
  }
}

/** A shape, a dim or a number of elements that does not fit. */
export class ShapeError extends AdjointError {
  override readonly name = 'ShapeError';
}

/** A value of the right shape that is not allowed: an index out of range, an unknown option, a wrong type. */
export class ValueError extends AdjointError {
  override readonly name = 'ValueError';
}

/** A use of the graph that cannot give a right gradient: released, changed in place, not recorded. */
export class GradError extends AdjointError {
  override readonly name = 'GradError';
}

/** A file that is not what its format says. */
export class FormatError extends AdjointError {
  override readonly name = 'FormatError';
}

/** A file that cannot be read or written; `cause` is the system's own error. */
export class FileError extends AdjointError {
  override readonly name = 'FileError';
}

/** The one printer of shapes: `[2, 3]`. */
export const showShape = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
