/**
 * IDX, the file format of MNIST: a magic number, the sizes, then the values in row-major order.
 * Unsigned bytes only, which is what MNIST and its relatives use; knows nothing of files, images or compression.
 */
import { FormatError, showShape } from '../array/errors.ts';
import { sizeOf } from '../array/nd.ts';

/** The other types that the format's third byte can name. */
const otherTypes: Readonly<Record<number, string>> = {
  0x09: 'signed bytes',
  0x0b: '16-bit whole numbers',
  0x0c: '32-bit whole numbers',
  0x0d: '32-bit floats',
  0x0e: '64-bit floats',
};

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/**
 * Reads an IDX file of unsigned bytes: 00 00 08 ndim, then ndim sizes (32 bits, big-endian), then the data.
 * @param where the file's name, for messages
 * @returns the shape, and the data as a view of `bytes`: nothing is copied
 * @throws FormatError for another magic number, another type, a file that is too short or too long.
 * @see http://yann.lecun.com/exdb/mnist/
 * ```ts
 * import { decodeIdx } from 'adjoint/data';
 * decodeIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 70, 71), 'two.idx').data // => Uint8Array(2) [ 70, 71 ]
 * ```
 */
export function decodeIdx(bytes: Uint8Array, where: string): { shape: number[]; data: Uint8Array } {
  if (bytes.length < 4) throw tooShort(where, 'the magic number takes 4 bytes', bytes.length);
  const [zero, zeroToo, type, ndim] = bytes;
  if (zero !== 0 || zeroToo !== 0) {
    const got = [zero, zeroToo, type, ndim].map(hex).join(' ');
    const cure = zero === 0x1f && zeroToo === 0x8b ? 'this is gzip: unpack it first' : 'this is not an IDX file';
    throw new FormatError(where, 'an IDX file must begin with the bytes 00 00', got, cure);
  }
  if (type !== 0x08) {
    const got = `type 0x${hex(type)} (${otherTypes[type] ?? 'unknown'})`;
    throw new FormatError(where, 'only unsigned bytes (type 0x08) are supported', got);
  }
  if (ndim === 0) throw new FormatError(where, 'an IDX file must have at least one dim', '0');
  const header = 4 + 4 * ndim;
  if (bytes.length < header) throw tooShort(where, `the header for ${ndim} dims takes ${header} bytes`, bytes.length);

  const view = new DataView(bytes.buffer, bytes.byteOffset, header);
  const shape = Array.from({ length: ndim }, (_, i) => view.getUint32(4 + 4 * i));
  // Sizes that are absurd can multiply to Infinity, and Infinity times 0 is not a number.
  const expected = shape.includes(0) ? header : header + sizeOf(shape);
  const rule = `${showShape(shape)} takes ${expected} bytes with the header`;
  if (bytes.length < expected) throw tooShort(where, rule, bytes.length);
  if (bytes.length > expected) {
    throw new FormatError(
      where,
      rule,
      `${bytes.length} bytes`,
      `${bytes.length - expected} bytes trail behind the data`,
    );
  }
  // Not bytes.subarray: of a Node Buffer that would be another Buffer.
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + header, bytes.length - header) };
}

const tooShort = (where: string, rule: string, length: number): FormatError =>
  new FormatError(where, rule, `${length} bytes`, 'the file is truncated');
