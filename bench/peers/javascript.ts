/**
 * JavaScript peers, from bench/package.json: `npm ci --prefix bench` installs them. Each is measured as a user has it:
 * numbers from a Float32Array to a Float32Array, and what it wants disposed is disposed. Both run on one thread.
 */
import { readFileSync } from 'node:fs';
import type { Problem } from '../matmul/verify.ts';
import type { Measurable, Peer } from './peer.ts';
import { tfTraining } from './tfjs-training.ts';

/** What we use of the libraries: their types are not there when they are not installed. */
export interface TfTensor {
  dataSync(): Float32Array;
  dispose(): void;
}
export interface Tf {
  setBackend(name: string): Promise<boolean>;
  tensor(data: Float32Array, shape: readonly number[]): TfTensor;
  tensor2d(data: Float32Array, shape: [number, number]): TfTensor;
  variable(initial: TfTensor): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  relu(x: TfTensor): TfTensor;
  oneHot(index: TfTensor, depth: number): TfTensor;
  cast(x: TfTensor, dtype: string): TfTensor;
  losses: {
    meanSquaredError(labels: TfTensor, predictions: TfTensor): TfTensor;
    softmaxCrossEntropy(labels: TfTensor, logits: TfTensor): TfTensor;
  };
  train: {
    adam(
      lr: number,
      beta1: number,
      beta2: number,
      eps: number,
    ): { minimize(loss: () => TfTensor, cost: true): TfTensor };
  };
}
interface TfWasm {
  setThreadsCount(n: number): void;
}
interface JaxArray {
  dataSync(): Float32Array;
}
interface Jax {
  init(device: string): Promise<unknown>;
  defaultDevice(device: string): unknown;
  numpy: {
    array(data: Float32Array, options: { shape: number[] }): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
  };
}

/** Imports a package that is installed in bench/, or says how to get it. */
async function load(name: string): Promise<unknown> {
  try {
    return await import(name);
  } catch {
    throw new Error(`${name} is not installed: npm ci --prefix bench`);
  }
}

const versionOf = (name: string): string =>
  (
    JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')) as {
      version: string;
    }
  ).version;

const measurable = (p: Problem, multiply: () => Float32Array): Measurable => ({
  verify: () => p.check(multiply()),
  run: multiply,
});

export async function tfjs(threads: number): Promise<Peer> {
  const core = '@tensorflow/tfjs';
  const tf = (await load(core)) as Tf;
  const wasm = (await load('@tensorflow/tfjs-backend-wasm')) as TfWasm;
  wasm.setThreadsCount(threads);
  if (!(await tf.setBackend('wasm'))) throw new Error('its WebAssembly backend did not start');
  return {
    name: 'tfjs',
    about: `tfjs-wasm ${versionOf(core)}`,
    matmul: (p) =>
      Promise.resolve(
        measurable(p, () => {
          const a = tf.tensor2d(p.a, [p.m, p.k]);
          const b = tf.tensor2d(p.b, [p.k, p.n]);
          const c = tf.matMul(a, b);
          const out = c.dataSync();
          for (const x of [a, b, c]) x.dispose();
          return out;
        }),
      ),
    training: (task) => Promise.resolve(tfTraining(tf, task)),
    close: () => undefined,
  };
}

export async function jaxJs(): Promise<Peer> {
  const name = '@jax-js/jax';
  const jax = (await load(name)) as Jax;
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  const { numpy: np } = jax;
  return {
    name: 'jax-js',
    about: `jax-js ${versionOf(name)} wasm`,
    matmul: (p) =>
      Promise.resolve(
        measurable(p, () => {
          // matmul takes hold of its operands and frees them, and dataSync frees the result.
          const a = np.array(p.a, { shape: [p.m, p.k] });
          const b = np.array(p.b, { shape: [p.k, p.n] });
          return np.matmul(a, b).dataSync();
        }),
      ),
    close: () => undefined,
  };
}
