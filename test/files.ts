/**
 * What the tests of the project itself read: the files below a folder, as paths from the root with `/`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** The text of a file, by its path from the root. */
export const read = (file: string): string => readFileSync(root + file, 'utf8');

/** Every file below `folder` whose name ends in `ending`, sorted; packages and hidden folders are passed over. */
export function filesUnder(folder: string, ending: string): string[] {
  if (!existsSync(root + folder)) return [];
  const entries = readdirSync(root + folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : filesUnder(path, ending);
    }
    return entry.name.endsWith(ending) ? [path] : [];
  });
}
