/** `adjoint explain --check`: how good the explanations of a prediction are, by the measures of adjoint/explain. */
import {
  agreement,
  deletionCurve,
  infidelity,
  insertionCurve,
  randomizationCheck,
  sensitivity,
} from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import type { Tensor } from '../tensor.ts';
import { short } from './explainPrint.ts';
import type { Answered, Method, Options, Subject, View } from './explainSubject.ts';
import { formatTable } from './table.ts';

/** So many inputs near the explained one are explained as well. */
const NEAR = 3;

/** Attributions as slopes, which foretell what a change of each number does: those of shares are a/(x − baseline). */
function slopesOf(attributions: Tensor, { x, baseline }: View, isSlope: boolean): Tensor {
  if (isSlope) return attributions;
  const way = x.sub(baseline);
  const isStill = way.eq(0);
  return attributions.zerosLike().where(isStill, attributions.div(way.onesLike().where(isStill, way)));
}

/** The sections that tell how good answers are; none where no method gave a number for each feature. */
export async function check(subject: Subject, answers: readonly Answered[], optionsOf: (method: Method) => Options): Promise<ExplanationSection[]> {
  const { f, x, baseline } = subject.outside;
  const rows: string[][] = [];
  const named: { name: string; attributions: Tensor; deletion: Tensor; insertion: Tensor }[] = [];
  for (const { method, answer } of answers) {
    const { attribute, names: [name] } = method;
    if (!attribute || !answer.features) continue;
    const options = optionsOf(method);
    const view = subject[attribute.view]!;
    const { model } = subject;
    const of = (z: Tensor): Promise<Tensor> => attribute.of({ ...view, x: z }, options);
    const attributions = subject.spread(answer.features);
    const [deletion, insertion] = [await deletionCurve(f, x, attributions, { baseline }), await insertionCurve(f, x, attributions, { baseline })];
    named.push({ name, attributions, deletion: deletion.curve.select(0, 0), insertion: insertion.curve.select(0, 0) });
    // Tokens are there or not, and vectors have no scale of their own: only numbers are moved a little.
    const isMoved = subject.kind !== 'text';
    const near = { samples: NEAR, generator: options.generator() };
    const steady = isMoved ? short((await sensitivity(of, view.x, near)).item()) : '';
    const isLinear = isMoved && attribute.view === 'inside';
    const slopes = isLinear ? slopesOf(await of(view.x), view, attribute.isSlope) : null;
    const missed = slopes ? short((await infidelity(view.f, view.x, slopes, { generator: options.generator() })).item()) : '';
    const learned = await randomizationCheck(of, view.x, model.parameters(), { generator: options.generator() });
    rows.push([name, short(deletion.area.item()), short(insertion.area.item()), missed, steady, short(learned)]);
  }
  if (rows.length === 0) return [];
  const curve = (title: string, which: 'deletion' | 'insertion'): ExplanationSection => ({
    method: title,
    kind: 'curves',
    title,
    xLabel: which === 'deletion' ? 'share taken away, most important first' : 'share put in, most important first',
    yLabel: subject.unit,
    series: named.map((each) => {
      const list = Array.from(each[which].toTypedArray());
      return { name: each.name, points: list.map((y, i): [number, number] => [i / (list.length - 1), y]) };
    }),
  });
  const both = named.map((a) => named.map((b) => agreement(a.attributions, b.attributions).item()));
  return [
    {
      method: 'How good are these',
      kind: 'text',
      text: formatTable(['', 'deletion', 'insertion', 'infidelity', 'sensitivity', 'randomized'], rows),
      note: 'Deletion: the mean output while what matters is taken away, low is good; insertion: while it is put in, high is good. Infidelity: what attributions, as slopes, foretell wrongly, squared. Sensitivity: how much a nearly equal input changes them. Randomized: how alike they stay when what was learned is shuffled: near 1, they show only the input.',
    },
    { ...curve('Deletion', 'deletion'), question: 'Does the output fall soon when what matters is taken away?' },
    { ...curve('Insertion', 'insertion'), question: 'Does the output rise soon when what matters is put in?' },
    ...(named.length > 1 ? [agreementOf(named.map(({ name }) => name), both)] : []),
  ];
} // prettier-ignore

const agreementOf = (names: readonly string[], values: readonly (readonly number[])[]): ExplanationSection => ({
  method: 'Agreement',
  question: 'Do two methods rank features alike?',
  note: "Spearman's ρ: 1 if they rank alike, 0 if they have nothing to do with each other.",
  kind: 'grid',
  title: "Spearman's ρ",
  rows: names,
  columns: names,
  values,
  unit: 'ρ',
});
