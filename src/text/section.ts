/**
 * A part of a tokenizer.json that is read with care: every value is checked for its type where it is asked for, and
 * a fault is told with the way to it. Knows nothing of tokens.
 */
import { FormatError } from '../array/errors.ts';

/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** A JSON value as messages show it: in one short line. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** An object of a file, and where it stands: `tokenizer.json: model.vocab`. */
export class Section {
  readonly where: string;
  readonly json: Json;

  constructor(where: string, json: unknown) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new FormatError(where, 'there must be an object', show(json));
    }
    this.where = where;
    this.json = json as Json;
  }

  /** Whether something stands under the key: null counts as nothing. */
  has(key: string): boolean {
    return (this.json[key] ?? null) !== null;
  }
  text(key: string, fallback?: string): string {
    return this.value(key, 'string', 'text', fallback) as string;
  }
  number(key: string, fallback?: number): number {
    return this.value(key, 'number', 'a number', fallback) as number;
  }
  flag(key: string, fallback?: boolean): boolean {
    return this.value(key, 'boolean', 'true or false', fallback) as boolean;
  }
  list(key: string): readonly unknown[] {
    const value = this.json[key];
    if (!Array.isArray(value)) throw this.fault(`${key} must be a list`, show(value));
    return value;
  }
  at(key: string): Section {
    return new Section(this.way(key), this.json[key]);
  }
  all(key: string): Section[] {
    return this.list(key).map((item, i) => new Section(this.way(`${key}[${i}]`), item));
  }
  /** What `makers` makes of a section of that type. */
  make<T>(makers: Readonly<Record<string, (section: Section) => T>>): T {
    const type = this.text('type');
    if (!Object.hasOwn(makers, type)) {
      throw this.fault(`type must be one of ${Object.keys(makers).join(', ')}`, show(type));
    }
    return makers[type](this);
  }
  fault(rule: string, got: string, cure?: string): FormatError {
    return new FormatError(this.where, rule, got, cure);
  }

  private way(key: string): string {
    return `${this.where}${this.where.includes(': ') ? '.' : ': '}${key}`;
  }
  private value(key: string, type: string, what: string, fallback?: unknown): unknown {
    const value = this.json[key] ?? fallback;
    if (typeof value !== type) throw this.fault(`${key} must be ${what}`, show(value));
    return value;
  }
}
