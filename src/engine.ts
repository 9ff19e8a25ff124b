/**
 * The chain rule. `record` remembers how a tensor was made; `sweep` goes back over what was remembered, newest
 * first, and gives each op's gradient to its rules. Knows no op and no number.
 */
import { GradError, ShapeError, showShape } from './array/errors.ts';
import { giveBack, overlap, reusing } from './array/memory.ts';
import { sharesMemory, zerosNd, type Nd } from './array/nd.ts';
import type { AnyOp, Ghost } from './ops/op.ts';
import type { Tensor } from './tensor.ts';

/** Sees a gradient as it passes, and may put another in its place. */
export type Hook = (grad: Tensor) => Tensor | void;

/** Where a gradient goes: to the op that made a tensor or, if none did, to the tensor itself (a leaf). */
export type Slot = Node | Tensor;

/** One recorded application of an op. */
export interface Node {
  /** Counts up: an op's inputs exist before it does, so descending ids are a topological order. */
  readonly id: number;
  readonly op: AnyOp;
  /** The op's arguments, tensors that its rules do not read as ghosts; null once released. */
  args: readonly unknown[] | null;
  y: Tensor | Ghost;
  /** Where each input's gradient goes (lists laid out flat); null if nowhere, as for an input without a rule. */
  readonly slots: readonly (Slot | null)[];
  /** The sum of the versions of all saved tensors. Versions only grow: if any of them changed, so did the sum. */
  readonly version: number;
  hooks: Hook[] | null;
  /** The tensor whose `.grad` is to be set although it is no leaf. */
  retained: Tensor | null;
}

/**
 * In place of an op's rules: from what came to y to what goes to each of its inputs (lists laid out flat), of which
 * `flows` tells where it is wanted.
 */
export type Walk = (
  g: Tensor,
  y: Tensor,
  args: readonly unknown[],
  flows: readonly boolean[],
) => readonly (Tensor | null)[];

let recording = true;
let keeping = false;
let made = 0;

/** Whether operations are being recorded for gradients. PyTorch: `torch.is_grad_enabled`. */
export const isGradEnabled = (): boolean => recording;

function withRecording<T>(on: boolean, where: string, f: () => T): T {
  const before = recording;
  recording = on;
  try {
    const result = f();
    if (result instanceof Promise) {
      throw new GradError(
        where,
        'the function must not be async: the switch is off again at its first await',
        'a Promise',
        `await first, and call ${where} around each piece that runs at once`,
      );
    }
    return result;
  } finally {
    recording = before;
  }
}

/**
 * Runs f without recording: nothing that it computes has a gradient history. Returns what f returns.
 * ```ts
 * import { noGrad, tensor } from 'adjoint';
 * const w = tensor([1, 2], { requiresGrad: true });
 * noGrad(() => w.mul(2)).requiresGrad // => false
 * ```
 */
export const noGrad = <T>(f: () => T): T => withRecording(false, 'noGrad', f);

/** Runs f with recording on, also inside noGrad. */
export const enableGrad = <T>(f: () => T): T => withRecording(true, 'enableGrad', f);

/** Runs f with every op keeping its inputs and its output, whatever its rules read: for other rules, see walkBack. */
export function keepingAll<T>(f: () => T): T {
  const before = keeping;
  keeping = true;
  try {
    return f();
  } finally {
    keeping = before;
  }
}

const isTensor = (x: Tensor | Ghost): x is Tensor => 'nd' in x;

/** The tensors among an op's arguments, lists laid out flat: `visit(tensor, argument, item)`. */
function eachInput(
  op: AnyOp,
  args: readonly unknown[],
  visit: (x: Tensor | Ghost, arg: number, item: number) => void,
): void {
  for (let p = 0; p < op.arity; p++) {
    const arg = args[p] as Tensor | Ghost | readonly (Tensor | Ghost)[];
    if ('length' in arg) for (let i = 0; i < arg.length; i++) visit(arg[i], p, i);
    else visit(arg, p, 0);
  }
}

const ghost = (x: Tensor | Ghost): Ghost => ({ shape: x.shape, dtype: x.dtype });

const versions = (op: AnyOp, args: readonly unknown[], y: Tensor | Ghost): number => {
  let sum = isTensor(y) ? y.version : 0;
  eachInput(op, args, (x) => (sum += isTensor(x) ? x.version : 0));
  return sum;
};

/** Remembers that y = op(…args), keeping of the tensors what the op's rules read. */
export function record(op: AnyOp, args: readonly unknown[], y: Tensor): Node {
  const readsInputs = keeping || op.reads === 'both' || op.reads === 'inputs';
  const readsOutput = keeping || op.reads === 'both' || op.reads === 'output';
  const kept = args.slice();
  const slots: (Slot | null)[] = [];
  let version = readsOutput ? y.version : 0;
  for (let p = 0; p < op.arity; p++) {
    const arg = args[p] as Tensor | readonly Tensor[];
    if (!readsInputs) kept[p] = 'length' in arg ? arg.map(ghost) : ghost(arg);
    for (const x of 'length' in arg ? arg : [arg]) {
      slots.push(op.vjp[p] === null ? null : x.slot);
      if (readsInputs) version += x.version;
    }
  }
  return { id: ++made, op, args: kept, y: readsOutput ? y : ghost(y), slots, version, hooks: null, retained: null };
}

const isNode = (slot: Slot): slot is Node => 'op' in slot;

/** Where a node's gradients go. */
function eachSlot({ slots }: Node, visit: (slot: Slot) => void): void {
  for (const slot of slots) if (slot !== null) visit(slot);
}

/** Lets go of the values that a node saved. */
function release(node: Node): void {
  node.y = ghost(node.y);
  node.args = null;
}

/** All recorded ops that the roots depend on, newest first. With a stack of its own: graphs may be a million ops deep. */
function history(roots: readonly Slot[]): Node[] {
  const seen = new Set<Node>();
  const stack: Node[] = [];
  const reach = (slot: Slot): void => {
    if (!isNode(slot) || seen.has(slot)) return;
    seen.add(slot);
    stack.push(slot);
  };
  roots.forEach(reach);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) eachSlot(node, reach);
  return [...seen].sort((a, b) => b.id - a.id);
}

/** Of the nodes, those from which a gradient gets to one of the wanted slots. */
function leadsTo(wanted: ReadonlySet<Slot>, nodes: readonly Node[]): ReadonlySet<Slot> {
  const useful = new Set<Slot>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    eachSlot(nodes[i], (slot) => {
      if (wanted.has(slot) || useful.has(slot)) useful.add(nodes[i]);
    });
  }
  return useful;
}

/** Fits a rule's gradient to its input: sums over the dims along which the input was broadcast. */
function fit(g: Tensor, x: Tensor | Ghost, op: AnyOp): Tensor {
  const sizes = x.shape;
  const lead = g.shape.length - sizes.length;
  if (lead < 0 || sizes.some((size, d) => size !== 1 && size !== g.shape[d + lead])) {
    throw new GradError(
      op.name,
      `its rule must return a gradient of the input's shape ${showShape(sizes)}`,
      showShape(g.shape),
    );
  }
  const same = lead === 0 && sizes.every((size, d) => size === g.shape[d]);
  const summed = same ? g : g.sumTo(sizes);
  return summed.dtype === x.dtype ? summed : summed.to(x.dtype);
}

interface SweepOptions {
  /** Keep what the rules read, so that the same graph can be swept again. */
  readonly retainGraph?: boolean;
  /** Record the gradients' own history, so that they can be differentiated. */
  readonly createGraph?: boolean;
}

/** A backward pass on its way. */
interface Pass {
  readonly createGraph: boolean;
  readonly rules: ReadonlyMap<AnyOp, Walk> | undefined;
  /** Where gradients are wanted, and the nodes that lead there; null if at all leaves. */
  readonly targets: ReadonlySet<Slot> | null;
  readonly useful: ReadonlySet<Slot> | null;
  /** The sums so far. */
  readonly grads: Map<Slot, Tensor>;
  /** Those of them whose numbers nobody else has seen. */
  readonly own: Set<Tensor>;
}

const needed = ({ targets, useful }: Pass, slot: Slot | null): slot is Slot =>
  slot !== null && (targets === null || targets.has(slot) || useful!.has(slot));

/** Whether a gradient may be added to in place. */
const isOwn = ({ createGraph, own }: Pass, g: Tensor): boolean => !createGraph && own.has(g) && !sharesMemory(g.nd);

function put({ grads, own }: Pass, slot: Slot, g: Tensor, isNew: boolean): void {
  grads.set(slot, g);
  if (isNew) own.add(g);
}

/** Adds a gradient to those of a slot; `isNew`: nobody else has its numbers. */
function send(pass: Pass, slot: Slot, g: Tensor, isNew: boolean): void {
  const before = pass.grads.get(slot);
  if (before === undefined) put(pass, slot, g, isNew);
  else if (isOwn(pass, before)) before.add_(g);
  else put(pass, slot, before.add(g), true);
}

/** The gradient of a slot so far, of the input x, row-major in memory of its own; `like` is any tensor. */
function sumOf(pass: Pass, slot: Slot, x: Tensor | Ghost, like: Tensor): Tensor {
  const before = pass.grads.get(slot);
  if (before !== undefined && isOwn(pass, before) && before.isContiguous()) return before;
  const sum = before?.clone() ?? like.wrap(zerosNd(x.dtype, x.shape));
  put(pass, slot, sum, true);
  return sum;
}

/**
 * Reverse mode: from gradients of roots to gradients of leaves, or only of `wanted` tensors if they are given.
 * When a node's turn comes, all that its output fed has run, so its gradient is complete.
 * @returns gradients by slot, none where nothing flowed; and those of them whose numbers nobody else has seen
 */
function sweep(
  roots: readonly Tensor[],
  seeds: readonly Tensor[],
  wanted: readonly Tensor[] | null,
  { createGraph = false, retainGraph = createGraph }: SweepOptions,
  rules?: ReadonlyMap<AnyOp, Walk>,
): { grads: Map<Slot, Tensor>; own: Set<Tensor> } {
  const nodes = history(roots.flatMap((root) => root.slot ?? []));
  const targets = wanted && new Set(wanted.flatMap((x) => x.slot ?? []));
  const useful = targets && leadsTo(targets, nodes);
  for (const node of nodes) if (useful === null || useful.has(node)) savedArgs(node); // so that a pass that cannot end does not begin

  const [grads, own] = [new Map<Slot, Tensor>(), new Set<Tensor>()];
  const pass: Pass = { createGraph, rules, targets, useful, grads, own };
  const go = (): void => {
    roots.forEach((root, i) => needed(pass, root.slot) && send(pass, root.slot, seeds[i], false));
    for (const node of nodes) {
      const flowed = grads.get(node);
      const runs = useful === null || useful.has(node);
      if (flowed !== undefined) {
        const g = runHooks(node, flowed, own);
        if (node.retained !== null && targets === null) accumulate(node.retained, g);
        if (targets?.has(node)) {
          grads.set(node, g);
          own.delete(g); // for whoever asked will have it
        } else grads.delete(node);
        if (runs) runRules(node, g, pass);
      }
      if (!retainGraph && runs) release(node);
    }
    for (const [slot, g] of grads) if (!isNode(slot)) grads.set(slot, runHooks(slot, g, own));
  };
  withRecording(createGraph, 'backward', () => (createGraph ? go() : reusing(go)));
  return { grads, own };
}

/** The arguments that a node saved, once they are seen to be those of the forward pass. */
function savedArgs({ op, args, y, version }: Node): readonly unknown[] {
  if (args === null) {
    throw new GradError(
      'backward',
      'the graph must still hold the values that its rules read',
      `one already released at ${op.name}`,
      'a backward pass lets go of them: pass { retainGraph: true } to the first one, or compute the loss again',
    );
  }
  if (versions(op, args, y) !== version) {
    throw new GradError(
      op.name,
      'the values that its rule reads must be those of the forward pass',
      'one that was changed in place since',
      'change it after backward, or change a clone()',
    );
  }
  return args;
}

/** A fused rule, types aside: the gradient of one input, or those of all. */
type Fused = (g: Nd, y: unknown, ...args: unknown[]) => Nd | readonly Nd[];
type Onto = (sum: Nd, g: Nd, ...args: unknown[]) => void;

/** The arguments as arrays, for rules over these. */
const arraysOf = (op: AnyOp, args: readonly unknown[]): unknown[] =>
  args.map((arg, p) => (p < op.arity && isTensor(arg as Tensor) ? (arg as Tensor).nd : arg));

/** The gradients of one node's inputs, each sent on to where it belongs. */
function runRules(node: Node, g: Tensor, pass: Pass): void {
  const { op, y, slots } = node;
  const args = savedArgs(node); // again, for a hook may have changed something
  const walk = pass.rules?.get(op);
  if (walk) {
    pass.own.delete(g);
    const flows = slots.map((slot) => needed(pass, slot));
    const results = walk(g, y as Tensor, args, flows);
    let at = 0;
    eachInput(op, args, (x) => {
      const [slot, result] = [slots[at], results[at++]];
      if (needed(pass, slot) && result) send(pass, slot, fit(result, x, op), false);
    });
    return;
  }
  let raw: unknown[] | null = null;
  let all: readonly Nd[] | null = null; // what a fused rule for all inputs gave
  let handedOn: Tensor | null = null; // a gradient that is g itself, or a view of it
  let times = 0; // that g was handed on
  let i = 0;
  eachInput(op, args, (x, p, item) => {
    const rule = op.vjp[p];
    const slot = slots[i++];
    if (rule === null || !needed(pass, slot)) return;
    const list = Array.isArray(args[p]);
    const plain = pass.createGraph || list;
    const fused = (plain ? null : typeof op.fused === 'function' ? op.fused : op.fused[p]) as Fused | null;
    if (!plain && p === 0 && op.onto !== null) {
      raw ??= arraysOf(op, args);
      (op.onto as Onto)(sumOf(pass, slot, x, g).nd, g.nd, ...raw);
      return;
    }
    let result: Tensor;
    if (fused) {
      raw ??= arraysOf(op, args);
      const gradient = all ?? fused(g.nd, isTensor(y) ? y.nd : y, ...raw);
      if ('length' in gradient) all = gradient;
      result = g.wrap('length' in gradient ? gradient[p] : gradient);
    } else {
      const call = rule as (...all: unknown[]) => Tensor;
      result = list ? call(g, y, ...args, item) : call(g, y, ...args);
    }
    const fitted = fit(result, x, op);
    if (sharesData(fitted, g)) {
      handedOn = fitted;
      times++;
    }
    const alone = all === null || all.every((other, q) => q === p || !overlap(other.data, fitted.nd.data));
    send(pass, slot, fitted, alone && !list && [g, y, ...args].every((other) => !sharesData(fitted, other)));
  });
  if (!pass.own.delete(g)) return;
  if (times === 0) giveBack(g.nd.data);
  else if (times === 1) pass.own.add(handedOn!); // nobody but its new slot has it
}

/** Whether a gradient is a view of something that a rule was given. */
const sharesData = (g: Tensor, other: unknown): boolean =>
  typeof other === 'object' && other !== null && 'nd' in other && overlap((other as Tensor).nd.data, g.nd.data);

function runHooks(slot: Slot, g: Tensor, own: Set<Tensor>): Tensor {
  if (slot.hooks === null) return g;
  own.delete(g); // a hook may keep what it sees
  for (const hook of slot.hooks) {
    const other = hook(g) ?? g;
    if (showShape(other.shape) !== showShape(g.shape)) {
      throw new GradError(
        'hook',
        `the gradient that it returns must have the shape ${showShape(g.shape)}`,
        showShape(other.shape),
      );
    }
    g = other;
  }
  return g;
}

/** x.grad += g, as a tensor of x's own: unless nobody else has it, g may be the gradient of others too, or a view. */
function accumulate(x: Tensor, g: Tensor, isOwn = false): void {
  if (x.grad !== null) x.grad = x.grad.add(g);
  else x.grad = isOwn && g.isContiguous() ? g : g.clone();
}

/** The gradient to start from at a root: the one given, else 1 if the root is a single number. */
function seed(where: string, root: Tensor, gradient: Tensor | undefined): Tensor {
  if (root.slot === null) {
    throw new GradError(
      where,
      'the output must depend on a tensor with requiresGrad',
      'one without a history',
      'was it made inside noGrad, or from detached tensors?',
    );
  }
  if (gradient === undefined && root.numel() !== 1) {
    throw new GradError(
      where,
      'without a gradient the output must be a single number',
      `shape ${showShape(root.shape)}`,
      'reduce it first, as by sum(), or pass a gradient of its shape',
    );
  }
  if (gradient !== undefined && showShape(gradient.shape) !== showShape(root.shape)) {
    throw new ShapeError(
      where,
      `the gradient must have the output's shape ${showShape(root.shape)}`,
      showShape(gradient.shape),
    );
  }
  return gradient?.to(root.dtype) ?? root.onesLike();
}

function needGrad(where: string, inputs: readonly Tensor[]): void {
  inputs.forEach((x, i) => {
    if (x.slot === null) throw new GradError(where, 'every input must have requiresGrad', `one without at place ${i}`);
  });
}

export interface BackwardOptions extends SweepOptions {
  /** Gradient of the final result with respect to this tensor; 1 if left out and this is a single number. */
  readonly gradient?: Tensor;
  /** Accumulate only into these tensors, leaves or not. */
  readonly inputs?: readonly Tensor[];
}

/** Adds the gradient of `root` with respect to each leaf to the leaf's `.grad`. See Tensor.backward. */
export function backward(root: Tensor, options: BackwardOptions): void {
  const start = seed('backward', root, options.gradient);
  const { inputs = null, createGraph = false } = options;
  if (inputs !== null) needGrad('backward', inputs);
  const { grads, own } = sweep([root], [start], inputs, options);
  withRecording(createGraph, 'backward', () => {
    if (inputs === null) {
      for (const [slot, g] of grads) if (!isNode(slot)) accumulate(slot, g, own.has(g) && !createGraph);
    } else {
      for (const x of inputs) {
        const g = x.slot && grads.get(x.slot);
        if (g) accumulate(x, g);
      }
    }
  });
}

export interface GradOptions extends SweepOptions {
  /** One gradient an output; 1 each if left out and the outputs are single numbers. */
  readonly gradOutputs?: readonly Tensor[];
  /** Give null for an input that the outputs do not depend on, in place of an error. */
  readonly allowUnused?: boolean;
}

/**
 * The gradients of the sum of outputs with respect to each input, without touching any `.grad`.
 * PyTorch: `torch.autograd.grad`.
 * ```ts
 * import { grad, tensor } from 'adjoint';
 * const x = tensor(3, { requiresGrad: true });
 * const [dy] = grad(x.pow(3), [x], { createGraph: true }); // 3x²
 * const [ddy] = grad(dy, [x]); // 6x
 * console.log(dy.item(), ddy.item()); // => 27 18
 * ```
 * @throws GradError when an output has no history, or an input is not part of it (see allowUnused)
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions & { allowUnused: true },
): (Tensor | null)[];
export function grad(outputs: Tensor | readonly Tensor[], inputs: readonly Tensor[], options?: GradOptions): Tensor[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  const roots = 'length' in outputs ? outputs : [outputs];
  if (options.gradOutputs && options.gradOutputs.length !== roots.length) {
    throw new GradError(
      'grad',
      `gradOutputs must have one gradient an output, ${roots.length}`,
      `${options.gradOutputs.length}`,
    );
  }
  const seeds = roots.map((root, i) => seed('grad', root, options.gradOutputs?.[i]));
  needGrad('grad', inputs);
  const { grads } = sweep(roots, seeds, inputs, options);
  return inputs.map((x, i) => {
    const g = grads.get(x.slot!) ?? null;
    if (g === null && !options.allowUnused) {
      throw new GradError(
        'grad',
        'the outputs must depend on every input',
        `an unused one at place ${i}`,
        'pass { allowUnused: true } to get null for it',
      );
    }
    return g;
  });
}

/**
 * What comes to x from c at y with other rules for some ops, the others having their own; null if nothing does. The graph is
 * one recorded within `keepingAll`.
 */
export const walkBack = (y: Tensor, c: Tensor, x: Tensor, rules: ReadonlyMap<AnyOp, Walk>): Tensor | null =>
  sweep([y], [c], [x], {}, rules).grads.get(x.slot!) ?? null;
