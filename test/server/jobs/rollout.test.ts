import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextOfferedBelow, Rollout } from '../../../server/jobs/run/rollout.ts';
import type { RolloutOptions } from '../../../server/jobs/run/rollout-options.ts';
import { World } from './rollout-world.ts';

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

test('targets go in order, as many at once as are allowed, the next one when one ends', () => {
  const rollout = fresh({ count: 4 });
  assert.deepEqual(rollout.decide(), { ...nothing, offer: [0, 1] });
  assert.deepEqual(rollout.decide(), nothing);
  rollout.report(1, 'EXECUTION_STATE_RUNNING');
  assert.deepEqual(rollout.decide(), nothing);
  rollout.report(1, 'EXECUTION_STATE_FAILED');
  assert.deepEqual(rollout.decide(), { ...nothing, offer: [2] });
  assert.equal(rollout.report(1, 'EXECUTION_STATE_SUCCEEDED'), false);
  assert.equal(rollout.inFlight, 2);
  for (const index of [0, 2, 3]) rollout.report(index, 'EXECUTION_STATE_SUCCEEDED');
  assert.ok(rollout.complete);
});

test('a node that is away is passed over, holds no slot, and is first when it comes back', () => {
  const rollout = fresh({ count: 5, isAway: (index) => index === 0 });
  assert.deepEqual(rollout.decide().offer, [1, 2]);
  rollout.setAway(0, false);
  assert.deepEqual(rollout.decide().offer, []);
  rollout.report(1, 'EXECUTION_STATE_SUCCEEDED');
  assert.deepEqual(rollout.decide().offer, [0]);
});

test('an offered one whose node goes away holds its slot until it turns out to be missing', () => {
  const rollout = fresh({ count: 3, maxConcurrency: 1 });
  assert.deepEqual(rollout.decide().offer, [0]);
  rollout.setAway(0, true);
  assert.deepEqual(rollout.decide().offer, []);
  rollout.setAway(0, false);
  assert.deepEqual(rollout.decide().offer, []);
  rollout.missing(0);
  assert.deepEqual(rollout.decide().offer, [0]);
});

test('what an agent had accepted and has lost is never offered again: it is cancelled', () => {
  const rollout = fresh({ count: 2, maxConcurrency: 1 });
  rollout.decide();
  rollout.report(0, 'EXECUTION_STATE_RUNNING');
  rollout.missing(0);
  assert.deepEqual(rollout.decide(), { ...nothing, cancel: [0] });
  rollout.report(0, 'EXECUTION_STATE_CANCELLED');
  assert.deepEqual(rollout.decide().offer, [1]);
});

test('one error over the budget stops the rollout: the rest is skipped, what runs goes on', () => {
  const rollout = fresh({ count: 5, maxErrors: 1 });
  rollout.decide();
  rollout.report(0, 'EXECUTION_STATE_FAILED');
  assert.equal(rollout.stopped, false);
  assert.deepEqual(rollout.decide().offer, [2]);
  rollout.report(1, 'EXECUTION_STATE_TIMED_OUT');
  assert.ok(rollout.stopped);
  assert.deepEqual(rollout.decide(), { ...nothing, skip: [3, 4] });
  assert.deepEqual(rollout.decide(), nothing);
  assert.equal(rollout.complete, false);
  rollout.report(2, 'EXECUTION_STATE_SUCCEEDED');
  assert.ok(rollout.complete);
});

test('a cancel skips what was never offered and goes to everything that was', () => {
  const rollout = fresh({ count: 4, isAway: (index) => index === 3 });
  rollout.decide();
  rollout.setAway(1, true);
  rollout.cancel();
  assert.deepEqual(rollout.decide(), { ...nothing, cancel: [0, 1], skip: [2, 3] });
  rollout.setAway(1, false);
  assert.deepEqual(rollout.decide(), { ...nothing, cancel: [1] });
  rollout.cancel();
  assert.deepEqual(rollout.decide(), nothing);
});

test('after the delivery deadline only what an agent may have is offered again, the rest has expired', () => {
  const rollout = fresh({ count: 4, isAway: (index) => index === 3 });
  rollout.decide();
  rollout.expire();
  assert.deepEqual(rollout.decide(), { ...nothing, expire: [2, 3] });
  rollout.missing(0);
  assert.deepEqual(rollout.decide(), { ...nothing, offer: [0] });
});

test('an offer that never left counts as none: it may be skipped', () => {
  const rollout = fresh({ count: 3, maxConcurrency: 1 });
  rollout.decide();
  rollout.setAway(0, true);
  rollout.withdraw(0);
  assert.deepEqual(rollout.decide().offer, [1]);
  rollout.cancel();
  rollout.withdraw(1);
  assert.deepEqual(rollout.decide(), { ...nothing, skip: [0, 1, 2] });
  assert.ok(rollout.complete);

  const late = fresh({ count: 1 });
  late.decide();
  late.cancel();
  assert.deepEqual(late.decide(), { ...nothing, cancel: [0] });
  late.withdraw(0);
  assert.deepEqual(late.decide(), { ...nothing, skip: [0] });
});

test('an offer that never left does not undo an earlier one that may have', () => {
  const rollout = fresh({ count: 2, maxConcurrency: 1 });
  rollout.decide();
  rollout.missing(0);
  assert.deepEqual(rollout.decide().offer, [0]);
  rollout.withdraw(0);
  rollout.cancel();
  assert.deepEqual(rollout.decide(), { ...nothing, cancel: [0], skip: [1] });
});

test('one that was given back and is heard of all the same holds its slot again', () => {
  const rollout = fresh({ count: 2, maxConcurrency: 1 });
  rollout.decide();
  rollout.missing(0);
  rollout.report(0, 'EXECUTION_STATE_DISPATCHED');
  assert.equal(rollout.inFlight, 1);
  assert.deepEqual(rollout.decide().offer, []);
});

test('steps are committed before they are used, and asked for in time', () => {
  assert.equal(nextOfferedBelow(0, 10_000, 100), 512);
  assert.equal(nextOfferedBelow(512, 10_000, 1000), 2512);
  assert.equal(nextOfferedBelow(9900, 10_000, 100), 10_000);
  const rollout = fresh({ count: 2000, maxConcurrency: 300, offeredBelow: 512 });
  assert.equal(rollout.nextStep(), undefined);
  assert.equal(rollout.decide().offer.length, 300);
  assert.deepEqual(rollout.nextStep(), { offeredBelow: 1112, urgent: false });
  for (let index = 0; index < 300; index += 1) rollout.report(index, 'EXECUTION_STATE_SUCCEEDED');
  assert.equal(rollout.decide().offer.length, 212);
  assert.deepEqual(rollout.nextStep(), { offeredBelow: 1112, urgent: true });
  assert.deepEqual(rollout.decide().offer, []);
  rollout.committed(1112);
  assert.deepEqual(rollout.decide().offer[0], 512);
});

test('after adoption whatever may have been offered holds a slot until it is heard of', () => {
  const options = { count: 1000, maxConcurrency: 2, offeredBelow: 512, adopted: true };
  const stateAt: RolloutOptions['stateAt'] = (index) =>
    index < 510 ? 'EXECUTION_STATE_SUCCEEDED' : 'EXECUTION_STATE_PENDING';
  const rollout = fresh({ ...options, stateAt });
  assert.equal(rollout.inFlight, 2);
  assert.deepEqual(rollout.decide(), nothing);
  rollout.missing(510);
  assert.deepEqual(rollout.decide().offer, [510]);
  rollout.cancel();
  const { skip, cancel } = rollout.decide();
  assert.deepEqual(cancel, [510, 511]);
  assert.deepEqual([skip[0], skip.length], [512, 488]);
});

const chaos = fc.record({
  count: fc.integer({ min: 1, max: 40 }),
  maxConcurrency: fc.integer({ min: 1, max: 12 }),
  maxErrors: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 6 })),
  away: fc.uniqueArray(fc.nat(39)),
  events: fc.array(fc.tuple(fc.nat(99), fc.nat(39)), { maxLength: 250, size: 'max' }),
});

test('whatever happens and whoever drives it: never above the concurrency, nothing twice, everything ends', () => {
  fc.assert(
    fc.property(chaos, fc.nat(40), ({ away, events, ...options }, first) => {
      const committed = Math.min(first, options.count);
      const world = new World({ ...options, away: new Set(away), committed });
      for (const [kind, pick] of events) {
        const index = pick % options.count;
        if (kind < 25) world.decide();
        else if (kind < 45) world.deliver(index);
        else if (kind < 55) world.finish(index, true);
        else if (kind < 65) world.finish(index, false);
        else if (kind < 75) world.disconnect(index);
        else if (kind < 87) world.connect(index);
        else if (kind < 92) world.adopt();
        else if (kind < 94) world.supersede([index, pick % 7].filter((one) => one < options.count));
        else if (kind < 96) world.decide(pick % 3);
        else if (kind < 98) world.commitStep();
        else if (kind === 98 && pick < 8) world.cancel();
        else if (kind === 99 && pick < 8) world.expire();
        assert.ok(world.active <= options.maxConcurrency, `${world.active} at once`);
        assert.ok(world.active <= world.rollout.inFlight, 'something runs without a slot');
      }
      world.settle();
      assert.equal(world.stored.size, options.count);
      assert.equal(world.offersAfterStop, 0);
      for (const [index, state] of world.stored) {
        const { starts, has } = world.at(index);
        assert.ok(starts <= 1);
        if (has !== undefined) assert.equal(state, has);
        else assert.match(state, /SKIPPED|EXPIRED/);
        if (/SUCCEEDED|FAILED/.test(state)) assert.equal(starts, 1);
        if (/SKIPPED|EXPIRED/.test(state)) assert.equal(starts, 0);
      }
      const failed = [...world.stored.values()].filter((state) => state === 'EXECUTION_STATE_FAILED').length;
      assert.ok(failed <= options.maxErrors + options.maxConcurrency);
    }),
    { numRuns: 1500 },
  );
});

test('offers are those of a model that looks at everything every time', () => {
  fc.assert(
    fc.property(chaos, ({ away, events, count, maxConcurrency, maxErrors }) => {
      const world = new World({ count, maxConcurrency, maxErrors, away: new Set(away) });
      const offered = new Set<number>();
      const returned: number[] = [];
      const looked = new Set<number>();
      const expected = (): number[] => {
        const offer: number[] = [];
        const running = [...offered].filter((index) => !world.stored.has(index)).length;
        const unseen = [...world.agents.keys()].filter((index) => !looked.has(index));
        const candidates = [...returned, ...unseen];
        for (const index of candidates) {
          if (world.errors > maxErrors || running + offer.length >= maxConcurrency) break;
          looked.add(index);
          if (returned.includes(index)) returned.splice(returned.indexOf(index), 1);
          if (!offered.has(index) && world.at(index).connected) offer.push(index);
        }
        for (const index of offer) offered.add(index);
        return offer;
      };
      for (const [kind, pick] of events) {
        const index = pick % count;
        if (kind < 40) assert.deepEqual(world.decide(), expected());
        else if (kind < 60) world.deliver(index);
        else if (kind < 85) world.finish(index, kind % 2 === 0);
        else if (!offered.has(index) && !world.stored.has(index)) {
          const waits = looked.has(index) && !world.at(index).connected && !returned.includes(index);
          if (kind < 92) world.disconnect(index);
          else {
            world.connect(index);
            if (waits) returned.push(index);
          }
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('a job of 100,000 targets is driven to its end', () => {
  const count = 100_000;
  const rollout = fresh({ count, maxConcurrency: 1000, offeredBelow: nextOfferedBelow(0, count, 1000) });
  let offered = 0;
  while (!rollout.complete) {
    const step = rollout.nextStep();
    if (step) rollout.committed(step.offeredBelow);
    for (const index of rollout.decide().offer) {
      offered += 1;
      rollout.report(index, 'EXECUTION_STATE_SUCCEEDED');
    }
  }
  assert.equal(offered, count);
});
