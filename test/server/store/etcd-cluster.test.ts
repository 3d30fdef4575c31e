import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { EtcdStore } from '../../../server/store/etcd/etcd-store.ts';
import { openStore } from '../../../server/store/open.ts';
import { readStoreTls } from '../../../server/store/store-tls.ts';
import { createLog } from '../../../shared/log.ts';
import { type EtcdCluster, startEtcdCluster } from '../../harness/etcd-cluster.ts';
import { TcpProxy } from '../../harness/tcp-proxy.ts';
import { type Bench, collect, keyOf, put, until } from './conformance/bench.ts';
import { conformance } from './conformance.ts';

const log = createLog('test', 'silent');

let cluster: EtcdCluster;
let prefixes = 0;
let turns = 0;
before(async () => {
  cluster = await startEtcdCluster({ tls: true });
});
after(async () => {
  await restarting;
  await cluster.stop();
});

let restarting: Promise<void> | undefined;

/** One member at a time, so that the others stay a majority. */
function restartNext(): Promise<void> {
  restarting ??= (cluster.members[turns++ % cluster.members.length] ?? assert.fail('no member'))
    .restart()
    .finally(() => {
      restarting = undefined;
    });
  return restarting;
}

const open = async (test: TestContext, store: string): Promise<EtcdStore> => {
  const { ca, cert, key } = cluster.certs ?? assert.fail('no certificates');
  const tls = await readStoreTls(store, { storeCa: ca, storeCert: cert, storeKey: key });
  const opened = await openStore({ store, log, ...(tls && { tls }) });
  test.after(() => opened.close());
  return opened as EtcdStore;
};

/** As seen by a replica: three members with TLS, of which one or another dies on the way. */
async function setUp(test: TestContext): Promise<Bench> {
  // That of the test before may be the leader's; an election is not what this one is about.
  await restarting;
  const prefix = `test-${prefixes++}`;
  const proxies = await Promise.all(cluster.endpoints.map((endpoint) => TcpProxy.start(endpoint)));
  test.after(() => Promise.all(proxies.map((proxy) => proxy.stop())));
  // By name: Node refuses TLS to an address.
  const endpoints = proxies.map(({ endpoint }) => endpoint.replace('127.0.0.1', 'localhost'));
  return {
    store: await open(test, `etcds://${endpoints.join(',')}/${prefix}`),
    client: () => open(test, cluster.storeUrl(prefix)),
    restart: restartNext,
    interrupt: async () => void restartNext(),
    compact: () => cluster.compact(),
    starve: () => {
      for (const proxy of proxies) proxy.refuse();
      return {
        relent: () => {
          for (const proxy of proxies) proxy.allow();
        },
      };
    },
  };
}

conformance('etcd of three members with TLS', setUp);

test('three members with TLS: while any one of them is dead, writes and watches go on, each event once', async (t) => {
  const store = await open(t, cluster.storeUrl('members'));
  const from = (await store.revision()) + 1;
  const seen = collect({ store }, 'w/', from, 3);
  for (const [n, member] of cluster.members.entries()) {
    await member.kill();
    const written = (): Promise<boolean> =>
      store.commit({ if: [{ key: `w/${n}`, exists: false }], then: [put(`w/${n}`)] }).then(
        () => true,
        () => false,
      );
    await until(written, `a commit without member ${n}`);
    await member.restart();
  }
  assert.deepEqual((await seen).map(keyOf), ['w/0', 'w/1', 'w/2']);
});

test('three members with TLS: a client without the authority or without a certificate is not let in', async () => {
  const { ca } = cluster.certs ?? assert.fail('no certificates');
  const store = cluster.storeUrl('members');
  for (const files of [{}, { storeCa: ca }]) {
    const tls = (await readStoreTls(store, files)) ?? {};
    await assert.rejects(EtcdStore.open({ endpoints: cluster.endpoints, prefix: 'members/', log, tls }), {
      reason: 'STORE_UNAVAILABLE',
    });
  }
});
