import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { arange, ones, tensor, zeros } from '../../src/create.ts';
import type { Index } from '../../src/vocabulary/places.ts';
import type { Tensor } from '../../src/tensor.ts';

const cube = (): Tensor => arange(24).reshape([2, 3, 4]);

/** Python's range(n)[start:stop:step], by walking. */
function walk(n: number, start: number | undefined, stop: number | undefined, step: number): number[] {
  const at = (i: number): number => (i < 0 ? i + n : i);
  const out: number[] = [];
  if (step > 0) {
    const end = stop === undefined ? n : at(stop);
    for (let i = start === undefined ? 0 : Math.max(0, at(start)); i < Math.min(n, end); i += step) out.push(i);
  } else {
    const end = stop === undefined ? -1 : Math.max(-1, at(stop));
    for (let i = start === undefined ? n - 1 : Math.min(n - 1, at(start)); i > end; i += step) if (i >= 0) out.push(i);
  }
  return out;
}

describe('views', () => {
  it('alias the memory of their tensor: a write to either shows in both', () => {
    const ways: Record<string, (x: Tensor) => Tensor> = {
      reshape: (x) => x.reshape([6, 4]),
      permute: (x) => x.permute(2, 0, 1),
      transpose: (x) => x.transpose(0, 2),
      mT: (x) => x.mT,
      slice: (x) => x.slice(2, -1, 0, -2),
      narrow: (x) => x.narrow(1, 1, 2),
      select: (x) => x.select(0, 1),
      index: (x) => x.index('::-1', '...', null, -1),
      flip: (x) => x.flip(0, 1, 2),
      expand: (x) => x.expand([5, 2, 3, 4]),
      unsqueeze: (x) => x.unsqueeze(1),
      flatten: (x) => x.flatten(),
      split: (x) => x.split(2, 2)[1],
      unbind: (x) => x.unbind(1)[2],
      detach: (x) => x.detach(),
    };
    for (const [name, view] of Object.entries(ways)) {
      const x = cube();
      const y = view(x);
      expect([name, y.nd.data === x.nd.data]).toEqual([name, true]);
      x.mul_(-1).sub_(1);
      expect(y).toBeAllClose(view(cube()).mul(-1).sub(1));
      expect(y.version).toBe(2);
    }
  });

  it('clone and contiguous of a strided view are copies', () => {
    const x = cube();
    expect(x.contiguous()).toBe(x);
    expect(x.mT.isContiguous()).toBe(false);
    expect(x.mT.contiguous().nd.data).not.toBe(x.nd.data);
    expect(x.clone().nd.data).not.toBe(x.nd.data);
    expect(x.mT.toTypedArray()).toEqual(x.mT.contiguous().toTypedArray());
  });

  it('reshape gives the elements in row-major order from any layout, as a view where strides can say it', () => {
    const x = arange(60).reshape([5, 4, 3]);
    const layouts: [Tensor, number[], boolean][] = [
      [x.slice(0, 1, 4), [3, 2, 2, 3], true],
      [x.slice(0, undefined, undefined, 2), [3, 12], true],
      [x.slice(0, undefined, undefined, -1), [5, 2, 6], true],
      [x.slice(2, 0, 2), [20, 2], true],
      [x.slice(2, 0, 2), [5, 8], false],
      [x.permute(1, 2, 0), [12, 5], true],
      [x.permute(1, 0, 2), [20, 3], false],
      [x.mT, [5, 1, 3, 1, 2, 2], true],
      [x.mT, [60], false],
      [x.narrow(1, 2, 1), [5, 3], true],
      [x.narrow(2, 2, 1).mT, [1, 20], true],
      [ones([3, 1]).expand([3, 4]), [3, 2, 2], true],
      [ones([]).expand([3, 4]), [12], true],
      [arange(3).unsqueeze(1).expand([3, 4]), [12], false],
    ];
    for (const [y, shape, view] of layouts) {
      const z = y.reshape(shape);
      expect(z.toTypedArray()).toEqual(y.toTypedArray());
      expect([z.shape, z.nd.data === y.nd.data]).toEqual([shape, view]);
    }
    expect(x.reshape([-1, 6]).shape).toEqual([10, 6]);
    expect(zeros([0, 3]).reshape([3, 0, 7]).shape).toEqual([3, 0, 7]);
    expect(zeros([0, 3]).reshape([-1]).shape).toEqual([0]);
    for (const shape of [[7, -1], [-1, -1], [-2, 30], [4.5], [61]]) {
      expect(() => x.reshape(shape)).toThrow('reshape: the new sizes must multiply to 60 (one may be -1), got [');
    }
    expect(() => zeros([0]).reshape([-1, 0])).toThrow(ShapeError);
  });

  it('reshape of any strided view gives what reshape of its copy gives', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.nat()), (shape, random) => {
        const next = (n: number): number => random.next().value! % n;
        let x = arange(shape.reduce((a, b) => a * b)).reshape(shape);
        if (next(2)) x = x.permute(...[...shape.keys()].sort(() => next(3) - 1));
        x = x.slice(next(x.ndim), undefined, undefined, [1, 2, -1][next(3)]);
        if (next(3) === 0) x = x.unsqueeze(next(x.ndim + 1)).expand([-1, ...x.shape].map(() => -1));
        const flat = x.contiguous();
        const divisor = [...Array(x.numel()).keys()].map((i) => i + 1).filter((d) => x.numel() % d === 0); // prettier-ignore
        const first = divisor[next(divisor.length)];
        for (const to of [[first, -1], [-1], [1, x.numel() / first, 1, first], x.shape.toReversed()]) {
          expect(x.reshape(to).toTypedArray()).toEqual(flat.reshape(to).toTypedArray());
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('index', () => {
  it('takes every form of range along a dim as Python does', () => {
    const end = fc.option(fc.integer({ min: -8, max: 8 }), { nil: undefined });
    const step = fc.integer({ min: -4, max: 4 }).filter((s) => s !== 0);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 6 }),
        end,
        end,
        fc.option(step, { nil: undefined }),
        (n, start, stop, by) => {
          const expected = walk(n, start, stop, by ?? 1);
          const text = `${start ?? ''}:${stop ?? ''}${by === undefined ? '' : `:${by}`}`;
          expect(arange(n).index(text).toArray()).toEqual(expected);
          expect(arange(n).slice(0, start, stop, by).toArray()).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('takes positions, ranges, dots and new dims together', () => {
    type Place = { place: Index; take: (n: number) => number[] | number };
    const place: fc.Arbitrary<Place> = fc.oneof(
      fc.integer({ min: -2, max: 1 }).map((i) => ({ place: i, take: (n: number) => (i < 0 ? i + n : i) })),
      fc.constantFrom(':', '1:', ':-1', '::-1', '::2', '-1:-5:-1').map((text) => {
        const [start, stop, step] = text.split(':').map((part) => (part === '' ? undefined : Number(part)));
        return { place: text, take: (n: number) => walk(n, start, stop, step ?? 1) };
      }),
    );
    fc.assert(
      fc.property(
        fc.array(place, { maxLength: 3 }),
        fc.nat(3),
        fc.boolean(),
        fc.nat(3),
        (places, dots, fresh, where) => {
          const x = cube();
          const cut = Math.min(dots, places.length);
          const missing = Array.from({ length: 3 - places.length }, () => ({ place: ':' as Index, take: (n: number) => walk(n, undefined, undefined, 1) })); // prettier-ignore
          const all = [...places.slice(0, cut), ...missing, ...places.slice(cut)];
          const takes = all.map(({ take }, d) => take(x.shape[d]));
          const indices: Index[] = [...places.slice(0, cut).map((p) => p.place), '...', ...places.slice(cut).map((p) => p.place)]; // prettier-ignore
          if (fresh) indices.splice(Math.min(where, indices.length), 0, null);
          const list = takes.map((t) => (typeof t === 'number' ? [t] : t));
          const expected = list[0].flatMap((i) => list[1].flatMap((j) => list[2].map((k) => i * 12 + j * 4 + k)));
          const y = x.index(...indices);
          expect([...y.toTypedArray()]).toEqual(expected);
          const sizes = takes.flatMap((t) => (typeof t === 'number' ? [] : [t.length]));
          expect(y.shape.filter((size) => size !== 1)).toEqual(sizes.filter((size) => size !== 1));
          expect(y.ndim).toBe(sizes.length + (fresh ? 1 : 0));
          expect(y.nd.data).toBe(x.nd.data);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses places out of range, too many of them, and what is no range', () => {
    const x = cube();
    expect(() => x.index(2)).toThrow('index: an index must be a whole number from -2 to 1, got 2');
    expect(() => x.index(0, 0, 0, 0)).toThrow("index: at most 3 places and one '...' may be given, got 0, 0, 0, 0");
    expect(() => x.index('...', 0, '...')).toThrow(ShapeError);
    expect(() => x.index(0.5)).toThrow(ValueError);
    expect(() => x.index('1')).toThrow(
      "index: a range must read 'start:stop' or 'start:stop:step' with whole numbers, got '1'",
    );
    for (const text of ['a:b', '1:2:3:4', '0.5:', '']) expect(() => x.index(text)).toThrow(ValueError);
    expect(() => x.index('::0')).toThrow('index: a step must be a whole number other than 0, got 0');
    expect(() => tensor([]).index(0)).toThrow('index: nothing can be picked from a dim of size 0, got 0');
    expect(() => x.chunk(2.5)).toThrow('chunk: the number of parts must be a whole number, 1 or more, got 2.5');
    expect(() => x.slice(0, 0.5)).toThrow('slice: the ends of a range must be whole numbers, got 0.5');
  });
});

describe('shapes', () => {
  it('refuses dims out of range, by name', () => {
    const x = cube();
    const calls: [string, () => unknown][] = [
      ['size', () => x.size(3)],
      ['sum', () => x.sum(-4)],
      ['permute', () => x.permute(0, 1, 3)],
      ['transpose', () => x.transpose(0, 3)],
      ['unsqueeze', () => x.unsqueeze(4)],
      ['squeeze', () => x.squeeze(3)],
      ['flatten', () => x.flatten(0, 3)],
      ['flip', () => x.flip(5)],
      ['narrow', () => x.narrow(3, 0, 1)],
      ['select', () => x.select(3, 0)],
      ['softmax', () => x.softmax(3)],
      ['prod', () => x.prod(1.5)],
      ['argmax', () => x.argmax(3)],
    ];
    for (const [name, call] of calls) expect(call).toThrow(new RegExp(`^${name}: dim must be a whole number from -`)); // prettier-ignore
    expect(() => x.permute(0, 1)).toThrow('permute: every one of the 3 dims must stand once, got [0, 1]');
    expect(() => x.permute(0, 1, 1)).toThrow(ShapeError);
    expect(() => x.flatten(2, 1)).toThrow('flatten: start must not come after end, got 2 and 1');
  });

  it('squeeze takes all dims, one or several, and leaves those that are longer', () => {
    const x = zeros([1, 3, 1, 2, 1]);
    expect(x.squeeze().shape).toEqual([3, 2]);
    expect(x.squeeze(-1).shape).toEqual([1, 3, 1, 2]);
    expect(x.squeeze([0, 1, -1]).shape).toEqual([3, 1, 2]);
    expect(x.squeeze([]).shape).toEqual(x.shape);
    expect(() => x.squeeze([0, -5])).toThrow('squeeze: each dim may be named once, got [0, -5]');
    expect(() => x.flip(4, -1)).toThrow('flip: each dim may be named once, got [4, -1]');
  });

  it('expand grows only sizes of 1 and in front', () => {
    expect(tensor([1, 2]).expand([3, -1]).toArray()).toEqual([[1, 2], [1, 2], [1, 2]]); // prettier-ignore
    for (const shape of [[3], [], [2, 1], [-1, 2], [-3], [2.5]]) {
      expect(() => tensor([1, 2]).expand(shape)).toThrow(ShapeError);
    }
    for (const shape of [[-2], [1.5], [-1, 1]]) expect(() => tensor([1]).expand(shape)).toThrow(ShapeError);
    expect(tensor([1]).expand([0]).shape).toEqual([0]);
  });

  it('narrow, split, chunk and unbind cut where they are told', () => {
    const x = arange(7);
    expect(x.split(3).map((p) => p.numel())).toEqual([3, 3, 1]);
    expect(x.split([2, 0, 5]).map((p) => p.toArray())).toEqual([[0, 1], [], [2, 3, 4, 5, 6]]);
    expect(x.chunk(3).map((p) => p.numel())).toEqual([3, 3, 1]);
    expect(x.chunk(20)).toHaveLength(7);
    expect(zeros([0]).split(2).map((p) => p.shape)).toEqual([[0]]); // prettier-ignore
    expect(cube().unbind(-1)).toHaveLength(4);
    expect(() => x.split([3, 3])).toThrow('split: the sizes must add up to 7, got [3, 3]');
    expect(() => x.split([8, -1])).toThrow(ShapeError);
    expect(() => x.split(0)).toThrow('split: the size must be positive, got 0');
    expect(() => x.chunk(0)).toThrow(ShapeError);
    expect(() => x.narrow(0, 5, 3)).toThrow(
      'narrow: start and length must be whole numbers within the size 7, got 5 and 3',
    );
    expect(() => x.narrow(0, 0.5, 2)).toThrow(ShapeError);
  });

  it('of a 0-d tensor have no dim to cut or to pick from, though one to reduce', () => {
    const x = tensor(5);
    for (const call of [
      () => x.size(0),
      () => x.narrow(0, 0, 1),
      () => x.slice(0),
      () => x.select(0, 0),
      () => x.split(1),
      () => x.unbind(),
      () => x.indexSelect(0, tensor([0])),
    ]) {
      // prettier-ignore
      expect(call).toThrow('there must be at least one dim, got a 0-d tensor');
    }
    expect([x.sum(0), x.softmax(-1).mul(5), x.squeeze(0), x.max(0).values, x.flatten(), x.transpose(0, -1)].map((y) => y.toTypedArray()[0])).toEqual([5, 5, 5, 5, 5, 5]); // prettier-ignore
    expect(() => x.sum(1)).toThrow('sum: dim must be a whole number from -1 to 0, got 1');
  });

  it('that do not broadcast are refused with both shapes', () => {
    expect(() => zeros([2, 3]).add(zeros([2]))).toThrow(
      'add: sizes must be equal or 1, aligned at the last dim, got [2, 3] and [2] (3 vs 2 at dim -1)',
    );
    expect(() => zeros([2]).mul('2' as never)).toThrow('mul: the operand must be a Tensor or a number, got string');
    expect(zeros([0, 1]).add(zeros([1, 3])).shape).toEqual([0, 3]);
    expect(() => zeros([0]).add(zeros([2]))).toThrow(ShapeError);
  });
});
