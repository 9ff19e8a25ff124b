/** `bench training`: whole training steps (forward, backward, optimizer), beside a yardstick and the peers that train. */
import { dense } from '../../src/array/dense.ts';
import type { Tensor } from '../../src/index.ts';
import type { Contestant, Group, Verdict } from '../harness.ts';
import { threeLoops } from '../matmul/1-three-loops.ts';
import type { Peer, TrainingTask } from '../peers/peer.ts';
import { cnn } from './cnn.ts';
import { gpt } from './gpt.ts';
import { linear } from './linear.ts';
import { lstm } from './lstm.ts';
import { mlp } from './mlp.ts';
import { step, type Made, type Workload } from './workload.ts';

/**
 * What is measured. What comes next is a file of its own, one more name here and, for the peers, a function in
 * peers/python.py and an entry in peers/tfjs-training.ts.
 */
export const workloads: readonly Workload[] = [linear, mlp, cnn, lstm, gpt];

const STEPS = 3;

/** Fixed work that no kernel of ours has part in: with it two runs can be compared, whatever the machine's mood. */
function yardstick(): Contestant {
  const n = 64;
  const a = new Float32Array(n * n).fill(0.5);
  const c = new Float32Array(n * n);
  const run = (): Float32Array => {
    threeLoops(n, n, n, a, 0, n, 1, a, 0, n, 1, c, 0);
    return c;
  };
  const verify = (): Verdict => (run().every((x) => x === n / 4) ? null : 'three loops do not multiply');
  return { name: 'three loops 64', work: 1, verify, run };
}

const numbers = (x: Tensor): Float32Array => {
  const { data, offset } = dense(x.nd);
  return Float32Array.from(data.subarray(offset, offset + x.numel()));
};

/** A workload as peers are told of it, and what has made its first steps meanwhile. */
export function taskOf({ id, make }: Workload): { task: TrainingTask; made: Made } {
  const made = make();
  const arrays = [...made.model.parameters(), ...made.data].map(numbers);
  const losses = Array.from({ length: STEPS }, () => step(made));
  return { task: { model: id, arrays, losses }, made };
}

/** A group for each workload. */
export async function* trainingGroups(peers: readonly Peer[]): AsyncGenerator<Group> {
  for (const workload of workloads) {
    const { name, make } = workload;
    const { task, made: fresh } = taskOf(workload);
    const { losses } = task;
    const verify = (): Verdict => {
      if (!losses.every(Number.isFinite)) return `losses are ${losses.join(', ')}`;
      if (!losses.every((loss, i) => i === 0 || loss < losses[i - 1]))
        return `losses do not fall: ${losses.join(', ')}`;
      const again = make();
      const same = losses.every((loss) => Object.is(loss, step(again)));
      return same ? null : 'the same seed gives other losses';
    };
    const contestants: Contestant[] = [yardstick(), { name: 'adjoint', work: 1, verify, run: () => step(fresh) }];
    for (const peer of peers) {
      const theirs = await peer.training?.(task);
      if (theirs) contestants.push({ ...theirs, name: peer.name, work: 1 });
    }
    const baseline = contestants.some((c) => c.name === 'torch') ? 'torch' : contestants[0].name;
    yield { kind: 'training', name, unit: 'step', baseline, contestants };
  }
}
