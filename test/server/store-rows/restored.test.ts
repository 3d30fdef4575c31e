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
  const startedOf = (job: string) => nodes.filter((node) => node.executor.starts.has(executionOf(job, node)));
  const finish = async (job: string): Promise<void> => {
    const done = new Set<string>();
    while (done.size < nodes.length) {
      await until(() => startedOf(job).length > done.size, 'the next start');
      for (const node of startedOf(job).filter(({ name }) => !done.has(name))) {
        const execution = executionOf(job, node);
        node.executor.finish(execution);
        await until(() => node.executor.releases.flat().includes(execution), 'its release');
        done.add(node.name);
      }
    }
  };
  await until(() => startedOf(id).length === 1, 'the first start');
  await etcd.saveSnapshot(file);
  await finish(id);
  for (let n = 0; n < 20; n += 1) await finish((await replica.submit(nodes)).id);
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
