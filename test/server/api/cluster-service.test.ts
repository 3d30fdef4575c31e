import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KnownReplica, replicaList } from '../../../server/api/cluster-service.ts';
import { clusterMethods } from '../../../shared/rpc/methods.ts';
import { startEtcd } from '../../harness/etcd.ts';
import { TestReplica } from '../../harness/test-replica.ts';

const record = (name: string): KnownReplica => ({ name, address: `${name}:7500`, version: '1', startedUnixMs: 7 });
const status = { sessions: 2, openJobs: 1, fenced: false, leaseAgeMs: 300, stopping: false };

test('replicas are listed by name; of one that no link reaches nothing is made up', () => {
  const peers = { statusOf: (name: string) => (name === 'r-2' ? { ...status, sessions: 9, fenced: true } : undefined) };
  const list = replicaList([record('r-10'), record('r-2'), record('r-1')], 'r-2', 'r-1', status, peers);
  assert.deepEqual(list, [
    { ...record('r-1'), leader: false, reachable: true, ...status },
    { ...record('r-2'), leader: true, reachable: true, ...status, sessions: 9, fenced: true },
    { ...record('r-10'), leader: false, reachable: false },
  ]);
});

test('a single replica tells of itself, and of a store that nobody has to confirm', async () => {
  const replica = await TestReplica.start();
  try {
    await replica.node('web-1');
    const { replicas } = await replica.client.call(clusterMethods.ListReplicas, {});
    assert.deepEqual(
      replicas.map(({ name, address, sessions, openJobs, reachable, fenced, stopping }) => ({
        ...{ name, address, sessions, openJobs, reachable, fenced, stopping },
      })),
      [
        {
          ...{ name: 'test-replica', address: replica.address, sessions: 1, openJobs: 0 },
          ...{ reachable: true, fenced: false, stopping: false },
        },
      ],
    );
    const { sinceUnixMs, ...store } = await replica.client.call(clusterMethods.GetCluster, {});
    assert.deepEqual(store, { era: 1, unconfirmed: false, reason: 'begun', lostResults: 0 });
    assert.ok(sinceUnixMs > 1_700_000_000_000);
    assert.deepEqual(await replica.client.call(clusterMethods.Confirm, {}), { era: 1 });
    await assert.rejects(replica.client.call(clusterMethods.Confirm, { era: 2 }), { reason: 'ERA_CHANGED' });
  } finally {
    await replica.close();
  }
});

test('while the store is away a replica tells what it knows, and that it is fenced', async () => {
  const etcd = await startEtcd();
  const replica = await TestReplica.start({
    store: `etcd://${etcd.endpoint}/cluster-service`,
    args: ['--lease-term', '2s'],
  });
  try {
    await etcd.kill();
    const list = async () => (await replica.client.call(clusterMethods.ListReplicas, {})).replicas;
    const first = await list();
    assert.deepEqual(
      first.map(({ name, reachable }) => [name, reachable]),
      [['test-replica', true]],
    );
    let now = first;
    for (let tries = 0; tries < 1000 && now[0]?.fenced !== true; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      now = await list();
    }
    assert.deepEqual([now[0]?.fenced, now[0]?.reachable], [true, true]);
    assert.equal((await replica.client.call(clusterMethods.GetCluster, {})).era, 1);
    await assert.rejects(replica.client.call(clusterMethods.GetLeader, {}), { reason: 'STORE_UNAVAILABLE' });
  } finally {
    await replica.close();
    await etcd.stop();
  }
});
