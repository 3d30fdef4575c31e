import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Directory } from '../../../server/fleet/directory.ts';
import type { InventoryNode } from '../../../server/fleet/inventory.ts';
import { InventoryCleanup, isForgottenNode } from '../../../server/leader/inventory-cleanup.ts';
import { keys } from '../../../server/store/keys.ts';
import { nameValue, values } from '../../../server/store/values.ts';
import { newNodeUid } from '../../../shared/ids.ts';
import { systemClock } from '../../../shared/time.ts';
import { embeddedTerm, keysUnder } from './embedded-term.ts';

const hourMs = 3_600_000;

test('a node is forgotten only where that was asked for, nobody holds it, and it was not seen for so long', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.nat(1000), fc.nat(1000), fc.nat(1000), (held, lastSeenUnixMs, now, afterMs) => {
      const expected = afterMs > 0 && !held && now - lastSeenUnixMs >= afterMs;
      assert.equal(isForgottenNode({ held, lastSeenUnixMs }, now, afterMs), expected);
    }),
  );
});

test('the clean-up removes node and name, and goes by the store where the directory lags', async (t) => {
  const { store, term } = await embeddedTerm(t);
  const directory = new Directory();
  const write = async (name: string, seenAgoMs: number, inDirectoryAgoMs = seenAgoMs): Promise<InventoryNode> => {
    const node: InventoryNode = {
      ...{ uid: newNodeUid(), name, labels: {}, facts: {}, cordoned: false, version: '1', registeredUnixMs: 1 },
      lastSeenUnixMs: Date.now() - seenAgoMs,
    };
    await store.commit({
      then: [
        { put: keys.node(node.uid), value: values.node.encode(node) },
        { put: keys.name(name), value: nameValue.encode(node.uid) },
      ],
    });
    directory.upsert({ ...node, lastSeenUnixMs: Date.now() - inDirectoryAgoMs });
    return node;
  };
  await write('gone', 3 * hourMs);
  await write('recent', hourMs);
  await write('seen-meanwhile', hourMs, 3 * hourMs);
  const held = await write('held', 3 * hourMs);
  // The directory has not heard of it yet.
  await store.commit({
    then: [{ put: keys.presence(held.uid), value: values.presence.encode({ replica: 'a', era: 1 }) }],
  });
  const cleanup = (afterMs: number) =>
    new InventoryCleanup({ clock: systemClock, afterMs, nodes: () => directory.all() }).round(term);
  assert.equal(await cleanup(0), undefined, 'never, unless asked for');
  assert.deepEqual(await cleanup(2 * hourMs), { nodes: 1 });
  const left = ['held', 'recent', 'seen-meanwhile'];
  assert.deepEqual(await keysUnder(store, keys.namePrefix), left.map(keys.name));
  assert.equal((await keysUnder(store, keys.nodePrefix)).length, 3);
});
