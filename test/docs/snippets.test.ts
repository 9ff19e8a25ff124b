/**
 * The documentation is true: every snippet of README.md, docs and TSDoc runs, and prints what it says it prints.
 * How an expectation is written stands at the top of instrument.ts.
 */
import { describe, expect, test } from 'vitest';
import { documents, snippetsOf, type Snippet } from './extract.ts';
import { instrument, type Seen } from './instrument.ts';

const oneSpace = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Runs a snippet; what it was to print and what it printed, each line with its place. */
async function run({ file, line }: Snippet): Promise<{ expected: string[]; printed: string[] }> {
  const { seen } = (await import(/* @vite-ignore */ `snippet:${file}:${line}`)) as { seen: Seen[] };
  const places = seen.map((s) => `${file}:${s.line} prints `);
  return {
    expected: seen.map((s, i) => places[i] + oneSpace(s.expected)),
    printed: seen.map((s, i) => places[i] + (s.printed.length === 0 ? '(nothing)' : oneSpace(s.printed.join(' ')))),
  };
}

describe('every snippet runs and prints what it says', () => {
  for (const snippet of documents().flatMap((file) => snippetsOf(file))) {
    test.skipIf(snippet.skip)(`${snippet.file}:${snippet.line}`, { timeout: 60_000 }, async () => {
      const { expected, printed } = await run(snippet);
      expect(printed).toEqual(expected);
    });
  }
});

describe('the test of the snippets', () => {
  const [wrong, never, throws, orphan, skipped, right] = snippetsOf('test/docs/wrong.md');

  test('a wrong expectation is caught, with its place', async () => {
    expect(await run(wrong)).toEqual({
      expected: ['test/docs/wrong.md:6 prints 3'],
      printed: ['test/docs/wrong.md:6 prints 2'],
    });
  });

  test('an expectation that was never reached is caught', async () => {
    expect((await run(never)).printed).toEqual(['test/docs/wrong.md:10 prints (nothing)']);
  });

  test('a snippet that throws is caught', async () => {
    await expect(run(throws)).rejects.toThrow('thrown in a snippet');
  });

  test('an arrow behind nothing is caught', () => {
    expect(() => instrument(orphan)).toThrow('test/docs/wrong.md:19: no statement before this // =>');
  });

  test('only a mark leaves a fence out, and only ts fences count', () => {
    expect([wrong, never, throws, orphan, skipped, right].map((s) => s.skip)).toEqual([
      false,
      false,
      false,
      false,
      true,
      false,
    ]);
    expect(snippetsOf('test/docs/wrong.md')).toHaveLength(6);
  });

  test('top-level await, loops, results over several lines and arrows in strings are understood', async () => {
    const { expected, printed } = await run(right);
    expect(expected).toHaveLength(5);
    expect(printed).toEqual(expected);
  });

  test('TSDoc gives its fences and its inline examples; code that is no TSDoc gives none', () => {
    const source = [
      '/** Adds: `add(1, 2) // => 3`, `add(0, 0) // => 0`. */',
      'const text = "`x // => 1`"; // `y // => 2`',
      '/**',
      ' * Longer.',
      ' * ```ts',
      ' * 1 + 1 // => 2',
      ' * ```',
      ' */',
    ].join('\n');
    expect(snippetsOf('src/x.ts', source)).toEqual([
      { file: 'src/x.ts', line: 1, code: 'add(1, 2) // => 3\nadd(0, 0) // => 0', inline: true, skip: false },
      { file: 'src/x.ts', line: 6, code: '1 + 1 // => 2', inline: false, skip: false },
    ]);
  });
});
