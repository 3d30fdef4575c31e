import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rollout } from '../../../server/jobs/run/rollout.ts';
import type { RolloutOptions } from '../../../server/jobs/run/rollout-options.ts';

const fresh = (options: Partial<RolloutOptions> & { count: number }): Rollout =>
  new Rollout({
    maxConcurrency: 2,
    maxErrors: Number.POSITIVE_INFINITY,
    offeredBelow: options.count,
    adopted: false,
    stateAt: () => 'EXECUTION_STATE_PENDING',
    isAway: () => false,
    ...options,
  });
const nothing = { offer: [], cancel: [], skip: [], expire: [], superseded: [] };

test('what a newer order has too ends where it was never offered, and gets no Start for it any more', () => {
  const rollout = fresh({ count: 5, isAway: (index) => index === 4 });
  assert.deepEqual(rollout.decide().offer, [0, 1]);
  rollout.supersede([0, 2, 4, 9]);
  assert.deepEqual(rollout.decide(), { ...nothing, superseded: [2, 4] });
  // Its agent does not have it after all.
  rollout.missing(0);
  assert.deepEqual(rollout.decide(), { ...nothing, cancel: [0] });
  rollout.report(0, 'EXECUTION_STATE_CANCELLED');
  assert.deepEqual(rollout.decide().offer, [3]);
  // One whose Start never left is as if it had not been offered.
  rollout.setAway(3, true);
  rollout.withdraw(3);
  rollout.supersede([3]);
  assert.deepEqual(rollout.decide(), { ...nothing, superseded: [3] });
  rollout.report(1, 'EXECUTION_STATE_SUCCEEDED');
  assert.ok(rollout.complete);
});

test('an offer that never left ends as superseded where a newer order came meanwhile', () => {
  const rollout = fresh({ count: 1 });
  rollout.decide();
  rollout.setAway(0, true);
  rollout.supersede([0]);
  assert.deepEqual(rollout.decide(), nothing);
  rollout.withdraw(0);
  assert.deepEqual(rollout.decide(), { ...nothing, superseded: [0] });
});

test('a rollout that was stopped by whoever drove it before stays stopped', () => {
  const rollout = fresh({ count: 3, adopted: true, offeredBelow: 1 });
  rollout.stop();
  assert.deepEqual(rollout.decide(), { ...nothing, skip: [1, 2] });
  rollout.missing(0);
  assert.deepEqual(rollout.decide(), { ...nothing, cancel: [0] });
});

test('when whatever was delivered in time is over, what is away and unheard of holds no slot', () => {
  const rollout = fresh({
    count: 3,
    maxConcurrency: 1,
    adopted: true,
    offeredBelow: 2,
    isAway: (index) => index === 0,
  });
  rollout.expire();
  rollout.report(1, 'EXECUTION_STATE_SUCCEEDED');
  assert.equal(rollout.inFlight, 1);
  rollout.lapse();
  assert.equal(rollout.inFlight, 0);
  rollout.setAway(0, false);
  // Its agent answers that it has expired, or what became of it.
  assert.deepEqual(rollout.decide().offer, [0]);
});
