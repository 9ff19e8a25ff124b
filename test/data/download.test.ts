/** Downloads, from a server in this process: whole, cut off and gone on with, damaged, and without a network. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileError, FormatError } from '../../src/array/errors.ts';
import { cacheDir, download, fetchDataset } from '../../src/data/download.ts';

const content = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 7) % 251);
const sha256 = createHash('sha256').update(content).digest('hex');

let dir = '';
let server: Server;
let url = '';
let asked: string[] = [];
/** What the server does; ranges by default. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;

const withRanges = (request: IncomingMessage, response: ServerResponse): void => {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= content.length) return void response.writeHead(416).end();
  const part = content.subarray(from);
  const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': part.length, ...(from > 0 && range) }).end(part);
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'adjoint-download-'));
  asked = [];
  answer = withRanges;
  server = createServer((request, response) => {
    asked.push(request.headers.range ?? 'all');
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
});
afterEach(() => {
  server.close();
  rmSync(dir, { recursive: true });
});

const path = (): string => join(dir, 'deep', 'file.bin');
const arrived = (): boolean => existsSync(path()) && readFileSync(path()).equals(content);

test('a file is fetched once, and then it is there', async () => {
  const seen: [number, number][] = [];
  await download(url, path(), { sha256, onProgress: (bytes, total) => seen.push([bytes, total]) });
  expect(arrived()).toBe(true);
  expect(seen.at(-1)).toEqual([content.length, content.length]);
  await download(url, path(), { sha256: sha256.toUpperCase() });
  expect(asked).toEqual(['all']);
  expect(existsSync(`${path()}.part`)).toBe(false);
});

test('what was cut off goes on where it stopped', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 20_000), () => setTimeout(() => response.destroy(), 20));
  };
  await expect(download(url, path(), { sha256 })).rejects.toThrow(FileError);
  const have = readFileSync(`${path()}.part`).length;
  expect(have).toBeGreaterThan(0);
  expect(existsSync(path())).toBe(false);
  answer = withRanges;
  await download(url, path(), { sha256 });
  expect(asked).toEqual(['all', `bytes=${have}-`]);
  expect(arrived()).toBe(true);
});

test('a server that knows no ranges gives all of it, and a part that is whole is taken', async () => {
  mkdirSync(join(dir, 'deep'));
  writeFileSync(`${path()}.part`, content.subarray(0, 1000));
  answer = (_, response) => void response.writeHead(200).end(content);
  await download(url, path(), { sha256 });
  expect(arrived()).toBe(true);
  rmSync(path());
  writeFileSync(`${path()}.part`, content);
  answer = withRanges;
  await download(url, path(), { sha256 });
  expect(arrived()).toBe(true);
});

test('a wrong checksum is refused, and nothing is left', async () => {
  answer = (_, response) => void response.writeHead(200).end(content.subarray(1));
  await expect(download(url, path(), { sha256 })).rejects.toThrow(FormatError);
  await expect(download(url, path(), { sha256 })).rejects.toThrow(`the SHA-256 must be ${sha256}`);
  expect(existsSync(path()) || existsSync(`${path()}.part`)).toBe(false);
  writeFileSync(path(), 'another file');
  await expect(download(url, path(), { sha256 })).rejects.toThrow(
    /file\.bin: the SHA-256 .* delete it to fetch it again/,
  );
  expect(readFileSync(path(), 'utf8')).toBe('another file');
});

test('the next address is tried, and without any the message says what to do', async () => {
  const closed = 'http://127.0.0.1:1/file';
  await download([closed, url], path(), { sha256 });
  expect(arrived()).toBe(true);
  rmSync(path());
  answer = (_, response) => void response.writeHead(404, 'Not Found').end();
  const failing = download([closed, url], path(), { sha256 });
  await expect(failing).rejects.toThrow(FileError);
  await expect(failing).rejects.toThrow(
    /the file must be there or be fetched, got .*127\.0\.0\.1:1\/file: \S+.*answer 404 Not Found/,
  );
  await expect(failing).rejects.toThrow(`are you offline? Put the file there yourself, from ${closed}`);
});

test('a folder that cannot be written to is told', async () => {
  writeFileSync(join(dir, 'deep'), 'a file, no folder');
  await expect(download(url, path(), { sha256 })).rejects.toThrow(
    /file\.bin: the file must be writable, got (EEXIST|ENOTDIR)/,
  );
});

test('data sets have names, and a place of their own', async () => {
  await expect(fetchDataset('cifar')).rejects.toThrow('the name must be one of mnist, tiny-shakespeare, got "cifar"');
  writeFileSync(join(dir, 'tinyshakespeare.txt'), 'not it');
  await expect(fetchDataset('tiny-shakespeare', { dir })).rejects.toThrow(
    /tinyshakespeare\.txt: the SHA-256 must be 86c4/,
  );
  expect(cacheDir()).toMatch(/adjoint|cache/i);
});
