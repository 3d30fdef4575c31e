import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ClusterState } from '../../../server/store/cluster-state.ts';
import { EtcdStore } from '../../../server/store/etcd/etcd-store.ts';
import { CompactedError } from '../../../server/store/store.ts';
import { createLog } from '../../../shared/log.ts';
import { systemClock } from '../../../shared/time.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { put, until } from './conformance/bench.ts';

const log = createLog('test', 'silent');

async function startStore(t: TestContext): Promise<{ etcd: EtcdServer; open: () => Promise<EtcdStore> }> {
  const etcd = await startEtcd();
  t.after(() => etcd.stop());
  const open = async (): Promise<EtcdStore> => {
    const store = await EtcdStore.open({ endpoints: [etcd.endpoint], prefix: 'muster/', log });
    t.after(() => store.close());
    return store;
  };
  return { etcd, open };
}

async function openState(t: TestContext, store: EtcdStore): Promise<ClusterState> {
  const state = await ClusterState.open({ store, log, clock: systemClock });
  t.after(() => state.close());
  return state;
}

const write = async (store: EtcdStore, count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await store.commit({ then: [put(`w/${n}`)] });
};

function snapshotFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'muster-snapshot-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'snapshot.db');
}

test('the era begins at 1, every replica reads the same one, and sees at once what another confirms', async (t) => {
  const { open } = await startStore(t);
  const [first, second] = [await openState(t, await open()), await openState(t, await open())];
  assert.deepEqual([first.era, first.unconfirmed, first.reason], [1, false, 'begun']);
  assert.equal(second.clusterId, first.clusterId);
  assert.equal(await first.confirm(), 1, 'nothing to confirm harms nothing');
  let told = 0;
  second.changed(() => (told += 1));
  await first.rolledBack({ era: 7, revision: 4 }, { knownNode: false });
  assert.deepEqual([first.era, first.unconfirmed, first.reason], [8, true, 'wiped']);
  await until(() => second.era === 8, 'the other replica learns of it');
  assert.throws(() => second.requireConfirmed(), { reason: 'STORE_UNCONFIRMED', message: /muster cluster confirm/ });
  await assert.rejects(second.confirm(7), { reason: 'ERA_CHANGED', field: 'era' });
  assert.equal(await second.confirm(8), 8);
  await until(() => !first.unconfirmed, 'the confirmation is seen');
  first.requireConfirmed();
  assert.equal(told, 2);
});

test('an agent ahead of a store with jobs says that it was rolled back; one that is not ahead changes nothing', async (t) => {
  const { open } = await startStore(t);
  const store = await open();
  const state = await openState(t, store);
  await store.commit({ then: [put('submitted/0000000000000001-x')] });
  await state.rolledBack({ era: 1, revision: 1 }, { knownNode: true });
  assert.equal(state.era, 1);
  await state.rolledBack({ era: 1, revision: 1_000_000 }, { knownNode: false });
  assert.deepEqual([state.era, state.unconfirmed, state.reason], [2, false, 'rolled-back']);
  await assert.rejects(state.rolledBack({ era: 2 ** 40, revision: 1 }, { knownNode: true }), {
    reason: 'INVALID_FIELD',
    field: 'hello.highest_epoch',
  });
  const raises = async (): Promise<void> => {
    for (let n = 0; n < 100; n += 1) await state.rolledBack({ era: state.era, revision: 10 ** 9 }, { knownNode: true });
  };
  await assert.rejects(raises(), { reason: 'TOO_MANY' });
  assert.ok(state.era < 20, 'agents have raised it without end');
});

test('running replicas find a wiped store, raise the era once among them, and wait for an operator', async (t) => {
  const { etcd, open } = await startStore(t);
  const stores = [await open(), await open()];
  const states = await Promise.all(stores.map((store) => openState(t, store)));
  const before = states[0]?.clusterId;
  await write(stores[0] as EtcdStore, 20);
  await etcd.wipe();
  await until(() => states.every(({ era }) => era === 2), 'the era rises');
  for (const state of states) {
    assert.deepEqual([state.unconfirmed, state.reason], [true, 'wiped']);
    assert.notEqual(state.clusterId, before);
  }
  await states[1]?.check();
  assert.equal(states[1]?.era, 2);
});

test('a store that a newcomer began anew after a wipe is found to be another one all the same', async (t) => {
  const { etcd, open } = await startStore(t);
  const store = await open();
  await write(store, 20);
  const state = await openState(t, store);
  etcd.pause();
  await etcd.wipe();
  // Whoever is first: both orders are right, and end the same.
  const newcomer = await openState(t, await open());
  await until(() => state.era === 2 && newcomer.era === 2, 'the era rises');
  assert.ok(state.unconfirmed && newcomer.unconfirmed);
});

test('a store restored from a snapshot: the era rises, its leases are lost, every watch is told to list again', async (t) => {
  const { etcd, open } = await startStore(t);
  const file = snapshotFile(t);
  const store = await open();
  const state = await openState(t, store);
  const lease = await store.lease(60_000);
  await store.commit({ then: [{ put: 'presence/a', value: Buffer.from('x'), lease }] });
  await etcd.saveSnapshot(file);
  await write(store, 20);
  // It has delivered nothing since before the snapshot: its own revision says nothing.
  const watch = store.watch('quiet/', 2, new AbortController().signal)[Symbol.asyncIterator]();
  const broken = assert.rejects(watch.next(), CompactedError);
  const idle = await open();
  const idleState = await openState(t, idle);
  await etcd.restoreSnapshot(file);
  await broken;
  assert.equal(await lease.lost, 'the store was set back');
  assert.equal(store.life, 1);
  await until(() => state.era === 2 && idleState.era === 2, 'the era rises');
  assert.deepEqual([state.unconfirmed, state.reason], [false, 'rolled-back']);
  await write(store, 3);
  assert.equal(store.life, 1, 'one life, noticed once');
  await state.check();
  assert.equal(state.era, 2);
});

test('compaction alone raises nothing', async (t) => {
  const { etcd, open } = await startStore(t);
  const store = await open();
  const state = await openState(t, store);
  await write(store, 20);
  await etcd.compact();
  await etcd.restart();
  await write(store, 1).catch(() => {});
  await until(
    () =>
      state.check().then(
        () => true,
        () => false,
      ),
    'the store answers',
  );
  assert.deepEqual([state.era, store.life], [1, 0]);
});
