import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryEvent } from '../../faults/history/event.ts';
import { percentile } from '../../faults/percentile.ts';
import type { TrialOutcome } from '../../faults/run-trial.ts';
import { summarize } from '../../faults/summary.ts';
import { renderOutcomes } from '../../faults/table.ts';
import { soundHistory } from './checkers/sound-history.ts';

const fault: HistoryEvent = { at: 0, type: 'fault', kind: 'kill-replica', target: 'r0', window: 'offering' };

test('a summary counts executions, bytes, and the windows into which faults fell', () => {
  const summary = summarize([...soundHistory(), fault, fault]);
  assert.equal(summary.faults, 2);
  assert.deepEqual([...summary.windows], [['kill-replica@offering', 2]]);
  assert.equal(summary.executions, 2);
  assert.ok(summary.bytes > 0);
});

test('what failed is told with its seed, its history and the command that replays it', () => {
  const outcome: TrialOutcome = {
    ...{
      case: 'replica-kill',
      seed: 11,
      problems: ['starts: twice'],
      historyPath: '/somewhere/history.jsonl',
      tookMs: 1000,
      soakMs: 0,
      skipped: undefined,
    },
    ...summarize([fault]),
  };
  const text = renderOutcomes([outcome], true);
  assert.match(text, /replica-kill +11 +1 +0 +0 +1\.0 +FAILED/);
  assert.match(text, /kill-replica@offering: 1/);
  assert.match(
    text,
    /starts: twice\n {2}history: \/somewhere\/history\.jsonl\n {2}replay: npm run faults -- --case replica-kill --seed 11 --full/,
  );
  assert.match(renderOutcomes([{ ...outcome, problems: [] }], false), /ok$/m);
  const skipped = renderOutcomes([{ ...outcome, problems: [], skipped: 'not here' }], false, {
    tookMs: 2500,
    cpuMs: 900,
  });
  assert.match(skipped, /skipped: not here\n\ntotal: 2\.5 s, 0\.9 s of CPU$/m);
});

test('a percentile is one of the values', () => {
  const values = Array.from({ length: 100 }, (_, n) => n + 1);
  assert.equal(percentile(values, 50), 50);
  assert.equal(percentile(values, 99), 99);
  assert.equal(percentile([7], 99), 7);
  assert.throws(() => percentile([], 50), RangeError);
});
