import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { Connection } from '../../../agent/connection.ts';
import { presenceOf, presenceValue } from '../../../server/fleet/presences.ts';
import { keys } from '../../../server/store/keys.ts';
import { openStore } from '../../../server/store/open.ts';
import type { Store } from '../../../server/store/store.ts';
import { values } from '../../../server/store/values.ts';
import { type NodeUid, newNodeUid } from '../../../shared/ids.ts';
import { connect, eventually, MemoryEpochs, silent } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { FakeExecutor } from '../../harness/fake-executor.ts';
import { FleetReplica } from './fleet-replica.ts';
import { RawAgent } from './raw-agent.ts';

let etcd: EtcdServer;
let url: string;
let clusters = 0;
let a: FleetReplica;
let b: FleetReplica;
/** Behind the replicas’ backs. */
let store: Store;
const open: { close(): unknown }[] = [];

before(async () => {
  etcd = await startEtcd();
});
after(() => etcd.stop());
beforeEach(async () => {
  clusters += 1;
  url = `etcd://${etcd.endpoint}/fencing-${clusters}`;
  a = await FleetReplica.start({ name: 'a', store: url });
  b = await FleetReplica.start({ name: 'b', store: url });
  store = await openStore({ store: url, log: silent });
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  await Promise.all([a.close(), b.close()]);
  await store.close();
});

const agentOf = (replica: FleetReplica): RawAgent => {
  const agent = new RawAgent(replica.address);
  open.push(agent);
  return agent;
};

const presence = async (uid: NodeUid) => {
  const entry = await store.get(keys.presence(uid));
  return entry && presenceOf(entry);
};

const untilPresence = async (uid: NodeUid, replica: string | undefined, what: string): Promise<void> => {
  const deadline = performance.now() + 20_000;
  while ((await presence(uid))?.replica !== replica) assert.ok(performance.now() < deadline, `waited in vain: ${what}`);
};

test('a session ends when another replica claims its node with a higher epoch, which both directories then show', async () => {
  const uid = newNodeUid();
  const older = agentOf(a).hello({ name: 'n', uid });
  const first = await older.welcome();
  const second = await agentOf(b).hello({ name: 'n', uid, highestEpoch: first }).welcome();
  assert.ok(second.revision > first.revision);
  assert.deepEqual(await older.refused(), ['SESSION_REPLACED', undefined]);
  assert.deepEqual([a.fleet.size, b.fleet.size, a.ends], [0, 1, ['claimed-elsewhere']]);
  for (const replica of [a, b]) assert.equal(replica.directory.get(uid)?.presence?.replica, 'b');
  assert.deepEqual(await presence(uid), { replica: 'b', epoch: second });
});

test('a presence that vanishes behind the holder’s back is claimed again, with its epoch; the session goes on', async () => {
  const uid = newNodeUid();
  const agent = agentOf(a).hello({ name: 'n', uid });
  const epoch = await agent.welcome();
  await store.commit({ then: [{ delete: keys.presence(uid) }] });
  await untilPresence(uid, 'a', 'the presence of a');
  assert.deepEqual(await presence(uid), { replica: 'a', epoch });
  assert.equal(agent.over, false);
  await eventually(() => b.directory.get(uid)?.presence?.epoch.revision === epoch.revision, 'the view of b');
});

test('a lower epoch that is written over a presence is overwritten; the session goes on', async () => {
  const uid = newNodeUid();
  const agent = agentOf(a).hello({ name: 'n', uid });
  const epoch = await agent.welcome();
  await store.commit({ then: [{ put: keys.presence(uid), value: presenceValue('elsewhere', epoch.era, 1) }] });
  await untilPresence(uid, 'a', 'the presence of a');
  assert.deepEqual([await presence(uid), agent.over], [{ replica: 'a', epoch }, false]);
});

test('a presence in this replica’s name that belongs to no session of it goes', async () => {
  const uid = newNodeUid();
  await store.commit({ then: [{ put: keys.presence(uid), value: presenceValue('a', 1) }] });
  await untilPresence(uid, undefined, 'the presence to go');
});

test('two replicas believe that they hold a node: the agent obeys the higher epoch, the other is stale, nothing starts twice', async () => {
  const uid = newNodeUid();
  const executor = new FakeExecutor();
  const starts: string[] = [];
  executor.onOffer = ({ execution }) => {
    // As the journal of a real agent: what is known already is answered, not started.
    if (executor.known().some(({ id }) => id === execution)) return;
    starts.push(execution);
    executor.accept(execution);
  };
  const epochs = new MemoryEpochs();
  const identity = { name: 'n', uid, bootId: 'b', version: '1', labels: {}, facts: {}, capabilities: [] };
  const dial = (replica: FleetReplica): Connection => {
    const connection = connect([replica.address], executor, { epochs, identity });
    open.push(connection);
    return connection;
  };
  const atA = dial(a);
  await eventually(() => a.fleet.size === 1, 'the session at a');
  const held = a.fleet.session(uid);
  assert.ok(held);

  // From here on a hears nothing of the store: neither of the era that rises nor of the claim of b.
  a.store.watchesCut = true;
  await store.commit({ then: [{ put: keys.era, value: values.era.encode({ ...(await eraRecord()), era: 2 }) }] });
  await eventually(() => b.cluster.era === 2, 'b to hear of the era');
  const atB = dial(b);
  await eventually(() => b.fleet.size === 1, 'the session at b');
  const claimed = b.fleet.session(uid);
  assert.ok(claimed && held.live);
  await eventually(() => epochs.highest?.era === 2, 'the agent to see the higher epoch');
  assert.deepEqual([a.fleet.size, epochs.highest], [1, claimed.epoch]);

  // Both offer the same execution; the one that comes second finds it in the journal.
  const execution = `${'e'.repeat(32)}/${uid}/1` as never;
  claimed.start(execution, { order: Buffer.from('order') });
  await eventually(() => executor.offers.length === 1, 'the offer of b');
  held.start(execution, { order: Buffer.from('order') });
  await eventually(() => executor.offers.length === 2, 'the offer of a');
  assert.deepEqual(starts, [execution]);

  // The agent comes back to a, which can give no epoch above the one that it has seen.
  const highest = epochs.highest as { era: number; revision: number };
  const back = agentOf(a).hello({ name: 'n', uid, highestEpoch: highest });
  assert.deepEqual(await back.refused(), ['STALE_EPOCH', 'hello.highest_epoch']);
  // Nothing was written over b's claim meanwhile.
  assert.equal((await store.get(keys.presence(uid)))?.modRevision, claimed.epoch.revision);
  assert.ok(claimed.live && !held.live);
  assert.deepEqual(a.ends, ['claimed-elsewhere']);

  // Nobody dials a any more: once it knows of the era, its claims are good again.
  await atA.close();
  // What a hears late, of its own lower claim too, changes nothing any more.
  a.store.mend();
  await eventually(() => a.cluster.era === 2 && a.directory.get(uid)?.presence?.replica === 'b', 'the view of a');
  assert.deepEqual(await presence(uid), { replica: 'b', epoch: claimed.epoch });
  assert.ok(claimed.live);
  assert.deepEqual([starts, b.ends], [[execution], []]);
  await atB.close();
});

test('an agent whose node another replica holds with an epoch above all that can be given here is stale', async () => {
  const uid = newNodeUid();
  await agentOf(b).hello({ name: 'n', uid }).welcome();
  const far = { era: 1, revision: 1_000_000 };
  await store.commit({ then: [{ put: keys.presence(uid), value: presenceValue('elsewhere', far.era, far.revision) }] });
  const agent = agentOf(a).hello({ name: 'n', uid, highestEpoch: far });
  assert.deepEqual(await agent.refused(), ['STALE_EPOCH', 'hello.highest_epoch']);
  await untilPresence(uid, undefined, 'the refused claim to go');
  // Nobody holds it any more: the store was set back, the era rises.
  assert.equal((await agentOf(a).hello({ name: 'n', uid, highestEpoch: far }).welcome()).era, 2);
});

test('a session whose node was claimed elsewhere while its replica heard nothing ends once it hears again', async () => {
  const uid = newNodeUid();
  const older = agentOf(a).hello({ name: 'n', uid });
  await older.welcome();
  a.store.watchesCut = true;
  await agentOf(b).hello({ name: 'n', uid }).welcome();
  await eventually(() => b.directory.get(uid)?.presence?.replica === 'b', 'the view of b');
  assert.deepEqual([a.fleet.size, b.fleet.size], [1, 1]);
  a.store.mend();
  assert.deepEqual(await older.refused(), ['SESSION_REPLACED', undefined]);
  assert.deepEqual([a.fleet.size, b.fleet.size], [0, 1]);
});

const eraRecord = async () => {
  const entry = await store.get(keys.era);
  assert.ok(entry);
  return values.era.decode(entry.value);
};

test('after a compaction the directory lists anew: no session ends, what vanished meanwhile is claimed again', async () => {
  const [stays, goes] = [newNodeUid(), newNodeUid()];
  const agents = [agentOf(a).hello({ name: 's', uid: stays }), agentOf(a).hello({ name: 'g', uid: goes })];
  for (const agent of agents) await agent.welcome();
  a.store.watchesCut = true;
  await store.commit({ then: [{ delete: keys.presence(goes) }] });
  a.store.compactWatches();
  await untilPresence(goes, 'a', 'the presence of a');
  assert.deepEqual([agents.map(({ over }) => over), a.ends], [[false, false], []]);
  assert.equal((await presence(stays))?.replica, 'a');
});

test('all leases of a replica lost at once: the same nodes are claimed again with their epochs, and no session ends', async () => {
  const uids = Array.from({ length: 40 }, () => newNodeUid());
  const agents = uids.map((uid, n) => agentOf(a).hello({ name: `n-${n}`, uid }));
  const before = await Promise.all(agents.map((agent) => agent.welcome()));
  a.store.loseLeases();
  const there = async (): Promise<number> => {
    const { entries } = await store.list(keys.presencePrefix);
    const leased = entries.filter(
      ({ modRevision }) => modRevision > Math.max(...before.map(({ revision }) => revision)),
    );
    return leased.length;
  };
  const deadline = performance.now() + 20_000;
  while ((await there()) < uids.length) assert.ok(performance.now() < deadline, 'waited in vain for the claims');
  const { entries } = await store.list(keys.presencePrefix);
  const epochs = new Map(entries.map((entry) => [entry.key, presenceOf(entry).epoch]));
  for (const [n, uid] of uids.entries()) assert.deepEqual(epochs.get(keys.presence(uid)), before[n]);
  assert.deepEqual([agents.filter(({ over }) => over), a.ends], [[], []]);
});

test('a replica that claims again after a freeze yields where another has a higher epoch meanwhile', async () => {
  const [lost, kept] = [newNodeUid(), newNodeUid()];
  const agents = [agentOf(a).hello({ name: 'l', uid: lost }), agentOf(a).hello({ name: 'k', uid: kept })];
  for (const agent of agents) await agent.welcome();
  // Frozen: it hears of nothing, and its leases run out.
  a.store.watchesCut = true;
  const higher = { era: 1, revision: 1_000_000 };
  await store.commit({ then: [{ put: keys.presence(lost), value: presenceValue('elsewhere', 1, higher.revision) }] });
  a.store.loseLeases();
  assert.deepEqual(await (agents[0] as RawAgent).refused(), ['SESSION_REPLACED', undefined]);
  await untilPresence(kept, 'a', 'the other node to be claimed again');
  assert.deepEqual(await presence(lost), { replica: 'elsewhere', epoch: higher });
  assert.deepEqual([a.fleet.size, agents[1]?.over], [1, false]);
});

test('a node whose record the store lost is registered again while its agent stays connected', async () => {
  const uid = newNodeUid();
  const agent = agentOf(a).hello({ name: 'n', uid, labels: { role: 'web' } });
  await agent.welcome();
  await store.commit({ then: [{ delete: keys.node(uid) }, { delete: keys.name('n') }] });
  await eventually(() => b.directory.get(uid) !== undefined && a.directory.get(uid) !== undefined, 'the record');
  const deadline = performance.now() + 20_000;
  while (!(await store.get(keys.node(uid)))) assert.ok(performance.now() < deadline, 'waited in vain for the record');
  await eventually(() => b.directory.find('n')?.labels.role === 'web', 'the view of b');
  assert.equal(agent.over, false);
});
