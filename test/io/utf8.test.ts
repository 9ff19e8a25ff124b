/** UTF-8 is read, and the first byte that is not is named; held against the decoder that every engine has. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormatError } from '../../src/array/errors.ts';
import { decodeText } from '../../src/io/utf8.ts';

test('text comes back, without its byte order mark', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(decodeText(new TextEncoder().encode(`\ufeff${text}`), 'x')).toBe(text);
    }),
  );
});

test('what comes before the named byte is UTF-8, and with that byte and what follows it is not', () => {
  const fits = (bytes: Uint8Array): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const bytes = fc
    .array(
      fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        fc.constantFrom([0xe0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90]),
        fc.string().map((s) => new TextEncoder().encode(s)),
      ),
    )
    .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
  fc.assert(
    fc.property(bytes, (bytes) => {
      if (fits(bytes)) return;
      let message = '';
      try {
        decodeText(bytes, 'x');
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        message = (error as Error).message;
      }
      const at = Number(/at byte (\d+)/.exec(message)![1]);
      expect(fits(bytes.subarray(0, at))).toBe(true);
      for (let more = 1; more <= 4 && at + more <= bytes.length; more++) {
        expect(fits(bytes.subarray(0, at + more))).toBe(false);
      }
    }),
    { numRuns: 500 },
  );
});

test('the line is named, and other encodings are recognized', () => {
  expect(() => decodeText(Uint8Array.of(0x61, 0x0a, 0x62, 0xe9, 0x0a), 'f.txt')).toThrow(
    'f.txt:2: the file must be UTF-8 text, got 0xe9 at byte 3; save it as UTF-8',
  );
  expect(() => decodeText(Uint8Array.of(0xff, 0xfe, 0x61, 0), 'f.txt')).toThrow('this is UTF-16');
  expect(() => decodeText(Uint8Array.of(0x1f, 0x8b, 8), 'f.gz')).toThrow('this is gzip');
});
