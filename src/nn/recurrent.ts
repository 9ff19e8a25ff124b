/**
 * Recurrent layers over sequences: LSTM, GRU and RNN. Gates stand in PyTorch's order, and parameters have its names
 * (weight_ih_l0, …), so that its states load.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { stack } from '../create.ts';
import * as ops from '../ops/index.ts';
import { apply, concat, Tensor } from '../tensor.ts';
import { cellParameters, checkSizes, gruStep, initial, lstmStep, rnnStep } from './cells.ts';
import type { CellOptions, Nonlinearity, States, Step } from './cells.ts';
import { dropout } from './dropout.ts';
import { linear } from './functional.ts';
import { Module, shown } from './module.ts';
import { unbind } from './steps.ts';
import { lengthsOf, packPaddedSequence, padPackedSequence, rowsAt, type PackedSequence } from './packing.ts';

export interface RecurrentOptions extends CellOptions {
  /** Layers one above the other; 1 if left out. */
  readonly numLayers?: number;
  /** Whether sequences are [B, T, …] and not [T, B, …]. false if left out. */
  readonly batchFirst?: boolean;
  /** In training, elements of each layer's output but the last are set to 0 with this probability. 0 if left out. */
  readonly dropout?: number;
  /** Whether a second net goes backwards, its output beside the first one's. false if left out. */
  readonly bidirectional?: boolean;
}

/** Layers of cells over time, in one direction or both. */
abstract class Recurrent extends Module {
  [name: `weight_${string}`]: Tensor;
  [name: `bias_${string}`]: Tensor | null;
  inputSize: number;
  hiddenSize: number;
  numLayers: number;
  batchFirst: boolean;
  dropout: number;
  bidirectional: boolean;
  generator: Generator;

  constructor(
    where: string,
    inputSize: number,
    hiddenSize: number,
    gates: number,
    options: RecurrentOptions,
    projSize = 0,
  ) {
    super();
    const { numLayers = 1, batchFirst = false, dropout = 0, bidirectional = false } = options;
    checkSizes(where, inputSize, hiddenSize, numLayers);
    if (!(dropout >= 0 && dropout <= 1)) {
      throw new ValueError(where, 'dropout must be a probability from 0 to 1', `${dropout}`);
    }
    if (!(Number.isInteger(projSize) && projSize >= 0 && projSize < hiddenSize)) {
      throw new ValueError(where, `projSize must be a whole number from 0 to ${hiddenSize - 1}`, `${projSize}`);
    }
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.batchFirst = batchFirst;
    this.dropout = dropout;
    this.bidirectional = bidirectional;
    this.generator = options.generator ?? defaultGenerator;
    for (let layer = 0; layer < numLayers; layer++) {
      const inputs = layer === 0 ? inputSize : (projSize || hiddenSize) * this.directions.length;
      for (const direction of this.directions) {
        const cell = cellParameters(inputs, hiddenSize, gates, options, projSize);
        this[`weight_ih_l${layer}${direction}`] = cell.weight_ih;
        this[`weight_hh_l${layer}${direction}`] = cell.weight_hh;
        this[`bias_ih_l${layer}${direction}`] = cell.bias_ih;
        this[`bias_hh_l${layer}${direction}`] = cell.bias_hh;
        if (cell.weight_hr) this[`weight_hr_l${layer}${direction}`] = cell.weight_hr;
      }
    }
  }

  private get directions(): readonly string[] {
    return this.bidirectional ? ['', '_reverse'] : [''];
  }

  /** One layer in one direction over x [T, B, …], from a state: the states at all times, each [T, B, …]; h, the first, is the output. */
  protected abstract scan(x: Tensor, state: States, name: string, reverse: boolean): readonly Tensor[];

  /** The sizes of what a state holds. */
  protected stateSizes(): readonly number[] {
    return [this.hiddenSize];
  }

  /** The outputs of the last layer at all times, and the states at the end of all layers and directions. */
  protected run<X extends Tensor | PackedSequence>(given: X, start: States | undefined): [output: X, states: Tensor[]];
  protected run(
    given: Tensor | PackedSequence,
    start: States | undefined,
  ): [output: Tensor | PackedSequence, states: Tensor[]] {
    const { batchFirst } = this;
    if (!(given instanceof Tensor)) {
      const [padded] = padPackedSequence(given);
      this.check(padded, padded.ndim === 3, false);
      const lengths = lengthsOf(given);
      const [output, states] = this.layers(padded, this.states(padded, start, padded.shape[1]), lengths);
      const { data, batchSizes } = packPaddedSequence(output, lengths, { enforceSorted: false });
      return [{ ...given, data, batchSizes }, states];
    }
    const batched = given.ndim === 3;
    this.check(given, batched || given.ndim === 2, batchFirst && batched);
    const x = batched ? (batchFirst ? given.transpose(0, 1) : given) : given.unsqueeze(1); // [T, B, …]
    const [output, states] = this.layers(x, this.states(x, start, batched ? x.shape[1] : null), null);
    if (!batched) return [output.squeeze(1), states.map((s) => s.squeeze(1))];
    return [batchFirst ? output.transpose(0, 1) : output, states];
  }

  private check(x: Tensor, fits: boolean, batchFirst: boolean): void {
    const { inputSize } = this;
    if (fits && x.shape[x.ndim - 1] === inputSize && x.shape[batchFirst ? 1 : 0] > 0) return;
    const rule = `x must be [${this.batchFirst ? 'B, T' : 'T, B'}, ${inputSize}], or [T, ${inputSize}], with at least one time T`;
    throw new ShapeError(this.constructor.name, rule, showShape(x.shape));
  }

  /** The initial states of all layers and directions, each [layers·directions, B, …]. Without a batch they are given without B. */
  private states(x: Tensor, given: States | undefined, B: number | null): States {
    const count = this.numLayers * this.directions.length;
    const shapes = this.stateSizes().map((size) => (B === null ? [count, size] : [count, B, size]));
    const states = initial(this.constructor.name, given, x, shapes);
    return B === null ? states.map((s) => s.unsqueeze(1)) : states;
  }

  /**
   * All layers over x [T, B, …]. With lengths a direction back turns each sequence around within its length; what stands behind
   * its end then comes after it in both directions, and is of no consequence.
   */
  private layers(x: Tensor, start: States, lengths: readonly number[] | null): [output: Tensor, states: Tensor[]] {
    const { numLayers, directions } = this;
    const [T, B] = x.shape;
    const at = (time: (length: number, t: number) => number): number[] =>
      Array.from({ length: T * B }, (_, i) => time(lengths![i % B], Math.floor(i / B)) * B + (i % B));
    const around = lengths && at((n, t) => (t < n ? n - 1 - t : t));
    const lasts = lengths && at((n) => n - 1).slice(0, B);
    const turned = (y: Tensor): Tensor => rowsAt(y, around!).reshape(y.shape);
    const from = start.map((s) => s.unbind());
    const ends: Tensor[][] = [];
    let sequence = x;
    for (let layer = 0; layer < numLayers; layer++) {
      const outputs = directions.map((direction) => {
        const turns = direction !== '' && lengths !== null;
        const back = direction !== '' && lengths === null;
        const first = from.map((s) => s[ends.length]);
        const states = this.scan(turns ? turned(sequence) : sequence, first, `l${layer}${direction}`, back);
        ends.push(states.map((s) => (lasts ? rowsAt(s, lasts) : s.select(0, back ? 0 : -1))));
        return turns ? turned(states[0]) : states[0];
      });
      sequence = outputs.length === 1 ? outputs[0] : concat(outputs, 2);
      if (layer < numLayers - 1) sequence = dropout(sequence, this.dropout, this.training, this.generator);
    }
    return [sequence, start.map((_, s) => stack(ends.map((end) => end[s])))];
  }

  /** scan by single steps: one product for the inputs of all times, then one a time for the hidden state. */
  protected scanBy(step: Step, x: Tensor, state: States, name: string, reverse: boolean): readonly Tensor[] {
    const [weight, bias] = [this[`weight_hh_${name}`], this[`bias_hh_${name}`]];
    const fromInputs = unbind(linear(x, this[`weight_ih_${name}`], this[`bias_ih_${name}`])); // T times [B, gates·H]
    const times: States[] = [];
    for (const fromInput of reverse ? fromInputs.reverse() : fromInputs) {
      state = step(fromInput, linear(state[0], weight, bias), state);
      times.push(state);
    }
    if (reverse) times.reverse();
    return state.map((_, s) => stack(times.map((states) => states[s]))); // [T, B, …]
  }

  protected override describe(): string {
    const { inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional } = this;
    return `${inputSize}, ${hiddenSize}, ${shown({ numLayers, batchFirst, dropout, bidirectional })}`;
  }
}

export interface LSTMOptions extends RecurrentOptions {
  /** Size of h, if it is projected, h' = W·(o⊙tanh c'), to fewer numbers than c has (Sak et al., 2014); 0, if left out, is none. */
  readonly projSize?: number;
}

type LstmState = readonly [h: Tensor, c: Tensor];

/** Packed sequences are taken as well, and given back. */
export interface LSTM {
  (x: PackedSequence, state?: LstmState): [output: PackedSequence, state: [h: Tensor, c: Tensor]];
}

/**
 * Long short-term memory over sequences x [T, B, inputSize] (with batchFirst [B, T, inputSize]; [T, inputSize] is one
 * sequence; sequences may be packed), to `[output, [h, c]]`: output [T, B, H·directions], h and c, the states at the end,
 * [layers·directions, B, H]; so are the initial ones, 0 if left out. i, f, o = σ(…), g = tanh(…), c' = f⊙c + i⊙g, h' = o⊙tanh c'.
 * `new nn.LSTM(3, 5)(zeros([7, 2, 3]))[0].shape // => [ 7, 2, 5 ]`
 */
export class LSTM extends Recurrent {
  projSize: number;

  constructor(inputSize: number, hiddenSize: number, options: LSTMOptions = {}) {
    super('LSTM', inputSize, hiddenSize, 4, options, options.projSize);
    this.projSize = options.projSize ?? 0;
  }
  override forward(x: PackedSequence, state?: LstmState): [output: PackedSequence, state: [h: Tensor, c: Tensor]];
  override forward(x: Tensor, state?: LstmState): [output: Tensor, state: [h: Tensor, c: Tensor]];
  override forward(x: Tensor | PackedSequence, state?: LstmState): unknown {
    return this.run(x, state);
  }
  protected override stateSizes(): readonly number[] {
    return [this.projSize || this.hiddenSize, this.hiddenSize];
  }
  protected override scan(x: Tensor, state: States, name: string, reverse: boolean): readonly Tensor[] {
    const projection = this[`weight_hr_${name}`];
    if (projection) {
      const step: Step = (fromInput, fromHidden, before) => {
        const [h, c] = lstmStep(fromInput, fromHidden, before);
        return [linear(h, projection), c];
      };
      return this.scanBy(step, x, state, name, reverse);
    }
    const [b, d] = [this[`bias_ih_${name}`], this[`bias_hh_${name}`]];
    const fromInputs = linear(x, this[`weight_ih_${name}`], b && d && b.add(d)); // [T, B, 4H]
    const y = apply(ops.lstm, fromInputs, this[`weight_hh_${name}`], state[0], state[1], reverse); // as one op: see there
    return [y.select(0, 0), y.select(0, 1)];
  }
}

/** Packed sequences are taken as well, and given back. */
export interface GRU {
  (x: PackedSequence, h?: Tensor): [output: PackedSequence, h: Tensor];
}

/**
 * Gated recurrent units over sequences x [T, B, inputSize] (with batchFirst [B, T, inputSize]; [T, inputSize] is one
 * sequence; sequences may be packed), to `[output, h]`: output [T, B, H·directions] and h, the state at the end,
 * [layers·directions, B, H]; so is the initial one, 0 if left out. r, z = σ(…), n = tanh(Wx + r⊙(Uh)), h' = (1 − z)⊙n + z⊙h.
 * `new nn.GRU(3, 5)(zeros([7, 2, 3]))[1].shape // => [ 1, 2, 5 ]`
 */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super('GRU', inputSize, hiddenSize, 3, options);
  }
  override forward(x: PackedSequence, h?: Tensor): [output: PackedSequence, h: Tensor];
  override forward(x: Tensor, h?: Tensor): [output: Tensor, h: Tensor];
  override forward(x: Tensor | PackedSequence, h?: Tensor): unknown {
    const [output, [end]] = this.run(x, h && [h]);
    return [output, end];
  }
  protected override scan(x: Tensor, state: States, name: string, reverse: boolean): readonly Tensor[] {
    return this.scanBy(gruStep, x, state, name, reverse);
  }
}

/** Packed sequences are taken as well, and given back. */
export interface RNN {
  (x: PackedSequence, h?: Tensor): [output: PackedSequence, h: Tensor];
}

/**
 * A plain recurrent net over sequences, h' = tanh(Wx + Uh) or relu; shapes as of GRU.
 * `new nn.RNN(3, 5, { bidirectional: true })(zeros([7, 2, 3]))[0].shape // => [ 7, 2, 10 ]`
 */
export class RNN extends Recurrent {
  nonlinearity: Nonlinearity;
  constructor(
    inputSize: number,
    hiddenSize: number,
    options: RecurrentOptions & { readonly nonlinearity?: Nonlinearity } = {},
  ) {
    super('RNN', inputSize, hiddenSize, 1, options);
    this.nonlinearity = options.nonlinearity ?? 'tanh';
    rnnStep(this.nonlinearity);
  }
  override forward(x: PackedSequence, h?: Tensor): [output: PackedSequence, h: Tensor];
  override forward(x: Tensor, h?: Tensor): [output: Tensor, h: Tensor];
  override forward(x: Tensor | PackedSequence, h?: Tensor): unknown {
    const [output, [end]] = this.run(x, h && [h]);
    return [output, end];
  }
  protected override scan(x: Tensor, state: States, name: string, reverse: boolean): readonly Tensor[] {
    return this.scanBy(rnnStep(this.nonlinearity), x, state, name, reverse);
  }
}
