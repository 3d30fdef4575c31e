import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { viewProcess } from '../../../agent/sandbox/process-table.ts';
import type { ExecutionId } from '../../../shared/ids.ts';
import { Rig } from './rig.ts';

const ignoreTerm = join(import.meta.dirname, '../../fixtures/programs/ignore-term.sh');

for (const containment of ['cgroup', 'marker'] as const) {
  describe(`ends under ${containment} containment`, () => {
    let rig: Rig;
    before(async () => {
      rig = await Rig.open({ settings: { containment } });
    });
    after(() => rig.dispose());

    /** Pids that the command printed, once there are `count`. */
    const printedPids = async (id: ExecutionId, count: number): Promise<number[]> => {
      const reader = rig.executions.openRead(id, 'stdout', 0);
      assert.ok(reader);
      let text = '';
      while (text.split('\n').length <= count) {
        const piece = await reader.read(65_536);
        assert.equal(piece.type, 'data');
        if (piece.type === 'data') text += piece.data.toString();
      }
      reader.close();
      return text.trim().split('\n').map(Number);
    };
    const isGone = (pid: number): boolean => ['Z', 'X', undefined].includes(viewProcess(pid)?.state);

    test('the node says which it is', () => {
      assert.equal(rig.executions.facts().containment, containment);
    });

    test('a cancel ends a tree that ignores TERM, a setsid grandchild too, and returns a receipt', async () => {
      const id = rig.offer(rig.order({ argv: ['sh', ignoreTerm] }));
      const pids = await printedPids(id, 2);
      rig.executions.cancel(id, 0, 50);
      const result = await rig.finished(id);
      assert.equal(result.state, 'EXECUTION_STATE_CANCELLED');
      assert.equal(result.signal, 9);
      assert.deepEqual(
        result.receipt?.signals?.map(({ signal }) => signal),
        [15, 9],
      );
      assert.ok(Number(result.receipt?.signals?.[0]?.processes) >= 2);
      assert.ok(Number(result.receipt?.timeToExitMs) >= 50);
      assert.deepEqual(result.receipt?.processesLeft, []);
      assert.equal(result.receipt?.cause, 'cancel');
      assert.equal(result.receipt?.complete, containment === 'cgroup');
      assert.equal(result.containment, containment === 'cgroup' ? 'CONTAINMENT_CGROUP' : 'CONTAINMENT_MARKER');
      assert.deepEqual(
        pids.filter((pid) => !isGone(pid)),
        [],
      );
    });

    test('a timeout ends the tree after its grace', async () => {
      const id = rig.offer(rig.order({ argv: ['sh', ignoreTerm] }, { limits: { timeoutMs: 300, graceMs: 50 } }));
      const pids = await printedPids(id, 2);
      const result = await rig.finished(id);
      assert.equal(result.state, 'EXECUTION_STATE_TIMED_OUT');
      assert.equal(result.receipt?.cause, 'timeout');
      assert.deepEqual(
        result.receipt?.signals?.map(({ signal }) => signal),
        [15, 9],
      );
      assert.equal(result.overrunMs, 0);
      assert.deepEqual(
        pids.filter((pid) => !isGone(pid)),
        [],
      );
    });

    test('a command that obeys TERM ends without KILL, in its own way', async () => {
      const id = rig.offer(
        rig.order({ argv: ['sh', '-c', 'trap "echo bye; exit 7" TERM; echo $$; while :; do sleep 0.05; done'] }),
      );
      await printedPids(id, 1);
      rig.executions.cancel(id, 0, 60_000);
      const result = await rig.finished(id);
      assert.equal(result.state, 'EXECUTION_STATE_CANCELLED');
      assert.equal(result.exitCode, 7);
      assert.deepEqual(
        result.receipt?.signals?.map(({ signal }) => signal),
        [15],
      );
    });

    test('a cancel may begin with another signal', async () => {
      const id = rig.offer(rig.order({ argv: ['sh', '-c', 'echo $$; exec sleep 300'] }));
      await printedPids(id, 1);
      rig.executions.cancel(id, 1, undefined);
      assert.equal((await rig.finished(id)).signal, 1);
    });

    test('a second cancel that is less patient shortens the first one’s grace', async () => {
      const id = rig.offer(rig.order({ argv: ['sh', ignoreTerm] }));
      await printedPids(id, 2);
      rig.executions.cancel(id, 0, 600_000);
      rig.executions.cancel(id, 9, 0);
      assert.equal((await rig.finished(id)).signal, 9);
    });

    test('a cancel that is repeated signals once', async () => {
      const script = 'trap "echo TERM" TERM; trap "exit 7" HUP; echo $$; while :; do sleep 0.05; done';
      const id = rig.offer(rig.order({ argv: ['sh', '-c', script] }));
      await printedPids(id, 1);
      for (let times = 0; times < 30; times++) rig.executions.cancel(id, 15, 60_000);
      rig.executions.cancel(id, 1, 60_000);
      const result = await rig.finished(id);
      assert.deepEqual(
        result.receipt?.signals?.map(({ signal }) => signal),
        [15, 1],
      );
    });

    test('what a command leaves behind ends with it', async () => {
      const id = rig.offer(
        rig.order({
          argv: ['sh', '-c', 'sleep 300 & echo $!; setsid sh -c "echo \\$\\$; exec sleep 300" & sleep 0.2; echo hi'],
        }),
      );
      const result = await rig.finished(id);
      assert.equal(result.state, 'EXECUTION_STATE_SUCCEEDED');
      const [first, second] = (await rig.output(id, 'stdout')).toString().split('\n').map(Number);
      assert.ok(isGone(Number(first)));
      assert.ok(isGone(Number(second)));
      assert.equal(result.receipt, undefined);
    });

    test('a cgroup or a mark is gone with its execution', async () => {
      assert.equal(rig.executions.running, 0);
    });
  });
}

describe('ends before the start', () => {
  let rig: Rig;
  const dir = mkdtempSync(join(tmpdir(), 'muster-ran-'));
  before(async () => {
    rig = await Rig.open();
  });
  after(async () => {
    await rig.dispose();
    rmSync(dir, { recursive: true });
  });

  test('a cancel of one that waits for its time ends it unstarted', async () => {
    const ran = join(dir, 'not-before');
    const offered = rig.order({ argv: ['touch', ran] }, { notBeforeUnixMs: Date.now() + 60_000 });
    rig.offer(offered);
    await rig.until('acceptance', () => rig.events.some(({ execution }) => execution === offered.id));
    rig.executions.cancel(offered.id, 0, undefined);
    const result = await rig.finished(offered.id);
    assert.equal(result.state, 'EXECUTION_STATE_CANCELLED');
    assert.equal(result.startedUnixMs, 0);
    assert.equal(existsSync(ran), false);
  });

  test('a cancel right behind the offer leaves nothing that runs', async () => {
    const offered = rig.order({ argv: ['sleep', '300'] });
    rig.offer(offered);
    rig.executions.cancel(offered.id, 9, 0);
    assert.equal((await rig.finished(offered.id)).state, 'EXECUTION_STATE_CANCELLED');
  });

  test('a cancel of an unknown one is its tombstone: offered later it does not run', async () => {
    const ran = join(dir, 'tombstone');
    const offered = rig.order({ argv: ['touch', ran] });
    rig.executions.cancel(offered.id, 0, undefined);
    assert.equal((await rig.finished(offered.id)).state, 'EXECUTION_STATE_CANCELLED');
    rig.events.length = 0;
    await rig.reopen(await rig.executions.close().then(() => ({})));
    rig.offer(offered);
    assert.equal((await rig.finished(offered.id)).state, 'EXECUTION_STATE_CANCELLED');
    assert.equal(existsSync(ran), false);
  });

  test('one past its expiry or delivery deadline is not started', async () => {
    const late = rig.order(
      { argv: ['touch', join(dir, 'late')] },
      { createdUnixMs: Date.now() - 10_000, expiresInMs: 5000 },
    );
    rig.offer(late);
    assert.equal((await rig.finished(late.id)).state, 'EXECUTION_STATE_EXPIRED');
    const undelivered = rig.order(
      { argv: ['touch', join(dir, 'late')] },
      { createdUnixMs: Date.now() - 10_000, deliverWithinMs: 5000 },
    );
    rig.offer(undelivered);
    assert.equal((await rig.finished(undelivered.id)).state, 'EXECUTION_STATE_EXPIRED');
    assert.equal(existsSync(join(dir, 'late')), false);
  });

  test('one whose time has not come waits for it', async () => {
    const notBeforeUnixMs = Date.now() + 300;
    const result = await rig.run({ argv: ['true'] }, { notBeforeUnixMs });
    assert.equal(result.state, 'EXECUTION_STATE_SUCCEEDED');
    assert.ok(Number(result.startedUnixMs) >= notBeforeUnixMs);
  });
});
