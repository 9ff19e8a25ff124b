/**
 * Straight-line code over vectors of four float32, and the loop over memory around it. A function of vectors is
 * written as ordinary TypeScript that is given operands and a Pen, writes down steps, and returns the result's code.
 */
import {
  doWhile,
  f32x4,
  i32,
  i32x4,
  join,
  v128,
  type Code,
  type Func,
  type Local,
  type ValueType,
} from './assembler.ts';

/** What code is written with. */
export interface Pen {
  /** Computes a value now, and gives the code that reads it as often as it is wanted. */
  keep(value: Code): Code;
  /** A number in all four lanes. It is kept in a variable from the function's start: V8 may make a constant anew in each round of a loop. */
  constant(x: number): Code;
  /** The same for lanes of 32 bits. */
  bits(lanes: readonly [number, number, number, number]): Code;
  /** What `write` keeps, then what it returns. */
  steps(write: () => Code): Code;
}

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);
function bitsOf(x: number): number {
  float[0] = x;
  return floatBits[0];
}

/** A kernel that is written with a Pen: its constants first, then the body. Each is alone in its module, as `run`. */
export const written = (
  params: readonly ValueType[],
  result: ValueType | null,
  body: (pen: Pen, params: readonly Local[], variable: (type: ValueType) => Local) => Code,
): Func => ({
  name: 'run',
  params,
  ...(result ? { result } : {}),
  body(locals, variable) {
    const constants = new Map<string, Local>();
    const start: Code[] = [];
    let page: Code[] = [];
    const pen: Pen = {
      keep(value) {
        const x = variable('v128');
        page.push(x.set(value));
        return x.get;
      },
      bits(lanes) {
        const key = lanes.join();
        let x = constants.get(key);
        if (x === undefined) {
          x = variable('v128');
          constants.set(key, x);
          start.push(x.set(v128.const(lanes)));
        }
        return x.get;
      },
      constant(x) {
        const lane = bitsOf(x);
        return pen.bits([lane, lane, lane, lane]);
      },
      steps(write) {
        const outer = page;
        page = [];
        const result = write();
        const all = join(...page, result);
        page = outer;
        return all;
      },
    };
    const code = pen.steps(() => body(pen, locals, variable));
    return join(...start, code);
  },
});

/** c₀ + c₁x + c₂x² + …, in the form of Estrin: halves of it are independent of each other, so they overlap in time. */
export function polynomial(pen: Pen, x: Code, coefficients: readonly number[]): Code {
  let terms = coefficients.map((c) => pen.constant(c));
  for (let power = x; terms.length > 1;) {
    const pairs: Code[] = [];
    for (let i = 0; i + 1 < terms.length; i += 2) pairs.push(f32x4.add(terms[i], f32x4.mul(terms[i + 1], power)));
    if (terms.length % 2 === 1) pairs.push(terms[terms.length - 1]);
    terms = pairs;
    if (terms.length > 1) power = pen.keep(f32x4.mul(power, power));
  }
  return terms[0];
}

/** a where the mask is set, else b. */
export const select = (mask: Code, a: Code, b: Code): Code => v128.bitselect(a, b, mask);

/** The same bits in all lanes. */
export const everywhere = (pen: Pen, n: number): Code => pen.bits([n, n, n, n]);

/** x·2ⁿ as bits: moved up by n places. */
export const shiftLeft = (x: Code, n: number): Code => i32x4.shl(x, i32.const(n));

/**
 * The operands and results of a kernel lie in areas of the scratchpad, so far apart (in floats). Not a multiple of a
 * page: addresses that differ by whole pages are in each other's way.
 */
export const AREA = (1 << 18) + 272;

/** So many floats may be read, worked on and written past the end. */
export const OVERRUN = 8;

/** What is done with four elements of each operand and with the scalars, each in all four lanes. */
export type Lanes = (pen: Pen, operands: readonly Code[], scalars: readonly Code[]) => Code | readonly Code[];

/**
 * run(from, to, …scalars): elementwise over `arity` operands, the first at the addresses from … to, each next one an
 * area further. Results lie where the first operands lay.
 *
 * A round of the loop does two vectors: they overlap in time. All is stored at its end, since V8, where it was asked to join
 * neighbouring vectors (see matmul/instructions.ts), does so only where nothing is stored between them.
 */
export const elementwise = (arity: number, lanes: Lanes, scalars = 0): Func =>
  written(
    ['i32', 'i32', ...new Array<ValueType>(scalars).fill('f32')],
    null,
    (pen, [at, end, ...numbers], variable) => {
      const splats = numbers.map((x) => {
        const splat = variable('v128');
        return { set: splat.set(f32x4.splat(x.get)), get: splat.get };
      });
      const values = splats.map((s) => s.get);
      const round = pen.steps(() => {
        const pair = [0, 16].map((bytes) => {
          const operands = Array.from({ length: arity }, (_, o) => pen.keep(v128.load(bytes + 4 * AREA * o, at.get)));
          const made = lanes(pen, operands, values);
          return (isCode(made) ? [made] : made).map((r) => pen.keep(r));
        });
        return join(...pair.flatMap((made, v) => made.map((r, o) => v128.store(16 * v + 4 * AREA * o, at.get, r))));
      });
      return [
        ...splats.flatMap((s) => s.set),
        ...doWhile([...round, ...at.set(i32.add(at.get, i32.const(32)))], i32.lt_u(at.get, end.get)),
      ];
    },
  );

const isCode = (x: Code | readonly Code[]): x is Code => typeof x[0] === 'number';
