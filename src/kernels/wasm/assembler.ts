/**
 * A tiny WebAssembly assembler: instructions are functions named as in the specification, which take the code of
 * their operands and return code, so that a kernel reads like folded WebAssembly text. Only what our kernels use.
 * https://webassembly.github.io/spec/core/binary
 */

/** Bytes of instructions. */
export type Code = readonly number[];

export type ValueType = 'i32' | 'f32' | 'v128';

const typeByte: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

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
export function signed(n: number): number[] {
  const out: number[] = [];
  for (;;) {
    const byte = n & 0x7f;
    n >>= 7;
    if ((n === 0 && (byte & 0x40) === 0) || (n === -1 && (byte & 0x40) !== 0)) return [...out, byte];
    out.push(byte | 0x80);
  }
}

// ── Instructions ────────────────────────────────────────────────────────────────────────────────

type Instruction = (...operands: Code[]) => Code;
/** A load or store: `offset` bytes are added to the address. */
type MemoryInstruction = (offset: number, ...operands: Code[]) => Code;

const op =
  (...opcode: number[]): Instruction =>
  (...operands) => [...operands.flat(), ...opcode];
/** An instruction behind the vector prefix. */
const simd = (n: number): Instruction => op(0xfd, ...unsigned(n));
/** `align` is the expected alignment, as a power of 2. */
const memory =
  (align: number, ...opcode: number[]): MemoryInstruction =>
  (offset, ...operands) => [...operands.flat(), ...opcode, align, ...unsigned(offset)];

export const i32 = {
  const: (n: number): Code => [0x41, ...signed(n)],
  eq: op(0x46),
  lt_u: op(0x49),
  ge_s: op(0x4e),
  add: op(0x6a),
  sub: op(0x6b),
  mul: op(0x6c),
};

export const f32 = {
  const: (x: number): Code => [0x43, ...new Uint8Array(Float32Array.of(x).buffer)],
  load: memory(2, 0x2a),
  store: memory(2, 0x38),
  add: op(0x92),
  mul: op(0x94),
};

export const v128 = {
  load: memory(4, 0xfd, 0x00),
  load32_splat: memory(2, 0xfd, 0x09),
  store: memory(4, 0xfd, 0x0b),
};

/** Four float32 lanes. */
export const f32x4 = {
  splat: simd(0x13),
  add: simd(0xe4),
  mul: simd(0xe6),
};

// ── Structure ───────────────────────────────────────────────────────────────────────────────────

/** Loops while `condition` holds; it is tested at the end, so the body runs at least once. */
export const doWhile = (body: Code, condition: Code): Code => [0x03, 0x40, ...body, ...condition, 0x0d, 0x00, 0x0b];
/** Runs `body` if the condition is not 0. */
export const when = (condition: Code, body: Code): Code => [...condition, 0x04, 0x40, ...body, 0x0b];
/** Runs `body` as long as the condition holds, perhaps never. */
export const whileLoop = (condition: Code, body: Code): Code => when(condition, doWhile(body, condition));
/** A block that a br_if inside it may leave. */
export const block = (body: Code): Code => [0x02, 0x40, ...body, 0x0b];
/** Leaves the block that is `depth` blocks out if the condition is not 0. */
export const br_if = (depth: number, condition: Code): Code => [...condition, 0x0d, ...unsigned(depth)];

/** A variable of a function. */
export interface Local {
  readonly get: Code;
  readonly set: (value: Code) => Code;
  /** Sets, and leaves the value as the operand of what comes next. */
  readonly tee: (value: Code) => Code;
}

const local = (index: number): Local => ({
  get: [0x20, ...unsigned(index)],
  set: (value) => [...value, 0x21, ...unsigned(index)],
  tee: (value) => [...value, 0x22, ...unsigned(index)],
});

/** A function: parameters in order, and what makes its body when it is given them and a way to have more locals. */
export interface Func {
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result?: ValueType;
  readonly body: (params: readonly Local[], variable: (type: ValueType) => Local) => Code;
}

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];
const text = (s: string): number[] => sized([...new TextEncoder().encode(s)]);

/** "\0asm", version 1. */
const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** The bytes of a module that imports its memory, of `pages` of 64 KiB, as `env.memory`, and exports its functions by name. */
export function assemble(functions: readonly Func[], pages: number): Uint8Array<ArrayBuffer> {
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
    return sized([...vector(extra.map((type) => [1, typeByte[type]])), ...code, 0x0b]);
  });
  const limits = [0x01, ...unsigned(pages), ...unsigned(pages)];
  return Uint8Array.of(
    ...preamble,
    ...section(1, vector(types)),
    ...section(2, vector([[...text('env'), ...text('memory'), 0x02, ...limits]])),
    ...section(3, vector(functions.map((_, i) => unsigned(i)))),
    ...section(7, vector(functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]))),
    ...section(10, vector(codes)),
  );
}
