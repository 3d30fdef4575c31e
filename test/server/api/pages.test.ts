import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { WatchEvent, WatchEvent__Output } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import type { Target } from '../../../server/jobs/job-store.ts';
import { JobProgress } from '../../../server/jobs/progress.ts';
import { Watcher } from '../../../server/jobs/views/watch.ts';
import { values } from '../../../server/store/values.ts';
import type { MusterError } from '../../../shared/errors.ts';
import { executionId, type JobId, newNodeUid } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { jobMethods, nodeMethods } from '../../../shared/rpc/methods.ts';
import { codec } from '../../../shared/rpc/proto.ts';
import { systemClock } from '../../../shared/time.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { type TestNode, TestReplica } from '../../harness/test-replica.ts';
import { allHere } from '../jobs/view-fakes.ts';

const events = codec<WatchEvent, WatchEvent__Output>('muster.v1.WatchEvent');
let replica: TestReplica;
let node: TestNode;
/** A job that is over, and had output. */
let job: string;

before(async () => {
  replica = await TestReplica.start();
  node = await replica.node('web-1', { role: 'web' });
  node.executor.onOffer = ({ execution }) => {
    const result = {
      state: 'EXECUTION_STATE_SUCCEEDED',
      exitCode: 0,
      startedUnixMs: 1,
      stdout: { bytes: 10 },
    } as const;
    node.executor.emit({ execution, type: 'finished', result });
  };
  job = (await replica.submit([node])).id;
  await eventually(() => node.executor.releases.length === 1, 'the release');
});
after(() => replica.close());

test('nodes come in pages that hold when a node of the page before is gone', async () => {
  const names = ['p-1', 'p-2', 'p-3', 'p-10', 'p-11'];
  const nodes: TestNode[] = [];
  for (const name of names) nodes.push(await replica.node(name, { page: 'yes' }));
  const seen: string[] = [];
  const request = { selector: 'page', pageSize: 2 };
  const first = await replica.client.call(nodeMethods.ListNodes, request);
  seen.push(...(first.nodes ?? []).map((one) => one.name as string));
  await nodes[1]?.connection.close();
  for (let gone = false; !gone; ) {
    gone = await replica.client.call(nodeMethods.RemoveNode, { node: 'p-2' }).then(
      () => true,
      () => false,
    );
  }
  let token = first.nextPageToken as string;
  while (token !== '') {
    const page = await replica.client.call(nodeMethods.ListNodes, { ...request, pageToken: token });
    seen.push(...(page.nodes ?? []).map((one) => one.name as string));
    token = page.nextPageToken as string;
  }
  assert.deepEqual(seen, names);
  await Promise.all(nodes.map(({ connection }) => connection.close()));
});

test('jobs and executions come in pages, each once', async () => {
  const ids: string[] = [job];
  for (let n = 0; n < 4; n += 1) ids.push((await replica.submit([node])).id);
  const seen: string[] = [];
  let token = '';
  do {
    const page = await replica.client.call(jobMethods.ListJobs, { pageSize: 2, pageToken: token });
    seen.push(...(page.jobs ?? []).map((one) => one.id as string));
    token = page.nextPageToken as string;
  } while (token !== '');
  assert.deepEqual([...seen].sort(), [...ids].sort());
  const { executions, nextPageToken } = await replica.client.call(jobMethods.ListExecutions, {
    jobId: job,
    pageSize: 1,
  });
  assert.deepEqual([executions?.length, nextPageToken], [1, '']);
  assert.equal(executions?.[0]?.id, executionId(job as JobId, node.uid, 1));
});

test('a page of jobs ends early where their orders are large, and goes on behind it', async () => {
  const env = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`A${n}`, 'x'.repeat(1000)]));
  const ids: string[] = [];
  for (let n = 0; n < 30; n += 1) ids.push((await replica.submit([node], { command: { argv: ['true'], env } })).id);
  const seen: string[] = [];
  let pages = 0;
  let token = '';
  do {
    const page = await replica.client.call(jobMethods.ListJobs, { pageSize: 100, pageToken: token });
    seen.push(...(page.jobs ?? []).map((one) => one.id as string));
    token = page.nextPageToken as string;
    pages += 1;
  } while (token !== '');
  assert.ok(pages >= 2);
  assert.equal(new Set(seen).size, seen.length);
  for (const id of ids) assert.ok(seen.includes(id));
});

test('output of an execution whose start is not known is read from its node all the same', async () => {
  const one = await replica.node('startless-1');
  one.executor.onOffer = ({ execution }) => {
    const stdout = { bytes: 3 };
    one.executor.emit({ execution, type: 'finished', result: { state: 'EXECUTION_STATE_CANCELLED', stdout } });
  };
  const { id } = await replica.submit([one]);
  await eventually(() => one.executor.releases.length === 1, 'the release');
  const chunks: unknown[] = [];
  const request = { jobId: id, node: 'startless-1', stream: 'OUTPUT_STREAM_STDOUT' } as const;
  // The node is asked; this one no longer has it.
  for await (const { chunk } of replica.client.stream(jobMethods.ReadOutput, request)) chunks.push(chunk?.unavailable);
  assert.deepEqual(chunks, ['unknown-execution']);
});

test('executions with long results come in messages that every client takes, each once', async () => {
  const count = 600;
  const targets = Array.from({ length: count }, (_, n) => ({ uid: newNodeUid(), name: `n-${n}` }));
  const progress = longResults(targets);
  const sizes: number[] = [];
  const seen: (string | undefined)[] = [];
  const watcher = new Watcher({
    ...{ progress, outputs: undefined, resume: new Map(), clock: systemClock, signal: new AbortController().signal },
    ...{ nodes: allHere, coordinator: () => '' },
    send: async (event) => {
      sizes.push(events.encode(event).length);
      for (const { node } of event.executions?.executions ?? []) seen.push(node);
    },
  });
  await watcher.run();
  assert.ok(Math.max(...sizes) < 2.1 * 1024 * 1024, `${Math.max(...sizes)} bytes`);
  assert.deepEqual(
    seen,
    targets.map(({ name }) => name),
  );
});

/** A closed job whose every execution failed with as much to say as a result may. */
function longResults(targets: readonly Target[]): JobProgress {
  const plan = { root: planRoot(targets.map(({ uid }) => uid)), count: targets.length };
  const { bytes, order } = buildOrder({ command: { argv: ['true'] }, plan, createdUnixMs: 1 });
  const record = values.state.decode(values.state.encode({ state: 'closed' }));
  const stored = { traceparent: '', targetChunks: 1, stdinChunks: 0, stateRevision: 1, submittedUnixMs: 1 };
  const job = { id: order.id, orderBytes: bytes, signature: Buffer.alloc(0), record, ...stored };
  const progress = new JobProgress({ job, order, targets });
  const state = 'EXECUTION_STATE_FAILED';
  const gaps = Array.from({ length: 64 }, (_, n) => ({ from: 2 * n, until: 2 * n + 1, reason: 'r'.repeat(64) }));
  const result = {
    state,
    stderrTail: Buffer.alloc(4096),
    message: '€'.repeat(1024),
    stdout: { bytes: 1, gaps },
  } as const;
  for (const index of targets.keys()) progress.raise(index, state, { result });
  return progress;
}

test('a deadline that passes ends the call, and the replica serves on', async () => {
  const away = await replica.node('slow-1');
  away.executor.onOffer = ({ execution }) => away.executor.accept(execution);
  const { id } = await replica.submit([away]);
  await assert.rejects(async () => {
    for await (const _ of replica.client.stream(jobMethods.Watch, { jobId: id }, { timeoutMs: 300 }));
  });
  await assert.rejects(replica.client.call(jobMethods.GetJob, { jobId: id }, { timeoutMs: 0 }));
  assert.equal((await replica.client.call(jobMethods.GetJob, { jobId: id })).job?.id, id);
});

test('a page token of all jobs is none of open ones', async () => {
  const request = { openOnly: true, pageToken: 'zz' };
  await assert.rejects(
    replica.client.call(jobMethods.ListJobs, request),
    (error: MusterError) => error.field === 'page_token',
  );
});
