import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Failpoint, failpoints } from '../../../agent/failpoints.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { Marker } from '../../../agent/sandbox/marker.ts';
import { viewProcess } from '../../../agent/sandbox/process-table.ts';
import { type ExecutionId, executionId, type NodeUid, newNodeUid } from '../../../shared/ids.ts';
import { PlanTree } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { Host, stoppedAt } from './host.ts';
import { allGone, quietLog, removeAll, sweep } from './rig.ts';

const countStart = join(import.meta.dirname, '../../fixtures/programs/count-start.sh');
const lines = 30;
type Who = 'agent' | 'supervisor' | 'both';

/** The table of docs/recovery.md: what comes of a command that exits 3 when so much is killed there. */
const table: Record<Failpoint, Partial<Record<Who, 'result' | 'INTERRUPTED'>>> = {
  received: { agent: 'result' },
  accepted: { agent: 'result' },
  gate: { agent: 'result', supervisor: 'result', both: 'result' },
  starting: { agent: 'result', supervisor: 'result', both: 'result' },
  'gate-read': { agent: 'result', supervisor: 'result', both: 'result' },
  started: { agent: 'result', supervisor: 'INTERRUPTED', both: 'INTERRUPTED' },
  ended: { agent: 'result', supervisor: 'INTERRUPTED', both: 'INTERRUPTED' },
  exit: { agent: 'result', supervisor: 'result', both: 'result' },
  journaled: { agent: 'result', both: 'result' },
};

describe('killed at each of the nine points', () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-matrix-'));
  const hits = new Map<string, number>();
  after(async () => {
    await allGone(dir);
    await removeAll(dir);
    process.stdout.write(`hits: ${[...hits].map(([point, count]) => `${point} ${count}`).join(', ')}\n`);
  });

  for (const [failpoint, column] of Object.entries(table) as [Failpoint, (typeof table)[Failpoint]][]) {
    for (const [who, expected] of Object.entries(column) as [Who, 'result' | 'INTERRUPTED'][]) {
      for (const containment of who === 'both' ? ['cgroup', 'marker'] : ['auto']) {
        test(`${who} at ${failpoint} (${containment}): ${expected}, and no second start`, async () => {
          await kill(failpoint, who, expected, containment);
        });
      }
    }
  }

  test('the table has every point once, and nine of them', () => {
    assert.deepEqual(Object.keys(table), Object.keys(failpoints));
    assert.equal(Object.keys(table).length, 9);
  });

  async function kill(
    failpoint: Failpoint,
    who: Who,
    expected: 'result' | 'INTERRUPTED',
    containment: string,
  ): Promise<void> {
    const stateDir = mkdtempSync(join(dir, 'state-'));
    const uid = newNodeUid();
    const counter = join(stateDir, 'starts');
    const tree = new PlanTree([uid]);
    const argv = ['sh', countStart, counter, String(lines), '3'];
    const { order, bytes } = buildOrder({
      command: { argv },
      plan: { root: tree.root, count: 1 },
      createdUnixMs: Date.now(),
    });
    const id = executionId(order.id, uid, 1);
    const offer = { do: 'offer', execution: id, order: bytes.toString('base64') };
    let host = new Host({ stateDir, uid, containment, failpoint });
    const stopped: number[] = [];
    try {
      await host.line('open');
      host.say(offer);
      // At `exit` both stop themselves, the agent once it sees what the supervisor wrote.
      const places = failpoints[failpoint] === 'both' ? ['supervisor', 'agent'] : [failpoints[failpoint]];
      for (const place of places) stopped.push(await stoppedAt(stateDir, `${place}.${failpoint}`));
      hits.set(failpoint, (hits.get(failpoint) ?? 0) + 1);
      const supervisor = who === 'agent' ? undefined : await supervisorOf(stateDir, id, stopped[0] ?? 0, host.pid);
      if (supervisor !== undefined) process.kill(supervisor, 'SIGKILL');
      if (who !== 'supervisor') {
        await host.kill();
        host = new Host({ stateDir, uid, containment });
        await host.line('open');
        // Redelivered, as a replica would: it must do no harm.
        host.say(offer);
      } else if (viewProcess(host.pid)?.state === 'T') process.kill(host.pid, 'SIGCONT');
      for (const pid of stopped) if (pid !== host.pid && pid !== supervisor) resume(pid);
      const { result } = await host.line('finished', id);
      assert.equal(result?.state, expected === 'result' ? 'EXECUTION_STATE_FAILED' : 'EXECUTION_STATE_INTERRUPTED');
      const starts = existsSync(counter) ? readFileSync(counter, 'utf8') : '';
      if (expected === 'result') {
        assert.equal(result?.exitCode, 3);
        assert.equal(starts, 'start\n');
        host.say({ do: 'output', execution: id });
        const { text } = await host.line('output', id);
        assert.equal(text, Array.from({ length: lines }, (_, line) => `line ${line + 1}\n`).join(''));
      } else {
        assert.equal(result?.reason, 'supervisor');
        assert.ok(starts === '' || starts === 'start\n');
      }
      assert.deepEqual(new Marker({ execution: id, leader: undefined }).members(), []);
      await host.close();
    } finally {
      if (viewProcess(host.pid)) await host.kill();
      for (const pid of stopped) resume(pid);
      new Marker({ execution: id, leader: undefined }).signal(9);
      await sweep(uid as NodeUid);
    }
  }
});

/** The supervisor of an execution: the one that stopped itself, or the one that the journal names, or whoever waits warm. */
async function supervisorOf(
  stateDir: string,
  id: ExecutionId,
  stopped: number,
  agent: number,
): Promise<number | undefined> {
  if (stopped !== agent) return stopped;
  const journal = await Journal.open({ dir: join(stateDir, 'journal'), log: quietLog });
  await journal.close();
  return journal.get(id)?.starting?.supervisor.pid;
}

function resume(pid: number): void {
  if (viewProcess(pid)?.state === 'T') process.kill(pid, 'SIGCONT');
}
