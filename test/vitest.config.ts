/**
 * How the tests run: in one process a core without isolation between files (about 20 times faster on many small
 * files), so setup.ts resets what modules keep. The kernels are tested once more in Chromium, where one is found.
 */
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { findChromium } from './chromium.ts';
import { snippets } from './docs/instrument.ts';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

const inNode: TestProjectInlineConfiguration = {
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
    exclude: ['test/browser/**'],
    setupFiles: [path('test/setup.ts')],
    isolate: false,
    testTimeout: 60_000, // machines may be busy: no test fails on a time
  },
};

const inBrowser = (executablePath: string): TestProjectInlineConfiguration => ({
  root: path(''),
  // Shared memory, and so threads, exist only where a page is cross-origin isolated.
  server: {
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
  test: {
    name: 'chromium',
    include: ['test/browser/*.test.ts', 'test/kernels/{matmul,simd,simdRows,functions,conv,optim,assembler}.test.ts'],
    setupFiles: [path('test/setup.ts')],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { executablePath, args: ['--no-sandbox'] } }),
      instances: [{ browser: 'chromium' }],
    },
  },
});

const chromium = findChromium();
if (chromium === undefined) console.log('No Chromium on the PATH: the tests in a browser are left out.');

export default defineConfig({
  root: path(''),
  test: { silent: 'passed-only', projects: [inNode, ...(chromium === undefined ? [] : [inBrowser(chromium)])] },
});
