import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory } from '../../../server/fleet/directory.ts';
import { AwayNodes } from '../../../server/jobs/views/away-nodes.ts';
import { outOfPatience, type Relay } from '../../../server/jobs/views/relay.ts';
import { newNodeUid } from '../../../shared/ids.ts';
import { ManualClock } from './view-fakes.ts';

const uid = newNodeUid();
const leaseTermMs = 10_000;
const held = (replica: string) => ({ replica, epoch: { era: 1, revision: 1 } });

function world() {
  const clock = new ManualClock();
  const directory = new Directory();
  const empty = { labels: {}, facts: {}, cordoned: false, version: '', registeredUnixMs: 0, lastSeenUnixMs: 0 };
  directory.upsert({ uid, name: 'n', ...empty } as Parameters<Directory['upsert']>[0]);
  directory.setPresence(uid, held('a'));
  const reach = { readable: true };
  const nodes = new AwayNodes({ directory, clock, leaseTermMs, readable: () => reach.readable });
  const abort = new AbortController();
  const relay: Relay = { index: 0, uid, stream: 'OUTPUT_STREAM_STDOUT', position: 0, abort, outOfReachMs: undefined };
  const given = (): boolean => outOfPatience(relay, nodes, clock);
  // Long enough that this replica knows what it should.
  clock.advance(120_000);
  return { clock, directory, reach, nodes, given };
}

test('a node whose replica died keeps its readers for a lease term and a dial, and has the time anew once it was back', () => {
  const { clock, directory, given } = world();
  assert.equal(given(), false);
  directory.setPresence(uid, undefined);
  for (let waitedMs = 0; waitedMs < leaseTermMs + 4000; waitedMs += 1000) {
    assert.equal(given(), false);
    clock.advance(1000);
  }
  directory.setPresence(uid, held('b'));
  assert.equal(given(), false);
  directory.setPresence(uid, undefined);
  assert.equal(given(), false);
  clock.advance(14_999);
  assert.equal(given(), false);
  clock.advance(1);
  assert.equal(given(), true);
});

test('a node that has been away for long is given up at once, and one that no link reaches after the same patience', () => {
  const { clock, directory, reach, nodes, given } = world();
  reach.readable = false;
  assert.equal(given(), false);
  clock.advance(15_000);
  assert.equal(given(), true);
  reach.readable = true;
  assert.equal(given(), false);
  directory.setPresence(uid, undefined);
  assert.equal(nodes.mayReturn(uid), true);
  clock.advance(60_000);
  assert.equal(nodes.mayReturn(uid), false);
  assert.equal(given(), true);
});

test('going and coming back are told; moving from one replica to another in one step is neither', () => {
  const { directory, nodes } = world();
  const told: boolean[] = [];
  const unsubscribe = nodes.subscribe((of) => told.push(nodes.isAway(of)));
  directory.setPresence(uid, held('b'));
  directory.setPresence(uid, undefined);
  directory.setPresence(uid, held('a'));
  unsubscribe();
  directory.setPresence(uid, undefined);
  assert.deepEqual(told, [true, false]);
});
