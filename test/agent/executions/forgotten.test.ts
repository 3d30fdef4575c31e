import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { releasedResult, results } from '../../../agent/executions/results.ts';
import { type Clock, systemClock } from '../../../shared/time.ts';
import { Rig } from './rig.ts';

const hourMs = 3_600_000;

describe('what an agent has forgotten', () => {
  let rig: Rig;
  let dir: string;
  let aheadMs = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => systemClock.now() + aheadMs,
    // Sweeps, which are a minute apart.
    after: (ms, act) => systemClock.after(ms === 60_000 ? 20 : ms, act),
  };
  beforeEach(async () => {
    aheadMs = 0;
    rig = await Rig.open({ clock, settings: { outputRetentionMs: 0 } });
    dir = mkdtempSync(join(tmpdir(), 'muster-forgotten-'));
  });
  afterEach(async () => {
    await rig.dispose();
    rmSync(dir, { recursive: true });
  });

  test('does not start again when the clock is set back, nor over another agent; newer orders do', async () => {
    const starts = join(dir, 'starts');
    const command = { argv: ['sh', '-c', `echo x >>${starts}`] };
    const offered = rig.order(command);
    rig.offer(offered);
    await rig.finished(offered.id);
    rig.executions.release([offered.id]);
    aheadMs = 25 * hourMs;
    await rig.until('its id to be forgotten', () => rig.executions.present(offered.id).length === 0);
    aheadMs = 0;
    await rig.executions.close();
    await rig.reopen();
    rig.events.length = 0;
    rig.offer(offered);
    assert.equal((await rig.finished(offered.id)).state, 'EXECUTION_STATE_EXPIRED');
    const newer = await rig.run(command, { expiresInMs: 25 * hourMs });
    assert.equal(newer.state, 'EXECUTION_STATE_SUCCEEDED');
    assert.equal(readFileSync(starts, 'utf8'), 'x\nx\n');
  });

  test('is little: of a released result so much is kept that it can be told again, its tail is not', async () => {
    const noise = 'head -c 4096 /dev/zero | tr "\\0" e >&2; exit 7';
    const offered = rig.order({ argv: ['sh', '-c', noise] });
    rig.offer(offered);
    assert.equal((await rig.finished(offered.id)).stderrTail?.length, 4096);
    rig.executions.release([offered.id]);
    await rig.executions.close();
    await rig.reopen();
    const [accepted, finished] = rig.executions.present(offered.id);
    assert.equal(accepted?.type, 'accepted');
    assert.ok(finished?.type === 'finished');
    assert.equal(finished.result.exitCode, 7);
    assert.equal(finished.result.stderr?.bytes, 4096);
    assert.equal(finished.result.stderrTail?.length ?? 0, 0);
  });

  test('a released result takes at most half a KiB, however much there was to say', () => {
    const gap = { from: 1e9, until: 2e9, reason: 'drain-killed' };
    const summary = { bytes: 2 ** 40, digest: Buffer.alloc(32, 7), gaps: Array.from({ length: 64 }, () => gap) };
    const signals = Array.from({ length: 16 }, () => ({ signal: 15, afterMs: 1e6, processes: 1000 }));
    const long = results.encode({
      ...{ state: 'EXECUTION_STATE_CANCELLED', message: 'ü'.repeat(1024), reason: 'supervisor', signal: 9 },
      ...{ stdout: summary, stderr: summary, stderrTail: Buffer.alloc(4096, 1), durationMs: 1e12 },
      receipt: { cause: 'cancel', signals, timeToExitMs: 1e6, complete: true },
    });
    const kept = releasedResult(long);
    assert.ok(kept.length <= 512, `${kept.length} bytes`);
    const { state, signal, stdout } = results.decode(kept);
    assert.deepEqual([state, signal, stdout?.bytes], ['EXECUTION_STATE_CANCELLED', 9, 2 ** 40]);
    assert.equal(releasedResult(kept), kept);
  });
});
