import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import type { Connection } from '../../../agent/connection.ts';
import { MusterError } from '../../../shared/errors.ts';
import { type Clock, systemClock } from '../../../shared/time.ts';
import { connect, eventually, MemoryEpochs } from '../../harness/agent-connection.ts';
import { AgentServer } from '../../harness/agent-server.ts';
import { FakeExecutor, testId } from '../../harness/fake-executor.ts';

let executor: FakeExecutor;
let connection: Connection | undefined;
const servers: AgentServer[] = [];

const startServer = async (port?: number): Promise<AgentServer> => {
  const server = await AgentServer.start(port);
  servers.push(server);
  return server;
};

beforeEach(() => {
  executor = new FakeExecutor();
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.kill();
  await connection?.close();
  connection = undefined;
});

/** Every wait between sessions is over at once, and noted. Timers of sessions (an hour) never fire. */
function hurriedClock(): Clock & { waitsMs: number[]; aheadMs: number } {
  const clock = {
    waitsMs: [] as number[],
    aheadMs: 0,
    now: systemClock.now,
    monotonic: () => systemClock.monotonic() + clock.aheadMs,
    after(ms: number, action: () => void) {
      if (ms === hourMs) return { cancel: () => {} };
      clock.waitsMs.push(ms);
      return systemClock.after(0, action);
    },
  };
  return clock;
}
const hourMs = 3_600_000;
const settings = { welcomeTimeoutMs: hourMs, drainTimeoutMs: hourMs, reconnectBaseMs: 500, reconnectCapMs: 30_000 };

test('the agent comes back to a replica that was killed and started again', async () => {
  const first = await startServer();
  connection = connect([first.address], executor);
  await (await first.session(0)).greet();
  first.kill();
  await eventually(() => executor.listeners === 0, 'the end of the session');
  const second = await startServer(first.port);
  await (await second.session(0)).greet();
  executor.succeed(testId(1));
  const session = await second.session(0);
  await session.until(() => session.finished().length === 1, 'a result');
});

test('of several servers a living one is found', async () => {
  const dead = await startServer();
  dead.kill();
  const living = await startServer();
  connection = connect([dead.address, dead.address, '127.0.0.1:1', living.address], executor);
  await (await living.session(0)).greet();
});

test('a server that takes connections and stays silent is given up, and another dialled', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket.on('error', () => {}).resume())).listen(
    0,
    '127.0.0.1',
  );
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  try {
    connection = connect([`127.0.0.1:${port}`], executor, { settings: { dialTimeoutMs: 40 } });
    await eventually(() => sockets.length >= 2, 'a second try');
    await eventually(
      () => sockets[0]?.destroyed === true || sockets[0]?.readableEnded === true,
      'the first to be let go',
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
  }
});

test('a replica that never says Welcome is given up', async () => {
  const server = await startServer();
  connection = connect([server.address], executor, { settings: { welcomeTimeoutMs: 20 } });
  await (await server.session(0)).ended();
  await (await server.session(1)).hello();
});

test('waits grow with full jitter up to the cap, and are short again after a good session', async () => {
  const server = await startServer();
  const clock = hurriedClock();
  connection = connect([server.address], executor, { clock, random: () => 0.5, settings });
  for (let n = 0; n < 9; n += 1) {
    const session = await server.session(n);
    await session.greet();
    await eventually(() => executor.listeners === 1, 'the session');
    session.end();
  }
  const good = await server.session(9);
  await good.greet();
  executor.succeed(testId(1));
  await good.until(() => good.finished().length === 1, 'a live session');
  clock.aheadMs += 3_600_000;
  good.end();
  await server.session(10);
  assert.deepEqual(clock.waitsMs, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 250]);
});

test('a replica that says when to come back is left alone so long, but not for ever', async () => {
  const server = await startServer();
  const clock = hurriedClock();
  connection = connect([server.address], executor, { clock, random: () => 0, settings });
  await (await server.session(0)).hello();
  (await server.session(0)).end(new MusterError('TOO_MANY', 'too many at once', { retryAfterMs: 7500 }));
  await (await server.session(1)).greet();
  (await server.session(1)).send({ reconnect: { reason: 'drain', afterMs: 1200 } });
  await (await server.session(1)).ended();
  (await server.session(1)).end();
  await (await server.session(2)).greet();
  (await server.session(2)).send({ reconnect: { reason: 'drain', afterMs: 4_000_000_000 } });
  await (await server.session(2)).ended();
  (await server.session(2)).end();
  await server.session(3);
  assert.deepEqual(clock.waitsMs, [7500, 1200, 300_000]);
});

test('a replica whose epoch is lower than one seen is left, and another one dialled next', async () => {
  const stale = await startServer();
  const holder = await startServer();
  const epochs = new MemoryEpochs();
  epochs.raise({ era: 1, revision: 9 });
  connection = connect([stale.address, holder.address], executor, { epochs });
  await eventually(() => stale.sessions.length + holder.sessions.length === 1, 'a session');
  // Whichever was dialled first is the one that is behind.
  const [from, to] = stale.sessions.length === 1 ? [stale, holder] : [holder, stale];
  await (await from.session(0)).greet(1, 8);
  const session = await to.session(0);
  assert.deepEqual((await session.hello()).first.highestEpoch, { era: 1, revision: 9 });
  assert.equal(from.sessions.length, 1);
  session.welcome(1, 9);
  executor.succeed(testId(1));
  await session.until(() => session.finished().length === 1, 'a live session');
});

test('before it dials elsewhere the agent says what is queued and ends its stream in good order', async () => {
  const server = await startServer();
  const other = await startServer();
  connection = connect([server.address, other.address], executor);
  await eventually(() => server.sessions.length + other.sessions.length === 1, 'a session');
  const [from, to] = server.sessions.length === 1 ? [server, other] : [other, server];
  const session = await from.session(0);
  await session.greet();
  executor.accept(testId(0));
  await session.until(() => session.frames.length === 2, 'a live session');
  session.call.pause();
  for (let n = 1; n <= 400; n += 1) executor.succeed(testId(n));
  session.send({ reconnect: { reason: 'rebalance' } });
  session.call.resume();
  await session.ended();
  assert.equal(session.halfClosed, true);
  assert.equal(session.finished().length, 400);
  session.end();
  await (await to.session(0)).hello();
});

test('close says what is queued and ends the session, wherever it stands', async () => {
  const server = await startServer();
  connection = connect([server.address], executor);
  const session = await server.session(0);
  await session.greet();
  executor.accept(testId(0));
  await session.until(() => session.frames.length === 2, 'a live session');
  for (let n = 1; n <= 50; n += 1) executor.succeed(testId(n));
  const closing = connection.close();
  await session.ended();
  assert.equal(session.halfClosed, true);
  assert.equal(session.finished().length, 50);
  session.end();
  await closing;
  assert.equal(executor.listeners, 0);

  const greeted = connect([server.address], executor);
  await (await server.session(1)).hello();
  await greeted.close();
  const waiting = connect(['127.0.0.1:1'], executor, { settings: { reconnectBaseMs: hourMs, reconnectCapMs: hourMs } });
  await eventually(() => waiting.session === undefined, 'the first wait');
  await waiting.close();
  const dialling = connect([server.address], executor);
  await dialling.close();
  assert.equal(executor.listeners, 0);
});

test('a peer that vanishes without a word is noticed by keepalive', async () => {
  const server = await startServer();
  const sockets: Socket[] = [];
  // Stops passing bytes on once the session is live: both ends stay open.
  const proxy = createServer((socket) => {
    const upstream = new (socket.constructor as typeof Socket)().connect(server.port, '127.0.0.1');
    sockets.push(socket, upstream);
    for (const one of [socket, upstream]) one.on('error', () => {});
    socket.pipe(upstream).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as { port: number };
  try {
    connection = connect([`127.0.0.1:${port}`], executor, {
      settings: { keepaliveIntervalMs: 30, keepaliveTimeoutMs: 30 },
    });
    await (await server.session(0)).greet();
    for (const socket of sockets) socket.unpipe();
    await (await server.session(1)).hello();
  } finally {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  }
});
