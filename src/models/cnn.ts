/**
 * CNN: two convolutions with pooling, then three linear layers, as LeNet-5 (LeCun et al., 1998), with ReLU and max pooling.
 *
 * N batch · H, W height and width of images
 */
import { ShapeError, showShape } from '../array/errors.ts';
import * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { checkConfig, type MakeOptions } from './config.ts';

export interface CNNConfig {
  /** Channels of the images. 1 if left out. */
  readonly channels?: number;
  /** Height and width of the images, a multiple of 4. */
  readonly size: number;
  readonly classes: number;
  /** Channels after the first and second convolution. 6 and 16, as LeNet's, if left out. */
  readonly width1?: number;
  readonly width2?: number;
  /** Before the linear layers. 0 if left out. */
  readonly dropout?: number;
}

/**
 * Images [N, channels, size, size] to logits [N, classes].
 * ```ts
 * import { zeros } from 'adjoint';
 * import { CNN } from 'adjoint/models';
 * const model = new CNN({ size: 28, classes: 10 });
 * console.log(model(zeros([2, 1, 28, 28])).shape, model.parameterCount()); // => [ 2, 10 ] 107786
 * ```
 * @throws ShapeError for images of another size
 */
export class CNN extends nn.Module {
  config: Required<CNNConfig>;
  conv1: nn.Conv2d;
  conv2: nn.Conv2d;
  pool: nn.MaxPool2d;
  drop: nn.Dropout;
  fc1: nn.Linear;
  fc2: nn.Linear;
  fc3: nn.Linear;

  constructor(config: CNNConfig, make: MakeOptions = {}) {
    super();
    this.config = { channels: 1, width1: 6, width2: 16, dropout: 0, ...config };
    const { channels, size, classes, width1, width2, dropout } = this.config;
    checkConfig('CNN', this.config, ['channels', 'size', 'classes', 'width1', 'width2'], ['dropout']);
    if (size % 4 !== 0) throw new ShapeError('CNN', 'size must be a multiple of 4, for it is halved twice', `${size}`);
    this.conv1 = new nn.Conv2d(channels, width1, 5, { ...make, padding: 2 });
    this.conv2 = new nn.Conv2d(width1, width2, 5, { ...make, padding: 2 });
    this.pool = new nn.MaxPool2d(2);
    this.drop = new nn.Dropout(dropout, make);
    this.fc1 = new nn.Linear(width2 * (size / 4) ** 2, 120, make);
    this.fc2 = new nn.Linear(120, 84, make);
    this.fc3 = new nn.Linear(84, classes, make);
  }
  override forward(x: Tensor): Tensor {
    const { channels, size } = this.config;
    if (x.ndim !== 4 || x.shape[1] !== channels || x.shape[2] !== size || x.shape[3] !== size) {
      throw new ShapeError('CNN', `images must be [N, ${channels}, ${size}, ${size}]`, showShape(x.shape));
    }
    x = this.pool(this.conv1(x).relu()); // [N, width1, H/2, W/2]
    x = this.pool(this.conv2(x).relu()); // [N, width2, H/4, W/4]
    x = this.drop(x.flatten(1)); // [N, width2 · H/4 · W/4]
    x = this.fc1(x).relu(); // [N, 120]
    x = this.fc2(x).relu(); // [N, 84]
    return this.fc3(x); // [N, classes]
  }
}
