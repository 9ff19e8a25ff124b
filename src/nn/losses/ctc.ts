/** Connectionist temporal classification (Graves et al., 2006): the probability of a text under all its alignments in time. */
import { checkWhole } from '../../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../../array/errors.ts';
import { full, stack, tensor } from '../../create.ts';
import { concat, Tensor } from '../../tensor.ts';
import type { Lengths } from '../packing.ts';
import { unbind } from '../steps.ts';
import { Loss, reduced, type LossOptions } from './loss.ts';

export interface CtcOptions extends LossOptions {
  /** The class that stands for no symbol; 0 if left out. */
  readonly blank?: number;
  /** Whether losses that are infinite, of texts too long for their time, count as 0. false if left out. */
  readonly zeroInfinity?: boolean;
}

/** The logarithm of a probability of 0, but finite, so that gradients of impossible paths are 0 and not NaN. */
const NEVER = -1e30;

function lengthsOf(where: string, name: string, lengths: Lengths, N: number, most: number): number[] {
  const list = lengths instanceof Tensor ? [...lengths.toTypedArray()] : [...lengths];
  if (list.length !== N)
    throw new ShapeError(where, `there must be one of ${name} for each of ${N} sequences`, `${list.length}`);
  for (const n of list) {
    if (Number.isInteger(n) && n >= 0 && n <= most) continue;
    throw new ValueError(where, `${name} must be whole numbers from 0 to ${most}`, `${n}`);
  }
  return list;
}

/** The symbols of each text, from rows [N, S] of which the first ones count, or from all texts one after another. */
function textsOf(targets: Tensor, lengths: readonly number[]): number[][] {
  const symbols = [...targets.toTypedArray()];
  let at = 0;
  return lengths.map((length, n) => {
    const start = targets.ndim === 2 ? n * targets.shape[1] : at;
    at += length;
    return symbols.slice(start, start + length);
  });
}

/**
 * −log P(text | x): x [T, N, C] are log-probabilities of C classes at T times (or [T, C] of one sequence), and texts are
 * classes other than the blank, [N, S] or one after another. A path of classes spells a text once repetitions are merged
 * and blanks taken out; P sums over all paths, by α(t, s) = (α(t−1, s) + α(t−1, s−1) + α(t−1, s−2))·p(t, s) along the text with blanks
 * between, where the third is there only from one symbol to a different one. The mean is of losses over the lengths of their texts.
 * Made of ops, so gradients hold to any order; they are those of log-probabilities, where PyTorch's already contain
 * the softmax's part, which is the same for x that come from logSoftmax.
 * `nn.functional.ctcLoss(tensor([[0.5, 0.5], [0.5, 0.5]]).log(), tensor([1]), [2], [1]) // => Tensor[] 0.2877`
 * @throws ShapeError, ValueError when lengths, classes or the blank do not fit
 */
// prettier-ignore
export function ctcLoss(
  logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths, options: CtcOptions = {},
): Tensor {
  const where = 'ctcLoss';
  const { blank = 0, zeroInfinity = false, reduction = 'mean' } = options;
  if (logProbs.ndim !== 3 && logProbs.ndim !== 2) {
    throw new ShapeError(where, 'log-probabilities must be [T, N, C] or [T, C]', showShape(logProbs.shape));
  }
  const batched = logProbs.ndim === 3;
  const x = (batched ? logProbs : logProbs.unsqueeze(1)).clamp(NEVER); // [T, N, C]
  const [T, N, C] = x.shape;
  if (!(Number.isInteger(blank) && blank >= 0 && blank < C)) {
    throw new ValueError(where, `the blank must be a class from 0 to ${C - 1}`, `${blank}`);
  }
  if (targets.ndim === 0 || targets.ndim > 2 || (targets.ndim === 2 && targets.shape[0] !== N)) {
    throw new ShapeError(where, `targets must be [${N}, S], or all texts in one dim`, showShape(targets.shape));
  }
  const times = lengthsOf(where, 'inputLengths', inputLengths, N, T);
  const lengths = lengthsOf(where, 'targetLengths', targetLengths, N, targets.shape[targets.ndim - 1]);
  const total = lengths.reduce((a, b) => a + b, 0);
  if (targets.ndim === 1 && total !== targets.numel()) {
    throw new ShapeError(where, 'targetLengths must add up to the length of the targets', `${total} and ${targets.numel()}`);
  }
  const losses = logLikelihoods(x, textsOf(targets, lengths), times, blank).neg();
  const settled = losses.maskedFill(losses.ge(-NEVER / 2), zeroInfinity ? 0 : Infinity); // NaN stays
  if (reduction === 'mean') return settled.div(tensor(lengths.map((n) => Math.max(1, n)), { dtype: x.dtype })).mean();
  return reduced(where, batched ? settled : settled.squeeze(0), reduction);
}

/** log P of each text: the sum over paths, by α. */
function logLikelihoods(x: Tensor, texts: readonly number[][], times: readonly number[], blank: number): Tensor {
  const [T, N, C] = x.shape;
  const { dtype } = x;
  const L = 2 * Math.max(0, ...texts.map((text) => text.length)) + 1;
  // The text with blanks between: places 0 … L−1 hold blank, symbol, blank, …
  const places = texts.map((text) =>
    Array.from({ length: L }, (_, s) => (s % 2 === 1 ? text[(s - 1) / 2] : blank) ?? blank),
  );
  const index = tensor(places, { dtype: 'float64' }).reshape([N, L]);
  checkWhole('ctcLoss', index.nd, C);
  const skips = places.map((row) => row.map((c, s) => (s % 2 === 1 && c !== row[s - 2] ? 0 : NEVER)));
  const skip = tensor(skips, { dtype }).reshape([N, L]);
  const emitted = T === 0 ? [] : unbind(x.gather(2, index.unsqueeze(0).expand([T, N, L]))); // T times [N, L]
  const before = full([N, 2], NEVER, { dtype });
  const start = tensor([NEVER, 0], { dtype }).expand([N, 2]); // all paths begin before place 0
  let alpha = full([N, L], NEVER, { dtype });
  for (let t = 0; t < T; t++) {
    const wide = concat([t === 0 ? start : before, alpha], 1);
    const ways = stack([alpha, wide.narrow(1, 1, L), wide.narrow(1, 0, L).add(skip)]);
    const next = ways.logsumexp(0).add(emitted[t]);
    const running = times.map((n) => (t < n ? 1 : 0));
    alpha = running.includes(0) ? next.where(tensor(running).unsqueeze(1), alpha) : next;
  }
  // A path may end at the last symbol or at the blank behind it.
  const ends = texts.map(({ length }) => [2 * length, length === 0 ? 0 : 2 * length - 1]);
  const last = alpha.gather(1, tensor(ends).reshape([N, 2]));
  const two = tensor(
    texts.map(({ length }) => [0, length === 0 ? NEVER : 0]),
    { dtype },
  ).reshape([N, 2]);
  return last.add(two).logsumexp(1);
}

/** Of texts, whatever their alignment in time. `new nn.CTCLoss()(tensor([[0.5, 0.5], [0.5, 0.5]]).log(), tensor([1]), [2], [1]) // => Tensor[] 0.2877` */
export class CTCLoss extends Loss<CtcOptions> {
  override forward(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths): Tensor {
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, this.options);
  }
}
