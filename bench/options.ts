/** What `npm run bench` understands, and how it says what it does not. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { tileOf, type Instructions } from '../src/kernels/wasm/matmul.ts';
import { parseSize, type Size } from './matmul/index.ts';
import { peerNames } from './peers/index.ts';
import { UsageError } from './usage.ts';

export const help = `Measures Adjoint: every case is verified before it is timed.

  npm run bench                        a few minutes: the matmul staircase, ops, training steps, start
  npm run bench -- matmul              the staircase: from three loops to the tuned kernel, against the machine's peak
  npm run bench -- ops                 every op, beside a plain loop
  npm run bench -- training            training steps
  npm run bench -- start               import and first gradient in a fresh process
  npm run bench -- figures             what is to be reached, and what is reached here: about five minutes with peers
  npm run bench -- memory              is memory flat over 100,000 steps? And how much do training runs take?
  npm run bench -- compare OLD NEW     what changed beyond noise between two results of --json
  npm run bench -- chart RESULT        the matmuls of a result as an SVG

  --sizes LIST      matmul: n or MxKxN, as in 64,256,64x784x512 (default: 64,256,512)
                    ops: rows and columns, as in 32,256,1024 (the default)
  --kernel FILE     matmul: a file whose default export is a Gemm joins the table; may be given again
  --against LIST    peers in the same run, if installed: ${peerNames.join(', ')}
                    (JavaScript ones: npm ci --prefix bench)
  --threads N       threads of matmul and of peers (default: 1)
  --instructions I  of matmul: mul+add (the default), fma or 'fma 256'; see setMatmulInstructions
  --rounds N        turns of each contestant (default: 9, ops 5)
  --seconds S       time of one turn (default: 0.05, ops 0.01)
  --steps N         memory: steps of the smallest net (default: 100000)
  --json FILE       writes all samples
  --out FILE        chart: where the picture goes
  --smoke           verifies and runs each case once, at small sizes; times nothing
  --help            this text
`;

const commands = ['all', 'matmul', 'ops', 'training', 'start', 'figures', 'memory', 'compare', 'chart'] as const;
export type Command = (typeof commands)[number];

export interface Options {
  readonly command: Command;
  readonly files: readonly string[];
  readonly sizes: readonly Size[] | null;
  readonly kernels: readonly string[];
  readonly against: readonly string[];
  readonly threads: number;
  readonly instructions: Instructions;
  readonly rounds: number | null;
  readonly seconds: number | null;
  readonly steps: number;
  readonly json: string | null;
  readonly out: string | null;
  readonly smoke: boolean;
}

const text = { type: 'string' } as const;
const declared = {
  sizes: text,
  kernel: { type: 'string', multiple: true },
  against: text,
  threads: text,
  instructions: text,
  rounds: text,
  seconds: text,
  steps: text,
  json: text,
  out: text,
  smoke: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options'];
type Name = Exclude<keyof typeof declared, 'help'>;

/** Which options a command listens to; another one is refused, since it would be without effect. */
const measured: readonly Name[] = ['against', 'threads', 'instructions', 'rounds', 'seconds', 'json', 'smoke'];
const heard: Record<Command, readonly Name[]> = {
  all: measured,
  matmul: [...measured, 'sizes', 'kernel'],
  ops: ['rounds', 'seconds', 'json', 'smoke', 'sizes'],
  training: measured,
  start: measured.filter((name) => name !== 'seconds'),
  figures: ['against', 'threads', 'instructions', 'json', 'smoke'],
  memory: ['steps', 'against', 'threads'],
  compare: [],
  chart: ['out'],
};

const list = (value: string | undefined): string[] => value?.split(',').filter((item) => item !== '') ?? [];

/** Reads the command line; null if help is wanted. @throws UsageError */
export function readOptions(args: readonly string[]): Options | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const [first = 'all', ...files] = positionals;
  const command = commands.find((name) => name === first);
  if (command === undefined) throw new UsageError(`there is no '${first}'; see --help`);
  const wanted = { compare: 2, chart: 1 }[command as string] ?? 0;
  if (files.length !== wanted) {
    throw new UsageError(
      `${command} takes ${['no file', 'one file', 'two files'][wanted]}, got ${files.length}; see --help`,
    );
  }
  for (const name of Object.keys(values) as Name[]) {
    if (!heard[command].includes(name)) throw new UsageError(`--${name} is nothing for ${command}; see --help`);
  }
  if (command === 'chart' && values.out === undefined) throw new UsageError('chart needs --out FILE');

  const sizes = list(values.sizes).map((item) => {
    const size = parseSize(item);
    if (size === null) throw new UsageError(`--sizes must be n or MxKxN up to 16384, got '${item}'`);
    if (command === 'ops' && new Set(size).size > 1) throw new UsageError(`--sizes of ops must be n, got '${item}'`);
    return size;
  });
  const against = list(values.against);
  const stranger = against.find((name) => !peerNames.includes(name));
  if (stranger !== undefined) throw new UsageError(`--against knows ${peerNames.join(', ')}, got '${stranger}'`);
  const instructions = (values.instructions ?? 'mul+add') as Instructions;
  if (!Object.hasOwn(tileOf, instructions)) {
    throw new UsageError(`--instructions knows ${Object.keys(tileOf).join(', ')}, got '${instructions}'`);
  }
  const kernels = values.kernel ?? [];
  const lost = [...files, ...kernels].find((file) => !existsSync(file));
  if (lost !== undefined) throw new UsageError(`there is no file ${lost}`);
  const folder = [values.json, values.out].find((file) => file !== undefined && !existsSync(dirname(file)));
  if (folder !== undefined) throw new UsageError(`there is no folder ${dirname(folder)} to write to`);
  return {
    command,
    files,
    sizes: sizes.length > 0 ? sizes : null,
    kernels,
    against: [...new Set(against)],
    instructions,
    threads: number('threads', values.threads, 1, true) ?? 1,
    rounds: number('rounds', values.rounds, 1, true),
    seconds: number('seconds', values.seconds, 0, false),
    steps: number('steps', values.steps, 1, true) ?? 100_000,
    json: values.json ?? null,
    out: values.out ?? null,
    smoke: values.smoke ?? false,
  };
}

function parse(
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof declared; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: declared, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\.\s/)[0]}; see --help`);
  }
}

function number(name: Name, value: string | undefined, low: number, whole: boolean): number | null {
  if (value === undefined) return null;
  const x = value.trim() === '' ? NaN : Number(value);
  if (!(x >= low && Number.isFinite(x) && (x > 0 || low > 0)) || (whole && !Number.isSafeInteger(x))) {
    throw new UsageError(
      `--${name} must be a ${whole ? `whole number from ${low}` : 'number above 0'}, got '${value}'`,
    );
  }
  return x;
}
