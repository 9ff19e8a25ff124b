/** Models as ONNX files, for other runtimes. Needs @bufbuild/protobuf, an optional peer; for Node. */
export { exportOnnx, saveOnnx, type OnnxOptions } from './export.ts';
export { describeOnnx, type OnnxDescription, type OnnxPort } from './describe.ts';
