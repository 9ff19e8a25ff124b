/**
 * Recurrent layers: LSTM, GRU and RNN over sequences, and their cells for one step.
 * Gates stand in PyTorch's order, and parameters have its names (weight_ih_l0, …), so that its states load.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape, type DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { stack, zeros } from '../create.ts';
import { concat, type Tensor } from '../tensor.ts';
import { dropout, linear } from './functional.ts';
import { uniform_ } from './init.ts';
import { Module, parameter } from './module.ts';

/** The state between two steps: h, or h and c; each [B, H]. */
type States = readonly Tensor[];

/**
 * One step: from what the input gives to the gates, what the hidden state gives (both [B, gates·H]), and the state,
 * to the next state.
 */
type Step = (fromInput: Tensor, fromHidden: Tensor, state: States) => Tensor[];

const sum = (fromInput: Tensor, fromHidden: Tensor, gates: number): Tensor[] =>
  fromInput.add(fromHidden).chunk(gates, -1);

/** i, f, o = σ(…), g = tanh(…); c' = f⊙c + i⊙g, h' = o⊙tanh c' (Hochreiter and Schmidhuber, 1997). */
const lstmStep: Step = (fromInput, fromHidden, [, c]) => {
  const [i, f, g, o] = sum(fromInput, fromHidden, 4);
  const next = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
  return [o.sigmoid().mul(next.tanh()), next];
};

/** r, z = σ(…), n = tanh(Wx + r⊙(Uh)); h' = (1 − z)⊙n + z⊙h (Cho et al., 2014; where r stands, as in PyTorch). */
const gruStep: Step = (fromInput, fromHidden, [h]) => {
  const [xr, xz, xn] = fromInput.chunk(3, -1);
  const [hr, hz, hn] = fromHidden.chunk(3, -1);
  const n = xn.add(xr.add(hr).sigmoid().mul(hn)).tanh();
  return [n.add(xz.add(hz).sigmoid().mul(h.sub(n)))];
};

export type Nonlinearity = 'tanh' | 'relu';

/** h' = tanh(Wx + Uh), or relu (Elman, 1990). */
function rnnStep(nonlinearity: Nonlinearity): Step {
  if (nonlinearity !== 'tanh' && nonlinearity !== 'relu') {
    throw new ValueError('RNN', "the nonlinearity must be 'tanh' or 'relu'", `'${String(nonlinearity)}'`);
  }
  return (fromInput, fromHidden) => [fromInput.add(fromHidden)[nonlinearity]()];
}

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

export interface CellOptions {
  readonly bias?: boolean;
  readonly dtype?: DType;
  readonly generator?: Generator;
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

function checkSizes(where: string, inputSize: number, hiddenSize: number, numLayers = 1): void {
  if (![inputSize, hiddenSize, numLayers].every((n) => Number.isInteger(n) && n > 0)) {
    const got = `${inputSize}, ${hiddenSize} and ${numLayers}`;
    throw new ValueError(where, 'inputSize, hiddenSize and numLayers must be whole numbers above 0', got);
  }
}

/** The weights and biases of one cell, uniform in ±1/√H as in PyTorch. */
function cellParameters(inputs: number, hidden: number, gates: number, options: CellOptions) {
  const { bias = true, dtype = 'float32', generator = defaultGenerator } = options;
  const bound = 1 / Math.sqrt(hidden);
  const make = (...shape: number[]): Tensor => parameter(uniform_(zeros(shape, { dtype }), -bound, bound, generator));
  const rows = gates * hidden;
  const [weight_ih, weight_hh] = [make(rows, inputs), make(rows, hidden)];
  return { weight_ih, weight_hh, bias_ih: bias ? make(rows) : null, bias_hh: bias ? make(rows) : null };
}

/** Initial states as given, each of `shape`; zeros where none are. */
function initial(where: string, given: States | undefined, count: number, x: Tensor, shape: number[]): States {
  if (given === undefined) return Array.from({ length: count }, () => zeros(shape, { dtype: x.dtype }));
  for (const s of given) {
    if (!sameShape(s.shape, shape)) {
      throw new ShapeError(where, `an initial state must have the shape ${showShape(shape)}`, showShape(s.shape));
    }
  }
  return given;
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

  /** The outputs of the last layer at all times, and the last states of all layers and directions. */
  protected run(step: Step, count: number, x: Tensor, given: States | undefined): [output: Tensor, states: Tensor[]] {
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
        const [output, end] = this.scan(step, sequence, from, `l${layer}${direction}`, direction !== '');
        ends.push(end);
        return output;
      });
      sequence = outputs.length === 1 ? outputs[0] : concat(outputs, 2);
      if (layer < numLayers - 1) sequence = dropout(sequence, this.dropout, this.training, this.generator);
    }
    const states = start.map((_, s) => stack(ends.map((end) => end[s])));
    return [batchFirst ? sequence.transpose(0, 1) : sequence, states];
  }

  /** One layer in one direction: one product for the inputs of all times, then one a time for the hidden state. */
  private scan(step: Step, x: Tensor, state: States, name: string, reverse: boolean): [output: Tensor, end: States] {
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
    const [output, [h, c]] = this.run(lstmStep, 2, x, state);
    return [output, [h, c]];
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
    const [output, [end]] = this.run(gruStep, 1, x, h && [h]);
    return [output, end];
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
    const [output, [end]] = this.run(rnnStep(this.nonlinearity), 1, x, h && [h]);
    return [output, end];
  }
}

/** One step of one layer. */
abstract class Cell extends Module {
  inputSize: number;
  hiddenSize: number;
  weight_ih: Tensor;
  weight_hh: Tensor;
  bias_ih: Tensor | null;
  bias_hh: Tensor | null;

  constructor(where: string, inputSize: number, hiddenSize: number, gates: number, options: CellOptions) {
    super();
    checkSizes(where, inputSize, hiddenSize);
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    const cell = cellParameters(inputSize, hiddenSize, gates, options);
    this.weight_ih = cell.weight_ih;
    this.weight_hh = cell.weight_hh;
    this.bias_ih = cell.bias_ih;
    this.bias_hh = cell.bias_hh;
  }
  protected run(step: Step, count: number, x: Tensor, given: States | undefined): Tensor[] {
    const where = this.constructor.name;
    if (x.ndim < 1 || x.ndim > 2 || x.shape[x.ndim - 1] !== this.inputSize) {
      const rule = `x must be [B, ${this.inputSize}], or [${this.inputSize}]`;
      throw new ShapeError(where, rule, showShape(x.shape));
    }
    const state = initial(where, given, count, x, [...x.shape.slice(0, -1), this.hiddenSize]);
    const fromInput = linear(x, this.weight_ih, this.bias_ih);
    return step(fromInput, linear(state[0], this.weight_hh, this.bias_hh), state);
  }
  protected override describe(): string {
    return `${this.inputSize}, ${this.hiddenSize}`;
  }
}

/** One step of an LSTM: x [B, inputSize] and [h, c], 0 if left out, to the next [h, c], each [B, H]. `new nn.LSTMCell(3, 5)(zeros([2, 3]))[1].shape // => [ 2, 5 ]` */
export class LSTMCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super('LSTMCell', inputSize, hiddenSize, 4, options);
  }
  override forward(x: Tensor, state?: readonly [h: Tensor, c: Tensor]): [h: Tensor, c: Tensor] {
    const [h, c] = this.run(lstmStep, 2, x, state);
    return [h, c];
  }
}

/** One step of a GRU: x [B, inputSize] and h, 0 if left out, to the next h, [B, H]. `new nn.GRUCell(3, 5)(zeros([2, 3])).shape // => [ 2, 5 ]` */
export class GRUCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super('GRUCell', inputSize, hiddenSize, 3, options);
  }
  override forward(x: Tensor, h?: Tensor): Tensor {
    return this.run(gruStep, 1, x, h && [h])[0];
  }
}

/** One step of a plain recurrent net, as GRUCell. `new nn.RNNCell(3, 5)(zeros([2, 3])).shape // => [ 2, 5 ]` */
export class RNNCell extends Cell {
  nonlinearity: Nonlinearity;
  constructor(
    inputSize: number,
    hiddenSize: number,
    options: CellOptions & { readonly nonlinearity?: Nonlinearity } = {},
  ) {
    super('RNNCell', inputSize, hiddenSize, 1, options);
    this.nonlinearity = options.nonlinearity ?? 'tanh';
  }
  override forward(x: Tensor, h?: Tensor): Tensor {
    return this.run(rnnStep(this.nonlinearity), 1, x, h && [h])[0];
  }
}
