/** Others that are measured in the same run, where they are installed: two JavaScript libraries, NumPy and PyTorch. */
import type { Verdict } from '../harness.ts';
import type { Problem } from '../matmul/verify.ts';
import { jaxJs, tfjs } from './javascript.ts';
import { python } from './python.ts';

/** A part of a contestant: what is measured, without its name. */
export type Measurable = { readonly verify: () => Verdict | Promise<Verdict> } & (
  | { readonly run: () => unknown }
  | { readonly sample: (seconds: number) => Promise<number> }
);

/** The same training step in a peer: from these parameters, over this data. */
export interface TrainingTask {
  /** Which model, as the script of the peer calls it. */
  readonly model: string;
  /** Parameters in the order of `model.parameters()`, then inputs and targets. */
  readonly arrays: readonly Float32Array[];
  /** Losses of the first steps, which the peer must reach too. */
  readonly losses: readonly number[];
}

export interface Peer {
  readonly name: string;
  /** Its version, and what it runs on. */
  readonly about: string;
  readonly matmul: (p: Problem) => Promise<Measurable>;
  /** Only where the peer can train. */
  readonly training?: (task: TrainingTask) => Promise<Measurable>;
  /** The Python that has it. */
  readonly interpreter?: string;
  /** Ends what was started for it. */
  readonly close: () => void;
}

/** How to get hold of a peer; an Error that says what to install where it is not there. */
const known: Record<string, (threads: number) => Promise<Peer>> = {
  tfjs,
  'jax-js': jaxJs,
  numpy: (threads) => python('numpy', threads),
  torch: (threads) => python('torch', threads),
};

export const peerNames: readonly string[] = Object.keys(known);

/** The peers of these names that are installed; of the others, `missing` is told why. */
export async function findPeers(
  names: readonly string[],
  threads: number,
  missing: (text: string) => void,
): Promise<Peer[]> {
  const found: Peer[] = [];
  for (const name of names) {
    try {
      found.push(await known[name](threads));
    } catch (error) {
      missing(`${name} is left out: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}
