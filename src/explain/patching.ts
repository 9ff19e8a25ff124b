/**
 * Activation patching: a model runs on a corrupted text, and at one place of it gets what it had there on the clean one. How
 * much of the right answer comes back tells whether the answer goes through that place.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { concat, tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import { Tensor } from '../tensor.ts';
import { embedded, rest, streams, tokensOf, type LayeredModel, type Tokens } from './layered.ts';
import { atRest, countOf, turn, type WorkOptions } from './model.ts';

/** What can be hooked: any nn.Module. In a model that is a plain function, an nn.Identity through which the activation is passed. */
export interface Hookable {
  registerForwardHook(hook: (module: unknown, inputs: readonly unknown[], output: unknown) => unknown): () => void;
  registerForwardPreHook(hook: (module: unknown, inputs: readonly unknown[]) => unknown): () => void;
}

export interface PatchingOptions extends WorkOptions {
  /** Modules whose outputs [B, T, …] are patched, in place of the residual stream before the first layer and behind each. */
  readonly modules?: readonly Hookable[];
  /** Whether their (first) inputs are patched, and not their outputs: what heads found is the input of attention's last product. */
  readonly part?: 'output' | 'input';
  /** The last dim is that of so many heads, one behind the other, which are patched one by one. */
  readonly heads?: number;
  /** What is patched together: a position, or several; each position on its own if left out. */
  readonly positions?: readonly (number | readonly number[])[];
}

export interface PatchingExplanation {
  /** What comes back: [B, places, positions], with heads [B, places, heads, positions]. 0 is the corrupted run's answer, 1 the clean one's. */
  readonly attributions: Tensor;
  /** The metric of both runs, [B] each. */
  readonly clean: Tensor;
  readonly corrupted: Tensor;
  /** What comes back if all of a place is patched, − 1: [B, places]. 0 at the residual stream, through which everything goes. */
  readonly gap: Tensor;
}

/** The places of a model: what is there in a run, and the logits of a run that has x there. */
interface Places {
  activations(tokens: Tensor): Tensor[];
  answer(place: number, x: Tensor, tokens: Tensor): Tensor;
}

const stream = (where: string, model: LayeredModel): Places => ({
  activations: (tokens) => streams(where, model, tokens),
  answer: (place, x) => rest(model, x, place),
});

function hooked(where: string, model: LayeredModel, modules: readonly Hookable[], part: 'output' | 'input'): Places {
  const hang = (module: Hookable, see: (x: unknown) => unknown): (() => void) =>
    part === 'output'
      ? module.registerForwardHook((_, _inputs, output) => see(output))
      : module.registerForwardPreHook((_, [first, ...others]) => {
          const other = see(first);
          return other === undefined ? undefined : [other, ...others];
        });
  const run = (tokens: Tensor): Tensor => rest(model, embedded(where, model, tokens));
  return {
    activations(tokens) {
      const seen: unknown[][] = modules.map(() => []);
      const undo = modules.map((module, m) => hang(module, (x) => void seen[m].push(x)));
      try {
        run(tokens);
      } finally {
        for (const remove of undo) remove();
      }
      return seen.map((all) => {
        const [x] = all;
        if (all.length === 1 && x instanceof Tensor && x.ndim > 1 && sameShape(x.shape.slice(0, 2), tokens.shape)) return x;
        const rule = `each module must run once, and its ${part} must be ${showShape(tokens.shape).replace(']', ', …]')}`;
        const got = x instanceof Tensor ? showShape(x.shape) : x === undefined ? 'none' : typeof x;
        throw new ShapeError(where, rule, `${all.length} calls, ${got}`);
      });
    },
    answer(place, x, tokens) {
      const remove = hang(modules[place], () => x);
      try {
        return run(tokens);
      } finally {
        remove();
      }
    },
  };
} // prettier-ignore

/**
 * Activation patching, causal tracing (Vig et al., 2020; Meng et al., 2022): (m(patched) − m(corrupted)) / (m(clean) − m(corrupted)), where the patched run
 * is the corrupted one with the activation of one place and position from the clean run. Places are the residual stream before the first layer and
 * behind each, or `modules`: of a GPT, `model.h.map((block) => block.mlp.c_proj)` is what feed-forward parts add, and with part: 'input' and heads
 * `block.attn.c_proj` has what heads found.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { activationPatching } from 'adjoint/explain';
 * const model = {
 *   embed: (tokens) => tokens.unsqueeze(-1), // a token is a vector of one number
 *   layers: [(x) => x.roll(1, 1), (x) => x.mul(2)], // the first layer brings each position the one before it
 *   head: (x) => x,
 * };
 * const last = (logits) => logits.select(1, -1).select(1, 0);
 * const { attributions } = await activationPatching(model, [5, 7, 1], [5, 3, 1], last);
 * console.log(attributions.toArray()); // => [ [ [ 0, 1, 0 ], [ 0, 0, 1 ], [ 0, 0, 1 ] ] ]
 * ```
 * @param clean tokens with the right answer; `corrupted` as many, with another one
 * @param metric of logits, the higher the more right: from [N, T, V] (or [N, classes]) to [N]; a difference of two logits is a good one
 * @throws ShapeError when clean and corrupted differ in length, or a place is not as it should be; ValueError when both have the same metric
 */
export async function activationPatching(
  model: LayeredModel, clean: Tokens, corrupted: Tokens, metric: (logits: Tensor) => Tensor, options: PatchingOptions = {},
): Promise<PatchingExplanation> {
  const where = 'activationPatching';
  const { modules, part = 'output', heads, signal, onProgress } = options;
  const most = countOf(where, 'batchSize', options.batchSize ?? 64);
  atRest(where, model);
  const [right, wrong] = [tokensOf(where, clean), tokensOf(where, corrupted)];
  if (!sameShape(right.shape, wrong.shape)) {
    const got = `${showShape(right.shape)} and ${showShape(wrong.shape)}`;
    throw new ShapeError(where, 'clean and corrupted must have as many tokens', got, 'change words for others that are as long');
  }
  if (modules?.length === 0) throw new ValueError(where, 'there must be at least one module', 'none');
  if (!modules && options.part !== undefined) throw new ValueError(where, 'part is of modules', 'none', 'name the modules, or leave it out');
  if (part !== 'output' && part !== 'input') throw new ValueError(where, "part must be 'output' or 'input'", `'${String(part)}'`);
  const [B, T] = right.shape;
  const groups = groupsOf(where, T, options.positions);
  const places = modules ? hooked(where, model, modules, part) : stream(where, model);
  const measured = (logits: Tensor): Tensor => {
    const m = metric(logits);
    if (!(m instanceof Tensor) || m.numel() !== logits.shape[0]) {
      const got = m instanceof Tensor ? showShape(m.shape) : typeof m;
      throw new ShapeError(where, `the metric must make one number of each row, [${logits.shape[0]}]`, got);
    }
    return m.reshape([-1]);
  };
  const known = noGrad(() => [right, wrong].map((tokens) => places.activations(tokens)));
  const H = headsOf(where, heads, known[0]);
  const [best, worst] = noGrad(() => [right, wrong].map((tokens) => measured(rest(model, embedded(where, model, tokens)))));
  const range = best.sub(worst);
  if (range.toTypedArray().some((x) => !(Math.abs(x) > 0))) {
    const cure = 'choose a metric that tells them apart, or other tokens';
    throw new ValueError(where, 'clean and corrupted must have different metrics', `${best.toString()} and ${worst.toString()}`, cure);
  }
  /** Row r is row r % B of the batch, patched at one head of one group; behind these, at all of the place. */
  const variants = H * groups.length + 1;
  const masks = Array.from({ length: variants * B }, (_, r) => {
    const v = Math.floor(r / B);
    const [head, group] = [Math.floor(v / groups.length), groups[v % groups.length]];
    const isAll = v === variants - 1;
    return Array.from({ length: T }, (_, t) => Array.from({ length: H }, (_, h) => Number(isAll || (h === head && group.has(t)))));
  });
  const all: Tensor[] = [];
  const total = known[0].length * variants * B;
  for (let place = 0, done = 0; place < known[0].length; place++) {
    for (let from = 0; from < masks.length; from += most) {
      await turn();
      signal?.throwIfAborted();
      const mask = tensor(masks.slice(from, from + most)); // [N, T, H]
      const rows = tensor(Array.from({ length: mask.shape[0] }, (_, r) => (from + r) % B));
      const [good, bad] = known.map((list) => list[place].indexSelect(0, rows));
      const size = good.shape.slice(2).reduce((a, b) => a * b, 1) / H;
      const wide = mask.to(good.dtype).unsqueeze(-1).expand([...mask.shape, size]).reshape(good.shape);
      all.push(noGrad(() => measured(places.answer(place, good.where(wide, bad), wrong.indexSelect(0, rows)))));
      onProgress?.((done += mask.shape[0]), total);
    }
  }
  const effects = concat(all).reshape([known[0].length, variants, B]).sub(worst).div(range).permute(2, 0, 1); // [B, places, variants]
  const each = effects.narrow(2, 0, variants - 1).contiguous();
  const shape = [B, known[0].length, ...(heads === undefined ? [] : [H]), groups.length];
  return { attributions: each.reshape(shape), clean: best, corrupted: worst, gap: effects.select(2, -1).sub(1) };
} // prettier-ignore

/** The positions that are patched together. */
function groupsOf(where: string, T: number, positions: PatchingOptions['positions']): ReadonlySet<number>[] {
  const groups = (positions ?? Array.from({ length: T }, (_, t) => t)).map((group) => [group].flat());
  const wrong = groups.flat().find((t) => !Number.isInteger(t) || t < 0 || t >= T);
  if (wrong !== undefined) throw new ValueError(where, `positions must be from 0 to ${T - 1}`, `${wrong}`);
  return groups.map((group) => new Set(group));
}

/** How many heads there are, 1 if none are told apart. */
function headsOf(where: string, heads: number | undefined, activations: readonly Tensor[]): number {
  if (heads === undefined) return 1;
  countOf(where, 'heads', heads);
  const wrong = activations.find((x) => x.ndim !== 3 || x.shape[2] % heads !== 0);
  if (wrong) throw new ShapeError(where, `of ${heads} heads a place must be [B, T, C], C a multiple of them`, showShape(wrong.shape));
  return heads;
} // prettier-ignore
