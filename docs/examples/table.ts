/** From a table to predictions: read, split, learn the encoding, train, and use both on new rows. Run it: npx tsx docs/examples/table.ts */
import { manualSeed, nn, noGrad, optim, tensor, Generator } from 'adjoint';
import {
  DataLoader,
  encodedWidth,
  encodeTable,
  fitTable,
  formatCsv,
  parseCsv,
  randomSplit,
  tensorDataset,
} from 'adjoint/data';

// A table as a file would have it: flowers of two kinds, some values missing.
manualSeed(1);
const random = new Generator(1);
const rows = Array.from({ length: 300 }, () => {
  const isTall = random.uniform() < 0.5;
  const height = random.uniform() < 0.1 ? 'NA' : random.normal(isTall ? 60 : 40, 8).toFixed(1);
  const colour = random.uniform() < (isTall ? 0.8 : 0.3) ? 'blue' : 'white';
  return `${height},${colour},${isTall ? 'iris' : 'crocus'}`;
});
const table = parseCsv(`height,colour,kind\n${rows.join('\n')}\n`);

// Numbers are standardized, texts one-hot; what is missing counts for nothing.
const encoding = fitTable(table, ['height', 'colour']);
const kinds = ['crocus', 'iris'];
const labels = tensor(table.columns.kind.values.map((kind) => kinds.indexOf(String(kind))));
const [train, test] = randomSplit(tensorDataset(encodeTable(encoding, table), labels), [0.8, 0.2]);

const model = new nn.Sequential(new nn.Linear(encodedWidth(encoding), 8), new nn.ReLU(), new nn.Linear(8, 2));
const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 });
for (let epoch = 0; epoch < 20; epoch++) {
  for (const [x, y] of new DataLoader(train, { batchSize: 32, shuffle: true })) {
    optimizer.zeroGrad();
    nn.functional.crossEntropy(model(x), y).backward();
    optimizer.step();
  }
}

noGrad(() => {
  const [[x, y]] = new DataLoader(test, { batchSize: test.length });
  console.log(model(x).argmax(1).eq(y).mean().item() > 0.85); // => true

  // The encoding is plain data: kept as JSON beside the weights, it encodes new rows, whatever their columns' order.
  const kept = JSON.parse(JSON.stringify(encoding)) as typeof encoding;
  const fresh = parseCsv('colour,height\nblue,65\nwhite,33\n');
  const guesses = model(encodeTable(kept, fresh)).argmax(1).toArray() as number[];
  console.log(guesses.map((guess) => kinds[guess])); // => [ 'iris', 'crocus' ]
  console.log(formatCsv(fresh).split('\n')[1]); // => blue,65
});
