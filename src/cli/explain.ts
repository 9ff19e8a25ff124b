/** `adjoint explain`: why a model said what it said, as tables in the terminal and as one page. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AdjointError, FormatError, ValueError } from '../array/errors.ts';
import { Generator } from '../array/random.ts';
import { renderExplanation, sectionSvg, type ExplanationSection } from '../inspect/index.ts';
import { makeFolderOf, writeFileAtomic } from '../io/files.ts';
import { BERTForClassification, BERTForMaskedLM, type MLP } from '../models/index.ts';
import type { LoadedModel } from '../models/folder.ts';
import { check } from './explainCheck.ts';
import { chooseMethods, methods } from './explainMethods.ts';
import { pictureBaselines, pictureSubjects } from './explainPictures.ts';
import { formatSection, short, type Item } from './explainPrint.ts';
import {
  readMethodSettings,
  settings,
  type Answered,
  type Method,
  type Options,
  type Subject,
} from './explainSubject.ts';
import { rowSubjects, tableBaselines } from './explainTables.ts';
import { scales } from './explainTarget.ts';
import { textSubject } from './explainText.ts';
import { isForImages, isForText, loadModel } from './use.ts';
import type { Net } from './recipes.ts';
import { isForTable } from './tableTask.ts';
import type { Plan } from './task.ts';
import { planOf } from './train.ts';
import { expectPositionals, UsageError, type Args } from './usage.ts';

const texts = (rows: readonly (readonly [string, string])[], width: number): string =>
  rows.map(([name, about]) => `  ${name.padEnd(width)} ${about}`).join('\n');

export const explainHelp = `adjoint explain DIR --input FILE… [options]      pictures
adjoint explain DIR --input FILE [options]       the rows of a table
adjoint explain DIR --prompt "…" [options]       text: the next token, what stands at [MASK], or the class

  --input FILE     a picture (may be said again), or a table with the columns of the training
  --row N          one of what was held back in training, from 1, or of the table; may be said again
  --prompt "…"     a text
  --method LIST    with commas; all: those that fit. Default: some that differ
  --target CLASS   a name or a number, or a token; default: what the model says
  --output WHAT    what is explained: ${scales.join(', ')}; default: logit
  --baseline WHAT  what stands for "not there". Pictures: ${pictureBaselines.join(', ')};
                   tables: ${tableBaselines.join(', ')}; text: a token
  --words          the words of a text are explained, not its tokens
  --corrupted "…"  of patching: as many tokens with another answer
  --concept DIR    of tcav: a folder with pictures that show a concept
  --samples N      how much is drawn; the same as --set samples=N
  --set name=value a setting of the methods; may be said again
  --seed N         start of all random numbers (default: 1): the same seed gives the same page
  --check          how good the explanations are: deletion, insertion, infidelity, sensitivity, randomized weights, agreement
  --out DIR        where explanation.html goes (default: the model's folder)
  --pictures       each picture of the page as an SVG file too

Methods:

${texts(methods.map(({ names, about }) => [names.join(', '), about] as const), 26)}

Settings:

${texts(Object.entries(settings).map(([name, { about }]) => [name, about] as const), 16)}`; // prettier-ignore

/** The plan of the run that made a folder; null where no run did. */
function runOf(folder: string): Plan | null {
  try {
    return planOf(folder);
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

/** What the model's folder and the words of the command make together. */
async function subjectsOf(folder: string, { model, tokenizer, preprocessing }: LoadedModel, args: Args, segments: number): Promise<Subject[]> {
  /** One of a few words; the first if the option is left out. */
  const oneOf = <W extends string>(name: string, words: readonly W[]): W => {
    const word = words.find((each) => each === (args.text(name) ?? words[0]));
    if (word === undefined) throw new UsageError(`--${name} must be one of ${words.join(', ')}, got '${args.text(name)}'`);
    return word;
  };
  const [target, scale] = [args.text('target'), oneOf('output', scales)];
  const refuse = (names: readonly string[], kind: string): void => {
    for (const name of names) if (args.has(name)) throw new UsageError(`--${name} is not for ${kind}`);
  };
  if (isForImages(preprocessing)) {
    refuse(['prompt', 'words', 'corrupted'], 'a model of pictures');
    const baseline = oneOf('baseline', pictureBaselines);
    const files = args.all('input');
    const rows = args.wholes('row', 1);
    if (files.length + rows.length === 0) throw new UsageError('--input FILE or --row N is missing; see --help');
    return pictureSubjects(model as Net, preprocessing, runOf(folder), { files, rows, target, baseline, scale, segments, concept: args.text('concept') });
  }
  if (isForTable(preprocessing)) {
    refuse(['prompt', 'words', 'corrupted', 'concept'], 'a model of tables');
    const files = args.all('input');
    if (files.length > 1) throw new UsageError(`--input must be one table, got ${files.length}`);
    const rows = args.wholes('row', 1);
    if (files.length + rows.length === 0) throw new UsageError('--input FILE or --row N is missing; see --help');
    const baseline = oneOf('baseline', tableBaselines);
    return rowSubjects(model as MLP, preprocessing, runOf(folder), { file: files[0], rows, target, baseline, scale });
  }
  const isBert = model instanceof BERTForMaskedLM || model instanceof BERTForClassification;
  if (tokenizer && (isBert || isForText(model))) {
    refuse(['input', 'row', 'concept'], 'a model of text: give it a --prompt');
    const prompt = args.text('prompt');
    if (prompt === undefined || prompt === '') throw new UsageError('--prompt "…" is missing; see --help');
    const { classes } = (preprocessing ?? {}) as { classes?: readonly string[] };
    const baseline = args.text('baseline');
    return [textSubject(model, tokenizer, { prompt, target, baseline, scale, words: args.has('words'), classes, corrupted: args.text('corrupted') })];
  }
  throw new FormatError(folder, 'the model must be one of pictures, tables or text', model.constructor.name);
} // prettier-ignore

/** One line on a terminal that is written over, for work that takes its time. */
function statusLine(): { show(text: string): void; clear(): void } {
  const { stderr } = process;
  let last = 0;
  const put = (text: string): void => void (stderr.isTTY && stderr.write(`\r\x1b[2K${text.slice(0, (stderr.columns ?? 80) - 1)}`));
  return {
    show(text) {
      if (Date.now() - last < 100) return;
      last = Date.now();
      put(text);
    },
    clear: () => put(''),
  };
} // prettier-ignore

interface Explained {
  readonly subject: Subject;
  readonly answers: readonly Answered[];
  /** With --check: how good these are. */
  readonly checked: readonly ExplanationSection[];
}

export async function explain(args: Args): Promise<void> {
  expectPositionals(args, ['DIR']);
  const [folder] = args.positionals;
  const out = args.text('out') ?? folder;
  if (existsSync(out) && !statSync(out).isDirectory()) throw new UsageError(`--out must be a folder, got ${out}, which is a file`);
  const seed = args.whole('seed', 1, 0);
  const samples = args.text('samples');
  const said = [...args.all('set'), ...(samples === undefined ? [] : [`samples=${samples}`])];
  const values = readMethodSettings(said);
  const subjects = await subjectsOf(folder, loadModel(folder), args, values['segments'] ?? 50);
  const chosen = chooseMethods(args.text('method'), subjects[0], Object.keys(values));
  if (args.has('concept') && !chosen.some(({ names }) => names.includes('tcav'))) throw new UsageError('--concept is for --method tcav');
  if (args.has('corrupted') && !chosen.some(({ names }) => names.includes('patching'))) throw new UsageError('--corrupted is for --method patching');

  const status = statusLine();
  const explained: Explained[] = [];
  const optionsOf = ({ title }: Method): Options => ({
    said: (...names) => Object.fromEntries(Object.entries(values).filter(([name]) => (names as readonly string[]).includes(name))) as never,
    generator: () => new Generator(seed),
    onProgress: (done, total) => status.show(`${title}: ${done} of ${total}`),
  });
  for (const subject of subjects) {
    const answers: Answered[] = [];
    for (const method of chosen.filter(({ once }) => !once || subject === subjects[0])) {
      status.show(`${method.title} …`);
      const options = optionsOf(method);
      answers.push({ method, answer: await method.run(subject, options) });
    }
    const checked = args.has('check') ? await check(subject, answers, optionsOf) : [];
    explained.push({ subject, answers, checked });
  }
  status.clear();

  const over = acrossRows(explained);
  const files = await drawn(explained, over, args.has('pictures'));
  // Writing is synchronous: what Ctrl-C asks for is done before it or after it.
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
  for (const [name, content] of files) {
    makeFolderOf(join(out, name));
    writeFileAtomic(join(out, name), content);
  }
  const page = files.has(PAGE) ? join(out, PAGE) : null;
  if (args.has('json')) console.log(JSON.stringify({ folder, page, explanations: explained.map(asJson) }));
  else print(explained, over, page);
} // prettier-ignore

const PAGE = 'explanation.html';

/** More inputs than these are counted, not shown one by one. */
const SHOWN = 5;

/** What each method gave for many rows of the same columns: a beeswarm. */
function acrossRows(explained: readonly Explained[]): { section: ExplanationSection; items: readonly Item[] }[] {
  const [{ subject, answers }] = explained;
  if (explained.length < 2 || !subject.levels) return [];
  return answers.flatMap(({ method, answer }) => {
    if (!method.attribute || !answer.features) return [];
    const attributions = explained.map((each) => [...each.answers.find((other) => other.method === method)!.answer.features!]);
    const size = (c: number): number => attributions.reduce((sum, row) => sum + Math.abs(row[c]) / attributions.length, 0);
    const section: ExplanationSection = {
      method: `${method.title} of ${explained.length} rows`,
      question: method.about,
      kind: 'beeswarm',
      names: subject.names,
      values: explained.map((each) => each.subject.levels!),
      attributions,
      unit: subject.isValue ? subject.unit : subject.unit.split(' of ')[0],
    };
    return [{ section, items: subject.names.map((name, c) => ({ name, value: 'mean size', attribution: size(c) })) }];
  });
} // prettier-ignore

/** What is written, by its name: the page, and with --pictures a file for each of its pictures. */
async function drawn(explained: readonly Explained[], over: ReturnType<typeof acrossRows>, pictures: boolean): Promise<Map<string, string>> {
  const several = explained.length > 1;
  const shown = explained.slice(0, SHOWN);
  const single = shown.flatMap(({ subject, answers, checked }) => [
    ...answers.flatMap(({ method, answer }) =>
      answer.sections.map((section): [string, ExplanationSection] => [
        method.names[0],
        several && !method.once ? { ...section, method: `${section.method}: ${subject.name}` } : section,
      ]),
    ),
    ...checked.map((section): [string, ExplanationSection] => ['check', several ? { ...section, method: `${section.method}: ${subject.name}` } : section]),
  ]);
  const sections = [...over.map(({ section }): [string, ExplanationSection] => ['rows', section]), ...single];
  const files = new Map<string, string>();
  const [{ subject }] = explained;
  const names = shown.map((each) => each.subject.name).join(', ') + (shown.length < explained.length ? `, … ${explained.length} in all` : '');
  try {
    files.set(PAGE, await renderExplanation({
      title: several ? `Why: ${explained.length} predictions` : subject.isValue ? `Why ${subject.target} ${short(subject.predictions[0].value)}?` : `Why ${subject.target}?`,
      subtitle: `${subject.model.constructor.name}, ${names}. Attributions are in units of the ${several && !subject.isValue ? subject.unit.split(' of ')[0] : subject.unit}.${subject.aside === undefined ? '' : ` ${subject.aside}`}`,
      prediction: shown.flatMap((each) => each.subject.predictions.slice(0, several ? 1 : undefined).map(({ label, value }) => ({ label: several ? `${label}: ${each.subject.name}` : label, value: shownValue(each.subject, value) }))),
      sections: sections.map(([, section]) => section),
    }));
    for (const [i, [name, section]] of pictures ? sections.entries() : []) {
      files.set(`explanation-${`${i + 1}`.padStart(2, '0')}-${name}.svg`, await sectionSvg(section));
    }
  } catch (error) {
    if (!(error instanceof ValueError) || !/package/.test(error.message)) throw error;
    console.error(`adjoint: no ${PAGE}: ${error.message}`);
  }
  return files;
} // prettier-ignore

const shownValue = ({ isValue }: Subject, value: number): string =>
  isValue ? short(value) : `${(100 * value).toFixed(1)} %`;

function print(explained: readonly Explained[], over: ReturnType<typeof acrossRows>, page: string | null): void {
  for (const { section, items } of over) console.log(`${formatSection(section, items)}\n`);
  for (const { subject, answers, checked } of explained.slice(0, SHOWN)) {
    const says = subject.predictions.map(({ label, value }) => `${label} ${shownValue(subject, value)}`);
    console.log(
      `${subject.name}: ${says.join(', ')}\nExplained is the ${subject.unit}.${subject.aside !== undefined ? ` ${subject.aside}` : ''}\n`,
    );
    for (const { answer } of answers) {
      answer.sections.forEach((section, i) => {
        const text = formatSection(section, i === 0 ? answer.items : undefined);
        if (text !== '') console.log(`${text}\n`);
      });
    }
    for (const section of checked) console.log(`${formatSection(section, undefined)}\n`);
  }
  if (explained.length > SHOWN) console.log(`… and ${explained.length - SHOWN} more, which --json tells\n`);
  if (page !== null) console.log(`The pictures are in ${page}`);
}

function asJson({ subject, answers, checked }: Explained): object {
  const { name, predictions, target, unit, names } = subject;
  const results = answers.map(({ method, answer: { numbers, features, sections } }) => ({
    method: method.names[0],
    ...numbers,
    ...(method.attribute && features ? { attributions: [...features] } : { sections: sections.map(data) }),
  }));
  return {
    input: name,
    predictions,
    target,
    unit,
    ...(names.length > 0 && { features: names }),
    methods: results,
    ...(checked.length > 0 && { checked: checked.map(data) }),
  };
}

/** What a section holds, without its words and pixels. */
function data(section: ExplanationSection): object {
  const plain = { ...section } as Record<string, unknown>;
  for (const name of ['method', 'question', 'facts', 'note', 'pixels']) delete plain[name];
  if (section.kind === 'pictures') plain['items'] = section.items.map(({ pixels: _, ...rest }) => rest);
  return plain;
}
