/**
 * A prediction as a game: the players are features (or groups of them), and a coalition is worth what the model gives when
 * its members have their values from x and the others those of a background, averaged over the background.
 */
import { ShapeError, showShape } from '../array/errors.ts';
import { allocate } from '../array/memory.ts';
import { sameShape, sizeOf } from '../array/nd.ts';
import { tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import {
  batchOf,
  groupsOf,
  values,
  type AnyModel,
  type Counted,
  type TargetOptions,
  type WorkOptions,
} from './model.ts';

export interface GameOptions extends TargetOptions, WorkOptions {
  /** What stands for "not there": a number (0 if left out), one input, or several [M, …], over which is averaged. */
  readonly background?: Tensor | number;
  /** The group of each number of one input, 0, 1, 2, …: members enter together. Each number on its own if left out. */
  readonly featureMask?: Tensor;
}

export interface Game {
  readonly players: number;
  /** How many rows the model is given for one coalition: those of the background. */
  readonly rows: number;
  /** The worth of coalitions: row c of `members` has a 1 for each player that belongs to it. */
  readonly worth: (members: Uint8Array, coalitions: number) => Promise<Float64Array>;
  /** What players are due, at each of their features. A group's due stands at each of its members. */
  readonly spread: (dues: ArrayLike<number>) => Float64Array;
}

/** The game of row `row` of x. */
export function gameOf(where: string, f: AnyModel, x: Tensor, row: number, options: Counted<GameOptions>): Game {
  const batch = batchOf(where, x);
  const single = batch.shape.slice(1);
  const size = sizeOf(single);
  const { group, count } = groupsOf(where, batch, options.featureMask);
  const background = backgroundOf(where, options.background ?? 0, single, size);
  const rows = background.length / size;
  const at = batch.select(0, row).toTypedArray();
  return {
    players: count,
    rows,
    async worth(members, coalitions) {
      if (coalitions === 0) return new Float64Array(0); // of one player all coalitions are known
      const inputs = allocate(batch.dtype, coalitions * rows * size);
      for (let c = 0, to = 0; c < coalitions; c++) {
        for (let b = 0; b < rows; b++) {
          for (let i = 0; i < size; i++) {
            inputs[to++] = members[c * count + group[i]] ? at[i] : background[b * size + i];
          }
        }
      }
      const input = tensor(inputs, { dtype: batch.dtype }).reshape([coalitions * rows, ...single]);
      const each = (await values(where, f, input, options, () => row)).toTypedArray();
      const worths = new Float64Array(coalitions);
      each.forEach((value, r) => (worths[Math.floor(r / rows)] += value / rows));
      return worths;
    },
    spread: (dues) => Float64Array.from(group, (g) => dues[g]),
  };
}

/** The background as rows, one after another. */
export function backgroundOf(
  where: string,
  background: Tensor | number,
  single: readonly number[],
  size: number,
): Float64Array {
  if (typeof background === 'number') return new Float64Array(size).fill(background);
  const { shape } = background;
  const rest = shape.length === single.length ? shape : shape.slice(1);
  if (!sameShape(rest, single) || background.numel() === 0) {
    const rule = `the background must be a number, one input ${showShape(single)} or several [M, …]`;
    throw new ShapeError(where, rule, showShape(shape));
  }
  return Float64Array.from(background.toTypedArray());
}
