import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { WatchEvent__Output } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import { type ExecutionId, executionId, type JobId } from '../../../shared/ids.ts';
import { clusterMethods, jobMethods } from '../../../shared/rpc/methods.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { OutputExecutor } from '../../harness/fake-output.ts';
import { type TestNode, TestReplica } from '../../harness/test-replica.ts';

let etcd: EtcdServer;
let a: TestReplica;
let b: TestReplica;
let clusters = 0;

before(async () => {
  etcd = await startEtcd();
});
after(() => etcd.stop());
beforeEach(async () => {
  clusters += 1;
  const store = `etcd://${etcd.endpoint}/peers-${clusters}`;
  a = await TestReplica.start({ store, name: 'a' });
  b = await TestReplica.start({ store, name: 'b' });
});
afterEach(() => Promise.all([a.close(), b.close()]));

const idOf = (job: string, node: TestNode): ExecutionId => executionId(job as JobId, node.uid, 1);

async function nodeAt(replica: TestReplica) {
  const node = await replica.node('n', {}, new OutputExecutor());
  node.executor.onOffer = ({ execution }) => {
    if (node.executor.present(execution).length === 0) node.executor.start(execution);
  };
  return node;
}

/** Status of `replica` as `at` knows it, when it holds so many sessions. */
async function knows(at: TestReplica, replica: string, sessions: number): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const { replicas } = await at.client.call(clusterMethods.ListReplicas, {});
    if (replicas?.some((each) => each?.name === replica && Number(each.sessions) === sessions)) return;
    assert.ok(performance.now() < deadline, `waited in vain for ${replica}: ${JSON.stringify(replicas)}`);
  }
}

test('a watcher on one replica gets the output of a node that another one holds, also after the node has moved', async () => {
  const node = await nodeAt(b);
  await knows(a, 'b', 1);
  const { id } = await b.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  const stdout = node.executor.output(idOf(id, node), 'stdout');
  const half = Buffer.alloc(700_000, 'first half ');
  stdout.write(half);
  const events: WatchEvent__Output[] = [];
  const watched = (async () => {
    for await (const { event } of a.client.stream(jobMethods.Watch, { jobId: id }, { timeoutMs: 40_000 })) {
      if (event) events.push(event as WatchEvent__Output);
    }
  })();
  watched.catch(() => {});
  const got = (): Buffer =>
    Buffer.concat(
      events.map(({ output }) => (output?.stream === 'OUTPUT_STREAM_STDOUT' ? output.data : Buffer.alloc(0))),
    );
  await eventually(() => got().length === half.length, 'the first half');
  await node.connection.close();
  const again = await a.again(node);
  stdout.write(' and the second');
  await eventually(() => got().length > half.length, 'the second half');
  await again.connection.close();
  await b.again(node);
  stdout.write(', back again');
  node.executor.finish(idOf(id, node));
  await watched;
  assert.ok(got().equals(Buffer.concat([half, Buffer.from(' and the second, back again')])));
});

test('output of a job that is over is read through any replica', async () => {
  const node = await nodeAt(b);
  const { id } = await b.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  node.executor.output(idOf(id, node), 'stdout').write('all of it');
  node.executor.finish(idOf(id, node));
  await b.watch(id);
  await knows(a, 'b', 1);
  let text = '';
  const request = { jobId: id, node: 'n', stream: 'OUTPUT_STREAM_STDOUT' as const };
  for await (const { chunk } of a.client.stream(jobMethods.ReadOutput, request, { timeoutMs: 30_000 })) {
    text += chunk?.data?.toString() ?? '';
  }
  assert.equal(text, 'all of it');
});
