/**
 * The header of a safetensors file: parsed and checked before a single number is read.
 * The file is taken for hostile: what passes here can be read without leaving the bytes. Reads no numbers itself.
 */
import { FormatError } from '../array/errors.ts';
import { fileDTypes, type FileDType } from './safetensorsDtypes.ts';

/** One tensor as the header declares it; `begin` and `end` count bytes from the start of the data. */
export interface Entry {
  readonly name: string;
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A checked header, and the bytes behind it. */
export interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Record<string, string>;
  readonly data: Uint8Array;
}

/** The key that holds text about the file and is no tensor. */
export const metadataKey = '__metadata__';

/** The reference implementation's limit, in bytes: a file may not ask for an endless JSON text. */
export const maxHeader = 100_000_000;

/** As deep as the reference's JSON parser goes. */
const maxDepth = 128;

/** Half of a surrogate pair alone, which is no Unicode text and has no UTF-8. */
export const loneSurrogate: RegExp = /\p{Surrogate}/u;

const cut = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** A name as messages show it; a hostile one may be very long. */
export const quote = (name: string): string => JSON.stringify(cut(name));

/** A JSON value as messages show it. Never deep: a hostile one may be nested beyond the stack. */
function show(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) {
    const shown = value.slice(0, 8).map((x) => (typeof x === 'object' && x !== null ? '…' : show(x)));
    return `[${shown.join(', ')}${value.length > 8 ? ', …' : ''}]`;
  }
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A size or an offset: a whole number from 0 to 2⁵³−1. −0 is none, as for the reference. */
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Object.is(Math.abs(Number(value)), value);

/**
 * Refuses keys that come twice, of which JSON.parse would silently keep the last, and endless nesting.
 * Reads only as much JSON as that takes: strings, brackets and colons.
 */
function checkKeys(text: string, where: string): void {
  const keys: Set<string>[] = []; // of the objects that are open, at most two: deeper ones are of no use to anyone
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{' || c === '[') {
      if (++depth > maxDepth) throw new FormatError(where, `the header must nest at most ${maxDepth} deep`, 'more');
      if (depth <= 2) keys[depth] = new Set();
    } else if (c === '}' || c === ']') {
      depth--;
    } else if (c === '"') {
      const start = i++;
      while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      let next = i + 1;
      while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next++;
      if (text[next] !== ':' || depth < 1 || depth > 2) continue;
      const key = JSON.parse(text.slice(start, i + 1)) as string; // "\u0061" and "a" are one name
      if (keys[depth].has(key)) {
        throw new FormatError(where, 'the header must give each name once', `${quote(key)} twice`);
      }
      keys[depth].add(key);
    }
  }
}

/** The header's JSON text, and the data behind it. */
function splitFile(bytes: Uint8Array, where: string): { text: string; data: Uint8Array } {
  if (bytes.length < 8) {
    throw new FormatError(
      where,
      'a safetensors file begins with 8 bytes of header length',
      `${bytes.length} bytes in all`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > maxHeader) {
    const cure = 'is this a safetensors file?';
    throw new FormatError(where, `the header must be at most ${maxHeader} bytes long`, `a length of ${length}`, cure);
  }
  const end = 8 + Number(length);
  if (end > bytes.length) {
    const got = `a header of ${length} bytes in a file with ${bytes.length - 8} left`;
    throw new FormatError(where, 'the header must lie within the file', got, 'the file was cut off; fetch it again');
  }
  if (end === 8 || bytes[8] !== 0x7b) {
    const got = end === 8 ? 'an empty header' : `byte 0x${bytes[8].toString(16).padStart(2, '0')}`;
    throw new FormatError(where, 'the header must begin with {', got, 'is this a safetensors file?');
  }
  try {
    return {
      text: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, end)),
      data: bytes.subarray(end),
    };
  } catch {
    throw new FormatError(where, 'the header must be UTF-8 text', 'bytes that are not');
  }
}

function parseJson(text: string, where: string): Record<string, unknown> {
  try {
    checkKeys(text, where);
    return JSON.parse(text) as Record<string, unknown>; // an object, as the text begins with {
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(where, 'the header must be JSON', cut(String(error)));
  }
}

function checkMetadata(value: unknown, where: string): Record<string, string> {
  if (!isObject(value)) throw new FormatError(where, `${metadataKey} must be an object of strings`, show(value));
  const metadata = Object.create(null) as Record<string, string>;
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new FormatError(where, `${metadataKey} must map names to strings`, `${show(text)} for ${quote(key)}`);
    }
    metadata[key] = text;
  }
  return metadata;
}

/** What can be said of one tensor alone: its name, dtype, shape and offsets. */
function checkEntry(name: string, value: unknown, where: string): Entry {
  const refuse = (rule: string, got: string, cure?: string): FormatError =>
    new FormatError(where, `tensor ${quote(name)}: ${rule}`, got, cure);
  if (loneSurrogate.test(name)) throw refuse('the name must be Unicode text', 'half of a surrogate pair');
  if (!isObject(value)) throw refuse('must be an object with dtype, shape and data_offsets', show(value));
  const { dtype: dtypeName, shape, data_offsets: offsets } = value;
  const dtype = typeof dtypeName === 'string' ? fileDTypes.get(dtypeName) : undefined;
  if (dtype === undefined) {
    throw refuse(`dtype must be one of ${[...fileDTypes.keys()].join(' ')}`, show(dtypeName), 'convert it first');
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw refuse('shape must be an array of whole numbers from 0 to 2^53 - 1', show(shape));
  }
  let size = dtype.width;
  for (const n of shape) {
    size *= n;
    if (!Number.isSafeInteger(size)) throw refuse('the shape must describe fewer than 2^53 bytes', show(shape));
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    throw refuse('data_offsets must be two whole numbers, begin <= end', show(offsets));
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== size) {
    throw refuse(
      `the shape ${show(shape)} takes ${size} bytes as ${show(dtypeName)}`,
      `${end - begin} by its data_offsets ${show(offsets)}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** What must hold between tensors: in order of their offsets they tile the data, without overlap or hole. */
function checkTiling(entries: readonly Entry[], length: number, where: string): void {
  let done = 0;
  let before = 'the start';
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const tensor = `tensor ${quote(name)}`;
    if (end > length) {
      const cure = 'the file was cut off or its offsets are wrong';
      throw new FormatError(
        where,
        `${tensor}: data must lie within the ${length} bytes of data`,
        `[${begin}, ${end}]`,
        cure,
      );
    }
    if (begin < done) {
      throw new FormatError(
        where,
        `${tensor}: data must not overlap ${before}, which ends at ${done}`,
        `[${begin}, ${end}]`,
      );
    }
    if (begin > done) {
      throw new FormatError(
        where,
        `${tensor}: data must follow ${before} at ${done} without a hole`,
        `[${begin}, ${end}]`,
      );
    }
    done = end;
    before = tensor;
  }
  if (done !== length) {
    const got = `${length - done} unused bytes after ${before}`;
    throw new FormatError(
      where,
      'the tensors must cover all data',
      got,
      'the header and the data do not belong together',
    );
  }
}

/**
 * Parses and checks a whole header. Unknown keys within a tensor's entry are passed over, as the reference does.
 * @throws FormatError naming the first fault, and the tensor that has it.
 */
export function parseHeader(bytes: Uint8Array, where: string): Header {
  const { text, data } = splitFile(bytes, where);
  const entries: Entry[] = [];
  let metadata = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(parseJson(text, where))) {
    if (name === metadataKey) metadata = checkMetadata(value, where);
    else entries.push(checkEntry(name, value, where));
  }
  checkTiling(entries, data.length, where);
  return { entries, metadata, data };
}
