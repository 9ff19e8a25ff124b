/** Columns of text, and numbers as people read them. */

/** Rows of text in columns; the last columns, of numbers, to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[], numbers = 1): string {
  const widths = head.map((name, c) => Math.max(name.length, ...rows.map((row) => row[c].length)));
  const first = head.length - numbers;
  const line = (row: readonly string[]): string =>
    row.map((cell, c) => (c >= first ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join('  ');
  return [head, ...rows].map(line).join('\n');
}

/** 12345 as 12,345. */
export const grouped = (n: number): string => `${n}`.replace(/\B(?=(\d{3})+$)/g, ',');

export const size = (bytes: number): string =>
  bytes < 2 ** 10
    ? `${bytes} B`
    : bytes < 2 ** 20
      ? `${(bytes / 2 ** 10).toFixed(1)} KiB`
      : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
