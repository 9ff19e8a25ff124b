/**
 * The number types of a safetensors file: how wide each is and how its bytes become float32 or float64.
 * Knows nothing of headers and offsets.
 */
import { FormatError } from '../array/errors.ts';
import type { Data } from '../array/nd.ts';

/** A dtype of the format: the width of a number in bytes, and the numbers of a whole tensor from its bytes. */
export interface FileDType {
  readonly width: number;
  /** @param raw the tensor's bytes in this machine's order; taken over, not copied again */
  readonly read: (raw: ArrayBuffer, where: string) => Data;
}

/** Whether this machine keeps the low byte first, as the file does. */
export const littleEndian: boolean = /* @__PURE__ */ new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Turns round the bytes of each number in place: file order to machine order and back, where those differ. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}

/** IEEE 754 half precision: 1 sign bit, 5 of exponent, 10 of fraction. */
function readF16(raw: ArrayBuffer): Data {
  const halves = new Uint16Array(raw);
  const out = new Float32Array(halves.length);
  for (let i = 0; i < out.length; i++) {
    const exponent = (halves[i] >> 10) & 31;
    const fraction = halves[i] & 1023;
    let x = (1 + fraction / 1024) * 2 ** (exponent - 15);
    if (exponent === 0) x = fraction * 2 ** -24;
    else if (exponent === 31) x = fraction === 0 ? Infinity : NaN;
    out[i] = halves[i] & 0x8000 ? -x : x;
  }
  return out;
}

/** bfloat16: the upper half of a float32. */
function readBF16(raw: ArrayBuffer): Data {
  const halves = new Uint16Array(raw);
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < words.length; i++) words[i] = halves[i] << 16;
  return new Float32Array(words.buffer);
}

/** Whole numbers: float32 when that holds each of them exactly, else float64 for the whole tensor. */
function wholeNumbers(values: Int32Array | Uint32Array | Float64Array<ArrayBuffer>): Data {
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = values[i];
    if (out[i] !== values[i]) return Float64Array.from(values);
  }
  return out;
}

/** 64-bit whole numbers, as long as float64 holds them exactly. */
function readLong(values: BigInt64Array | BigUint64Array, where: string): Data {
  const limit = 2n ** 53n;
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) {
    if (values[i] > limit || values[i] < -limit) {
      const cure = 'store it as F64 or as two smaller numbers';
      throw new FormatError(where, 'whole numbers must lie within ±2^53, where float64 is exact', `${values[i]}`, cure);
    }
    out[i] = Number(values[i]);
  }
  return wholeNumbers(out);
}

function readBool(raw: ArrayBuffer, where: string): Data {
  const bytes = new Uint8Array(raw);
  const bad = bytes.findIndex((b) => b > 1);
  if (bad !== -1) throw new FormatError(where, 'a BOOL must be 0 or 1', `${bytes[bad]} at position ${bad}`);
  return Float32Array.from(bytes);
}

/** Every dtype that is read here, by its name in the file. The 8-bit and smaller floats and complex numbers are not. */
export const fileDTypes: ReadonlyMap<string, FileDType> = /* @__PURE__ */ new Map<string, FileDType>([
  ['F64', { width: 8, read: (raw) => new Float64Array(raw) }],
  ['F32', { width: 4, read: (raw) => new Float32Array(raw) }],
  ['F16', { width: 2, read: readF16 }],
  ['BF16', { width: 2, read: readBF16 }],
  ['I64', { width: 8, read: (raw, where) => readLong(new BigInt64Array(raw), where) }],
  ['I32', { width: 4, read: (raw) => wholeNumbers(new Int32Array(raw)) }],
  ['I16', { width: 2, read: (raw) => Float32Array.from(new Int16Array(raw)) }],
  ['I8', { width: 1, read: (raw) => Float32Array.from(new Int8Array(raw)) }],
  ['U64', { width: 8, read: (raw, where) => readLong(new BigUint64Array(raw), where) }],
  ['U32', { width: 4, read: (raw) => wholeNumbers(new Uint32Array(raw)) }],
  ['U16', { width: 2, read: (raw) => Float32Array.from(new Uint16Array(raw)) }],
  ['U8', { width: 1, read: (raw) => Float32Array.from(new Uint8Array(raw)) }],
  ['BOOL', { width: 1, read: readBool }],
]);
