import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Journal } from '../../../agent/journal/journal.ts';
import { isAlive } from '../../../agent/sandbox/process-table.ts';
import { MusterError } from '../../../shared/errors.ts';
import type { ExecutionId } from '../../../shared/ids.ts';
import { quietLog, Rig } from './rig.ts';

const ignoreTerm = join(import.meta.dirname, '../../fixtures/programs/ignore-term.sh');

describe('another agent over the same state folder', () => {
  let rig: Rig;
  let dir: string;
  beforeEach(async () => {
    rig = await Rig.open();
    dir = mkdtempSync(join(tmpdir(), 'muster-restart-'));
  });
  afterEach(async () => {
    await rig.dispose();
    rmSync(dir, { recursive: true });
  });

  const journal = (): Promise<Journal> => Journal.open({ dir: join(rig.stateDir, 'journal'), log: quietLog });
  const folder = (id: ExecutionId): string => join(rig.stateDir, 'executions', id.replaceAll('/', '.'));
  /** A command that waits for a file to appear; resolves once it runs. */
  const running = async (limits = {}): Promise<{ id: ExecutionId; release: () => void }> => {
    const gate = join(dir, 'gate');
    const id = rig.offer(
      rig.order(
        { argv: ['sh', '-c', `echo begun; until [ -e ${gate} ]; do sleep 0.02; done; echo done; exit 5`] },
        { limits },
      ),
    );
    await rig.started(id);
    return { id, release: () => writeFileSync(gate, '') };
  };

  test('is refused while the first one lives, with an error that says so', async () => {
    await assert.rejects(
      () => rig.reopen(),
      (error) => error instanceof MusterError && error.reason === 'CONFLICT' && error.message.includes(rig.stateDir),
    );
  });

  test('picks up what runs: the command notices nothing, its output and exit are whole', async () => {
    const { id, release } = await running();
    await rig.executions.close();
    await rig.reopen();
    assert.deepEqual(
      rig.executions.known().map(({ id, state }) => [id, state]),
      [[id, 'EXECUTION_STATE_RUNNING']],
    );
    release();
    const result = await rig.finished(id);
    assert.equal(result.state, 'EXECUTION_STATE_FAILED');
    assert.equal(result.exitCode, 5);
    assert.equal((await rig.output(id, 'stdout')).toString(), 'begun\ndone\n');
  });

  test('finds the result of what ended while nobody was there', async () => {
    const { id, release } = await running();
    const starting = await supervisorOf(id);
    await rig.executions.close();
    release();
    await rig.until('the end of the supervisor', () => !isAlive(starting));
    await rig.reopen();
    assert.equal((await rig.finished(id)).exitCode, 5);
    assert.equal((await rig.output(id, 'stdout')).toString(), 'begun\ndone\n');
  });

  test('keeps a timeout that ran out meanwhile, and says by how much it is late', async () => {
    const { id } = await running({ timeoutMs: 400, graceMs: 100 });
    await rig.executions.close();
    await new Promise((resolve) => setTimeout(resolve, 800));
    await rig.reopen();
    const result = await rig.finished(id);
    assert.equal(result.state, 'EXECUTION_STATE_TIMED_OUT');
    assert.ok(Number(result.overrunMs) > 0);
    assert.equal(result.receipt?.cause, 'timeout');
  });

  test('goes on with an ending that was begun', async () => {
    const id = rig.offer(rig.order({ argv: ['sh', ignoreTerm] }));
    // It prints once it ignores TERM.
    await rig.until('its pids', () => Number(rig.executions.known()[0]?.stdoutBytes) > 0);
    rig.executions.cancel(id, 0, 100_000);
    await journaled(id, 'ending');
    await rig.executions.close();
    await rig.reopen();
    rig.executions.cancel(id, 0, 10);
    const result = await rig.finished(id);
    assert.equal(result.state, 'EXECUTION_STATE_CANCELLED');
    assert.equal(result.signal, 9);
  });

  test('after a reboot it kills nothing by old pids and says INTERRUPTED(reboot)', async () => {
    const { id } = await running();
    await rig.executions.close();
    const opened = await journal();
    const starting = opened.get(id)?.starting;
    assert.ok(starting);
    await opened.append({ type: 'starting', id, starting: { ...starting, bootId: 'another boot' } });
    await opened.close();
    await rig.reopen();
    const result = await rig.finished(id);
    assert.equal(result.state, 'EXECUTION_STATE_INTERRUPTED');
    assert.equal(result.reason, 'reboot');
  });

  test('with the journal lost the folder speaks: INTERRUPTED(journal), and no second start', async () => {
    const offered = rig.order({ argv: ['sh', '-c', `echo x >>${dir}/starts; sleep 300`] });
    rig.offer(offered);
    await rig.started(offered.id);
    await rig.until('the first start', () => existsSync(join(dir, 'starts')));
    await rig.executions.close();
    rmSync(join(rig.stateDir, 'journal'), { recursive: true });
    rig.events.length = 0;
    await rig.reopen();
    const result = await rig.finished(offered.id);
    assert.equal(result.state, 'EXECUTION_STATE_INTERRUPTED');
    assert.equal(result.reason, 'journal');
    rig.offer(offered);
    assert.equal(readFileSync(join(dir, 'starts'), 'utf8'), 'x\n');
  });

  test('with the journal lost a complete exit still is the result', async () => {
    const offered = rig.order({ argv: ['sh', '-c', 'echo out; exit 9'] });
    rig.offer(offered);
    await rig.finished(offered.id);
    await rig.executions.close();
    rmSync(join(rig.stateDir, 'journal'), { recursive: true });
    rig.events.length = 0;
    await rig.reopen();
    const result = await rig.finished(offered.id);
    assert.equal(result.exitCode, 9);
    assert.ok(Number(result.startedUnixMs) > 0);
    assert.equal((await rig.output(offered.id, 'stdout')).toString(), 'out\n');
  });

  test('an exit that was cut off in the middle is none', async () => {
    const { id } = await running();
    const supervisor = await supervisorOf(id);
    await rig.executions.close();
    process.kill(supervisor.pid, 'SIGKILL');
    writeFileSync(join(folder(id), 'exit'), '0 0 12');
    await rig.reopen();
    assert.equal((await rig.finished(id)).state, 'EXECUTION_STATE_INTERRUPTED');
  });

  test('a folder that was made and never journaled stands in nobody’s way', async () => {
    const offered = rig.order({ argv: ['true'] }, { stdin: Buffer.from('half') });
    rig.offer(offered);
    rig.executions.input(offered.id, 0, Buffer.from('ha'));
    assert.ok(existsSync(folder(offered.id)));
    await rig.executions.close();
    await rig.reopen();
    assert.deepEqual(rig.executions.known(), []);
    rig.offer(offered);
    rig.executions.input(offered.id, 0, Buffer.from('half'));
    assert.equal((await rig.finished(offered.id)).state, 'EXECUTION_STATE_SUCCEEDED');
  });

  /** As agents leave it that were killed after STARTING, `starts` times, with `taken` supervisors that had read their line. */
  const startedInVain = async (starts: number, taken: number): Promise<ExecutionId> => {
    const offered = rig.order({ argv: ['true'] }, { notBeforeUnixMs: Date.now() + 1000 });
    rig.offer(offered);
    await rig.until('acceptance', () => rig.events.some(({ execution }) => execution === offered.id));
    await rig.executions.close();
    const opened = await journal();
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const gone = { pid: 2 ** 22 + 1, startTime: '1' };
    const place = { spool: 'gone', nonce: '00'.repeat(16), cgroup: undefined, supervisor: gone, leader: gone };
    const starting = { ...place, bootId, monotonicMs: 0, atUnixMs: 0 };
    for (let start = 0; start < starts; start++) await opened.append({ type: 'starting', id: offered.id, starting });
    await opened.close();
    for (let count = 0; count < taken; count++) writeFileSync(join(folder(offered.id), `taken.${count}`), '');
    await rig.reopen();
    return offered.id;
  };

  test('a third supervisor that was lost with its line is the last', async () => {
    const result = await rig.finished(await startedInVain(3, 3));
    assert.equal(result.state, 'EXECUTION_STATE_FAILED');
    assert.equal(result.reason, 'spawn');
  });

  test('agents that died before they sent the line cost no start, however many', async () => {
    const result = await rig.finished(await startedInVain(5, 2));
    assert.equal(result.state, 'EXECUTION_STATE_SUCCEEDED');
  });

  async function journaled(id: ExecutionId, what: 'ending' | 'starting'): Promise<void> {
    await rig.until(`${what} in the journal`, () =>
      readFileSync(join(rig.stateDir, 'journal/journal')).includes(`"type":"${what}","id":"${id}"`),
    );
  }

  /** Read beside the living agent: nothing is torn while it writes nothing. */
  async function supervisorOf(id: ExecutionId): Promise<{ pid: number; startTime: string }> {
    const opened = await journal();
    await opened.close();
    const starting = opened.get(id)?.starting;
    assert.ok(starting);
    return starting.supervisor;
  }
});
