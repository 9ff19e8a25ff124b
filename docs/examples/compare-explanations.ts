/**
 * All methods for pictures on one digit, and how well each names the pixels that count. Run it:
 * npx tsx docs/examples/compare-explanations.ts [--out docs/explain/comparison.svg]
 */
import { writeFileSync } from 'node:fs';
import { Generator, manualSeed, nn, noGrad, optim, tensor, type Tensor } from 'adjoint';
import { drawDigits } from 'adjoint/data';
import * as explain from 'adjoint/explain';
import { sectionSvg } from 'adjoint/inspect';

// A small convolutional network, in two parts: planes, and what is read off them.
manualSeed(1);
const generator = new Generator(1);
const { images, labels } = drawDigits(2000, generator);
const x = tensor([...images])
  .div(255)
  .reshape([2000, 1, 28, 28]);
const features = new nn.Sequential(
  new nn.Conv2d(1, 8, 5, { stride: 2 }), // [N, 8, 12, 12]
  new nn.ReLU(),
  new nn.Conv2d(8, 16, 3), // [N, 16, 10, 10]
  new nn.ReLU(),
  new nn.Conv2d(16, 16, 3), // [N, 16, 8, 8]
  new nn.ReLU(),
);
const head = new nn.Sequential(new nn.AdaptiveAvgPool2d(2), new nn.Flatten(), new nn.Linear(64, 10));
const model = new nn.Sequential(features, head);
const optimizer = new optim.Adam(model.parameters(), { lr: 0.006 });
for (let step = 0; step < 150; step++) {
  const at = (step * 50) % 1800;
  optimizer.zeroGrad();
  nn.functional.crossEntropy(model(x.narrow(0, at, 50)), tensor([...labels.subarray(at, at + 50)])).backward();
  optimizer.step();
}
model.eval();
const held = noGrad(() => model(x.narrow(0, 1800, 200)).argmax(1)).toArray() as number[];
const right = held.filter((p, i) => p === labels[1800 + i]).length;
console.log(right > 170); // => true

// The digit: the first 5 that was held back and is taken for one.
const target = 5;
const which = 1800 + held.findIndex((p, i) => p === target && labels[1800 + i] === target);
const digit = x.narrow(0, which, 1);
const background = x.narrow(0, 0, 50);
const pieces = explain.slic(digit.reshape([28, 28]), { segments: 40 }).unsqueeze(0);

const methods: Record<string, () => Tensor | Promise<Tensor>> = {
  saliency: () => explain.saliency(model, digit, { target }).attributions,
  'input × gradient': () => explain.inputXGradient(model, digit, { target }).attributions,
  SmoothGrad: () => explain.smoothGrad(model, digit, { target, generator }).attributions,
  'integrated gradients': () => explain.integratedGradients(model, digit, { target }).attributions,
  'expected gradients': () => explain.expectedGradients(model, digit, { target, background, generator }).attributions,
  DeepLIFT: () => explain.deepLift(model, digit, { target }).attributions,
  'Deep SHAP': () => explain.deepShap(model, digit, { target, background }).attributions,
  LRP: () => explain.lrp(model, digit, { target, gamma: 0.25, epsilon: 0.1 }).attributions,
  'guided backprop': () => explain.guidedBackprop(model, digit, { target }).attributions,
  deconvolution: () => explain.deconvolution(model, digit, { target }).attributions,
  'Grad-CAM': () => spread(explain.gradCam(features, head, digit, { target }).attributions),
  occlusion: async () =>
    (await explain.occlusion(model, digit, { target, window: [4, 4], stride: [2, 2] })).attributions,
  'ablation of pieces': async () =>
    (await explain.featureAblation(model, digit, { target, featureMask: pieces })).attributions,
  'LIME of pieces': async () =>
    (await explain.limeGroups(model, digit, { target, featureMask: pieces, generator })).attributions,
  'Kernel SHAP of pieces': async () =>
    (await explain.kernelShap(model, digit, { target, featureMask: pieces, generator })).attributions,
  'permutation SHAP': async () =>
    (await explain.permutationShap(model, digit, { target, featureMask: pieces, generator })).attributions,
  'partition SHAP': async () => {
    const hierarchy = explain.halvingHierarchy([28, 28]);
    return (await explain.partitionShap(model, digit, { target, hierarchy, maxEvals: 1000 })).attributions;
  },
};

/** A map of 8 × 8 places as a picture: each place is the 2 × 2 pixels in its middle, and the rim is 0. */
function spread(map: Tensor): Tensor {
  const pixels = map.unsqueeze(1).repeatInterleave(2, 2).repeatInterleave(2, 3); // [1, 1, 16, 16]
  return nn.functional.pad(pixels, [6, 6, 6, 6]);
}

// How much is left of the probability, on average, while pixels go (low is good) and while they come (high is good).
const probability = (input: Tensor): Tensor => model(input).softmax(1);
const pixels = images.subarray(784 * which, 784 * (which + 1));
const picture = { pixels, width: 28, height: 28 };
const items = [];
const areas: Record<string, { deletion: number; insertion: number }> = {};
console.log('method                        deletion    insertion');
for (const [name, run] of Object.entries(methods)) {
  const attributions = await run();
  const [deletion, insertion] = [
    (await explain.deletionCurve(probability, digit, attributions, { target, steps: 49 })).area.item(),
    (await explain.insertionCurve(probability, digit, attributions, { target, steps: 49 })).area.item(),
  ];
  console.log(`${name.padEnd(30)}${deletion.toFixed(2).padStart(8)}${insertion.toFixed(2).padStart(13)}`);
  areas[name] = { deletion, insertion };
  const caption = `${name}\n${deletion.toFixed(2)} · ${insertion.toFixed(2)}`;
  items.push({ ...picture, caption, attributions: attributions.toTypedArray() });
}
console.log(areas['integrated gradients'].deletion < areas['saliency'].deletion); // => true

const out = process.argv.indexOf('--out');
if (out > 0 && process.argv[out + 1] !== undefined) {
  const svg = await sectionSvg({
    kind: 'pictures',
    method: `Why a ${target}? Under each method: what deletion (low is good) and insertion (high) leave`,
    items: [{ ...picture, caption: 'picture' }, ...items],
    unit: `logit of ${target}`,
    scale: 'each',
    columns: 6,
  });
  writeFileSync(process.argv[out + 1], svg);
}
