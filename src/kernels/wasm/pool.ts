/**
 * A pool of threads that run WebAssembly functions over one shared memory. The caller writes down units of work, each a
 * list of calls, and works itself until all are done; every unit is computed whole by whoever takes it, so results do not
 * depend on how many take part. The workers know no kernel: they are given a module, its functions by number, and memory.
 *
 * Words of the memory's first kilobytes, as whole numbers of 32 bits:
 *   JOB counts jobs; sleeping workers wait here     NEXT is the next unit to take     COUNT is how many there are
 *   DONE is how many are done     READY is how many workers have begun     from UNITS on: where each unit's calls begin and,
 *   behind these, the calls: function, number of arguments, arguments
 */
import type * as Threads from 'node:worker_threads'; // types only: what is not there is not asked for
import { assemble, type Func } from './assembler.ts';
import type { Compiled } from './scratchpad.ts';

/** A function's number in the module, and what it is called with. */
export type Call = readonly [fn: number, ...args: number[]];

export interface Pool {
  readonly floats: Float32Array;
  /** The first float that the pool does not use itself. */
  readonly start: number;
  /** Workers that have begun: they start in their own time, and until then there is no one but the caller. */
  readonly ready: () => number;
  /** Runs all units and returns true; false if a worker has died, after which the pool is of no more use. */
  readonly run: (units: readonly (readonly Call[])[]) => boolean;
  readonly close: () => void;
}

const [JOB, NEXT, COUNT, DONE, READY, UNITS] = [0, 1, 2, 3, 4, 16];
const WORDS = 1 << 16;
const CLOSED = 1 << 30; // no unit has this number
const PATIENCE = 2000; // milliseconds without any unit done, after which a worker counts as dead

/** What a worker runs. Plain text, so that no bundler, loader or path has to find a file for it. */
const worker = `
  const [JOB, NEXT, COUNT, DONE, READY, UNITS] = [${[JOB, NEXT, COUNT, DONE, READY, UNITS].join()}];
  const start = ({ module, memory }) => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const functions = WebAssembly.Module.exports(module).map(({ name }) => exports[name]);
    const words = new Int32Array(memory.buffer);
    let job = Atomics.load(words, JOB);
    Atomics.add(words, READY, 1);
    for (;;) {
      // Waking a thread takes 30 µs and more: look around for a while before falling asleep.
      for (let until = performance.now() + 0.2; Atomics.load(words, JOB) === job;) {
        if (performance.now() > until) Atomics.wait(words, JOB, job);
      }
      job = Atomics.load(words, JOB);
      for (let u; (u = Atomics.add(words, NEXT, 1)) < Atomics.load(words, COUNT);) {
        for (let at = words[UNITS + u]; at < words[UNITS + u + 1]; at += 2 + words[at + 1]) {
          functions[words[at]](...words.subarray(at + 2, at + 2 + words[at + 1]));
        }
        Atomics.add(words, DONE, 1);
      }
    }
  };`;

/** Starts a worker on `data`; calls `failed` if it dies. Returns what ends it. */
type Start = (
  data: { module: WebAssembly.Module; memory: WebAssembly.Memory },
  failed: (why: string) => void,
) => () => void;

/** How this environment starts threads; a text, why not, where it does not. */
export function starter(): Start | string {
  const node = (globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }).process;
  if (typeof SharedArrayBuffer === 'undefined') {
    return 'there is no shared memory: a page must be cross-origin isolated (headers COOP and COEP)';
  }
  if (node?.getBuiltinModule) {
    const { Worker } = node.getBuiltinModule('node:worker_threads') as typeof Threads;
    return (data, failed) => {
      const code = `${worker} start(require('node:worker_threads').workerData);`;
      const thread = new Worker(code, { eval: true, workerData: data, execArgv: [], env: {} });
      thread.unref(); // the process ends when the program does
      thread.on('error', (error) => failed(error.message));
      return () => void thread.terminate();
    };
  }
  if (!(globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated || typeof Worker === 'undefined') {
    return 'the page is not cross-origin isolated (headers COOP and COEP)';
  }
  return (data, failed) => {
    const url = URL.createObjectURL(
      new Blob([`${worker} onmessage = ({ data }) => start(data);`], { type: 'text/javascript' }),
    );
    const thread = new Worker(url);
    thread.addEventListener('error', (event) => failed(event.message || 'a worker could not start'));
    thread.postMessage(data, []);
    return () => thread.terminate();
  };
}

/** A pool of `workers` threads beside the caller's own, over a memory of `pages` of 64 KiB. */
export function startPool(
  functions: readonly Func[],
  workers: number,
  pages: number,
  start: Start,
  failed: (why: string) => void,
): Pool {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const module = new WebAssembly.Module(assemble(functions, pages, true));
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Compiled<string>;
  const here = functions.map(({ name }) => exports[name]);
  const words = new Int32Array(memory.buffer);
  const ends = Array.from({ length: workers }, () => start({ module, memory }, failed));

  function write(units: readonly (readonly Call[])[]): void {
    let at = UNITS + units.length + 1;
    units.forEach((calls, u) => {
      words[UNITS + u] = at;
      for (const [fn, ...args] of calls) {
        words.set([fn, args.length, ...args], at);
        at += 2 + args.length;
      }
    });
    words[UNITS + units.length] = at;
  }

  return {
    floats: new Float32Array(memory.buffer),
    start: WORDS,
    ready: () => Atomics.load(words, READY),
    run(units) {
      // A worker may still be about to look for a unit of the last job: NEXT is out of its reach until all is written.
      Atomics.store(words, NEXT, CLOSED);
      write(units);
      Atomics.store(words, DONE, 0);
      Atomics.store(words, COUNT, units.length);
      Atomics.store(words, NEXT, 0);
      Atomics.add(words, JOB, 1);
      Atomics.notify(words, JOB);
      for (let u; (u = Atomics.add(words, NEXT, 1)) < units.length;) {
        for (const [fn, ...args] of units[u]) here[fn](...args);
        Atomics.add(words, DONE, 1);
      }
      for (let seen = -1, waited = 0, last = 0; ;) {
        const done = Atomics.load(words, DONE);
        if (done === units.length) return true;
        const now = performance.now();
        waited = done === seen ? waited + Math.min(1, now - last) : 0; // a process that was stopped has not waited
        if (waited > PATIENCE) return false;
        [seen, last] = [done, now];
      }
    },
    close: () => ends.forEach((end) => end()),
  };
}
