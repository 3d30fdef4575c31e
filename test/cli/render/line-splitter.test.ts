import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter, longestLineBytes } from '../../../cli/render/line-splitter.ts';

test('however bytes are cut into chunks, the lines are the same', () => {
  const bytes = fc.array(fc.constantFrom(0x0a, 0x61, 0xc3, 0xa4, 0x00), { maxLength: 200 });
  fc.assert(
    fc.property(bytes, fc.array(fc.nat({ max: 20 }), { minLength: 1 }), (content, cuts) => {
      const whole = Buffer.from(content);
      const splitter = new LineSplitter();
      const lines: string[] = [];
      for (let at = 0, turn = 0; at < whole.length; turn += 1) {
        const until = at + 1 + (cuts[turn % cuts.length] ?? 0);
        for (const line of splitter.push(whole.subarray(at, until))) lines.push(line.toString('latin1'));
        at = until;
      }
      const rest = splitter.flush();
      if (rest) lines.push(rest.toString('latin1'));
      const expected = whole.toString('latin1').split('\n');
      if (expected.at(-1) === '') expected.pop();
      assert.deepEqual(lines, expected);
    }),
  );
});

test('a line without end is broken at its bound, never within a character, and loses nothing', () => {
  const text = 'ä'.repeat(longestLineBytes);
  const splitter = new LineSplitter();
  const lines = splitter.push(Buffer.from(`x${text}`));
  assert.ok(lines.length >= 1);
  for (const line of lines) {
    assert.ok(line.length <= longestLineBytes);
    assert.doesNotMatch(line.toString('utf8'), /\ufffd/);
  }
  assert.equal(Buffer.concat([...lines, splitter.flush() ?? Buffer.alloc(0)]).toString('utf8'), `x${text}`);
});
