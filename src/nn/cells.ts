/** One step of an LSTM, a GRU or an RNN: the formulas, the parameters, and the layers LSTMCell, GRUCell and RNNCell. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape, type DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { zeros } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { linear } from './functional.ts';
import { uniform_ } from './init.ts';
import { Module, parameter } from './module.ts';

/** The state between two steps: h, or h and c; each [B, H]. */
export type States = readonly Tensor[];

/**
 * One step: from what the input gives to the gates, what the hidden state gives (both [B, gates·H]), and the state,
 * to the next state.
 */
export type Step = (fromInput: Tensor, fromHidden: Tensor, state: States) => Tensor[];

const sum = (fromInput: Tensor, fromHidden: Tensor, gates: number): Tensor[] =>
  fromInput.add(fromHidden).chunk(gates, -1);

/** i, f, o = σ(…), g = tanh(…); c' = f⊙c + i⊙g, h' = o⊙tanh c' (Hochreiter and Schmidhuber, 1997). */
export const lstmStep: Step = (fromInput, fromHidden, [, c]) => {
  const [i, f, g, o] = sum(fromInput, fromHidden, 4);
  const next = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
  return [o.sigmoid().mul(next.tanh()), next];
};

/** r, z = σ(…), n = tanh(Wx + r⊙(Uh)); h' = (1 − z)⊙n + z⊙h (Cho et al., 2014; where r stands, as in PyTorch). */
export const gruStep: Step = (fromInput, fromHidden, [h]) => {
  const [xr, xz, xn] = fromInput.chunk(3, -1);
  const [hr, hz, hn] = fromHidden.chunk(3, -1);
  const n = xn.add(xr.add(hr).sigmoid().mul(hn)).tanh();
  return [n.add(xz.add(hz).sigmoid().mul(h.sub(n)))];
};

export type Nonlinearity = 'tanh' | 'relu';

/** h' = tanh(Wx + Uh), or relu (Elman, 1990). */
export function rnnStep(nonlinearity: Nonlinearity): Step {
  if (nonlinearity !== 'tanh' && nonlinearity !== 'relu') {
    throw new ValueError('RNN', "the nonlinearity must be 'tanh' or 'relu'", `'${String(nonlinearity)}'`);
  }
  return (fromInput, fromHidden) => [fromInput.add(fromHidden)[nonlinearity]()];
}

export interface CellOptions {
  readonly bias?: boolean;
  readonly dtype?: DType;
  readonly generator?: Generator;
}

export function checkSizes(where: string, inputSize: number, hiddenSize: number, numLayers = 1): void {
  if (![inputSize, hiddenSize, numLayers].every((n) => Number.isInteger(n) && n > 0)) {
    const got = `${inputSize}, ${hiddenSize} and ${numLayers}`;
    throw new ValueError(where, 'inputSize, hiddenSize and numLayers must be whole numbers above 0', got);
  }
}

/** The weights and biases of one cell, uniform in ±1/√H as in PyTorch; with a projection of h, one more weight. */
export function cellParameters(inputs: number, hidden: number, gates: number, options: CellOptions, projected = 0) {
  const { bias = true, dtype = 'float32', generator = defaultGenerator } = options;
  const bound = 1 / Math.sqrt(hidden);
  const make = (...shape: number[]): Tensor => parameter(uniform_(zeros(shape, { dtype }), -bound, bound, generator));
  const rows = gates * hidden;
  return {
    weight_ih: make(rows, inputs),
    weight_hh: make(rows, projected || hidden),
    bias_ih: bias ? make(rows) : null,
    bias_hh: bias ? make(rows) : null,
    weight_hr: projected ? make(projected, hidden) : null,
  };
}

/** Initial states as given, of these shapes; zeros where none are. */
export function initial(where: string, given: States | undefined, x: Tensor, shapes: readonly number[][]): States {
  if (given === undefined) return shapes.map((shape) => zeros(shape, { dtype: x.dtype }));
  shapes.forEach((shape, i) => {
    if (given[i] && sameShape(given[i].shape, shape)) return;
    const got = given[i] ? showShape(given[i].shape) : 'none';
    throw new ShapeError(where, `an initial state must have the shape ${showShape(shape)}`, got);
  });
  return given;
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
    const shape = [...x.shape.slice(0, -1), this.hiddenSize];
    const state = initial(where, given, x, Array.from({ length: count }, () => shape)); // prettier-ignore
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
