import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Connection } from '../../../agent/connection.ts';
import { anything } from '../../../cli/job/believed.ts';
import { type FollowEvent, followJob } from '../../../cli/job/follow-job.ts';
import { executionId, newNodeUid } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { RpcClient } from '../../../shared/rpc/client.ts';
import { jobMethods } from '../../../shared/rpc/methods.ts';
import { connect, eventually } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { OutputExecutor } from '../../harness/fake-output.ts';
import { ProcessCluster } from '../../harness/process-cluster.ts';

let etcd: EtcdServer;
let cluster: ProcessCluster;
let client: RpcClient;
let connection: Connection | undefined;
const stop = new AbortController();

before(async () => {
  etcd = await startEtcd();
  const url = `etcd://${etcd.endpoint}/orphaned`;
  // So long that nobody adopts the job before the test is over.
  cluster = await ProcessCluster.start({ agents: 0, stores: [url, url], replicaFlags: ['--lease-term', '60s'] });
  client = new RpcClient({ servers: [cluster.addresses[0] as string] });
});
after(async () => {
  stop.abort(new Error('enough'));
  client.close();
  await connection?.close();
  await cluster.close();
  await etcd.stop();
});

test('output flows to whoever watches or reads while nobody coordinates the job, its coordinator killed a moment ago', async () => {
  const [first, second] = cluster.addresses as [string, string];
  const executor = new OutputExecutor();
  const uid = newNodeUid();
  const identity = { name: 'n', uid, bootId: 'boot', version: '0.0.0', labels: {}, facts: {}, capabilities: [] };
  let sessions = 0;
  executor.onOffer = ({ execution }) => {
    if (executor.present(execution).length === 0) executor.start(execution);
  };
  // One that dials the replica that dies first.
  connection = connect([first], executor, { identity, onLive: () => (sessions += 1) });
  await eventually(() => sessions === 1, 'the session');
  const plan = { root: planRoot([uid]), count: 1 };
  const submit = async () => {
    const { order, bytes } = buildOrder({ command: { argv: ['true'] }, plan, createdUnixMs: Date.now() });
    await client.call(jobMethods.Submit, { order: bytes, targets: [uid] });
    return { id: order.id, stdout: executor.output(executionId(order.id, uid, 1), 'stdout') };
  };
  const [watched, unwatched] = [await submit(), await submit()];
  await eventually(() => executor.offers.length === 2, 'the offers');
  for (const { stdout } of [watched, unwatched]) stdout.write('before ');

  /** A client that begins with one of the replicas, and goes on with the other. */
  const following = (servers: readonly string[]) => {
    const events: FollowEvent[] = [];
    const follower = new RpcClient({ servers, startAt: 0 });
    const options = { client: follower, jobId: watched.id, belief: anything, retryForMs: 60_000, signal: stop.signal };
    const ended = (async () => {
      for await (const event of followJob(options)) events.push(event);
    })();
    ended.catch(() => {}).finally(() => follower.close());
    return () => events.map((event) => (event.type === 'output' ? event.data.toString() : '')).join('');
  };
  const [staying, moving] = [following([second]), following([first, second])];
  await eventually(() => staying() === 'before ' && moving() === 'before ', 'the beginning');
  await cluster.replicas[0]?.end('SIGKILL');
  await connection.close();
  connection = connect([second], executor, { identity, onLive: () => (sessions += 1) });
  await eventually(() => sessions === 2, 'the next session');
  for (const { stdout } of [watched, unwatched]) stdout.write('after');
  await eventually(() => staying() === 'before after', 'output for who has stayed');
  await eventually(() => moving() === 'before after', 'output for who came from the replica that died');

  const survivor = new RpcClient({ servers: [second] });
  const { job } = await survivor.call(jobMethods.GetJob, { jobId: unwatched.id });
  assert.equal(job?.state, 'JOB_STATE_OPEN');
  // Of that one the replica that is left has heard nothing but what the store has.
  let read = '';
  const request = { jobId: unwatched.id, node: 'n', stream: 'OUTPUT_STREAM_STDOUT', from: 7 } as const;
  for await (const { chunk } of survivor.stream(jobMethods.ReadOutput, request, { timeoutMs: 30_000 }))
    read += chunk?.data?.toString() ?? '';
  assert.equal(read, 'after');
  survivor.close();
});
