import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BenchFactory, listAll, put } from './bench.ts';

const count = 10_000;
const key = (n: number): string => `nodes/${String(n).padStart(5, '0')}`;

export function listings(driver: string, setUp: BenchFactory): void {
  test(`${driver}: pages of 10,000 keys are in order, complete and of one revision while others write`, async (t) => {
    const { store } = await setUp(t);
    const keys = Array.from({ length: count }, (_, n) => key(n));
    for (let first = 0; first < count; first += 1000) {
      const chunks = Array.from({ length: 10 }, (_, n) => keys.slice(first + n * 100, first + (n + 1) * 100));
      await Promise.all(chunks.map((chunk) => store.commit({ then: chunk.map((each) => put(each)) })));
    }
    await store.commit({ then: [put('nodes'), put('nodes0'), put('node/1')] });
    let writing = true;
    const writes: { revision: number; puts: string[]; gone: string }[] = [];
    const writer = (async () => {
      for (let n = 0; writing; n += 37) {
        const [puts, gone] = [[`${key(n % count)}x`, key(n % count)], key((n + 5000) % count)];
        const { revision } = await store.commit({
          then: [...puts.map((each) => put(each, 'changed')), { delete: gone }],
        });
        writes.push({ revision, puts, gone });
      }
    })();
    const first = await store.list('nodes/', { limit: 1000 });
    const { revision } = first;
    const after = first.entries.at(-1)?.key as string;
    const rest = await listAll(store, 'nodes/', { limit: 1000, revision, after });
    const down = await listAll(store, 'nodes/', { limit: 3000, revision, descending: true });
    const whole = await store.list('nodes/', { limit: 10_000, revision });
    writing = false;
    await writer;
    assert.ok(
      writes.some((write) => write.revision > revision),
      'nobody wrote meanwhile',
    );
    const expected = new Set(keys);
    for (const write of writes.filter((each) => each.revision <= revision)) {
      for (const each of write.puts) expected.add(each);
      expected.delete(write.gone);
    }
    const sorted = [...expected].sort();
    assert.deepEqual(
      [...first.entries, ...rest].map((entry) => entry.key),
      sorted,
    );
    assert.deepEqual(down.map((entry) => entry.key).reverse(), sorted);
    assert.deepEqual(
      whole.entries.map((entry) => entry.key),
      sorted.slice(0, 10_000),
    );
    assert.ok([...first.entries, ...rest].every(({ modRevision }) => modRevision <= revision));
  });

  test(`${driver}: a listing begins after the key it is told, and says whether more follows`, async (t) => {
    const { store } = await setUp(t);
    await store.commit({ then: ['a/1', 'a/2', 'a/2/x', 'a/3', 'b/1'].map((each) => put(each)) });
    const list = async (options: Parameters<typeof store.list>[1]) => {
      const { entries, more } = await store.list('a/', options);
      return [entries.map((entry) => entry.key).join(' '), more];
    };
    assert.deepEqual(await list({}), ['a/1 a/2 a/2/x a/3', false]);
    assert.deepEqual(await list({ limit: 2 }), ['a/1 a/2', true]);
    assert.deepEqual(await list({ limit: 4 }), ['a/1 a/2 a/2/x a/3', false]);
    assert.deepEqual(await list({ after: 'a/2' }), ['a/2/x a/3', false]);
    assert.deepEqual(await list({ after: 'a/2/~' }), ['a/3', false]);
    assert.deepEqual(await list({ after: 'a/3' }), ['', false]);
    assert.deepEqual(await list({ after: 'b' }), ['', false]);
    assert.deepEqual(await list({ after: 'a' }), ['a/1 a/2 a/2/x a/3', false]);
    assert.deepEqual(await list({ descending: true, limit: 2 }), ['a/3 a/2/x', true]);
    assert.deepEqual(await list({ descending: true, after: 'a/2/x' }), ['a/2 a/1', false]);
    assert.deepEqual(await list({ descending: true, after: 'a/1' }), ['', false]);
    assert.deepEqual(await list({ descending: true, after: 'z' }), ['a/3 a/2/x a/2 a/1', false]);
  });

  test(`${driver}: a listing at a revision shows the store as it was`, async (t) => {
    const { store } = await setUp(t);
    const first = await store.commit({ then: [put('a', '1'), put('b', '1')] });
    const second = await store.commit({ then: [put('a', '2'), { delete: 'b' }, put('c', '1')] });
    await store.commit({ then: [put('b', '2'), { delete: 'a' }] });
    const at = async (revision: number) =>
      (await store.list('', { revision })).entries.map(
        (entry) => `${entry.key}=${entry.value}@${entry.createRevision}`,
      );
    assert.deepEqual(await at(first.revision), [`a=1@${first.revision}`, `b=1@${first.revision}`]);
    assert.deepEqual(await at(second.revision), [`a=2@${first.revision}`, `c=1@${second.revision}`]);
  });

  test(`${driver}: values too large for one page come on several`, async (t) => {
    const { store } = await setUp(t);
    const large = 'x'.repeat(1_300_000);
    for (let n = 10; n < 70; n++) await store.commit({ then: [put(`large/${n}`, large)] });
    const all = await listAll(store, 'large/');
    assert.deepEqual(
      all.map((entry) => entry.key),
      Array.from({ length: 60 }, (_, n) => `large/${n + 10}`),
    );
    assert.ok(all.every(({ value }) => value.length === large.length));
  });

  test(`${driver}: a listing refuses limits and revisions that are none`, async (t) => {
    const { store } = await setUp(t);
    for (const limit of [0, -1, 1.5, 10_001]) {
      await assert.rejects(store.list('', { limit }), { reason: 'INVALID_FIELD', field: 'limit' });
    }
    for (const revision of [0, -1, 1.5]) {
      await assert.rejects(store.list('', { revision }), { reason: 'INVALID_FIELD', field: 'revision' });
    }
  });
}
