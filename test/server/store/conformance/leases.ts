import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BenchFactory, bytes, collect, keyOf, put, until } from './bench.ts';

const termMs = 1000;

export function leases(driver: string, setUp: BenchFactory): void {
  test(`${driver}: a lease lives, and its key with it, as long as it is renewed`, async (t) => {
    const { store } = await setUp(t);
    const before = performance.now();
    const lease = await store.lease(termMs);
    const { deadlineMonotonicMs } = lease;
    assert.ok(deadlineMonotonicMs <= performance.now() + (termMs * 2) / 3);
    await store.commit({ then: [{ put: 'presence/a', value: bytes('x'), lease }] });
    let lost: string | undefined;
    void lease.lost.then((reason) => {
      lost = reason;
    });
    await until(() => performance.now() > before + 3 * termMs, 'three terms');
    await until(() => lease.deadlineMonotonicMs > before + 3 * termMs, 'renewals that move the deadline');
    assert.equal(lost, undefined);
    assert.ok(await store.get('presence/a'));
    await lease.close();
    assert.equal(await lease.lost, 'closed');
    assert.equal(await store.get('presence/a'), undefined);
  });

  test(`${driver}: a lease that is not renewed expires, its keys go as seen by a watch, and its holder learns of it`, async (t) => {
    const bench = await setUp(t);
    const other = await bench.client();
    const lease = await bench.store.lease(termMs);
    const keys = Array.from({ length: 20 }, (_, n) => `presence/${n}`);
    const { revision } = await bench.store.commit({
      then: keys.map((key) => ({ put: key, value: bytes('x'), lease })),
    });
    await bench.store.commit({ then: [put('kept')] });
    const { deadlineMonotonicMs } = lease;
    const starved = bench.starve(termMs);
    const events = await collect({ store: other }, 'presence/', revision + 1, keys.length);
    assert.ok(events.every(({ type }) => type === 'delete'));
    assert.deepEqual(events.map(keyOf).sort(), [...keys].sort());
    assert.ok(lease.deadlineMonotonicMs <= deadlineMonotonicMs + termMs, 'the deadline moved without an answer');
    starved.relent();
    assert.match(await lease.lost, /expired/);
    assert.ok(await other.get('kept'));
    await assert.rejects(bench.store.commit({ then: [{ put: 'presence/late', value: bytes('x'), lease }] }), {
      reason: 'CONFLICT',
      message: /lease is gone/,
    });
  });

  test(`${driver}: a key written again without the lease outlives it, one written again under another goes with that`, async (t) => {
    const { store } = await setUp(t);
    const [first, second] = [await store.lease(60_000), await store.lease(60_000)];
    const under = (key: string, lease: typeof first) => ({ put: key, value: bytes('x'), lease });
    await store.commit({ then: [under('a', first), under('b', first), under('c', first)] });
    await store.commit({ then: [put('a'), under('b', second)] });
    await first.close();
    assert.deepEqual(
      (await store.list('')).entries.map(({ key }) => key),
      ['a', 'b'],
    );
    await second.close();
    assert.deepEqual(
      (await store.list('')).entries.map(({ key }) => key),
      ['a'],
    );
  });

  test(`${driver}: a lease is refused with a term that is none, or from another store`, async (t) => {
    const [one, other] = [await setUp(t), await setUp(t)];
    for (const termless of [0, -1, Number.NaN]) {
      await assert.rejects(one.store.lease(termless), { reason: 'INVALID_FIELD', field: 'termMs' });
    }
    const lease = await other.store.lease(60_000);
    await assert.rejects(one.store.commit({ then: [{ put: 'a', value: bytes('x'), lease }] }), { reason: 'CONFLICT' });
  });

  test(`${driver}: closing a store ends its watches, revokes its leases and refuses what comes after`, async (t) => {
    const bench = await setUp(t);
    const { store } = bench;
    const from = (await store.revision()) + 1;
    const lease = await store.lease(60_000);
    await store.commit({ then: [{ put: 'presence/a', value: bytes('x'), lease }, put('kept')] });
    const watching = (async () => {
      let last = 0;
      for await (const { revision } of store.watch('never/', from, new AbortController().signal)) last = revision;
      return last;
    })();
    await Promise.all([store.close(), store.close()]);
    assert.equal(await watching, 0);
    assert.equal(await lease.lost, 'closed');
    await lease.close();
    const away = { name: 'MusterError', reason: 'STORE_UNAVAILABLE', message: /closed/ };
    await assert.rejects(store.get('kept'), away);
    await assert.rejects(store.list(''), away);
    await assert.rejects(store.commit({ then: [put('a')] }), away);
    await assert.rejects(store.lease(1000), away);
    await assert.rejects(store.revision(), away);
    for await (const { revision } of store.watch('', from, new AbortController().signal))
      assert.fail(`revision ${revision}`);
    await bench.restart();
    const after = await bench.client();
    assert.deepEqual(
      (await after.list('')).entries.map(({ key }) => key),
      ['kept'],
    );
  });
}
