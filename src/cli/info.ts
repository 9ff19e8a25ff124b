/** `adjoint info`: the layers of a model, their shapes, and what it takes. */
import { formatTable } from './table.ts';
import { loadModel } from './use.ts';
import { expectPositionals, type Args } from './usage.ts';

export function info(args: Args): void {
  expectPositionals(args, ['DIR']);
  const [folder] = args.positionals;
  const { model, tokenizer } = loadModel(folder);
  const classes = new Map(model.namedModules().map(([name, module]) => [name, module.constructor.name]));
  const layers = new Map<
    string,
    { layer: string; class: string; shapes: Record<string, number[]>; parameters: number }
  >();
  for (const [name, x] of model.namedParameters()) {
    const dot = name.lastIndexOf('.');
    const layer = name.slice(0, Math.max(0, dot));
    const row = layers.get(layer) ?? { layer, class: classes.get(layer) ?? '', shapes: {}, parameters: 0 };
    row.shapes[name.slice(dot + 1)] = [...x.shape];
    row.parameters += x.numel();
    layers.set(layer, row);
  }
  const bytes = model.parameters().reduce((sum, x) => sum + x.nd.data.byteLength, 0);
  const facts = {
    model: model.constructor.name,
    parameters: model.parameterCount(),
    bytes, // weights; training also holds a gradient and AdamW's two means for each
    trainingBytes: 4 * bytes,
    ...(tokenizer && { vocabSize: tokenizer.vocabSize }),
  };
  if (args.has('json')) {
    console.log(
      JSON.stringify({
        folder,
        ...facts,
        config: (model as { config?: unknown }).config,
        layers: [...layers.values()],
      }),
    );
    return;
  }
  const rows = [...layers.values()].map((row) => [
    row.layer === '' ? '(itself)' : row.layer,
    row.class,
    Object.entries(row.shapes).map(([name, shape]) => `${name} [${shape.join(', ')}]`).join(' '), // prettier-ignore
    grouped(row.parameters),
  ]);
  console.log(formatTable(['layer', 'class', 'shapes', 'parameters'], rows));
  console.log(
    `\n${facts.model}: ${grouped(facts.parameters)} parameters, ${size(bytes)}; ${size(4 * bytes)} in training, with gradients and AdamW's means`,
  );
  if (tokenizer) console.log(`Its tokenizer has ${grouped(tokenizer.vocabSize)} tokens.`);
}

const grouped = (n: number): string => `${n}`.replace(/\B(?=(\d{3})+$)/g, ',');
const size = (bytes: number): string =>
  bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
