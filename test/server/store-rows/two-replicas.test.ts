import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keys } from '../../../server/store/keys.ts';
import { openStore } from '../../../server/store/open.ts';
import type { Store } from '../../../server/store/store.ts';
import { clusterMethods, nodeMethods } from '../../../shared/rpc/methods.ts';
import { silent } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { TestReplica } from '../../harness/test-replica.ts';
import { until } from '../store/conformance/bench.ts';
import { executionOf, presenceOf, type RowNode, rowNode } from './row.ts';

interface Pair {
  readonly etcd: EtcdServer;
  readonly store: Store;
  readonly a: TestReplica;
  readonly b: TestReplica;
  /** One on a, two on b. */
  readonly nodes: readonly RowNode[];
}

async function startPair(t: TestContext): Promise<Pair> {
  const etcd = await startEtcd();
  const url = `etcd://${etcd.endpoint}/pair`;
  const store = await openStore({ store: url, log: silent });
  const args = ['--lease-term', '2s', '--drain-timeout', '300ms'];
  const a = await TestReplica.start({ store: url, name: 'a', args });
  const b = await TestReplica.start({ store: url, name: 'b', args });
  t.after(async () => {
    await Promise.all([a.close(), b.close()]);
    await store.close();
    await etcd.stop();
  });
  const nodes = [await rowNode(a, 'n-1'), await rowNode(b, 'n-2'), await rowNode(b, 'n-3')];
  const known = async (): Promise<boolean> => {
    const { nodes: listed } = await a.client.call(nodeMethods.ListNodes, {});
    return listed.filter(({ connected }) => connected).length === nodes.length;
  };
  await until(known, 'all nodes at a');
  return { etcd, store, a, b, nodes };
}

const eraOf = async (replica: TestReplica): Promise<number> =>
  (await replica.client.call(clusterMethods.GetCluster, {}).catch(() => undefined))?.era ?? 0;

/** Ends whatever a node has running of the job, until all have been released from it. */
async function finish(job: string, nodes: readonly RowNode[]): Promise<void> {
  const pending = new Set(nodes);
  await until(() => {
    for (const node of pending) {
      const execution = executionOf(job, node);
      const { executor } = node;
      if (executor.starts.has(execution) && !executor.present(execution).some(({ type }) => type === 'finished')) {
        if (!executor.releases.flat().includes(execution)) executor.finish(execution);
      }
      if (executor.releases.flat().includes(execution)) pending.delete(node);
    }
    return pending.size === 0;
  }, 'every end released');
}

test('a wiped store with two replicas: one era for both, all records and presences again, and jobs across both once confirmed', async (t) => {
  const { etcd, store, a, b, nodes } = await startPair(t);
  const { id } = await a.submit(nodes);
  await until(() => nodes.every(({ executor }) => executor.starts.size === 1), 'all run');
  await etcd.wipe();
  await until(async () => (await eraOf(a)) === 2 && (await eraOf(b)) === 2, 'the era rises at both');
  for (const node of nodes) await until(async () => (await presenceOf(store, node)) !== undefined, 'its presence');
  for (const key of [keys.replica('a'), keys.replica('b'), keys.leader]) {
    await until(async () => (await store.get(key)) !== undefined, key);
  }
  for (const node of nodes) node.executor.finish(executionOf(id, node));
  await until(() => nodes.every(({ executor }) => executor.releases.flat().length === 1), 'the releases');
  await b.client.call(clusterMethods.Confirm, { era: 2 });
  let next = '';
  const submitted = async (): Promise<boolean> => {
    next = await a.submit(nodes).then(
      (job) => job.id,
      () => '',
    );
    return next !== '';
  };
  await until(submitted, 'a submit');
  await finish(next, nodes);
  assert.ok(nodes.every(({ executor }) => executor.secondStarts === 0));
});

test('a restored store with two replicas: a job that was handed over after the snapshot is driven again, and starts nothing twice', async (t) => {
  const { etcd, store, a, b, nodes } = await startPair(t);
  const file = join(a.folder, 'snapshot.db');
  const { id } = await a.submit(nodes, { rollout: { maxConcurrency: { count: 1 } } });
  await until(() => nodes.some(({ executor }) => executor.starts.size === 1), 'the first start');
  await etcd.saveSnapshot(file);
  // Revisions go far beyond those of the snapshot, and b has spoken for the job with one of them.
  for (let n = 0; n < 300; n += 1) await store.commit({ then: [{ put: 'x', value: Buffer.from(`${n}`) }] });
  await store.commit({ then: [{ delete: keys.coordinator(id as never) }] });
  await finish(id, nodes);
  await etcd.restoreSnapshot(file);
  await until(async () => (await eraOf(a)) === 2 && (await eraOf(b)) === 2, 'the era rises at both');
  const closed = async (): Promise<boolean> => {
    const events = await b.watch(id, { withoutOutput: true }).catch(() => []);
    return events.findLast(({ job }) => job)?.job?.counts?.succeeded === nodes.length;
  };
  await until(closed, 'the job closes again');
  assert.ok(nodes.every(({ executor }) => executor.secondStarts === 0));
  const next = await b.submit(nodes);
  await finish(next.id, nodes);
});
