/** The classic first program: a network of two layers, trained on random numbers. Run it: npx tsx docs/examples/first-network.ts */
import { nn, noGrad, optim, randn, type Tensor } from 'adjoint';

// A model is a class: its layers are fields, what it computes is `forward`.
class Net extends nn.Module {
  fc1 = new nn.Linear(10, 5);
  fc2 = new nn.Linear(5, 1);

  override forward(x: Tensor): Tensor {
    x = this.fc1(x).relu();
    return this.fc2(x);
  }
}

const model = new Net();
const criterion = new nn.MSELoss();
const optimizer = new optim.Adam(model.parameters(), { lr: 0.001 });

// Training data: 100 rows of 10 numbers, and 100 numbers to predict.
const xTrain = randn([100, 10]);
const yTrain = randn([100, 1]);

for (let epoch = 0; epoch < 100; epoch++) {
  optimizer.zeroGrad(); // forget the gradients of the last step
  const outputs = model(xTrain); // forward
  const loss = criterion(outputs, yTrain); // how wrong
  loss.backward(); // a gradient for each parameter
  optimizer.step(); // each parameter a little downhill
  if (epoch % 10 === 0) console.log(`Epoch [${epoch + 1}/100], Loss: ${loss.item().toFixed(4)}`);
}

// Inference: no gradients are needed, so none are recorded.
const xTest = randn([10, 10]);
const yTest = randn([10, 1]);
noGrad(() => {
  const loss = criterion(model(xTest), yTest);
  console.log(`Test Loss: ${loss.item().toFixed(4)}`);
});
