/** `adjoint export --onnx`: the model of a folder as a file that onnxruntime and others run. */
import { join } from 'node:path';
import { FormatError } from '../array/errors.ts';
import { needs } from '../io/peers.ts';
import { TextToImage } from '../models/index.ts';
import { writeFileAtomic } from '../io/files.ts';
import { exampleOf } from './example.ts';
import { isForTable } from './tableTask.ts';
import { size } from './table.ts';
import { isForImages, loadModel } from './use.ts';
import { expectPositionals, UsageError, type Args } from './usage.ts';

export async function exportModel(args: Args): Promise<void> {
  expectPositionals(args, ['DIR']);
  if (!args.has('onnx')) throw new UsageError('there must be --onnx, the one form that there is; see --help');
  const [folder] = args.positionals;
  const loaded = loadModel(folder);
  if (loaded.model instanceof TextToImage) {
    const cure = 'load it, and export its parts, dvae, dalle and clip, with saveOnnx';
    throw new FormatError(folder, 'the model must be a single one', 'three that draw together', cure);
  }
  const { describeOnnx, exportOnnx } = await needs('export', '@bufbuild/protobuf', import('../onnx/index.ts'));
  const batch = args.whole('batch', undefined, 1);
  const example = exampleOf(folder, loaded, args, batch ?? 2);
  const isTaken = Object.hasOwn(loaded.model.stateDict(), example.output);
  const bytes = exportOnnx(loaded.model, example.args, {
    inputNames: example.names,
    outputNames: [isTaken ? 'output' : example.output],
    dynamicBatch: batch === undefined,
  });
  const out = args.text('out') ?? join(folder, 'model.onnx');
  writeFileAtomic(out, bytes);

  const about = describeOnnx(bytes);
  if (args.has('json')) {
    console.log(JSON.stringify({ file: out, bytes: bytes.length, ...about }));
    return;
  }
  console.log(
    `${out}: ${size(bytes.length)}, ${about.nodes} nodes of operator set ${about.operatorSet}. A row is ${example.about}.`,
  );
  const show = (way: string, ports: typeof about.inputs): void => {
    for (const { name, type, shape } of ports) console.log(`  ${way} ${name.padEnd(9)} ${type} [${shape.join(', ')}]`);
  };
  show('in ', about.inputs);
  show('out', about.outputs);
  console.log(before(loaded));
}

/** What has to be done to data before the file can take it: that is not part of the model. */
function before({ tokenizer, preprocessing }: ReturnType<typeof loadModel>): string {
  if (isForTable(preprocessing)) return 'Rows are encoded first, as preprocessing.json says.';
  if (isForImages(preprocessing)) return 'Pixels are from 0 to 1, plane by plane.';
  return tokenizer ? 'Tokens are ids of tokenizer.json.' : 'Inputs are those of the model.';
}
