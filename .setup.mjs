/**
 * `npm run setup`: installs what package-lock.json names, when node_modules is missing or older. Otherwise silent.
 * Plain JavaScript without imports from packages: it runs before anything is installed.
 */
import { execSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** When a file was last written; −1 when it is not there. npm writes node_modules/.package-lock.json last. */
const writtenAt = (file) => statSync(new URL(file, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? -1;

if (writtenAt('node_modules/.package-lock.json') < writtenAt('package-lock.json')) {
  try {
    execSync('npm ci --include=dev --no-audit --no-fund', { cwd: import.meta.dirname, stdio: 'inherit' });
  } catch {
    console.error('setup: `npm ci` failed; its own message stands above');
    process.exitCode = 1;
  }
}
