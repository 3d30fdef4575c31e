import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { SimulatedAgents } from '../../../agent/simulated/simulated-agents.ts';
import { newNodeUid } from '../../../shared/ids.ts';
import { systemClock } from '../../../shared/time.ts';
import { eventually, silent, testSettings } from '../../harness/agent-connection.ts';
import { FleetReplica } from './fleet-replica.ts';
import { RawAgent } from './raw-agent.ts';

let folder: string;
let stores = 0;
const open: { close(): unknown }[] = [];

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-admitting-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function replicaWith(admitRate: number): Promise<FleetReplica> {
  stores += 1;
  const replica = await FleetReplica.start({ name: 'a', store: `embedded:${join(folder, `${stores}`)}`, admitRate });
  open.push(replica);
  return replica;
}

const agentOf = (replica: FleetReplica): RawAgent => {
  const agent = new RawAgent(replica.address);
  open.push(agent);
  return agent;
};

const simulated = (replica: FleetReplica, count: number): SimulatedAgents => {
  const agents = SimulatedAgents.start({
    ...{
      servers: [replica.address],
      count,
      namePrefix: 'sim',
      labels: {},
      version: '1',
      clock: systemClock,
      log: silent,
    },
    behaviour: { delayMs: 0, outputBytes: 0, outputEveryMs: 0, exitCode: 0 },
    settings: {
      ...testSettings,
      dialTimeoutMs: 60_000,
      welcomeTimeoutMs: 60_000,
      reconnectBaseMs: 100,
      reconnectCapMs: 1000,
    },
  });
  open.push(agents);
  return agents;
};

test('agents beyond the rate are refused unread, each told another time to come back, and are in when they come then', async () => {
  const replica = await replicaWith(1);
  const inside = [agentOf(replica), agentOf(replica)];
  await eventually(() => replica.admitted === inside.length, 'their streams');
  const refused = [agentOf(replica), agentOf(replica), agentOf(replica)];
  const retries: number[] = [];
  for (const agent of refused) {
    // Were it read, this would be an error of its own.
    agent.say(Buffer.from([0xff, 0xff, 0xff]));
    assert.deepEqual(await agent.refused(), ['TOO_MANY', undefined]);
    assert.equal(agent.error?.grpcStatus, status.RESOURCE_EXHAUSTED);
    retries.push(agent.error?.retryAfterMs ?? 0);
  }
  retries.sort((a, b) => a - b);
  for (const [n, retryMs] of retries.entries()) assert.ok(retryMs > n * 1000 - 1000 && retryMs <= (n + 1) * 1000);
  assert.equal(new Set(retries.map((retryMs) => Math.ceil(retryMs / 1000))).size, 3);
  replica.clock.jump(1000);
  await agentOf(replica).hello({ name: 'late', uid: newNodeUid() }).welcome();
});

test('agents that are told to come back later do, and are in', async () => {
  const replica = await replicaWith(20);
  const agents = simulated(replica, 60);
  await eventually(() => agents.attached === 60 && replica.fleet.size === 60, 'every session');
  assert.ok(replica.refusals > 0);
});

test('2,000 agents at once all get in', async () => {
  const replica = await replicaWith(500);
  const agents = simulated(replica, 2000);
  await eventually(() => agents.attached === 2000 && replica.fleet.size === 2000, 'every session', 240_000);
  assert.equal(replica.directory.connected, 2000);
});

test('while the store is away no session ends, nobody is marked lost, and who comes is told to ask again soon', async () => {
  const replica = await replicaWith(1000);
  const inside = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const agent = agentOf(replica).hello({ name: `n-${n}`, uid: newNodeUid() });
      await agent.welcome();
      return agent;
    }),
  );
  replica.store.away = true;
  const late = Array.from({ length: 20 }, (_, n) => agentOf(replica).hello({ name: `l-${n}`, uid: newNodeUid() }));
  for (const agent of late) {
    assert.deepEqual(await agent.refused(), ['STORE_UNAVAILABLE', undefined]);
    assert.equal(agent.error?.grpcStatus, status.UNAVAILABLE);
    const retryMs = agent.error?.retryAfterMs ?? 0;
    assert.ok(retryMs >= 500 && retryMs <= 3000);
  }
  assert.deepEqual([replica.fleet.size, replica.directory.connected, replica.ends], [20, 20, []]);
  assert.ok(inside.every(({ over }) => !over));
  replica.store.mend();
  await agentOf(replica).hello({ name: 'later', uid: newNodeUid() }).welcome();
  assert.equal(inside.filter(({ over }) => over).length, 0);
});

test('a replica that is past its lease’s deadline takes nobody in, and keeps whom it has', async () => {
  const replica = await replicaWith(1000);
  const inside = agentOf(replica).hello({ name: 'n', uid: newNodeUid() });
  await inside.welcome();
  replica.lease.fence('a test says so');
  assert.deepEqual(await agentOf(replica).hello({ name: 'm', uid: newNodeUid() }).refused(), [
    'STORE_UNAVAILABLE',
    undefined,
  ]);
  assert.equal(inside.over, false);
});

for (const [when, heard] of [
  ['heard of while it is under way', true],
  ['heard of later', false],
] as const) {
  test(`a claim whose outcome nobody learned leaves no presence behind: ${when}`, async () => {
    const replica = await replicaWith(1000);
    const uid = newNodeUid();
    const key = `presence/${uid}`;
    replica.store.watchesCut = !heard;
    replica.store.loseNext = ({ then }) => then.some((one) => 'put' in one && one.put === key);
    replica.store.lostAfter = async () => {
      if (heard) await eventually(() => replica.directory.presence(uid) !== undefined, 'the claim to be heard of');
    };
    assert.deepEqual(await agentOf(replica).hello({ name: 'n', uid }).refused(), ['STORE_UNAVAILABLE', undefined]);
    replica.store.mend();
    const deadline = performance.now() + 20_000;
    while (await replica.store.get(key)) assert.ok(performance.now() < deadline, 'waited in vain for it to go');
    assert.equal(replica.fleet.size, 0);
  });
}

test('labels, cordons and removals wait until a wiped store is confirmed; agents come in all the same', async () => {
  const replica = await replicaWith(1000);
  const uid = newNodeUid();
  await replica.cluster.rolledBack({ era: 1, revision: 1_000_000 }, { knownNode: false });
  assert.equal(replica.cluster.unconfirmed, true);
  const agent = agentOf(replica).hello({ name: 'n', uid });
  await agent.welcome();
  const node = replica.directory.get(uid);
  assert.ok(node);
  const unconfirmed = { reason: 'STORE_UNCONFIRMED' };
  await assert.rejects(
    replica.inventory.update(uid, (before) => ({ ...before, cordoned: true })),
    unconfirmed,
  );
  await assert.rejects(replica.inventory.remove(node), unconfirmed);
  await replica.inventory.seen(uid, 5);
  await replica.cluster.confirm();
  assert.equal((await replica.inventory.update(uid, (before) => ({ ...before, cordoned: true }))).lastSeenUnixMs, 5);
});

test('a drain sends agents away at a pace, the busy ones last, and cancels nothing; it is over when they have left', async () => {
  const replica = await replicaWith(200);
  const agents = await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      const agent = agentOf(replica).hello({ name: `n-${n}`, uid: newNodeUid() });
      await agent.welcome();
      return agent;
    }),
  );
  const busy = [...replica.fleet.sessions()][0];
  assert.ok(busy);
  busy.start(`${'e'.repeat(32)}/${busy.uid}/1` as never, { order: Buffer.from('order') });
  const drained = replica.fleet.drain(600_000);
  const told = (): RawAgent[] =>
    agents.filter(({ frames }) => frames.some(({ reconnect }) => reconnect?.reason === 'drain'));
  const isBusy = ({ frames }: RawAgent): boolean => frames.some(({ start }) => start);
  assert.ok(told().length < agents.length);
  await eventually(() => told().some(isBusy), 'the busy one to be told');
  assert.equal(told().length, agents.length);
  assert.ok(agents.every(({ over, frames }) => !over && frames.every(({ cancel }) => !cancel)));
  for (const agent of agents) agent.cancel();
  await drained;
  assert.equal(replica.fleet.size, 0);
  assert.ok(!replica.ends.includes('drain'));
});

test('a rebalance sends so many agents elsewhere and keeps the others', async () => {
  const replica = await replicaWith(200);
  const agents = Array.from({ length: 10 }, (_, n) => agentOf(replica).hello({ name: `n-${n}`, uid: newNodeUid() }));
  for (const agent of agents) await agent.welcome();
  const told = (): number =>
    agents.filter(({ frames }) => frames.some(({ reconnect }) => reconnect?.reason === 'rebalance')).length;
  replica.fleet.shed(4, 100);
  await eventually(() => told() === 4, 'four to be told');
  replica.clock.jump(10_000);
  replica.fleet.shed(0, 100);
  assert.equal(told(), 4);
});
