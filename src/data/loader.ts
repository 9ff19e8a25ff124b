/**
 * class DataLoader: batches of a data set, epoch by epoch, from any place in an epoch: its state is a few numbers.
 */
import { ValueError } from '../array/errors.ts';
import { defaultGenerator, Generator, type GeneratorState } from '../array/random.ts';
import { collate as defaultCollate, type Collated } from './collate.ts';
import { isReady, type Dataset, type Item } from './dataset.ts';
import { randomSampler, sequentialSampler, type Sampler } from './samplers.ts';

export interface LoaderOptions<T, B> {
  /** items in a batch (default 1) */
  readonly batchSize?: number;
  /** a new random order in each epoch (default false) */
  readonly shuffle?: boolean;
  /** which items an epoch has, in place of `shuffle` */
  readonly sampler?: Sampler;
  /** leaves out a last batch that is smaller (default false) */
  readonly dropLast?: boolean;
  /** from items to a batch (default `collate`) */
  readonly collate?: (items: Item<T>[]) => B;
  /** what its own generator is split off; the default generator (see manualSeed) if left out */
  readonly generator?: Generator;
}

/** Where a loader is; plain data, so that JSON can keep it. */
export interface LoaderState {
  /** what the order of later epochs is drawn from */
  readonly generator: GeneratorState;
  /** the seed of the epoch that has begun, or null between epochs */
  readonly seed: number | null;
  /** how many batches of it have been handed out */
  readonly taken: number;
}

/**
 * Goes over a data set in batches: `for (const batch of loader)` is an epoch, or the rest of the one that
 * `loadStateDict` left off in. Where `get` gives promises, `for await (const batch of loader)` gets the items of the
 * next batch while this one is used. PyTorch: `DataLoader`.
 *
 * A state saved within the loop counts the batch at hand as taken. Order and augmentation follow from the state alone:
 * a run that is stopped and goes on sees the very batches that it would have seen.
 * ```ts
 * import { arange, Generator } from 'adjoint';
 * import { DataLoader, tensorDataset } from 'adjoint/data';
 * const loader = () => new DataLoader(tensorDataset(arange(10)), { batchSize: 4, shuffle: true, generator: new Generator(1) });
 * const whole = Array.from(loader(), ([x]) => x.toArray());
 * const first = loader();
 * for (const _ of first) break; // one batch, then something happens
 * const saved = JSON.stringify(first.stateDict());
 * const second = loader();
 * second.loadStateDict(JSON.parse(saved));
 * const rest = Array.from(second, ([x]) => x.toArray());
 * console.log(rest.length, JSON.stringify(rest) === JSON.stringify(whole.slice(1))); // => 2 true
 * ```
 */
export class DataLoader<T, B = Collated<Item<T>>> {
  /** Batches in an epoch. */
  readonly length: number;
  private readonly set: Dataset<T>;
  private readonly sampler: Sampler;
  private readonly batchSize: number;
  private readonly collate: (items: Item<T>[]) => B;
  private readonly generator: Generator;
  private seed: number | null = null;
  private taken = 0;
  /** Whether the next loop goes on in the epoch that has begun. */
  private resumes = false;

  /** @throws ValueError for a batch size that is no whole number from 1, or shuffle with a sampler. */
  constructor(set: Dataset<T>, options: LoaderOptions<T, B> = {}) {
    const { batchSize = 1, shuffle = false, sampler, dropLast = false, generator = defaultGenerator } = options;
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new ValueError('DataLoader', 'batchSize must be a whole number from 1', `${batchSize}`);
    }
    if (shuffle && sampler) {
      throw new ValueError('DataLoader', 'a sampler says the order itself', 'shuffle as well', 'leave one out');
    }
    this.set = set;
    this.sampler = sampler ?? (shuffle ? randomSampler(set.length) : sequentialSampler(set.length));
    this.batchSize = batchSize;
    this.collate = options.collate ?? ((items) => defaultCollate(items) as B);
    this.generator = generator.split();
    const batches = this.sampler.length / batchSize;
    this.length = dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  *[Symbol.iterator](): IterableIterator<B> {
    const { seed, order } = this.begin();
    for (let at = this.taken; at < this.length; at++) {
      const items = this.request(order, seed, at);
      if (!items.every(isReady)) {
        throw new ValueError('DataLoader', 'a plain loop needs items, not promises', 'a promise', 'use for await');
      }
      const batch = this.collate(items);
      if (!this.take(seed, at)) return;
      yield batch;
    }
    this.end(seed);
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<B> {
    const { seed, order } = this.begin();
    const fetch = (at: number): Promise<Item<T>[]> => {
      const items = Promise.all(at < this.length ? this.request(order, seed, at) : []) as Promise<Item<T>[]>;
      items.catch(() => {}); // it is reported when its turn comes
      return items;
    };
    let next = fetch(this.taken);
    for (let at = this.taken; at < this.length; at++) {
      const items = await next;
      next = fetch(at + 1);
      const batch = this.collate(items);
      if (!this.take(seed, at)) return;
      yield batch;
    }
    this.end(seed);
  }

  /** Where it is: see loadStateDict. */
  stateDict(): LoaderState {
    return { generator: this.generator.getState(), seed: this.seed, taken: this.taken };
  }

  /** Goes to where another loader of the same data and options was: the next loop is the rest of that epoch. */
  loadStateDict({ generator, seed, taken }: LoaderState): void {
    if (!Number.isInteger(taken) || taken < 0 || taken > this.length || (seed === null && taken > 0)) {
      const rule = `the state must be one of a loader with ${this.length} batches`;
      throw new ValueError('DataLoader.loadStateDict', rule, `${taken} batches taken`);
    }
    this.generator.setState(generator);
    this.seed = seed;
    this.taken = taken;
    this.resumes = seed !== null;
  }

  /** A new epoch has a new seed, from which its order follows. */
  private begin(): { seed: number; order: number[] } {
    if (!this.resumes || this.seed === null) {
      this.seed = this.generator.bits();
      this.taken = 0;
    }
    this.resumes = false;
    return { seed: this.seed, order: this.sampler.draw(new Generator(this.seed)) };
  }

  /** Counts a batch; false when a newer loop has begun, to which the state belongs. */
  private take(seed: number, at: number): boolean {
    if (this.seed !== seed) return false;
    this.taken = at + 1;
    return true;
  }

  private end(seed: number): void {
    if (this.seed !== seed) return;
    this.seed = null;
    this.taken = 0;
  }

  /** The items of a batch. Each has a generator of its own, from the epoch's seed and its place in the epoch. */
  private request(order: readonly number[], seed: number, at: number): T[] {
    const start = at * this.batchSize;
    return order
      .slice(start, start + this.batchSize)
      .map((index, i) => this.set.get(index, new Generator(seed * 2 ** 21 + ((start + i + 1) % 2 ** 21))));
  }
}
