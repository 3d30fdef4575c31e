import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EmbeddedStore } from '../../../server/store/embedded/embedded-store.ts';
import { presenceShardOf, presenceShards, ReplicaLease } from '../../../server/store/replica-lease.ts';
import { type NodeUid, newNodeUid } from '../../../shared/ids.ts';
import { createLog } from '../../../shared/log.ts';
import { systemClock } from '../../../shared/time.ts';
import { FaultyStore } from '../../harness/faulty-store.ts';
import { until } from './conformance/bench.ts';

const log = createLog('test', 'silent');

async function setUp(t: TestContext, regrant: () => Promise<void> = async () => {}) {
  const path = mkdtempSync(join(tmpdir(), 'muster-lease-'));
  const store = new FaultyStore(await EmbeddedStore.open({ path, log }));
  const told: string[] = [];
  const lease = await ReplicaLease.grant({
    ...{ store, log, clock: systemClock, termMs: 60_000 },
    regranted: async () => {
      told.push('main');
      await regrant();
    },
    presenceRegranted: async (shard) => void told.push(`presence ${shard}`),
  });
  t.after(async () => {
    await lease.close();
    await store.close();
    rmSync(path, { recursive: true, force: true });
  });
  return { store, lease, told };
}

const inShard = (shard: number): NodeUid => {
  for (;;) {
    const uid = newNodeUid();
    if (presenceShardOf(uid) === shard) return uid;
  }
};

test('nodes spread over the presence leases, none of them on the main one', async (t) => {
  const { lease } = await setUp(t);
  const counts = new Map<unknown, number>();
  for (let n = 0; n < 4000; n += 1) {
    const one = lease.presenceLease(newNodeUid());
    counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  assert.equal(counts.size, presenceShards);
  assert.ok(!counts.has(lease.current));
  assert.ok([...counts.values()].every((count) => count > 800 && count < 1200));
});

test('a lease that is lost is granted anew by itself, and only what hung on it is claimed again', async (t) => {
  const { lease, told } = await setUp(t);
  const [lost, kept] = [inShard(2), inShard(1)];
  const [before, other] = [lease.presenceLease(lost), lease.presenceLease(kept)];
  await before.close();
  await until(() => told.length > 0, 'the re-grant');
  assert.deepEqual(told, ['presence 2']);
  assert.notEqual(lease.presenceLease(lost), before);
  assert.equal(lease.presenceLease(kept), other);
  assert.equal(lease.fenced, false);
});

test('a re-claim that fails asks for another lease, and the one before is given back', async (t) => {
  let failures = 2;
  const { lease, told, store } = await setUp(t, async () => {
    if (failures-- > 0) throw new Error('the store is away');
  });
  await lease.current.close();
  await until(() => told.length === 3, 'the third try');
  const ended = await Promise.all(store.leases.slice(presenceShards + 1, -1).map(({ lost }) => lost));
  assert.deepEqual(ended, ['closed', 'closed']);
});

test('a replica that lost its main lease is fenced until all of its own is claimed again, under the new lease', async (t) => {
  const claims: { fenced: boolean; under: unknown; done: () => void; fail: (reason: Error) => void }[] = [];
  const { lease } = await setUp(t, async () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    claims.push({ fenced: lease.fenced, under: lease.current, done: resolve, fail: reject });
    await promise;
  });
  const before = lease.current;
  assert.equal(lease.fenced, false);
  await before.close();
  await until(() => claims.length === 1, 'the re-grant');
  assert.equal(claims[0]?.fenced, true);
  assert.notEqual(claims[0]?.under, before, 'what is claimed hangs on the new lease');
  assert.equal(lease.fenced, true, 'while it claims');
  claims[0]?.fail(new Error('the store is away'));
  await until(() => claims.length === 2, 'another try');
  assert.equal(claims[1]?.fenced, true, 'after one that failed');
  claims[1]?.done();
  await until(() => !lease.fenced, 'not fenced any more');
});

test('fenced for good is fenced whatever the leases say', async (t) => {
  const { lease, store } = await setUp(t);
  store.fenced = true;
  assert.equal(lease.fenced, true, 'its own deadline passed');
  store.fenced = false;
  assert.equal(lease.fenced, false);
  assert.ok(lease.ageMs >= 0 && lease.ageMs < 60_000);
  lease.fence('another process has its name');
  assert.equal(lease.fenced, true);
});
