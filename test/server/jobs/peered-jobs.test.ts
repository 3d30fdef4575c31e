import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { JobStore } from '../../../server/jobs/job-store.ts';
import { keys } from '../../../server/store/keys.ts';
import type { Store } from '../../../server/store/store.ts';
import type { MusterError } from '../../../shared/errors.ts';
import { executionId, type JobId, newJobId } from '../../../shared/ids.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { JobsReplica, link, PlayedNode, temporaryStore } from './jobs-world.ts';

let store: Store;
let stored: JobStore;
let a: JobsReplica;
let b: JobsReplica;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  store = await temporaryStore((close) => closing.push(close));
  stored = new JobStore({ store });
  a = await JobsReplica.start('a', store);
  b = await JobsReplica.start('b', store);
  closing.push(
    () => a.close(),
    () => b.close(),
  );
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const nodesOn = (replica: JobsReplica, count: number): PlayedNode[] =>
  Array.from({ length: count }, () => {
    const node = new PlayedNode();
    replica.connect(node);
    return node;
  });
async function closed(job: string, capMs = 60_000): Promise<Record<string, number>> {
  const deadline = performance.now() + capMs;
  for (;;) {
    const record = (await stored.get(job as JobId))?.record;
    if (record?.state === 'closed') return { ...record.counts };
    assert.ok(performance.now() < deadline, 'waited in vain for the job to close');
  }
}
async function results(job: string): Promise<number[]> {
  const targets: number[] = [];
  for await (const { target } of stored.results(job as JobId)) targets.push(target);
  return targets;
}

for (const maxConcurrency of [64, 1000]) {
  test(`a job of 10,000 nodes held elsewhere, ${maxConcurrency} at once, costs at most a commit for 64 nodes and 4 a second`, async () => {
    const nodes = nodesOn(b, 10_000);
    link(a, b);
    const begunMs = performance.now();
    const before = a.store.commits.length + b.store.commits.length;
    let running = 0;
    let most = 0;
    for (const node of nodes) {
      node.onStart = (execution) => {
        running += 1;
        most = Math.max(most, running);
        setImmediate(() => {
          running -= 1;
          node.finish(execution);
        });
      };
    }
    const job = await a.submit(nodes, { rollout: { maxConcurrency: { count: maxConcurrency } } });
    assert.equal((await closed(job)).SUCCEEDED, 10_000);
    const commits = a.store.commits.length + b.store.commits.length - before;
    const bound = 10_000 / 64 + (4 * (performance.now() - begunMs)) / 1000;
    assert.ok(commits <= bound, `${commits} commits, allowed are ${bound}`);
    assert.ok(most <= maxConcurrency, `${most} at once`);
    assert.equal(new Set(await results(job)).size, 10_000);
  });
}

test('a coordinator dies: the concurrency is kept by the next one, and nothing starts twice', async () => {
  const nodes = nodesOn(b, 30);
  link(a, b);
  const running = new Map<PlayedNode, string>();
  for (const node of nodes) node.onStart = (execution) => void running.set(node, execution);
  const job = await a.submit(nodes, { rollout: { maxConcurrency: { count: 8 } } });
  await eventually(() => running.size === 8, 'eight starts');
  await a.die();
  await eventually(() => b.jobs.open === 1, 'the adoption');
  let ended = 0;
  while (ended < 30) {
    await eventually(() => running.size > 0, 'more starts');
    assert.ok(running.size <= 8, `${running.size} at once`);
    const [[node, execution] = []] = running;
    if (!node || !execution) continue;
    running.delete(node);
    node.finish(executionId(job as JobId, node.uid, 1));
    ended += 1;
  }
  assert.equal((await closed(job)).SUCCEEDED, 30);
  assert.deepEqual(
    nodes.map(({ started }) => started.length),
    Array(30).fill(1),
  );
});

test('a job whose budget was spent is adopted as such: nothing more starts', async () => {
  const nodes = nodesOn(b, 6);
  link(a, b);
  for (const node of nodes) node.onStart = () => {};
  const job = await a.submit(nodes, { rollout: { maxConcurrency: { count: 2 }, maxErrors: { count: 0 } } });
  await eventually(() => nodes.filter(({ started }) => started.length > 0).length === 2, 'two starts');
  // Its results can't be stored, so that only the record says what happened.
  a.store.fault = (transaction) =>
    transaction.then.some((one) => 'put' in one && one.put.startsWith(keys.resultPrefix(job as JobId)))
      ? 'reject'
      : undefined;
  nodes[0]?.finish(executionId(job as JobId, nodes[0].uid, 1), 'EXECUTION_STATE_FAILED');
  const deadline = performance.now() + 20_000;
  while ((await stored.get(job as JobId))?.record.state !== 'stopping') assert.ok(performance.now() < deadline);
  const gone = nodes[0] as PlayedNode;
  b.disconnect(gone);
  await a.die();
  await eventually(() => b.jobs.open === 1, 'the adoption');
  nodes[1]?.finish(executionId(job as JobId, nodes[1].uid, 1));
  b.connect(gone, 2);
  gone.finish(executionId(job as JobId, gone.uid, 1), 'EXECUTION_STATE_FAILED');
  const counts = await closed(job);
  assert.deepEqual([counts.FAILED, counts.SUCCEEDED, counts.CANCELLED], [1, 1, 4]);
  assert.equal(nodes.filter(({ started }) => started.length > 0).length, 2);
});

test('a node that was away gets one current command of forty, and the others end as superseded', async () => {
  const node = new PlayedNode();
  const jobs: string[] = [];
  for (let n = 0; n < 40; n += 1) jobs.push(await (n % 2 ? a : b).submit([node], { latestKey: 'config' }));
  link(a, b);
  for (const job of jobs.slice(0, -1)) assert.equal((await closed(job)).SKIPPED, 1);
  b.connect(node);
  assert.equal((await closed(jobs.at(-1) as string)).SUCCEEDED, 1);
  assert.deepEqual(node.started, [executionId(jobs.at(-1) as JobId, node.uid, 1)]);
  const { entries } = await store.list(keys.allLatestPrefix);
  const open = await stored.openJobs();
  assert.deepEqual(open, []);
  assert.ok(entries.length < 40);
  assert.equal((await stored.get(jobs[0] as JobId))?.record.reason, 'superseded');
});

test('an order whose newer twin is there already when it is adopted never starts', async () => {
  const node = new PlayedNode();
  node.onStart = () => {};
  const older = await a.submit([node], { latestKey: 'config' });
  a.freeze();
  const newer = await b.submit([node], { latestKey: 'config' });
  b.connect(node);
  await eventually(() => node.started.length === 1, 'the start');
  await a.die();
  // It may have been offered, for all that is known: only its agent may end it.
  assert.equal((await closed(older)).CANCELLED, 1);
  assert.deepEqual(node.started, [executionId(newer as JobId, node.uid, 1)]);
  node.finish(executionId(newer as JobId, node.uid, 1));
  assert.equal((await closed(newer)).SUCCEEDED, 1);
});

test('a newer order has its nodes at once, though an older one waits for them here', async () => {
  const node = new PlayedNode();
  const older = await a.submit([node], { latestKey: 'config' });
  const newer = await a.submit([node], { latestKey: 'config' });
  a.connect(node);
  assert.equal((await closed(newer)).SUCCEEDED, 1);
  assert.equal((await closed(older)).SKIPPED, 1);
  assert.deepEqual(node.started, [executionId(newer as JobId, node.uid, 1)]);
});

test('a replica that stops has its jobs adopted by the others, each by one of them', async () => {
  const c = await JobsReplica.start('c', store);
  closing.push(() => c.close());
  const node = new PlayedNode();
  for (let n = 0; n < 20; n += 1) await a.submit([node]);
  await a.jobs.close();
  await eventually(() => b.jobs.open + c.jobs.open === 20, 'the adoptions');
  assert.ok(b.jobs.open > 0 && c.jobs.open > 0, `${b.jobs.open} and ${c.jobs.open}`);
});

test('a store that was found wiped takes no jobs, keeps results of jobs it lost, and releases them', async () => {
  const [node] = nodesOn(a, 1);
  assert.ok(node);
  a.cluster.unconfirmed = true;
  a.cluster.mayHaveLostJobs = true;
  await assert.rejects(a.submit([node]), (error: MusterError) => error.reason === 'STORE_UNCONFIRMED');
  const lost = executionId(newJobId(), node.uid, 1);
  node.finish(lost);
  await eventually(() => node.released.includes(lost), 'the release');
  assert.ok(await store.get(keys.lostResult(lost)));
  // Agents come back when they do, long after an operator has confirmed it; or it was restored, and never was unconfirmed.
  a.cluster.unconfirmed = false;
  const later = executionId(newJobId(), node.uid, 1);
  node.finish(later);
  await eventually(() => node.released.includes(later), 'the release');
  assert.ok(await store.get(keys.lostResult(later)));
  a.cluster.mayHaveLostJobs = false;
  const unknown = executionId(newJobId(), node.uid, 1);
  node.finish(unknown);
  await eventually(() => node.released.includes(unknown), 'the release');
  assert.equal(await store.get(keys.lostResult(unknown)), undefined);
});
