/** exportOnnx and saveOnnx: a model is traced twice, with batches of two sizes, and what they share is written as ONNX. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { Nd } from '../array/nd.ts';
import { arange } from '../create.ts';
import { noGrad } from '../engine.ts';
import { writeFileAtomic } from '../io/files.ts';
import type { Module } from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { encode } from './encode.ts';
import { Graph, refuse, TYPES, type Constant, type ElementType, type GraphNode, type Value } from './graph.ts';
import { rules } from './rules.ts';
import { mapTensors, operands, tensorsIn, trace, type Trace } from './trace.ts';

export interface OnnxOptions {
  /** Names of the inputs, in order. 'input' (or 'input0', 'input1', …; the field's name, for one in an object) if left out. */
  readonly inputNames?: readonly string[];
  /** Names of the outputs, in order. 'output' (or 'output0', …) if left out. */
  readonly outputNames?: readonly string[];
  /** Whether the first size of all inputs, the batch's, may be another when the model is run. true if left out. */
  readonly dynamicBatch?: boolean;
  /** The name of the graph; the class of the model if left out. */
  readonly name?: string;
}

/**
 * A model as the bytes of an ONNX file (operator set 17): what it does in evaluation mode to inputs of the example's shapes.
 * The example is a tensor, or a list of all arguments of `forward`; tensors in lists and plain objects are inputs too, all
 * else is fixed. Sizes are the example's but for the batch's; loops are unrolled, branches are those taken. Parameters and
 * buffers keep their names of `stateDict`. Inputs that serve as indices, such as tokens, are int64.
 * ```ts
 * import { zeros } from 'adjoint';
 * import { MLP } from 'adjoint/models';
 * import { exportOnnx } from 'adjoint/onnx';
 * const bytes = exportOnnx(new MLP({ sizes: [4, 3] }), zeros([2, 4]));
 * console.log(bytes.length); // => 310
 * ```
 * @throws ValueError when the model uses an op that has no form in ONNX (it is named), reads numbers that depend on the
 * inputs, or does otherwise for another batch size
 */
export function exportOnnx(model: Module, example: Tensor | readonly unknown[], options: OnnxOptions = {}): Uint8Array {
  const args = Array.isArray(example) ? (example as readonly unknown[]) : [example];
  const { dynamicBatch = true, name = model.constructor.name } = options;
  const given = tensorsIn(args);
  if (given.length === 0) throw new ValueError('exportOnnx', 'the example must hold a tensor', 'none');
  const B = given[0][1].shape[0];
  if (dynamicBatch && !given.every(([, x]) => x.ndim > 0 && x.shape[0] === B && B > 0)) {
    const got = given.map(([, x]) => showShape(x.shape)).join(', ');
    const cure = 'pass { dynamicBatch: false } if they share none';
    throw new ShapeError('exportOnnx', 'the first size of all inputs must be the batch size', got, cure);
  }
  // The second batch has other rows first, so that a constant made of the inputs' numbers does not pass for one.
  const run = (make: (x: Tensor) => Tensor): Trace => trace(model, noGrad(() => mapTensors(args, make)) as unknown[]);
  const batch = dynamicBatch ? ([2, 3] as const) : ([B, B] as const);
  const a = run((x) => (dynamicBatch ? rows(x, 2, 0) : x.clone()));
  const b = run((x) => (dynamicBatch ? rows(x, 3, 1) : x.clone()));
  const inputNames = namesOf('inputNames', options.inputNames, given.map(([field]) => field), 'input'); // prettier-ignore
  const outputNames = namesOf('outputNames', options.outputNames, a.outputs.map(() => ''), 'output'); // prettier-ignore
  const saved = Object.entries(model.stateDict());
  const taken = saved.find(([key]) => inputNames.includes(key) || outputNames.includes(key));
  if (taken) throw new ValueError('exportOnnx', 'no input or output may have the name of a parameter', `'${taken[0]}'`);
  const state = new Map<Nd, string>();
  for (const [key, x] of saved) if (!state.has(x.nd)) state.set(x.nd, key);
  const graph = new Graph(state, batch);
  a.inputs.forEach((x, i) => graph.addInput(inputNames[i], x));
  translate(graph, a, b);
  const last = valuesOf(a.outputs, b.outputs).map((y) => graph.name(y));
  const shapes = (x: Tensor, other: Tensor): (number | string)[] =>
    x.shape.map((size, d) =>
      size === other.shape[d] ? size : size === batch[0] ? 'batch' : `batch*${size / batch[0]}`,
    );
  const types = (i: number): ElementType => (graph.whole.has(inputNames[i]) ? 'int64' : a.inputs[i].dtype);
  return encode({
    name,
    ...finish(graph, outputNames, last, (input) => a.inputs[inputNames.indexOf(input)].dtype),
    inputs: a.inputs.map((x, i) => ({ name: inputNames[i], type: types(i), shape: shapes(x, b.inputs[i]) })),
    outputs: a.outputs.map((y, i) => ({ name: outputNames[i], type: y.dtype, shape: shapes(y, b.outputs[i]) })),
  });
}

/**
 * Writes a model as an ONNX file, wholly or not at all; see exportOnnx.
 * @throws FileError when the file cannot be written, and what exportOnnx throws
 */
export const saveOnnx = (
  path: string,
  model: Module,
  example: Tensor | readonly unknown[],
  options: OnnxOptions = {},
): void => writeFileAtomic(path, exportOnnx(model, example, options));

/** Tensors of one trace, each with that of the other. */
const valuesOf = (a: readonly Tensor[], b: readonly Tensor[]): Value[] => a.map((x, i) => ({ a: x, b: b[i] }));

/** So many rows of x, taken in turn. */
const rows = (x: Tensor, size: number, first: number): Tensor =>
  x.indexSelect(0, arange(first, first + size).remainder(x.shape[0]));

function namesOf(
  option: string,
  given: readonly string[] | undefined,
  fields: readonly string[],
  word: string,
): readonly string[] {
  const names = given ?? fields.map((field, i) => field || (fields.length === 1 ? word : `${word}${i}`));
  if (names.length !== fields.length || new Set(names).size < names.length) {
    const rule = `${option} must be ${fields.length} different names`;
    throw new ValueError('exportOnnx', rule, `'${names.join("', '")}'`);
  }
  return names;
}

/** Writes a node or more for each step that depends on an input or a parameter; what does not is a constant. */
function translate(graph: Graph, a: Trace, b: Trace): void {
  if (a.outputs.length === 0) throw new ValueError('exportOnnx', 'the model must return a tensor', 'none');
  a.steps.forEach((step, i) => {
    const other = b.steps.at(i);
    if (other?.op !== step.op || a.steps.length !== b.steps.length) {
      const got = `${step.op.name} and ${other?.op.name ?? 'nothing'} as op ${i}`;
      const cure = 'pass { dynamicBatch: false }';
      throw new ValueError('exportOnnx', 'the model must apply the same ops whatever its batch holds', got, cure);
    }
    const x = valuesOf(operands(step), operands(other));
    if (!x.some((v) => graph.isComputed(v.a))) return;
    const rule = rules.get(step.op);
    if (!rule) throw refuse(step.op, 'one that has none', 'compose it of others');
    graph.define(step.y, rule(graph, { op: step.op, x, a: step.args, b: other.args, y: { a: step.y, b: other.y } }));
  });
}

/** The nodes that lead to the outputs, with inputs of whole numbers made float where they are computed with. */
function finish(
  graph: Graph,
  outputNames: readonly string[],
  last: readonly string[],
  dtypeOf: (input: string) => ElementType,
): { nodes: GraphNode[]; constants: Map<string, Constant> } {
  const casts = [...graph.whole].map((name) => ({ type: 'Cast', inputs: [name], outputs: [`${name}.float`], attributes: { to: TYPES[dtypeOf(name)] } })); // prettier-ignore
  const float = (name: string): string => (graph.whole.has(name) ? `${name}.float` : name);
  const body = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(float) }));
  const ends = outputNames.map((name, i) => ({ type: 'Identity', inputs: [float(last[i])], outputs: [name], attributes: {} })); // prettier-ignore
  const used = new Set(outputNames);
  const nodes = [...casts, ...body, ...ends].reverse().filter(({ inputs, outputs }) => {
    const needed = outputs.some((name) => used.has(name));
    if (needed) for (const name of inputs) used.add(name);
    return needed;
  });
  return { nodes: nodes.reverse(), constants: new Map([...graph.constants].filter(([name]) => used.has(name))) };
}
