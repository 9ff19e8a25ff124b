/** A small convolutional net for images of 28×28: 16 and 32 channels of 3×3 with pooling, then 1568-128-10; batch of 64. */
import { nn, randint, randn, type Tensor } from '../../src/index.ts';
import { adam, seeded, type Workload } from './workload.ts';

class Cnn extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3, { padding: 1 });
  conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 });
  pool = new nn.MaxPool2d(2);
  fc1 = new nn.Linear(1568, 128);
  fc2 = new nn.Linear(128, 10);

  override forward(x: Tensor): Tensor {
    const features = this.pool(this.conv2(this.pool(this.conv1(x).relu())).relu()); // [B, 32, 7, 7]
    return this.fc2(this.fc1(features.flatten(1)).relu());
  }
}

export const cnn: Workload = {
  name: 'CNN 1-16-32 (3×3, pooling), 1568-128-10, 28×28, batch 64, Adam',
  id: 'cnn',
  make() {
    const generator = seeded();
    const model = new Cnn();
    const [x, y] = [randn([64, 1, 28, 28], { generator }), randint(0, 10, [64], { generator })];
    return { model, data: [x, y], loss: () => nn.functional.crossEntropy(model(x), y), optimizer: adam(model) };
  },
};
