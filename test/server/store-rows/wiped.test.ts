import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from '../../../server/store/keys.ts';
import { clusterMethods, nodeMethods } from '../../../shared/rpc/methods.ts';
import { until } from '../store/conformance/bench.ts';
import { executionOf, presenceOf, rowNode, startRow } from './row.ts';

test('wiped: nodes are registered again, the era rises, ends of lost jobs are kept aside, nothing new until it is confirmed', async (t) => {
  const { etcd, store, replica } = await startRow(t);
  const nodes = [await rowNode(replica, 'n-1'), await rowNode(replica, 'n-2')];
  const { id } = await replica.submit(nodes);
  await until(() => nodes.every(({ executor }) => executor.starts.size === 1), 'both run');
  const cluster = () => replica.client.call(clusterMethods.GetCluster, {});
  // The control: before the wipe nothing waits for an operator, and a submit is taken.
  assert.deepEqual([(await cluster()).era, (await cluster()).unconfirmed], [1, false]);
  await etcd.wipe();
  await until(async () => (await cluster().catch(() => undefined))?.unconfirmed === true, 'the wipe is noticed');
  assert.deepEqual([(await cluster()).era, (await cluster()).reason], [2, 'wiped']);
  const registered = async (): Promise<boolean> => {
    const { nodes: listed } = await replica.client.call(nodeMethods.ListNodes, {});
    const stored = await Promise.all(nodes.map((node) => store.get(keys.node(node.uid))));
    return (
      listed.length === 2 && listed.every(({ connected }) => connected) && stored.every((one) => one !== undefined)
    );
  };
  await until(registered, 'the nodes again');
  await until(async () => (await presenceOf(store, nodes[0] as (typeof nodes)[0])) !== undefined, 'a presence again');
  await assert.rejects(replica.submit(nodes), { reason: 'STORE_UNCONFIRMED', message: /muster cluster confirm/ });
  await assert.rejects(replica.client.call(nodeMethods.SetLabels, { node: 'n-1', set: { a: 'b' } }), {
    reason: 'STORE_UNCONFIRMED',
  });
  for (const node of nodes) node.executor.finish(executionOf(id, node));
  await until(() => nodes.every(({ executor }) => executor.releases.flat().length === 1), 'the releases');
  await until(async () => (await cluster()).lostResults === 2, 'both ends kept aside');
  await assert.rejects(replica.client.call(clusterMethods.Confirm, { era: 1 }), { reason: 'ERA_CHANGED' });
  assert.equal((await replica.client.call(clusterMethods.Confirm, { era: 2 })).era, 2);
  const again = await replica.submit(nodes);
  const started = (): boolean => nodes.every((node) => node.executor.starts.has(executionOf(again.id, node)));
  await until(started, 'the next job');
  assert.ok(nodes.every(({ executor }) => executor.secondStarts === 0));
});

test('wiped while no replica ran: the first agent that has seen more says so', async (t) => {
  const { etcd, replica } = await startRow(t);
  const node = await rowNode(replica, 'n-1');
  await replica.stop();
  await etcd.wipe();
  await replica.begin(['--lease-term', '2s', '--drain-timeout', '300ms']);
  const cluster = () => replica.client.call(clusterMethods.GetCluster, {});
  await until(async () => (await cluster()).unconfirmed, 'the wipe is noticed');
  assert.deepEqual([(await cluster()).era, (await cluster()).reason], [2, 'wiped']);
  const connected = async (): Promise<boolean> =>
    (await replica.client.call(nodeMethods.ListNodes, {})).nodes[0]?.connected === true;
  await until(connected, 'the node is back');
  await assert.rejects(replica.submit([node]), { reason: 'STORE_UNCONFIRMED' });
});
