/**
 * Classes of characters, and regular expressions of the tokenizers library (in Oniguruma's words) as
 * JavaScript's: there \s, \w and \d are Unicode's classes, here they are not.
 */
import type { Section } from './section.ts';

const SPACE = '\\p{White_Space}';
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
const classes: Readonly<Record<string, [outside: string, inside: string]>> = {
  s: [SPACE, SPACE],
  S: ['\\P{White_Space}', '\\P{White_Space}'],
  d: ['\\p{Nd}', '\\p{Nd}'],
  D: ['\\P{Nd}', '\\P{Nd}'],
  w: [`[${WORD}]`, WORD],
  W: [`[^${WORD}]`, ''],
};

/** Half of a surrogate pair alone, which is no Unicode text and has no UTF-8. */
export const loneSurrogate: RegExp = /\p{Surrogate}/u;

/** Text for a regular expression that means just that text. */
export const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** A letter in both cases, as (?i: ) means it: also ſ for s and the Kelvin sign for k. */
function bothCases(letter: string): string {
  const others = { s: 'ſ', k: '\u212a' }[letter.toLowerCase()] ?? '';
  return `[${letter.toLowerCase()}${letter.toUpperCase()}${others}]`;
}

/**
 * The expression of a file's pattern. Written out is what JavaScript on Node 20 has no words for: Unicode's \s \w \d,
 * and groups (?i: ) that mind no case. Other constructs, such as possessive quantifiers, are refused.
 */
export function regexOf(pattern: string, section: Section): RegExp {
  let source = '';
  let inClass = false;
  const groups: boolean[] = []; // for each open group: whether case counts for nothing in it
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i];
    const free = groups.at(-1) ?? false;
    if (c === '\\') {
      const escaped = pattern[++i] ?? '';
      const known = Object.hasOwn(classes, escaped) ? classes[escaped][inClass ? 1 : 0] : undefined;
      if (known === '') throw section.fault('Regex must not have \\W within [ ]', JSON.stringify(pattern));
      source += known ?? (/[a-zA-Z0-9^$\\.*+?()[\]{}|/-]/.test(escaped) ? `\\${escaped}` : escaped);
      if (/[pPu]/.test(escaped)) {
        const end = pattern.indexOf('}', i);
        if (pattern[i + 1] === '{' && end > 0) {
          source += pattern.slice(i + 1, end + 1);
          i = end;
        }
      }
    } else if (inClass) {
      inClass = c !== ']';
      source += free && /[a-zA-Z]/.test(c) && pattern[i + 1] !== '-' ? bothCases(c).slice(1, -1) : c;
    } else if (c === '(') {
      const insensitive = pattern.startsWith('(?i:', i);
      groups.push(free || insensitive);
      source += insensitive ? '(?:' : c;
      if (insensitive) i += 3;
    } else {
      if (c === ')') groups.pop();
      inClass = c === '[';
      source += free && /[a-zA-Z]/.test(c) && pattern[i - 1] !== '?' ? bothCases(c) : c;
    }
  }
  try {
    return new RegExp(source, 'gu');
  } catch {
    throw section.fault('Regex must be one that JavaScript knows too', JSON.stringify(pattern));
  }
}

/** A pattern as files have it: `{ "String": … }`, text to be found as it stands, or `{ "Regex": … }`. */
export function patternOf(section: Section): RegExp {
  if (section.has('Regex')) return regexOf(section.text('Regex'), section);
  return new RegExp(literal(section.text('String')) || '(?!)', 'gu');
}
