import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { drainRate, leavingOrder, SendAway, toldBy } from '../../../server/fleet/send-away.ts';
import { newNodeUid } from '../../../shared/ids.ts';
import type { Clock } from '../../../shared/time.ts';

test('idle nodes go before busy ones, and never more than asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5)), fc.integer({ min: -1, max: 60 }), (holdings, count) => {
      const sessions = holdings.map((holding) => ({ uid: newNodeUid(), live: true, holding, reconnect() {} }));
      const going = leavingOrder(sessions, count);
      assert.equal(going.length, Math.min(sessions.length, Math.max(0, count)));
      const staying = sessions.filter((session) => !going.includes(session));
      const busiest = Math.max(...going.map(({ holding }) => holding));
      assert.ok(staying.every(({ holding }) => holding >= busiest));
    }),
  );
});

test('agents are told at the pace: never more than one and so many a second, all in the end', () => {
  const paces = fc.record({
    aSecond: fc.integer({ min: 1, max: 5000 }),
    count: fc.nat(20_000),
    elapsedMs: fc.nat(60_000),
  });
  fc.assert(
    fc.property(paces, ({ aSecond, count, elapsedMs }) => {
      const told = toldBy(elapsedMs, aSecond, count);
      assert.ok(told <= count && told <= 1 + (elapsedMs * aSecond) / 1000);
      assert.equal(toldBy((count * 1000) / aSecond, aSecond, count), count);
    }),
  );
});

test('a drain is as slow as others let agents in, and as fast as its time demands', () => {
  assert.equal(drainRate(100, 5000, 500), 500);
  assert.equal(drainRate(10_000, 5000, 500), 2000);
  assert.equal(toldBy(0, drainRate(10, 0, 500), 10), 10);
});

test('a later call takes the place of an earlier one; who has left meanwhile is not told', () => {
  let due: (() => void) | undefined;
  let ms = 0;
  const clock: Clock = {
    now: () => ms,
    monotonic: () => ms,
    after(_ms, action) {
      due = () => {
        due = undefined;
        action();
      };
      return { cancel: () => (due = undefined) };
    },
  };
  const told: string[] = [];
  const session = (name: string) => ({
    ...{ uid: newNodeUid(), live: true, holding: 0 },
    reconnect: (reason: string) => void told.push(`${name} ${reason}`),
  });
  const away = new SendAway({ clock });
  const gone = session('gone');
  away.begin([session('one'), session('two')], 1, 'rebalance');
  away.begin([session('three'), gone, session('four')], 100, 'drain');
  gone.live = false;
  ms = 1000;
  due?.();
  assert.deepEqual(told, ['one rebalance', 'three drain', 'four drain']);
  assert.equal(due, undefined);
});
