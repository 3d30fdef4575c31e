import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Connection } from '../../../agent/connection.ts';
import { JobStore } from '../../../server/jobs/job-store.ts';
import { openStore } from '../../../server/store/open.ts';
import type { Store } from '../../../server/store/store.ts';
import { executionId, type JobId, newNodeUid } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { RpcClient } from '../../../shared/rpc/client.ts';
import { jobMethods } from '../../../shared/rpc/methods.ts';
import { connect, eventually, silent } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { FakeExecutor } from '../../harness/fake-executor.ts';
import { ProcessCluster } from '../../harness/process-cluster.ts';

let etcd: EtcdServer;
let store: Store;
let cluster: ProcessCluster;
let client: RpcClient;
const connections: Connection[] = [];

before(async () => {
  etcd = await startEtcd();
  const url = `etcd://${etcd.endpoint}/killed`;
  store = await openStore({ store: url, log: silent });
  cluster = await ProcessCluster.start({ agents: 0, stores: [url, url], replicaFlags: ['--lease-term', '2s'] });
  client = new RpcClient({ servers: [cluster.address] });
});
after(async () => {
  client.close();
  await Promise.all(connections.map((connection) => connection.close()));
  await cluster.close();
  await store.close();
  await etcd.stop();
});

test('a coordinator that is killed is succeeded by the replica that is left: every node runs once, to its end', async () => {
  const [first, second] = cluster.addresses as [string, string];
  // One on the replica that dies, who then dials the other; the rest on that one.
  const nodes = [[first, second], [second], [second], [second]].map((servers, n) => {
    const executor = new FakeExecutor();
    const node = { uid: newNodeUid(), name: `n-${n}`, executor, starts: 0, live: false };
    executor.onOffer = ({ execution }) => {
      const known = executor.present(execution);
      if (known.length === 0) {
        node.starts += 1;
        executor.accept(execution);
      } else if (known.some(({ type }) => type === 'finished')) executor.succeed(execution);
    };
    const identity = { ...node, bootId: 'boot', version: '0.0.0', labels: {}, facts: {}, capabilities: [] };
    connections.push(connect(servers, executor, { identity, onLive: () => (node.live = true) }));
    return node;
  });
  await eventually(() => nodes.every(({ live }) => live), 'the sessions');
  const targets = nodes.map(({ uid }) => uid);
  const { order, bytes } = buildOrder({
    command: { argv: ['true'] },
    plan: { root: planRoot(targets), count: targets.length },
    rollout: { maxConcurrency: { count: 2 } },
    createdUnixMs: Date.now(),
  });
  const deadline = performance.now() + 30_000;
  for (let submitted = false; !submitted; ) {
    try {
      await client.call(jobMethods.Submit, { order: bytes, targets });
      submitted = true;
    } catch (error) {
      if ((error as { reason?: string }).reason !== 'UNKNOWN_NODE' || performance.now() > deadline) throw error;
    }
  }
  await eventually(() => nodes.filter(({ starts }) => starts > 0).length === 2, 'two starts');
  await cluster.replica.end('SIGKILL');
  const running = () =>
    nodes.filter(({ starts, executor, uid }) => starts > 0 && executor.present(idOf(uid)).length === 1);
  const idOf = (uid: (typeof targets)[number]) => executionId(order.id as JobId, uid, 1);
  for (let ended = 0; ended < nodes.length; ended += 1) {
    await eventually(() => running().length > 0, 'more starts');
    assert.ok(running().length <= 2, `${running().length} at once`);
    const [node] = running();
    if (node) node.executor.succeed(idOf(node.uid));
  }
  const stored = new JobStore({ store });
  const closeBy = performance.now() + 30_000;
  while ((await stored.get(order.id))?.record.state !== 'closed')
    assert.ok(performance.now() < closeBy, 'never closed');
  const ends: number[] = [];
  for await (const { target } of stored.results(order.id)) ends.push(target);
  assert.deepEqual(ends.sort(), [0, 1, 2, 3]);
  assert.deepEqual(
    nodes.map(({ starts }) => starts),
    [1, 1, 1, 1],
  );
});
