/** Losses as modules: thin shells around nn.functional. */
import type { Tensor } from '../tensor.ts';
import * as F from './functional.ts';
import { Module } from './module.ts';

/** Mean squared error. `new nn.MSELoss()(tensor([1, 2]), tensor([1, 4])) // => Tensor[] 2` */
export class MSELoss extends Module {
  options: F.LossOptions;
  constructor(options: F.LossOptions = {}) {
    super();
    this.options = options;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.mseLoss(input, target, this.options);
  }
}

/** Cross-entropy of logits [N, C] with class numbers [N]. `new nn.CrossEntropyLoss()(tensor([[0, 0]]), tensor([1])) // => Tensor[] 0.6931` */
export class CrossEntropyLoss extends Module {
  options: F.LossOptions;
  constructor(options: F.LossOptions = {}) {
    super();
    this.options = options;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.crossEntropy(input, target, this.options);
  }
}
