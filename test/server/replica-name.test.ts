import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Replica } from '../../server/replica.ts';
import { parseReplicaSettings } from '../../server/settings.ts';
import { EtcdStore } from '../../server/store/etcd/etcd-store.ts';
import { keys } from '../../server/store/keys.ts';
import { values } from '../../server/store/values.ts';
import { systemClock } from '../../shared/time.ts';
import { silent } from '../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../harness/etcd.ts';
import { until } from './store/conformance/bench.ts';

let etcd: EtcdServer;
before(async () => {
  etcd = await startEtcd();
});
after(() => etcd.stop());

const start = (name: string, prefix: string): Promise<Replica> => {
  const listen = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--drain-timeout', '0ms', '--lease-term', '2s'];
  const argv = [...listen, '--store', `etcd://${etcd.endpoint}/${prefix}`, '--name', name];
  return Replica.start({ settings: parseReplicaSettings(argv, {}), clock: systemClock, log: silent });
};

test('a second replica of a name is refused while the first answers, and its own name is free again when it has gone', async (t) => {
  const first = await start('a', 'name-1');
  t.after(() => first.stop());
  await assert.rejects(start('a', 'name-1'), {
    reason: 'REPLICA_NAME_TAKEN',
    message: new RegExp(`a replica named a runs at ${first.address}`),
  });
  const other = await start('b', 'name-1');
  await other.stop();
  const again = await start('b', 'name-1');
  await again.stop();
});

test('the record of a process that is gone is overwritten; one whose record another process overwrites is fenced and ends', async (t) => {
  const store = await EtcdStore.open({ endpoints: [etcd.endpoint], prefix: 'name-2/', log: silent });
  t.after(() => store.close());
  const record = (incarnation: string, address: string) =>
    store.commit({
      then: [{ put: keys.replica('a'), value: values.replica.encode({ name: 'a', address, incarnation }) }],
    });
  await record('of a process that crashed', '127.0.0.1:9');
  const replica = await start('a', 'name-2');
  t.after(() => replica.stop());
  const own = await store.get(keys.replica('a'));
  assert.equal(values.replica.decode(own?.value ?? Buffer.alloc(0)).address, replica.address);
  // Behind its back, as by an operator's hand: it is there again.
  await store.commit({ then: [{ delete: keys.replica('a') }] });
  await until(async () => (await store.get(keys.replica('a'))) !== undefined, 'its record again');
  await record('of another process', '127.0.0.1:10');
  assert.match((await replica.failed).message, /127\.0\.0\.1:10 has taken the name a/);
  const ready = await fetch(`http://${replica.httpAddress}/readyz`);
  assert.equal(ready.status, 503, 'a fenced replica wants no calls');
});
