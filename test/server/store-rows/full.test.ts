import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newJobId } from '../../../shared/ids.ts';
import { jobMethods, nodeMethods } from '../../../shared/rpc/methods.ts';
import { eventually, patternReader } from '../../harness/agent-connection.ts';
import { until } from '../store/conformance/bench.ts';
import { executionOf, follow, lastJob, presenceOf, rowNode, startRow, toldOf } from './row.ts';

test('full: submits are refused by name, reading and relaying go on, results wait on the agents until there is room', async (t) => {
  const { etcd, store, replica } = await startRow(t, { 'quota-backend-bytes': '6000000' });
  const node = await rowNode(replica, 'n-1');
  const id = newJobId();
  node.executor.readers.set(`${executionOf(id, node)} stdout`, patternReader(100_000));
  await replica.submit([node], { id });
  const watched = follow(replica, id);
  await eventually(() => toldOf(watched.events, 'EXECUTION_STATE_RUNNING').size === 1, 'it runs');
  const before = await presenceOf(store, node);
  await assert.rejects(
    async () => {
      for (let n = 0; n < 1000; n += 1) await store.commit({ then: [{ put: 'filler', value: Buffer.alloc(500_000) }] });
    },
    { reason: 'STORE_FULL' },
  );
  await assert.rejects(replica.submit([node]), { reason: 'STORE_FULL', message: /the store is full: etcd at/ });
  assert.equal((await replica.client.call(jobMethods.GetJob, { jobId: id })).job?.id, id);
  assert.equal((await replica.client.call(nodeMethods.ListNodes, {})).nodes[0]?.connected, true);
  let bytes = 0;
  const read = { jobId: id, node: 'n-1', stream: 'OUTPUT_STREAM_STDOUT' as const, follow: true };
  for await (const { chunk } of replica.client.stream(jobMethods.ReadOutput, read, { timeoutMs: 20_000 })) {
    bytes += chunk?.data.length ?? 0;
  }
  assert.equal(bytes, 100_000);
  node.executor.finish(executionOf(id, node));
  // A refused attempt to store it is behind us when the next refusal of another write is.
  await assert.rejects(replica.submit([node]), { reason: 'STORE_FULL' });
  assert.equal(node.executor.releases.flat().length, 0, 'released, and in no store');
  await etcd.makeRoom();
  // The control: with room all of it works again.
  await watched.ended;
  assert.equal(lastJob(watched.events).counts?.succeeded, 1);
  await until(() => node.executor.releases.flat().length === 1, 'the release');
  await until(
    () =>
      replica.submit([node]).then(
        () => true,
        () => false,
      ),
    'a submit',
  );
  await until(() => node.executor.starts.size === 2, 'its start');
  assert.equal((await presenceOf(store, node))?.epoch, before?.epoch, 'the session ended');
});
