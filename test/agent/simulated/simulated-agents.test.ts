import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { SimulatedAgents } from '../../../agent/simulated/simulated-agents.ts';
import { executionId, type JobId, type NodeUid } from '../../../shared/ids.ts';
import { systemClock } from '../../../shared/time.ts';
import { silent, testSettings } from '../../harness/agent-connection.ts';
import { AgentServer, type ServerSession } from '../../harness/agent-server.ts';

let server: AgentServer;
let agents: SimulatedAgents | undefined;

beforeEach(async () => {
  server = await AgentServer.start();
});
afterEach(async () => {
  server.kill();
  await agents?.close();
  agents = undefined;
});

function start(more: { count?: number; delayMs?: number; outputBytes?: number } = {}): SimulatedAgents {
  agents = SimulatedAgents.start({
    ...{ servers: [server.address], count: 1, namePrefix: 'sim', labels: { role: 'web' }, delayMs: 0, outputBytes: 0 },
    ...{ settings: testSettings, version: '0.0.0', clock: systemClock, log: silent },
    ...more,
  });
  return agents;
}

async function greet(session: ServerSession): Promise<(attempt: number) => string> {
  const { first } = await session.hello();
  session.welcome();
  return (attempt) => executionId('1'.repeat(32) as JobId, first.uid as NodeUid, attempt);
}

test('each has a connection, a name and a uid of its own, the same in every run', async () => {
  const first = start({ count: 20 });
  const uids: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    const session = await server.session(n);
    uids.push((await session.hello()).first.uid);
    session.welcome();
  }
  await first.whenAttached();
  assert.equal(first.attached, 20);
  assert.equal(new Set(server.sessions.map(({ call }) => call.getPeer())).size, 20);
  assert.equal(new Set(uids).size, 20);
  for (const session of server.sessions) session.end();
  await first.close();
  start({ count: 1 });
  assert.ok(uids.includes((await (await server.session(20)).hello()).first.uid));
});

test('an execution is accepted, starts, succeeds, and its output can be read', async () => {
  start({ outputBytes: 3 * 1024 * 1024 + 7 });
  const session = await server.session(0);
  const id = (await greet(session))(1);
  const reads = [{ readId: 1, execution: id, stream: 'OUTPUT_STREAM_STDOUT', until: 1e9 } as const];
  session.send({ start: { execution: id, order: Buffer.from('x'), reads } });
  await session.until(() => session.outputsOf(1).some(({ end }) => end), 'the end of the output');
  const events = session.frames.flatMap(({ event }) => event ?? []);
  assert.deepEqual(
    events.map(({ event }) => event),
    ['accepted', 'started', 'finished'],
  );
  const result = events[2]?.finished;
  assert.deepEqual(
    [result?.state, result?.exitCode, result?.stdout?.bytes],
    ['EXECUTION_STATE_SUCCEEDED', 0, 3 * 1024 * 1024 + 7],
  );
  const bytes = Buffer.concat(session.outputsOf(1).map(({ data }) => data));
  assert.equal(bytes.length, 3 * 1024 * 1024 + 7);
  const line = 'a line of output of a simulated agent, again and again and again\n';
  assert.ok(bytes.subarray(0, 2 * line.length).equals(Buffer.from(line.repeat(2))));
});

test('a cancel ends what runs, and leaves a tombstone of what does not', async () => {
  start({ delayMs: 3_600_000 });
  const session = await server.session(0);
  const id = await greet(session);
  session.send({ start: { execution: id(1), order: Buffer.from('x') } });
  session.send({ cancel: { execution: id(1) } });
  session.send({ cancel: { execution: id(2) } });
  session.send({ start: { execution: id(2), order: Buffer.from('x') } });
  await session.until(() => session.finished().length === 3, 'three ends');
  const ends = session.frames.flatMap(({ event }) =>
    event?.finished ? [[event.execution, event.finished.state]] : [],
  );
  const cancelled = 'EXECUTION_STATE_CANCELLED';
  assert.deepEqual(ends, [
    [id(1), cancelled],
    [id(2), cancelled],
    [id(2), cancelled],
  ]);
});

test('the program says when all are attached, and ends well at SIGTERM', async () => {
  const program = join(import.meta.dirname, '../../../agent/simulated/main.ts');
  const child: ChildProcess = spawn(
    process.execPath,
    [program, '--server', server.address, '--count', '3', '--log-level', 'silent'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    const ended = once(child, 'exit');
    for (let n = 0; n < 3; n += 1) await greet(await server.session(n));
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    assert.equal((JSON.parse(line.toString()) as { attached: number }).attached, 3);
    child.kill('SIGTERM');
    for (const session of server.sessions) void session.ended().then(() => session.end());
    assert.deepEqual(await ended, [0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});
