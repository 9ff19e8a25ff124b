/** MLP: linear layers with an activation between them, for tables and flattened images. */
import { ValueError } from '../array/errors.ts';
import * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { activations, type Activation } from './activation.ts';
import { checkConfig, type MakeOptions } from './config.ts';

export interface MLPConfig {
  /** Widths of the input, of each hidden layer, and of the output: at least two. */
  readonly sizes: readonly number[];
  /** Between the layers. 'relu' if left out. */
  readonly activation?: Activation;
  /** After each activation. 0 if left out. */
  readonly dropout?: number;
}

/**
 * x […, sizes[0]] to […, sizes at the end]: linear, activation, linear, … linear.
 * ```ts
 * import { zeros } from 'adjoint';
 * import { MLP } from 'adjoint/models';
 * const model = new MLP({ sizes: [784, 256, 10] });
 * console.log(model(zeros([5, 784])).shape, model.parameterCount()); // => [ 5, 10 ] 203530
 * ```
 */
export class MLP extends nn.Module {
  config: Required<MLPConfig>;
  layers: nn.Linear[];
  drop: nn.Dropout;

  constructor(config: MLPConfig, make: MakeOptions = {}) {
    super();
    const { sizes, activation = 'relu', dropout = 0 } = config;
    if (sizes.length < 2 || !sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw new ValueError('MLP', 'sizes must be at least two whole numbers, at least 1', `[${sizes.join(', ')}]`);
    }
    this.config = { sizes, activation, dropout };
    checkConfig('MLP', this.config, [], ['dropout']);
    this.layers = sizes.slice(1).map((size, i) => new nn.Linear(sizes[i], size, make));
    this.drop = new nn.Dropout(dropout, make);
  }
  override forward(x: Tensor): Tensor {
    const activation = activations[this.config.activation];
    return this.layers.reduce((y, layer, i) => layer(i === 0 ? y : this.drop(activation(y))), x);
  }
}
