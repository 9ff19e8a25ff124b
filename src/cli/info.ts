/** `adjoint info`: the layers of a model, their shapes, and what a call of it takes. */
import { join } from 'node:path';
import { costOf } from '../inspect/index.ts';
import { exampleOf } from './example.ts';
import { readJson } from './folders.ts';
import { formatTable, grouped, size } from './table.ts';
import type { Plan } from './task.ts';
import { loadModel } from './use.ts';
import { expectPositionals, type Args } from './usage.ts';

export function info(args: Args): void {
  expectPositionals(args, ['DIR']);
  const [folder] = args.positionals;
  const loaded = loadModel(folder);
  const { model, tokenizer } = loaded;
  const example = exampleOf(folder, loaded, args, 1);
  const cost = costOf(model, example.args);
  const { run } = readJson(join(folder, 'config.json')) as { run?: Plan };
  const batch = run?.settings['batch'];
  const weights = model.parameters().reduce((sum, x) => sum + x.nd.data.byteLength, 0);
  const facts = {
    model: model.constructor.name,
    parameters: model.parameterCount(),
    input: example.about,
    flops: cost.flops,
    bytes: {
      weights,
      // Beside the weights, a gradient and AdamW's two means for each of them.
      training: 4 * weights,
      activations: cost.bytes,
      keptForBackward: cost.kept,
    },
    ...(batch !== undefined && { batch }),
    ...(tokenizer && { vocabSize: tokenizer.vocabSize }),
  };
  if (args.has('json')) {
    const { config } = model as { config?: unknown };
    console.log(JSON.stringify({ folder, ...facts, config, layers: cost.layers }));
    return;
  }
  const rows = cost.layers.map((layer) => [
    layer.name === '' ? '(itself)' : layer.name,
    layer.class.replace(/^_|\$\d+$/g, ''), // a bundler may have added these
    Object.entries(layer.shapes).map(([name, shape]) => `${name} [${shape.join(', ')}]`).join(' '), // prettier-ignore
    layer.output === null ? '' : `[${layer.output.join(', ')}]`,
    grouped(layer.parameters),
    grouped(layer.flops),
    size(layer.bytes),
  ]);
  const head = ['layer', 'class', 'weights', 'output', 'parameters', 'FLOPs', 'activations'];
  console.log(`${formatTable(head, rows, 3)}\n`);
  console.log(`${facts.model}: ${grouped(facts.parameters)} parameters.`);
  console.log(
    `For ${example.about}: ${grouped(cost.flops)} FLOPs, 2·m·n·k for each product of matrices or convolution; all else is not counted.`,
  );
  const training =
    batch === undefined
      ? `${size(4 * weights)} with gradients and AdamW's means, and ${size(cost.kept)} a row for the backward pass`
      : `${size(4 * weights + batch * cost.kept)}: ${size(4 * weights)} with gradients and AdamW's means, and ${size(cost.kept)} for each of ${batch} rows`;
  console.log(
    `Memory: weights ${size(weights)}; results of one forward pass ${size(cost.bytes)}; in training ${training}.`,
  );
  if (tokenizer) console.log(`Its tokenizer has ${grouped(tokenizer.vocabSize)} tokens.`);
}
