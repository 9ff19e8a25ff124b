/** Which bytes are no safetensors file, each refused by name; and that damage never gives any other error. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormatError } from '../../src/array/errors.ts';
import { nd } from '../../src/array/nd.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import { entry, file, longs } from './arbitraries.ts';

const u8 = (shape: unknown, ...offsets: unknown[]) => ({ w: entry('U8', shape, ...offsets) });
const w = '"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
const refused: [title: string, bytes: Uint8Array, message: RegExp][] = [
  ['an empty file', new Uint8Array(0), /begins with 8 bytes of header length, got 0 bytes/],
  ['seven bytes', new Uint8Array(7), /got 7 bytes/],
  [
    'a header that is cut off',
    file('{"w', [], 4n),
    /must lie within the file, got a header of 4 bytes in a file with 3 left; .*cut off/,
  ],
  ['a header that would be larger than the file', file('{}', [], 100_000_000n), /must lie within the file/],
  ['a header above the limit', file('{}', [], 100_000_001n), /at most 100000000 bytes long, got a length of 100000001/],
  ['a header length of 64 bits', file('{}', [], 2n ** 64n - 1n), /got a length of 18446744073709551615/],
  ['an empty header', file(''), /begin with \{, got an empty header/],
  ['an empty header before data', file('', [0x7b, 0x7d]), /got an empty header/],
  ['a header that is an array', file('[]'), /begin with \{, got byte 0x5b/],
  ['a header after a space', file(' {}'), /got byte 0x20/],
  ['a byte order mark', file(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)), /got byte 0xef/],
  ['bad UTF-8', file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), /must be UTF-8/],
  ['an overlong UTF-8 form', file(Uint8Array.of(0x7b, 0x22, 0xc0, 0x80, 0x22, 0x7d)), /must be UTF-8/],
  ['bad JSON', file('{"w":}'), /must be JSON, got SyntaxError/],
  ['a header that ends early', file('{"w":{"dtype":"U8"'), /must be JSON/],
  ['an unterminated string', file('{"w'), /must be JSON/],
  ['a bad escape in a name', file('{"\\x":1}'), /must be JSON/],
  ['something after the header’s object', file('{}{}'), /must be JSON/],
  ['zeros after the header’s object', file('{}\0\0'), /must be JSON/],
  ['endless nesting', file(`{"w":${'['.repeat(1e6)}`), /nest at most 128 deep/],
  ['a name that comes twice', file(`{${w},${w}}`, [0]), /each name once, got "w" twice/],
  ['a name that comes twice, once in escapes', file(`{${w},${w.replace('w', '\\u0077')}}`, [0]), /got "w" twice/],
  [
    'a name with a quote in it that comes twice',
    file(`{${w.replace('w', '\\"')},${w.replace('w', '\\"')}}`, [0]),
    /got "\\"" twice/,
  ],
  [
    'a key that comes twice in a tensor',
    file('{"w":{"dtype":"F32","shape":[1],"dtype" \n:"U8","data_offsets":[0,1]}}', [0]),
    /got "dtype" twice/,
  ],
  ['a name that comes twice in the metadata', file('{"__metadata__":{"a":"1","a":"2"}}'), /got "a" twice/],
  ['metadata that comes twice', file('{"__metadata__":{},"__metadata__":{}}'), /got "__metadata__" twice/],
  ['metadata that is a string', file({ __metadata__: 'x' }), /must be an object of strings, got "x"/],
  ['metadata that is an array', file({ __metadata__: ['x'] }), /must be an object of strings, got \["x"\]/],
  ['metadata that is null', file({ __metadata__: null }), /must be an object of strings, got null/],
  ['metadata with a number', file({ __metadata__: { a: 'x', b: 1 } }), /map names to strings, got 1 for "b"/],
  ['a tensor that is null', file({ w: null }), /tensor "w": must be an object with .*, got null/],
  ['a tensor that is an array', file({ w: [] }), /tensor "w": must be an object with/],
  [
    'a tensor called __proto__ that is a number',
    file('{"__proto__":1}'),
    /tensor "__proto__": must be an object with .*, got 1/,
  ],
  ['a name that is half a character', file('{"\\ud800":{}}'), /must be Unicode text/],
  [
    'an unknown dtype',
    file({ w: entry('F8_E4M3', [1], 0, 1) }, [0]),
    /tensor "w": dtype must be one of F64 F32 .*, got "F8_E4M3"/,
  ],
  ['a dtype that any object has', file({ w: entry('constructor', [1], 0, 1) }, [0]), /dtype must be one of/],
  ['a dtype that is a number', file({ w: entry(32, [1], 0, 1) }, [0]), /dtype must be one of .*, got 32/],
  ['no dtype', file({ w: { shape: [1], data_offsets: [0, 1] } }, [0]), /dtype must be one of .*, got undefined/],
  ['no shape', file(u8(undefined, 0, 1), [0]), /shape must be an array of whole numbers .*, got undefined/],
  ['a shape that is a number', file(u8(1, 0, 1), [0]), /shape must be an array .*, got 1/],
  ['a negative size', file(u8([-1, -1], 0, 1), [0]), /shape must be .*, got \[-1, -1\]/],
  ['a size of minus zero', file('{"w":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}'), /shape must be/],
  ['a fractional size', file(u8([0.5, 2], 0, 1), [0]), /shape must be/],
  ['a size as text', file(u8(['1'], 0, 1), [0]), /shape must be .*, got \["1"\]/],
  [
    'a size beyond 2^53',
    file('{"w":{"dtype":"U8","shape":[9007199254740993,0],"data_offsets":[0,0]}}'),
    /shape must be/,
  ],
  ['a nested shape', file(u8([[1]], 0, 1), [0]), /shape must be .*, got \[…\]/],
  [
    'a product of sizes beyond 2^53',
    file(u8([2 ** 30, 2 ** 30], 0, 1), [0]),
    /fewer than 2\^53 bytes, got \[1073741824, 1073741824\]/,
  ],
  [
    'a product that would wrap to what is there',
    file({ w: entry('F64', [2 ** 32, 2 ** 32], 0, 0) }),
    /fewer than 2\^53 bytes/,
  ],
  ['no offsets', file({ w: { dtype: 'U8', shape: [1] } }, [0]), /two whole numbers, begin <= end, got undefined/],
  ['one offset', file(u8([1], 0), [0]), /two whole numbers, begin <= end, got \[0\]/],
  ['three offsets', file(u8([1], 0, 1, 1), [0]), /two whole numbers, begin <= end, got \[0, 1, 1\]/],
  ['negative offsets', file(u8([1], -1, 0), [0]), /two whole numbers/],
  ['a fractional offset', file(u8([1], 0.5, 1.5), [0, 0]), /two whole numbers/],
  ['an end before the begin', file(u8([1], 1, 0), [0]), /begin <= end, got \[1, 0\]/],
  [
    'more bytes than the shape takes',
    file(u8([1], 0, 2), [0, 0]),
    /the shape \[1\] takes 1 bytes as "U8", got 2 by its data_offsets/,
  ],
  [
    'fewer bytes than the dtype takes',
    file({ w: entry('F32', [2], 0, 4) }, [0, 0, 0, 0]),
    /the shape \[2\] takes 8 bytes as "F32", got 4/,
  ],
  [
    'data that is cut off',
    file(u8([2], 0, 2), [0]),
    /tensor "w": data must lie within the 1 bytes of data, got \[0, 2\]; .*cut off/,
  ],
  ['offsets far out of range', file(u8([1], 2 ** 52, 2 ** 52 + 1), [0]), /must lie within the 1 bytes of data/],
  [
    'tensors that overlap',
    file({ w: entry('U8', [2], 0, 2), v: entry('U8', [2], 1, 3) }, [0, 0, 0]),
    /tensor "v": data must not overlap tensor "w", which ends at 2, got \[1, 3\]/,
  ],
  [
    'tensors at the same place',
    file({ w: entry('U8', [1], 0, 1), v: entry('U8', [1], 0, 1) }, [0]),
    /must not overlap/,
  ],
  [
    'an empty tensor inside another',
    file({ w: entry('U8', [2], 0, 2), v: entry('U8', [0], 1, 1) }, [0, 0]),
    /must not overlap/,
  ],
  ['a hole before the first tensor', file(u8([1], 1, 2), [0, 0]), /must follow the start at 0 without a hole/],
  [
    'a hole between tensors',
    file({ w: entry('U8', [1], 0, 1), v: entry('U8', [1], 2, 3) }, [0, 0, 0]),
    /tensor "v": data must follow tensor "w" at 1 without a hole/,
  ],
  ['bytes after the last tensor', file(u8([1], 0, 1), [0, 0]), /cover all data, got 1 unused bytes after tensor "w"/],
  ['data without tensors', file('{}', [0]), /got 1 unused bytes/],
  [
    'a whole number beyond 2^53',
    file({ w: entry('I64', [2], 0, 16) }, longs(0n, 2n ** 53n + 1n)),
    /tensor "w": whole numbers must lie within ±2\^53.*, got 9007199254740993/,
  ],
  [
    'a whole number below −2^53',
    file({ w: entry('I64', [1], 0, 8) }, longs(-(2n ** 53n) - 1n)),
    /got -9007199254740993/,
  ],
  [
    'an unsigned number beyond 2^53',
    file({ w: entry('U64', [1], 0, 8) }, longs(2n ** 64n - 1n)),
    /got 18446744073709551615/,
  ],
  [
    'a BOOL of 2',
    file({ w: entry('BOOL', [2], 0, 2) }, [1, 2]),
    /tensor "w": a BOOL must be 0 or 1, got 2 at position 1/,
  ],
];

test.each(refused)('%s is refused', (_title, bytes, message) => {
  const read = (): unknown => decodeSafetensors(bytes, 'dir/model.safetensors');
  expect(read).toThrow(FormatError);
  expect(read).toThrow(message);
  expect(read).toThrow(/^dir\/model\.safetensors: /);
});

test('a message stays short however long the name in the file is', () => {
  const long = 'x'.repeat(1e6);
  for (const header of [
    { [long]: 1 },
    { w: entry(long, [1], 0, 1) },
    { w: entry('U8', Array(1e5).fill(-1), 0, 1) },
    `{"${long}`,
  ]) {
    let message = '';
    try {
      decodeSafetensors(file(header), 'a');
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.length).toBeGreaterThan(10);
    expect(message.length).toBeLessThan(300);
  }
});

test('a file with damaged bytes is read or refused, with no other error', () => {
  const valid = encodeSafetensors(
    {
      'fc1.weight': nd(Float32Array.of(1, 2, 3), [3]),
      bias: nd(Float64Array.of(4), [1]),
      n: nd(new Float32Array(0), [0, 2]),
    },
    { step: '7' },
  );
  const damage = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('set' as const), at: fc.nat({ max: valid.length - 1 }), to: fc.nat({ max: 255 }) }),
      // JSON's own characters, at the header only: these get past the parser far more often
      fc.record({
        kind: fc.constant('set' as const),
        at: fc.nat({ max: 220 }),
        to: fc.constantFrom(...Buffer.from('{}[]",:0123456789-eEaF \\')),
      }),
      fc.record({ kind: fc.constant('cut' as const), at: fc.nat({ max: valid.length }), to: fc.constant(0) }),
    ),
    { minLength: 1, maxLength: 4 },
  );
  let read = 0;
  let refusals = 0;
  fc.assert(
    fc.property(damage, (changes) => {
      let bytes = valid.slice();
      for (const { kind, at, to } of changes) {
        if (kind === 'cut') bytes = bytes.slice(0, at);
        else if (at < bytes.length) bytes[at] = to;
      }
      try {
        decodeSafetensors(bytes, 'a');
        read++;
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        refusals++;
      }
    }),
    { numRuns: 3000, interruptAfterTimeLimit: 20_000 },
  );
  expect(read).toBeGreaterThan(0);
  expect(refusals).toBeGreaterThan(0);
});

test('any header at all is read or refused, with no other error', () => {
  const word = fc.constantFrom('w', '__proto__', '__metadata__', 'dtype', 'shape', 'data_offsets', 'F32', 'BOOL');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.constantFrom(0, 1, 4, -1, 1e300, 0.5, null, true),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('value'), { maxLength: 3 }),
    map: fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(fc.dictionary(word, value), fc.uint8Array({ maxLength: 8 }), (header, data) => {
      try {
        decodeSafetensors(file(header, data), 'a');
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
