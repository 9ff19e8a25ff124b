/** A classifier of MNIST's size: 784-512-256-10, batch of 64, cross-entropy. Most of its time is matmul. */
import { nn, randint, randn, type Tensor } from '../../src/index.ts';
import { adam, seeded, type Workload } from './workload.ts';

class Mlp extends nn.Module {
  fc1 = new nn.Linear(784, 512);
  fc2 = new nn.Linear(512, 256);
  fc3 = new nn.Linear(256, 10);

  override forward(x: Tensor): Tensor {
    return this.fc3(this.fc2(this.fc1(x).relu()).relu());
  }
}

export const mlp: Workload = {
  name: 'MLP 784-512-256-10, batch 64, cross-entropy, Adam',
  id: 'mlp',
  make() {
    const generator = seeded();
    const model = new Mlp();
    const [x, y] = [randn([64, 784], { generator }), randint(0, 10, [64], { generator })];
    return { model, data: [x, y], loss: () => nn.functional.crossEntropy(model(x), y), optimizer: adam(model) };
  },
};
