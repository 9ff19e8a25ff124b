/**
 * Language models that remember by a hidden state: RNN, GRU and LSTM over the embeddings of characters or other tokens.
 *
 * B batch · T time · E embedding · H hidden · V vocabulary
 */
import { ValueError } from '../array/errors.ts';
import * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { checkConfig, type MakeOptions } from './config.ts';
import { checkTokens } from './language.ts';

export interface RecurrentConfig {
  readonly cell: 'rnn' | 'gru' | 'lstm';
  /** Number of different tokens, V. */
  readonly vocabSize: number;
  /** Width of the embeddings, E. */
  readonly nEmbd: number;
  /** Width of the hidden state, H. */
  readonly hidden: number;
  /** Layers one above the other. 1 if left out. */
  readonly nLayer?: number;
  /** In training, of what is between layers. 0 if left out. */
  readonly dropout?: number;
}

/** The hidden state after all tokens seen so far, [nLayer, B, H]; an LSTM's is a pair. */
export interface RecurrentState {
  state?: Tensor | [h: Tensor, c: Tensor];
}

/**
 * Tokens [B, T] to logits [B, T, V], those at t about the token at t + 1. It looks back without end.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { generate, RecurrentModel } from 'adjoint/models';
 * const model = new RecurrentModel({ cell: 'lstm', vocabSize: 27, nEmbd: 8, hidden: 16 });
 * console.log(model(tensor([[0, 5, 13]])).shape); // => [ 1, 3, 27 ]
 * console.log(generate(model, [0], { maxNewTokens: 9 }).length); // => 10
 * ```
 */
export class RecurrentModel extends nn.Module {
  config: Required<RecurrentConfig>;
  wte: nn.Embedding;
  cell: nn.RNN | nn.GRU | nn.LSTM;
  lm_head: nn.Linear;
  readonly blockSize = Infinity;

  constructor(config: RecurrentConfig, make: MakeOptions = {}) {
    super();
    this.config = { nLayer: 1, dropout: 0, ...config };
    const { cell, vocabSize, nEmbd, hidden, nLayer: numLayers, dropout } = this.config;
    checkConfig('RecurrentModel', this.config, ['vocabSize', 'nEmbd', 'hidden', 'nLayer'], ['dropout']);
    const Cell = { rnn: nn.RNN, gru: nn.GRU, lstm: nn.LSTM }[cell];
    if (!Cell) throw new ValueError('RecurrentModel', "cell must be 'rnn', 'gru' or 'lstm'", `'${cell as string}'`);
    this.wte = new nn.Embedding(vocabSize, nEmbd, make);
    this.cell = new Cell(nEmbd, hidden, { ...make, numLayers, dropout, batchFirst: true });
    this.lm_head = new nn.Linear(hidden, vocabSize, make);
  }
  /** A state that is empty: zeros stand for it at the first token. */
  newState(): RecurrentState {
    return {};
  }
  override forward(tokens: Tensor, memory: RecurrentState = {}): Tensor {
    checkTokens('RecurrentModel', tokens, this.blockSize);
    const cell = this.cell as nn.Module & { forward(x: Tensor, s?: RecurrentState['state']): [Tensor, RecurrentState['state']] }; // prettier-ignore
    const [y, state] = cell(this.wte(tokens), memory.state); // [B, T, H]
    if (state) memory.state = state;
    return this.lm_head(y); // [B, T, V]
  }
}
