import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChannelCredentials } from '@grpc/grpc-js';
import { KVClient } from 'etcd3';
import { Endpoints } from '../../../server/store/etcd/endpoints.ts';
import { EtcdStore } from '../../../server/store/etcd/etcd-store.ts';
import { CompactedError } from '../../../server/store/store.ts';
import { createLog } from '../../../shared/log.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { TcpProxy } from '../../harness/tcp-proxy.ts';
import { type Bench, bytes, collect, keyOf, put, until } from './conformance/bench.ts';
import { conformance } from './conformance.ts';

const log = createLog('test', 'silent');
const away = { name: 'MusterError', reason: 'STORE_UNAVAILABLE' };

let server: EtcdServer;
let prefixes = 0;
before(async () => {
  server = await startEtcd();
});
after(() => server.stop());

/** A store through a proxy of its own, under a prefix of its own. */
async function setUp(test: TestContext): Promise<Bench & { proxy: TcpProxy; direct: EtcdStore }> {
  const prefix = `test-${prefixes++}/`;
  const proxy = await TcpProxy.start(server.endpoint);
  test.after(() => proxy.stop());
  const open = async (endpoint: string) => {
    const store = await EtcdStore.open({ endpoints: [endpoint], prefix, log });
    test.after(() => store.close());
    return store;
  };
  const store = await open(proxy.endpoint);
  const direct = await open(server.endpoint);
  return {
    store,
    proxy,
    direct,
    client: () => open(server.endpoint),
    restart: () => server.restart(),
    // The bytes of some hundred of the large events; what is on its way dies with the connection.
    interrupt: async () => proxy.cutAfter(700_000),
    compact: async () => compact(await direct.revision()),
    starve: () => {
      proxy.refuse();
      return { relent: () => proxy.allow() };
    },
  };
}

async function compact(revision: number): Promise<void> {
  const endpoints = new Endpoints({
    addresses: [server.endpoint],
    credentials: ChannelCredentials.createInsecure(),
    deadlineMs: 10_000,
  });
  await new KVClient(endpoints).compact({ revision, physical: true });
  endpoints.close();
}

conformance('etcd', setUp);

test('etcd: while it is down every call is refused with the cause, and the first one after it is back succeeds', async (t) => {
  const { direct } = await setUp(t);
  await direct.commit({ then: [put('a')] });
  await server.kill();
  const refused = { ...away, message: /ECONNREFUSED/ };
  for (let round = 0; round < 2; round++) {
    await Promise.all([
      assert.rejects(direct.get('a'), refused),
      assert.rejects(direct.list(''), refused),
      assert.rejects(direct.commit({ then: [put('a')] }), refused),
      assert.rejects(direct.lease(1000), refused),
      assert.rejects(direct.revision(), refused),
    ]);
  }
  await server.restart();
  assert.equal((await direct.get('a'))?.key, 'a');
});

test('etcd: while it is frozen calls end at their deadline, and the first one after the thaw succeeds', async (t) => {
  const { direct } = await setUp(t);
  await direct.commit({ then: [put('a')] });
  server.pause();
  try {
    await Promise.all([
      assert.rejects(direct.get('a'), away),
      assert.rejects(direct.commit({ then: [put('b')] }), away),
    ]);
  } finally {
    server.resume();
  }
  assert.equal((await direct.get('a'))?.key, 'a');
});

test('etcd: a connection that was accepted and never answered does not hold the store up for ever', async (t) => {
  const { store, proxy } = await setUp(t);
  proxy.stall();
  await until(async () => {
    await assert.rejects(store.revision(), away);
    return proxy.stalled > 0;
  }, 'a connection that stalls');
  proxy.allow();
  await until(
    () =>
      store.revision().then(
        () => true,
        () => false,
      ),
    'a call on a new connection',
  );
});

test('etcd: a transaction whose answer is lost is reported as failed and never repeated', async (t) => {
  const { store, direct, proxy } = await setUp(t);
  const from = (await direct.revision()) + 1;
  let lost = 0;
  for (let n = 0; n < 20; n++) {
    await store.revision();
    proxy.cutAfter(1);
    const failed = await store.commit({ then: [put(`k/${n}`)] }).then(
      () => false,
      () => true,
    );
    const entry = await direct.get(`k/${n}`);
    if (failed && entry !== undefined) lost++;
    assert.ok(failed || entry !== undefined);
  }
  assert.ok(lost > 0, 'no answer was lost after its transaction had been applied');
  await direct.commit({ then: [put('k/end')] });
  const events: string[] = [];
  for await (const batch of direct.watch('k/', from, new AbortController().signal)) {
    events.push(...batch.events.map(keyOf));
    if (events.includes('k/end')) break;
  }
  assert.deepEqual(events, [...new Set(events)]);
});

test('etcd: a watch that was cut off while its revision was compacted away is told so', async (t) => {
  const { store, direct, proxy } = await setUp(t);
  const from = (await direct.revision()) + 1;
  const watch = store.watch('w/', from, new AbortController().signal)[Symbol.asyncIterator]();
  await direct.commit({ then: [put('w/a')] });
  assert.deepEqual((await watch.next()).value?.events.map(keyOf), ['w/a']);
  proxy.refuse();
  await direct.commit({ then: [put('w/b')] });
  await direct.commit({ then: [{ delete: 'w/b' }] });
  const next = watch.next();
  await compact(await direct.revision());
  proxy.allow();
  await assert.rejects(next, CompactedError);
});

test('etcd: a compaction exactly at the next revision is told too, for etcd may have dropped a deletion there', async (t) => {
  const { store, direct, proxy } = await setUp(t);
  await direct.commit({ then: [put('w/a')] });
  const from = (await direct.revision()) + 1;
  proxy.refuse();
  const { revision } = await direct.commit({ then: [{ delete: 'w/a' }] });
  assert.equal(revision, from);
  await direct.commit({ then: [put('other')] });
  await compact(revision);
  proxy.allow();
  await assert.rejects(collect({ store }, 'w/', from, 1), CompactedError);
});

test('etcd: with several endpoints calls and watches go on where one is left', async (t) => {
  const { proxy } = await setUp(t);
  const other = await TcpProxy.start(server.endpoint);
  t.after(() => other.stop());
  const store = await EtcdStore.open({ endpoints: [proxy.endpoint, other.endpoint], prefix: 'several/', log });
  t.after(() => store.close());
  const from = (await store.revision()) + 1;
  const seen = collect({ store }, 'w/', from, 6);
  const written = async (n: number) => (await store.commit({ then: [put(`w/${n}`)] })).succeeded;
  for (const [n, dead] of [proxy, other, proxy].entries()) {
    await written(2 * n);
    dead.refuse();
    // The connection's death is told by the call that meets it.
    await until(() => written(2 * n + 1).catch(() => false), 'a call through the other endpoint');
    dead.allow();
  }
  const keys = new Set((await seen).map(keyOf));
  assert.ok(keys.size >= 5, [...keys].join(' '));
});

test('etcd: an endpoint that no longer answers on its connection costs one call, the next goes elsewhere', async (t) => {
  const { proxy } = await setUp(t);
  const other = await TcpProxy.start(server.endpoint);
  t.after(() => other.stop());
  const store = await EtcdStore.open({ endpoints: [proxy.endpoint, other.endpoint], prefix: 'frozen/', log });
  t.after(() => store.close());
  proxy.freeze();
  other.freeze();
  await assert.rejects(store.revision(), away);
  await assert.rejects(store.revision(), away);
  // Neither connection is known to be dead yet; the one that is cut is dialled anew.
  other.cut();
  await until(
    () =>
      store.revision().then(
        () => true,
        () => false,
      ),
    'a call through the other endpoint',
    5000,
  );
});

test('etcd: a freeze longer than the term ends the lease, and its holder learns of it', async (t) => {
  const { direct } = await setUp(t);
  const lease = await direct.lease(1000);
  await direct.commit({ then: [{ put: 'presence/a', value: bytes('x'), lease }] });
  server.pause();
  try {
    await sleep(2500);
  } finally {
    server.resume();
  }
  assert.ok(lease.deadlineMonotonicMs < performance.now(), 'the holder should have stopped by itself long ago');
  assert.equal(await lease.lost, 'expired');
  await until(async () => (await direct.get('presence/a')) === undefined, 'the key goes');
});

test('etcd: a lease that etcd still knows after its restart is renewed again', async (t) => {
  const { direct } = await setUp(t);
  const lease = await direct.lease(5000);
  await direct.commit({ then: [{ put: 'presence/a', value: bytes('x'), lease }] });
  await server.restart();
  const { deadlineMonotonicMs } = lease;
  await until(() => lease.deadlineMonotonicMs > deadlineMonotonicMs, 'a renewal');
  assert.ok(await direct.get('presence/a'));
});

test('etcd: a watch over a wiped etcd is told to list again', async (t) => {
  const own = await startEtcd();
  t.after(() => own.stop());
  const store = await EtcdStore.open({ endpoints: [own.endpoint], prefix: 'muster/', log });
  t.after(() => store.close());
  for (let n = 0; n < 10; n++) await store.commit({ then: [put('w/a', `${n}`)] });
  const watch = store.watch('w/', 2, new AbortController().signal)[Symbol.asyncIterator]();
  await watch.next();
  await own.kill();
  for (const file of readdirSync(own.dataDir)) rmSync(join(own.dataDir, file), { recursive: true });
  await own.restart();
  await assert.rejects(async () => {
    while (true) await watch.next();
  }, CompactedError);
  assert.equal(await store.revision(), 1);
});

test('etcd: a full etcd refuses writes, naming it, and still answers reads', async (t) => {
  const own = await startEtcd({ flags: { 'quota-backend-bytes': '3000000' } });
  t.after(() => own.stop());
  const store = await EtcdStore.open({ endpoints: [own.endpoint], prefix: 'muster/', log });
  t.after(() => store.close());
  await store.commit({ then: [put('a')] });
  await assert.rejects(
    async () => {
      // etcd notices only with its next flush, every 100 ms.
      for (let n = 0; n < 1000; n++) await store.commit({ then: [{ put: 'b', value: Buffer.alloc(200_000) }] });
    },
    { reason: 'STORE_FULL', message: new RegExp(`the store is full: etcd at ${own.endpoint}`) },
  );
  assert.ok(await store.get('a'));
});

test('etcd: opening where nothing listens fails and names the endpoint', async () => {
  const proxy = await TcpProxy.start(server.endpoint);
  const { endpoint } = proxy;
  await proxy.stop();
  await assert.rejects(EtcdStore.open({ endpoints: [endpoint], prefix: 'muster/', log }), {
    ...away,
    message: new RegExp(endpoint),
  });
  await assert.rejects(EtcdStore.open({ endpoints: [], prefix: 'muster/', log }), {
    reason: 'INVALID_FIELD',
    field: 'endpoints',
  });
  await assert.rejects(EtcdStore.open({ endpoints: ['127.0.0.1:1'], prefix: 'muster/', log, tls: {} }), {
    reason: 'INVALID_FIELD',
    field: 'endpoints',
  });
});
