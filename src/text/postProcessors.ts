/**
 * Post-processors: special tokens around one sequence of ids, or around two, and the segment of each id; made from
 * their section of a tokenizer.json.
 */
import type { Section } from './section.ts';

/** Ids, and for each the number of its segment: 0 for the first sequence, 1 for the second. */
export interface Encoded {
  readonly ids: number[];
  readonly typeIds: number[];
}

export type PostProcessor = (a: Encoded, b: Encoded | null) => Encoded;

const join = (parts: readonly Encoded[]): Encoded => ({
  ids: parts.flatMap((part) => part.ids),
  typeIds: parts.flatMap((part) => part.typeIds),
});

/** Sequences one after the other. */
export const plain: PostProcessor = (a, b) => (b === null ? a : join([a, b]));

const special = (id: number, typeId: number): Encoded => ({ ids: [id], typeIds: [typeId] });
const typed = ({ ids }: Encoded, typeId: number): Encoded => ({ ids, typeIds: ids.map(() => typeId) });

/** `[CLS] $A [SEP] $B [SEP]`: a list of sequences and special tokens, one list for one sequence and one for two. */
function template(section: Section): PostProcessor {
  const tokens = section.at('special_tokens');
  const compile = (key: string): ((a: Encoded, b: Encoded | null) => Encoded)[] =>
    section.all(key).map((item) => {
      if (item.has('Sequence')) {
        const sequence = item.at('Sequence');
        const typeId = sequence.number('type_id');
        const isFirst = sequence.text('id') === 'A';
        return (a, b) => typed((isFirst ? a : b) ?? { ids: [], typeIds: [] }, typeId);
      }
      const token = item.at('SpecialToken');
      const typeId = token.number('type_id');
      const ids = tokens.at(token.text('id')).list('ids') as number[];
      return () => join(ids.map((id) => special(id, typeId)));
    });
  const single = compile('single');
  const pair = compile('pair');
  return (a, b) => join((b === null ? single : pair).map((part) => part(a, b)));
}

/** The older forms: `cls a sep b sep` of BERT, and `cls a sep sep b sep` of RoBERTa, which has one segment. */
function clsAndSep(section: Section, isRoberta: boolean): PostProcessor {
  const [, sep] = section.list('sep') as [string, number];
  const [, cls] = section.list('cls') as [string, number];
  const second = isRoberta ? 0 : 1;
  return (a, b) => {
    const first = [special(cls, 0), typed(a, 0), special(sep, 0)];
    if (b === null) return join(first);
    return join([...first, ...(isRoberta ? [special(sep, 0)] : []), typed(b, second), special(sep, second)]);
  };
}

const makers: Readonly<Record<string, (section: Section) => PostProcessor>> = {
  TemplateProcessing: template,
  BertProcessing: (section) => clsAndSep(section, false),
  RobertaProcessing: (section) => clsAndSep(section, true),
  ByteLevel: () => plain, // it trims offsets, which are not given here
  Sequence: (section) => {
    const steps = section.all('processors').map(postProcessorOf);
    // The first that puts sequences together leaves one; what follows sees that one.
    return (a, b) => {
      let [x, y]: [Encoded, Encoded | null] = [a, b];
      for (const step of steps.filter((each) => each !== plain)) [x, y] = [step(x, y), null];
      return plain(x, y);
    };
  },
};

export const postProcessorOf = (section: Section): PostProcessor => section.make(makers);
