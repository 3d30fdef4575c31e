import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { clusterMethods } from '../../../shared/rpc/methods.ts';
import { until } from '../store/conformance/bench.ts';
import { executionOf, JournalingExecutor, presenceOf, rowNode, startRow } from './row.ts';

/** A snapshot in the middle of a job, the rest of it and further jobs, then the snapshot restored under a replica that runs. */
async function play(t: TestContext, journal: boolean) {
  const { etcd, store, replica } = await startRow(t);
  const file = join(replica.folder, 'snapshot.db');
  const names = ['n-1', 'n-2', 'n-3'];
  const nodes = await Promise.all(names.map((name) => rowNode(replica, name, new JournalingExecutor({ journal }))));
  const { id } = await replica.submit(nodes, { rollout: { maxConcurrency: { count: 1 } } });
  const started = (): number =>
    nodes.filter(
      ({ executor }) =>
        executor.starts.has(executionOf(id, nodes[0] as (typeof nodes)[0])) ||
        [...executor.starts.keys()].some((one) => one.startsWith(id)),
    ).length;
  const finishNext = async (count: number): Promise<void> => {
    await until(() => started() === count, `start ${count}`);
    for (const node of nodes) {
      const execution = executionOf(id, node);
      if (node.executor.starts.has(execution) && !node.executor.releases.flat().includes(execution)) {
        node.executor.finish(execution);
        await until(() => node.executor.releases.flat().includes(execution), 'its release');
      }
    }
  };
  await until(() => started() === 1, 'the first start');
  await etcd.saveSnapshot(file);
  for (let count = 1; count <= nodes.length; count += 1) await finishNext(count);
  for (let n = 0; n < 20; n += 1) {
    const further = await replica.submit(nodes);
    for (const node of nodes) {
      const execution = executionOf(further.id, node);
      await until(() => node.executor.starts.has(execution), 'a start');
      node.executor.finish(execution);
    }
    for (const node of nodes) {
      await until(() => node.executor.releases.flat().includes(executionOf(further.id, node)), 'a release');
    }
  }
  await etcd.restoreSnapshot(file);
  const cluster = () => replica.client.call(clusterMethods.GetCluster, {}).catch(() => undefined);
  await until(async () => (await cluster())?.era === 2, 'the era rises');
  return { id, nodes, store, replica, cluster };
}

test('restored from a snapshot: the era rises, what is offered again meets the journals, nothing starts twice', async (t) => {
  const { id, nodes, store, replica, cluster } = await play(t, true);
  const info = await cluster();
  assert.deepEqual([info?.reason, info?.unconfirmed], ['rolled-back', false]);
  // Open again in the store; driven to its end a second time, from the journals.
  const closed = async (): Promise<boolean> => {
    const events = await replica.watch(id, { withoutOutput: true }).catch(() => []);
    return events.findLast(({ job }) => job)?.job?.counts?.succeeded === nodes.length;
  };
  await until(closed, 'the job closes again');
  for (const node of nodes) await until(async () => (await presenceOf(store, node)) !== undefined, 'a presence again');
  assert.ok(
    nodes.some(({ executor }) => executor.offers.filter(({ execution }) => execution.startsWith(id)).length > 1),
  );
  assert.equal(
    nodes.reduce((sum, { executor }) => sum + executor.secondStarts, 0),
    0,
  );
  const next = await replica.submit(nodes);
  for (const node of nodes) await until(() => node.executor.starts.has(executionOf(next.id, node)), 'a new job runs');
});

test('restored from a snapshot, the control: agents without a journal do start again', async (t) => {
  const { nodes } = await play(t, false);
  await until(() => nodes.some(({ executor }) => executor.secondStarts > 0), 'a second start');
});
