/**
 * safetensors: named arrays as bytes and back (https://huggingface.co/docs/safetensors).
 * u64 header length, JSON header, data; all little-endian and row-major. Opens no files: that is files.ts.
 */
import { dense } from '../array/dense.ts';
import { ValueError } from '../array/errors.ts';
import { nd, sizeOf, type Nd } from '../array/nd.ts';
import { littleEndian, swapBytes } from './safetensorsDtypes.ts';
import { loneSurrogate, maxHeader, metadataKey, parseHeader, quote } from './safetensorsHeader.ts';

/** What a file holds. Both records have no prototype, so that any name is only a name. */
export interface SafetensorsContent {
  tensors: Record<string, Nd>;
  metadata: Record<string, string>;
}

function checkText(what: string, text: unknown): void {
  const where = 'encodeSafetensors';
  if (typeof text !== 'string') throw new ValueError(where, `${what} must be a string`, typeof text);
  if (loneSurrogate.test(text)) throw new ValueError(where, `${what} must be Unicode text`, quote(text));
}

/**
 * The bytes of a safetensors file: float32 as F32, float64 as F64. Equal input gives equal bytes.
 *
 * The header keeps the order given. The data of float64 tensors comes before that of float32 ones, as the reference
 * implementation has it, so that every number is aligned and other readers can map the file into memory.
 * @throws ValueError for a tensor named `__metadata__`, for text that is not Unicode, for metadata that is not text.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { encodeSafetensors } from 'adjoint/io';
 * encodeSafetensors({ w: tensor([1, 2]).nd }).length // => 72
 * ```
 */
export function encodeSafetensors(
  tensors: Record<string, Nd>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const texts = Object.entries(metadata);
  for (const [key, text] of texts) {
    checkText('a name in the metadata', key);
    checkText(`metadata ${quote(key)}`, text);
  }
  const entries = Object.entries(tensors).map(([name, x]) => {
    checkText('the name of a tensor', name);
    if (name === metadataKey) throw new ValueError('encodeSafetensors', 'a tensor may have any other name', name);
    const width = x.data.BYTES_PER_ELEMENT;
    return { name, x, width, begin: 0, length: sizeOf(x.shape) * width };
  });
  const wideFirst = [...entries].sort((a, b) => b.width - a.width);
  let end = 0;
  for (const entry of wideFirst) {
    entry.begin = end;
    end += entry.length;
  }

  // Put together as text: an object would move names like "1" to the front and lose "__proto__".
  const pairs = entries.map(({ name, x, width, begin, length }) => {
    const value = { dtype: width === 4 ? 'F32' : 'F64', shape: x.shape, data_offsets: [begin, begin + length] };
    return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  });
  if (texts.length > 0) {
    const value = texts.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`);
    pairs.unshift(`"${metadataKey}":{${value.join(',')}}`);
  }
  const header = new TextEncoder().encode(`{${pairs.join(',')}}`);
  const start = 8 + Math.ceil(header.length / 8) * 8;
  if (start - 8 > maxHeader) {
    const cure = 'save fewer tensors a file, or less metadata';
    throw new ValueError(
      'encodeSafetensors',
      `the header must be at most ${maxHeader} bytes long`,
      `${start - 8}`,
      cure,
    );
  }

  const bytes = new Uint8Array(start + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(header, 8);
  bytes.fill(0x20, 8 + header.length, start);
  for (const { x, width, begin, length } of entries) {
    const { data, offset } = dense(x);
    const to = bytes.subarray(start + begin, start + begin + length);
    to.set(new Uint8Array(data.buffer, data.byteOffset + offset * width, length));
    if (!littleEndian) swapBytes(to, width);
  }
  return bytes;
}

/**
 * The tensors and the metadata in the bytes of a safetensors file.
 *
 * F64 becomes float64; F32, F16 and BF16 become float32; so do whole numbers and BOOL, unless the tensor holds a whole
 * number that float32 cannot hold exactly: then it becomes float64. The numbers are copies; `bytes` is free afterwards.
 * @param where the file's name, which stands in every message
 * @throws FormatError when the file is cut off, its header is not what the format says, its offsets overlap, leave a
 * hole or leave the file, or a whole number lies beyond ±2^53.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { decodeSafetensors, encodeSafetensors } from 'adjoint/io';
 * const bytes = encodeSafetensors({ w: tensor([1, 2]).nd }, { step: '7' });
 * decodeSafetensors(bytes, 'w.safetensors').metadata.step // => 7
 * ```
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): SafetensorsContent {
  const { entries, metadata, data } = parseHeader(bytes, where);
  const tensors = Object.create(null) as Record<string, Nd>;
  for (const { name, dtype, shape, begin, end } of entries) {
    const raw = new Uint8Array(end - begin); // a copy: the bytes may lie anywhere, typed arrays must be aligned
    raw.set(data.subarray(begin, end));
    if (!littleEndian) swapBytes(raw, dtype.width);
    tensors[name] = nd(dtype.read(raw.buffer, `${where}: tensor ${quote(name)}`), shape);
  }
  return { tensors, metadata };
}
