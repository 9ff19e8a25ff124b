/**
 * `npm run setup`: installs what package-lock.json names, when node_modules is missing or older. Otherwise silent.
 * Plain JavaScript without packages: it runs before anything is installed.
 */
import { execSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** When a file was last written; −1 when it is not there. npm writes node_modules/.package-lock.json last. */
const writtenAt = (file) => statSync(new URL(file, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? -1;

if (writtenAt('node_modules/.package-lock.json') < writtenAt('package-lock.json')) {
  console.log('setup: npm ci, once, because package-lock.json is newer than node_modules …');
  try {
    // The log level is named because `npm run -s` hands its silence on, and errors must be seen.
    execSync('npm ci --include=dev --no-audit --no-fund --loglevel=error', {
      cwd: import.meta.dirname,
      stdio: 'inherit',
    });
  } catch {
    console.error('setup: npm ci failed; what it said stands above');
    process.exitCode = 1;
  }
}
