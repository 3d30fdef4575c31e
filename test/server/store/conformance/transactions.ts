import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../../../server/store/store.ts';
import { type BenchFactory, bytes, put } from './bench.ts';

const invalid = { name: 'MusterError', reason: 'INVALID_FIELD' };

export function transactions(driver: string, setUp: BenchFactory): void {
  test(`${driver}: a counter raised by many clients at once loses no update`, async (t) => {
    const bench = await setUp(t);
    const clients = await Promise.all(Array.from({ length: 8 }, () => bench.client()));
    await bench.store.commit({ then: [put('counter', '0')] });
    const raise = async (store: Store): Promise<number> => {
      for (let tries = 1; ; tries++) {
        const entry = await store.get('counter');
        assert.ok(entry);
        const next = bytes(String(Number(entry.value.toString()) + 1));
        const { succeeded } = await store.commit({
          if: [{ key: 'counter', modRevision: entry.modRevision }],
          then: [{ put: 'counter', value: next }],
        });
        if (succeeded) return tries;
      }
    };
    const tries = await Promise.all(
      clients.map(async (client) => {
        let sum = 0;
        for (let n = 0; n < 25; n++) sum += await raise(client);
        return sum;
      }),
    );
    assert.equal((await bench.store.get('counter'))?.value.toString(), '200');
    assert.ok(tries.reduce((sum, each) => sum + each) > 200, 'nobody ever met anybody');
  });

  test(`${driver}: of many who create one key exactly one wins`, async (t) => {
    const bench = await setUp(t);
    const clients = await Promise.all(Array.from({ length: 20 }, () => bench.client()));
    const outcomes = await Promise.all(
      clients.map((client, n) =>
        client.commit({ if: [{ key: 'leader', exists: false }], then: [put('leader', `${n}`)] }),
      ),
    );
    const winners = outcomes.flatMap(({ succeeded }, n) => (succeeded ? [n] : []));
    assert.equal(winners.length, 1);
    const entry = await bench.store.get('leader');
    assert.equal(entry?.value.toString(), `${winners[0]}`);
    assert.equal(entry?.createRevision, outcomes[winners[0] as number]?.revision);
  });

  test(`${driver}: every kind of compare holds when it should and only then`, async (t) => {
    const { store } = await setUp(t);
    const first = (await store.commit({ then: [put('a', 'one')] })).revision;
    const second = (await store.commit({ then: [put('a', 'two')] })).revision;
    const holds = async (compare: Parameters<Store['commit']>[0]['if']) =>
      (await store.commit({ ...(compare && { if: compare }), then: [] })).succeeded;
    assert.equal(await holds([{ key: 'a', exists: true }]), true);
    assert.equal(await holds([{ key: 'a', exists: false }]), false);
    assert.equal(await holds([{ key: 'b', exists: false }]), true);
    assert.equal(await holds([{ key: 'b', exists: true }]), false);
    assert.equal(await holds([{ key: 'a', createRevision: first }]), true);
    assert.equal(await holds([{ key: 'a', createRevision: second }]), false);
    assert.equal(await holds([{ key: 'b', createRevision: 0 }]), true);
    assert.equal(await holds([{ key: 'a', modRevision: second }]), true);
    assert.equal(await holds([{ key: 'a', modRevision: first }]), false);
    assert.equal(await holds([{ key: 'a', value: bytes('two') }]), true);
    assert.equal(await holds([{ key: 'a', value: bytes('one') }]), false);
    assert.equal(await holds([{ key: 'b', value: bytes('') }]), false);
    assert.equal(
      await holds([
        { key: 'a', exists: true },
        { key: 'b', exists: true },
      ]),
      false,
    );
    await store.commit({ then: [{ delete: 'a' }] });
    assert.equal(await holds([{ key: 'a', createRevision: first }]), false);
    const third = (await store.commit({ then: [put('a', 'one')] })).revision;
    assert.equal(await holds([{ key: 'a', createRevision: third }]), true, 'born again, with a revision of its own');
  });

  test(`${driver}: where a compare fails the other branch happens, and reads show what was before`, async (t) => {
    const { store } = await setUp(t);
    const { revision } = await store.commit({ then: [put('a', 'one')] });
    const done = await store.commit({
      if: [{ key: 'a', value: bytes('two') }],
      then: [put('a', 'wrong')],
      otherwise: [put('a', 'three'), put('b', 'four')],
      get: ['a', 'b'],
    });
    assert.equal(done.succeeded, false);
    assert.equal(done.revision, revision + 1);
    assert.equal(done.entries[0]?.value.toString(), 'one');
    assert.equal(done.entries[1], undefined);
    assert.equal((await store.get('a'))?.value.toString(), 'three');
    const both = [await store.get('a'), await store.get('b')].map((entry) => entry?.modRevision);
    assert.deepEqual(both, [done.revision, done.revision], 'one revision for the whole transaction');
  });

  test(`${driver}: a transaction that changes nothing makes no revision`, async (t) => {
    const { store } = await setUp(t);
    const { revision } = await store.commit({ then: [put('a')] });
    const idle = await store.commit({ then: [{ delete: 'b' }, { deletePrefix: 'c/' }], get: ['a'] });
    assert.equal(idle.revision, revision);
    assert.equal(idle.entries[0]?.modRevision, revision);
    assert.equal(await store.revision(), revision);
  });

  test(`${driver}: deleting a prefix takes what is under it and nothing beside it`, async (t) => {
    const { store } = await setUp(t);
    await store.commit({ then: [put('a/1'), put('a/2'), put('a'), put('ab'), put('a0')] });
    await store.commit({ then: [{ deletePrefix: 'a/' }, put('b')] });
    assert.deepEqual(
      (await store.list('')).entries.map(({ key }) => key),
      ['a', 'a0', 'ab', 'b'],
    );
  });

  test(`${driver}: values come back byte for byte, the empty one too`, async (t) => {
    const { store } = await setUp(t);
    const all = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    const large = Buffer.alloc(1_000_000, all);
    await store.commit({
      then: [
        { put: 'all', value: all },
        { put: 'empty', value: Buffer.alloc(0) },
      ],
    });
    await store.commit({ then: [{ put: 'large', value: large }] });
    assert.deepEqual((await store.get('all'))?.value, all);
    assert.deepEqual((await store.get('empty'))?.value, Buffer.alloc(0));
    assert.ok((await store.get('large'))?.value.equals(large));
    assert.equal(await store.get('absent'), undefined);
  });

  test(`${driver}: a hundred operations pass, and one more is refused by name`, async (t) => {
    const { store } = await setUp(t);
    const puts = (count: number) => Array.from({ length: count }, (_, n) => put(`k/${n}`));
    const absent = Array.from({ length: 20 }, (_, n) => ({ key: `k/${n}`, exists: false }));
    assert.equal((await store.commit({ then: puts(100) })).succeeded, true);
    assert.equal(
      (await store.commit({ if: absent, then: puts(30), otherwise: puts(30), get: absent.map(({ key }) => key) }))
        .succeeded,
      false,
    );
    await assert.rejects(store.commit({ then: puts(101) }), {
      ...invalid,
      field: 'transaction',
      message: /101 operations.*100/,
    });
    await assert.rejects(store.commit({ if: absent, then: puts(61), otherwise: puts(20) }), {
      ...invalid,
      message: /101/,
    });
  });

  test(`${driver}: what no store could carry out is refused, naming it`, async (t) => {
    const { store } = await setUp(t);
    const { revision } = await store.commit({ then: [put('a')] });
    await assert.rejects(store.commit({ then: [put('a'), put('a')] }), { ...invalid, message: /a twice/ });
    await assert.rejects(store.commit({ then: [put('a/1'), { deletePrefix: 'a/' }] }), {
      ...invalid,
      message: /a\/1 twice/,
    });
    await assert.rejects(store.commit({ then: [{ put: 'big', value: Buffer.alloc(1_400_001) }] }), {
      ...invalid,
      message: /bytes/,
    });
    await assert.rejects(store.commit({ then: [put('')] }), { ...invalid, field: 'key' });
    await assert.rejects(store.get('k\u00e9y'), { ...invalid, field: 'key' });
    await assert.rejects(store.get('x'.repeat(1025)), { ...invalid, field: 'key' });
    assert.equal(await store.revision(), revision);
  });
}
