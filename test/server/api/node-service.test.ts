import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { keys } from '../../../server/store/keys.ts';
import { openStore } from '../../../server/store/open.ts';
import { values } from '../../../server/store/values.ts';
import { clusterMethods, nodeMethods } from '../../../shared/rpc/methods.ts';
import { systemClock } from '../../../shared/time.ts';
import { silent } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { TestReplica } from '../../harness/test-replica.ts';

let etcd: EtcdServer;
before(async () => {
  etcd = await startEtcd();
});
after(() => etcd.stop());

test('every replica tells which one holds a node, and says where only that one knows what runs there', async () => {
  const store = `etcd://${etcd.endpoint}/held`;
  const [one, other] = [
    await TestReplica.start({ store, name: 'one' }),
    await TestReplica.start({ store, name: 'other' }),
  ];
  try {
    await one.node('web-1');
    const seen = async (replica: TestReplica) => {
      const { node } = await replica.client.call(nodeMethods.GetNode, { node: 'web-1' });
      return { replica: node?.replica, connected: node?.connected, unknown: node?.runningUnknown };
    };
    assert.deepEqual(await seen(one), { replica: 'one', connected: true, unknown: false });
    // The other one hears of it by its watch.
    const heard = async () => (await other.client.call(nodeMethods.ListNodes, {})).nodes.some((node) => node.connected);
    for (let tries = 0; tries < 1000 && !(await heard()); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(await seen(other), { replica: 'one', connected: true, unknown: true });
  } finally {
    await other.close();
    await one.close();
  }
});

test('nothing about a node is changed while a wiped store waits for an operator', async () => {
  const url = `etcd://${etcd.endpoint}/unconfirmed`;
  const replica = await TestReplica.start({ store: url });
  const store = await openStore({ store: url, log: silent, clock: systemClock });
  try {
    await replica.node('web-1');
    const era = { era: 2, clusterId: 'x', unconfirmed: true, reason: 'wiped', sinceUnixMs: 1 };
    await store.commit({ then: [{ put: keys.era, value: values.era.encode(era) }] });
    assert.equal((await replica.client.call(clusterMethods.GetCluster, {})).unconfirmed, true);
    const { client } = replica;
    const node = { node: 'web-1' };
    for (const change of [
      () => client.call(nodeMethods.SetLabels, { ...node, set: { role: 'web' } }),
      () => client.call(nodeMethods.Cordon, node),
      () => client.call(nodeMethods.Uncordon, node),
      () => client.call(nodeMethods.RemoveNode, node),
    ]) {
      await assert.rejects(change(), { reason: 'STORE_UNCONFIRMED' });
    }
    await client.call(clusterMethods.Confirm, { era: 2 });
    const { node: changed } = await client.call(nodeMethods.Cordon, node);
    assert.equal(changed?.cordoned, true);
  } finally {
    await store.close();
    await replica.close();
  }
});
