import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newJobId } from '../../../shared/ids.ts';
import { jobMethods, nodeMethods } from '../../../shared/rpc/methods.ts';
import { eventually, patternReader } from '../../harness/agent-connection.ts';
import { until } from '../store/conformance/bench.ts';
import { executionOf, follow, lastJob, presenceOf, rowNode, startRow, toldOf } from './row.ts';

/** Everything that the row promises, with a store that is away, or, as the control, with one that is not. */
async function play(t: TestContext, away: boolean) {
  const { etcd, store, replica } = await startRow(t);
  const nodes = [await rowNode(replica, 'n-1'), await rowNode(replica, 'n-2')];
  const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  const id = newJobId();
  first.executor.readers.set(`${executionOf(id, first)} stdout`, patternReader(100_000));
  await replica.submit(nodes, { id });
  const watched = follow(replica, id);
  await eventually(() => toldOf(watched.events, 'EXECUTION_STATE_RUNNING').size === 2, 'both run');
  const before = await Promise.all(nodes.map((node) => presenceOf(store, node)));
  if (away) etcd.pause();
  const submitted = await replica.submit(nodes).then(
    () => 'accepted',
    (error: { reason: string; message: string }) => error,
  );
  const labelled = await replica.client.call(nodeMethods.SetLabels, { node: 'n-1', set: { a: 'b' } }).then(
    () => 'accepted',
    (error: { reason: string }) => error.reason,
  );
  // Output comes from the agent, to a watcher who comes now too.
  const output: Buffer[] = [];
  const read = { jobId: id, node: 'n-1', stream: 'OUTPUT_STREAM_STDOUT' as const, follow: true };
  for await (const { chunk } of replica.client.stream(jobMethods.ReadOutput, read, { timeoutMs: 20_000 })) {
    if (chunk) output.push(chunk.data);
  }
  // A cancel reaches the agents without the store.
  await replica.client.call(jobMethods.Cancel, { jobId: id }).catch(() => undefined);
  await eventually(() => nodes.every(({ executor }) => executor.cancels.length > 0), 'the cancels');
  first.executor.finish(executionOf(id, first));
  second.executor.finish(executionOf(id, second));
  if (away) assert.equal(first.executor.releases.flat().length, 0, 'released, and in no store');
  etcd.resume();
  await watched.ended;
  const released = (node: (typeof nodes)[0]): boolean => node.executor.releases.flat().includes(executionOf(id, node));
  await eventually(() => nodes.every(released), 'the releases');
  await until(async () => (await presenceOf(store, first)) !== undefined, 'a presence');
  const after = await Promise.all(nodes.map((node) => presenceOf(store, node)));
  return { submitted, labelled, bytes: Buffer.concat(output).length, watched, before, after, nodes };
}

test('away: commands, output, cancels and sessions go on, results wait on the agents, what is new is refused by name', async (t) => {
  const { submitted, labelled, bytes, watched, before, after, nodes } = await play(t, true);
  assert.equal((submitted as { reason: string }).reason, 'STORE_UNAVAILABLE');
  assert.equal(labelled, 'STORE_UNAVAILABLE');
  assert.equal(bytes, 100_000);
  assert.equal(lastJob(watched.events).counts?.succeeded, 2);
  assert.deepEqual(
    after.map((one) => one?.epoch),
    before.map((one) => one?.epoch),
    'no session ended',
  );
  assert.ok(nodes.every(({ executor }) => executor.secondStarts === 0));
});

test('away, the control: with the store there the same calls are accepted', async (t) => {
  const { submitted, labelled } = await play(t, false);
  assert.deepEqual([submitted === 'accepted', labelled], [true, 'accepted']);
});
