import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestReplica } from '../../harness/test-replica.ts';

test('the embedded store serves one replica: a second one is told so, and what several need; a successor is served', async (t) => {
  const first = await TestReplica.start({ name: 'a' });
  t.after(() => first.close());
  const store = `embedded:${first.folder}/store`;
  await assert.rejects(TestReplica.start({ store, name: 'b' }), {
    reason: 'STORE_UNAVAILABLE',
    message: /another process has the embedded store in .* open: embedded serves a single replica, several need etcd/,
  });
  await first.stop();
  const second = await TestReplica.start({ store, name: 'b' });
  await second.close();
});
