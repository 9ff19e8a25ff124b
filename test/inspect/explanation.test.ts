/** Pages and pictures of explanations: what they need, what they show, what they refuse. */
import { decode } from 'fast-png';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderExplanation, sectionSvg } from '../../src/inspect/explanation.ts';
import type { ExplanationSection } from '../../src/inspect/sections.ts';
import { sampleExplanation } from './sampleExplanation.ts';

const kinds = sampleExplanation().sections.map((section) => [section.kind, section] as const);
const pageOf = (...sections: ExplanationSection[]): Promise<string> =>
  renderExplanation({ title: 'Why', prediction: [], sections });
const bodyOf = async (...sections: ExplanationSection[]): Promise<string> =>
  (await pageOf(...sections)).replace(/^.*<main>\n(.*)<\/main>.*$/s, '$1');
const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '');
const picture = { pixels: Uint8Array.of(0, 255, 0, 255), width: 2, height: 2 };
const image = { kind: 'image', method: 'IG', ...picture, attributions: [1, 0, -1, 0], unit: 'logit' } as const;

describe('renderExplanation', () => {
  it('writes a page that needs nothing from outside and runs nothing', async () => {
    const page = await renderExplanation(sampleExplanation());
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
    const bare = page.replace(/"data:image\/png;base64,[A-Za-z0-9+/=]*"/g, '""');
    expect(bare.match(/https?:|\/\/[a-z]|<script|<link|@import|url\(|href="[^"]|\son[a-z]+=/i)).toBeNull();
    expect(bare.match(/NaN|Infinity|undefined/)).toBeNull();
  });

  it('gives the same bytes for the same explanation', async () => {
    const [first, second] = [
      await renderExplanation(sampleExplanation()),
      await renderExplanation(sampleExplanation()),
    ];
    expect(first === second).toBe(true);
  });

  it('escapes every text it is given', async () => {
    const evil = `<script>"'&`;
    const head = { method: evil, question: evil, note: evil, facts: [{ label: evil, value: evil }] };
    const page = await renderExplanation({
      title: evil,
      subtitle: evil,
      prediction: [{ label: evil, value: evil }],
      sections: [
        { ...image, ...head, unit: evil },
        { ...head, kind: 'features', features: [{ name: evil, value: evil, attribution: 1 }], base: 0, output: 1, unit: evil }, // prettier-ignore
        { ...head, kind: 'beeswarm', names: [evil], values: [[1]], attributions: [[1]], unit: evil },
        { ...head, kind: 'tokens', tokens: [{ text: evil, attribution: 1 }], unit: evil },
        { ...head, kind: 'generated', prompt: [evil], generated: [evil], attributions: [[1]], unit: evil },
        { ...head, kind: 'attention', tokens: [evil], layers: [[[[1]]]] },
        {
          ...head,
          kind: 'grid',
          title: evil,
          rows: [evil],
          columns: [evil],
          values: [[1]],
          texts: [[evil]],
          unit: evil,
        },
        {
          ...head,
          kind: 'curves',
          title: evil,
          xLabel: evil,
          yLabel: evil,
          series: [{ name: evil, points: [[0, 1]] }],
        },
        { ...head, kind: 'pictures', items: [{ ...picture, caption: evil }] },
        { ...head, kind: 'text', text: evil },
      ],
    });
    expect(page.match(/<script|script>"|="[^"]*<|>"'&/)).toBeNull();
    expect(page.split('&lt;script&gt;').length).toBeGreaterThan(50);
  });

  it('draws any tokens, escaped and with their numbers', async () => {
    const token = fc.record({ text: fc.string({ unit: 'binary' }), attribution: fc.double({ noNaN: true, noDefaultInfinity: true }) }); // prettier-ignore
    const tokens = fc.array(token, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(tokens, async (list) => {
        const body = await bodyOf({ kind: 'tokens', method: 'm', tokens: list, unit: 'u' });
        expect(body.match(/<span /g)).toHaveLength(list.length);
        expect(body.match(/NaN|Infinity/)).toBeNull();
        await sectionSvg({ kind: 'tokens', method: 'm', tokens: list, unit: 'u' });
      }),
      { numRuns: 30 },
    );
  });
});

describe('sectionSvg', () => {
  it.each(kinds)('draws %s as a file that stands alone', async (_, section) => {
    const svg = await sectionSvg(section);
    expect(svg.slice(0, 48)).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d/);
    expect(svg.split('<svg')).toHaveLength(2);
    expect(
      svg.match(/var\(--|NaN|undefined|Infinity|<script|<foreignObject|https?:(?!\/\/www\.w3\.org\/2000\/svg")/),
    ).toBeNull();
    expect(svg).toContain(`<title>${section.method}</title><style>@media (prefers-color-scheme: dark)`);
    expect(svg === (await sectionSvg(section))).toBe(true);
  });
});

it('a file has the text that it was given, whatever it looks like, and no letter that XML cannot have', async () => {
  const texts = ['var(--ink)', '#1c1e21', '\u0000\u001b', '\ud800'];
  const tokens = texts.map((text) => ({ text, attribution: 0 }));
  const svg = await sectionSvg({ kind: 'tokens', method: 'm', tokens, unit: 'u' });
  expect(textsOf(svg)).toEqual(expect.arrayContaining(['var(--ink)', '#1c1e21', '\ufffd\ufffd', '\ufffd']));
});

describe('the heat map of a picture', () => {
  const pngs = (body: string): number[][] =>
    [...body.matchAll(/base64,([^"]*)"/g)].map((m) => [...decode(Buffer.from(m[1] ?? '', 'base64')).data]);

  it('leaves the picture visible where nothing is attributed, and beside it as it is', async () => {
    const [alone, map] = pngs(await bodyOf(image));
    expect(alone).toEqual([...picture.pixels]);
    expect(map.slice(3, 6)).toEqual([255, 255, 255]); // white, attribution 0
    expect(map.slice(9, 12)).toEqual([255, 255, 255]);
    const [, none] = pngs(await bodyOf({ ...image, attributions: [0, 0, 0, 0] }));
    expect(none.slice(0, 3)).toEqual([209, 209, 209]); // black, pale
  });

  it('takes the picture from any number of channels', async () => {
    const colors = { pixels: Uint8Array.of(255, 0, 0, 255, 9, 9, 9, 0), width: 2, height: 1 };
    const [, map] = pngs(await bodyOf({ ...image, ...colors, attributions: [0, 0] }));
    expect(map).toEqual([223, 223, 223, 255, 255, 255]); // red as bright as it is; transparent as white
  });

  it('has one scale for all pictures, or for each its own', async () => {
    const items = [1, 10].map((most) => ({ ...picture, caption: `${most}`, attributions: [most, 0, 0, 0] }));
    const section = { kind: 'pictures', method: 'm', items, unit: 'logit' } as const;
    const [faint, strong] = pngs(await bodyOf(section));
    expect(faint[1]).toBeGreaterThan(strong[1]);
    const each = await bodyOf({ ...section, scale: 'each' });
    expect(pngs(each)[0]).toEqual(pngs(each)[1]);
    expect(textsOf(each)).toContain('part of each map&#39;s largest |logit|');
  });

  it('says with numbers and words what the colours stand for', async () => {
    expect(textsOf(await bodyOf({ ...image, attributions: [0.5, 0, -0.25, 0] }))).toEqual([
      'logit',
      '−0.5 lowers',
      'raises 0.5',
      '0',
    ]);
    expect(textsOf(await bodyOf({ ...image, attributions: [0.5, 0, 0, 0] }))).toEqual(['logit', '0', '0.5']);
    expect(await bodyOf({ ...image, attributions: [0, 0, 0, 0] })).toContain('Every attribution is 0.');
  });
});

describe('the charts of a row', () => {
  const feature = (name: string, attribution: number) => ({ name, value: '1', attribution });
  const row = (output: number, ...attributions: number[]): ExplanationSection => ({
    kind: 'features',
    method: 'SHAP',
    features: attributions.map((a, i) => feature(`f${i}`, a)),
    base: 1,
    output,
    unit: 'logit',
  });

  it('lead from the base to the output, the largest step first', async () => {
    const texts = textsOf(await sectionSvg(row(3.5, 0.5, -1, 3)));
    const rows = texts.filter((text) => /base|output|^f\d/.test(text));
    expect(rows.slice(0, 5).sort()).toEqual(['base', 'f0 = 1', 'f1 = 1', 'f2 = 1', 'output']);
    expect(texts).toEqual(expect.arrayContaining(['+3', '−1', '+0.5', '3.5']));
    expect(texts).not.toContain('not attributed');
  });

  it('begin each bar where the one above it ends', async () => {
    const svg = await sectionSvg(row(3.5, 0.5, -1, 3));
    const bars = [...svg.matchAll(/<path d="M(-?[\d.]+),([\d.]+)h([\d.]+)v[\d.]+h-[\d.]+Z" fill="#(d45500|0069a8)"/g)];
    const [waterfall] = [bars.slice(0, 3).toSorted((a, b) => Number(a[2]) - Number(b[2]))];
    const [from, to] = [
      waterfall.map(([, x, , w, hue]) => (hue === 'd45500' ? Number(x) : Number(x) + Number(w))),
      waterfall.map(([, x, , w, hue]) => (hue === 'd45500' ? Number(x) + Number(w) : Number(x))),
    ];
    expect(from[1]).toBeCloseTo(to[0], 3);
    expect(from[2]).toBeCloseTo(to[1], 3);
  });

  it('show what base and attributions leave of the output as a step of its own', async () => {
    expect(textsOf(await sectionSvg(row(5, 3)))).toEqual(expect.arrayContaining(['not attributed', '+1']));
  });

  it('are bars alone where attributions lead from nothing to nothing', async () => {
    const { kind, method, unit } = { kind: 'features', method: 'Saliency', unit: 'slope' } as const;
    const texts = textsOf(await sectionSvg({ kind, method, features: [feature('age', 2)], unit }));
    expect(texts).toEqual(expect.arrayContaining(['age = 1', '+2', 'slope']));
    expect(texts.filter((text) => text === 'age = 1' || text === 'base')).toEqual(['age = 1']);
  });

  it('count large numbers as people do', async () => {
    expect(textsOf(await sectionSvg(row(401, 400)))).toEqual(expect.arrayContaining(['400', '+400', '401']));
    expect(textsOf(await sectionSvg(row(401, 400))).filter((text) => /e\+/.test(text))).toEqual([]);
  });

  it('put many small features together', async () => {
    const many = Array.from({ length: 20 }, (_, i) => (i < 13 ? 10 + i : 0.5));
    const texts = textsOf(await sectionSvg(row(1 + many.reduce((a, b) => a + b), ...many)));
    expect(texts).toEqual(expect.arrayContaining(['7 others', '+3.5']));
    expect(texts).not.toContain('f13 = 1');
  });
});

describe('the beeswarm of many rows', () => {
  const bee = { kind: 'beeswarm', method: 'SHAP', names: ['a', 'b'], attributions: [[1, 5], [0, -4]], unit: 'logit' } as const; // prettier-ignore

  it('has a dot for each row and feature, and features by mean size', async () => {
    const svg = await sectionSvg({ ...bee, values: [[1, 2], [3, 4]] }); // prettier-ignore
    expect(svg.match(/<path [^>]*fill="rgb\(\d+,\d+,\d+\)"/g)).toHaveLength(4);
    const texts = textsOf(svg);
    expect(texts).toEqual(expect.arrayContaining(['low', 'high value of the feature', '4.5', '0.5']));
    expect(texts.lastIndexOf('b')).toBeLessThan(texts.lastIndexOf('a')); // of the bars
  });

  it('says which dots have no value', async () => {
    const svg = await sectionSvg({ ...bee, values: [[NaN, 2], [3, 4]] }); // prettier-ignore
    expect(textsOf(svg)).toContain('high value of the feature, grey: missing');
  });
});

describe('texts', () => {
  it('are shaded by sign and size, with quiet spaces, and the number where it is pointed at', async () => {
    const tokens = [
      { text: 'a', attribution: 2 },
      { text: ' b', attribution: -1 },
      { text: '\n', attribution: 0 },
    ];
    const body = await bodyOf({ kind: 'tokens', method: 'LIME', tokens, unit: 'logit' });
    expect(body).toContain(
      '<span class="token" style="--shade:var(--plus);--strength:62.0%" title="a: +2 logit">a</span>' +
        '<wbr><span class="token" style="--shade:var(--minus);--strength:31.0%" title="·b: −1 logit"><i>·</i>b</span>' +
        '<wbr><span class="token" style="--shade:var(--plus);--strength:0.0%" title="⏎: 0 logit"><i>⏎</i></span><br>',
    );
    expect(body).toContain('<li><code>a</code> <b>+2</b></li><li><code>·b</code> <b>−1</b></li></ul>');
  });

  it('that were generated have a view for each token, of which one is shown and none needs a script', async () => {
    const section = { kind: 'generated', method: 'm', prompt: ['x', 'y'], generated: ['z', 'w'], attributions: [[1, 2], [3, -4, 5]], unit: 'nat' } as const; // prettier-ignore
    const body = await bodyOf(section);
    expect(body.match(/<input type="radio" name="section-1-choice"/g)).toHaveLength(2);
    expect(body.match(/ checked>/g)).toHaveLength(1);
    expect(body).toContain('title="y: −4 nat"');
    expect(body).toContain('class="token chosen apart" style="" title="w"');
    expect(body.match(/class="token later apart"/g)).toHaveLength(1); // w, while z is explained
    expect(textsOf(body)).toEqual(expect.arrayContaining(['z  ±2', 'w  ±5']));
  });
});

describe('attention', () => {
  it('is a matrix a head, one of them enlarged with the names of its tokens', async () => {
    const [far, near] = [
      [[1, 0], [1, 0]],
      [[1, 0], [0.25, 0.75]],
    ]; // prettier-ignore
    const body = await bodyOf({ kind: 'attention', method: 'Attention', tokens: ['the', ' king'], layers: [[far, near], [near, far]] }); // prettier-ignore
    expect(body.match(/<input type="radio"/g)).toHaveLength(4);
    expect(body.match(/ checked>/g)).toHaveLength(1);
    const second = /alt="layer 1, head 2"/.exec(body)?.index ?? 0;
    const png = /base64,([^"]*)"/.exec(body.slice(body.lastIndexOf('<img', second)))?.[1] ?? '';
    const pixels = [...decode(Buffer.from(png, 'base64')).data];
    expect(pixels.slice(0, 6)).toEqual([0, 60, 120, 255, 255, 255]); // 1 and 0
    expect(pixels.slice(6, 9)).toEqual([128, 158, 188]); // √0.25 of the way
    expect(textsOf(body).filter((text) => text === '·king')).toHaveLength(16);
  });
});

describe('grids and curves', () => {
  it('leave a cell empty that is no number, and say so', async () => {
    const grid = { kind: 'grid', method: 'm', title: 't', rows: ['r'], columns: ['a', 'b'], unit: 'u' } as const;
    const body = await bodyOf({ ...grid, values: [[NaN, -2]] });
    expect(body).toContain('1 cell is empty: its value was not a finite number.');
    expect(textsOf(body)).toEqual(expect.arrayContaining(['r', 'a', 'b', '−2', '−2 lowers', 'raises 2']));
    expect(await bodyOf({ ...grid, values: [[1, 2]] })).not.toContain('empty');
  });

  it('have thin lines without names behind the others', async () => {
    const svg = await sectionSvg({
      kind: 'curves',
      method: 'Partial dependence',
      title: 'age',
      xLabel: 'years',
      yLabel: 'price',
      series: [{ name: 'mean', points: [[0, 1], [1, 2]] }], // prettier-ignore
      background: [[[0, 0], [1, 3]], [[0, 2], [1, NaN]]], // prettier-ignore
    });
    expect(svg.match(/stroke-opacity="0\.35"/g)).toHaveLength(2);
    expect(textsOf(svg)).toEqual(expect.arrayContaining(['mean', 'years', 'price', 'age']));
  });
});

describe('what cannot be drawn is refused in the name of its method', () => {
  const grid = { kind: 'grid', method: 'm', title: '', rows: ['r'], columns: ['a', 'b'], values: [[1, 2]], unit: 'u' } as const; // prettier-ignore
  const bee = { kind: 'beeswarm', method: 'm', names: ['a', 'b'], values: [[1, 2]], attributions: [[1, 2]], unit: 'u' } as const; // prettier-ignore
  const line = { name: 'l', points: [[0, 0]] } as const;
  it.each<[ExplanationSection, string]>([
    [{ ...image, attributions: [1, 2] }, 'IG: attributions must be height · width numbers, got 2 for [2, 2]'],
    [
      { ...image, attributions: [1, NaN, Infinity, 0] },
      'IG: attributions must be finite numbers, got NaN (2 of 4 are not)',
    ],
    [{ ...image, pixels: new Uint8Array(3) }, 'pixels must be height · width · 1, 2, 3 or 4 bytes, got 3 for [2, 2]'],
    [{ kind: 'pictures', method: 'm', items: [] }, 'm: there must be a picture to draw, got none'],
    [{ kind: 'pictures', method: 'm', items: [{ ...picture, caption: '', attributions: [1] }], unit: '' }, 'got 1 for [2, 2] (picture 0)'], // prettier-ignore
    [
      { kind: 'pictures', method: 'm', items: [{ ...image, caption: '' }] },
      'm: attributions must have a unit, got none',
    ],
    [{ kind: 'pictures', method: 'm', items: [{ ...picture, caption: '' }], columns: 0 }, 'm: columns must be a whole number from 1, got 0'], // prettier-ignore
    [{ kind: 'features', method: 'm', features: [], base: 0, output: 0, unit: '' }, 'm: there must be a feature to draw, got none'], // prettier-ignore
    [{ kind: 'features', method: 'm', features: [{ name: '', value: '', attribution: 1 }], base: NaN, output: 0, unit: '' }, 'm: base and output must be finite numbers, got NaN'], // prettier-ignore
    [{ kind: 'features', method: 'm', features: [{ name: '', value: '', attribution: 1 }], base: 1, unit: '' }, 'm: base and output must come together, got one of them'], // prettier-ignore
    [{ ...bee, attributions: [[1]] }, 'm: attributions must be rows of 2 numbers, got rows of [1]'],
    [{ ...bee, values: [] }, 'm: values must be 1 row of 2 numbers, got rows of []'],
    [
      { ...bee, attributions: [[1, -Infinity]] },
      'm: attributions must be finite numbers, got -Infinity (1 of 2 are not)',
    ],
    [{ kind: 'tokens', method: 'm', tokens: [], unit: '' }, 'm: there must be a token to draw, got none'],
    [{ kind: 'generated', method: 'm', prompt: ['a'], generated: ['b', 'c'], attributions: [[1], [1]], unit: '' }, 'm: attributions must have a number for each token before a generated one, got rows of [1, 1]'], // prettier-ignore
    [{ kind: 'attention', method: 'm', tokens: ['a'], layers: [] }, 'm: there must be a head to draw, got none'],
    [{ kind: 'attention', method: 'm', tokens: ['a', 'b'], layers: [[[[1]]]] }, 'm: a head must be [2, 2], a row and a column for each token, got rows of [1]'], // prettier-ignore
    [{ kind: 'attention', method: 'm', tokens: ['a'], layers: [[[[1]]], []] }, 'm: layers must have the same number of heads, got [1, 0]'], // prettier-ignore
    [{ kind: 'attention', method: 'm', tokens: ['a'], layers: [[[[NaN]]]] }, 'm: attention must be from 0 to 1, got NaN in layer 0'], // prettier-ignore
    [{ ...grid, values: [[1]] }, 'm: values must be 1 row of 2, got rows of [1]'],
    [{ ...grid, texts: [[]] }, 'm: texts must be 1 row of 2, got rows of [0]'],
    [{ ...grid, rows: [], values: [] }, 'm: there must be a cell to draw, got none'],
    [{ kind: 'curves', method: 'm', title: '', xLabel: '', yLabel: '', series: [] }, 'm: there must be a line to draw, got none'], // prettier-ignore
    [{ kind: 'curves', method: 'm', title: '', xLabel: '', yLabel: '', series: Array.from({ length: 9 }, () => line) }, 'm: at most 8 lines can be told apart, got 9; put single rows into background'], // prettier-ignore
  ])('%# %o', async (section, message) => {
    await expect(sectionSvg(section)).rejects.toThrow(message);
    await expect(pageOf(section)).rejects.toThrow(message);
  });
});
