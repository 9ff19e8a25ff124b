import { describe, expect, it } from 'vitest';
import { renderExplanation, sectionSvg } from '../../src/inspect/explanation.ts';
import { sampleExplanation } from './sampleExplanation.ts';

describe('renderExplanation', () => {
  it('writes a page that needs nothing from outside and runs nothing', async () => {
    const page = await renderExplanation(sampleExplanation());
    expect(page).toMatch(/^<!doctype html>/);
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
});

describe('sectionSvg', () => {
  it.each(sampleExplanation().sections.map((section) => [section.kind, section] as const))(
    'draws %s as a file of its own',
    async (_, section) => {
      const svg = await sectionSvg(section);
      expect(svg.slice(0, 60)).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d/);
      expect(svg.match(/var\(--|NaN|undefined|Infinity|<script/)).toBeNull();
    },
  );
});
