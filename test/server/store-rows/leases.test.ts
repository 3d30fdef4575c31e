import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { keys } from '../../../server/store/keys.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { until } from '../store/conformance/bench.ts';
import { executionOf, follow, lastJob, presenceOf, rowNode, startRow, termMs, toldOf } from './row.ts';

test('all leases expire at once: the same nodes are claimed again with the same epochs, and no session ends', async (t) => {
  const { etcd, store, replica } = await startRow(t);
  const nodes = await Promise.all(['n-1', 'n-2', 'n-3', 'n-4', 'n-5'].map((name) => rowNode(replica, name)));
  const { id } = await replica.submit(nodes);
  const watched = follow(replica, id);
  await eventually(() => toldOf(watched.events, 'EXECUTION_STATE_RUNNING').size === nodes.length, 'all run');
  const before = await Promise.all(nodes.map((node) => presenceOf(store, node)));
  const from = (await store.revision()) + 1;
  etcd.pause();
  // The freeze is the fault: longer than the term.
  await sleep(termMs * 2);
  etcd.resume();
  // The control: they did expire, all of them.
  const gone = new Set<string>();
  for await (const { events } of store.watch(keys.presencePrefix, from, AbortSignal.timeout(20_000))) {
    for (const event of events) if (event.type === 'delete') gone.add(event.key);
    if (gone.size === nodes.length) break;
  }
  assert.equal(gone.size, nodes.length, 'the presences never went');
  const held = async (): Promise<boolean> =>
    (await Promise.all(nodes.map((node) => presenceOf(store, node)))).every((one) => one !== undefined);
  await until(held, 'all presences again');
  const after = await Promise.all(nodes.map((node) => presenceOf(store, node)));
  assert.deepEqual(
    after.map((one) => one?.epoch),
    before.map((one) => one?.epoch),
  );
  await until(async () => (await store.get(keys.replica('row'))) !== undefined, 'its record again');
  for (const node of nodes) node.executor.finish(executionOf(id, node));
  await watched.ended;
  assert.equal(lastJob(watched.events).counts?.succeeded, nodes.length);
  assert.ok(nodes.every(({ executor }) => executor.secondStarts === 0));
  await until(async () => (await store.get(keys.leader)) !== undefined, 'a leader again');
});
