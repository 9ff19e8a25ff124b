/** A graph as the bytes of a ModelProto. */
import { create, toBinary } from '@bufbuild/protobuf';
import { TYPES, type Attributes, type Constant, type ElementType, type GraphNode } from './graph.ts';
import * as pb from './onnx_pb.ts';

const OPSET = 17;
const IR_VERSION = 8; // of ONNX 1.12, which came with operator set 17

interface Port {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

interface Contents {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, Constant>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

const FLOAT = 1; // AttributeProto.AttributeType
const INT = 2;
const INTS = 7;

const bigints = (numbers: ArrayLike<number>): bigint[] => Array.from(numbers, (n) => BigInt(n));

const attributesOf = (attributes: Attributes): pb.AttributeProto[] =>
  Object.entries(attributes).map(([name, value]) => {
    if (typeof value === 'number') return create(pb.AttributeProtoSchema, { name, type: INT, i: BigInt(value) });
    if ('float' in value) return create(pb.AttributeProtoSchema, { name, type: FLOAT, f: value.float });
    return create(pb.AttributeProtoSchema, { name, type: INTS, ints: bigints(value) });
  });

/** Numbers as bytes, little-endian. */
function rawData({ data, type }: Constant): Uint8Array {
  const bytes = new Uint8Array(data.length * (type === 'float32' ? 4 : 8));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < data.length; i++) {
    if (type === 'float32') view.setFloat32(4 * i, data[i], true);
    else if (type === 'float64') view.setFloat64(8 * i, data[i], true);
    else view.setBigInt64(8 * i, BigInt(data[i]), true);
  }
  return bytes;
}

const portOf = ({ name, type, shape }: Port): pb.ValueInfoProto => {
  const dim = shape.map((size) => create(pb.TensorShapeProto_DimensionSchema, {
    value: typeof size === 'number' ? { case: 'dimValue', value: BigInt(size) } : { case: 'dimParam', value: size },
  })); // prettier-ignore
  const value = create(pb.TypeProto_TensorSchema, { elemType: TYPES[type], shape: create(pb.TensorShapeProtoSchema, { dim }) }); // prettier-ignore
  return create(pb.ValueInfoProtoSchema, { name, type: create(pb.TypeProtoSchema, { value: { case: 'tensorType', value } }) }); // prettier-ignore
};

/** The bytes of a ModelProto. */
export function encode({ name, nodes, constants, inputs, outputs }: Contents): Uint8Array {
  const graph = create(pb.GraphProtoSchema, {
    name,
    node: nodes.map(({ type, inputs, outputs, attributes }) => create(pb.NodeProtoSchema, {
      opType: type, name: outputs[0], input: [...inputs], output: [...outputs], attribute: attributesOf(attributes),
    })),
    initializer: [...constants].map(([name, constant]) => create(pb.TensorProtoSchema, {
      name, dims: bigints(constant.shape), dataType: TYPES[constant.type], rawData: rawData(constant),
    })),
    input: inputs.map(portOf),
    output: outputs.map(portOf),
  }); // prettier-ignore
  return toBinary(
    pb.ModelProtoSchema,
    create(pb.ModelProtoSchema, {
      irVersion: BigInt(IR_VERSION),
      producerName: 'adjoint',
      opsetImport: [create(pb.OperatorSetIdProtoSchema, { domain: '', version: BigInt(OPSET) })],
      graph,
    }),
  );
}
