/**
 * ResNet: a convolutional network whose blocks add to what they are given (He et al., 2016), in the form for small images:
 * 6·n + 2 layers, three stages of n blocks, each stage with half the height and width of the last, and twice its channels.
 * Names of parameters are torchvision's.
 *
 * N batch · C channels · H, W height and width of images
 */
import { ShapeError, showShape } from '../array/errors.ts';
import * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { checkConfig, type MakeOptions } from './config.ts';

export interface ResNetConfig {
  /** Channels of the images. 3 if left out. */
  readonly channels?: number;
  readonly classes: number;
  /** Blocks a stage, n: 3 gives ResNet-20. 1 if left out. */
  readonly blocks?: number;
  /** Channels of the first stage. 16 if left out. */
  readonly width?: number;
}

const conv3x3 = (inputs: number, outputs: number, stride: number, make: MakeOptions): nn.Conv2d =>
  new nn.Conv2d(inputs, outputs, 3, { ...make, stride, padding: 1, bias: false });

/** relu(x + norm(conv(relu(norm(conv(x)))))), where x is brought to the shape of the sum by a 1 × 1 convolution. */
class Block extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  downsample: nn.Sequential | null;

  constructor(inputs: number, outputs: number, stride: number, make: MakeOptions) {
    super();
    this.conv1 = conv3x3(inputs, outputs, stride, make);
    this.bn1 = new nn.BatchNorm2d(outputs, make);
    this.conv2 = conv3x3(outputs, outputs, 1, make);
    this.bn2 = new nn.BatchNorm2d(outputs, make);
    const same = stride === 1 && inputs === outputs;
    const shortcut = (): nn.Conv2d => new nn.Conv2d(inputs, outputs, 1, { ...make, stride, bias: false });
    this.downsample = same ? null : new nn.Sequential(shortcut(), new nn.BatchNorm2d(outputs, make));
  }
  override forward(x: Tensor): Tensor {
    let y = this.bn1(this.conv1(x)).relu(); // [N, C, H/stride, W/stride]
    y = this.bn2(this.conv2(y));
    return y.add(this.downsample ? this.downsample(x) : x).relu();
  }
}

/**
 * Images [N, channels, H, W] of any size to logits [N, classes].
 * ```ts
 * import { zeros } from 'adjoint';
 * import { ResNet } from 'adjoint/models';
 * const model = new ResNet({ channels: 1, classes: 10, width: 8 });
 * console.log(model(zeros([2, 1, 16, 16])).shape, model.parameterCount()); // => [ 2, 10 ] 19810
 * ```
 */
export class ResNet extends nn.Module {
  config: Required<ResNetConfig>;
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  layer1: Block[];
  layer2: Block[];
  layer3: Block[];
  fc: nn.Linear;

  constructor(config: ResNetConfig, make: MakeOptions = {}) {
    super();
    this.config = { channels: 3, blocks: 1, width: 16, ...config };
    const { channels, classes, blocks, width: C } = this.config;
    checkConfig('ResNet', this.config, ['channels', 'classes', 'blocks', 'width']);
    const stage = (inputs: number, outputs: number, stride: number): Block[] =>
      Array.from({ length: blocks }, (_, i) => new Block(i ? outputs : inputs, outputs, i ? 1 : stride, make));
    this.conv1 = conv3x3(channels, C, 1, make);
    this.bn1 = new nn.BatchNorm2d(C, make);
    this.layer1 = stage(C, C, 1);
    this.layer2 = stage(C, 2 * C, 2);
    this.layer3 = stage(2 * C, 4 * C, 2);
    this.fc = new nn.Linear(4 * C, classes, make);
    for (const [, module] of this.namedModules()) {
      if (module instanceof nn.Conv2d) nn.init.kaimingUniform_(module.weight, make);
    }
  }
  override forward(x: Tensor): Tensor {
    const { channels } = this.config;
    if (x.ndim !== 4 || x.shape[1] !== channels) {
      throw new ShapeError('ResNet', `images must be [N, ${channels}, H, W]`, showShape(x.shape));
    }
    x = this.bn1(this.conv1(x)).relu(); // [N, C, H, W]
    for (const block of [...this.layer1, ...this.layer2, ...this.layer3]) x = block(x); // [N, 4·C, H/4, W/4]
    return this.fc(x.mean([2, 3])); // [N, classes]
  }
}
