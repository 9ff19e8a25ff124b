/**
 * Finds the code that the documentation shows: ```ts fences in Markdown and in TSDoc, inline TSDoc examples
 * (`expr // => text` between backticks), and docs/examples. A fence is left out only by its own mark: ```ts no-run
 */
import { filesUnder, read } from '../files.ts';

export interface Snippet {
  readonly file: string;
  /** Where its first line of code stands in the file, from 1. */
  readonly line: number;
  readonly code: string;
  /** An inline example sees everything that 'adjoint' exports; other code imports what it uses. */
  readonly inline: boolean;
  readonly skip: boolean;
}

/** Every file whose code is run. */
export const documents = (): string[] => [
  'README.md',
  ...filesUnder('docs', '.md'),
  ...filesUnder('docs/examples', '.ts'),
  ...filesUnder('src', '.ts'),
];

/** The snippets of a file, in order. */
export function snippetsOf(file: string, text: string = read(file)): Snippet[] {
  if (file.startsWith('docs/') && file.endsWith('.ts')) {
    return [{ file, line: 1, code: text, inline: false, skip: false }];
  }
  const snippets: Snippet[] = [];
  let fence: { ticks: string; info: string; line: number; code: string[] } | null = null;
  for (const [i, prose] of proseOf(file, text).entries()) {
    const [, ticks, info] = /^\s*(`{3,})(.*)$/.exec(prose) ?? [];
    if (fence === null) {
      if (ticks !== undefined) fence = { ticks, info: info.trim(), line: i + 2, code: [] };
      else if (!file.endsWith('.md')) snippets.push(...inlineOf(file, i + 1, prose));
    } else if (ticks?.startsWith(fence.ticks) && info.trim() === '') {
      const { line, code } = fence;
      const [language, ...marks] = fence.info.split(/\s+/);
      if (language === 'ts' || language === 'typescript') {
        snippets.push({ file, line, code: code.join('\n'), inline: false, skip: marks.includes('no-run') });
      }
      fence = null;
    } else {
      fence.code.push(prose);
    }
  }
  return snippets;
}

/** The lines of a text with all that is not prose made empty: in TypeScript, prose is what stands in TSDoc comments. */
function proseOf(file: string, text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (file.endsWith('.md')) return lines;
  let inside = false;
  return lines.map((line) => {
    inside ||= /^\s*\/\*\*/.test(line);
    const prose = inside ? line.replace(/^\s*(\/\*\*|\*(?!\/))? ?/, '').replace(/\s*\*\/\s*$/, '') : '';
    if (line.trimEnd().endsWith('*/')) inside = false;
    return prose;
  });
}

/** The inline examples of one line of prose, as one snippet. */
function inlineOf(file: string, line: number, prose: string): Snippet[] {
  const code = [...prose.matchAll(/`([^`]+ \/\/ => [^`]+)`/g)].map(([, example]) => example).join('\n');
  return code === '' ? [] : [{ file, line, code, inline: true, skip: false }];
}
