/**
 * class Module: a model is the tree of its own fields. Parameters, buffers and submodules are found by looking at
 * them, also inside arrays and plain objects; there is nothing to register.
 */
import { checkTensors } from '../array/checks.ts';
import { showShape, ValueError } from '../array/errors.ts';
import { noGrad } from '../engine.ts';
import { Tensor } from '../tensor.ts';
import { callHooked, hang, type ForwardHook, type ForwardPreHook, type FullBackwardHook, type Hooks } from './hooks.ts';

/** What a tensor in a field is for. Other tensors in fields are constants: not trained and not saved. */
const kinds = new WeakMap<Tensor, 'parameter' | 'buffer'>();

/**
 * Marks a tensor as one to be trained: a leaf with requiresGrad, in row-major order. PyTorch: `nn.Parameter`.
 * `nn.parameter(zeros([2])) // => Tensor[2] requiresGrad [0, 0]`
 */
export function parameter(x: Tensor): Tensor {
  checkTensors('nn.parameter', x);
  const leaf = x.detach().contiguous().requiresGrad_();
  kinds.set(leaf, 'parameter');
  return leaf;
}

/**
 * Marks a tensor as one to be saved with the model but not trained, as running statistics are. PyTorch: `nn.Buffer`.
 * The mark is the tensor's: change it with `copy_` and the like, for another tensor in its field has none.
 */
export function buffer(x: Tensor): Tensor {
  const kept = x.detach();
  kinds.set(kept, 'buffer');
  return kept;
}

/** Whether a tensor is marked as a parameter. */
export const isParameter = (x: Tensor): boolean => kinds.get(x) === 'parameter';

/** The hooks of modules that have some: no fields, for they are not saved. */
const hooksOf = new WeakMap<Module, Hooks>();

/** Names ('fc1.weight') and tensors, as of stateDict. */
export type StateDict = Record<string, Tensor>;

/** A module is called like a function: `model(x)` is `model.forward(x)`. */
export interface Module {
  (...inputs: Parameters<this['forward']>): ReturnType<this['forward']>;
}

/**
 * The base of all layers and models. Declare parts as fields, and what they do in `forward`.
 * ```ts
 * import { nn, zeros, type Tensor } from 'adjoint';
 * class Net extends nn.Module {
 *   fc1 = new nn.Linear(10, 5);
 *   fc2 = new nn.Linear(5, 1);
 *   override forward(x: Tensor): Tensor {
 *     return this.fc2(this.fc1(x).relu());
 *   }
 * }
 * const model = new Net();
 * console.log(model(zeros([100, 10])).shape); // => [ 100, 1 ]
 * console.log(Object.keys(model.stateDict())); // => [ 'fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias' ]
 * ```
 */
export abstract class Module {
  /** Whether layers such as Dropout act as in training. See train and eval. */
  declare training: boolean;

  /** A class's constructor may return another object; here a function, that has this class's methods and fields. */
  constructor() {
    const self = (...inputs: never[]): unknown => {
      const hooks = hooksOf.get(module);
      return hooks ? callHooked(module, hooks, inputs) : module.forward(...inputs);
    };
    Reflect.deleteProperty(self, 'name'); // so that fields may have these names
    Reflect.deleteProperty(self, 'length');
    const module: Module = Object.setPrototypeOf(self, new.target.prototype);
    module.training = true;
    return module;
  }

  /** What the module computes. */
  abstract forward(...inputs: never[]): unknown;

  /** Parameters with their names, each once, in the order of the fields. */
  namedParameters(): [name: string, x: Tensor][] {
    return unique(this.tensors().filter(([, x]) => kinds.get(x) === 'parameter'));
  }
  /** The tensors to be trained; what an optimizer takes. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, x]) => x);
  }
  /** Buffers with their names. */
  namedBuffers(): [name: string, x: Tensor][] {
    return unique(this.tensors().filter(([, x]) => kinds.get(x) === 'buffer'));
  }
  /** Direct submodules with their names. */
  namedChildren(): [name: string, module: Module][] {
    return parts(this).filter((part): part is [string, Module] => part[1] instanceof Module);
  }
  /** This module (named '') and all below it, each once. */
  namedModules(prefix = ''): [name: string, module: Module][] {
    return unique(this.tree(prefix, []));
  }
  /** Number of trained numbers. `new nn.Linear(10, 5).parameterCount() // => 55` */
  parameterCount(): number {
    return this.parameters().reduce((n, x) => n + x.numel(), 0);
  }

  /** Switches this module and all below it to training mode (or out of it). */
  train(on = true): this {
    for (const [, module] of this.namedModules()) module.training = on;
    return this;
  }
  /** Switches training mode off: Dropout passes everything on. */
  eval(): this {
    return this.train(false);
  }
  /** Forgets the gradients. */
  zeroGrad(): void {
    for (const x of this.parameters()) x.grad = null;
  }
  /** Whether parameters are to be trained. */
  requiresGrad_(on = true): this {
    for (const x of this.parameters()) x.requiresGrad = on;
    return this;
  }

  /**
   * Calls `hook(module, inputs)` before each call; what it returns, if anything, takes the inputs' place. Calling `forward` itself
   * goes past all hooks. Returns the function that takes the hook off again.
   */
  registerForwardPreHook(hook: ForwardPreHook): () => void {
    return hang(this.hooks().before, hook);
  }
  /**
   * Calls `hook(module, inputs, output)` after each call; what it returns, if anything, takes the output's place.
   * ```ts
   * import { nn, ones } from 'adjoint';
   * const layer = new nn.ReLU();
   * const remove = layer.registerForwardHook((_module, _inputs, y) => (y as typeof x).mul(2));
   * const x = ones([2]);
   * console.log(layer(x)); // => Tensor[2] [2, 2]
   * remove();
   * console.log(layer(x)); // => Tensor[2] [1, 1]
   * ```
   */
  registerForwardHook(hook: ForwardHook): () => void {
    return hang(this.hooks().after, hook);
  }
  /**
   * Calls `hook(module, gradInputs, gradOutputs)` whenever the gradients of a call's inputs are there (of its outputs, if no
   * input needs one); what it returns, if anything, takes the place of those of the inputs. null stands for what has no gradient.
   * Of several tensors, one that had no part in the loss gets zeros.
   */
  registerFullBackwardHook(hook: FullBackwardHook): () => void {
    return hang(this.hooks().backward, hook);
  }
  private hooks(): Hooks {
    const own = hooksOf.get(this) ?? { before: new Set(), after: new Set(), backward: new Set() };
    hooksOf.set(this, own);
    return own;
  }

  /** All parameters and buffers by name, detached; they share the module's memory. */
  stateDict(): StateDict {
    return Object.fromEntries(this.tensors().map(([name, x]) => [name, x.detach()]));
  }
  /**
   * Copies saved values into parameters and buffers. Every fault is reported at once, and then nothing is changed.
   * With strict: false, names that only one side has are passed over, and returned.
   * @throws ValueError when names are missing or unexpected, or shapes differ
   */
  loadStateDict(state: StateDict, { strict = true } = {}): { missing: string[]; unexpected: string[] } {
    if (typeof state !== 'object' || state === null) {
      throw new ValueError('loadStateDict', 'it takes an object of tensors by name', typeof state);
    }
    checkTensors('loadStateDict', ...Object.values(state));
    const own = this.tensors();
    const names = new Set(own.map(([name]) => name));
    const missing = own.filter(([name]) => !Object.hasOwn(state, name));
    const unexpected = Object.keys(state).filter((name) => !names.has(name));
    const pairs = own.filter(([name]) => Object.hasOwn(state, name));
    const faults = pairs
      .filter(([name, x]) => showShape(x.shape) !== showShape(state[name].shape))
      .map(([name, x]) => `${name} must have the shape ${showShape(x.shape)} and has ${showShape(state[name].shape)}`);
    if (strict) {
      faults.push(...missing.map(([name, x]) => `${name} ${showShape(x.shape)} is missing`));
      faults.push(...unexpected.map((name) => `${name} ${showShape(state[name].shape)} is not in the model`));
    }
    if (faults.length > 0) {
      const list = faults.map((fault) => `\n  ${fault}`).join('');
      throw new ValueError(
        'loadStateDict',
        'the state must fit the model',
        `${faults.length} fault${faults.length > 1 ? 's' : ''}${list}`,
      );
    }
    noGrad(() => pairs.forEach(([name, x]) => x.copy_(state[name])));
    return { missing: missing.map(([name]) => name), unexpected };
  }

  /** The tree of modules, a line each. */
  toString(): string {
    const children = this.namedChildren().map(
      ([name, child]) => `(${name}): ${child.toString().replaceAll('\n', '\n  ')}`,
    );
    const inner = children.length === 0 ? this.describe() : `\n  ${children.join('\n  ')}\n`;
    return `${this.constructor.name}(${inner})`;
  }
  /** What stands between the brackets of a module without children. */
  protected describe(): string {
    return '';
  }
  /** What console.log prints in Node. @internal */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** This module and all below it; a shared one stands under each of its names. */
  private tree(prefix: string, above: readonly Module[]): [name: string, module: Module][] {
    const path = this.below(above, prefix);
    return [[prefix, this], ...this.namedChildren().flatMap(([name, child]) => child.tree(join(prefix, name), path))];
  }

  /** Parameters and buffers of the whole tree; a shared one stands under each of its names. */
  private tensors(prefix = '', above: readonly Module[] = []): [string, Tensor][] {
    const path = this.below(above, prefix);
    return parts(this).flatMap(([name, part]): [string, Tensor][] =>
      part instanceof Tensor ? [[join(prefix, name), part]] : part.tensors(join(prefix, name), path),
    );
  }

  /** The path to this module's parts; refuses a circle. */
  private below(above: readonly Module[], name: string): readonly Module[] {
    if (!above.includes(this)) return [...above, this];
    const cure = 'keep a reference to a module above in a #private field';
    throw new ValueError(this.constructor.name, 'a module must not be part of itself', `itself at '${name}'`, cure);
  }
}

/** The tensors with a role and the modules among an object's fields; arrays and plain objects are looked into. */
function parts(owner: object): [name: string, part: Tensor | Module][] {
  return Object.entries(owner).flatMap(([name, value]: [string, unknown]): [string, Tensor | Module][] => {
    if (value instanceof Tensor) return kinds.has(value) ? [[name, value]] : [];
    if (value instanceof Module) return [[name, value]];
    if (!Array.isArray(value) && !isPlain(value)) return [];
    return parts(value).map(([inner, part]) => [join(name, inner), part]);
  });
}

/** An object literal, or a record without a prototype. */
const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));

const join = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}.${name}`);

/** The first name of each thing. */
function unique<T>(named: [string, T][]): [string, T][] {
  const seen = new Set<T>();
  return named.filter(([, x]) => !seen.has(x) && seen.add(x));
}

/** Options as text, for `describe`. */
export const shown = (options: object): string =>
  Object.entries(options).map(([name, value]) => `${name}=${String(value)}`).join(', '); // prettier-ignore
