/** Random arrays in any layout and a safetensors file put together by hand. Holds no checks itself. */
import * as fc from 'fast-check';
import { nd, rowMajor, sizeOf, type Nd } from '../../src/array/nd.ts';

/** Values in row-major order, read by index: does not use the copy loop under test. */
export function valuesOf(x: Nd): number[] {
  const values: number[] = [];
  const walk = (dim: number, at: number): void => {
    if (dim === x.shape.length) values.push(x.data[at]);
    else for (let i = 0; i < x.shape[dim]; i++) walk(dim + 1, at + i * x.strides[dim]);
  };
  walk(0, x.offset);
  return values;
}

/** float32 or float64, 0-d to 4-d, empty or not, NaN and −0 and ±∞ included; permuted, flipped, cut and expanded. */
export const anyNd: fc.Arbitrary<Nd> = fc
  .record({
    shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
    order: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
    flip: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    expand: fc.array(fc.nat({ max: 6 }), { minLength: 4, maxLength: 4 }),
    lead: fc.nat({ max: 3 }),
    double: fc.boolean(),
  })
  .chain(({ shape, order, flip, expand, lead, double }) => {
    const n = lead + sizeOf(shape);
    const length = { minLength: n, maxLength: n };
    const numbers = double ? fc.float64Array(length) : fc.float32Array(length);
    return numbers.map((data) => {
      const strides = rowMajor(shape);
      let offset = lead;
      for (let i = 0; i < shape.length; i++) {
        if (expand[i] === 0) strides[i] = 0;
        else if (flip[i] && sizeOf(shape) > 0) {
          offset += strides[i] * (shape[i] - 1);
          strides[i] *= -1;
        }
      }
      const dims = shape.map((_, i) => i).sort((a, b) => order[a] - order[b]);
      return nd(
        data,
        dims.map((i) => shape[i]),
        dims.map((i) => strides[i]),
        offset,
      );
    });
  });

/** Any Unicode text that a name may be, with the ones that JavaScript's objects make difficult. */
export const anyName: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 5, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
    fc.constantFrom('__proto__', 'constructor', 'toString', '0', '10', '', '"', '\\', '\u0000', '\u2028', 'fc1.weight'),
  )
  .filter((name) => name !== '__metadata__');

/** A record without prototype, so that `__proto__` is a name like any other. */
export const record = <T>(pairs: readonly (readonly [string, T])[]): Record<string, T> => {
  const out = Object.create(null) as Record<string, T>;
  for (const [key, value] of pairs) out[key] = value;
  return out;
};

/** A file of a header (text, bytes, or a value for JSON) and some data; the length may lie. */
export function file(header: unknown, data: ArrayLike<number> = [], length?: bigint): Uint8Array {
  const text =
    header instanceof Uint8Array ? header : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

/** A tensor's entry in the header. */
export const entry = (dtype: unknown, shape: unknown, ...data_offsets: unknown[]) => ({ dtype, shape, data_offsets });

/** The bytes of 64-bit whole numbers. */
export const longs = (...values: bigint[]): number[] => [
  ...new Uint8Array(BigUint64Array.from(values, (x) => BigInt.asUintN(64, x)).buffer),
];
