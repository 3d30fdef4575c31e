import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8Boundary, visible } from '../../../cli/render/visible.ts';

test('control characters are shown, text stays text', () => {
  assert.equal(visible(Buffer.from('\x1b[31mred\x1b[0m')), '^[[31mred^[[0m');
  assert.equal(visible(Buffer.from('a\rb\x07\x7f\0')), 'a^Mb^G^?^@');
  assert.equal(visible(Buffer.from('tab\tnewline\n')), 'tab\tnewline\n');
  assert.equal(visible(Buffer.from('Grüße 日本 🚀')), 'Grüße 日本 🚀');
});

test('C1 controls and characters that turn or hide text are shown', () => {
  assert.equal(visible(Buffer.from('\u009b31m')), '\\x9b31m');
  assert.equal(visible(Buffer.from('\u202etxt.exe')), '<U+202E>txt.exe');
  assert.equal(visible(Buffer.from('\ufeffx\u200by')), '<U+FEFF>x<U+200B>y');
});

test('bytes that are no UTF-8 are shown one by one, a replacement character in the text stays', () => {
  assert.equal(visible(Buffer.from([0x61, 0xff, 0xfe, 0x62])), 'a\\xff\\xfeb');
  assert.equal(visible(Buffer.from([0x9b, 0x33])), '\\x9b3');
  assert.equal(visible(Buffer.concat([Buffer.from('\ufffd'), Buffer.from([0xc3])])), '\ufffd\\xc3');
  assert.equal(visible(Buffer.from([0xed, 0xa0, 0x80])), '\\xed\\xa0\\x80');
});

test('whatever bytes come, nothing that a terminal obeys goes out', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
      assert.doesNotMatch(visible(Buffer.from(bytes)), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }),
  );
});

test('text cut anywhere and joined at its boundaries reads as if it were whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, at) => {
      const bytes = Buffer.from(text);
      const cut = bytes.length === 0 ? 0 : at % (bytes.length + 1);
      const boundary = utf8Boundary(bytes.subarray(0, cut));
      assert.ok(cut - boundary <= 3);
      assert.equal(bytes.toString('utf8', 0, boundary) + bytes.toString('utf8', boundary), text);
    }),
  );
});

test('what can never become a character is not held back', () => {
  assert.equal(utf8Boundary(Buffer.from([0x61, 0x80, 0x80, 0x80, 0x80])), 5);
  assert.equal(utf8Boundary(Buffer.from([0xff])), 1);
  assert.equal(utf8Boundary(Buffer.from([0xe2, 0x82])), 0);
});
