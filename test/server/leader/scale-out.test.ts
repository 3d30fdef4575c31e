import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../../../agent/connection.ts';
import { newNodeUid } from '../../../shared/ids.ts';
import { clusterMethods } from '../../../shared/rpc/methods.ts';
import { connect } from '../../harness/agent-connection.ts';
import { startEtcd } from '../../harness/etcd.ts';
import { FakeExecutor } from '../../harness/fake-executor.ts';
import { TestReplica } from '../../harness/test-replica.ts';
import { until } from '../store/conformance/bench.ts';

const count = 60;

test('a replica that joins gets its share of the agents', async (t) => {
  const etcd = await startEtcd();
  const store = `etcd://${etcd.endpoint}/scale-out`;
  const args = ['--lease-term', '2s', '--drain-timeout', '300ms'];
  const a = await TestReplica.start({ store, name: 'a', args });
  const connections: Connection[] = [];
  const replicas = [a];
  t.after(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await Promise.all(replicas.map((replica) => replica.close()));
    await etcd.stop();
  });
  const b = await TestReplica.start({ store, name: 'b', args });
  const { address } = b;
  await b.stop();
  for (let n = 0; n < count; n += 1) {
    const identity = { name: `n-${n}`, uid: newNodeUid(), bootId: 'boot', version: '0.0.0', labels: {}, facts: {} };
    const executor = new FakeExecutor();
    connections.push(connect([a.address, address], executor, { identity: { ...identity, capabilities: [] } }));
  }
  const sessions = async (): Promise<number[]> => {
    const { replicas: listed } = await a.client.call(clusterMethods.ListReplicas, {});
    return listed.map((one) => one.sessions);
  };
  await until(async () => (await sessions())[0] === count, 'all agents at the one replica there is');
  replicas.push(b);
  await b.begin(args);
  const even = async (): Promise<boolean> => {
    const [atA = 0, atB = 0] = await sessions();
    return atA + atB === count && Math.abs(atA - atB) <= 2 * (3 + 16);
  };
  await until(even, 'an even share', 60_000);
  const settled = await sessions();
  assert.ok(settled.every((one) => one > 0));
});
