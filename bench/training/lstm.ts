/** A classifier of sequences: LSTM 64→128 over 64 steps, batch of 16, ten classes from its last output. */
import { nn, randint, randn, type Tensor } from '../../src/index.ts';
import { adam, seeded, type Workload } from './workload.ts';

class Reader extends nn.Module {
  lstm = new nn.LSTM(64, 128);
  fc = new nn.Linear(128, 10);

  override forward(x: Tensor): Tensor {
    const [output] = this.lstm(x); // [T, B, 128]
    return this.fc(output.select(0, -1));
  }
}

export const lstm: Workload = {
  name: 'LSTM 64→128, 64 steps, batch 16, cross-entropy, Adam',
  id: 'lstm',
  make() {
    const generator = seeded();
    const model = new Reader();
    const [x, y] = [randn([64, 16, 64], { generator }), randint(0, 10, [16], { generator })];
    return { model, data: [x, y], loss: () => nn.functional.crossEntropy(model(x), y), optimizer: adam(model) };
  },
};
