/**
 * A reverse mode to learn from: right, and wrong in the ways in which engines have been wrong. Recursive, and with
 * none of the care of src/engine.ts (nothing is released, no versions, no hooks).
 */
import { Tensor, enableGrad, noGrad, type grad } from '../../src/index.ts';
import type { Node, Slot } from '../../src/engine.ts';

export const MISTAKES = [
  'waits for consumers outside the loss',
  'overwrites a gradient in place of adding to it',
  'takes the first slice of a broadcast gradient in place of the sum',
  'goes back as soon as the first gradient arrives',
  'goes back again with the sum each time a gradient arrives',
] as const;
export type Mistake = (typeof MISTAKES)[number];

interface Input {
  readonly slot: Slot | null;
  readonly shape: readonly number[];
}

/** An op's inputs, lists laid out flat, each with the function from g to its gradient; constants are left out. */
function inputsOf({ op, args, y }: Node): { slot: Slot; shape: readonly number[]; rule: (g: Tensor) => Tensor }[] {
  return args!.slice(0, op.arity).flatMap((arg, p) => {
    const rule = op.vjp[p] as ((...all: unknown[]) => Tensor) | null;
    const list = Array.isArray(arg);
    return (list ? (arg as Input[]) : [arg as Input]).flatMap(({ slot, shape }, item) =>
      slot === null || rule === null
        ? []
        : [{ slot, shape, rule: (g: Tensor) => (list ? rule(g, y, ...args!, item) : rule(g, y, ...args!)) }],
    );
  });
}

const isNode = (slot: Slot): slot is Node => 'op' in slot;

/** Every op recorded within `watched`: what an engine sees that counts a tensor's consumers as they are made. */
let made: Node[] = [];

/** Runs f, and notes every op that it records. */
export function watched(f: () => void): void {
  const apply = Tensor.apply.bind(Tensor);
  made = [];
  Tensor.apply = (op, args) => {
    const y = apply(op, args);
    if (!y.isLeaf) made.push(y.slot as Node);
    return y;
  };
  try {
    f();
  } finally {
    Tensor.apply = apply;
  }
}

/** g fitted to the shape of an input that was broadcast. */
function fit(g: Tensor, shape: readonly number[], mistake: Mistake | undefined): Tensor {
  if (mistake !== 'takes the first slice of a broadcast gradient in place of the sum') return g.sumTo(shape);
  while (g.ndim > shape.length) g = g.size(0) === 0 ? g.sum(0) : g.select(0, 0);
  return shape.reduce((g, size, d) => (size === 1 && g.size(d) > 1 ? g.narrow(d, 0, 1) : g), g);
}

/** An engine in place of `grad`: a right one if no mistake is named. */
export function engine(mistake?: Mistake): typeof grad {
  const run: (...args: Parameters<typeof grad>) => (Tensor | null)[] = (outputs, inputs, options) => {
    const [root] = 'length' in outputs ? outputs : [outputs];
    const grads = new Map<Slot, Tensor>();
    const waiting = new Map<Slot, number>(); // so many gradients are still to come

    const count = (node: Node): void => {
      for (const { slot } of inputsOf(node)) {
        waiting.set(slot, (waiting.get(slot) ?? 0) + 1);
        if (isNode(slot) && waiting.get(slot) === 1) count(slot);
      }
    };
    const send = (slot: Slot, g: Tensor): void => {
      const sum = grads.get(slot);
      const adds = sum !== undefined && mistake !== 'overwrites a gradient in place of adding to it';
      grads.set(slot, adds ? sum.add(g) : g);
      waiting.set(slot, (waiting.get(slot) ?? 1) - 1);
      const last = waiting.get(slot) === 0;
      const goes =
        mistake === 'goes back as soon as the first gradient arrives'
          ? sum === undefined
          : mistake === 'goes back again with the sum each time a gradient arrives' || last;
      if (!isNode(slot) || !goes) return;
      for (const input of inputsOf(slot)) send(input.slot, fit(input.rule(grads.get(slot)!), input.shape, mistake));
    };

    const start = options?.gradOutputs?.[0] ?? root.onesLike();
    const slot = root.slot!;
    if (mistake === 'waits for consumers outside the loss') {
      for (const node of made) for (const { slot } of inputsOf(node)) waiting.set(slot, (waiting.get(slot) ?? 0) + 1);
      waiting.delete(slot); // at the loss it starts
    } else if (isNode(slot)) count(slot);
    (options?.createGraph ? enableGrad : noGrad)(() => send(slot, start));
    return inputs.map((x) => grads.get(x.slot!) ?? null);
  };
  return run as typeof grad;
}
