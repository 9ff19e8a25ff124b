/**
 * Turns documentation into modules that report what they printed, and the vite plugin that serves them.
 *
 * An expectation stands behind a statement, on its line or on the next: `console.log(x); // => text`,
 * `x.sum() // => text`, `const y = x.sum(); // => text`. In a loop it covers all that the statement printed.
 * It goes on over the comment lines directly below that are indented by two spaces or more; if nothing stands on
 * the line of the arrow, over all comment lines directly below:
 *
 *     console.log(m); // => [ [ 1, 2 ],           console.log(m);
 *                     //      [ 3, 4 ] ]          // =>
 *                                                 // [ [ 1, 2 ], [ 3, 4 ] ]
 *
 * Values are rendered as Node's console.log renders them; white space counts as one space.
 */
import { parseSync, transformWithOxc, Visitor, type Plugin } from 'vite';
import { root } from '../files.ts';
import { snippetsOf, type Snippet } from './extract.ts';

/** One expectation: the line of its arrow, its text, and what was printed, a text a time. */
export interface Seen {
  readonly line: number;
  readonly expected: string;
  readonly printed: string[];
}

/** Serves `snippet:FILE:LINE` as a module that runs the snippet and exports `seen`, a list of Seen. */
export const snippets = (): Plugin => ({
  name: 'adjoint:snippets',
  enforce: 'pre',
  resolveId(id) {
    const [, file, line] = /^snippet:(.+):(\d+)$/.exec(id) ?? [];
    return file === undefined ? null : `${root}${file}?snippet=${line}`; // the real path, for relative imports
  },
  async load(id) {
    const [, path, line] = /^(.+)\?snippet=(\d+)$/.exec(id) ?? [];
    if (path === undefined) return null;
    const file = path.slice(root.length);
    const snippet = snippetsOf(file).find((s) => s.line === Number(line));
    if (snippet === undefined) throw new Error(`${file}:${line}: no snippet starts here`);
    return transformWithOxc(instrument(snippet), path, { lang: 'ts' });
  },
});

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The snippet with what its expectations stand behind wrapped in a recorder; lines keep their numbers in the file. */
export function instrument(snippet: Snippet): string {
  const { file, line, code } = snippet;
  const { program, comments, errors } = parseSync('snippet.ts', code, { lang: 'ts' });
  if (errors.length > 0) throw new Error(`${file}:${line}: ${errors[0].codeframe ?? errors[0].message}`);
  const lineOf = (offset: number): number => line + code.slice(0, offset).split('\n').length - 1;

  // What an expectation may stand behind: `end` of the statement, and the piece of it that `wrap` replaces.
  const statements: { end: number; piece: Span; wrap: (i: number, piece: string) => string }[] = [];
  const names = new Set<string>();
  const log = /^console\s*\.\s*log$/;
  const wrap = (i: number, piece: string): string => `__see(${i})(${piece})`;
  new Visitor({
    ExpressionStatement({ end, expression }) {
      const isLog =
        expression.type === 'CallExpression' && log.test(code.slice(expression.start, expression.callee.end));
      if (isLog) statements.push({ end, piece: expression.callee, wrap: (i) => `__see(${i})` });
      else statements.push({ end, piece: expression, wrap });
    },
    VariableDeclaration({ end, declarations }) {
      const value = declarations.at(-1)?.init;
      if (value) statements.push({ end, piece: value, wrap });
    },
    Identifier({ name, start }) {
      if (code[start - 1] !== '.') names.add(name); // the name of a method is none of a variable
    },
  }).visit(program);

  const seen: Seen[] = [];
  const edits: (Span & { text: string })[] = [];
  for (const [at, comment] of comments.entries()) {
    const arrow = comment.type === 'Line' ? /^ =>(?: (.*))?$/.exec(comment.value.trimEnd()) : null;
    if (arrow === null) continue;
    const statement = statements
      .filter(({ end }) => end <= comment.start && /^[;})\s]*$/.test(code.slice(end, comment.start)))
      .sort((a, b) => b.end - a.end)
      .find(({ end }) => lineOf(comment.start) - lineOf(end) <= 1);
    if (statement === undefined) throw new Error(`${file}:${lineOf(comment.start)}: no statement before this // =>`);

    const expected = [arrow[1] ?? ''];
    for (let k = at + 1; k < comments.length; k++) {
      const gap = code.slice(comments[k - 1].end, comments[k].start);
      if (comments[k].type !== 'Line' || !/^\r?\n[ \t]*$/.test(gap)) break;
      if (arrow[1] !== undefined && !comments[k].value.startsWith('  ')) break;
      expected.push(comments[k].value);
    }
    const { piece, wrap } = statement;
    edits.push({ ...piece, text: wrap(seen.length, code.slice(piece.start, piece.end)) });
    seen.push({ line: lineOf(comment.start), expected: expected.join('\n'), printed: [] });
  }

  let body = code;
  for (const { start, end, text } of edits.sort((a, b) => b.start - a.start)) {
    body = body.slice(0, start) + text + body.slice(end);
  }
  return '\n'.repeat(line - 1) + prelude(seen, snippet.inline ? [...names] : []) + body;
}

/** One line: the recorder, and for inline examples the names that they use, from 'adjoint' or else global. */
function prelude(seen: readonly Seen[], names: readonly string[]): string {
  const scope = names.map((name) => `${name} = globalThis.${name}`).join(', ');
  return [
    "import { format as __format } from 'node:util';",
    names.length === 0 ? '' : `import * as __adjoint from 'adjoint'; const { ${scope} } = __adjoint;`,
    `export const seen = ${JSON.stringify(seen)};`,
    'const __see = (i) => (...values) => (seen[i].printed.push(__format(...values)), values[0]);',
  ].join(' ');
}
