import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Directory } from '../../../server/fleet/directory.ts';
import { DirectorySync } from '../../../server/fleet/directory-sync.ts';
import { keys } from '../../../server/store/keys.ts';
import { openStore } from '../../../server/store/open.ts';
import { CompactedError, type Store } from '../../../server/store/store.ts';
import { values } from '../../../server/store/values.ts';
import { type NodeUid, newNodeUid } from '../../../shared/ids.ts';
import { nodeMethods } from '../../../shared/rpc/methods.ts';
import { eventually, silent } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { TestReplica } from '../../harness/test-replica.ts';

let etcd: EtcdServer;
let url: string;

before(async () => {
  etcd = await startEtcd();
  url = `etcd://${etcd.endpoint}/muster`;
});
after(() => etcd.stop());

const record = (uid: NodeUid, name: string) => ({ uid, name, labels: { by: 'another' }, registeredUnixMs: 1 });

test('what another writer changes in etcd is seen: a label, a new node, a node that goes', async () => {
  const cluster = await TestReplica.start({ store: url });
  const other = await openStore({ store: url, log: silent });
  try {
    const node = await cluster.node('web-1', { role: 'web' });
    const get = async (name: string) => (await cluster.client.call(nodeMethods.GetNode, { node: name })).node;
    const entry = await other.get(keys.node(node.uid));
    assert.ok(entry);
    const stored = values.node.decode(entry.value);
    await other.commit({
      then: [{ put: entry.key, value: values.node.encode({ ...stored, labels: { role: 'db' } }) }],
    });
    for (let role: unknown = 'web'; role !== 'db'; ) role = (await get('web-1'))?.labels?.role;
    const uid = newNodeUid();
    await other.commit({ then: [{ put: keys.node(uid), value: values.node.encode(record(uid, 'web-2')) }] });
    for (let seen = false; !seen; )
      seen = await get('web-2').then(
        () => true,
        () => false,
      );
    await other.commit({ then: [{ delete: keys.node(uid) }] });
    for (let seen = true; seen; )
      seen = await get('web-2').then(
        () => true,
        () => false,
      );
    assert.equal((await get('web-1'))?.connected, true);
  } finally {
    await cluster.close();
    await other.close();
  }
});

test('a watch that was compacted away lists anew, and forgets what went meanwhile', async () => {
  const store = await openStore({ store: `${url}-2`, log: silent });
  const [stays, goes, comes] = [newNodeUid(), newNodeUid(), newNodeUid()];
  for (const uid of [stays, goes]) {
    await store.commit({ then: [{ put: keys.node(uid), value: values.node.encode(record(uid, `n-${uid}`)) }] });
    const presence = values.presence.encode({ replica: 'a', era: 1 });
    await store.commit({ then: [{ put: keys.presence(uid), value: presence }] });
  }
  const cut = Promise.withResolvers<void>();
  let watches = 0;
  let compacted = 0;
  const cutOff: Store = Object.assign(Object.create(store, { life: { value: 0 } }) as Store, {
    get: store.get.bind(store),
    list: store.list.bind(store),
    async *watch(...[prefix, from, signal]: Parameters<Store['watch']>): ReturnType<Store['watch']> {
      watches += 1;
      if (watches > 2 && from > compacted) return yield* store.watch(prefix, from, signal);
      await cut.promise;
      throw new CompactedError(compacted);
    },
  });
  const directory = new Directory();
  const sync = new DirectorySync({ store: cutOff, directory, log: silent });
  await sync.start();
  assert.deepEqual([directory.size, directory.connected], [2, 2]);
  await store.commit({ then: [{ delete: keys.node(goes) }, { delete: keys.presence(goes) }] });
  await store.commit({ then: [{ delete: keys.presence(stays) }] });
  await store.commit({ then: [{ put: keys.node(comes), value: values.node.encode(record(comes, 'new')) }] });
  // A record that nobody can read hides no other.
  await store.commit({ then: [{ put: keys.node(newNodeUid()), value: Buffer.from([0xff]) }] });
  compacted = await store.revision();
  cut.resolve();
  await eventually(() => directory.find('new') !== undefined && directory.connected === 0, 'the listing');
  assert.deepEqual(
    directory
      .all()
      .map(({ uid }) => uid)
      .sort(),
    [stays, comes].sort(),
  );
  await sync.close();
  await store.close();
});

test('what the store tells late undoes nothing that is newer', () => {
  const directory = new Directory();
  const uid = newNodeUid();
  const base = { labels: {}, facts: {}, cordoned: false, version: '1', registeredUnixMs: 1, lastSeenUnixMs: 1 };
  directory.upsert({ uid, name: 'n', ...base });
  const presence = (revision: number) => ({ replica: 'a', epoch: { era: 1, revision } });
  const at = (): number | undefined => directory.get(uid)?.presence?.epoch.revision;
  directory.setPresence(uid, presence(10), 10);
  directory.setPresence(uid, undefined);
  directory.setPresence(uid, presence(10), 10);
  assert.equal(at(), undefined);
  directory.setPresence(uid, presence(12), 12);
  directory.setPresence(uid, undefined, 11);
  assert.equal(at(), 12);
  directory.setPresence(uid, undefined, 13);
  assert.equal(at(), undefined);
});
