import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Admission } from '../../../server/fleet/admission.ts';
import { charge, fullBucket, take } from '../../../server/fleet/admission-bucket.ts';
import { MusterError } from '../../../shared/errors.ts';
import type { Clock } from '../../../shared/time.ts';
import { silent } from '../../harness/agent-connection.ts';

const rates = fc.record({ intervalMs: fc.integer({ min: 1, max: 20 }), burst: fc.integer({ min: 1, max: 50 }) });

test('in any stretch of time no more are admitted than the burst and one an interval', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 300 });
  fc.assert(
    fc.property(rates, gaps, (rate, waits) => {
      let state = fullBucket;
      let nowMs = 0;
      const admittedMs: number[] = [];
      for (const waitMs of waits) {
        nowMs += waitMs;
        const step = take(rate, state, nowMs);
        state = step.state;
        if (step.retryAfterMs === undefined) admittedMs.push(nowMs);
      }
      for (const [first, fromMs] of admittedMs.entries()) {
        for (let last = first; last < admittedMs.length; last += 1) {
          const allowed = rate.burst + Math.floor(((admittedMs[last] ?? 0) - fromMs) / rate.intervalMs);
          assert.ok(last - first + 1 <= allowed);
        }
      }
    }),
  );
});

test('N refused at once get N different times to come back, one an interval, and are all admitted then', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 200 }), (rate, refused) => {
      let state = fullBucket;
      const backMs: number[] = [];
      for (let agent = 0; agent < rate.burst + refused; agent += 1) {
        const step = take(rate, state, 1000);
        state = step.state;
        if (step.retryAfterMs !== undefined) backMs.push(step.retryAfterMs);
      }
      assert.deepEqual(
        backMs,
        Array.from({ length: refused }, (_, n) => (n + 1) * rate.intervalMs),
      );
      for (const afterMs of backMs) {
        const step = take(rate, state, 1000 + afterMs);
        state = step.state;
        assert.equal(step.retryAfterMs, undefined);
      }
    }),
  );
});

test('one that is charged for takes the place of one who comes', () => {
  const rate = { intervalMs: 10, burst: 2 };
  const once = charge(rate, fullBucket, 0);
  const twice = take(rate, once, 0);
  assert.equal(twice.retryAfterMs, undefined);
  assert.equal(take(rate, twice.state, 0).retryAfterMs, 10);
});

class StoodClock implements Clock {
  ms = 0;
  now = (): number => this.ms;
  monotonic = (): number => this.ms;
  after = () => ({ cancel() {} });
}

const refusalOf = (admission: Admission): MusterError | undefined => {
  try {
    admission.open();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof MusterError);
    return error;
  }
};

test('two seconds’ worth come at once; more are refused as TOO_MANY with a time to come back, at most two minutes', () => {
  const admission = new Admission({ aSecond: 10, clock: new StoodClock(), log: silent });
  const refusals = Array.from({ length: 2000 }, () => refusalOf(admission));
  assert.deepEqual(
    refusals.slice(0, 21).map((refusal) => refusal && [refusal.reason, refusal.retryAfterMs]),
    [...Array(20).fill(undefined), ['TOO_MANY', 100]],
  );
  assert.equal(refusals.at(-1)?.retryAfterMs, 120_000);
});

test('while the store does not keep up with claims nobody is let in; once they are done, agents are', () => {
  const clock = new StoodClock();
  const admission = new Admission({ aSecond: 100, clock, log: silent, claimsAtOnce: 2 });
  assert.equal(refusalOf(admission), undefined);
  const done = [admission.claim(true), admission.claim(true)];
  assert.equal(refusalOf(admission)?.reason, 'TOO_MANY');
  for (const claim of done) claim();
  clock.ms += 1000;
  assert.equal(refusalOf(admission), undefined);
});

test('a node that registers counts twice', () => {
  const admission = new Admission({ aSecond: 2, clock: new StoodClock(), log: silent });
  for (let agent = 0; agent < 2; agent += 1) {
    assert.equal(refusalOf(admission), undefined);
    admission.claim(false)();
  }
  assert.equal(refusalOf(admission)?.reason, 'TOO_MANY');
});
