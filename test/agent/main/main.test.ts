import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { executionId, type NodeUid } from '../../../shared/ids.ts';
import { PlanTree } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { AgentServer, type ServerSession } from '../../harness/agent-server.ts';

const program = join(import.meta.dirname, '../../../agent/main.ts');
let home: string;
let server: AgentServer;
const children: ChildProcess[] = [];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'muster-agent-'));
  server = await AgentServer.start();
});
afterEach(async () => {
  server.kill();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
});

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The agent as a process of its own. */
function start(
  args: readonly string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, HOME: home, ...env } });
  children.push(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stdout, stderr }));
  return { child, ended };
}

const agentArgs = (): string[] => ['--server', server.address, '--name', 'web-1', '--state-dir', join(home, 'state')];

/** Offers the node a command; returns the execution's id. */
async function offer(session: ServerSession, argv: string[]): Promise<string> {
  const { first } = await session.hello();
  const uid = first.uid as NodeUid;
  const tree = new PlanTree([uid]);
  const plan = { root: tree.root, count: 1 };
  const { order, bytes } = buildOrder({ command: { argv }, plan, createdUnixMs: Date.now() });
  const { index, siblings } = tree.proof(0);
  const execution = executionId(order.id, uid, 1);
  session.send({ start: { execution, order: bytes, proof: { index, siblings: [...siblings] } } });
  return execution;
}

const eventsOf = (session: ServerSession, execution: string) =>
  session.frames.flatMap(({ event }) => (event?.execution === execution ? event : []));

test('SIGTERM ends the agent well and leaves its command running, and the next agent brings the result', async () => {
  const first = start(agentArgs());
  const session = await server.session(0);
  await session.greet(1, 5);
  const go = join(home, 'go');
  const id = await offer(session, ['/bin/sh', '-c', `while [ ! -e ${go} ]; do sleep 0.05; done; echo done; exit 3`]);
  await session.until(() => eventsOf(session, id).some(({ started }) => started), 'the start');
  const pid = eventsOf(session, id).find(({ started }) => started)?.started?.pid ?? 0;
  first.child.kill('SIGTERM');
  await session.ended();
  session.end();
  assert.equal((await first.ended).status, 0);
  assert.ok(readFileSync(`/proc/${pid}/cmdline`).length > 0);

  start(agentArgs());
  const second = await server.session(1);
  const { known, first: hello } = await second.hello();
  assert.deepEqual({ ...hello.highestEpoch }, { era: 1, revision: 5 });
  assert.deepEqual(
    known.map(({ execution }) => execution),
    [id],
  );
  // A recovered one is DISPATCHED until its supervisor has been looked at.
  assert.match(known[0]?.state ?? '', /_(RUNNING|DISPATCHED)$/);
  second.welcome(1, 6);
  const touch = spawn('touch', [go]);
  await once(touch, 'exit');
  await second.until(() => second.finished().includes(id), 'the result');
  const result = eventsOf(second, id).find(({ finished }) => finished)?.finished;
  assert.deepEqual([result?.state, result?.exitCode, result?.stdout?.bytes], ['EXECUTION_STATE_FAILED', 3, 5]);
});

test('the facts of Hello say what the host and its containment are', async () => {
  start([...agentArgs(), '--containment', 'marker', '--fact', 'rack=12', '--label', 'role=web']);
  const { first } = await (await server.session(0)).hello();
  assert.equal(first.facts.containment, 'marker');
  assert.deepEqual([first.facts.rack, first.facts.os, first.labels.role], ['12', 'linux', 'web']);
});

test('a second agent with the same state folder does not start, and says why', async () => {
  start(agentArgs());
  await (await server.session(0)).hello();
  const { status, stderr } = await start(agentArgs()).ended;
  assert.equal(status, 1);
  assert.match(stderr, /^muster agent: .*state/m);
});

test('what it cannot read it names, with status 2, and --help explains every flag', async () => {
  const { status, stderr } = await start(['--server', '127.0.0.1']).ended;
  assert.equal(status, 2);
  assert.match(stderr, /^muster agent: --server: must be/);
  const help = await start(['--help']).ended;
  assert.equal(help.status, 0);
  assert.match(help.stdout, /--state-dir <path>/);
});

test('without leave to keep compiled code, and without a home for it, the agent starts as well', async () => {
  start(agentArgs(), { MUSTER_SLIM_START: 'off' });
  await (await server.session(0)).hello();
  assert.ok(!readdirSync(home).includes('.cache'));
  start(['--server', server.address, '--name', 'web-2', '--state-dir', join(home, 'other')], { HOME: '/proc/nowhere' });
  await (await server.session(1)).hello();
});

test('at rest the process runs compiled code: the same process, started again', async () => {
  const { child } = start(agentArgs());
  await (await server.session(0)).hello();
  const environment = readFileSync(`/proc/${child.pid}/environ`, 'utf8');
  assert.match(environment, /MUSTER_SLIM_START=done/);
  assert.ok(readdirSync(join(home, '.cache', 'muster', 'compiled')).some((name) => name.startsWith('complete-')));
});
