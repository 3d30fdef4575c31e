import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from '../../../server/store/keys.ts';
import { put } from '../store/conformance/bench.ts';
import { embeddedTerm } from './embedded-term.ts';

test('a leader that was deposed and does not know it writes nothing, and learns of it', async (t) => {
  const { store, term } = await embeddedTerm(t);
  const { entries, succeeded } = await term.commit({ then: [put('a', 'while it led')], get: ['a'] });
  assert.ok(succeeded);
  assert.deepEqual(entries, [undefined], 'its own compare is not told of');
  await store.commit({ then: [{ delete: keys.leader }] });
  await store.commit({ then: [put(keys.leader, 'the rival')] });
  await assert.rejects(term.commit({ then: [put('a', 'late')], otherwise: [put('b', 'late')] }), {
    reason: 'CONFLICT',
  });
  assert.equal((await store.get('a'))?.value.toString(), 'while it led');
  assert.ok(term.over);
});
