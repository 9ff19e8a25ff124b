/** A small GPT, as nanoGPT's on a CPU: 4 layers of 4 heads, width 128, 64 tokens of 65 kinds, batch of 16, AdamW. */
import { arange, nn, noGrad, optim, randint, type Tensor } from '../../src/index.ts';
import { seeded, type Workload } from './workload.ts';

const [B, T, C, H, V, LAYERS] = [16, 64, 128, 4, 65, 4]; // batch, tokens, width, heads, kinds of token

/** x + attention(norm x), then x + mlp(norm x). */
class Block extends nn.Module {
  norm1 = new nn.LayerNorm(C);
  qkv = new nn.Linear(C, 3 * C);
  proj = new nn.Linear(C, C);
  norm2 = new nn.LayerNorm(C);
  fc1 = new nn.Linear(C, 4 * C);
  fc2 = new nn.Linear(4 * C, C);

  override forward(x: Tensor): Tensor {
    const [q, k, v] = this.qkv(this.norm1(x))
      .chunk(3, -1)
      .map((part) => part.reshape([B, T, H, C / H]).transpose(1, 2)); // [B, H, T, C/H]
    const seen = nn.functional.scaledDotProductAttention(q, k, v, { isCausal: true }); // [B, H, T, C/H]
    const y = x.add(this.proj(seen.transpose(1, 2).reshape([B, T, C])));
    return y.add(this.fc2(nn.functional.gelu(this.fc1(this.norm2(y)))));
  }
}

class Gpt extends nn.Module {
  token = new nn.Embedding(V, C);
  position = new nn.Embedding(T, C);
  blocks = Array.from({ length: LAYERS }, () => new Block());
  norm = new nn.LayerNorm(C);

  override forward(tokens: Tensor): Tensor {
    let x = this.token(tokens).add(this.position(arange(T))); // [B, T, C]
    for (const block of this.blocks) x = block(x);
    return nn.functional.linear(this.norm(x), this.token.weight); // [B, T, V]: the table serves both ways
  }
}

export const gpt: Workload = {
  name: 'GPT d 128, 4 layers, 4 heads, T 64, batch 16, AdamW',
  id: 'gpt',
  make() {
    const generator = seeded();
    const model = new Gpt();
    noGrad(() => [model.token, model.position].forEach(({ weight }) => weight.mul_(0.02)));
    const [x, y] = [randint(0, V, [B, T], { generator }), randint(0, V, [B, T], { generator })];
    const loss = (): Tensor => nn.functional.crossEntropy(model(x).reshape([B * T, V]), y.flatten());
    return { model, data: [x, y], loss, optimizer: new optim.AdamW(model.parameters(), { lr: 1e-3 }) };
  },
};
