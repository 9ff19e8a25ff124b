/**
 * Data sets from the web by name, on Node only: fetched once into a cache, checked, and gone on with where a download
 * was cut off.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { FileError, FormatError, ValueError } from '../array/errors.ts';

export interface DownloadOptions {
  /** of the whole file, in hexadecimal */
  readonly sha256: string;
  /** told how many bytes are there, and of how many (0 if the server does not say) */
  readonly onProgress?: (bytes: number, total: number) => void;
}

interface Source {
  readonly name: string;
  readonly urls: readonly string[];
  readonly sha256: string;
}

const mnistFile = (name: string, sha256: string): Source => ({
  name,
  urls: ['https://ossci-datasets.s3.amazonaws.com/mnist/', 'https://storage.googleapis.com/cvdf-datasets/mnist/'].map(
    (base) => base + name,
  ),
  sha256,
});

/** What can be fetched by name. */
const sources: Readonly<Record<string, readonly Source[]>> = {
  mnist: [
    mnistFile('train-images-idx3-ubyte.gz', '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609'),
    mnistFile('train-labels-idx1-ubyte.gz', '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c'),
    mnistFile('t10k-images-idx3-ubyte.gz', '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6'),
    mnistFile('t10k-labels-idx1-ubyte.gz', 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6'),
  ],
  'tiny-shakespeare': [
    {
      name: 'tinyshakespeare.txt',
      urls: ['https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt'],
      sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
    },
  ],
};

/** Where downloads are kept: $ADJOINT_CACHE, else .cache/adjoint in the user's folder. */
export const cacheDir = (): string => process.env.ADJOINT_CACHE ?? join(homedir(), '.cache', 'adjoint');

/**
 * The folder with a data set, fetched if it is not there yet: 'mnist' (four files, for readMnist) or 'tiny-shakespeare'
 * (tinyshakespeare.txt). Files that someone has put there by hand do as well, if they are the right ones.
 * @param options dir: where to, in place of a folder in the cache
 * @throws ValueError for another name; else as download
 * ```ts no-run
 * import { fetchDataset } from 'adjoint/data/download';
 * import { readMnist } from 'adjoint/data/mnist';
 * const { train, test } = readMnist(await fetchDataset('mnist'));
 * ```
 */
export async function fetchDataset(
  name: string,
  { dir = join(cacheDir(), name), onProgress }: { readonly dir?: string } & Pick<DownloadOptions, 'onProgress'> = {},
): Promise<string> {
  if (!Object.hasOwn(sources, name)) {
    throw new ValueError(
      'fetchDataset',
      `the name must be one of ${Object.keys(sources).join(', ')}`,
      JSON.stringify(name),
    );
  }
  for (const { name: file, urls, sha256 } of sources[name]) {
    await download(urls, join(dir, file), { sha256, ...(onProgress && { onProgress }) });
  }
  return dir;
}

/**
 * Fetches a file unless it is there already. It grows as `path.part` and gets its name when its checksum is right; what
 * was cut off goes on where it stopped, if the server can.
 * @param urls one address, or several of the same file, tried in order
 * @throws FileError when no address answers, as without a network, saying what to fetch by hand and where to put it, or
 * when the file cannot be written; FormatError when the checksum is wrong, and then nothing is left
 * ```ts no-run
 * import { download } from 'adjoint/data/download';
 * await download('https://example.org/data.csv', 'data/data.csv', { sha256: '9f86d08…' });
 * ```
 */
export async function download(
  urls: string | readonly string[],
  path: string,
  options: DownloadOptions,
): Promise<void> {
  if (existsSync(path)) return verify(path, path, options.sha256, 'delete it to fetch it again');
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw unwritable(path, error);
  }
  const part = `${path}.part`;
  const list = typeof urls === 'string' ? [urls] : urls;
  const failures: string[] = [];
  for (const url of list) {
    try {
      await fetchInto(url, part, options);
    } catch (error) {
      if (error instanceof FileError) throw error;
      failures.push(`${url}: ${reason(error)}`);
      continue;
    }
    try {
      await verify(part, url, options.sha256, 'it was damaged on the way, or is another file now');
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
    renameSync(part, path);
    return;
  }
  const cure = `are you offline? Put the file there yourself, from ${list[0]}`;
  throw new FileError(path, 'the file must be there or be fetched', failures.join('; '), cure);
}

/** Appends what is missing of a file; begins anew where the server gives all of it. */
async function fetchInto(url: string, part: string, { onProgress }: DownloadOptions): Promise<void> {
  let have = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  const response = await fetch(url, have > 0 ? { headers: { range: `bytes=${have}-` } } : {});
  if (response.status === 416) {
    // Nothing lies behind what is there: it is whole (which its checksum will tell), or longer than the file.
    await response.body?.cancel();
    return;
  }
  if (!response.ok || !response.body) throw new Error(`answer ${response.status} ${response.statusText}`.trim());
  const goesOn =
    response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`) === true;
  if (!goesOn) have = 0;
  const total = have + Number(response.headers.get('content-length') ?? 0);
  let file: number;
  try {
    file = openSync(part, goesOn ? 'a' : 'w');
  } catch (error) {
    throw unwritable(part, error);
  }
  try {
    for await (const chunk of response.body) {
      try {
        for (let done = 0; done < chunk.length;) done += writeSync(file, chunk, done);
      } catch (error) {
        throw unwritable(part, error);
      }
      have += chunk.length;
      onProgress?.(have, total);
    }
  } finally {
    closeSync(file);
  }
}

async function verify(path: string, what: string, sha256: string, cure: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  const got = hash.digest('hex');
  if (got !== sha256.toLowerCase()) throw new FormatError(what, `the SHA-256 must be ${sha256}`, got, cure);
}

const unwritable = (path: string, cause: unknown): FileError => {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const cure = code === 'ENOSPC' ? 'free some space; what is there will be gone on with' : 'choose another folder';
  return new FileError(path, 'the file must be writable', code, cure, { cause });
};

/** What fetch says is "fetch failed"; its cause says why. */
function reason(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message: string };
  return cause?.code ?? cause?.message ?? message;
}
