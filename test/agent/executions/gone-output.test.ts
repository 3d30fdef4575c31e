import assert from 'node:assert/strict';
import { after, afterEach, before, describe, mock, test } from 'node:test';
import { Journal } from '../../../agent/journal/journal.ts';
import { systemClock } from '../../../shared/time.ts';
import { Rig } from './rig.ts';

describe('output that was swept', () => {
  let rig: Rig;
  before(async () => {
    // The sweep comes every minute.
    const after = systemClock.after.bind(systemClock);
    const clock = { ...systemClock, after: (ms: number, act: () => void) => after(ms === 60_000 ? 20 : ms, act) };
    rig = await Rig.open({ clock, settings: { outputRetentionMs: 0 } });
  });
  after(() => rig.dispose());
  afterEach(() => mock.restoreAll());

  test('is told as a gap up to the end of the stream', async () => {
    const { mock: appended } = mock.method(Journal.prototype, 'append');
    const offered = rig.order({ argv: ['sh', '-c', 'echo some output'] });
    rig.offer(offered);
    await rig.finished(offered.id);
    rig.executions.release([offered.id]);
    const swept = await rig.until('the sweep', () =>
      appended.calls.find((call) => call.arguments[0].type === 'unspooled'),
    );
    await swept.result;
    const reader = rig.executions.openRead(offered.id, 'stdout', 5);
    assert.deepEqual(await reader?.read(100), { type: 'gap', gap: { from: 5, until: 12, reason: 'retention' } });
    assert.deepEqual(await reader?.read(100), { type: 'end', offset: 12 });
    reader?.close();
    const empty = rig.executions.openRead(offered.id, 'stderr', 0);
    assert.deepEqual(await empty?.read(100), { type: 'end', offset: 0 });
    await assert.rejects(async () => rig.executions.openRead(offered.id, 'stdout', 13)?.read(100), {
      reason: 'OFFSET_PAST_END',
    });
  });
});
