/**
 * Who imports whom: reads the imports of source files and tells which of them break the arrows of docs/architecture.md.
 */
import { parseSync } from 'vite';

const CORE = 'array kernels ops engine vocabulary tensor create combine sampling transforms';
const LIBRARY = `${CORE} nn optim data text io explain inspect`;

/**
 * The house: layer → what it may import at run time, and after the bar what it may name by `import type` only.
 * A layer is a folder of src or a file in it, and may always import itself.
 */
const HOUSE: Readonly<Record<string, string>> = {
  array: '',
  kernels: 'array',
  ops: 'array kernels | tensor',
  engine: 'array | tensor ops',
  vocabulary: 'array kernels ops engine | tensor',
  tensor: 'array kernels ops engine vocabulary',
  create: 'array kernels ops engine tensor',
  combine: 'array kernels ops engine tensor create',
  sampling: 'array kernels ops engine tensor create',
  transforms: 'array kernels ops engine tensor create',
  nn: CORE,
  optim: CORE,
  data: `${CORE} io`,
  text: `${CORE} nn optim io`,
  io: `${CORE} | nn optim`,
  explain: CORE,
  inspect: `${CORE} io | nn`,
  testing: CORE,
  models: `${CORE} nn io text`,
  train: LIBRARY,
  onnx: `${CORE} nn io | models`,
  index: `${LIBRARY} models`,
  cli: `${LIBRARY} models train onnx index`,
};

/** These import neither a package nor anything of Node. */
const PURE = new Set([...CORE.split(' '), 'nn', 'optim']);

export interface Import {
  /** The file that imports, as src/…, and the line. */
  readonly file: string;
  readonly line: number;
  /** What it imports: src/… for a relative path, else the package or the module of Node. */
  readonly target: string;
  /** `import type`, which is gone at run time. */
  readonly isType: boolean;
  /** `await import('…')`, which happens when it is reached. */
  readonly isDynamic: boolean;
}

/** Every import and re-export of a file. `import { type A }` still loads the module, so it counts as run time. */
export function importsOf(file: string, code: string): Import[] {
  const { module, errors } = parseSync(file, code);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  const of = ({ start, end }: { start: number; end: number }, specifier: string, isDynamic = false): Import => ({
    file,
    line: code.slice(0, start).split('\n').length,
    target: specifier.startsWith('.') ? new URL(specifier, `file:///${file}`).pathname.slice(1) : specifier,
    isType: /^(import|export)\s+type\s*[\w{*]/.test(code.slice(start, end)),
    isDynamic,
  });
  return [
    ...module.staticImports.map((i) => of(i, i.moduleRequest.value)),
    ...module.staticExports.flatMap((e) => {
      const source = e.entries.find((entry) => entry.moduleRequest)?.moduleRequest;
      return source ? [of(e, source.value)] : [];
    }),
    ...module.dynamicImports.map((d) => {
      const specifier = code.slice(d.moduleRequest.start, d.moduleRequest.end);
      return of(d, specifier.replace(/^['"`]|['"`]$/g, ''), true);
    }),
  ];
}

/** src/nn/linear.ts → nn; src/tensor.ts → tensor. */
const layerOf = (file: string): string => file.split('/')[1].replace(/\.ts$/, '');

/** What is wrong with an import, in words; null when an arrow allows it. */
export function brokenArrow({ file, line, target, isType }: Import): string | null {
  const from = layerOf(file);
  const rules = HOUSE[from];
  if (rules === undefined) return `${file}: the layer '${from}' has no row in the table of test/house.ts`;
  const where = `${file}:${line}`;
  if (!target.startsWith('src/')) {
    if (target === 'adjoint' || target.startsWith('adjoint/')) return `${where}: src imports itself by relative paths`;
    return PURE.has(from) && !isType ? `${where}: ${from} → '${target}': the core needs no package and no Node` : null;
  }
  const to = layerOf(target);
  const [runTime, typeOnly = ''] = rules.split('|').map((list) => list.trim());
  if (to === from || runTime.split(' ').includes(to)) return null;
  const mayName = typeOnly.split(' ').includes(to);
  if (mayName && isType) return null;
  const may = runTime === '' ? 'nothing' : runTime;
  return `${where}: ${from} → ${to} (${target}): ${mayName ? 'by `import type` only' : `${from} may import ${may}`}`;
}

/** The files that load one another in a circle, each circle once, as `a → b → a`. */
export function cycles(imports: readonly Import[]): string[] {
  const edges = targets(imports.filter(({ isType, isDynamic }) => !isType && !isDynamic));
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  return found;
}

/** What loads with `file`, and so on: files, packages and modules of Node, each with the chain that leads to it. */
export function loadedWith(file: string, imports: readonly Import[]): Map<string, string> {
  const edges = targets(imports.filter(({ isType, isDynamic }) => !isType && !isDynamic));
  const chains = new Map([[file, file]]);
  for (const [at, chain] of chains) {
    for (const next of edges.get(at) ?? []) if (!chains.has(next)) chains.set(next, `${chain} → ${next}`);
  }
  return chains;
}

function targets(imports: readonly Import[]): Map<string, string[]> {
  const edges = new Map<string, string[]>();
  for (const { file, target } of imports) edges.set(file, [...(edges.get(file) ?? []), target]);
  return edges;
}
