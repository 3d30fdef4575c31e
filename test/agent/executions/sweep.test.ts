import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planSweep } from '../../../agent/executions/sweep.ts';
import type { JournalEntry } from '../../../agent/journal/record.ts';
import { type ExecutionId, executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';

const node = newNodeUid();
const dayMs = 86_400_000;

describe('what is swept', () => {
  const entry = (more: Partial<JournalEntry>): JournalEntry => ({
    id: executionId(newJobId(), node, 1),
    digest: '',
    expiresUnixMs: 0,
    received: undefined,
    starting: undefined,
    ending: undefined,
    result: Buffer.alloc(0),
    released: true,
    finishedUnixMs: 1,
    spool: { folder: 'x', nonce: 'y', bytes: 100 },
    ...more,
  });
  const plan = (entries: JournalEntry[], nowUnixMs: number, totalBoundBytes = 1e9) =>
    planSweep({ entries, nowUnixMs, retentionMs: 7 * dayMs, totalBoundBytes });
  const ids = (entries: JournalEntry[]): ExecutionId[] => entries.map(({ id }) => id);

  test('nothing that was not released, however old and however full the disk', () => {
    assert.deepEqual(plan([entry({ released: false })], 100 * dayMs, 0), { unspool: [], forget: [] });
  });

  test('output after its retention; the id with it where it has expired', () => {
    const old = entry({});
    const valid = entry({ expiresUnixMs: 30 * dayMs });
    assert.deepEqual(plan([old, valid], 8 * dayMs), { unspool: ids([old, valid]), forget: [old.id] });
    assert.deepEqual(plan([old, valid], 6 * dayMs), { unspool: [], forget: [] });
  });

  test('an id without output ten minutes after its expiry, not before', () => {
    const gone = entry({ spool: undefined, expiresUnixMs: dayMs });
    assert.deepEqual(plan([gone], dayMs + 599_999).forget, []);
    assert.deepEqual(plan([gone], dayMs + 600_000).forget, [gone.id]);
  });

  test('the oldest output first, until all together is within its bound', () => {
    const [third, first, second] = [
      entry({ finishedUnixMs: 30 }),
      entry({ finishedUnixMs: 10 }),
      entry({ finishedUnixMs: 20 }),
    ];
    const unreleased = entry({ released: false, finishedUnixMs: 5 });
    assert.deepEqual(plan([third, first, second, unreleased], 100, 250).unspool, ids([first, second]));
  });
});
