import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { afterEach, beforeEach, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import type { ConnectRequest } from '../../../proto/gen/muster/v1/ConnectRequest.ts';
import { keys } from '../../../server/store/keys.ts';
import { newNodeUid } from '../../../shared/ids.ts';
import { nodeMethods } from '../../../shared/rpc/methods.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { FaultyReplica } from '../../harness/faulty-replica.ts';
import { puts } from '../../harness/faulty-store.ts';
import { TestReplica } from '../../harness/test-replica.ts';
import { RawAgent } from './raw-agent.ts';

let cluster: TestReplica;
let replica: FaultyReplica;
const agents: Agent[] = [];

beforeEach(async () => {
  cluster = await TestReplica.start({
    start: async (settings) => {
      replica = await FaultyReplica.start(settings, { helloTimeoutMs: 500 });
      return replica;
    },
  });
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.close();
  await cluster.close();
});

/** One of this replica, closed after the test. */
class Agent extends RawAgent {
  constructor() {
    super(cluster.address);
    agents.push(this);
  }
}

const presence = async (uid: string) => await replica.store.get(keys.presence(uid as never));

test('a newer session replaces the older one, which is told so', async () => {
  const uid = newNodeUid();
  const older = new Agent().hello({ name: 'n', uid });
  const first = await older.welcome();
  const newer = new Agent().hello({ name: 'n', uid });
  const second = await newer.welcome();
  assert.ok(second.revision > first.revision);
  assert.deepEqual(await older.refused(), ['SESSION_REPLACED', undefined]);
  assert.equal(replica.fleet.size, 1);
  assert.equal((await cluster.client.call(nodeMethods.GetNode, { node: 'n' })).node?.connected, true);
  newer.cancel();
  await eventually(() => replica.fleet.size === 0, 'the end of the newer one');
});

test('a name is one uid’s, and a uid has one name', async () => {
  const uid = newNodeUid();
  await new Agent().hello({ name: 'n', uid }).welcome();
  assert.deepEqual(await new Agent().hello({ name: 'n', uid: newNodeUid() }).refused(), ['NAME_TAKEN', 'hello.name']);
  assert.deepEqual(await new Agent().hello({ name: 'm', uid }).refused(), ['NAME_TAKEN', 'hello.name']);
  assert.equal(replica.fleet.size, 1);
});

test('agents that come together under one uid or one name spoil no other', async () => {
  const uid = newNodeUid();
  const others = Array.from({ length: 20 }, (_, n) => new Agent().hello({ name: `o-${n}`, uid: newNodeUid() }));
  const twins = [new Agent().hello({ name: 'twin', uid }), new Agent().hello({ name: 'twin', uid })];
  const rivals = [1, 2].map(() => new Agent().hello({ name: 'rival', uid: newNodeUid() }));
  for (const other of others) await other.welcome();
  await eventually(() => rivals.filter(({ over }) => over).length === 1, 'one rival to be refused');
  await eventually(() => twins.filter(({ over }) => over).length === 1, 'one twin to be replaced');
  assert.deepEqual([replica.fleet.size, twins.find(({ over }) => over)?.error?.reason], [22, 'SESSION_REPLACED']);
});

const good = { name: 'n', uid: 'a'.repeat(32) };
const many = (count: number, key: (n: number) => string) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [key(n), 'x']));
const execution = `${'b'.repeat(32)}/${good.uid}/1`;
const badFrames: [string, ConnectRequest | Buffer, string][] = [
  ['a name that is none', { hello: { ...good, name: '../n', last: true } }, 'hello.name'],
  ['a uid that is none', { hello: { ...good, uid: '../a', last: true } }, 'hello.uid'],
  [
    'a label named __proto__',
    { hello: { ...good, labels: many(1, () => '__proto__'), last: true } },
    'hello.labels["__proto__"]',
  ],
  ['65 labels', { hello: { ...good, labels: many(65, (n) => `l${n}`), last: true } }, 'hello.labels'],
  ['129 facts', { hello: { ...good, facts: many(129, (n) => `f${n}`), last: true } }, 'hello.facts'],
  ['a fact with a control character', { hello: { ...good, facts: { a: '\u001b' }, last: true } }, 'hello.facts["a"]'],
  ['65 capabilities', { hello: { ...good, capabilities: Array(65).fill('x'), last: true } }, 'hello.capabilities'],
  [
    '513 executions in a page',
    { hello: { ...good, executions: Array(513).fill({ execution }), last: true } },
    'hello.executions',
  ],
  [
    'executions of another node',
    { hello: { ...good, executions: [{ execution: `${'b'.repeat(32)}/${'c'.repeat(32)}/1` }] } },
    'hello.executions[0].execution',
  ],
  ['a frame before Hello', { heartbeat: { running: 1 } }, 'frame'],
  ['an empty frame', {}, 'frame'],
  ['bytes that are no frame', Buffer.from([0xff, 0xff, 0xff, 0xff]), 'frame'],
  ['a frame of 2 MB', Buffer.alloc(2_000_000), 'frame'],
];
for (const [what, frame, field] of badFrames) {
  test(`${what} in the place of Hello is refused, naming the field, and leaves nothing behind`, async () => {
    const [reason, at] = await new Agent().say(frame).refused();
    assert.ok(reason === 'FRAME_INVALID' || reason === 'INVALID_FIELD');
    assert.equal(at, field);
    assert.equal(await presence(good.uid), undefined);
    assert.equal(replica.fleet.size, 0);
  });
}

test('a Hello of more pages than there may be is refused', async () => {
  const agent = new Agent();
  for (let page = 0; page < 65; page += 1) agent.say({ hello: { ...good, last: false } });
  assert.deepEqual(await agent.refused(), ['FRAME_INVALID', 'hello']);
});

const badLater: [string, ConnectRequest | Buffer, string][] = [
  ['a second Hello', { hello: { ...good, last: true } }, 'hello'],
  [
    'an event of another node',
    { event: { execution: `${'b'.repeat(32)}/${'c'.repeat(32)}/1`, accepted: {} } },
    'event.execution',
  ],
  ['an event of nothing', { event: { execution } }, 'event'],
  [
    'an end that is none',
    { event: { execution, finished: { state: 'EXECUTION_STATE_RUNNING' } } },
    'event.finished.state',
  ],
  [
    'an end that is not the agent’s to say',
    { event: { execution, finished: { state: 'EXECUTION_STATE_SKIPPED' } } },
    'event.finished.state',
  ],
  ['an empty frame', {}, 'frame'],
  ['bytes that are no frame', Buffer.from([0x0a, 0x7f, 0x01]), 'frame'],
];
for (const [what, frame, field] of badLater) {
  test(`${what} ends the session, naming the field, and only that one`, async () => {
    const other = new Agent().hello({ name: 'other', uid: newNodeUid() });
    await other.welcome();
    const agent = new Agent().hello(good);
    await agent.welcome();
    agent.say(frame);
    assert.deepEqual(await agent.refused(), ['FRAME_INVALID', field]);
    await eventually(() => replica.fleet.size === 1, 'one session');
    assert.equal(other.over, false);
  });
}

test('a stream that never says Hello is refused, and one that never says its last page too', async () => {
  assert.deepEqual(await new Agent().refused(), ['FRAME_INVALID', 'hello']);
  assert.deepEqual(await new Agent().say({ hello: { ...good, last: false } }).refused(), ['FRAME_INVALID', 'hello']);
});

test('raw bytes instead of gRPC harm nobody', async () => {
  const raw = connectHttp2(`http://${cluster.address}`);
  const stream = raw.request({
    ':method': 'POST',
    ':path': '/muster.v1.AgentService/Connect',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  let over = false;
  stream.on('end', () => {
    over = true;
  });
  stream.resume();
  stream.write(Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]));
  await eventually(() => over, 'its end');
  raw.destroy();
  await new Agent().hello(good).welcome();
});

test('an agent that has seen a higher epoch than the store can give proves that the store was set back: the era rises', async () => {
  const agent = new Agent().hello({ ...good, highestEpoch: { era: 9, revision: 1 } });
  assert.equal((await agent.welcome()).era, 10);
  assert.equal((await new Agent().hello({ name: 'm', uid: newNodeUid() }).welcome()).era, 10);
});

test('an epoch that no store can have given is refused, and leaves no presence behind', async () => {
  const agent = new Agent().hello({ ...good, highestEpoch: { era: 9_999_999, revision: 1 } });
  assert.deepEqual(await agent.refused(), ['INVALID_FIELD', 'hello.highest_epoch']);
  assert.equal(await presence(good.uid), undefined);
});

test('an agent that hangs up while it is admitted leaves no presence behind', async () => {
  const gate = Promise.withResolvers<void>();
  const commit = replica.store.commit.bind(replica.store);
  const claimed = Promise.withResolvers<void>();
  replica.store.commit = async (transaction) => {
    if (puts(transaction, 'presence/')) {
      claimed.resolve();
      await gate.promise;
    }
    return await commit(transaction);
  };
  const agent = new Agent().hello(good);
  await claimed.promise;
  agent.cancel();
  await eventually(() => agent.over, 'its end');
  gate.resolve();
  const left = () =>
    replica.store.commits.some(({ then }) =>
      then.some((one) => 'delete' in one && one.delete === keys.presence(good.uid as never)),
    );
  await eventually(left, 'the presence to go');
  assert.equal(await presence(good.uid), undefined);
  assert.equal(replica.fleet.size, 0);
});

test('a store that is away refuses an agent, which is welcome once it is back', async () => {
  replica.store.down = true;
  assert.deepEqual(await new Agent().hello(good).refused(), ['STORE_UNAVAILABLE', undefined]);
  replica.store.down = false;
  await new Agent().hello(good).welcome();
});

test('a drain sends every agent elsewhere, ends those that stay, and takes no more', async () => {
  const stays = new Agent().hello(good);
  const goes = new Agent().hello({ name: 'g', uid: newNodeUid() });
  await Promise.all([stays.welcome(), goes.welcome()]);
  const drained = replica.fleet.drain(60_000);
  await eventually(
    () => [stays, goes].every(({ frames }) => frames.some(({ reconnect }) => reconnect?.reason === 'drain')),
    'Reconnect',
  );
  goes.cancel();
  assert.equal((await new Agent().hello({ name: 'l', uid: newNodeUid() }).refused())[0], 'REPLICA_STOPPING');
  replica.clock.jump(61_000);
  await drained;
  assert.equal((await stays.refused())[0], 'REPLICA_STOPPING');
  assert.equal(stays.error?.grpcStatus, status.UNAVAILABLE);
});

test('a refresh of what an agent says of itself keeps what an operator changed behind this replica’s back', async () => {
  const agent = new Agent().hello({ ...good, labels: { role: 'web' } });
  await agent.welcome();
  agent.cancel();
  await eventually(() => replica.fleet.size === 0, 'its going');
  await cluster.client.call(nodeMethods.Cordon, { node: 'n' });
  // As it would be where the change came from another replica, and its watch is behind.
  const stale = replica.directory.get(good.uid as never);
  assert.ok(stale);
  replica.directory.upsert({ ...stale, cordoned: false });
  await new Agent().hello({ ...good, version: '2' }).welcome();
  const { node } = await cluster.client.call(nodeMethods.GetNode, { node: 'n' });
  assert.deepEqual([node?.cordoned, node?.version, node?.labels?.role], [true, '2', 'web']);
});
