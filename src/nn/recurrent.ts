/**
 * Recurrent layers over sequences: LSTM, GRU and RNN. Gates stand in PyTorch's order, and parameters have its names
 * (weight_ih_l0, …), so that its states load.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { stack } from '../create.ts';
import * as ops from '../ops/index.ts';
import { apply, concat, type Tensor } from '../tensor.ts';
import { cellParameters, checkSizes, gruStep, initial, rnnStep } from './cells.ts';
import type { CellOptions, Nonlinearity, States, Step } from './cells.ts';
import { dropout } from './dropout.ts';
import { linear } from './functional.ts';
import { Module } from './module.ts';

/**
 * The parts of x along its first dim, cut by halves: going back, gradients are put together again in n·log n additions,
 * where n slices of the whole would need n².
 */
function unbind(x: Tensor): Tensor[] {
  const n = x.shape[0];
  if (n === 1) return [x.squeeze(0)];
  const half = Math.floor(n / 2);
  return [...unbind(x.narrow(0, 0, half)), ...unbind(x.narrow(0, half, n - half))];
}

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

  constructor(where: string, inputSize: number, hiddenSize: number, gates: number, options: RecurrentOptions) {
    super();
    const { numLayers = 1, batchFirst = false, dropout = 0, bidirectional = false } = options;
    checkSizes(where, inputSize, hiddenSize, numLayers);
    if (!(dropout >= 0 && dropout <= 1)) {
      throw new ValueError(where, 'dropout must be a probability from 0 to 1', `${dropout}`);
    }
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.batchFirst = batchFirst;
    this.dropout = dropout;
    this.bidirectional = bidirectional;
    this.generator = options.generator ?? defaultGenerator;
    for (let layer = 0; layer < numLayers; layer++) {
      const inputs = layer === 0 ? inputSize : hiddenSize * this.directions.length;
      for (const direction of this.directions) {
        const cell = cellParameters(inputs, hiddenSize, gates, options);
        this[`weight_ih_l${layer}${direction}`] = cell.weight_ih;
        this[`weight_hh_l${layer}${direction}`] = cell.weight_hh;
        this[`bias_ih_l${layer}${direction}`] = cell.bias_ih;
        this[`bias_hh_l${layer}${direction}`] = cell.bias_hh;
      }
    }
  }

  private get directions(): readonly string[] {
    return this.bidirectional ? ['', '_reverse'] : [''];
  }

  /** One layer in one direction over x [T, B, …], from a state: the outputs of all times, and the state at the end. */
  protected abstract scan(x: Tensor, state: States, name: string, reverse: boolean): [output: Tensor, end: States];

  /** The outputs of the last layer at all times, and the states at the end of all layers and directions. */
  protected run(count: number, x: Tensor, given: States | undefined): [output: Tensor, states: Tensor[]] {
    const where = this.constructor.name;
    const { inputSize, hiddenSize, numLayers, directions, batchFirst } = this;
    if (x.ndim !== 3 || x.shape[2] !== inputSize || x.shape[batchFirst ? 1 : 0] === 0) {
      const dims = batchFirst ? 'B, T' : 'T, B';
      throw new ShapeError(where, `x must be [${dims}, ${inputSize}] with at least one time T`, showShape(x.shape));
    }
    let sequence = batchFirst ? x.transpose(0, 1) : x; // [T, B, …]
    const shape = [numLayers * directions.length, sequence.shape[1], hiddenSize];
    const start = initial(where, given, count, x, shape).map((s) => s.unbind());
    const ends: (readonly Tensor[])[] = [];
    for (let layer = 0; layer < numLayers; layer++) {
      const outputs = directions.map((direction) => {
        const from = start.map((s) => s[ends.length]);
        const [output, end] = this.scan(sequence, from, `l${layer}${direction}`, direction !== '');
        ends.push(end);
        return output;
      });
      sequence = outputs.length === 1 ? outputs[0] : concat(outputs, 2);
      if (layer < numLayers - 1) sequence = dropout(sequence, this.dropout, this.training, this.generator);
    }
    const states = start.map((_, s) => stack(ends.map((end) => end[s])));
    return [batchFirst ? sequence.transpose(0, 1) : sequence, states];
  }

  /** scan by single steps: one product for the inputs of all times, then one a time for the hidden state. */
  protected scanBy(
    step: Step,
    x: Tensor,
    state: States,
    name: string,
    reverse: boolean,
  ): [output: Tensor, end: States] {
    const [weight, bias] = [this[`weight_hh_${name}`], this[`bias_hh_${name}`]];
    const fromInputs = unbind(linear(x, this[`weight_ih_${name}`], this[`bias_ih_${name}`])); // T times [B, gates·H]
    const outputs: Tensor[] = [];
    for (const fromInput of reverse ? fromInputs.reverse() : fromInputs) {
      state = step(fromInput, linear(state[0], weight, bias), state);
      outputs.push(state[0]);
    }
    return [stack(reverse ? outputs.reverse() : outputs), state]; // [T, B, H]
  }

  protected override describe(): string {
    const { inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional } = this;
    const options = { numLayers, batchFirst, dropout, bidirectional };
    return `${inputSize}, ${hiddenSize}, ${Object.entries(options).map(([name, value]) => `${name}=${value}`).join(', ')}`; // prettier-ignore
  }
}

/**
 * Long short-term memory over sequences x [T, B, inputSize] (with batchFirst [B, T, inputSize]), to
 * `[output, [h, c]]`: output [T, B, H·directions], h and c, the states at the end, [layers·directions, B, H]; so are the
 * initial ones, 0 if left out. i, f, o = σ(…), g = tanh(…), c' = f⊙c + i⊙g, h' = o⊙tanh c'.
 * `new nn.LSTM(3, 5)(zeros([7, 2, 3]))[0].shape // => [ 7, 2, 5 ]`
 */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super('LSTM', inputSize, hiddenSize, 4, options);
  }
  override forward(
    x: Tensor,
    state?: readonly [h: Tensor, c: Tensor],
  ): [output: Tensor, state: [h: Tensor, c: Tensor]] {
    const [output, [h, c]] = this.run(2, x, state);
    return [output, [h, c]];
  }
  /** As one op: see ops.lstm. */
  protected override scan(x: Tensor, [h, c]: States, name: string, reverse: boolean): [output: Tensor, end: States] {
    const [b, d] = [this[`bias_ih_${name}`], this[`bias_hh_${name}`]];
    const fromInputs = linear(x, this[`weight_ih_${name}`], b && d && b.add(d)); // [T, B, 4H]
    const y = apply(ops.lstm, fromInputs, this[`weight_hh_${name}`], h, c, reverse);
    const last = reverse ? 0 : -1;
    const output = y.select(0, 0);
    return [output, [output.select(0, last), y.select(0, 1).select(0, last)]];
  }
}

/**
 * Gated recurrent units over sequences x [T, B, inputSize] (with batchFirst [B, T, inputSize]), to `[output, h]`: output
 * [T, B, H·directions] and h, the state at the end, [layers·directions, B, H]; so is the initial one, 0 if left out.
 * r, z = σ(…), n = tanh(Wx + r⊙(Uh)), h' = (1 − z)⊙n + z⊙h.
 * `new nn.GRU(3, 5)(zeros([7, 2, 3]))[1].shape // => [ 1, 2, 5 ]`
 */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super('GRU', inputSize, hiddenSize, 3, options);
  }
  override forward(x: Tensor, h?: Tensor): [output: Tensor, h: Tensor] {
    const [output, [end]] = this.run(1, x, h && [h]);
    return [output, end];
  }
  protected override scan(x: Tensor, state: States, name: string, reverse: boolean): [output: Tensor, end: States] {
    return this.scanBy(gruStep, x, state, name, reverse);
  }
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
  }
  override forward(x: Tensor, h?: Tensor): [output: Tensor, h: Tensor] {
    const [output, [end]] = this.run(1, x, h && [h]);
    return [output, end];
  }
  protected override scan(x: Tensor, state: States, name: string, reverse: boolean): [output: Tensor, end: States] {
    return this.scanBy(rnnStep(this.nonlinearity), x, state, name, reverse);
  }
}
