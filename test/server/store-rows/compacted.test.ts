import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from '../../../server/store/keys.ts';
import { CompactedError } from '../../../server/store/store.ts';
import { nameValue, values } from '../../../server/store/values.ts';
import { newNodeUid } from '../../../shared/ids.ts';
import { nodeMethods } from '../../../shared/rpc/methods.ts';
import { until } from '../store/conformance/bench.ts';
import { executionOf, presenceOf, rowNode, startRow } from './row.ts';

test('compacted past a watch: the replica lists again and misses neither what came nor what went; no session ends', async (t) => {
  const { etcd, proxy, store, replica } = await startRow(t);
  const node = await rowNode(replica, 'n-1');
  const add = async (name: string) => {
    const uid = newNodeUid();
    const record = values.node.encode({ uid, name, labels: {}, facts: {}, version: '1' });
    await store.commit({
      then: [
        { put: keys.node(uid), value: record },
        { put: keys.name(name), value: nameValue.encode(uid) },
      ],
    });
    return uid;
  };
  const names = async (): Promise<string[]> =>
    (await replica.client.call(nodeMethods.ListNodes, {})).nodes.map((one) => one.name).sort();
  const went = await add('went');
  await until(async () => (await names()).length === 2, 'the node of another writer');
  const before = await presenceOf(store, node);
  const from = (await store.revision()) + 1;
  proxy.refuse();
  await add('came');
  await store.commit({ then: [{ delete: keys.node(went) }, { delete: keys.name('went') }] });
  for (let n = 0; n < 50; n += 1) await store.commit({ then: [{ put: 'x', value: Buffer.from(`${n}`) }] });
  await etcd.compact();
  // The control: a watch from where the replica's stood is told that it missed something.
  await assert.rejects(async () => {
    for await (const _ of store.watch(keys.nodePrefix, from, AbortSignal.timeout(20_000)));
  }, CompactedError);
  proxy.allow();
  await until(async () => (await names()).join() === 'came,n-1', 'the list of now');
  const { id } = await replica.submit([node]);
  await until(() => node.executor.starts.size === 1, 'the start');
  node.executor.finish(executionOf(id, node));
  await until(() => node.executor.releases.flat().length === 1, 'the release');
  assert.equal((await presenceOf(store, node))?.epoch, before?.epoch);
});
