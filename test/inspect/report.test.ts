import { describe, expect, it } from 'vitest';
import { decode } from 'fast-png';
import { escapeHtml, html } from '../../src/inspect/html.ts';
import type { RunReport } from '../../src/inspect/report.ts';
import { renderReport } from '../../src/inspect/report.ts';
import { sampleRun } from './sampleRun.ts';

const empty: RunReport = { title: 'Empty', figures: [], curves: [], config: {}, modelText: '' };
const white = { pixels: new Uint8Array(4).fill(255), width: 2, height: 2 };
const curve = (...ys: number[]): RunReport => ({
  ...empty,
  curves: [
    { title: 'Loss', yLabel: 'loss', series: [{ name: 'training', points: ys.map((y, i) => [i + 1, y] as const) }] },
  ],
});

describe('html', () => {
  it('escapes what could end a text or an attribute', () => {
    expect(escapeHtml(`<b>&"'`)).toBe('&lt;b&gt;&amp;&quot;&#39;');
  });

  it('escapes values and leaves markup as it is', () => {
    expect(html`<i>${'<'}${1}${true}${html`<b>${'&'}</b>`}${[html`x`, html`y`]}</i>`.markup).toBe(
      '<i>&lt;1true<b>&amp;</b>xy</i>',
    );
  });
});

describe('renderReport', () => {
  it('writes a page that needs nothing from outside and runs nothing', async () => {
    const page = await renderReport(sampleRun());
    expect(page).toMatch(/^<!doctype html>/);
    expect(page.replace(/"data:[^"]*"/g, '""')).not.toMatch(
      /https?:|\/\/[a-z]|<script|<link|@import|url\(|href|\son[a-z]+=/i,
    );
    const sources = [...page.matchAll(/src="([^"]*)"/g)].map((match) => match[1] ?? '');
    expect(sources).toHaveLength(32);
    for (const source of sources) expect(source).toMatch(/^data:image\/png;base64,[A-Za-z0-9+/]+=*$/);
  });

  it('gives the same bytes for the same run', async () => {
    expect(await renderReport(sampleRun())).toBe(await renderReport(sampleRun()));
  });

  it('escapes every text it is given', async () => {
    const evil = `<b>&"'</b><script>`;
    const page = await renderReport({
      title: evil,
      subtitle: evil,
      figures: [{ label: evil, value: evil }],
      curves: [
        {
          title: evil,
          xLabel: evil,
          yLabel: evil,
          series: [
            {
              name: evil,
              points: [
                [1, 2],
                [2, NaN],
              ],
            },
          ],
        },
      ],
      confusion: {
        labels: [evil, 'other'],
        counts: [
          [1, 2],
          [0, 1],
        ],
      },
      predictions: [
        {
          heading: evil,
          items: [
            { ...white, predicted: evil, actual: 'other', confidence: 1 },
            { ...white, predicted: 'other', actual: evil, confidence: 1 },
          ],
        },
        { heading: evil, items: [], ifEmpty: evil },
      ],
      config: { [evil]: evil },
      modelText: evil,
    });
    expect(page).not.toContain('<script');
    expect(page).not.toMatch(/<b>&["']|<b><b>/);
    expect(page.split('&lt;script&gt;').length - 1).toBeGreaterThanOrEqual(20);
  });

  it('leaves out what there is not', async () => {
    const page = await renderReport(empty);
    expect(page).toContain('<h1>Empty</h1>');
    expect(page).not.toMatch(/<section|<figure|<svg|<dl|<table|<pre/);
  });

  it('says so when there is no prediction to show', async () => {
    const grid = { heading: 'Mistakes', items: [] };
    expect(await renderReport({ ...empty, predictions: [grid] })).toContain('<p class="note">None.</p>');
    expect(await renderReport({ ...empty, predictions: [{ ...grid, ifEmpty: 'Not one.' }] })).toContain('Not one.');
  });

  it('marks a wrong prediction by a sign and words, not by colour alone', async () => {
    const items = [
      { ...white, predicted: '3', actual: '3', confidence: 0.987 },
      { ...white, predicted: '8', actual: '3', confidence: NaN },
    ];
    const page = await renderReport({ ...empty, predictions: [{ heading: 'Rows', items }] });
    expect(page).toMatch(/<li class="right">.*\n.*<b>3<\/b><\/span><span>99 %<\/span><\/p>\n.*✓<\/span> right/);
    expect(page).toMatch(/<li class="wrong">.*\n.*✗ <\/span><b>8<\/b><\/span><span>–<\/span><\/p>\n<p>is <b>3<\/b>/);
  });

  it('keeps the pixels of a picture, grey or coloured', async () => {
    for (const pixels of [Uint8Array.of(0, 80, 160, 255), Uint8Array.from({ length: 12 }, (_, i) => 20 * i)]) {
      const items = [{ pixels, width: 2, height: 2, predicted: 'a', actual: 'a', confidence: 1 }];
      const page = await renderReport({ ...empty, predictions: [{ heading: 'Rows', items }] });
      const png = decode(Buffer.from(/base64,([^"]*)"/.exec(page)?.[1] ?? '', 'base64'));
      expect([png.width, png.height, ...png.data]).toEqual([2, 2, ...pixels]);
    }
  });

  it('refuses pixels that do not fill their picture', async () => {
    const items = [{ pixels: new Uint8Array(5), width: 2, height: 2, predicted: '', actual: '', confidence: 1 }];
    const report = renderReport({ ...empty, predictions: [{ heading: 'Rows', items }] });
    await expect(report).rejects.toThrow(
      'pngDataUris: pixels must be height · width · 1, 2, 3 or 4 bytes, got 5 for [2, 2] (picture 0)',
    );
  });
});

describe('the curves of a report', () => {
  const lines = (page: string): string[] =>
    [...page.matchAll(/<path d="(M[^"]*)" stroke="var\(--series/g)].map((match) => match[1] ?? '');

  it('go through every point', async () => {
    const [line] = lines(await renderReport(curve(3, 2, 1, 0.5)));
    expect(line?.match(/[ML]/g)).toEqual(['M', 'L', 'L', 'L']);
  });

  it('have a gap where a loss is not finite, and words for it', async () => {
    const page = await renderReport(curve(3, 2, NaN, Infinity, 1, 0.5));
    expect(lines(page).map((line) => line.length > 0)).toEqual([true, true]);
    expect(page).toContain('training was not a finite number at epoch 3, 4.');
    expect(page).not.toMatch(/="[^"]*(NaN|Infinity)/);
  });

  it.each([[[]], [[NaN, NaN]], [[2]], [[0.5, 0.5, 0.5]], [[1e-30, 1e300]]])(
    'can be drawn from %j',
    async (ys: number[]) => {
      const page = await renderReport(curve(...ys));
      expect(page).toContain('<svg viewBox');
      expect(page.includes('There is no value to draw.')).toBe(!ys.some(Number.isFinite));
      expect(page).not.toMatch(/="[^"]*(NaN|Infinity|undefined)/);
    },
  );
});

describe('the confusion matrix of a report', () => {
  const matrix = (labels: string[], counts: number[][]): RunReport => ({ ...empty, confusion: { labels, counts } });

  it('shows every count above zero and says how many are right', async () => {
    const page = await renderReport(
      matrix(
        ['cat', 'dog'],
        [
          [1900, 17],
          [0, 83],
        ],
      ),
    );
    const texts = [...page.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);
    expect(texts).toEqual(expect.arrayContaining(['predicted', 'true', 'cat', 'dog', '1900', '17', '83']));
    expect(texts).not.toContain('0');
    expect(page).toContain('1,983 of 2,000 rows lie on the diagonal; 17 do not.');
    expect(page).toContain('<b>cat</b> taken for <b>dog</b></span><span>17 (0.9 %)');
  });

  it('can be drawn of one class, of a class without rows and without any mistake', async () => {
    for (const run of [
      matrix(['only'], [[5]]),
      matrix(
        ['a', 'b'],
        [
          [0, 0],
          [0, 3],
        ],
      ),
      matrix(['a'], [[0]]),
    ]) {
      const page = await renderReport(run);
      expect(page).not.toMatch(/NaN|Infinity|Most frequent/);
    }
  });

  it('stays readable with many classes', async () => {
    const n = 60;
    const labels = Array.from({ length: n }, (_, i) => `class ${i}`);
    const page = await renderReport(
      matrix(
        labels,
        labels.map((_, t) => labels.map((_, p) => (t === p ? 100 : 0))),
      ),
    );
    expect(page).toContain('class="confusion wide"');
    expect(page).toContain('>class 59</text>');
  });

  it('must be square, with a label for each row, and of whole numbers', async () => {
    const got = 'confusionChart: counts must have a row and a column for every label, got 2 labels and rows of [2, 1]';
    await expect(renderReport(matrix(['a', 'b'], [[1, 2], [3]]))).rejects.toThrow(got);
    await expect(renderReport(matrix(['a'], [[-1]]))).rejects.toThrow('counts must be whole numbers from 0, got -1');
  });
});
