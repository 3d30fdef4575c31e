import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  closingReason,
  isError,
  isServerMade,
  isTerminal,
  raises,
  type StateName,
  stateNumber,
} from '../../../server/jobs/states.ts';

const named = (name: string): StateName => `EXECUTION_STATE_${name}` as StateName;
const moving = ['PENDING', 'DISPATCHED', 'RUNNING'].map(named);
const final = 'SUCCEEDED FAILED TIMED_OUT CANCELLED INTERRUPTED EXPIRED REJECTED SKIPPED'.split(' ').map(named);

test('states only move forward, and the first end stands', () => {
  for (const [rank, from] of moving.entries()) {
    for (const [other, to] of moving.entries()) assert.equal(raises(from, to), other > rank, `${from} → ${to}`);
    for (const to of final) assert.ok(raises(from, to));
  }
  for (const from of final) for (const to of [...moving, ...final]) assert.equal(raises(from, to), false);
});

test('ends are told from states that may still move', () => {
  assert.deepEqual([...moving, ...final].filter(isTerminal), final);
  assert.equal(isTerminal('EXECUTION_STATE_UNSPECIFIED'), false);
  assert.equal(isTerminal('constructor'), false);
  assert.equal(stateNumber('EXECUTION_STATE_SKIPPED'), 11);
});

test('the budget counts every end but success and skipped', () => {
  const fine = ['SUCCEEDED', 'SKIPPED'].map(named);
  assert.deepEqual(
    [...moving, ...final].filter(isError),
    final.filter((state) => !fine.includes(state)),
  );
  assert.deepEqual(final.filter(isServerMade), ['EXPIRED', 'SKIPPED'].map(named));
});

test('a job closes when all is over or its deadline has passed, and says why', () => {
  const job = {
    ...{ complete: true, cancelled: false, skipped: 0, superseded: 0 },
    ...{ deadlinePassed: false, cancelledExecutions: 0 },
  };
  assert.equal(closingReason(job), 'done');
  assert.equal(closingReason({ ...job, complete: false }), undefined);
  assert.equal(closingReason({ ...job, complete: false, cancelled: true }), undefined);
  assert.equal(closingReason({ ...job, complete: false, cancelled: true, deadlinePassed: true }), 'deadline');
  assert.equal(closingReason({ ...job, deadlinePassed: true }), 'done');
  assert.equal(closingReason({ ...job, skipped: 3 }), 'max-errors');
  assert.equal(closingReason({ ...job, skipped: 3, superseded: 2 }), 'max-errors');
  assert.equal(closingReason({ ...job, skipped: 2, superseded: 2 }), 'superseded');
  assert.equal(closingReason({ ...job, cancelled: true, skipped: 3 }), 'cancelled');
  assert.equal(closingReason({ ...job, cancelled: true, cancelledExecutions: 1 }), 'cancelled');
  assert.equal(closingReason({ ...job, cancelled: true }), 'done');
});
