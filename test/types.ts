/**
 * What the types promise, held by `tsc` in `npm run check`: a line below `@ts-expect-error` must not compile, all others
 * must. Nothing here is run.
 */
import { apply, defineOp, grad, nn, optim, zeros, type Nd, type Tensor } from 'adjoint';

const same = (x: Nd): Nd => x;
const first = (a: Nd, _b: Nd): Nd => a;
const x = zeros([1]);

// One rule for each array, in order; what follows the arrays are options.
defineOp({ name: 'ok', forward: first, vjp: [(g) => g, null] });
defineOp({ name: 'ok', forward: (a: Nd, _dim: number): Nd => a, vjp: [(g, _y, _a, dim) => g.sum(dim)] });
defineOp({
  name: 'ok',
  forward: (list: readonly Nd[]): Nd => list[0],
  vjp: [(g, _y, list, item) => g.add(list[item])],
});
// @ts-expect-error a rule is missing
defineOp({ name: 'missing', forward: first, vjp: [(g) => g] });
// @ts-expect-error both rules are missing
defineOp({ name: 'missing', forward: first, vjp: [] });
// @ts-expect-error one rule too many
defineOp({ name: 'surplus', forward: same, vjp: [(g) => g, null] });
// @ts-expect-error an option has no rule
defineOp({ name: 'surplus', forward: (a: Nd, _dim: number): Nd => a, vjp: [(g) => g, null] });
// @ts-expect-error a rule returns a raw array
defineOp({ name: 'raw', forward: same, vjp: [(g) => g.nd] });
// @ts-expect-error a rule returns numbers
defineOp({ name: 'raw', forward: same, vjp: [(g) => g.toTypedArray()] });
// @ts-expect-error a rule returns nothing
defineOp({ name: 'void', forward: same, vjp: [(g) => void g.neg()] });
// @ts-expect-error the forward returns a Tensor
defineOp({ name: 'wrapped', forward: (_a: Nd): Tensor => x, vjp: [(g) => g] });

// What a rule does not read is a ghost: a shape and a dtype, no numbers.
defineOp({ name: 'ok', forward: same, reads: 'nothing', vjp: [(g, y, a) => g.reshape(a.shape).to(y.dtype)] });
defineOp({ name: 'ok', forward: same, reads: 'inputs', vjp: [(g, _y, a) => g.mul(a)] });
defineOp({ name: 'ok', forward: same, reads: 'output', vjp: [(g, y) => g.mul(y)] });
defineOp({ name: 'ok', forward: same, vjp: [(g, y, a) => g.mul(y).mul(a)] });
// @ts-expect-error the input's numbers are not kept
defineOp({ name: 'ghost', forward: same, reads: 'nothing', vjp: [(g, _y, a) => g.mul(a)] });
// @ts-expect-error the result's numbers are not kept
defineOp({ name: 'ghost', forward: same, reads: 'nothing', vjp: [(g, y) => g.mul(y)] });
// @ts-expect-error of the input not even the array is there
defineOp({ name: 'ghost', forward: same, reads: 'output', vjp: [(g, _y, a) => g.mul(a.nd.data[0])] });
// @ts-expect-error the result's numbers are not kept
defineOp({ name: 'ghost', forward: same, reads: 'inputs', vjp: [(g, y) => g.mul(y)] });
// @ts-expect-error no such choice
defineOp({ name: 'reads', forward: same, reads: 'all', vjp: [(g) => g] });

// An op is applied to tensors where its forward takes arrays.
const scale = defineOp({ name: 'scale', forward: (a: Nd, _by: number): Nd => a, vjp: [(g, _y, _a, by) => g.mul(by)] });
apply(scale, x, 2) satisfies Tensor;
// @ts-expect-error a raw array is no Tensor
apply(scale, x.nd, 2);
// @ts-expect-error the option is missing
apply(scale, x);
// @ts-expect-error the option is a number
apply(scale, x, 'two');

// model(x) has the arguments and the result of its forward.
class Pair extends nn.Module {
  fc = new nn.Linear(1, 1);
  override forward(a: Tensor, scale?: number): [Tensor, number] {
    return [this.fc(a), scale ?? 1];
  }
}
class Sub extends Pair {
  extra = nn.parameter(zeros([1]));
}
const pair = new Sub();
pair(x) satisfies [Tensor, number];
pair(x, 2)[1].toFixed();
new nn.MSELoss()(x, x) satisfies Tensor;
// @ts-expect-error the input is missing
pair();
// @ts-expect-error a number is no Tensor
pair(1);
// @ts-expect-error the scale is a number
pair(x, '2');
// @ts-expect-error one argument too many
pair(x, 2, 3);
// @ts-expect-error the result is a pair
pair(x).relu();
// @ts-expect-error a loss needs a target
new nn.MSELoss()(x);
// @ts-expect-error Module is abstract
void new nn.Module();
// @ts-expect-error a chain is made of layers from one tensor to one tensor
void new nn.Sequential(new nn.Linear(1, 1), pair);

/** A module must say what it computes. */
// @ts-expect-error forward is missing
export class Nothing extends nn.Module {}

// Options are those of the class.
void new optim.Adam(pair.parameters(), { lr: 1e-3, betas: [0.9, 0.99] });
void new optim.SGD([{ params: pair.parameters(), lr: 1 }], { momentum: 0.9 });
// @ts-expect-error Adam has no momentum
void new optim.Adam(pair.parameters(), { momentum: 0.9 });
// @ts-expect-error there are two betas
void new optim.Adam(pair.parameters(), { betas: [0.9] });
// @ts-expect-error a group has options of its optimizer only
void new optim.SGD([{ params: pair.parameters(), betas: [0.9, 0.99] }]);
// @ts-expect-error no such reduction
void new nn.CrossEntropyLoss({ reduction: 'average' });

// Only where it was allowed may a gradient be missing.
grad(x, [x])[0].neg();
grad(x, [x], { allowUnused: true })[0]?.neg();
// @ts-expect-error it may be null
grad(x, [x], { allowUnused: true })[0].neg();
