import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { WatchEvent__Output } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import { keys } from '../../../server/store/keys.ts';
import { values } from '../../../server/store/values.ts';
import type { MusterError } from '../../../shared/errors.ts';
import { executionId, type JobId, newJobId } from '../../../shared/ids.ts';
import { jobMethods } from '../../../shared/rpc/methods.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { FaultyReplica } from '../../harness/faulty-replica.ts';
import { type TestNode, TestReplica } from '../../harness/test-replica.ts';

let cluster: TestReplica;
let replica: FaultyReplica;

beforeEach(async () => {
  cluster = await TestReplica.start({
    start: async (settings) => {
      replica = await FaultyReplica.start(settings);
      return replica;
    },
  });
});
afterEach(() => cluster.close());

const idOf = (job: string, node: TestNode) => executionId(job as JobId, node.uid, 1);
/** Accepts what is new; of what it knows it says the present state, as an agent does. */
const tellsAgain = ({ executor }: TestNode): void => {
  executor.onOffer = ({ execution }) => {
    const known = executor.present(execution);
    if (known.length === 0) executor.accept(execution);
    else if (known.some(({ type }) => type === 'finished')) executor.succeed(execution);
  };
};
const closing = (events: readonly WatchEvent__Output[]) => events.findLast((event) => event.job)?.job;
const unavailable = (error: MusterError): boolean => error.reason === 'STORE_UNAVAILABLE';
async function storedResults(job: string): Promise<number[]> {
  const targets: number[] = [];
  for await (const { target } of replica.jobs.stored.results(job as JobId)) targets.push(target);
  return targets;
}

test('a cancel overtaken by a step of offers is not undone by it', async () => {
  const node = await cluster.node('n');
  node.executor.onOffer = ({ execution }) => node.executor.accept(execution);
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  await cluster.client.call(jobMethods.Cancel, { jobId: id, signal: 2, graceMs: 5 });
  const stored = await replica.jobs.stored.get(id as JobId);
  assert.deepEqual(
    [stored?.record.state, stored?.record.cancelSignal, stored?.record.cancelGraceMs],
    ['cancelling', 2, 5],
  );
  assert.equal(stored?.record.offeredBelow, 1);
});

test('a store that is away refuses submits at once, and results wait for it on their agents', async () => {
  const node = await cluster.node('n');
  node.executor.onOffer = ({ execution }) => node.executor.accept(execution);
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  replica.store.down = true;
  await assert.rejects(cluster.submit([node]), unavailable);
  node.executor.succeed(idOf(id, node));
  await eventually(() => replica.jobs.open === 1 && node.executor.present(idOf(id, node)).length === 2, 'the result');
  assert.equal(node.executor.releases.length, 0);
  replica.store.down = false;
  await eventually(() => node.executor.releases.length === 1, 'the release');
  assert.deepEqual(await storedResults(id), [0]);
});

test('a fenced replica starts and writes nothing, and goes on by itself when it is no longer', async () => {
  const nodes = [await cluster.node('a'), await cluster.node('b')];
  for (const { executor } of nodes) executor.onOffer = ({ execution }) => executor.accept(execution);
  const [first, second] = nodes;
  assert.ok(first && second);
  const { id } = await cluster.submit(nodes, { rollout: { maxConcurrency: { count: 1 } } });
  await eventually(() => first.executor.offers.length === 1, 'the offer');
  replica.store.fenced = true;
  const before = replica.store.commits.length;
  first.executor.succeed(idOf(id, first));
  await assert.rejects(cluster.submit([first]), unavailable);
  assert.equal(second.executor.offers.length, 0);
  assert.equal(first.executor.releases.length, 0);
  assert.equal(replica.store.commits.length, before);
  replica.store.fenced = false;
  await eventually(() => second.executor.offers.length === 1, 'the next offer');
  await eventually(() => first.executor.releases.length === 1, 'the release');
});

test('deadlines that pass while the replica is fenced end and close nothing until it is not', async () => {
  const [here, gone] = [await cluster.node('a'), await cluster.node('b')];
  here.executor.onOffer = ({ execution }) => here.executor.accept(execution);
  await gone.connection.close();
  await eventually(() => replica.fleet.size === 1, 'one session');
  const jobDeadlineUnixMs = Date.now() + 60_000;
  const { id } = await cluster.submit([here, gone], { deliverWithinMs: 50_000, jobDeadlineUnixMs });
  await eventually(() => here.executor.offers.length === 1, 'the offer');
  replica.store.fenced = true;
  const before = replica.store.commits.length;
  replica.clock.jump(61_000);
  const { job } = await cluster.client.call(jobMethods.GetJob, { jobId: id });
  assert.deepEqual([job?.state, job?.counts?.expired, replica.finished], ['JOB_STATE_OPEN', 0, []]);
  assert.equal(replica.store.commits.length, before);
  replica.store.fenced = false;
  assert.equal(closing(await cluster.watch(id, { withoutOutput: true }))?.closingReason, 'deadline');
});

test('a fenced replica still passes a cancel on', async () => {
  const node = await cluster.node('n');
  node.executor.onOffer = ({ execution }) => node.executor.accept(execution);
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  replica.store.fenced = true;
  await assert.rejects(cluster.client.call(jobMethods.Cancel, { jobId: id }), unavailable);
  await eventually(() => node.executor.cancels.length === 1, 'the cancel');
  replica.store.fenced = false;
  await cluster.client.call(jobMethods.Cancel, { jobId: id });
});

test('a lease that is lost and granted anew has its jobs claimed again: offers go on, and nothing starts twice', async () => {
  const nodes = [await cluster.node('a'), await cluster.node('b')];
  for (const { executor } of nodes) executor.onOffer = ({ execution }) => executor.accept(execution);
  const [first, second] = nodes;
  assert.ok(first && second);
  const { id } = await cluster.submit(nodes, { rollout: { maxConcurrency: { count: 1 } } });
  await eventually(() => first.executor.offers.length === 1, 'the offer');
  const [lease] = replica.store.leases;
  await lease?.close();
  await eventually(() => replica.store.leases.length >= 2, 'another lease');
  first.executor.succeed(idOf(id, first));
  await eventually(() => second.executor.offers.length === 1, 'the next offer');
  second.executor.succeed(idOf(id, second));
  assert.equal(closing(await watchAgain(id))?.counts?.succeeded, 2);
  assert.deepEqual((await storedResults(id)).sort(), [0, 1]);
  assert.deepEqual(
    nodes.map(({ executor }) => executor.offers.length),
    [1, 1],
  );
});

test('a deposed coordinator writes nothing', async () => {
  const node = await cluster.node('n');
  tellsAgain(node);
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  const key = keys.coordinator(id as JobId);
  await replica.store.commit({ then: [{ delete: key }] });
  const value = values.coordinator.encode({ replica: 'another' });
  await replica.store.commit({
    then: [
      { put: key, value },
      { put: keys.open(id as JobId), value: Buffer.alloc(0) },
    ],
  });
  const before = await replica.store.revision();
  node.executor.succeed(idOf(id, node));
  await eventually(() => replica.jobs.open === 0, 'the job to be given up');
  assert.equal(await replica.store.revision(), before);
  assert.equal(node.executor.releases.length, 0);
  await replica.store.commit({ then: [{ delete: key }] });
  assert.equal(closing(await watchAgain(id))?.counts?.succeeded, 1);
  await eventually(() => node.executor.releases.length === 1, 'the release');
});

test('what was never offered expires at the delivery deadline', async () => {
  const [here, gone] = [await cluster.node('a'), await cluster.node('b')];
  here.executor.onOffer = ({ execution }) => here.executor.accept(execution);
  await gone.connection.close();
  await eventually(() => replica.fleet.size === 1, 'one session');
  const { id } = await cluster.submit([here, gone], { deliverWithinMs: 50_000 });
  await eventually(() => here.executor.offers.length === 1, 'the offer');
  replica.clock.jump(51_000);
  here.executor.succeed(idOf(id, here));
  const counts = closing(await cluster.watch(id, { withoutOutput: true }))?.counts;
  assert.deepEqual([counts?.succeeded, counts?.expired], [1, 1]);
  assert.deepEqual([...replica.finished].sort(), ['EXECUTION_STATE_EXPIRED', 'EXECUTION_STATE_SUCCEEDED']);
});

test('a result of a job nobody knows is released as unknown, and one of another attempt too', async () => {
  const node = await cluster.node('n');
  node.executor.succeed(executionId(newJobId(), node.uid, 1));
  await eventually(() => node.executor.releases.length === 1, 'the release');
  node.executor.onOffer = ({ execution }) => node.executor.accept(execution);
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  node.executor.succeed(executionId(id as JobId, node.uid, 2));
  await eventually(() => node.executor.releases.length === 2, 'the release of the other attempt');
  const { executions } = await cluster.client.call(jobMethods.ListExecutions, { jobId: id });
  assert.equal(executions?.[0]?.state, 'EXECUTION_STATE_DISPATCHED');
});

test('an agent that sends results without bounds does not keep its job from closing', async () => {
  const nodes = await Promise.all(Array.from({ length: 8 }, (_, n) => cluster.node(`n-${n}`)));
  for (const { executor } of nodes) {
    executor.onOffer = ({ execution }) => {
      const result = {
        state: 'EXECUTION_STATE_FAILED',
        message: 'x'.repeat(400_000),
        stderrTail: Buffer.alloc(400_000, 'y'),
      } as const;
      executor.emit({ execution, type: 'finished', result });
    };
  }
  const { id } = await cluster.submit(nodes);
  assert.equal(closing(await cluster.watch(id, { withoutOutput: true }))?.counts?.failed, 8);
  const { executions } = await cluster.client.call(jobMethods.ListExecutions, { jobId: id });
  for (const { result } of executions ?? []) {
    assert.deepEqual([result?.message.length, result?.stderrTail.length], [1024, 4096]);
  }
});

/** A watch that is told to watch again does. */
async function watchAgain(id: string): Promise<WatchEvent__Output[]> {
  for (;;) {
    try {
      return await cluster.watch(id, { withoutOutput: true });
    } catch (error) {
      if ((error as MusterError).reason !== 'REPLICA_STOPPING') throw error;
    }
  }
}
