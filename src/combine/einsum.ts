/**
 * Einstein's sums, and what is made of them. A tensor gets a label for each dim; equal labels are multiplied along, and
 * labels that are not asked for are summed over. Terms are contracted by pairs, each as one matrix product.
 */
import { checkTensors } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { wrapDim, type Shape } from '../array/nd.ts';
import type { Tensor } from '../tensor.ts';

/** A tensor with a label for each of its dims, none of them twice. */
interface Term {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

const sizeIn = ({ x, labels }: Term, label: string): number => x.shape[labels.indexOf(label)];
const product = (sizes: Shape): number => sizes.reduce((n, size) => n * size, 1);

/** The dims in the order of these labels, which the term has. */
const arranged = ({ x, labels }: Term, order: readonly string[]): Tensor =>
  order.every((label, d) => label === labels[d]) ? x : x.permute(...order.map((label) => labels.indexOf(label)));

/** The term summed over the labels that are not kept. */
function summed(term: Term, kept: ReadonlySet<string>): Term {
  const gone = term.labels.flatMap((label, d) => (kept.has(label) ? [] : [d]));
  return gone.length === 0 ? term : { x: term.x.sum(gone), labels: term.labels.filter((label) => kept.has(label)) };
}

/** The product of two terms, summed over the labels that are not kept: [batch, left, sum]·[batch, sum, right]. */
function contract(a: Term, b: Term, kept: ReadonlySet<string>): Term {
  const [p, q] = [summed(a, new Set([...b.labels, ...kept])), summed(b, new Set([...a.labels, ...kept]))];
  const shared = p.labels.filter((label) => q.labels.includes(label));
  const batch = shared.filter((label) => kept.has(label));
  const sum = shared.filter((label) => !kept.has(label));
  const left = p.labels.filter((label) => !shared.includes(label));
  const right = q.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...left, ...right];
  const sizes = labels.map((label) => sizeIn(p.labels.includes(label) ? p : q, label));
  const of = (term: Term, group: readonly string[]): number => product(group.map((label) => sizeIn(term, label)));
  const [B, L, S, R] = [of(p, batch), of(p, left), of(p, sum), of(q, right)];
  const lead = batch.length === 0 ? [] : [B];
  const x = arranged(p, [...batch, ...left, ...sum]).reshape([...lead, L, S]);
  if (sum.length === 0) {
    const y = arranged(q, [...batch, ...right]).reshape([...lead, 1, R]);
    return { x: x.mul(y).reshape(sizes), labels };
  }
  const y = arranged(q, [...batch, ...right, ...sum]).reshape([...lead, R, S]);
  return { x: x.matmul(y.mT).reshape(sizes), labels };
}

/** Whichever of the pairs leaves the smallest tensor. */
function cheapestPair(terms: readonly Term[], output: readonly string[]): [number, number] {
  let best: [number, number] = [0, 1];
  let least = Infinity;
  for (let i = 0; i < terms.length; i++) {
    for (let j = i + 1; j < terms.length; j++) {
      const kept = new Set([...output, ...terms.flatMap(({ labels }, t) => (t === i || t === j ? [] : labels))]);
      const all = new Map([terms[j], terms[i]].flatMap((t) => t.labels.map((label, d) => [label, t.x.shape[d]])));
      const size = product([...all].filter(([label]) => kept.has(label)).map(([, n]) => n));
      if (size < least) [best, least] = [[i, j], size];
    }
  }
  return best;
}

/** Σ over all labels but those of the output of the product of all terms. A size of 1 stands for any other. */
function contractAll(terms: readonly Term[], output: readonly string[]): Tensor {
  const broadcast = (label: string): boolean =>
    terms.some((term) => term.labels.includes(label) && sizeIn(term, label) !== 1);
  let rest = terms.map(({ x, labels }): Term => {
    const stays = labels.map((label, d) => x.shape[d] !== 1 || !broadcast(label));
    return { x: x.reshape(x.shape.filter((_, d) => stays[d])), labels: labels.filter((_, d) => stays[d]) };
  });
  while (rest.length > 1) {
    const [i, j] = cheapestPair(rest, output);
    const others = rest.filter((_, t) => t !== i && t !== j);
    rest = [...others, contract(rest[i], rest[j], new Set([...output, ...others.flatMap(({ labels }) => labels)]))];
  }
  return arranged(summed(rest[0], new Set(output)), output);
}

const SUBSCRIPTS = /^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/;

/** The labels of an operand's dims: its letters, and for '...' the dims that are left, counted from the last. */
function labelsOf(subscripts: string, rank: number): string[] {
  const [before, after] = subscripts.split('...');
  if (after === undefined) return [...before];
  const left = Math.max(0, rank - before.length - after.length);
  return [...before, ...Array.from({ length: left }, (_, i) => `…${left - i}`), ...after];
}

/** The term with labels that stand twice taken along the diagonal. */
function diagonals(term: Term): Term {
  const { x, labels } = term;
  const again = labels.findIndex((label, d) => labels.indexOf(label) < d);
  if (again === -1) return term;
  const first = labels.indexOf(labels[again]);
  return diagonals({
    x: x.diagonal(0, first, again),
    labels: [...labels.filter((_, d) => d !== first && d !== again), labels[again]],
  });
}

/** The labels of each operand and of the result, checked. */
function parse(equation: string, operands: readonly Tensor[]): { inputs: string[][]; output: string[] } {
  const refuse = (rule: string, got: string): never => {
    throw new ValueError('einsum', `${rule} in '${equation}'`, got);
  };
  if (typeof equation !== 'string')
    throw new ValueError('einsum', 'its first argument must be a text', typeof equation);
  checkTensors('einsum', ...operands);
  const [left, right, ...more] = equation.replaceAll(/\s/g, '').split('->');
  const parts = left.split(',');
  if (more.length > 0) refuse("there must be at most one '->'", `${more.length + 1}`);
  for (const part of right === undefined ? parts : [...parts, right]) {
    if (!SUBSCRIPTS.test(part)) refuse("subscripts must be letters and at most one '...'", `'${part}'`);
  }
  if (parts.length !== operands.length) {
    refuse(
      'there must be as many operands as subscripts',
      `${operands.length} operands for ${parts.length} subscripts`,
    );
  }
  const inputs = operands.map((x, i) => {
    const labels = labelsOf(parts[i], x.ndim);
    if (labels.length !== x.ndim) {
      throw new ShapeError('einsum', `'${parts[i]}' must name every dim of operand ${i}`, showShape(x.shape));
    }
    return labels;
  });
  const seen = inputs.flat();
  const dots = [...new Set(seen.filter((label) => label.length > 1))].sort((a, b) => b.length - a.length || (a < b ? 1 : -1)); // prettier-ignore
  if (right === undefined) {
    const once = seen.filter((label) => label.length === 1 && seen.indexOf(label) === seen.lastIndexOf(label));
    return { inputs, output: [...dots, ...once.sort()] };
  }
  const letters = [...right.replace('...', '')];
  const twice = letters.find((label, d) => letters.indexOf(label) < d);
  if (twice !== undefined) refuse('each letter may stand once in the result', `'${twice}' twice`);
  const unknown = letters.find((label) => !seen.includes(label));
  if (unknown !== undefined) refuse('each letter of the result must stand in an operand', `'${unknown}'`);
  const [before, after] = right.split('...');
  return { inputs, output: [...before, ...(after === undefined ? [] : [...dots, ...after])] };
}

/**
 * Einstein's notation: 'ij,jk->ik' is Σⱼ aᵢⱼ·bⱼₖ. A letter names a dim; dims of one letter have one size (or 1); those
 * that the result does not name are summed over. A letter twice in an operand is its diagonal. '...' stands for any
 * number of dims, which broadcast. Without '->' the result has '...' and then, in order, the letters that stand once.
 * PyTorch: `torch.einsum`.
 * ```ts
 * import { einsum, tensor } from 'adjoint';
 * const a = tensor([[1, 2], [3, 4]]);
 * console.log(einsum('ij,kj->ik', a, a).toArray()); // => [ [ 5, 11 ], [ 11, 25 ] ]
 * console.log(einsum('ii', a).item()); // => 5
 * ```
 * @throws ValueError when the equation cannot be read; ShapeError when it does not fit the operands
 */
export function einsum(equation: string, ...operands: Tensor[]): Tensor {
  const { inputs, output } = parse(equation, operands);
  const sizes = new Map<string, number>();
  operands.forEach((x, i) =>
    inputs[i].forEach((label, d) => {
      const size = x.shape[d];
      const known = sizes.get(label) ?? 1;
      const repeated = inputs[i].indexOf(label);
      if ((known !== 1 && size !== 1 && size !== known) || x.shape[repeated] !== size) {
        const name = label.length === 1 ? `'${label}'` : "'...'";
        throw new ShapeError(
          'einsum',
          `sizes of ${name} must be equal in '${equation}'`,
          operands.map(({ shape }) => showShape(shape)).join(' and '),
        );
      }
      if (size !== 1 || !sizes.has(label)) sizes.set(label, size);
    }),
  );
  return contractAll(operands.map((x, i) => diagonals({ x, labels: inputs[i] })), output); // prettier-ignore
}

/**
 * Sums of products over dims of both: the last `dims` of a with the first of b, or the dims named for each. The result
 * has what is left of a, then of b. PyTorch: `torch.tensordot`.
 * `tensordot(ones([2, 3, 4]), ones([4, 3, 5]), [[1, 2], [1, 0]]).shape // => [ 2, 5 ]`
 * @throws ShapeError when the sizes differ, or not as many dims are named
 */
export function tensordot(
  a: Tensor,
  b: Tensor,
  dims: number | readonly [readonly number[], readonly number[]] = 2,
): Tensor {
  if (typeof dims === 'number' && !(Number.isInteger(dims) && dims >= 0 && dims <= Math.min(a.ndim, b.ndim))) {
    throw new ShapeError('tensordot', `there must be 0 to ${Math.min(a.ndim, b.ndim)} dims`, `${dims}`);
  }
  const [ofA, ofB] =
    typeof dims === 'number'
      ? [0, 1].map((second) => Array.from({ length: dims }, (_, i) => (second ? i : a.ndim - dims + i)))
      : [dims[0].map((d) => wrapDim('tensordot', d, a.ndim)), dims[1].map((d) => wrapDim('tensordot', d, b.ndim))];
  const agree = ofA.every((d, i) => {
    const [p, q] = [a.shape[d], b.shape[ofB[i]]];
    return p === q || p === 1 || q === 1;
  });
  const once = new Set(ofA).size === ofA.length && new Set(ofB).size === ofB.length;
  if (ofA.length !== ofB.length || !once || !agree) {
    const got = `${showShape(a.shape)} at ${showShape(ofA)} and ${showShape(b.shape)} at ${showShape(ofB)}`;
    throw new ShapeError('tensordot', 'as many dims of each must be named, once, and their sizes be equal', got);
  }
  const left = a.shape.map((_, d) => (ofA.includes(d) ? `=${ofA.indexOf(d)}` : `a${d}`));
  const right = b.shape.map((_, d) => (ofB.includes(d) ? `=${ofB.indexOf(d)}` : `b${d}`));
  const output = [...left, ...right].filter((label) => !label.startsWith('='));
  return contractAll(
    [
      { x: a, labels: left },
      { x: b, labels: right },
    ],
    output,
  );
}
