import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sessionCounts } from '../../../server/leader/leader-duties.ts';
import { LeaderTerm } from '../../../server/leader/leader-term.ts';
import { excessOf, Rebalancing, type SessionCounts, shedOf } from '../../../server/leader/rebalancing.ts';
import type { Store } from '../../../server/store/store.ts';
import { JumpClock } from '../store/jump-clock.ts';

const counts = fc
  .array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 9 })
  .map((all) => new Map(all.map((count, n) => [`r${n}`, count])));

test('nobody is asked for more than what is above its fair share, and nobody within a tenth of it and 16', () => {
  fc.assert(
    fc.property(counts, (now) => {
      const share = [...now.values()].reduce((sum, count) => sum + count, 0) / now.size;
      const excess = excessOf(now);
      for (const [replica, count] of now) {
        const above = count - share;
        if (above <= share * 0.1 + 16) assert.ok(!excess.has(replica), `${replica} is near enough`);
        else assert.equal(excess.get(replica), Math.floor(above));
      }
    }),
  );
});

test('sessions that go where there are fewest leave nobody to be asked again', () => {
  fc.assert(
    fc.property(counts, (now) => {
      const after = new Map(now);
      for (const [replica, count] of excessOf(now)) {
        after.set(replica, (after.get(replica) ?? 0) - count);
        for (let n = 0; n < count; n += 1) {
          const [least] = [...after].sort((a, b) => a[1] - b[1]);
          if (least) after.set(least[0], least[1] + 1);
          if (n > 200) return;
        }
      }
      assert.equal(excessOf(after).size, 0);
    }),
    { numRuns: 50 },
  );
});

test('only what two looks at the same replicas agree on is shed, and no more than either says', () => {
  fc.assert(
    fc.property(fc.option(counts, { nil: undefined }), fc.option(counts, { nil: undefined }), (before, now) => {
      const shed = shedOf(before, now);
      if (before?.size !== now?.size || before === undefined || now === undefined) {
        assert.equal(shed.size, 0);
        return;
      }
      for (const [replica, count] of shed) {
        assert.ok(count > 0 && count <= (excessOf(before).get(replica) ?? 0));
        assert.ok(count <= (excessOf(now).get(replica) ?? 0));
      }
    }),
  );
});

test('a replica that stops has no share; one that is silent or fenced leaves nothing to judge', () => {
  const load = { sessions: 5, fenced: false, stopping: false };
  assert.deepEqual(
    sessionCounts([
      ['a', load],
      ['b', { ...load, stopping: true }],
    ]),
    new Map([['a', 5]]),
  );
  assert.equal(
    sessionCounts([
      ['a', load],
      ['b', undefined],
    ]),
    undefined,
  );
  assert.equal(
    sessionCounts([
      ['a', load],
      ['b', { ...load, fenced: true }],
    ]),
    undefined,
  );
});

test('after a replica came the full ones are asked once, in the leader’s name, and then left to settle', async () => {
  const clock = new JumpClock();
  let now: SessionCounts = new Map([
    ['a', 300],
    ['b', 300],
  ]);
  const asked: unknown[][] = [];
  const duty = new Rebalancing({
    clock,
    counts: () => now,
    shed: (...what) => {
      asked.push(what);
      return true;
    },
  });
  const term = new LeaderTerm({ store: {} as Store, revision: 77, fenced: () => false });
  const look = async (): Promise<void> => {
    clock.jump(5000);
    await duty.round(term);
  };
  duty.begin();
  for (let n = 0; n < 5; n += 1) await look();
  assert.deepEqual(asked, [], 'nothing is uneven');
  now = new Map([
    ['a', 300],
    ['b', 300],
    ['c', 0],
  ]);
  await look();
  assert.deepEqual(asked, [], 'one look is not enough');
  await look();
  assert.deepEqual(asked, [
    ['a', 100, 50, 77],
    ['b', 100, 50, 77],
  ]);
  await look();
  await look();
  assert.equal(asked.length, 2, 'those on their way are not asked for twice');
});
