/** The first program of many: Linear(10, 5), relu, Linear(5, 1), 100 rows, mean squared error. Small: it shows what the engine itself costs. */
import { nn, randn, type Tensor } from '../../src/index.ts';
import { adam, seeded, type Workload } from './workload.ts';

class Net extends nn.Module {
  fc1 = new nn.Linear(10, 5);
  fc2 = new nn.Linear(5, 1);

  override forward(x: Tensor): Tensor {
    return this.fc2(this.fc1(x).relu());
  }
}

export const linear: Workload = {
  name: 'Linear(10,5)-relu-Linear(5,1), 100 rows, MSE, Adam',
  id: 'linear',
  make() {
    const generator = seeded();
    const model = new Net();
    const [x, y] = [randn([100, 10], { generator }), randn([100, 1], { generator })];
    return { model, data: [x, y], loss: () => nn.functional.mseLoss(model(x), y), optimizer: adam(model) };
  },
};
