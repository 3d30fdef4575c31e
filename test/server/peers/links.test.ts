import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { keys } from '../../../server/store/keys.ts';
import type { ExecutionId } from '../../../shared/ids.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { node, PeerRig } from './test-peer.ts';

let rig: PeerRig;
beforeEach(async () => {
  rig = await PeerRig.start();
});
afterEach(() => rig.close());

for (const [first, second] of [
  ['a', 'b'],
  ['b', 'a'],
] as const) {
  test(`a link comes up where ${first} starts before ${second}, each knowing all sessions of the other by then`, async () => {
    const one = await rig.peer(first);
    one.sessions.open(node(1), { era: 1, revision: 5 });
    const two = new Promise<void>((resolve) => setImmediate(resolve)).then(() => rig.peer(second));
    const other = await two;
    await rig.linked(one, other);
    await one.tells(`up ${second}`);
    await other.tells(`up ${first}`);
    assert.deepEqual(other.sink.said, [`opened 1 1.5 at ${first}`, `up ${first}`]);
    assert.deepEqual(one.sink.said, [`up ${second}`]);
    assert.equal(other.peers.session(node(1))?.epoch.revision, 5);
    assert.deepEqual([...other.peers.replicas()].map(({ name }) => name).sort(), ['a', 'b']);
  });
}

test('sessions that open, are replaced and end are told in that order', async () => {
  const [a, b] = await rig.pair();
  const execution = `${'c'.repeat(32)}/${node(1)}/1` as ExecutionId;
  a.sessions.open(node(1), { era: 1, revision: 5 }, [{ id: execution, state: 'EXECUTION_STATE_RUNNING' }]);
  await b.tells('opened 1 1.5 at a');
  const first = b.peers.session(node(1));
  assert.equal(first?.executions.get(execution)?.state, 'EXECUTION_STATE_RUNNING');
  assert.ok(first.live);
  a.sessions.open(node(1), { era: 1, revision: 6 });
  await b.tells('opened 1 1.6 at a');
  assert.ok(!first.live);
  a.sessions.close(node(1));
  await b.tells('closed 1 1.6 at a');
  assert.deepEqual(b.sink.said.slice(-4), [
    'opened 1 1.5 at a',
    'closed 1 1.5 at a',
    'opened 1 1.6 at a',
    'closed 1 1.6 at a',
  ]);
  assert.equal(b.peers.session(node(1)), undefined);
  assert.equal(b.peers.link('a')?.sessions.size, 0);
});

test('of two replicas that say they hold a node the higher epoch is believed, era first', async () => {
  const [a, b] = await rig.pair();
  const c = await rig.peer('c');
  await rig.linked(a, c);
  await rig.linked(b, c);
  a.sessions.open(node(1), { era: 1, revision: 9 });
  await c.tells('opened 1 1.9 at a');
  b.sessions.open(node(1), { era: 2, revision: 3 });
  await c.tells('opened 1 2.3 at b');
  assert.equal(c.peers.session(node(1))?.link.replica, 'b');
  b.sessions.close(node(1));
  await c.tells('closed 1 2.3 at b');
  assert.equal(c.peers.session(node(1))?.link.replica, 'a');
});

test('a snapshot of several pages comes whole, with what changed while it was on its way', async () => {
  const a = await rig.peer('a');
  for (let n = 0; n < 1300; n += 1) a.sessions.open(node(n), { era: 1, revision: n + 1 });
  const b = await rig.peer('b');
  a.sessions.close(node(3));
  await rig.linked(a, b);
  a.sessions.open(node(2000), { era: 1, revision: 2000 });
  await b.tells('opened 2000 1.2000 at a');
  const sessions = b.peers.link('a')?.sessions;
  assert.equal(sessions?.size, 1300);
  assert.ok(!sessions.has(node(3)));
  const up = b.sink.said.indexOf('up a');
  assert.ok(up >= 1299, `up after ${up} sessions`);
});

test('a frame never overtakes the session that it speaks of', async () => {
  const [a, b] = await rig.pair();
  a.sessions.open(node(1), { era: 1, revision: 5 });
  a.peers.link('b')?.send({ watchJob: { job: 'j' } });
  await b.tells('watchJob from a');
  assert.deepEqual(b.sink.said.slice(-2), ['opened 1 1.5 at a', 'watchJob from a']);
});

test('a cut link closes its sessions, says that it is down, and comes up again', async () => {
  const [a, b] = await rig.pair({}, { proxied: true });
  b.sessions.open(node(1), { era: 1, revision: 5 });
  await a.tells('opened 1 1.5 at b');
  const link = a.peers.link('b');
  b.proxy?.cut();
  await a.tells('up b', 2);
  await b.tells('up a', 2);
  assert.deepEqual(a.sink.said, [
    'up b',
    'opened 1 1.5 at b',
    'closed 1 1.5 at b',
    'down b',
    'opened 1 1.5 at b',
    'up b',
  ]);
  assert.ok(link && !link.live && a.peers.link('b') !== link);
  link.send({ watchJob: { job: 'j' } });
  await assert.rejects(link.drained());
});

test('a peer that stands still without a word is given up by both ends, and linked again when it goes on', async () => {
  const [a, b] = await rig.pair({ leaseTermMs: 2000 }, { leaseTermMs: 2000, proxied: true });
  b.proxy?.pause();
  await a.tells('down b');
  await b.tells('down a');
  assert.equal(a.peers.link('b'), undefined);
  assert.equal(a.peers.statusOf('b'), undefined);
  b.proxy?.resume();
  await rig.linked(a, b);
});

test('a server that takes the connection and stays silent is dialled again', async () => {
  const a = await rig.peer('a', { leaseTermMs: 2000 });
  const b = await rig.peer('b', { leaseTermMs: 2000, proxied: true });
  await rig.linked(a, b);
  b.proxy?.stall();
  await eventually(() => (b.proxy?.stalled ?? 0) >= 2, 'a second dial');
  b.proxy?.allow();
  await rig.linked(a, b);
});

test('a replica that starts again under its name is another one: the old link ends', async () => {
  const [a, b] = await rig.pair();
  const again = await rig.peer('b');
  await a.tells('down b');
  await rig.linked(a, again);
  assert.equal(a.peers.link('b')?.replica, 'b');
  await b.tells('down a');
});

test('a record that is gone ends no link; a cut one is not dialled until it is back', async () => {
  const [a, b] = await rig.pair({}, { proxied: true });
  await rig.store.commit({ then: [{ delete: keys.replica('b') }] });
  await eventually(() => [...a.peers.replicas()].length === 1, 'the record to be gone');
  a.peers.link('b')?.send({ watchJob: { job: 'j' } });
  await b.tells('watchJob from a');
  const served = b.proxy?.served;
  b.proxy?.cut();
  await a.tells('down b');
  await b.announce();
  await rig.linked(a, b);
  assert.equal(b.proxy?.served, (served ?? 0) + 1);
});

test('each knows what the other last said of itself', async () => {
  const [a, b] = await rig.pair();
  Object.assign(b.status, { sessions: 7, openJobs: 3, fenced: true, leaseAgeMs: 12, stopping: true });
  b.peers.statusChanged();
  await eventually(() => a.peers.statusOf('b')?.sessions === 7, 'the status of b');
  assert.deepEqual({ ...a.peers.statusOf('b') }, b.status);
  assert.deepEqual(b.peers.statusOf('b'), b.status);
  assert.equal(a.peers.statusOf('z'), undefined);
});

test('a status is said though sessions come and go all the time', async () => {
  const [a, b] = await rig.pair();
  b.status.openJobs = 9;
  let revision = 0;
  let on = true;
  const change = (): void => {
    revision += 1;
    b.sessions.open(node(1), { era: 1, revision });
    if (on) setTimeout(change, 1);
  };
  change();
  try {
    await eventually(() => a.peers.statusOf('b')?.openJobs === 9, 'the status of b');
  } finally {
    on = false;
  }
});

test('a leader that was overtaken sheds nothing', async () => {
  const [a, b] = await rig.pair();
  assert.ok(a.peers.shed('b', 5, 2, 10));
  assert.ok(a.peers.shed('b', 6, 2, 9));
  assert.ok(a.peers.shed('b', 7, 2, 10));
  await eventually(() => b.sessions.sheds.length >= 2, 'the shed');
  assert.deepEqual(b.sessions.sheds, [
    { count: 5, aSecond: 2, leaderRevision: 10 },
    { count: 7, aSecond: 2, leaderRevision: 10 },
  ]);
  assert.ok(a.peers.shed('a', 1, 1, 3));
  assert.equal(a.sessions.sheds.length, 1);
  assert.ok(!a.peers.shed('nobody', 1, 1, 11));
});

test('a sink that throws ends the link, not the process, and the link comes up again', async () => {
  const [a, b] = await rig.pair();
  b.sink.onFrame = () => {
    throw new Error('of the test');
  };
  a.peers.link('b')?.send({ watchJob: { job: 'j' } });
  await a.tells('down b');
  await a.tells('up b', 2);
});
