/** Reads ONNX files, by the wire format of protobuf and the field numbers of onnx.proto: nothing of src/onnx, and no package. */

/** A tensor of an ONNX graph. */
export interface Arr {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, number | readonly number[]>>;
}

export interface Port {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly (number | string)[];
}

export interface OnnxModel {
  readonly version: number;
  readonly opset: number;
  readonly nodes: OnnxNode[];
  readonly initializers: Map<string, Arr>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

type Field = bigint | Uint8Array;

/** The fields of a message, by number: a varint, or bytes. */
function fieldsOf(bytes: Uint8Array): Map<number, Field[]> {
  const fields = new Map<number, Field[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
    }
  };
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const key = Number(varint());
    const kind = key & 7;
    const value = kind === 0 ? varint() : take(kind === 2 ? Number(varint()) : kind === 5 ? 4 : 8);
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  if (at !== bytes.length) throw new Error('a message ends early');
  return fields;
}

/** A message, asked by field number. */
function message(bytes: Uint8Array) {
  const fields = fieldsOf(bytes);
  const all = (n: number): Field[] => fields.get(n) ?? [];
  const blocks = (n: number): Uint8Array[] => all(n) as Uint8Array[];
  const block = (n: number): Uint8Array => blocks(n)[0] ?? new Uint8Array();
  return {
    messages: (n: number) => blocks(n).map(message),
    message: (n: number) => message(block(n)),
    block,
    texts: (n: number) => blocks(n).map((b) => new TextDecoder().decode(b)),
    text: (n: number) => new TextDecoder().decode(block(n)),
    numbers: (n: number) => all(n).map(Number),
    number: (n: number) => Number(all(n)[0] ?? 0),
  };
}
type Message = ReturnType<typeof message>;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function tensorOf(m: Message): [name: string, x: Arr] {
  const [shape, type, view] = [m.numbers(1), m.number(2), viewOf(m.block(9))];
  const width = type === 1 ? 4 : 8;
  const data = Array.from({ length: view.byteLength / width }, (_, i) => {
    if (type === 1) return view.getFloat32(4 * i, true);
    return type === 11 ? view.getFloat64(8 * i, true) : Number(view.getBigInt64(8 * i, true));
  });
  if (data.length !== shape.reduce((a, b) => a * b, 1)) throw new Error(`${m.text(8)}: wrong number of numbers`);
  return [m.text(8), { shape, data }];
}

const FLOAT = 1;
const INT = 2;

function nodeOf(m: Message): OnnxNode {
  const attributes = m.messages(5).map((a) => {
    const type = a.number(20);
    const value = type === FLOAT ? viewOf(a.block(2)).getFloat32(0, true) : type === INT ? a.number(3) : a.numbers(8);
    return [a.text(1), value];
  });
  return { type: m.text(4), inputs: m.texts(1), outputs: m.texts(2), attributes: Object.fromEntries(attributes) };
}

function portOf(m: Message): Port {
  const type = m.message(2).message(1);
  const dims = type.message(2).messages(1);
  return { name: m.text(1), type: type.number(1), shape: dims.map((d) => d.text(2) || d.number(1)) };
}

export function readOnnx(bytes: Uint8Array): OnnxModel {
  const model = message(bytes);
  const graph = model.message(7);
  return {
    version: model.number(1),
    opset: model.message(8).number(2),
    nodes: graph.messages(1).map(nodeOf),
    initializers: new Map(graph.messages(5).map(tensorOf)),
    inputs: graph.messages(11).map(portOf),
    outputs: graph.messages(12).map(portOf),
  };
}
