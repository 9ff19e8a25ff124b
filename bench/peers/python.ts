/**
 * NumPy and PyTorch, each in a Python process of its own that stays for the whole run: python.py is told over a pipe
 * what to do, and clocks itself. While it works this process waits, so both have the machine in turn.
 *
 * A message is a line of JSON, and behind it the arrays that it counts in `sizes`, as float32.
 */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { differs, type Measurable, type Peer, type TrainingTask } from './peer.ts';

const SCRIPT = fileURLToPath(new URL('python.py', import.meta.url));

interface Answer {
  readonly error?: string;
  readonly about?: string;
  /** What it can be asked to make. */
  readonly makers?: readonly string[];
  readonly seconds?: number;
  readonly peak?: number;
  readonly sizes?: readonly number[];
  readonly arrays: readonly Float32Array[];
}
type Ask = (request: Record<string, unknown>, arrays?: readonly Float32Array[]) => Promise<Answer>;

/** The first python3 that has the library. */
function interpreterWith(library: string): string {
  const found = ['python3', '/usr/bin/python3'].find(
    (python) => spawnSync(python, ['-c', `import ${library}`], { stdio: 'ignore' }).status === 0,
  );
  if (found === undefined) throw new Error(`no python3 has ${library}: pip install ${library}`);
  return found;
}

/** Starts the script; how to ask it, one question at a time, and how to end it. */
function start(interpreter: string, library: string, threads: number): { ask: Ask; close: () => void } {
  const count = String(threads);
  const env = { ...process.env, OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count, MKL_NUM_THREADS: count };
  const child = spawn(interpreter, [SCRIPT, library, count], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;
  let chunks: Buffer[] = [];
  let received = 0;
  let needed = 0; // known once the line of JSON is there

  /** Hands the answer over once all of it is there. */
  const read = (chunk: Buffer): void => {
    chunks.push(chunk);
    received += chunk.length;
    if (received < needed) return;
    const all = Buffer.concat(chunks);
    chunks = [all];
    const end = all.indexOf(10) + 1;
    if (end === 0) return;
    const answer = JSON.parse(all.toString('utf8', 0, end)) as Omit<Answer, 'arrays'>;
    const sizes = answer.sizes ?? [];
    needed = end + 4 * sizes.reduce((a, b) => a + b, 0);
    if (received < needed) return;
    let at = end;
    const arrays = sizes.map((n) => new Float32Array(new Uint8Array(all.subarray(at, (at += 4 * n))).buffer));
    chunks = [];
    received = needed = 0;
    waiting?.resolve({ ...answer, arrays });
    waiting = null;
  };

  child.stdout.on('data', read);
  const fail = (why: string): void => {
    waiting?.reject(new Error(`${library}: ${why}`));
    waiting = null;
  };
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code) => fail(`Python ended with ${code}`));
  child.stdin.on('error', () => undefined); // 'exit' says it

  const ask: Ask = async (request, arrays = []) => {
    if (child.exitCode !== null) throw new Error(`${library}: Python ended with ${child.exitCode}`);
    const answered = new Promise<Answer>((resolve, reject) => (waiting = { resolve, reject }));
    child.stdin.write(`${JSON.stringify({ ...request, sizes: arrays.map((x) => x.length) })}\n`);
    for (const x of arrays) child.stdin.write(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
    const answer = await answered;
    if (answer.error !== undefined) throw new Error(`${library}: ${answer.error}`);
    return answer;
  };
  return { ask, close: () => child.kill() };
}

export async function python(library: 'numpy' | 'torch', threads: number): Promise<Peer> {
  const interpreter = interpreterWith(library);
  const { ask, close } = start(interpreter, library, threads);
  const { about = library, makers = [] } = await ask({ do: 'about' });
  let cases = 0;
  /** Sets up a case; how it is called from then on. */
  const make = async (what: string, options: object, arrays: readonly Float32Array[]): Promise<number> => {
    const id = cases++;
    await ask({ do: 'make', id, what, ...options }, arrays);
    return id;
  };
  const sample = (id: number) => async (seconds: number) => (await ask({ do: 'time', id, seconds })).seconds ?? NaN;
  const train = async ({ model, arrays, losses }: TrainingTask): Promise<Measurable | null> => {
    if (!makers.includes(model)) return null;
    const id = await make(model, {}, arrays);
    return {
      async verify() {
        const { arrays } = await ask({ do: 'result', id, steps: losses.length });
        return differs(arrays[0], losses);
      },
      sample: sample(id),
    };
  };
  const peak = async ({ model, arrays }: TrainingTask, steps: number): Promise<number | null> => {
    if (!makers.includes(model)) return null;
    const own = start(interpreter, library, threads);
    try {
      await own.ask({ do: 'make', id: 0, what: model }, arrays);
      await own.ask({ do: 'result', id: 0, steps });
      return (await own.ask({ do: 'peak' })).peak ?? NaN;
    } finally {
      own.close();
    }
  };
  return {
    name: library,
    about: `${about}, ${threads} thread${threads === 1 ? '' : 's'}`,
    async matmul(p) {
      const id = await make('matmul', { m: p.m, n: p.n, k: p.k }, [p.a, p.b]);
      return {
        verify: async () => p.check((await ask({ do: 'result', id })).arrays[0]),
        sample: sample(id),
      };
    },
    ...(library === 'torch' ? { training: train, peak } : {}),
    interpreter,
    close,
  };
}
