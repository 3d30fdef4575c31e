import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Connection } from '../../../agent/connection.ts';
import { AgentServer } from '../../harness/agent-server.ts';
import { connect, eventually, MemoryEpochs } from '../../harness/agent-connection.ts';
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
  assert.deepEqual(new Set(known.map(({ execution }) => execution)).size, 1100);
  assert.equal(known[0]?.state, 'EXECUTION_STATE_DISPATCHED');
  assert.deepEqual([first.name, first.uid, first.bootId, first.highestEpoch], ['web-1', testUid, 'boot', null]);
  assert.deepEqual([first.labels, first.facts], [{ role: 'web' }, { os: 'linux' }]);
});

test('nothing but Hello is said before Welcome, and then what happened meanwhile', async () => {
  connection = connect([server.address], executor);
  const session = await server.session(0);
  await session.hello();
  executor.accept(testId(1));
  executor.succeed(testId(2));
  assert.ok(session.frames.every(({ frame }) => frame === 'hello'));
  session.welcome();
  await session.until(() => session.frames.length === 3, 'both events');
  assert.ok(session.frames.some(({ event }) => event?.execution === testId(1) && event.accepted));
  assert.deepEqual(session.finished(), [testId(2)]);
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
