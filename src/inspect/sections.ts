/** What the pictures of an explanation are told: one section a picture, and the checks of what comes. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { Curve } from './charts.ts';
import type { Picture } from './pictures.ts';

export interface Head {
  /** `Integrated gradients`: the heading. */
  readonly method: string;
  /** What the method answers, as a question. */
  readonly question?: string;
  /** Numbers beside the picture: `{ label: 'gap', value: '0.0003' }`. */
  readonly facts?: readonly { readonly label: string; readonly value: string }[];
  /** How to read it, or how it misleads. */
  readonly note?: string;
}

/** One picture beside its heat map. */
export interface ImageSection extends Head, Picture {
  readonly kind: 'image';
  /** A number for each pixel, row by row from the top left. */
  readonly attributions: ArrayLike<number>;
  /** What attributions are in: `logit`. */
  readonly unit: string;
}

/** One row of a table: bars and, where attributions lead from `base` to `output`, a waterfall. */
export interface FeaturesSection extends Head {
  readonly kind: 'features';
  readonly features: readonly { readonly name: string; readonly value: string; readonly attribution: number }[];
  /** f of the baseline; with `output`, or neither. */
  readonly base?: number;
  /** f of the row. What base and attributions leave of it is shown as a step of its own. */
  readonly output?: number;
  readonly unit: string;
}

/** Many rows of a table: a dot for each row and feature, and bars of the mean |attribution|. */
export interface BeeswarmSection extends Head {
  readonly kind: 'beeswarm';
  readonly names: readonly string[];
  /** Rows × features; the colour of a dot. NaN is a missing value. */
  readonly values: readonly (readonly number[])[];
  /** Rows × features; the place of a dot. */
  readonly attributions: readonly (readonly number[])[];
  readonly unit: string;
}

/** A text whose tokens are shaded. */
export interface TokensSection extends Head {
  readonly kind: 'tokens';
  readonly tokens: readonly { readonly text: string; readonly attribution: number }[];
  readonly unit: string;
}

/** A text that a model wrote: for each of its tokens, what those before it did. */
export interface GeneratedSection extends Head {
  readonly kind: 'generated';
  readonly prompt: readonly string[];
  readonly generated: readonly string[];
  /** Row i has a number for each token of the prompt and for the i generated ones before. */
  readonly attributions: readonly (readonly number[])[];
  readonly unit: string;
}

/** Which token looks at which: all heads of all layers. */
export interface AttentionSection extends Head {
  readonly kind: 'attention';
  readonly tokens: readonly string[];
  /** layers[layer][head][to][from]: how much of what `to` reads comes from `from`; rows sum to 1. */
  readonly layers: readonly (readonly (readonly (readonly number[])[])[])[];
}

/** A table of numbers as a heat map: a logit lens, activation patching. NaN leaves a cell empty. */
export interface GridSection extends Head {
  readonly kind: 'grid';
  readonly title: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly values: readonly (readonly number[])[];
  /** What is written in the cells. */
  readonly texts?: readonly (readonly string[])[];
  readonly unit: string;
}

/** Lines: partial dependence over its ICE, deletion and insertion. A y that is not finite leaves a gap, said in words. */
export interface CurvesSection extends Head, Curve {
  readonly kind: 'curves';
  readonly xLabel: string;
}

/** Pictures with captions, and over them, where there are attributions, heat maps. */
export interface PicturesSection extends Head {
  readonly kind: 'pictures';
  readonly items: readonly (Picture & { readonly caption: string; readonly attributions?: ArrayLike<number> })[];
  /** What attributions are in; needed where there are any. */
  readonly unit?: string;
  /** Whether all heat maps have one scale (the default), or `each` its own, as different methods must. */
  readonly scale?: 'shared' | 'each';
  /** How many stand in a row; default: as many as have room. */
  readonly columns?: number;
}

/** Words: an anchor's rule. Line breaks stay. */
export interface TextSection extends Head {
  readonly kind: 'text';
  readonly text: string;
}

export type ExplanationSection =
  | ImageSection
  | FeaturesSection
  | BeeswarmSection
  | TokensSection
  | GeneratedSection
  | AttentionSection
  | GridSection
  | CurvesSection
  | PicturesSection
  | TextSection;

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** Refuses a section that cannot be drawn, in the name of its method. */
export function checkSection(section: ExplanationSection): void {
  const where = section.method;
  const shape = (rule: string, got: string): never => {
    throw new ShapeError(where, rule, got);
  };
  const finite = (values: ArrayLike<number>, what: string): void => {
    const bad = Array.from(values).filter((value) => !Number.isFinite(value));
    if (bad.length > 0) {
      const got = `${bad[0]} (${bad.length} of ${values.length} are not)`;
      throw new ValueError(where, `${what} must be finite numbers`, got);
    }
  };
  const some = (n: number, what: string): void => {
    if (n === 0) throw new ValueError(where, `there must be ${what} to draw`, 'none');
  };
  /** A matrix of these lengths; the rows' lengths may differ. */
  const rows = (matrix: readonly (readonly unknown[])[], lengths: readonly number[], rule: string): void => {
    const got = matrix.map((row) => row.length);
    if (got.length !== lengths.length || got.some((n, i) => n !== lengths[i])) shape(rule, `rows of ${showShape(got)}`);
  };
  const pixels = ({ width, height }: Picture, attributions: ArrayLike<number>, which = ''): void => {
    if (attributions.length !== width * height) {
      shape(
        `attributions must be height · width numbers`,
        `${attributions.length} for ${showShape([height, width])}${which}`,
      );
    }
    finite(attributions, `attributions${which}`);
  };
  switch (section.kind) {
    case 'image':
      pixels(section, section.attributions);
      break;
    case 'pictures': {
      const { items, unit, columns } = section;
      some(items.length, 'a picture');
      if (columns !== undefined && !(Number.isInteger(columns) && columns >= 1)) {
        throw new ValueError(where, 'columns must be a whole number from 1', `${columns}`);
      }
      items.forEach((item, i) => {
        if (item.attributions === undefined) return;
        if (unit === undefined) throw new ValueError(where, 'attributions must have a unit', 'none');
        pixels(item, item.attributions, ` (picture ${i})`);
      });
      break;
    }
    case 'features':
      some(section.features.length, 'a feature');
      finite(
        section.features.map(({ attribution }) => attribution),
        'attributions',
      );
      if ((section.base === undefined) !== (section.output === undefined)) {
        throw new ValueError(where, 'base and output must come together', 'one of them');
      }
      finite([section.base ?? 0, section.output ?? 0], 'base and output');
      break;
    case 'beeswarm': {
      const { names, values, attributions } = section;
      some(names.length, 'a feature');
      some(attributions.length, 'a row');
      const lengths = attributions.map(() => names.length);
      rows(attributions, lengths, `attributions must be rows of ${counted(names.length, 'number')}`);
      rows(values, lengths, `values must be ${counted(lengths.length, 'row')} of ${counted(names.length, 'number')}`);
      finite(attributions.flat(), 'attributions');
      break;
    }
    case 'tokens':
      some(section.tokens.length, 'a token');
      finite(
        section.tokens.map(({ attribution }) => attribution),
        'attributions',
      );
      break;
    case 'generated': {
      const { prompt, generated, attributions } = section;
      some(generated.length, 'a generated token');
      const lengths = generated.map((_, i) => prompt.length + i);
      rows(attributions, lengths, 'attributions must have a number for each token before a generated one');
      finite(attributions.flat(), 'attributions');
      break;
    }
    case 'attention': {
      const { tokens, layers } = section;
      some(tokens.length, 'a token');
      some(layers.length === 0 ? 0 : layers[0].length, 'a head');
      for (const [l, heads] of layers.entries()) {
        if (heads.length !== layers[0].length)
          shape('layers must have the same number of heads', showShape(layers.map((h) => h.length)));
        for (const head of heads) {
          const n = tokens.length;
          rows(
            head,
            tokens.map(() => n),
            `a head must be [${n}, ${n}], a row and a column for each token`,
          );
          const bad = head.flat().find((weight) => !(weight >= 0 && weight <= 1 + 1e-3));
          if (bad !== undefined) throw new ValueError(where, 'attention must be from 0 to 1', `${bad} in layer ${l}`);
        }
      }
      break;
    }
    case 'grid': {
      const { rows: names, columns, values, texts } = section;
      some(names.length * columns.length, 'a cell');
      const lengths = names.map(() => columns.length);
      const rule = `must be ${counted(names.length, 'row')} of ${columns.length}`;
      rows(values, lengths, `values ${rule}`);
      if (texts) rows(texts, lengths, `texts ${rule}`);
      break;
    }
    case 'curves':
      some(section.series.length, 'a line');
      if (section.series.length > 8) {
        const got = `${section.series.length}`;
        throw new ValueError(where, 'at most 8 lines can be told apart', got, 'put single rows into background');
      }
      break;
    case 'text':
      break;
  }
}
