import assert from 'node:assert/strict';
import { test } from 'node:test';
import { previousCommit } from '../../../tools/check/previous.ts';

test('comments alone name no commit; one full id does; anything else is an error', () => {
  assert.equal(previousCommit('# none yet\n\n'), undefined);
  assert.equal(previousCommit(`# v1\n${'a1'.repeat(20)}\n`), 'a1'.repeat(20));
  assert.throws(() => previousCommit('main\n'), /40 hex digits/);
  assert.throws(() => previousCommit(`${'a1'.repeat(20)}\n${'b1'.repeat(20)}\n`), /40 hex digits/);
});
