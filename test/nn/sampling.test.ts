/** Interpolation, grids and reading at their places as PyTorch has them, their second derivatives, and what is refused. */
import { describe, expect, test } from 'vitest';
import { rand, randn, tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import * as ops from '../../src/ops/index.ts';
import { apply, type Tensor } from '../../src/tensor.ts';
import { gradcheck, gradgradcheck } from '../../src/testing/gradcheck.ts';
import { ours } from '../fixtures/nn.ts';
import { replay } from '../fixtures/replay.ts';

const F = nn.functional;
const float64 = { dtype: 'float64' } as const;

replay('sampling.json', ours);

describe('what PyTorch 1.13 does not differentiate twice', () => {
  test.each([
    ['bilinear', 'zeros'],
    ['bilinear', 'reflection'],
    ['bicubic', 'border'],
  ] as const)('gridSample, %s with %s, has the second derivatives of finite differences', (mode, paddingMode) => {
    const x = randn([1, 1, 2, 3], { ...float64, requiresGrad: true });
    const grid = rand([1, 1, 2, 2], float64).mul(1.2).sub(0.65).detach().requiresGrad_();
    const sample = (x: Tensor, grid: Tensor): Tensor => F.gridSample(x, grid, { mode, paddingMode });
    gradcheck(sample, [x, grid], { name: 'gridSample' });
    gradgradcheck(sample, [x, grid], { name: 'gridSample' });
  });
});

test('the check sees gradients that are lost on the way to the places, or to the image', () => {
  const x = randn([1, 1, 2, 3], { ...float64, requiresGrad: true });
  const grid = rand([1, 1, 2, 2], float64).mul(1.2).sub(0.65).detach().requiresGrad_();
  expect(() => gradcheck((x, grid) => F.gridSample(x, grid.detach().mul(1).add(grid.mul(0))), [x, grid])).toThrow(
    'wrong gradient',
  );
  const taps = { width: 2, index: [0, 1, 1, 2], weight: [0.5, 0.5, 0.25, 0.75] };
  const forgetful = (x: Tensor): Tensor =>
    apply(ops.resample, x, 3, taps).add(apply(ops.resample, x.detach(), 3, taps));
  expect(() => gradcheck(forgetful, [x])).toThrow('wrong gradient');
});

test('an affine map of no change reads the image itself', () => {
  const x = randn([1, 2, 3, 4], float64);
  const same = tensor([[[1, 0, 0], [0, 1, 0]]], float64); // prettier-ignore
  for (const alignCorners of [true, false]) {
    const grid = F.affineGrid(same, [1, 2, 3, 4], { alignCorners });
    for (const mode of ['bilinear', 'nearest', 'bicubic'] as const) {
      expect(F.gridSample(x, grid, { mode, alignCorners })).toBeAllClose(x, { rtol: 1e-12, atol: 1e-12 });
    }
  }
});

test('float32 stays float32', () => {
  const x = zeros([1, 1, 2, 2]);
  const modes = ['nearest', 'bilinear', 'bicubic', 'area'] as const;
  expect(modes.map((mode) => F.interpolate(x, { size: 3, mode }).dtype)).toEqual(modes.map(() => 'float32'));
  expect(F.gridSample(x, F.affineGrid(zeros([1, 2, 3]), [1, 1, 2, 2])).dtype).toBe('float32');
});

describe('refused', () => {
  const image = zeros([1, 1, 2, 2]);
  test.each([
    [() => F.interpolate(image, {}), 'interpolate: either size or scaleFactor must be given, got none'],
    [() => F.interpolate(image, { size: 2, scaleFactor: 2 }), 'interpolate: either size or scaleFactor must be given, got both'],
    [() => F.interpolate(image, { size: [2] }), 'interpolate: size must be a whole number of 1 or more, or two, got [2]'],
    [() => F.interpolate(image, { scaleFactor: [2, -1] }), 'interpolate: scaleFactor must be a number above 0, or 2, got [2, -1]'],
    [() => F.interpolate(image, { scaleFactor: 0.1 }), 'interpolate: the result must have at least one place along each dim, got [0, 0]'],
    [() => F.interpolate(image, { size: 2, mode: 'cubic' as 'bicubic' }), "interpolate: the mode must be one of nearest, nearest-exact, linear, bilinear, trilinear, bicubic, area, got 'cubic'"],
    [() => F.interpolate(image, { size: 2, mode: 'linear' }), "interpolate: for 'linear' the input must have 3 dims, none of those after the channels empty, got [1, 1, 2, 2]"],
    [() => F.interpolate(image, { size: 2, alignCorners: false }), "interpolate: alignCorners is for linear and cubic modes, got 'nearest'"],
    [() => F.interpolate(image, { size: 2, recomputeScaleFactor: true }), 'interpolate: recomputeScaleFactor needs a scaleFactor, got size'],
    [() => F.affineGrid(zeros([1, 2, 3]), [1, 1, 2]), 'affineGrid: theta must be [N, 2, 3] for sizes [N, C, H, W], or [N, 3, 4] for [N, C, D, H, W], all above 0, got [1, 2, 3] and [1, 1, 2]'],
    [() => F.gridSample(image, zeros([1, 2, 2, 3])), 'gridSample: x must be [N, C, H, W] for a grid [N, h, w, 2], or [N, C, D, H, W] for [N, d, h, w, 3], not empty, got [1, 1, 2, 2] and [1, 2, 2, 3]'],
    [() => F.gridSample(zeros([1, 1, 1, 1, 1]), zeros([1, 1, 1, 1, 3]), { mode: 'bicubic' }), "gridSample: the mode must be 'bilinear', 'nearest' or, of images, 'bicubic', got 'bicubic'"],
    [() => F.gridSample(image, zeros([1, 1, 1, 2]), { paddingMode: 'circular' as 'zeros' }), "gridSample: paddingMode must be 'zeros', 'border' or 'reflection', got 'circular'"],
  ] as const)('%s', (run, message) => {
    expect(run).toThrow(message);
  }); // prettier-ignore
});
