/**
 * A tiny WebAssembly assembler: instructions are functions named as in the specification, which take the code of
 * their operands and return code, so that a kernel reads like folded WebAssembly text. Only what our kernels use.
 * https://webassembly.github.io/spec/core/binary
 */

/** Bytes of instructions. */
export type Code = readonly number[];

export type ValueType = 'i32' | 'f32' | 'f64' | 'v128';

const typeByte: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Unsigned LEB128: 7 bits a byte, lowest first; the high bit says that more follow. */
export function unsigned(n: number): number[] {
  const out: number[] = [];
  do {
    const more = n >= 0x80;
    out.push((n % 0x80) + (more ? 0x80 : 0));
    n = Math.floor(n / 0x80);
  } while (n > 0);
  return out;
}

/** Signed LEB128 of a 32-bit number. */
function signed(n: number): number[] {
  const out: number[] = [];
  for (;;) {
    const byte = n & 0x7f;
    n >>= 7;
    if ((n === 0 && (byte & 0x40) === 0) || (n === -1 && (byte & 0x40) !== 0)) return [...out, byte];
    out.push(byte | 0x80);
  }
}

// ── Instructions ────────────────────────────────────────────────────────────────────────────────

export type Instruction = (...operands: Code[]) => Code;
/** A load or store: `offset` bytes are added to the address. */
type MemoryInstruction = (offset: number, ...operands: Code[]) => Code;

/** Pieces of code one after another. (`concat` copies arrays as they lie in memory: many times faster than spreading.) */
export const join = (...pieces: Code[]): Code => ([] as number[]).concat(...pieces);

const op =
  (...opcode: number[]): Instruction =>
  (...operands) =>
    join(...operands, opcode);
/** An instruction behind the vector prefix. */
const simd = (n: number): Instruction => op(0xfd, ...unsigned(n));
/** An instruction that reads one lane. */
const lane =
  (n: number) =>
  (index: number, operand: Code): Code => [...operand, 0xfd, ...unsigned(n), index];
/** `align` is the expected alignment, as a power of 2. */
const memory =
  (align: number, ...opcode: number[]): MemoryInstruction =>
  (offset, ...operands) =>
    join(...operands, opcode, [align], unsigned(offset));

export const i32 = {
  const: (n: number): Code => [0x41, ...signed(n)],
  eq: op(0x46),
  lt_u: op(0x49),
  gt_s: op(0x4a),
  ge_s: op(0x4e),
  add: op(0x6a),
  sub: op(0x6b),
  mul: op(0x6c),
  and: op(0x71),
  shl: op(0x74),
};

export const f32 = {
  const: (x: number): Code => [0x43, ...new Uint8Array(Float32Array.of(x).buffer)],
  load: memory(2, 0x2a),
  store: memory(2, 0x38),
  add: op(0x92),
  mul: op(0x94),
  div: op(0x95),
  demote_f64: op(0xb6),
};

export const f64 = {
  const: (x: number): Code => [0x44, ...new Uint8Array(Float64Array.of(x).buffer)],
  sqrt: op(0x9f),
  add: op(0xa0),
  div: op(0xa3),
  convert_i32_s: op(0xb7),
};

export const v128 = {
  load: memory(4, 0xfd, 0x00),
  load32_splat: memory(2, 0xfd, 0x09),
  /** `vector` with one lane replaced by what lies at the address. */
  load32_lane: (offset: number, index: number, address: Code, vector: Code): Code =>
    join(memory(2, 0xfd, 0x56)(offset, address, vector), [index]),
  store: memory(4, 0xfd, 0x0b),
  /** Of four 32-bit lanes. */
  const: (lanes: readonly [number, number, number, number]): Code => [
    0xfd,
    0x0c,
    ...lanes.flatMap((n) => [n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, (n >> 24) & 0xff]),
  ],
  and: simd(0x4e),
  or: simd(0x50),
  /** bitselect(a, b, mask): a's bits where the mask has ones, else b's. */
  bitselect: simd(0x52),
};

/** Four float32 lanes. */
export const f32x4 = {
  splat: simd(0x13),
  extract_lane: lane(0x1f),
  eq: simd(0x41),
  ne: simd(0x42),
  lt: simd(0x43),
  gt: simd(0x44),
  le: simd(0x45),
  ge: simd(0x46),
  ceil: simd(0x67),
  floor: simd(0x68),
  trunc: simd(0x69),
  nearest: simd(0x6a),
  abs: simd(0xe0),
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  min: simd(0xe8),
  max: simd(0xe9),
  /** b < a ? b : a */
  pmin: simd(0xea),
  /** a < b ? b : a */
  pmax: simd(0xeb),
  convert_i32x4_s: simd(0xfa),
  /** a·b + c, rounded once or twice: which one is up to the machine. Of the relaxed SIMD extension. */
  relaxed_madd: simd(0x105),
  /** Of two float64; the upper two are 0. */
  demote_f64x2_zero: simd(0x5e),
};

/** Two float64 lanes. */
export const f64x2 = {
  extract_lane: lane(0x21),
  promote_low_f32x4: simd(0x5f),
  add: simd(0xf0),
};

/** Four 32-bit whole numbers. */
export const i32x4 = {
  splat: simd(0x11),
  lt_s: simd(0x39),
  shl: simd(0xab),
  shr_s: simd(0xac),
  shr_u: simd(0xad),
  add: simd(0xae),
  sub: simd(0xb1),
};

export const i8x16 = {
  /** The lanes of a (0 … 3) and b (4 … 7) in the given order, as lanes of 32 bits, which is all that we move. */
  shuffle: ([p, q, r, s]: readonly [number, number, number, number], a: Code, b: Code): Code => [
    ...a,
    ...b,
    0xfd,
    0x0d,
    ...[p, q, r, s].flatMap((n) => [4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3]),
  ],
};

// ── Structure ───────────────────────────────────────────────────────────────────────────────────

/** Loops while `condition` holds; it is tested at the end, so the body runs at least once. */
export const doWhile = (body: Code, condition: Code): Code => join([0x03, 0x40], body, condition, [0x0d, 0x00, 0x0b]);
/** Runs `body` if the condition is not 0. */
export const when = (condition: Code, body: Code): Code => join(condition, [0x04, 0x40], body, [0x0b]);
/** Runs `body` as long as the condition holds, perhaps never. */
export const whileLoop = (condition: Code, body: Code): Code => when(condition, doWhile(body, condition));
/** A block that a br_if inside it may leave. */
export const block = (body: Code): Code => join([0x02, 0x40], body, [0x0b]);
/** Leaves the block that is `depth` blocks out if the condition is not 0. */
export const br_if = (depth: number, condition: Code): Code => join(condition, [0x0d], unsigned(depth));

/** A variable of a function. */
export interface Local {
  readonly get: Code;
  readonly set: (value: Code) => Code;
  /** Sets, and leaves the value as the operand of what comes next. */
  readonly tee: (value: Code) => Code;
}

const local = (index: number): Local => ({
  get: [0x20, ...unsigned(index)],
  set: (value) => join(value, [0x21], unsigned(index)),
  tee: (value) => join(value, [0x22], unsigned(index)),
});

/** A function: parameters in order, and what makes its body when it is given them and a way to have more locals. */
export interface Func<Name extends string = string> {
  readonly name: Name;
  readonly params: readonly ValueType[];
  readonly result?: ValueType;
  readonly body: (params: readonly Local[], variable: (type: ValueType) => Local) => Code;
}

const vector = (items: readonly Code[]): Code => join(unsigned(items.length), ...items);
const sized = (bytes: Code): Code => join(unsigned(bytes.length), bytes);
const section = (id: number, bytes: Code): Code => join([id], sized(bytes));
const text = (s: string): Code => sized([...new TextEncoder().encode(s)]);

/** "\0asm", version 1. */
const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/**
 * The bytes of a module that imports its memory, of `pages` of 64 KiB and perhaps shared between threads, as
 * `env.memory`, and exports its functions by name.
 */
export function assemble(functions: readonly Func[], pages: number, shared = false): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ params, result }) => [
    0x60,
    ...vector(params.map((type) => [typeByte[type]])),
    ...vector(result ? [[typeByte[result]]] : []),
  ]);
  const codes = functions.map(({ params, body }) => {
    const extra: ValueType[] = [];
    const variable = (type: ValueType): Local => local(params.length + extra.push(type) - 1);
    const code = body(
      params.map((_, i) => local(i)),
      variable,
    );
    return sized(join(vector(extra.map((type) => [1, typeByte[type]])), code, [0x0b]));
  });
  const limits = [shared ? 0x03 : 0x01, ...unsigned(pages), ...unsigned(pages)];
  return Uint8Array.from(
    join(
      preamble,
      section(1, vector(types)),
      section(2, vector([join(text('env'), text('memory'), [0x02], limits)])),
      section(3, vector(functions.map((_, i) => unsigned(i)))),
      section(7, vector(functions.map(({ name }, i) => join(text(name), [0x00], unsigned(i))))),
      section(10, vector(codes)),
    ),
  );
}
