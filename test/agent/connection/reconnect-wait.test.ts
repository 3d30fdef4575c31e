import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { failuresAfter, reconnectWaitMs } from '../../../agent/reconnect-wait.ts';
import type { SessionOutcome } from '../../../agent/session/session.ts';

const settings = { reconnectBaseMs: 500, reconnectCapMs: 30_000 };
const outcome = fc.record<SessionOutcome>(
  {
    reason: fc.constantFrom('connection', 'no-welcome', 'stale-epoch', 'reconnect', 'lane-full'),
    message: fc.constant(''),
    liveMs: fc.nat(60_000),
    retryAfterMs: fc.nat(1_000_000),
  },
  { requiredKeys: ['reason', 'message', 'liveMs'] },
);
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('never before the replica said, up to five minutes; never more than the cap on top of it', () => {
  fc.assert(
    fc.property(outcome, fc.nat(100), fc.integer({ min: 1, max: 9 }), random, (outcome, failures, servers, at) => {
      const waitMs = reconnectWaitMs({ outcome, failures, servers, settings, random: () => at });
      const toldMs = Math.min(outcome.retryAfterMs ?? 0, 300_000);
      assert.ok(waitMs >= toldMs && waitMs <= toldMs + settings.reconnectCapMs);
    }),
  );
});

test('jitter is full: from nothing on, and as wide as the bound', () => {
  const lost: SessionOutcome = { reason: 'connection', message: '', liveMs: 0 };
  const wait = (failures: number, servers: number, at: number) =>
    reconnectWaitMs({ outcome: lost, failures, servers, settings, random: () => at });
  assert.equal(wait(4, 1, 0), 0);
  assert.equal(wait(4, 1, 0.999), 0.999 * 8000);
  // Two of three servers were tried in vain: the third is dialled as soon as the first was.
  assert.equal(wait(2, 3, 0.5), 250);
  assert.equal(wait(3, 3, 0.5), 500);
});

test('what a replica ended or refused in good order is no failure, and a good session wipes out the failures before it', () => {
  const over = (more: Partial<SessionOutcome>): SessionOutcome => ({
    reason: 'connection',
    message: '',
    liveMs: 0,
    ...more,
  });
  assert.equal(failuresAfter(3, over({})), 4);
  assert.equal(failuresAfter(3, over({ reason: 'reconnect' })), 3);
  assert.equal(failuresAfter(3, over({ retryAfterMs: 700 })), 3);
  assert.equal(failuresAfter(3, over({ liveMs: 10_000 })), 1);
  assert.equal(failuresAfter(3, over({ liveMs: 10_000, reason: 'reconnect' })), 0);
});
