/**
 * HTML text in which every value is escaped unless it is Markup already.
 * No parser, no DOM: strings in, strings out.
 */

/** HTML that is finished: `html` puts it in as it is. */
export interface Markup {
  readonly markup: string;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML shows it literally, inside an element or a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => entities[c] ?? c);

type Value = string | number | boolean | Markup | readonly Markup[];

function show(value: Value): string {
  if (typeof value !== 'object') return escapeHtml(String(value));
  return 'markup' in value ? value.markup : value.map((m) => m.markup).join('');
}

/** A template tag: ``html`<td>${text}</td>` `` escapes text; Markup, and arrays of it, go in as they are. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Markup => ({
  markup: parts.reduce((all, part, i) => all + show(values[i - 1] ?? '') + part),
});

/** No markup: for a part that is left out. */
export const nothing: Markup = { markup: '' };
