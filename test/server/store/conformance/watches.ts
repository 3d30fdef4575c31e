import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompactedError, type Store, type WatchBatch } from '../../../../server/store/store.ts';
import { MusterError } from '../../../../shared/errors.ts';
import { type BenchFactory, collect, keyOf, put, revisionOf } from './bench.ts';

async function writeNumbered(store: Store, prefix: string, from: number, to: number, size = 1): Promise<void> {
  for (let first = from; first < to; first += 100) {
    const numbers = Array.from({ length: Math.min(100, to - first) }, (_, n) => first + n);
    await Promise.all(numbers.map((n) => writeOnce(store, `${prefix}${n}`, 'x'.repeat(size))));
  }
}

/** As the interface asks of its callers: a member that dies leaves the outcome unknown, so what is written may be repeated. */
async function writeOnce(store: Store, key: string, value: string): Promise<void> {
  const transaction = { if: [{ key, exists: false }], then: [put(key, value)] };
  for (let tries = 1; ; tries += 1) {
    try {
      await store.commit(transaction);
      return;
    } catch (error) {
      if (tries === 10 || !(error instanceof MusterError) || error.reason !== 'STORE_UNAVAILABLE') throw error;
    }
  }
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`).sort();

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => resolve()));

function assertInOrder(revisions: readonly number[]): void {
  for (let n = 1; n < revisions.length; n++) {
    assert.ok(
      (revisions[n] as number) > (revisions[n - 1] as number),
      `revision ${revisions[n]} after ${revisions[n - 1]}`,
    );
  }
}

export function watches(driver: string, setUp: BenchFactory): void {
  test(`${driver}: a watch tells of puts and deletions under its prefix, past and coming, a revision at a time`, async (t) => {
    const bench = await setUp(t);
    const { store } = bench;
    const first = await store.commit({ then: [put('w/a', '1'), put('w/b', '2'), put('other/a')] });
    const seen = collect(bench, 'w/', first.revision, 5);
    await store.commit({ then: [put('other/b')] });
    const second = await store.commit({ then: [put('w/a', '3'), { delete: 'w/b' }] });
    const third = await store.commit({ then: [{ deletePrefix: 'w/' }] });
    const events = await seen;
    assert.deepEqual(
      events
        .map((event) => [event.type, keyOf(event), revisionOf(event)])
        .sort((a, b) => (a[2] as number) - (b[2] as number)),
      [
        ['put', 'w/a', first.revision],
        ['put', 'w/b', first.revision],
        ['put', 'w/a', second.revision],
        ['delete', 'w/b', second.revision],
        ['delete', 'w/a', third.revision],
      ],
    );
    const again = events.find((event) => revisionOf(event) === second.revision && event.type === 'put');
    assert.ok(again?.type === 'put');
    assert.equal(again.entry.value.toString(), '3');
    assert.equal(again.entry.createRevision, first.revision);
  });

  test(`${driver}: a watch from the next revision sees nothing of the past, and no half of a revision`, async (t) => {
    const { store } = await setUp(t);
    await store.commit({ then: [put('w/old')] });
    const controller = new AbortController();
    const watch = store.watch('w/', (await store.revision()) + 1, controller.signal)[Symbol.asyncIterator]();
    const next = watch.next();
    const keys = Array.from({ length: 100 }, (_, n) => `w/${n}`);
    const { revision } = await store.commit({ then: keys.map((key) => put(key, 'x'.repeat(10_000))) });
    const batch = (await next).value as WatchBatch;
    assert.equal(batch.revision, revision);
    assert.deepEqual(batch.events.map(keyOf).sort(), [...keys].sort());
    controller.abort();
    assert.equal((await watch.next()).done, true);
  });

  test(`${driver}: a catch-up on large revisions delivers each of them whole`, async (t) => {
    const { store } = await setUp(t);
    const from = (await store.revision()) + 1;
    const keys = Array.from({ length: 100 }, (_, n) => `w/${n}`);
    const value = 'x'.repeat(10_000);
    for (let n = 0; n < 20; n++) await store.commit({ then: keys.map((key) => put(key, value)) });
    const counts = new Map<number, number>();
    for await (const { events, revision } of store.watch('w/', from, new AbortController().signal)) {
      for (const event of events) counts.set(revisionOf(event), (counts.get(revisionOf(event)) ?? 0) + 1);
      assert.deepEqual(
        [...counts.values()],
        [...counts.keys()].map(() => 100),
        'half a revision',
      );
      assert.equal([...counts.keys()].at(-1), revision);
      if (counts.size === 20) break;
    }
    assert.equal(counts.size, 20);
  });

  test(`${driver}: a signal ends a watch that waits, and one that had it from the start`, async (t) => {
    const { store } = await setUp(t);
    const controller = new AbortController();
    const watch = store.watch('w/', (await store.revision()) + 1, controller.signal)[Symbol.asyncIterator]();
    const next = watch.next();
    controller.abort();
    assert.equal((await next).done, true);
    for await (const batch of store.watch('', 1, AbortSignal.abort()))
      assert.fail(`delivered revision ${batch.revision}`);
  });

  test(`${driver}: a watch goes on across a restart of the store, none lost, none twice`, async (t) => {
    const bench = await setUp(t);
    const from = (await bench.store.revision()) + 1;
    await writeNumbered(bench.store, 'w/', 0, 150);
    let restarted: Promise<void> | undefined;
    const seen = collect(bench, 'w/', from, 300, async (count) => {
      if (count < 150 || restarted !== undefined) return;
      restarted = bench.restart().then(() => writeNumbered(bench.store, 'w/', 150, 300));
      if (bench.store.driver === 'embedded') await restarted;
    });
    const events = await seen;
    await restarted;
    assert.deepEqual(events.map(keyOf).sort(), numbered('w/', 300));
    assertInOrder(events.map(revisionOf));
  });

  test(`${driver}: a catch-up of 5,000 events that is cut again and again loses none and repeats none`, async (t) => {
    const bench = await setUp(t);
    const from = (await bench.store.revision()) + 1;
    await writeNumbered(bench.store, 'w/', 0, 5000, 2000);
    let cuts = 0;
    await bench.interrupt();
    const events = await collect(bench, 'w/', from, 5200, async (count) => {
      if (cuts >= 3 || count < (cuts + 1) * 900) return;
      cuts++;
      if (cuts === 2) await writeNumbered(bench.store, 'w/', 5000, 5200);
      await bench.interrupt();
    });
    assert.equal(cuts, 3);
    assert.deepEqual(events.map(keyOf).sort(), numbered('w/', 5200));
    assertInOrder(events.map(revisionOf));
  });

  test(`${driver}: a watch from before a compaction is told so, and a listing then leads on`, async (t) => {
    const bench = await setUp(t);
    const { store } = bench;
    const { revision: old } = await store.commit({ then: [put('w/a', '1')] });
    await store.commit({ then: [put('w/a', '2'), put('w/b', '1')] });
    await store.commit({ then: [{ delete: 'w/b' }] });
    await bench.compact();
    await assert.rejects(collect(bench, 'w/', old, 1), (error: unknown) => {
      assert.ok(error instanceof CompactedError, `${error}`);
      assert.ok(error.compactRevision > old);
      return true;
    });
    await assert.rejects(store.list('w/', { revision: old }), CompactedError);
    const page = await store.list('w/');
    assert.deepEqual(
      page.entries.map(({ key, value }) => [key, value.toString()]),
      [['w/a', '2']],
    );
    const seen = collect(bench, 'w/', page.revision + 1, 1);
    await store.commit({ then: [put('w/c')] });
    assert.deepEqual((await seen).map(keyOf), ['w/c']);
  });

  test(`${driver}: a watch from a revision the store never reached is told to list again`, async (t) => {
    const bench = await setUp(t);
    await assert.rejects(collect(bench, 'w/', (await bench.store.revision()) + 1000, 1), CompactedError);
  });

  test(`${driver}: many watches see the same history, however slowly they read`, async (t) => {
    const bench = await setUp(t);
    const from = (await bench.store.revision()) + 1;
    const readers = Array.from({ length: 10 }, () => collect(bench, 'w/', from, 300, turn));
    await writeNumbered(bench.store, 'w/', 0, 300);
    const [first, ...others] = (await Promise.all(readers)).map((events) =>
      events.map((event) => [keyOf(event), revisionOf(event)]),
    );
    assertInOrder((first as [string, number][]).map(([, revision]) => revision));
    for (const other of others) assert.deepEqual(other, first);
  });
}
