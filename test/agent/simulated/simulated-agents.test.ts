import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Behaviour } from '../../../agent/simulated/behaviour.ts';
import { SimulatedAgents, type SimulatedAgentsOptions } from '../../../agent/simulated/simulated-agents.ts';
import { SyntheticOutput } from '../../../agent/simulated/synthetic-output.ts';
import { type ExecutionId, executionId, type JobId, type NodeUid, newNodeUid } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
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

type More = Partial<Omit<SimulatedAgentsOptions, 'behaviour'>> & { behaviour?: Partial<Behaviour> };

function start({ behaviour, ...more }: More = {}): SimulatedAgents {
  agents = SimulatedAgents.start({
    ...{ servers: [server.address], count: 1, namePrefix: 'sim', labels: { role: 'web' } },
    ...{ settings: testSettings, version: '0.0.0', clock: systemClock, log: silent },
    behaviour: { delayMs: 0, outputBytes: 0, outputEveryMs: 0, exitCode: 0, ...behaviour },
    ...more,
  });
  return agents;
}

const orderOf = (...parts: string[]): Buffer => {
  const plan = { root: planRoot([newNodeUid()]), count: 1 };
  return buildOrder({ command: { argv: ['simulate', ...parts] }, plan, createdUnixMs: Date.now() }).bytes;
};
const readOf = (execution: string, from: number) =>
  ({ readId: 1, execution, stream: 'OUTPUT_STREAM_STDOUT', from, until: 1e9 }) as const;

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
  start({ behaviour: { outputBytes: 3 * 1024 * 1024 + 7 } });
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
  start({ behaviour: { delayMs: 3_600_000 } });
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

test('an id that was released is known all the same: what is offered again does not start again', async () => {
  const simulated = start();
  const session = await server.session(0);
  const id = (await greet(session))(1);
  session.send({ start: { execution: id, order: Buffer.from('x') } });
  await session.until(() => session.finished().length === 1, 'its end');
  session.send({ release: { executions: [id] } });
  session.send({ start: { execution: id, order: Buffer.from('x') } });
  await session.until(() => session.finished().length === 2, 'its end again');
  assert.deepEqual(simulated.summary, { starts: 1, ends: 1, sessions: 1, startedTwice: [] });
});

test('what runs outlives its session: the next Hello tells of it, and its output goes on at any offset, as its seed says', async () => {
  const outputBytes = 300_007;
  start({ seed: 'seven', behaviour: { delayMs: 3_600_000, outputBytes, outputEveryMs: 3_600_000 } });
  const first = await server.session(0);
  const id = (await greet(first))(1);
  const order = orderOf('delay=400ms', `output=${outputBytes}B`, 'every=20ms', 'exit=3');
  first.send({ start: { execution: id, order, reads: [readOf(id, 0)] } });
  await first.until(() => first.outputsOf(1).some(({ data }) => data.length > 0), 'the first output');
  first.end();
  const second = await server.session(1);
  const { known } = await second.hello();
  assert.deepEqual(
    known.map(({ execution, state }) => [execution, state]),
    [[id, 'EXECUTION_STATE_RUNNING']],
  );
  second.welcome();
  const before = Buffer.concat(first.outputsOf(1).map(({ data }) => data));
  second.send({ read: readOf(id, before.length) });
  await second.until(() => second.outputsOf(1).some(({ end }) => end), 'the end of the output');
  const whole = Buffer.concat([before, ...second.outputsOf(1).map(({ data }) => data)]);
  assert.equal(whole.length, outputBytes);
  const digest = createHash('sha256').update(whole).digest('hex');
  assert.equal(digest, new SyntheticOutput({ seed: 'seven' }).sha256(id as ExecutionId, outputBytes));
  await second.until(() => second.finished().length === 1, 'its end');
  assert.equal(second.frames.find(({ event }) => event?.finished)?.event?.finished?.exitCode, 3);
});

test('the history has starts, ends and sessions in their order, and an order that can’t be understood is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-simulated-'));
  try {
    const historyPath = join(folder, 'history');
    const simulated = start({ historyPath });
    const session = await server.session(0);
    const id = await greet(session);
    session.send({ start: { execution: id(1), order: Buffer.from('x') } });
    session.send({ start: { execution: id(2), order: orderOf('delay=soon') } });
    await session.until(() => session.finished().length === 2, 'two ends');
    session.end();
    await server.session(1);
    server.kill();
    await simulated.close();
    const lines = readFileSync(historyPath, 'utf8').trim().split('\n');
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      told.slice(0, 5).map(({ event, execution, state, node }) => [event, execution ?? node, state]),
      [
        ['live', 'sim-0', undefined],
        ['start', id(1), undefined],
        ['end', id(1), 'EXECUTION_STATE_SUCCEEDED'],
        ['end', id(2), 'EXECUTION_STATE_REJECTED'],
        ['over', 'sim-0', undefined],
      ],
    );
    assert.ok(told.every(({ at }) => Number(at) > 0));
  } finally {
    rmSync(folder, { recursive: true });
  }
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
