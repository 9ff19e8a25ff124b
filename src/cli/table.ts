/** Rows of text in columns; the last column, of numbers, to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, c) => Math.max(name.length, ...rows.map((row) => row[c].length)));
  const last = head.length - 1;
  return [head, ...rows]
    .map((row) => row.map((cell, c) => (c === last ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join('  '))
    .join('\n');
}
