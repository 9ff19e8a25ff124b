/**
 * Language models that look at the last few tokens: Bigram (one, in a table) and NeuralNgram (Bengio et al., 2003).
 *
 * B batch · T time · n tokens looked at · E embedding · H hidden · V vocabulary
 */
import { zeros } from '../create.ts';
import * as nn from '../nn/index.ts';
import { concat, type Tensor } from '../tensor.ts';
import { checkConfig, type MakeOptions } from './config.ts';
import { checkTokens } from './language.ts';

export interface BigramConfig {
  /** Number of different tokens, V. */
  readonly vocabSize: number;
}

/**
 * Tokens [B, T] to logits [B, T, V]: row `token` of a table [V, V], at first zeros.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { Bigram, tokenLoss } from 'adjoint/models';
 * const model = new Bigram({ vocabSize: 27 });
 * console.log(tokenLoss(model(tensor([[0, 5]])), tensor([[5, 0]])).item().toFixed(4)); // => 3.2958
 * ```
 */
export class Bigram extends nn.Module {
  config: BigramConfig;
  logits: Tensor;
  readonly blockSize = 1;

  constructor(config: BigramConfig, { dtype = 'float32' }: MakeOptions = {}) {
    super();
    this.config = config;
    checkConfig('Bigram', config, ['vocabSize']);
    this.logits = nn.parameter(zeros([config.vocabSize, config.vocabSize], { dtype }));
  }
  override forward(tokens: Tensor): Tensor {
    checkTokens('Bigram', tokens, Infinity);
    return nn.functional.embedding(tokens, this.logits); // [B, T, V]
  }
}

export interface NeuralNgramConfig {
  /** Number of different tokens, V. */
  readonly vocabSize: number;
  /** Tokens looked at, n; before the first of a row stands one that means nothing. */
  readonly blockSize: number;
  /** Width of the embeddings, E. */
  readonly nEmbd: number;
  /** Width of the hidden layer, H. */
  readonly hidden: number;
}

/**
 * Tokens [B, T] to logits [B, T, V]: the embeddings of the last n tokens side by side, a hidden layer with tanh, and logits.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { NeuralNgram } from 'adjoint/models';
 * const model = new NeuralNgram({ vocabSize: 27, blockSize: 3, nEmbd: 8, hidden: 32 });
 * console.log(model(tensor([[0, 5, 13, 13, 1]])).shape); // => [ 1, 5, 27 ]
 * ```
 */
export class NeuralNgram extends nn.Module {
  config: NeuralNgramConfig;
  wte: nn.Embedding;
  fc: nn.Linear;
  lm_head: nn.Linear;

  constructor(config: NeuralNgramConfig, make: MakeOptions = {}) {
    super();
    const { vocabSize: V, blockSize: n, nEmbd: E, hidden: H } = config;
    checkConfig('NeuralNgram', config, ['vocabSize', 'blockSize', 'nEmbd', 'hidden']);
    this.config = config;
    this.wte = new nn.Embedding(V + 1, E, make); // the last row stands before the first token
    this.fc = new nn.Linear(n * E, H, make);
    this.lm_head = new nn.Linear(H, V, make);
  }
  get blockSize(): number {
    return this.config.blockSize;
  }
  override forward(tokens: Tensor): Tensor {
    checkTokens('NeuralNgram', tokens, Infinity);
    const { vocabSize: V, blockSize: n } = this.config;
    const [B, T] = tokens.shape;
    const padded = concat([zeros([B, n - 1]).add(V), tokens], 1); // [B, n − 1 + T]
    const x = this.wte(padded); // [B, n − 1 + T, E]
    const window = concat(
      Array.from({ length: n }, (_, i) => x.narrow(1, i, T)),
      2,
    ); // [B, T, n·E]
    return this.lm_head(this.fc(window).tanh()); // [B, T, V]
  }
}
