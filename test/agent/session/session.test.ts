import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Connection } from '../../../agent/connection.ts';
import { connect, eventually, MemoryEpochs } from '../../harness/agent-connection.ts';
import { AgentServer } from '../../harness/agent-server.ts';
import { FakeExecutor, testId, testUid } from '../../harness/fake-executor.ts';

let server: AgentServer;
let executor: FakeExecutor;
let connection: Connection | undefined;

beforeEach(async () => {
  server = await AgentServer.start();
  executor = new FakeExecutor();
});
afterEach(async () => {
  server.kill();
  await connection?.close();
  connection = undefined;
});

test('Hello says who the agent is, and all 1,100 executions of its journal in pages of 512', async () => {
  for (let n = 0; n < 1100; n += 1) executor.accept(testId(n));
  connection = connect([server.address], executor);
  const session = await server.session(0);
  const { first, pages, known } = await session.hello();
  assert.equal(pages, 3);
  assert.equal(new Set(known.map(({ execution }) => execution)).size, 1100);
  assert.equal(known[0]?.state, 'EXECUTION_STATE_DISPATCHED');
  assert.deepEqual([first.name, first.uid, first.bootId, first.highestEpoch], ['web-1', testUid, 'boot', null]);
  assert.deepEqual([{ ...first.labels }, { ...first.facts }], [{ role: 'web' }, { os: 'linux' }]);
});

test('what an earlier session brought is settled before the next Hello tells what is known', async () => {
  const order: string[] = [];
  const known = executor.known.bind(executor);
  executor.known = () => {
    order.push('known');
    return known();
  };
  let others = 0;
  executor.onSettle = async () => {
    // A whole other session comes about meanwhile.
    if (executor.offers.length > 0) {
      const other = connect([elsewhere.address], new FakeExecutor());
      await (await elsewhere.session(others++)).greet();
      await other.close();
      executor.accept(testId(1));
    }
    order.push('settled');
  };
  const elsewhere = await AgentServer.start();
  try {
    connection = connect([server.address], executor);
    const first = await server.session(0);
    await first.greet();
    first.send({ start: { execution: testId(1), order: Buffer.from('order') } });
    await eventually(() => executor.offers.length === 1, 'the offer');
    first.end();
    const second = await server.session(1);
    const hello = await second.hello();
    assert.deepEqual(
      hello.known.map(({ execution }) => execution),
      [testId(1)],
    );
    assert.deepEqual(order, ['settled', 'known', 'settled', 'known']);
  } finally {
    elsewhere.kill();
  }
});

test('a connection that is closed while an earlier session is being settled waits for nothing', async () => {
  const begun = Promise.withResolvers<void>();
  executor.onSettle = () => {
    begun.resolve();
    return new Promise(() => {});
  };
  connection = connect([server.address], executor);
  await begun.promise;
  await connection.close();
  assert.equal(server.sessions.length, 0);
});

test('nothing but Hello is said before Welcome, and then what happened meanwhile', async () => {
  connection = connect([server.address], executor);
  const session = await server.session(0);
  await session.hello();
  executor.accept(testId(1));
  executor.succeed(testId(2));
  session.welcome();
  await session.until(() => session.frames.length === 3, 'both events');
  assert.deepEqual(
    session.frames.map(({ frame, event }) => event?.event ?? frame),
    ['hello', 'accepted', 'finished'],
  );
});

test('a result is repeated in every session until it is released', async () => {
  executor.succeed(testId(1));
  executor.succeed(testId(2));
  connection = connect([server.address], executor);
  const first = await server.session(0);
  await first.greet();
  await first.until(() => first.finished().length === 2, 'two results');
  first.send({ release: { executions: [testId(1)] } });
  await eventually(() => executor.releases.length === 1, 'the release');
  first.end();
  const second = await server.session(1);
  await second.greet();
  await second.until(() => second.finished().length > 0, 'a result');
  assert.deepEqual(second.finished(), [testId(2)]);
});

test('1,100 results reach a replica, each once', async () => {
  for (let n = 0; n < 1100; n += 1) executor.succeed(testId(n));
  connection = connect([server.address], executor);
  const session = await server.session(0);
  await session.greet();
  await session.until(() => session.finished().length >= 1100, 'all results');
  assert.equal(new Set(session.finished()).size, 1100);
});

test('frames become calls of the executor, in order and unchanged', async () => {
  connection = connect([server.address], executor);
  const session = await server.session(0);
  await session.greet();
  const [id, other] = [testId(1), testId(2)];
  const siblings = [Buffer.alloc(32, 7)];
  session.send({
    start: {
      execution: id,
      order: Buffer.from('order'),
      signature: Buffer.from('sig'),
      proof: { index: 3, siblings },
      traceparent: 't',
    },
  });
  session.send({ input: { execution: id, offset: 5, data: Buffer.from([0, 255]) } });
  session.send({ cancel: { execution: id, signal: 2, graceMs: 0 } });
  session.send({ cancel: { execution: other } });
  session.send({ release: { executions: [id, other] } });
  await eventually(() => executor.releases.length === 1, 'the last frame');
  assert.deepEqual(executor.offers, [
    {
      execution: id,
      order: Buffer.from('order'),
      signature: Buffer.from('sig'),
      proof: { index: 3, siblings },
      traceparent: 't',
    },
  ]);
  assert.deepEqual(executor.inputs, [{ execution: id, offset: 5, data: Buffer.from([0, 255]) }]);
  assert.deepEqual(executor.cancels, [
    { execution: id, signal: 2, graceMs: 0 },
    { execution: other, signal: 0, graceMs: undefined },
  ]);
  assert.deepEqual(executor.releases, [[id, other]]);
});

test('an id that names another node or climbs out of its folder is refused by name, and the session goes on', async () => {
  connection = connect([server.address], executor);
  const session = await server.session(0);
  await session.greet();
  const bad = [
    `${'0'.repeat(32)}/${testUid}/../1`,
    testId(1).replace(testUid, 'b'.repeat(32)),
    '',
    `${testId(1)}/../..`,
  ];
  for (const execution of bad) session.send({ start: { execution, order: Buffer.from('x') } });
  session.send({ cancel: { execution: '../..' } });
  session.send({ input: { execution: '../..', data: Buffer.from('x') } });
  session.send({ read: { readId: 9, execution: '../..', stream: 'OUTPUT_STREAM_STDOUT', until: 10 } });
  session.send({ release: { executions: ['../..', testId(3)] } });
  session.send({ start: { execution: testId(2), order: Buffer.from('x') } });
  await eventually(() => executor.offers.length === 1, 'the good one');
  assert.equal(executor.offers[0]?.execution, testId(2));
  assert.deepEqual([executor.cancels, executor.inputs, executor.releases], [[], [], [[testId(3)]]]);
  await session.until(() => session.frames.length >= 6, 'the answers');
  const refusals = session.frames.flatMap(({ event }) => event ?? []);
  assert.deepEqual(
    refusals.map(({ execution, finished }) => [execution, finished?.state]),
    bad.map((execution) => [execution, 'EXECUTION_STATE_REJECTED']),
  );
  assert.match(refusals[0]?.finished?.message ?? '', /^start\.execution: .* is no execution id/);
  assert.deepEqual([session.outputs[0]?.readId, session.outputs[0]?.error], [9, 'unknown-execution']);
  assert.equal(server.sessions.length, 1);
});

test('heartbeats come at the interval the replica sets', async () => {
  executor.running = 3;
  connection = connect([server.address], executor);
  const session = await server.session(0);
  await session.hello();
  session.welcome(1, 1, { heartbeatIntervalMs: 5 });
  await session.until(() => session.frames.filter(({ heartbeat }) => heartbeat).length >= 2, 'two heartbeats');
  assert.equal(session.frames.at(-1)?.heartbeat?.running, 3);
});

for (const [what, frame] of [
  ['an empty frame', {}],
  ['a second Welcome', { welcome: { epoch: { era: 1, revision: 2 } } }],
  ['a read without an id', { read: { execution: testId(1), stream: 'OUTPUT_STREAM_STDOUT' } }],
  ['too large an input', { input: { execution: testId(1), data: Buffer.alloc(64 * 1024 + 1) } }],
] as const) {
  test(`${what} ends the session, and the agent dials again`, async () => {
    connection = connect([server.address], executor);
    const session = await server.session(0);
    await session.greet();
    session.send(frame);
    await session.ended();
    await (await server.session(1)).hello();
    assert.equal(executor.listeners, 1);
  });
}

test('a frame before Welcome ends the session and reaches no execution', async () => {
  connection = connect([server.address], executor);
  const session = await server.session(0);
  await session.hello();
  session.send({ start: { execution: testId(1), order: Buffer.from('x') } });
  await session.ended();
  await (await server.session(1)).hello();
  assert.deepEqual(executor.offers, []);
});

test('bytes that are no frame end the session, and the agent dials again', async () => {
  connection = connect([server.address], executor);
  const session = await server.session(0);
  await session.greet();
  session.sendRaw(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x01]));
  await session.ended();
  await (await server.session(1)).hello();
});

test('what the old session had said reaches the executor before the next Hello is built', async () => {
  executor.onOffer = ({ execution }) => executor.accept(execution);
  connection = connect([server.address], executor);
  const first = await server.session(0);
  await first.greet();
  for (let n = 0; n < 200; n += 1) first.send({ start: { execution: testId(n), order: Buffer.from('x') } });
  first.end();
  const { known } = await (await server.session(1)).hello();
  assert.equal(known.length, executor.offers.length);
  assert.equal(known.length, 200);
});

test('an epoch lower than the highest seen is refused, one as high or higher is welcome', async () => {
  const epochs = new MemoryEpochs();
  connection = connect([server.address], executor, { epochs });
  const [era, revision] = [2, 10];
  const first = await server.session(0);
  await first.greet(era, revision);
  await eventually(() => epochs.highest !== undefined, 'the epoch');
  first.end();
  const second = await server.session(1);
  assert.deepEqual((await second.hello()).first.highestEpoch, { era, revision });
  second.welcome(era, revision - 1);
  await second.ended();
  const third = await server.session(2);
  await third.greet(era - 1, revision + 100);
  await third.ended();
  assert.deepEqual(epochs.highest, { era, revision });
  const fourth = await server.session(3);
  await fourth.greet(era, revision);
  executor.accept(testId(1));
  await fourth.until(() => fourth.frames.some(({ event }) => event), 'an event');
  fourth.end();
  const fifth = await server.session(4);
  await fifth.greet(era + 1, 1);
  await eventually(() => epochs.highest?.era === era + 1, 'the new era');
});

test('a Welcome without an epoch is refused', async () => {
  connection = connect([server.address], executor);
  const session = await server.session(0);
  await session.hello();
  session.send({ welcome: {} });
  await session.ended();
  await (await server.session(1)).hello();
});

test('an epoch that cannot be written down ends the session before anything is taken from it', async () => {
  const epochs = new MemoryEpochs();
  epochs.raise = () => {
    throw new Error('disk full');
  };
  connection = connect([server.address], executor, { epochs });
  const session = await server.session(0);
  await session.hello();
  session.welcome();
  session.send({ start: { execution: testId(1), order: Buffer.from('x') } });
  await session.ended();
  await (await server.session(1)).hello();
  assert.deepEqual(executor.offers, []);
});
