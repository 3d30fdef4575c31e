import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { previousCommit } from '../../tools/check/previous.ts';
import { checkOut } from './checkout.ts';
import { muster, startAgent, startReplica } from './programs.ts';

const today = join(import.meta.dirname, '../..');
/** By hand: `MUSTER_TEST_PREVIOUS=<commit> npm test -- test/compat`. */
const commit = process.env.MUSTER_TEST_PREVIOUS || previousCommit();

if (commit === undefined) {
  test('test/compat/previous names no commit yet: nothing released has to work with today’s replica', () => {
    assert.equal(previousCommit(), undefined);
  });
} else {
  describe(`beside ${commit}`, () => {
    let previous: Awaited<ReturnType<typeof checkOut>>;
    before(async () => {
      previous = await checkOut(commit);
    });
    after(() => previous.remove());

    test('its agent and client work with today’s replica', async (t) => {
      const { address, state } = await startNode(t, { replica: today, agent: previous.folder, name: 'old' });
      await t.test('its agent runs what today’s client submits', (t) => runsCommands(t, today, address, 'old'));
      await t.test('its client submits, watches and reads', (t) => runsCommands(t, previous.folder, address, 'old'));
      await t.test('an order with a lane, of which the agent knows nothing, is refused and never runs', async () => {
        const trace = join(state, 'ran');
        const args = ['run', '--server', address, '--node', 'old', '--lane', 'deploy', '--', 'touch', trace];
        const { status, stdout, stderr } = await muster(today, args);
        assert.equal(status, 255);
        assert.match(stdout + stderr, /lacks `lanes`/);
        assert.equal(existsSync(trace), false);
      });
    });

    test('today’s agent and client work with its replica', async (t) => {
      const { address, state } = await startNode(t, { replica: previous.folder, agent: today, name: 'new' });
      await t.test('today’s agent runs what its client submits', (t) =>
        runsCommands(t, previous.folder, address, 'new'),
      );
      await t.test('today’s client submits, watches and reads', (t) => runsCommands(t, today, address, 'new'));
      await t.test('an order’s lane, of which the replica knows nothing, is kept by the agent', () =>
        runsInLane(address, join(state, 'log')),
      );
    });
  });
}

/** A replica of one tree with an agent of another, as processes, ended with the test. */
async function startNode(
  t: TestContext,
  from: { replica: string; agent: string; name: string },
): Promise<{ address: string; state: string }> {
  const state = mkdtempSync(join(tmpdir(), 'muster-compat-state-'));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const replica = await startReplica(from.replica, join(state, 'store'));
  t.after(() => replica.stop());
  const { address } = replica;
  const agent = startAgent(from.agent, { address, name: from.name, stateDir: join(state, 'agent') });
  t.after(() => agent.stop());
  return { address, state };
}

/** Two jobs at once in one lane run one after the other. */
async function runsInLane(address: string, log: string): Promise<void> {
  const script = `echo begin >>${log}; sleep 0.5; echo end >>${log}`;
  const args = ['run', '--server', address, '--node', 'new', '--lane', 'deploy', '--shell', script];
  const done = await Promise.all([muster(today, args), muster(today, args)]);
  for (const { status, stderr } of done) assert.equal(status, 0, stderr);
  assert.deepEqual(readFileSync(log, 'utf8').trim().split('\n'), ['begin', 'end', 'begin', 'end']);
}

async function runsCommands(t: TestContext, client: string, address: string, node: string): Promise<void> {
  const run = (...args: string[]) => muster(client, ['run', '--server', address, '--node', node, ...args]);
  await connected(() => run('--', 'true'));
  const echo = await run('--', 'echo', 'hello');
  t.diagnostic(echo.stderr);
  assert.equal(echo.status, 0);
  assert.match(echo.stdout, /hello/);
  // With one node named, the status is the command's own.
  const failing = await run('--shell', 'echo lost >&2; exit 3');
  assert.equal(failing.status, 3);
  assert.match(failing.stdout + failing.stderr, /lost/);
}

/** The agent registers on its own time; until then its name matches nothing. */
async function connected(run: () => Promise<{ status: number; stderr: string }>): Promise<void> {
  for (const deadline = performance.now() + 60_000; ; await sleep(100)) {
    const { status, stderr } = await run();
    if (status === 0) return;
    if (performance.now() > deadline) assert.fail(`the agent never came: ${stderr}`);
  }
}
