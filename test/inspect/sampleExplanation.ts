/** An explanation made up for tests and for looking at: a section of every kind. Seeded. */
import { Generator } from '../../src/array/random.ts';
import type { Explanation } from '../../src/inspect/explanation.ts';
import type { ExplanationSection } from '../../src/inspect/sections.ts';
import { sampleRun } from './sampleRun.ts';

const words = ['The', ' old', ' king', ' is', ' not', ' dead', ',', '\n', 'long', ' live', ' the', ' king'];

export function sampleExplanation(): Explanation {
  const random = new Generator(5);
  const normal = (n: number, deviation = 1): number[] => Array.from({ length: n }, () => random.normal(0, deviation));
  const item = sampleRun().predictions?.[0]?.items[0];
  if (item === undefined) throw new Error('the sample run has a prediction');
  const { pixels, width, height } = item;
  const attributions = [...pixels].map((value) => (value / 255) * random.normal(0.02, 0.05));
  const names = ['petal length', 'petal width', 'sepal length', 'sepal width'];
  const rows = Array.from({ length: 80 }, () => normal(4));
  const causal = words.map((_, to) => {
    const weights = words.map((__, from) => (from > to ? 0 : Math.exp(random.normal(0, 1.5))));
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((weight) => weight / sum);
  });
  const mirrored = causal.map((_, to) => words.map((__, from) => (from === Math.max(0, to - 1) ? 1 : 0)));
  const sections: ExplanationSection[] = [
    {
      kind: 'image',
      method: 'Integrated gradients',
      question: 'What made the output differ from that for a black picture?',
      facts: [{ label: 'gap', value: '0.0003' }],
      note: 'A black pixel of a black baseline gets nothing.',
      pixels,
      width,
      height,
      attributions,
      unit: 'logit of 3',
    },
    {
      kind: 'features',
      method: 'Shapley values',
      features: names.map((name, i) => ({ name, value: `${i + 1.5} cm`, attribution: [2.1, -0.7, 0.3, 0][i] })),
      base: 0.4,
      output: 2.1,
      unit: 'logit of virginica',
    },
    {
      kind: 'beeswarm',
      method: 'Shapley values of many rows',
      names,
      values: rows,
      attributions: rows.map((row) => row.map((value, f) => value * [1, -0.6, 0.2, 0.05][f] + random.normal(0, 0.05))),
      unit: 'logit of virginica',
    },
    {
      kind: 'tokens',
      method: 'LIME',
      tokens: words.map((text) => ({ text, attribution: random.normal(0, 0.4) })),
      unit: 'logit',
    },
    {
      kind: 'generated',
      method: 'Token attributions',
      prompt: words.slice(0, 8),
      generated: words.slice(8),
      attributions: words.slice(8).map((_, i) => normal(8 + i)),
      unit: 'log-probability',
    },
    { kind: 'attention', method: 'Attention', tokens: words, layers: [[causal, mirrored], [mirrored, causal]] }, // prettier-ignore
    {
      kind: 'grid',
      method: 'Logit lens',
      title: 'probability of the top token',
      rows: ['embedding', 'layer 1', 'layer 2'],
      columns: words,
      values: [0.1, 0.4, 0.8].map((p) => words.map(() => p * random.uniform())),
      texts: [0, 1, 2].map((l) => words.map((_, i) => words[(i + l) % words.length])),
      unit: 'probability',
    },
    {
      kind: 'grid',
      method: 'Activation patching',
      title: 'what is restored',
      rows: ['layer 1', 'layer 2'],
      columns: words,
      values: [normal(12), normal(12)],
      unit: 'share of the difference',
    },
    {
      kind: 'curves',
      method: 'Deletion',
      title: 'Deletion',
      xLabel: 'share of pixels taken away',
      yLabel: 'probability',
      series: [
        { name: 'integrated gradients', points: [0, 0.25, 0.5, 0.75, 1].map((x) => [x, 0.9 * (1 - x) ** 3]) },
        { name: 'at random', points: [0, 0.25, 0.5, 0.75, 1].map((x) => [x, 0.9 * (1 - x)]) },
      ],
    },
    {
      kind: 'pictures',
      method: 'Prototypes',
      items: (sampleRun().predictions?.[0]?.items ?? [])
        .slice(0, 7)
        .map((picture, i) => ({ ...picture, caption: `prototype ${i + 1}\nof 7` })),
    },
    { kind: 'text', method: 'Anchors', text: 'IF petal length > 4.9 AND petal width > 1.6\nTHEN virginica' },
  ];
  return {
    title: 'Why 3?',
    subtitle: 'The digit net in runs/digits, and row 17 of its held-back digits.',
    prediction: [
      { label: 'probability of 3', value: '91 %' },
      { label: 'probability of 8', value: '6 %' },
    ],
    sections,
  };
}
