/** A run made up for tests and for looking at: blobs that resemble digits, curves, and mistakes. Seeded. */
import { Generator } from '../../src/array/random.ts';
import type { PicturePrediction, RunReport } from '../../src/inspect/report.ts';

/** The seven strokes of a pocket calculator: top, middle, bottom, upper left, upper right, lower left, lower right. */
const strokes = [
  [8, 5, 20, 5],
  [8, 14, 20, 14],
  [8, 23, 20, 23],
  [8, 5, 8, 14],
  [20, 5, 20, 14],
  [8, 14, 8, 23],
  [20, 14, 20, 23],
] as const;
const lit = ['023456', '46', '01245', '01246', '1346', '01236', '012356', '046', '0123456', '012346'];

function drawDigit(digit: number, random: Generator): Uint8Array {
  const pixels = new Uint8Array(28 * 28);
  const [slant, shift, weight] = [random.uniform(-0.25, 0.25), random.uniform(-2, 2), random.uniform(1, 1.9)];
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x < 28; x++) {
      let near = Infinity;
      for (const s of lit[digit] ?? '') {
        const [x1, y1, x2, y2] = strokes[Number(s)] ?? strokes[0];
        const [px, py] = [x + slant * (y - 14) + shift, y];
        const [dx, dy] = [x2 - x1, y2 - y1];
        const along = Math.min(1, Math.max(0, ((px - x1) * dx + (py - y1) * dy) / (dx * dx + dy * dy)));
        near = Math.min(near, Math.hypot(px - x1 - along * dx, py - y1 - along * dy));
      }
      const ink = Math.min(1, Math.max(0, weight + 0.7 - near));
      pixels[y * 28 + x] = Math.min(255, Math.max(0, 255 * ink + random.normal(0, 10)));
    }
  }
  return pixels;
}

function predict(random: Generator, right: boolean): PicturePrediction {
  const digit = random.integer(0, 10);
  const other = (digit + random.integer(1, 10)) % 10;
  return {
    pixels: drawDigit(digit, random),
    width: 28,
    height: 28,
    predicted: `${right ? digit : other}`,
    actual: `${digit}`,
    confidence: right ? random.uniform(0.86, 1) : random.uniform(0.35, 0.9),
  };
}

export function sampleRun(): RunReport {
  const random = new Generator(7);
  const epochs = Array.from({ length: 12 }, (_, i) => i + 1);
  const confusion = Array.from({ length: 10 }, (_, t) =>
    Array.from({ length: 10 }, (_, p) => (t === p ? random.integer(184, 200) : Math.max(0, random.integer(-8, 4)))),
  );
  confusion[4][9] = 11;
  confusion[7][1] = 7;
  const loss = (x: number, floor: number): [number, number] => [
    x,
    floor + 1.1 * Math.exp(-x / 1.8) + random.uniform(0, 0.012),
  ];
  const accuracy = (x: number, top: number): [number, number] => [
    x,
    top - 0.16 * Math.exp(-x / 2) + random.uniform(-0.002, 0.002),
  ];
  return {
    title: 'Digit classifier',
    subtitle: 'Trained on 8,000 rows, held back 2,000. Predictions after loading the saved model are the same bits.',
    figures: [
      { label: 'accuracy on held-back rows', value: '97.4 %' },
      { label: 'loss on held-back rows', value: '0.0862' },
      { label: 'parameters', value: '101,770' },
      { label: 'training rows', value: '8,000' },
      { label: 'rows a second', value: '21,400' },
      { label: 'seed', value: '42' },
    ],
    curves: [
      {
        title: 'Loss',
        yLabel: 'cross-entropy',
        series: [
          { name: 'training', points: epochs.map((x) => loss(x, 0.02)) },
          { name: 'held back', points: epochs.map((x) => loss(x, 0.08)) },
        ],
      },
      {
        title: 'Accuracy',
        yLabel: 'share of rows right',
        percent: true,
        series: [
          { name: 'training', points: epochs.map((x) => accuracy(x, 0.995)) },
          { name: 'held back', points: epochs.map((x) => accuracy(x, 0.974)) },
        ],
      },
    ],
    confusion: { labels: epochs.slice(0, 10).map((x) => `${x - 1}`), counts: confusion },
    predictions: [
      { heading: 'Held-back rows at random', items: Array.from({ length: 20 }, (_, i) => predict(random, i !== 6)) },
      {
        heading: 'Mistakes, the most confident first',
        items: Array.from({ length: 12 }, () => predict(random, false)).sort((a, b) => b.confidence! - a.confidence!),
      },
    ],
    config: {
      data: 'drawn by code',
      epochs: 12,
      batch: 64,
      optimizer: 'AdamW',
      lr: 0.001,
      'weight decay': 0.01,
      schedule: 'cosine',
      shuffle: true,
      seed: 42,
    },
    modelText: `Sequential
  flatten  Flatten                 [64, 1, 28, 28] → [64, 784]          0
  fc1      Linear(784, 128)        [64, 784] → [64, 128]          100,480
  act      ReLU                    [64, 128] → [64, 128]                0
  drop     Dropout(p=0.1)          [64, 128] → [64, 128]                0
  fc2      Linear(128, 10)         [64, 128] → [64, 10]             1,290
─────────────────────────────────────────────────────────────────────────
total parameters                                                  101,770`,
  };
}
