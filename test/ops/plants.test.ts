/** The generic checks of ops are seen to fail: each on an op with the mistake that it is there for. */
import { describe, expect, it } from 'vitest';
import { copy, overwrite } from '../../src/array/dense.ts';
import { nd, sizeOf, zerosNd, type Nd } from '../../src/array/nd.ts';
import { slice } from '../../src/array/views.ts';
import * as k from '../../src/kernels/elementwise.ts';
import { addOnto, map, zip } from '../../src/kernels/lines.ts';
import { unslice } from '../../src/ops/index.ts';
import { defineOp, type AnyOp } from '../../src/ops/op.ts';
import * as check from './checks.ts';
import { elementwise, fixed, index, real, type Case } from './samples.ts';

const each =
  (run: (op: check.AnOp, variant: check.Variant) => void, op: AnyOp, ...cases: Case[]) =>
  () => {
    for (const variant of cases.flatMap(check.variants)) run(op as check.AnOp, variant);
  };
const M = [2, 3];
const one = elementwise(real(M));
const two = elementwise(real(M), real(M));
const tanh = (x: Nd): Nd => map(k.tanh, x);
const mul = (a: Nd, b: Nd): Nd => zip('mul', k.mul, a, b);

describe('checkGradients', () => {
  it('catches a wrong sign: 1 + tanh²', () => {
    const op = defineOp({ name: 'bad', forward: tanh, vjp: [(g, y) => g.mul(y.square().add(1))] });
    expect(each(check.checkGradients, op, one)).toThrow(/wrong gradient of output .* with respect to input 0/);
  });

  it('catches a rule that is right at first order only', () => {
    const op = defineOp({ name: 'bad', forward: tanh, vjp: [(g, y) => g.mul(y.detach().square().neg().add(1))] });
    expect(each(check.checkGradients, op, one)).toThrow('second order: wrong gradient');
  });

  it('catches rows that are swapped', () => {
    const op = defineOp({ name: 'bad', forward: mul, vjp: [(g, _y, a) => g.mul(a), (g, _y, _a, b) => g.mul(b)] });
    expect(each(check.checkGradients, op, two)).toThrow('wrong gradient');
  });

  it('catches a rule where nothing flows', () => {
    const op = defineOp({ name: 'bad', forward: (a: Nd, b: Nd) => zip('gt', k.gt, a, b), vjp: [(g) => g, null] });
    expect(each(check.checkGradients, op, two)).toThrow(/wrong gradient of output .* with respect to input 0/);
  });

  it('catches a missing rule', () => {
    const op = defineOp({ name: 'bad', forward: mul, vjp: [(g, _y, _a, b) => g.mul(b), (g) => g.zerosLike()] });
    expect(each(check.checkGradients, op, two)).toThrow(/wrong gradient of output .* with respect to input 1/);
  });

  it('catches a case whose gradients are all too small to show a mistake', () => {
    const op = defineOp({ name: 'bad', forward: tanh, vjp: [(g, y) => g.mul(y.square().neg().add(1))] });
    expect(each(check.checkGradients, op, elementwise(real(M, 9, 12)))).toThrow('all its gradients nearly vanish');
  });
});

describe('checkLayouts', () => {
  /** −x of the first numbers in memory, whatever the strides say. */
  const careless = (x: Nd): Nd => {
    const y = zerosNd('float64', x.shape);
    for (let i = 0; i < sizeOf(x.shape); i++) y.data[i] = -x.data[x.offset + i];
    return y;
  };

  it('catches a kernel that does not look at strides', () => {
    const op = defineOp({ name: 'bad', forward: careless, vjp: [(g) => g.neg()] });
    expect(each(check.checkLayouts, op, one)).toThrow('the result of transposed inputs');
  });

  it('catches a kernel that does not look at the offset', () => {
    const forward = (x: Nd): Nd => careless({ ...copy({ ...x, offset: 0 }), offset: 0 });
    const op = defineOp({ name: 'bad', forward, vjp: [(g) => g.neg()] });
    expect(each(check.checkLayouts, op, one)).toThrow('the result of');
  });

  it("catches a fused row that does not look at the incoming gradient's strides", () => {
    const op = defineOp({
      name: 'bad',
      forward: (x: Nd) => map(k.neg, x),
      vjp: [(g) => g.neg()],
      fused: [(g) => careless(g)],
    });
    expect(each(check.checkLayouts, op, one)).toThrow('gradient 0 of dense inputs, mixed g');
  });

  it('catches a forward that writes to its input', () => {
    const forward = (x: Nd): Nd => {
      x.data[x.offset] = 0;
      return copy(x);
    };
    const op = defineOp({ name: 'bad', forward, vjp: [(g) => g] });
    expect(each(check.checkLayouts, op, one)).toThrow('it wrote over its inputs');
  });
});

describe('checkDtype', () => {
  it('catches a kernel that always answers in float64', () => {
    const forward = (x: Nd): Nd => tanh(copy(x, 'float64'));
    const op = defineOp({ name: 'bad', forward, vjp: [(g, y) => g.mul(y.square().neg().add(1))] });
    expect(each(check.checkDtype, op, one)).toThrow('the dtype of its result on float32 must be float32, got float64');
  });

  it('catches a kernel that rounds to float32 on the way', () => {
    const forward = (x: Nd): Nd =>
      copy(tanh(copy(x, 'float32')), x.data instanceof Float32Array ? 'float32' : 'float64');
    const op = defineOp({ name: 'bad', forward, vjp: [(g, y) => g.mul(y.square().neg().add(1))] });
    expect(each(check.checkGradients, op, one)).toThrow('wrong gradient');
  });

  it('catches float32 arithmetic that loses digits', () => {
    const forward = (x: Nd): Nd => {
      const big = x.data instanceof Float32Array ? 2 ** 20 : 0;
      return nd(copy(x).data.map((v) => v + big).map((v) => v - big), x.shape); // prettier-ignore
    };
    const op = defineOp({ name: 'bad', forward, vjp: [(g) => g] });
    expect(each(check.checkDtype, op, one)).toThrow('float32 against float64');
  });
});

describe('checkFused', () => {
  it('catches a fused row that differs from its rule', () => {
    const op = defineOp({
      name: 'bad',
      forward: tanh,
      reads: 'output',
      vjp: [(g, y) => g.mul(y.square().neg().add(1))],
      fused: [(g, y) => zip('bad', k.sigmoidGrad, g, y)],
    });
    expect(each(check.checkFused, op, one)).toThrow("fused gradient 0 against the rule's");
  });

  it('catches a fused function for all rows that gives them in another order', () => {
    const op = defineOp({
      name: 'bad',
      forward: (a: Nd, b: Nd) => zip('bad', k.mul, a, b),
      reads: 'inputs',
      vjp: [(g, _y, _a, b) => g.mul(b), (g, _y, a) => g.mul(a)],
      fused: (g, _y, a, b) => [zip('bad', k.mul, g, a), zip('bad', k.mul, g, b)],
    });
    expect(each(check.checkFused, op, two)).toThrow("fused gradient 0 against the rule's");
  });

  it('catches a gradient that is added in the wrong place, or written over what is there', () => {
    const [first, last] = [0, 2].map((start) => [{ start, step: 1, size: 2 }]);
    const bad = (onto: (sum: Nd, g: Nd) => void): AnyOp =>
      defineOp({
        name: 'bad',
        forward: (x: Nd) => slice(x, first),
        reads: 'nothing',
        vjp: [(g, _y, x) => g.apply(unslice, g, first, x.shape)],
        onto,
      });
    const half = fixed([real([4])]);
    const right = bad((sum, g) => addOnto(slice(sum, first), g));
    expect(each(check.checkFused, right, half)).not.toThrow();
    const wrong = bad((sum, g) => addOnto(slice(sum, last), g));
    expect(each(check.checkFused, wrong, half)).toThrow('what is added to ones');
    const careless = bad((sum, g) => overwrite(slice(sum, first), g));
    expect(each(check.checkFused, careless, half)).toThrow('what is added to ones');
  });

  it('catches a fused row that reads what its op does not keep', () => {
    const op = defineOp({
      name: 'bad',
      forward: (x: Nd) => map(k.square, x),
      reads: 'output',
      vjp: [(g, y) => g.mul(y.sqrt()).mul(2)],
      // @ts-expect-error the types see it too: x is a Ghost
      fused: [(g, _y, x) => zip('bad', k.mul, g, map(k.square, x))],
    });
    expect(each(check.checkFused, op, elementwise(real(M, 0.5, 2)))).toThrow('undefined');
  });
});

describe('checkReads', () => {
  it('catches a rule that reads what its op does not keep', () => {
    const op = defineOp({ name: 'bad', forward: (x: Nd) => map(k.square, x), vjp: [(g, _y, x) => g.mul(x).mul(2)] });
    expect(each(check.checkReads, op, one)).not.toThrow();
    expect(each(check.checkReads, { ...op, reads: 'output' }, one)).toThrow('the operand must be a Tensor or a number');
  });

  it('catches a rule that reads an input behind its op', () => {
    let array: Nd | null = null;
    const op = defineOp({
      name: 'bad',
      forward: (x: Nd) => map(k.square, (array = x)),
      reads: 'nothing',
      vjp: [(g) => g.wrap(zip('bad', k.mul, g.nd, array!)).mul(2)],
    });
    expect(each(check.checkReads, op, one)).toThrow('input 0 is not read, but changing it gives false');
  });

  it('shows an op that keeps more than its rules read', () => {
    const op = defineOp({ name: 'bad', forward: tanh, reads: 'both', vjp: [(g, y) => g.mul(y.square().neg().add(1))] });
    const [variant] = check.variants(one);
    expect(check.checkReads(op as check.AnOp, variant)).toBe('output');
  });
});

describe('checkLinear', () => {
  it('catches a rule that is not the adjoint: a gather whose scatter drops repeated indices', () => {
    const gather = (x: Nd, at: Nd): Nd =>
      nd(
        Float64Array.from(at.data, (i) => x.data[x.offset + i]),
        at.shape,
      );
    const op = defineOp({
      name: 'bad',
      forward: gather,
      vjp: [(g, _y, x, at) => x.zerosLike().scatter(0, at, g), null],
    });
    expect(each(check.checkLinear, op, fixed([real([3]), index([5], 3)]))).toThrow('⟨Aᵀu, x⟩ must be ⟨u, A x⟩');
  });

  it('catches an op that is not linear, and one that is affine', () => {
    const square = defineOp({
      name: 'bad',
      forward: (x: Nd) => map(k.square, x),
      vjp: [(g, _y, x) => g.mul(x).mul(2)],
    });
    expect(each(check.checkLinear, square, one)).toThrow('A(2x − 3z)');
    const plusOne = defineOp({ name: 'bad', forward: (x: Nd) => nd(copy(x).data.map((v) => v + 1), x.shape), vjp: [(g) => g] }); // prettier-ignore
    expect(each(check.checkLinear, plusOne, one)).toThrow('A(2x − 3z)');
  });
});
