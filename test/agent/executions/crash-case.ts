import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Failpoint, failpoints } from '../../../agent/failpoints.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { Marker } from '../../../agent/sandbox/marker.ts';
import { processIds, viewProcess } from '../../../agent/sandbox/process-table.ts';
import { signalDrain } from '../../../agent/spool/drain.ts';
import { type ExecutionId, executionId, newNodeUid } from '../../../shared/ids.ts';
import { PlanTree } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { Host, stoppedAt, until } from './host.ts';
import { quietLog, sweep } from './rig.ts';

/** `drain`: what copies both streams; `drains`: with it the loop that starts it; `reboot`: everything, under another boot id. */
export type Victim = 'agent' | 'supervisor' | 'both' | 'drain' | 'drains' | 'reboot';
export type Outcome = 'result' | 'INTERRUPTED';

const countStart = join(import.meta.dirname, '../../fixtures/programs/count-start.sh');
const lines = 30;
const expectedText = Array.from({ length: lines }, (_, line) => `line ${line + 1}\n`).join('');

/**
 * One execution of a command that counts its starts, writes and exits 3, with somebody killed exactly at one of the nine points;
 * throws unless it comes out as expected, with one start at most, and with its output whole or its gaps said. How many were killed.
 */
export async function crashAt(options: {
  readonly dir: string;
  readonly failpoint: Failpoint;
  readonly victim: Victim;
  readonly expected: Outcome;
  readonly containment: string;
}): Promise<number> {
  const { dir, failpoint, victim, containment } = options;
  let { expected } = options;
  const stateDir = mkdtempSync(join(dir, 'state-'));
  const uid = newNodeUid();
  const counter = join(stateDir, 'starts');
  const argv = ['sh', countStart, counter, String(lines), '3'];
  const plan = { root: new PlanTree([uid]).root, count: 1 };
  const { order, bytes } = buildOrder({ command: { argv }, plan, createdUnixMs: Date.now() });
  const id = executionId(order.id, uid, 1);
  const offer = { do: 'offer', execution: id, order: bytes.toString('base64') };
  let host = new Host({ stateDir, uid, containment, failpoint });
  const stopped: number[] = [];
  let killed = 1;
  try {
    await host.line('open');
    host.say(offer);
    // At `exit` both stop themselves, the agent once it sees what the supervisor wrote.
    const places = failpoints[failpoint] === 'both' ? ['supervisor', 'agent'] : [failpoints[failpoint]];
    for (const place of places) stopped.push(await stoppedAt(stateDir, `${place}.${failpoint}`));
    const drainsOnly = victim === 'drain' || victim === 'drains';
    const withSupervisor = victim === 'supervisor' || victim === 'both';
    const supervisor = withSupervisor ? await supervisorOf(stateDir, id, stopped[0] ?? 0, host.pid) : undefined;
    if (supervisor !== undefined) process.kill(supervisor, 'SIGKILL');
    if (drainsOnly) killed = await killDrains(stateDir, victim === 'drains', host.pid);
    if (drainsOnly || victim === 'supervisor') {
      if (viewProcess(host.pid)?.state === 'T') process.kill(host.pid, 'SIGCONT');
    } else {
      await host.kill();
      if (victim === 'reboot') killed += await killAll(stateDir, id);
      // At the gate only the supervisor stands still: its agent may have gone on to STARTING, after which a reboot hides the truth.
      if (victim === 'reboot' && failpoint === 'gate' && (await startingOf(stateDir, id))) expected = 'INTERRUPTED';
      host = new Host({ stateDir, uid, containment, bootId: victim === 'reboot' ? 'the-next-boot' : '' });
      await host.line('open');
      // Redelivered, as a replica would: it must do no harm.
      host.say(offer);
    }
    for (const pid of stopped) if (pid !== host.pid && pid !== supervisor) resume(pid);
    const { result } = await host.line('finished', id);
    assert.equal(result?.state, expected === 'result' ? 'EXECUTION_STATE_FAILED' : 'EXECUTION_STATE_INTERRUPTED');
    const starts = existsSync(counter) ? readFileSync(counter, 'utf8') : '';
    if (expected === 'result') {
      assert.equal(result?.exitCode, 3);
      assert.equal(starts, 'start\n');
      host.say({ do: 'output', execution: id });
      const { pieces = [] } = await host.line('output', id);
      const mayLose = drainsOnly || victim === 'reboot';
      if (mayLose) assert.ok(isExplained(pieces, expectedText), JSON.stringify(pieces));
      else assert.deepEqual(pieces, [expectedText]);
    } else {
      assert.equal(result?.reason, victim === 'reboot' ? 'reboot' : 'supervisor');
      assert.ok(starts === '' || starts === 'start\n');
    }
    assert.deepEqual(new Marker({ execution: id, leader: undefined }).members(), []);
    await host.close();
    return killed;
  } finally {
    if (viewProcess(host.pid)) await host.kill();
    for (const pid of stopped) resume(pid);
    new Marker({ execution: id, leader: undefined }).signal(9);
    await sweep(uid);
  }
}

/** Whether everything that is missing is missing at a gap (null). */
export function isExplained(pieces: readonly (string | null)[], expected: string): boolean {
  let at = 0;
  let gap = false;
  for (const piece of pieces) {
    const found = piece === null ? at : expected.indexOf(piece, at);
    if (found === -1 || (found !== at && !gap)) return false;
    at = found + (piece?.length ?? 0);
    gap = piece === null;
  }
  return gap || at === expected.length;
}

/** The supervisor of an execution: the one that stopped itself, or the one that the journal names, or whoever waits warm. */
async function supervisorOf(
  stateDir: string,
  id: ExecutionId,
  stopped: number,
  agent: number,
): Promise<number | undefined> {
  if (stopped !== agent) return stopped;
  return (await startingOf(stateDir, id))?.supervisor.pid;
}

async function startingOf(stateDir: string, id: ExecutionId) {
  const journal = await Journal.open({ dir: join(stateDir, 'journal'), log: quietLog });
  await journal.close();
  return journal.get(id)?.starting;
}

/** Kills the drains of every spool there is, the warm supervisors' too. How many. */
async function killDrains(stateDir: string, loops: boolean, agent: number): Promise<number> {
  const spools = join(stateDir, 'spool');
  const places = readdirSync(spools).flatMap((name) =>
    (['out', 'err'] as const).map((stream) => ({ dir: join(spools, name), stream })),
  );
  let killed = 0;
  for (const place of places) {
    // One that has just been started does not copy yet; one that is over never will again.
    // An agent that stands still in the middle of making a warm supervisor's folder starts nobody for it.
    const forsaken = () => viewProcess(agent)?.state === 'T' && !isServed(place.dir, agent);
    const over = () => !existsSync(place.dir) || existsSync(join(place.dir, `${place.stream}.eof`)) || forsaken();
    await until('the drain', () => existsSync(join(place.dir, `${place.stream}.pid`)) || over() || undefined);
    if (loops) {
      const pid = Number(readText(join(place.dir, `${place.stream}.loop`)));
      if (pid > 0 && readLink(`/proc/${pid}/cwd`) === place.dir) {
        process.kill(pid, 'SIGKILL');
        killed += 1;
      }
    }
    if (signalDrain(place, 'SIGKILL')) killed += 1;
  }
  return killed;
}

/** Whether somebody but the agent works in or for the folder. */
const isServed = (dir: string, agent: number): boolean =>
  processIds().some((pid) => {
    if (pid === agent || pid === process.pid) return false;
    return readText(`/proc/${pid}/cmdline`).includes(dir) || readLink(`/proc/${pid}/cwd`) === dir;
  });

/** As a reboot does: supervisors, launchers, drains and the command of a state folder. How many. */
export async function killAll(stateDir: string, id: ExecutionId): Promise<number> {
  let killed = 0;
  const left = (): number[] =>
    processIds().filter((pid) => {
      const argv = readText(`/proc/${pid}/cmdline`);
      const cwd = readLink(`/proc/${pid}/cwd`);
      return pid !== process.pid && argv !== '' && (argv.includes(stateDir) || cwd.startsWith(join(stateDir, 'spool')));
    });
  await until('the end of all processes', () => {
    const pids = left();
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
        killed += 1;
      } catch {
        // It went by itself.
      }
    }
    const marked = new Marker({ execution: id, leader: undefined }).signal(9);
    killed += marked;
    return (pids.length === 0 && marked === 0) || undefined;
  });
  return killed;
}

function resume(pid: number): void {
  if (viewProcess(pid)?.state === 'T') process.kill(pid, 'SIGCONT');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
