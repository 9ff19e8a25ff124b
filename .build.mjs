/**
 * Builds the package into dist, or into the folder that is named: a file for each entry of package.json's exports and bin, what
 * entries share in chunks beside them, and the declarations of all modules. As modules of their own they would take Node
 * three times as long to find and read.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { build } from 'vite';

const [folder = 'dist'] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });

const types = ['node_modules/typescript/bin/tsc', '-p', 'src/tsconfig.build.json', '--outDir', folder];
const { status } = spawnSync(process.execPath, types, { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

const { bin, exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const outputs = [...Object.values(exports).flatMap((entry) => entry.default ?? []), ...Object.values(bin)];
const nameOf = (file) => file.replace('./dist/', '').replace(/\.js$/, '');
await build({
  configFile: false,
  logLevel: 'warn',
  build: {
    outDir: folder,
    emptyOutDir: false,
    target: 'es2022',
    minify: false,
    sourcemap: true,
    lib: {
      entry: Object.fromEntries(outputs.map((file) => [nameOf(file), `src/${nameOf(file)}.ts`])),
      formats: ['es'],
    },
    rolldownOptions: {
      external: (name) => !/^[./]/.test(name),
      output: { entryFileNames: '[name].js', chunkFileNames: 'shared/[name].js' },
    },
  },
});
