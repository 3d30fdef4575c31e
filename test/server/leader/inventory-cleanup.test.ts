import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Directory } from '../../../server/fleet/directory.ts';
import { decodeNode, type InventoryNode } from '../../../server/fleet/inventory.ts';
import { InventoryCleanup, isForgottenNode } from '../../../server/leader/inventory-cleanup.ts';
import { keys } from '../../../server/store/keys.ts';
import { nameValue, values } from '../../../server/store/values.ts';
import { newNodeUid } from '../../../shared/ids.ts';
import { JumpClock } from '../store/jump-clock.ts';
import { embeddedTerm, keysUnder } from './embedded-term.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const presence = { replica: 'a', epoch: { era: 1, revision: 1 } };

async function setUp(t: TestContext, afterMs: number) {
  const { store, term } = await embeddedTerm(t);
  const directory = new Directory();
  const clock = new JumpClock();
  const cleanup = new InventoryCleanup({ clock, afterMs, directory });
  cleanup.begin();
  const write = async (name: string, seenAgoMs: number, inDirectoryAgoMs = seenAgoMs): Promise<InventoryNode> => {
    const node: InventoryNode = {
      ...{ uid: newNodeUid(), name, labels: { a: 'b' }, facts: {}, cordoned: false, version: '1', registeredUnixMs: 1 },
      lastSeenUnixMs: clock.now() - seenAgoMs,
    };
    await store.commit({
      then: [
        { put: keys.node(node.uid), value: values.node.encode(node) },
        { put: keys.name(name), value: nameValue.encode(node.uid) },
      ],
    });
    directory.upsert({ ...node, lastSeenUnixMs: clock.now() - inDirectoryAgoMs });
    return node;
  };
  const stored = async ({ uid }: InventoryNode): Promise<InventoryNode> => {
    const entry = await store.get(keys.node(uid));
    assert.ok(entry, 'it is forgotten');
    return decodeNode(entry.value);
  };
  const seenAgoMs = async (node: InventoryNode) => clock.now() - (await stored(node)).lastSeenUnixMs;
  const names = async (): Promise<string[]> =>
    (await keysUnder(store, keys.namePrefix)).map((key) => key.slice(keys.namePrefix.length));
  /** A round a minute, as the leader does. */
  const minutes = async (count: number): Promise<void> => {
    for (let minute = 0; minute < count; minute += 1) {
      clock.jump(minuteMs);
      await cleanup.round(term);
    }
  };
  return { store, term, directory, clock, cleanup, write, stored, seenAgoMs, names, minutes };
}

test('a node is forgotten only where that was asked for, nobody holds it, and for long nobody saw it and it was absent', () => {
  const node = fc.record({ held: fc.boolean(), lastSeenUnixMs: fc.nat(1000), absentMs: fc.nat(1000) });
  const rules = fc.record({ afterMs: fc.nat(1000), graceMs: fc.nat(1000) });
  fc.assert(
    fc.property(node, fc.nat(1000), rules, (one, now, { afterMs, graceMs }) => {
      const longGone = now - one.lastSeenUnixMs >= afterMs && one.absentMs >= graceMs;
      assert.equal(isForgottenNode(one, now, { afterMs, graceMs }), afterMs > 0 && !one.held && longGone);
    }),
  );
});

test('the clean-up removes node and name, and goes by the store where the directory lags', async (t) => {
  const { store, write, names, minutes } = await setUp(t, 2 * hourMs);
  await write('gone', 3 * hourMs);
  await write('recent', 0);
  await write('seen-meanwhile', 0, 3 * hourMs);
  const held = await write('held', 3 * hourMs);
  // The directory has not heard of it yet.
  await store.commit({
    then: [{ put: keys.presence(held.uid), value: values.presence.encode({ replica: 'a', era: 1 }) }],
  });
  await minutes(70);
  assert.deepEqual(await names(), ['held', 'recent', 'seen-meanwhile']);
  assert.equal((await keysUnder(store, keys.nodePrefix)).length, 3);
});

test('nothing is removed where nobody asked for it', async (t) => {
  const { write, names, minutes } = await setUp(t, 0);
  await write('gone', 9000 * hourMs);
  await minutes(70);
  assert.deepEqual(await names(), ['gone']);
});

test('a leader removes only what it has seen absent for an hour of its own term', async (t) => {
  const { cleanup, term, clock, directory, write, names, minutes } = await setUp(t, 48 * hourMs);
  // Registered days ago, and connected ever since: their replica is lost, and they have not come back yet.
  const back = await write('back', 90 * hourMs);
  await write('away', 90 * hourMs);
  assert.equal(await cleanup.round(term), undefined);
  await minutes(50);
  // Between two rounds.
  directory.setPresence(back.uid, presence);
  directory.setPresence(back.uid, undefined);
  await minutes(5);
  assert.deepEqual(await names(), ['away', 'back']);
  cleanup.begin();
  clock.jump(hourMs - minuteMs);
  await cleanup.round(term);
  assert.deepEqual(await names(), ['away', 'back'], 'it led for less than an hour in its new term');
  await minutes(1);
  assert.deepEqual(await names(), ['back']);
});

test('the first rounds of a term remove nothing, however soon nodes are to be forgotten', async (t) => {
  const { cleanup, term, write, names, minutes } = await setUp(t, 1000);
  await write('gone', hourMs);
  assert.equal(await cleanup.round(term), undefined);
  await minutes(1);
  assert.deepEqual(await names(), ['gone']);
  await minutes(1);
  assert.deepEqual(await names(), []);
});

test('when a node was last seen is written down where its replica could not, and its absence counts from then', async (t) => {
  const { directory, write, stored, seenAgoMs, names, minutes, store } = await setUp(t, 2 * hourMs);
  const [lost, back, told] = [await write('lost', 0), await write('back', 0), await write('told', 0)];
  for (const { uid } of [lost, back, told]) directory.setPresence(uid, presence);
  // Less than what is looked after while they are connected.
  await minutes(14);
  for (const { uid } of [lost, back, told]) directory.setPresence(uid, undefined);
  const toldMs = { ...told, lastSeenUnixMs: told.lastSeenUnixMs + 14 * minuteMs - 5000 };
  await store.commit({ then: [{ put: keys.node(told.uid), value: values.node.encode(toldMs) }] });
  directory.setPresence(back.uid, presence);
  await minutes(2);
  const ago = await seenAgoMs(lost);
  assert.ok(ago >= 2 * minuteMs && ago < 3 * minuteMs, `${ago} ms`);
  assert.deepEqual((await stored(lost)).labels, { a: 'b' });
  assert.equal((await stored(back)).lastSeenUnixMs, back.lastSeenUnixMs, 'it came back at once');
  assert.equal((await stored(told)).lastSeenUnixMs, toldMs.lastSeenUnixMs, 'its replica wrote it down');
  await minutes(110);
  assert.ok((await names()).includes('lost'));
  await minutes(10);
  assert.ok(!(await names()).includes('lost'));
});

test('of a node that stays connected the inventory knows when it was last seen, within a part of what forgets it', async (t) => {
  const { directory, clock, write, seenAgoMs, minutes } = await setUp(t, 4 * hourMs);
  const node = await write('held', 3 * hourMs);
  directory.setPresence(node.uid, presence);
  await minutes(1);
  assert.ok((await seenAgoMs(node)) < minuteMs);
  directory.upsert({ ...node, lastSeenUnixMs: clock.now() });
  await minutes(59);
  assert.ok((await seenAgoMs(node)) > 50 * minuteMs, 'not at every round');
  await minutes(2);
  assert.ok((await seenAgoMs(node)) < 3 * minuteMs);
});
