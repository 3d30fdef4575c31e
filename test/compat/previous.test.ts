import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
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
  test(`agent and client of ${commit} work with today’s replica`, async (t) => {
    const previous = await checkOut(commit);
    t.after(previous.remove);
    const state = mkdtempSync(join(tmpdir(), 'muster-compat-state-'));
    t.after(() => rmSync(state, { recursive: true, force: true }));
    const replica = await startReplica(today, join(state, 'store'));
    t.after(() => replica.stop());
    const agent = startAgent(previous.folder, {
      address: replica.address,
      name: 'old',
      stateDir: join(state, 'agent'),
    });
    t.after(() => agent.stop());

    await t.test('its agent runs what today’s client submits', (t) => runsCommands(t, today, replica.address));
    await t.test('its client submits, watches and reads', (t) => runsCommands(t, previous.folder, replica.address));
  });
}

async function runsCommands(t: TestContext, client: string, address: string): Promise<void> {
  const run = (...args: string[]) => muster(client, ['run', '--server', address, '--node', 'old', ...args]);
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
