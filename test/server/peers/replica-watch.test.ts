import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ReplicaWatch } from '../../../server/peers/replica-watch.ts';
import { EmbeddedStore } from '../../../server/store/embedded/embedded-store.ts';
import { keys } from '../../../server/store/keys.ts';
import { CompactedError, type Store } from '../../../server/store/store.ts';
import { values } from '../../../server/store/values.ts';
import { eventually, silent } from '../../harness/agent-connection.ts';

let folder: string;
let store: Store;
let watch: ReplicaWatch | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-replicas-'));
  store = await EmbeddedStore.open({ path: folder, log: silent });
});
afterEach(async () => {
  await watch?.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const put = (name: string, incarnation = 'i') => {
  const value = values.replica.encode({ name, address: 'x:1', version: '1', startedUnixMs: 1, incarnation });
  return store.commit({ then: [{ put: keys.replica(name), value }] });
};
const names = (): string[] => [...(watch?.records.keys() ?? [])].sort();

test('those that are there are known from the start, those that come and go as they do', async () => {
  await put('a');
  const changed: string[] = [];
  watch = new ReplicaWatch({ store, log: silent, changed: (name) => changed.push(name) });
  await watch.start();
  assert.deepEqual(names(), ['a']);
  await put('b');
  await put('b', 'another');
  await store.commit({ then: [{ delete: keys.replica('a') }] });
  await eventually(() => names().join() === 'b', 'b alone');
  assert.equal(watch.records.get('b')?.incarnation, 'another');
  assert.deepEqual(changed, ['a', 'b', 'b', 'a']);
});

test('after a compaction past the watch the replicas are listed again: who came is known, who went is gone', async () => {
  let compacted: (() => void) | undefined;
  let lostBelow = 0;
  const cut: Store = Object.create(store, {
    watch: {
      value: async function* (...args: Parameters<Store['watch']>) {
        const [, fromRevision] = args;
        if (compacted && fromRevision > lostBelow) return yield* store.watch(...args);
        if (compacted) throw new CompactedError(lostBelow);
        await new Promise<void>((resolve) => {
          compacted = resolve;
        });
        throw new CompactedError(lostBelow);
      },
    },
    list: { value: (...args: Parameters<Store['list']>) => store.list(...args) },
  });
  await put('a');
  await put('b');
  watch = new ReplicaWatch({ store: cut, log: silent, changed: () => {} });
  await watch.start();
  await store.commit({ then: [{ delete: keys.replica('a') }] });
  await put('c');
  await eventually(() => compacted !== undefined, 'the watch');
  assert.deepEqual(names(), ['a', 'b']);
  lostBelow = await store.revision();
  compacted?.();
  await eventually(() => names().join() === 'b,c', 'b and c');
  await put('d');
  await eventually(() => names().join() === 'b,c,d', 'd by the new watch');
});

test('a record that can not be read hides no other', async () => {
  await store.commit({ then: [{ put: keys.replica('a'), value: Buffer.from([0xff]) }] });
  await put('b');
  watch = new ReplicaWatch({ store, log: silent, changed: () => {} });
  await watch.start();
  assert.deepEqual(names(), ['b']);
  await put('c');
  assert.equal((await watch.ask('c'))?.name, 'c');
  assert.equal(await watch.ask('z'), undefined);
});
