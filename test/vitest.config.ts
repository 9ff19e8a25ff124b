/**
 * How the tests run: in one process a core without isolation between files (about 20 times faster on many small
 * files), so setup.ts resets what modules keep.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { snippets } from './docs/instrument.ts';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

export default defineConfig({
  root: path(''),
  plugins: [snippets()],
  resolve: {
    alias: [
      { find: /^adjoint$/, replacement: path('src/index.ts') },
      { find: /^adjoint\/(\w+)$/, replacement: path('src/$1/index.ts') },
      { find: /^adjoint\/(\w+\/\w+)$/, replacement: path('src/$1.ts') },
    ],
  },
  test: {
    name: 'node',
    include: ['test/**/*.test.ts'],
    setupFiles: [path('test/setup.ts')],
    isolate: false,
    silent: 'passed-only',
  },
});
