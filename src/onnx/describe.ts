/** What an ONNX file takes and gives, read from its bytes. */
import { fromBinary } from '@bufbuild/protobuf';
import { TYPES, type ElementType } from './graph.ts';
import * as pb from './onnx_pb.ts';

export interface OnnxPort {
  readonly name: string;
  readonly type: ElementType;
  /** Numbers, and names of sizes that are free: `['batch', 28]`. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxDescription {
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly nodes: number;
  readonly operatorSet: number;
}

/**
 * The inputs and outputs of a file that `exportOnnx` made.
 * ```ts
 * import { zeros } from 'adjoint';
 * import { MLP } from 'adjoint/models';
 * import { describeOnnx, exportOnnx } from 'adjoint/onnx';
 * const { inputs, nodes } = describeOnnx(exportOnnx(new MLP({ sizes: [4, 3] }), zeros([2, 4])));
 * console.log(inputs, nodes); // => [ { name: 'input', type: 'float32', shape: [ 'batch', 4 ] } ] 2
 * ```
 */
export function describeOnnx(bytes: Uint8Array): OnnxDescription {
  const { graph, opsetImport } = fromBinary(pb.ModelProtoSchema, bytes);
  const port = ({ name, type }: pb.ValueInfoProto): OnnxPort => {
    const tensor = type?.value.value;
    const dims = tensor?.shape?.dim ?? [];
    const [known] = Object.entries(TYPES).find(([, code]) => code === tensor?.elemType) ?? ['float32'];
    return { name, type: known as ElementType, shape: dims.map(({ value }) => (value.case === 'dimParam' ? value.value : Number(value.value))) }; // prettier-ignore
  };
  return {
    inputs: (graph?.input ?? []).map(port),
    outputs: (graph?.output ?? []).map(port),
    nodes: graph?.node.length ?? 0,
    operatorSet: Number(opsetImport[0]?.version),
  };
}
