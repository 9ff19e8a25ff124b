/** A write that fails or is killed leaves the old file. What the bytes are is tested in safetensors.test.ts. */
import { spawnSync } from 'node:child_process';
import fs, { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FormatError, ValueError } from '../../src/array/errors.ts';
import { nd } from '../../src/array/nd.ts';
import { FileError } from '../../src/array/errors.ts';
import { loadSafetensors, saveSafetensors, writeFileAtomic } from '../../src/io/files.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'adjoint-'));
  path = join(folder, 'model.bin');
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  rmSync(folder, { recursive: true });
});

const read = (): string => readFileSync(path, 'utf8');

/** Makes one call of node:fs fail as the system would, once it has done `before`. */
function failing(
  call: 'openSync' | 'writeFileSync' | 'fsyncSync' | 'renameSync',
  code: string,
  before?: () => void,
): void {
  vi.spyOn(fs, call).mockImplementation(() => {
    before?.();
    throw Object.assign(new Error(`${code}: made up`), { code });
  });
  syncBuiltinESMExports();
}

test('a file is written, and written over, with nothing left beside it', () => {
  writeFileAtomic(path, 'old');
  expect(read()).toBe('old');
  writeFileAtomic(path, Uint8Array.of(0x6e, 0xc3, 0xa9));
  expect(read()).toBe('né');
  writeFileAtomic(path, '');
  expect(read()).toBe('');
  expect(readdirSync(folder)).toEqual(['model.bin']);
});

test('only the bytes of a view are written', () => {
  writeFileAtomic(path, Buffer.from('[view]').subarray(1, 5));
  expect(read()).toBe('view');
});

test('the bytes are on the disk before the name is', () => {
  const calls: string[] = [];
  for (const call of ['writeFileSync', 'fsyncSync', 'renameSync'] as const) {
    const real = fs[call] as (...args: unknown[]) => void;
    vi.spyOn(fs, call).mockImplementation((...args: unknown[]) => {
      calls.push(call);
      real(...args);
    });
  }
  syncBuiltinESMExports();
  writeFileAtomic(path, 'new');
  expect(calls).toEqual(['writeFileSync', 'fsyncSync', 'renameSync']);
});

test.skipIf(process.platform === 'win32')('a symbolic link stays one', () => {
  const link = join(folder, 'latest');
  writeFileAtomic(path, 'old');
  symlinkSync('model.bin', link);
  writeFileAtomic(link, 'new');
  expect(readlinkSync(link)).toBe('model.bin');
  expect(read()).toBe('new');
});

test.each([
  [
    'openSync',
    'EACCES',
    /model\.bin: the folder must be writable, got no permission in .* \(EACCES\); choose another folder/,
  ],
  ['openSync', 'EROFS', /the folder must be writable/],
  ['writeFileSync', 'ENOSPC', /the disk must have room for 3 bytes, got a full one \(ENOSPC\); free some space/],
  ['fsyncSync', 'EIO', /the file must be writable, got EIO; see the cause/],
  ['renameSync', 'EPERM', /the folder must be writable/],
] as const)('when %s fails with %s, the old file stays and nothing else does', (call, code, message) => {
  writeFileAtomic(path, 'old');
  failing(call, code);
  expect(() => writeFileAtomic(path, 'né')).toThrow(FileError);
  expect(() => writeFileAtomic(path, 'né')).toThrow(message);
  expect(read()).toBe('old');
  expect(readdirSync(folder)).toEqual(['model.bin']);
});

test('a file that happens to have the temporary name is not touched', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const rename = vi.spyOn(fs, 'renameSync').mockImplementation(() => {});
  syncBuiltinESMExports();
  writeFileAtomic(path, 'not mine');
  rename.mockRestore();
  syncBuiltinESMExports();
  const before = readdirSync(folder);
  expect(() => writeFileAtomic(path, 'new')).toThrow(/got EEXIST/);
  expect(before).toHaveLength(1);
  expect(readdirSync(folder)).toEqual(before);
  expect(readFileSync(join(folder, before[0]), 'utf8')).toBe('not mine');
});

test('the system’s own error is the cause', () => {
  failing('fsyncSync', 'EIO');
  const error = ((): unknown => {
    try {
      return writeFileAtomic(path, 'new');
    } catch (thrown) {
      return thrown;
    }
  })() as FileError;
  expect((error.cause as NodeJS.ErrnoException).code).toBe('EIO');
});

test('a missing folder, a file for a folder and a folder for a file are each named', () => {
  expect(() => writeFileAtomic(join(folder, 'no', 'a'), '')).toThrow(
    /the folder must exist, got no folder .*no \(ENOENT\); create it first/,
  );
  writeFileAtomic(path, 'old');
  expect(() => writeFileAtomic(join(path, 'a'), '')).toThrow(/the folder must exist, got no folder .*\(ENOTDIR\)/);
  expect(() => writeFileAtomic(folder, '')).toThrow(FileError);
  expect(readdirSync(folder)).toEqual(['model.bin']);
  expect(readdirSync(join(folder, '..')).filter((name) => name.startsWith(`${folder.split(/[/\\]/).at(-1)}.`))).toEqual(
    [],
  );
});

test.skipIf(process.platform === 'win32').each([
  ['half the bytes are written', 'writeFileSync', '(file, content) => { real(file, content.slice(0, 2)); die(); }'],
  ['all bytes are written', 'fsyncSync', 'die'],
  ['the new file is about to take its name', 'renameSync', 'die'],
])('a process that is killed when %s leaves the old file whole', (_when, call, body) => {
  writeFileAtomic(path, 'old');
  const url = pathToFileURL(join(import.meta.dirname, '../../src/io/files.ts')).href;
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const real = fs.${call};
    const die = () => { process.kill(process.pid, 'SIGKILL'); while (true); };
    const { writeFileAtomic } = await import(${JSON.stringify(url)});
    fs.${call} = ${body};
    syncBuiltinESMExports();
    writeFileAtomic(${JSON.stringify(path)}, 'new one');`;
  const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 50_000,
  });
  expect([child.signal, child.stderr]).toEqual(['SIGKILL', '']);
  expect(read()).toBe('old');
  expect(readdirSync(folder)).toHaveLength(2); // the temporary file: nobody was left to remove it
  writeFileAtomic(path, 'new'); // and it is in nobody's way
  expect(read()).toBe('new');
});

test('tensors that are saved are the tensors that are loaded', () => {
  const tensors = {
    b: { nd: nd(Float32Array.of(1, 2, 3, 4), [2, 2], [1, 2]) },
    a: { nd: nd(Float64Array.of(0.1), []) },
  };
  saveSafetensors(path, tensors, { epoch: '3' });
  const back = loadSafetensors(path);
  expect(Object.entries(back.tensors).map(([name, x]) => [name, x.shape, x.nd.data])).toEqual([
    ['b', [2, 2], Float32Array.of(1, 3, 2, 4)],
    ['a', [], Float64Array.of(0.1)],
  ]);
  expect({ ...back.metadata }).toEqual({ epoch: '3' });
  const first = readFileSync(path);
  saveSafetensors(path, tensors, { epoch: '3' });
  expect(readFileSync(path).equals(first)).toBe(true);
});

test('a save that is refused does not touch the file', () => {
  writeFileAtomic(path, 'old');
  expect(() => saveSafetensors(path, { __metadata__: { nd: nd(Float32Array.of(1), [1]) } })).toThrow(ValueError);
  expect(read()).toBe('old');
});

test('a file that cannot be loaded is named, with the reason', () => {
  expect(() => loadSafetensors(path)).toThrow(
    /model\.bin: the path must name a file that can be read, got no such file \(ENOENT\); check the path/,
  );
  expect(() => loadSafetensors(path)).toThrow(FileError);
  expect(() => loadSafetensors(folder)).toThrow(/got a folder \(EISDIR\)/);
  writeFileAtomic(path, 'no tensors in here');
  expect(() => loadSafetensors(path)).toThrow(FormatError);
  expect(() => loadSafetensors(path)).toThrow(/model\.bin: the header must be at most/);
});
