import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAbandoned, Sweeping } from '../../../server/leader/sweeping.ts';
import { keys } from '../../../server/store/keys.ts';
import { emptyValue } from '../../../server/store/values.ts';
import { type JobId, newJobId } from '../../../shared/ids.ts';
import { JumpClock } from '../store/jump-clock.ts';
import { embeddedTerm, keysUnder } from './embedded-term.ts';

const hourMs = 3_600_000;
const x = Buffer.from('x');

test('only what was there unchanged an hour ago is abandoned', () => {
  const orphan = fc.record({
    createRevision: fc.integer({ min: 1, max: 3 }),
    seenMs: fc.integer({ min: 0, max: 10_000_000 }),
  });
  fc.assert(
    fc.property(fc.option(orphan, { nil: undefined }), orphan, (before, now) => {
      const expected =
        before !== undefined && before.createRevision === now.createRevision && now.seenMs >= before.seenMs + hourMs;
      assert.equal(isAbandoned(before, now, hourMs), expected);
    }),
  );
});

test('chunks without an order go when they were seen twice, an hour apart; a job with its order stays', async (t) => {
  const { store, term } = await embeddedTerm(t);
  const clock = new JumpClock();
  const sweeping = new Sweeping({ clock });
  const [job, orphan, growing] = [newJobId(), newJobId(), newJobId()];
  const chunks = (id: JobId) => [
    { put: keys.target(id, 0), value: x },
    { put: keys.stdin(id, 0), value: x },
  ];
  await store.commit({
    then: [{ put: keys.order(job), value: x }, { put: keys.state(job), value: x }, ...chunks(job)],
  });
  await store.commit({ then: chunks(orphan) });
  await store.commit({ then: chunks(growing) });
  assert.equal(await sweeping.round(term), undefined);
  clock.jump(hourMs - 60_000);
  assert.equal(await sweeping.round(term), undefined, 'somebody may still be submitting it');
  // Submitted anew meanwhile: another hour.
  await store.commit({ then: [{ deletePrefix: keys.jobPrefix(growing) }] });
  await store.commit({ then: chunks(growing) });
  clock.jump(60_000);
  assert.deepEqual(await sweeping.round(term), { parts: 1, latest: 0, open: 0 });
  assert.deepEqual(await keysUnder(store, keys.jobPrefix(orphan)), []);
  assert.equal((await keysUnder(store, keys.jobPrefix(growing))).length, 2);
  assert.equal((await keysUnder(store, keys.jobPrefix(job))).length, 4);
  sweeping.begin();
  clock.jump(hourMs);
  assert.equal(await sweeping.round(term), undefined, 'what was seen in an earlier term does not count');
});

test('marks of jobs that closed or are not there go, those of open jobs stay', async (t) => {
  const { store, term } = await embeddedTerm(t);
  const sweeping = new Sweeping({ clock: new JumpClock() });
  const [open, closed, lost] = [newJobId(), newJobId(), newJobId()];
  await store.commit({
    then: [
      ...[open, closed].map((id) => ({ put: keys.order(id), value: x })),
      ...[open, lost].map((id) => ({ put: keys.open(id), value: emptyValue })),
      ...[open, closed].map((id) => ({ put: keys.latest('deploy web', id), value: emptyValue })),
    ],
  });
  assert.deepEqual(await sweeping.round(term), { parts: 0, latest: 1, open: 1 });
  assert.deepEqual(await keysUnder(store, keys.allLatestPrefix), [keys.latest('deploy web', open)]);
  assert.deepEqual(await keysUnder(store, keys.openPrefix), [keys.open(open)]);
});

test('the mark of a closed job stays while an older job of its key is open, which it has superseded', async (t) => {
  const { store, term } = await embeddedTerm(t);
  const sweeping = new Sweeping({ clock: new JumpClock() });
  const [first, older, newer, other] = [newJobId(), newJobId(), newJobId(), newJobId()];
  for (const [latestKey, job] of [
    ['web', first],
    ['web', older],
    ['web', newer],
    ['db', other],
  ] as const)
    await store.commit({ then: [{ put: keys.latest(latestKey, job), value: emptyValue }] });
  await store.commit({
    then: [
      { put: keys.order(older), value: x },
      { put: keys.open(older), value: emptyValue },
    ],
  });
  assert.deepEqual(await sweeping.round(term), { parts: 0, latest: 2, open: 0 });
  const left = [keys.latest('web', older), keys.latest('web', newer)];
  assert.deepEqual(await keysUnder(store, keys.allLatestPrefix), left.sort());
  await store.commit({ then: [{ delete: keys.open(older) }] });
  assert.deepEqual(await sweeping.round(term), { parts: 0, latest: 2, open: 0 });
  assert.deepEqual(await keysUnder(store, keys.allLatestPrefix), []);
});
