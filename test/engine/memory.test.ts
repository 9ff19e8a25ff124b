/** Memory within a backward pass: gradients that only the engine has seen are added to in place, and used again. */
import { describe, expect, it } from 'vitest';
import { allocate, giveBack, reusing, unwritten } from '../../src/array/memory.ts';
import { nd, type Data, type Nd } from '../../src/array/nd.ts';
import { arange, apply, defineOp, grad, manualSeed, nn, randint, randn, type Tensor } from '../../src/index.ts';

const { functional: F } = nn;

/** A net of much that there is, with arrays that are large enough to be used again. */
class Net extends nn.Module {
  conv = new nn.Conv2d(1, 6, 3, { padding: 1 });
  batch = new nn.BatchNorm2d(6);
  pool = new nn.MaxPool2d(2);
  linear = new nn.Linear(64, 48);
  norm = new nn.LayerNorm(48);
  attention = new nn.MultiheadAttention(48, 4);
  lstm = new nn.LSTM(48, 40);
  embedding = new nn.Embedding(50, 48);
  out = new nn.Linear(40, 30);

  /** Losses of images [N, 1, 16, 16] with a class for each of the 6·N sequences. */
  override forward(x: Tensor, classes: Tensor): Tensor {
    const features = this.pool(this.batch(this.conv(x)).tanh()).flatten(2); // [N, 6, 64]
    const tokens = F.gelu(this.linear(features)).add(this.embedding(arange(6)));
    const [seen] = this.attention(this.norm(tokens), this.norm(tokens), tokens, { isCausal: true });
    const [h] = this.lstm(seen.add(tokens).mul(seen.sigmoid()));
    return F.crossEntropy(this.out(h).logSoftmax(-1).reshape([-1, 30]), classes);
  }
}

const N = 24;
function setUp(): { net: Net; loss: () => Tensor } {
  manualSeed(3);
  const net = new Net();
  const x = randn([N, 1, 16, 16]);
  const classes = randint(0, 30, [6 * N]);
  return { net, loss: () => net(x, classes) };
}
const gradients = (net: Net): number[][] => net.parameters().map((p) => [...p.grad!.toTypedArray()]);

describe('memory that is used again', () => {
  it('holds nothing of what was in it before', () => {
    const calm = setUp();
    calm.loss().backward();
    const other = setUp();
    const loss = other.loss();
    const sizes = new Set([48, 64, 40, 30, 160].flatMap((n) => [n, 6, 24, 48, 256, 64, 40, 30, 96, 160, 192].map((m) => n * m))); // prettier-ignore
    for (const n of [256, 64, 40 * 4, 48 * 3, 6, 48]) sizes.add(N * 6 * n);
    let used = 0;
    reusing(() => {
      const spoiled = [...sizes].flatMap((n) => Array.from({ length: 6 }, () => allocate('float32', n).fill(NaN)));
      spoiled.forEach(giveBack);
      loss.backward();
      used = spoiled.filter((data) => !data.every(Number.isNaN)).length;
    });
    expect(used).toBeGreaterThan(15);
    expect(gradients(other.net)).toEqual(gradients(calm.net));
  });

  it('is not what hooks, retainGrad and callers have', () => {
    const x = randn([64, 64]).requiresGrad_();
    const a = x.exp();
    const b = a.sin();
    const c = b.mul(2).tanh();
    const loss = c.exp().add(c).mul(3).sum();
    const seen: Tensor[] = [];
    const copies: Tensor[] = [];
    b.registerHook((g) => {
      seen.push(g);
      copies.push(g.clone());
    });
    c.retainGrad();
    loss.backward({ retainGraph: true });
    const kept = c.grad!.clone();
    const [ofA, ofX] = grad(loss, [a, x], { retainGraph: true });
    const again = [ofA.clone(), ofX.clone()];
    c.exp().sum().backward({ retainGraph: true });
    expect(seen[0].toArray()).toEqual(copies[0].toArray());
    expect(c.grad!.sub(kept).abs().sum().item()).toBeGreaterThan(0);
    expect([ofA.toArray(), ofX.toArray()]).toEqual(again.map((g) => g.toArray()));
    expect(ofX.toArray()).toEqual(grad(setAgain(x), [x])[0].toArray());
  });

  it('goes round: a chain of ops needs a few arrays, not one for each', () => {
    const met = new Set<Data>();
    const look = defineOp({
      name: 'look',
      forward: (x: Nd): Nd =>
        nd(
          x.data.map((v) => v),
          x.shape,
        ),
      vjp: [
        (g) => {
          met.add(g.nd.data);
          return g.mul(2);
        },
      ],
    });
    let y = randn([64, 64]).requiresGrad_();
    for (let i = 0; i < 50; i++) y = apply(look, y);
    y.sum().backward();
    expect(met.size).toBeLessThan(6);
  });

  it('comes from the same pass: what was made before is never taken', () => {
    const constant = randn([64, 64]);
    const before = constant.toArray();
    const odd = defineOp({ name: 'odd', forward: (x: Nd): Nd => x, vjp: [() => constant] });
    const x = randn([64, 64]).requiresGrad_();
    apply(odd, x.exp().sin()).exp().sum().backward();
    expect(constant.toArray()).toEqual(before);
  });

  it('ends with the scope, and has the length that is asked for', () => {
    const data = reusing(() => {
      const data = allocate('float32', 5000).fill(7);
      giveBack(data);
      expect(unwritten('float32', 5001)).not.toBe(data);
      expect(unwritten('float64', 5000)).not.toBe(data);
      expect(allocate('float32', 5000)).toBe(data);
      expect(data.every((v) => v === 0)).toBe(true);
      giveBack(data);
      return data;
    });
    expect(unwritten('float32', 5000)).not.toBe(data);
  });
});

/** The loss of the second test, made anew. */
function setAgain(x: Tensor): Tensor {
  const c = x.exp().sin().mul(2).tanh();
  return c.exp().add(c).mul(3).sum();
}
