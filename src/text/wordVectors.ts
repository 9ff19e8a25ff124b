/** class WordVectors: words as points, nearest neighbours and analogies; and the text format of word2vec. */
import { FormatError, ShapeError, ValueError, showShape } from '../array/errors.ts';
import { nd } from '../array/nd.ts';
import { Tensor } from '../tensor.ts';

/** A word, and the cosine of the angle to what was asked for: 1 in the same direction. */
export interface Neighbour {
  readonly word: string;
  readonly similarity: number;
}

/**
 * Words and their vectors; made by trainWordVectors, or from a file.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { WordVectors } from 'adjoint/text';
 * const vectors = new WordVectors(['man', 'woman', 'king', 'queen'], tensor([[0, 0], [0, 1], [2, 0.1], [2, 1]]).sub(1));
 * console.log(vectors.nearest('king', 1)[0].word, vectors.analogy('man', 'king', 'woman', 1)[0].word); // => queen queen
 * ```
 */
export class WordVectors {
  readonly words: readonly string[];
  /** [V, D], row i is the vector of word i */
  readonly vectors: Tensor;
  private readonly idOf: ReadonlyMap<string, number>;
  /** the same rows, of length 1 */
  private readonly directions: Tensor;

  /** @throws ShapeError unless there is a row for each word; ValueError when a word comes twice */
  constructor(words: readonly string[], vectors: Tensor) {
    if (vectors.ndim !== 2 || vectors.shape[0] !== words.length) {
      const got = `${words.length} words and ${showShape(vectors.shape)}`;
      throw new ShapeError('WordVectors', 'there must be a row for each word', got);
    }
    this.words = words;
    this.vectors = vectors.detach();
    this.idOf = new Map(words.map((word, i) => [word, i]));
    if (this.idOf.size < words.length) {
      const twice = words.find((word, i) => this.idOf.get(word) !== i);
      throw new ValueError('WordVectors', 'each word must come once', `${JSON.stringify(twice)} twice`);
    }
    const norms = this.vectors.square().sum(1, true).sqrt();
    this.directions = this.vectors.div(norms.clamp(1e-12));
  }

  has(word: string): boolean {
    return this.idOf.has(word);
  }
  /** The vector of a word, [D]. @throws ValueError when it is not in the vocabulary */
  vector(word: string): Tensor {
    return this.vectors.select(0, this.id(word));
  }
  /** The cosine of the angle between two words' vectors. */
  similarity(a: string, b: string): number {
    return this.direction(a).mul(this.direction(b)).sum().item();
  }
  /**
   * The k nearest by angle, the nearest first: of a word (without itself), or of a vector [D].
   * @throws ValueError when the word is not in the vocabulary
   */
  nearest(to: string | Tensor, k = 10): Neighbour[] {
    if (typeof to === 'string') return this.nearestBut(this.direction(to), k, [to]);
    return this.nearestBut(to.div(to.square().sum().sqrt().clamp(1e-12)), k, []);
  }
  /**
   * What is to c as b is to a: nearest to b − a + c, the three left out (Mikolov, Yih and Zweig 2013).
   * @throws ValueError when a word is not in the vocabulary
   */
  analogy(a: string, b: string, c: string, k = 10): Neighbour[] {
    const point = this.direction(b).sub(this.direction(a)).add(this.direction(c));
    return this.nearestBut(point.div(point.square().sum().sqrt().clamp(1e-12)), k, [a, b, c]);
  }

  /** word2vec's text format, which gensim and others read: a line with V and D, then a line a word. */
  toText(): string {
    const [V, D] = this.vectors.shape;
    const bad = this.words.find((word) => word === '' || /\s/.test(word));
    if (bad !== undefined) {
      throw new ValueError('WordVectors.toText', 'a word must not have white space', JSON.stringify(bad));
    }
    const rows = this.vectors.toArray() as number[][];
    return `${V} ${D}\n${rows.map((row, i) => `${this.words[i]} ${row.join(' ')}\n`).join('')}`;
  }
  /**
   * Back from toText.
   * @param where the file's name, which stands in every message
   * @throws FormatError when a line is not a word and its numbers, naming the line
   */
  static fromText(text: string, where = 'vectors.txt'): WordVectors {
    const lines = text.split('\n').map((line) => line.trimEnd());
    while (lines.at(-1) === '') lines.pop();
    const [V, D] = (lines[0] ?? '').split(' ').map(Number);
    if (!Number.isInteger(V) || !Number.isInteger(D) || V < 0 || D < 1) {
      throw new FormatError(
        `${where}:1`,
        'the first line must be the numbers of words and dims',
        JSON.stringify(lines[0]),
      );
    }
    if (lines.length - 1 !== V) {
      throw new FormatError(where, `there must be ${V} words`, `${lines.length - 1}`, 'is the file cut off?');
    }
    const data = new Float32Array(V * D);
    const words = lines.slice(1).map((line, i) => {
      const [word, ...numbers] = line.split(' ');
      const row = numbers.map(Number);
      if (row.length !== D || row.some((x) => Number.isNaN(x))) {
        const got = JSON.stringify(line.slice(0, 60));
        throw new FormatError(`${where}:${i + 2}`, `a line must be a word and ${D} numbers`, got);
      }
      data.set(row, i * D);
      return word;
    });
    return new WordVectors(words, new Tensor(nd(data, [V, D])));
  }

  private id(word: string): number {
    const id = this.idOf.get(word);
    if (id === undefined) {
      throw new ValueError('WordVectors', `the word must be one of ${this.words.length}`, JSON.stringify(word));
    }
    return id;
  }
  private direction(word: string): Tensor {
    return this.directions.select(0, this.id(word));
  }
  private nearestBut(direction: Tensor, k: number, without: readonly string[]): Neighbour[] {
    const similarities = this.directions.matmul(direction).toTypedArray(); // [V]
    return Array.from(similarities, (similarity, i) => ({ word: this.words[i], similarity }))
      .filter(({ word }) => !without.includes(word))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, k);
  }
}

/**
 * The words of a text in lower case, without what stands between them; apostrophes within stay.
 * ```ts
 * import { wordsOf } from 'adjoint/text';
 * console.log(wordsOf("It's late, Ψυχή!")); // => [ "it's", 'late', 'ψυχή' ]
 * ```
 */
export const wordsOf = (text: string): string[] =>
  text.toLowerCase().match(/[\p{L}\p{M}\p{N}_]+(?:['’][\p{L}\p{M}]+)*/gu) ?? [];
