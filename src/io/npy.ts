/**
 * npy: one array as bytes and back, as NumPy saves it (NEP 1; versions 1.0 to 3.0). Opens no files: that is npz.ts.
 * A header in Python's words, { 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, and the numbers.
 */
import { dense } from '../array/dense.ts';
import { FormatError, showShape } from '../array/errors.ts';
import { nd, rowMajor, sizeOf, type Nd } from '../array/nd.ts';
import { fileDTypes, littleEndian, swapBytes, type FileDType } from './safetensorsDtypes.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** NumPy's letter and width → the same type in safetensors. */
const dtypes: Readonly<Record<string, string>> = {
  f8: 'F64',
  f4: 'F32',
  f2: 'F16',
  i8: 'I64',
  i4: 'I32',
  i2: 'I16',
  i1: 'I8',
  u8: 'U64',
  u4: 'U32',
  u2: 'U16',
  u1: 'U8',
  b1: 'BOOL',
};

/**
 * The bytes of an npy file: float32 as '<f4', float64 as '<f8', in row-major order; the same as np.save's.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { decodeNpy, encodeNpy } from 'adjoint/io';
 * const bytes = encodeNpy(tensor([[1, 2], [3, 4]]).nd);
 * console.log(bytes.length, decodeNpy(bytes, 'x.npy').shape); // => 144 [ 2, 2 ]
 * ```
 */
export function encodeNpy(x: Nd): Uint8Array<ArrayBuffer> {
  const { data, offset } = dense(x);
  const width = data.BYTES_PER_ELEMENT;
  const shape = x.shape.length === 1 ? `(${x.shape[0]},)` : `(${x.shape.join(', ')})`;
  const text = `{'descr': '<f${width}', 'fortran_order': False, 'shape': ${shape}, }`;
  const start = Math.ceil((MAGIC.length + 4 + text.length + 1) / 64) * 64; // so that the numbers are aligned
  const length = sizeOf(x.shape) * width;
  const bytes = new Uint8Array(start + length);
  bytes.set(MAGIC);
  bytes.set([1, 0], MAGIC.length);
  new DataView(bytes.buffer).setUint16(8, start - 10, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
  const numbers = bytes.subarray(start);
  numbers.set(new Uint8Array(data.buffer, data.byteOffset + offset * width, length));
  if (!littleEndian) swapBytes(numbers, width);
  return bytes;
}

/**
 * The array in the bytes of an npy file; of either byte order, in C or Fortran order. float64 becomes float64; the other
 * floats, whole numbers and truth values become float32, or float64 where float32 cannot hold a whole number exactly.
 * @param where the file's name, which stands in every message
 * @throws FormatError when it is no npy file, is cut off or too long, or holds texts, dates, complex numbers, objects or
 * records.
 */
export function decodeNpy(bytes: Uint8Array, where: string): Nd {
  const { dtype, bigEndian, fortran, shape, start } = readHeader(bytes, where);
  const length = sizeOf(shape) * dtype.width;
  if (bytes.length - start !== length) {
    const cure = bytes.length - start < length ? 'the file is cut off' : 'something stands behind the numbers';
    throw new FormatError(where, `${showShape(shape)} takes ${length} bytes`, `${bytes.length - start}`, cure);
  }
  const raw = new Uint8Array(length); // a copy, also of a Node Buffer, whose slice is none
  raw.set(bytes.subarray(start));
  if (bigEndian === littleEndian) swapBytes(raw, dtype.width);
  const data = dtype.read(raw.buffer, where);
  return fortran ? nd(data, shape, rowMajor([...shape].reverse()).reverse()) : nd(data, shape);
}

interface Header {
  readonly dtype: FileDType;
  readonly bigEndian: boolean;
  readonly fortran: boolean;
  readonly shape: number[];
  readonly start: number;
}

function readHeader(bytes: Uint8Array, where: string): Header {
  const first = Array.from(bytes.subarray(0, 6));
  if (first.join() !== MAGIC.join()) {
    const got = first.map((byte) => byte.toString(16).padStart(2, '0')).join(' ') || 'an empty file';
    const cure = first[0] === 0x50 && first[1] === 0x4b ? 'this is an npz: several arrays' : 'is this an npy file?';
    throw new FormatError(where, 'an npy file must begin with \\x93NUMPY', got, cure);
  }
  const wide = bytes[6] >= 2; // from version 2.0 on, the length has four bytes
  if (bytes[6] < 1 || bytes[6] > 3) {
    throw new FormatError(where, 'the version must be from 1 to 3', `${bytes[6]}.${bytes[7]}`);
  }
  const begin = wide ? 12 : 10;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = bytes.length < begin ? Infinity : wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (begin + length > bytes.length) {
    throw new FormatError(where, 'the header must lie within the file', `${bytes.length} bytes`, 'the file is cut off');
  }
  const text = new TextDecoder('utf-8').decode(bytes.subarray(begin, begin + length));
  const refuse = (rule: string, cure?: string): FormatError =>
    new FormatError(where, rule, JSON.stringify(text.trim().slice(0, 200)), cure);
  const descr = /'descr':\s*('[^']*'|\[)/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape':\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || sizes === undefined) {
    throw refuse("the header must have 'descr', 'fortran_order' and 'shape'");
  }
  const type = /^'([<>|=])?([a-z]\d+)'$/i.exec(descr);
  const dtype = fileDTypes.get(dtypes[type?.[2] ?? ''] ?? '');
  if (!type || !dtype) {
    throw refuse(`'descr' must be one of ${Object.keys(dtypes).join(', ')}`, 'in Python, save x.astype(np.float32)');
  }
  const shape = sizes
    .split(',')
    .filter((size) => size.trim() !== '')
    .map((size) => parseInt(size, 10));
  if (!Number.isSafeInteger(sizeOf(shape) * dtype.width)) throw refuse("'shape' must describe fewer than 2^53 bytes");
  return { dtype, bigEndian: type[1] === '>', fortran: order === 'True', shape, start: begin + length };
}
