import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Coordinators } from '../../../server/jobs/coordination/coordinators.ts';
import { FollowedKeys } from '../../../server/jobs/coordination/followed-keys.ts';
import { keys } from '../../../server/store/keys.ts';
import { CompactedError, type ListOptions, type Store, type WatchBatch } from '../../../server/store/store.ts';
import { values } from '../../../server/store/values.ts';
import { newJobId } from '../../../shared/ids.ts';
import { eventually, silent } from '../../harness/agent-connection.ts';
import { temporaryStore } from './jobs-world.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A store whose watches tell nothing while `stuck`, nor fail. */
function stuckStore(store: Store) {
  const at = { stuck: true, watches: 0, afterList: async () => {} };
  const list = async (prefix: string, options?: ListOptions) => {
    const page = await store.list(prefix, options);
    await at.afterList();
    return page;
  };
  async function* watch(prefix: string, from: number, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    at.watches += 1;
    const { stuck } = at;
    for await (const batch of store.watch(prefix, from, signal)) if (!stuck) yield batch;
  }
  return { at, store: { list, watch } as unknown as Store };
}

test('a watch that is silently stuck hides neither an open job nor a coordinator that has gone', async () => {
  const store = await temporaryStore((close) => closing.push(close));
  const { store: deaf } = stuckStore(store);
  const [gone, fresh] = [newJobId(), newJobId()];
  const value = values.coordinator.encode({ replica: 'a', claim: 'its' });
  await store.commit({
    then: [
      { put: keys.open(gone), value: Buffer.alloc(0) },
      { put: keys.coordinator(gone), value },
    ],
  });
  const coordinators = new Coordinators({ store: deaf, log: silent, recheckMs: 10 });
  await coordinators.start();
  closing.push(() => coordinators.close());
  assert.equal(coordinators.of(gone)?.replica, 'a');
  const told: string[] = [];
  coordinators.subscribe((job) => told.push(job));
  await store.commit({
    then: [{ delete: keys.coordinator(gone) }, { put: keys.open(fresh), value: Buffer.alloc(0) }],
  });
  await eventually(() => coordinators.of(gone) === undefined && coordinators.isOpen(fresh), 'the correction');
  await store.commit({ then: [{ delete: keys.open(fresh) }] });
  await eventually(() => !coordinators.isOpen(fresh), 'the second correction');
  assert.deepEqual(told.sort(), [gone, fresh, fresh].sort(), 'nobody is told of what did not change');
});

test('a watch that tells nothing of what has changed begins anew', async () => {
  const store = await temporaryStore((close) => closing.push(close));
  const { at, store: deaf } = stuckStore(store);
  const there = new Set<string>();
  const sink = {
    put: ({ key }: { key: string }) => void there.add(key),
    deleted: (key: string) => void there.delete(key),
  };
  const followed = new FollowedKeys({ store: deaf, log: silent, prefix: 'open/', sink, recheckMs: 10 });
  await followed.start();
  closing.push(() => followed.close());
  at.stuck = false;
  await store.commit({ then: [{ put: 'open/a', value: Buffer.alloc(0) }] });
  await eventually(() => at.watches === 2, 'another watch');
  await store.commit({ then: [{ delete: 'open/a' }] });
  await eventually(() => there.size === 0, 'the delete');
  assert.equal(at.watches, 2);
});

test('what the watch told during a listing is not undone by the listing', async () => {
  const store = await temporaryStore((close) => closing.push(close));
  const { at, store: slow } = stuckStore(store);
  at.stuck = false;
  const there = new Set<string>();
  const told: string[] = [];
  const sink = {
    put: ({ key }: { key: string }) => {
      told.push(`+${key}`);
      there.add(key);
    },
    deleted: (key: string) => {
      told.push(`-${key}`);
      there.delete(key);
    },
  };
  await store.commit({ then: [{ put: 'open/old', value: Buffer.alloc(0) }] });
  const followed = new FollowedKeys({ store: slow, log: silent, prefix: 'open/', sink, recheckMs: 10 });
  await followed.start();
  closing.push(() => followed.close());
  let listings = 0;
  at.afterList = async () => {
    listings += 1;
    if (listings !== 1) return;
    await store.commit({ then: [{ delete: 'open/old' }, { put: 'open/new', value: Buffer.alloc(0) }] });
    await eventually(() => there.has('open/new') && !there.has('open/old'), 'the watch');
  };
  await eventually(() => listings >= 2, 'a listing, and another');
  assert.deepEqual(told, ['+open/old', '-open/old', '+open/new']);
});

test('a listing that fails after a compaction is still owed: nothing is watched before one has succeeded', async () => {
  const store = await temporaryStore((close) => closing.push(close));
  const calls: string[] = [];
  const list = async (prefix: string, options?: ListOptions) => {
    const fails = calls.length === 2;
    calls.push(fails ? 'list fails' : 'list');
    if (fails) throw new Error('the store is away');
    return await store.list(prefix, options);
  };
  async function* watch(prefix: string, from: number, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    calls.push('watch');
    if (calls.length === 2) throw new CompactedError(1);
    yield* store.watch(prefix, from, signal);
  }
  const followed = new FollowedKeys({
    store: { list, watch } as unknown as Store,
    sink: { put() {}, deleted() {} },
    ...{ log: silent, prefix: 'open/', recheckMs: 600_000 },
  });
  await followed.start();
  closing.push(() => followed.close());
  await eventually(() => calls.length >= 5, 'the next watch');
  assert.deepEqual(calls, ['list', 'watch', 'list fails', 'list', 'watch']);
});
