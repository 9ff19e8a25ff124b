/** What a peer is: how its matmul and its training steps are verified and measured. */
import type { Verdict } from '../harness.ts';
import type { Problem } from '../matmul/verify.ts';

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

/** Whether a peer's losses are not ours, as they are when it computes the same from the same start. */
export function differs(got: ArrayLike<number>, losses: readonly number[]): Verdict {
  const far = losses.findIndex((loss, i) => !(Math.abs(got[i] - loss) <= 1e-4 * Math.abs(loss)));
  return far < 0 ? null : `the loss of step ${far + 1} is ${got[far]}, and ours ${losses[far]}`;
}

export interface Peer {
  readonly name: string;
  /** Its version, and what it runs on. */
  readonly about: string;
  readonly matmul: (p: Problem) => Promise<Measurable>;
  /** Only where the peer can train; null for a model that nobody has written for it yet. */
  readonly training?: (task: TrainingTask) => Promise<Measurable | null>;
  /** The greatest memory, in bytes, of a process of its own that makes so many of these steps. */
  readonly peak?: (task: TrainingTask, steps: number) => Promise<number | null>;
  /** The Python that has it. */
  readonly interpreter?: string;
  /** Ends what was started for it. */
  readonly close: () => void;
}
