import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { ExecutorEvent } from '../../../agent/executor.ts';
import { anything } from '../../../cli/job/believed.ts';
import { type FollowEvent, followJob } from '../../../cli/job/follow-job.ts';
import { readOutput } from '../../../cli/job/read-output.ts';
import type { WatchEvent__Output } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import { executionId, type JobId } from '../../../shared/ids.ts';
import { RpcClient } from '../../../shared/rpc/client.ts';
import { jobMethods } from '../../../shared/rpc/methods.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { OutputExecutor } from '../../harness/fake-output.ts';
import { type TestNode, TestReplica } from '../../harness/test-replica.ts';

type Node = TestNode & { readonly executor: OutputExecutor };

let etcd: EtcdServer;
let clusters = 0;
let a: TestReplica;
let b: TestReplica;

before(async () => {
  etcd = await startEtcd();
});
after(() => etcd.stop());

async function start(leaseTerm = '60s'): Promise<void> {
  clusters += 1;
  const store = `etcd://${etcd.endpoint}/views-two-replicas-${clusters}`;
  const args = ['--lease-term', leaseTerm, '--drain-timeout', '300ms'];
  a = await TestReplica.start({ store, name: 'a', args });
  b = await TestReplica.start({ store, name: 'b', args });
}
afterEach(async () => {
  etcd.resume();
  await Promise.all([a.close(), b.close()]);
});

/** A node that starts what it is offered, once, and says its present state where it knows it. */
async function nodeOf(replica: TestReplica, name: string): Promise<Node> {
  const node = await replica.node(name, {}, new OutputExecutor());
  node.executor.onOffer = ({ execution }) => {
    const known = node.executor.present(execution);
    if (known.length === 0) node.executor.start(execution);
    else node.executor.emit(known.at(-1) as ExecutorEvent);
  };
  return node;
}
const idOf = (job: string, node: TestNode) => executionId(job as JobId, node.uid, 1);

/** The directory of a replica is a moment behind the store. */
async function submit(replica: TestReplica, nodes: readonly TestNode[]): Promise<string> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return (await replica.submit(nodes)).id;
    } catch (error) {
      if ((error as { reason?: string }).reason !== 'UNKNOWN_NODE' || performance.now() > deadline) throw error;
    }
  }
}

/** A watch that goes on in the background. */
function watching(replica: TestReplica, jobId: string) {
  const events: WatchEvent__Output[] = [];
  const states = new Map<string, string[]>();
  const ended = (async () => {
    for await (const { event } of replica.client.stream(jobMethods.Watch, { jobId }, { timeoutMs: 60_000 })) {
      if (!event) continue;
      events.push(event as WatchEvent__Output);
      for (const { node, state } of event.executions?.executions ?? []) {
        const told = states.get(node) ?? [];
        if (told.at(-1) !== state) told.push(state);
        states.set(node, told);
      }
    }
  })();
  ended.catch(() => {});
  const shown = (): string | undefined => events.findLast(({ job }) => job)?.job?.coordinator;
  return { events, states, ended, shown };
}
const bytesOf = (events: readonly WatchEvent__Output[], node: string): string =>
  events.map(({ output }) => (output?.node === node ? output.data.toString() : '')).join('');

test('a watcher sees live states and output of a job that another replica drives, and its end', async () => {
  await start();
  const [one, two] = [await nodeOf(a, 'n-1'), await nodeOf(b, 'n-2')];
  const job = await submit(a, [one, two]);
  const { events, states, ended, shown } = watching(b, job);
  await eventually(() => states.get('n-1')?.at(-1) === 'EXECUTION_STATE_RUNNING', 'its start');
  await eventually(() => states.get('n-2')?.at(-1) === 'EXECUTION_STATE_RUNNING', 'the start of the other');
  assert.equal(shown(), 'a');
  const listed = await b.client.call(jobMethods.GetJob, { jobId: job });
  assert.deepEqual([listed.job?.coordinator, listed.job?.counts?.running], ['a', 2]);
  for (const node of [one, two]) {
    node.executor.output(idOf(job, node), 'stdout').write(`of ${node.name}`);
    await eventually(() => bytesOf(events, node.name) === `of ${node.name}`, `output of ${node.name}`);
    node.executor.finish(idOf(job, node));
  }
  await ended;
  const end = events.findLast((event) => event.job)?.job;
  assert.deepEqual([end?.state, end?.counts?.succeeded, end?.coordinator], ['JOB_STATE_CLOSED', 2, '']);
});

test('a cancel by way of any replica ends the job, and its taker says so', async () => {
  await start();
  const node = await nodeOf(a, 'n-1');
  const job = await submit(a, [node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  const { job: cancelled } = await b.client.call(jobMethods.Cancel, { jobId: job, signal: 2 });
  assert.equal(cancelled?.state, 'JOB_STATE_CANCELLING');
  await eventually(() => node.executor.cancels.length === 1, 'the cancel');
  assert.equal(node.executor.cancels[0]?.signal, 2);
  const execution = idOf(job, node);
  node.executor.emit({ execution, type: 'finished', result: { state: 'EXECUTION_STATE_CANCELLED', startedUnixMs: 1 } });
  const events = await b.watch(job, { withoutOutput: true });
  assert.equal(events.findLast((event) => event.job)?.job?.closingReason, 'cancelled');
  await assert.rejects(b.client.call(jobMethods.Cancel, { jobId: '0'.repeat(32) }), { reason: 'UNKNOWN_JOB' });
});

test('while the store is away a watch by way of another replica goes on, and so does a cancel', async () => {
  await start();
  const [one, two] = [await nodeOf(a, 'n-1'), await nodeOf(a, 'n-2')];
  const job = await submit(a, [one, two]);
  const { events, states, ended } = watching(b, job);
  await eventually(() => states.get('n-2')?.at(-1) === 'EXECUTION_STATE_RUNNING', 'the start');
  etcd.pause();
  one.executor.output(idOf(job, one), 'stdout').write('in the dark');
  one.executor.finish(idOf(job, one));
  await eventually(() => states.get('n-1')?.at(-1) === 'EXECUTION_STATE_SUCCEEDED', 'its end');
  await eventually(() => bytesOf(events, 'n-1') === 'in the dark', 'its output');
  const cancel = b.client.call(jobMethods.Cancel, { jobId: job });
  cancel.catch(() => {});
  await eventually(() => two.executor.cancels.length >= 1, 'the cancel');
  etcd.resume();
  const execution = idOf(job, two);
  for (const stream of ['stdout', 'stderr'] as const) two.executor.output(execution, stream).end();
  two.executor.emit({ execution, type: 'finished', result: { state: 'EXECUTION_STATE_CANCELLED', startedUnixMs: 1 } });
  await ended;
});

test('a watcher notices nothing when the coordinator stops and its node moves, but for the name', async () => {
  await start();
  const [one, two] = [await nodeOf(a, 'n-1'), await nodeOf(b, 'n-2')];
  const job = await submit(a, [one, two]);
  const { events, states, ended, shown } = watching(b, job);
  const stdout = one.executor.output(idOf(job, one), 'stdout');
  stdout.write('before, ');
  await eventually(() => bytesOf(events, 'n-1') === 'before, ', 'output');
  await eventually(() => states.get('n-2')?.at(-1) === 'EXECUTION_STATE_RUNNING', 'the start');
  await a.stop();
  await eventually(() => shown() === 'b', 'the next coordinator');
  two.executor.finish(idOf(job, two));
  const moved = (await b.again(one)) as Node;
  stdout.write('after');
  moved.executor.finish(idOf(job, moved));
  await ended;
  assert.equal(bytesOf(events, 'n-1'), 'before, after');
  const [ran, ended2] = [states.get('n-1'), states.get('n-2')];
  for (const told of [ran, ended2]) {
    assert.deepEqual(told?.slice(-2), ['EXECUTION_STATE_RUNNING', 'EXECUTION_STATE_SUCCEEDED']);
    assert.equal(new Set(told).size, told?.length);
  }
});

test('a client goes on at another replica when its own stops: no byte lost, none twice, no error', async () => {
  await start();
  const [one, two] = [await nodeOf(a, 'n-1'), await nodeOf(b, 'n-2')];
  const job = await submit(b, [one, two]);
  const client = new RpcClient({ servers: [a.address, b.address], startAt: 0 });
  const told: FollowEvent[] = [];
  let text = '';
  const followed = (async () => {
    for await (const event of followJob({ client, jobId: job, belief: anything, retryForMs: 30_000 })) {
      told.push(event);
      if (event.type === 'output' && event.node === 'n-2') text += event.data.toString();
    }
  })();
  followed.catch(() => {});
  const read = (async () => {
    const reader = new RpcClient({ servers: [a.address, b.address], startAt: 0 });
    const options = { jobId: job, node: 'n-2', stream: 'stdout', from: 0, follow: true, retryForMs: 30_000 } as const;
    let bytes = '';
    for await (const piece of readOutput({ client: reader, ...options }))
      if (piece.type === 'output') bytes += piece.data.toString();
    reader.close();
    return bytes;
  })();
  read.catch(() => {});
  const stdout = two.executor.output(idOf(job, two), 'stdout');
  stdout.write('0123456789');
  await eventually(() => text === '0123456789', 'the first half');
  await eventually(() => stdout.open >= 1, 'the readers');
  await a.stop();
  stdout.write('abcdef');
  two.executor.finish(idOf(job, two));
  const moved = (await b.again(one)) as Node;
  moved.executor.finish(idOf(job, moved));
  await followed;
  assert.equal(await read, '0123456789abcdef');
  client.close();
  assert.equal(text, '0123456789abcdef');
  const ends = told.flatMap((event) =>
    event.type === 'execution' && event.execution.state === 'EXECUTION_STATE_SUCCEEDED' ? [event.execution.node] : [],
  );
  assert.deepEqual(ends.sort(), ['n-1', 'n-2']);
  assert.deepEqual(
    told.filter(({ type }) => type === 'gap' || type === 'unavailable' || type === 'reconnecting'),
    [],
  );
});

test('a read follows its node to another replica by offset', async () => {
  await start();
  const node = await nodeOf(a, 'n-1');
  const job = await submit(a, [node]);
  const stdout = node.executor.output(idOf(job, node), 'stdout');
  stdout.write('0123');
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  let bytes = '';
  const call = { jobId: job, node: 'n-1', stream: 'OUTPUT_STREAM_STDOUT', follow: true } as const;
  const read = (async () => {
    for await (const { chunk } of b.client.stream(jobMethods.ReadOutput, call, { timeoutMs: 60_000 }))
      bytes += chunk?.data?.toString() ?? '';
  })();
  read.catch(() => {});
  await eventually(() => bytes === '0123', 'the beginning');
  await node.connection.close();
  const moved = (await b.again(node)) as Node;
  stdout.write('4567');
  moved.executor.finish(idOf(job, moved));
  await read;
  assert.equal(bytes, '01234567');
});
