/** Rules that hold a prediction, whatever the rest is: the method of `adjoint explain` that answers in words. */
import { tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import { anchorGroups } from '../explain/index.ts';
import type { ExplanationSection } from '../inspect/index.ts';
import { short } from './explainPrint.ts';
import type { Method } from './explainSubject.ts';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export const anchorMethods: readonly Method[] = [
  {
    names: ['anchors', 'anchor'],
    title: 'Anchor',
    kinds: ['pictures', 'tables', 'text'],
    about: 'What is enough for this prediction, whatever the rest is?',
    settings: ['precision', 'evals', 'segments'],
    async run(subject, options) {
      const { f, x, baseline, featureMask } = subject.outside;
      const { precision = 0.95, evals: maxEvals } = options.said('precision', 'evals');
      // Of a value: that it is on this side of what the baseline has.
      const threshold = subject.isValue ? noGrad(() => f(baseline)).item() : 0;
      const [rule] = await anchorGroups(subject.isValue ? f : subject.outputs, x, {
        precision,
        threshold,
        background: await subject.outside.background(options),
        ...(featureMask && { featureMask }),
        ...(maxEvals !== undefined && { maxEvals }),
        generator: options.generator(),
        onProgress: options.onProgress,
      });
      const named = new Set(rule.features);
      const groups = featureMask?.flatten().toTypedArray() ?? Array.from({ length: x.numel() }, (_, i) => i);
      const inRule = tensor(Float32Array.from(groups, (g) => (named.has(g) ? 1 : 0))).reshape(x.shape);
      const features = subject.outside.features(inRule);
      const items = subject.outside.items(features).filter(({ attribution }) => attribution > 0);
      const then = subject.isValue ? `${subject.target} ${rule.prediction === 1 ? '>' : '≤'} ${short(threshold)}` : subject.label(rule.prediction);
      const said = items.map(({ name, value = '' }) => (value === '' ? name : `${name} (${value})`));
      const text = said.length === 0 ? `Whatever it is: ${then}` : `IF ${said.join('\nAND ')}\n${said.length > 1 ? 'are' : 'is'} as here, THEN ${then}`;
      const facts = [
        { label: 'precision', value: percent(rule.precision) },
        { label: 'at least', value: percent(rule.lowerBound) },
        { label: 'coverage', value: percent(rule.coverage) },
      ];
      const warning = rule.gap < 0 ? `⚠ Not as precise as was asked for, ${percent(precision)}. ` : '';
      const note = `${warning}Precision: how often inputs that obey the rule get this prediction; coverage: how many obey it. Others are drawn with each other feature there or not.`;
      const head = { method: this.title, question: this.about, facts, note };
      const { precision: found, lowerBound, coverage, gap } = rule;
      const sections: ExplanationSection[] = [{ ...head, kind: 'text', text }];
      if (subject.kind !== 'tables') sections.push({ method: 'What the anchor is about', ...subject.body(features), unit: '1: in the rule' } as ExplanationSection);
      return { sections, numbers: { precision: found, lowerBound, coverage, gap }, features };
    },
  },
]; // prettier-ignore
