import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { WatchEvent__Output } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import { keys } from '../../../server/store/keys.ts';
import type { Transaction } from '../../../server/store/store.ts';
import type { MusterError } from '../../../shared/errors.ts';
import { executionId, type JobId, newJobId } from '../../../shared/ids.ts';
import { jobMethods } from '../../../shared/rpc/methods.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { FaultyReplica } from '../../harness/faulty-replica.ts';
import { type Fault, puts } from '../../harness/faulty-store.ts';
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
const succeedAtOnce = ({ executor }: TestNode): void => {
  executor.onOffer = ({ execution }) => {
    if (executor.present(execution).length > 0) return;
    executor.accept(execution);
    executor.succeed(execution);
  };
};
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
/** Fails the first `times` commits that match. */
function failing(fault: Fault, times: number, matches: (transaction: Transaction) => boolean): void {
  let left = times;
  replica.store.fault = (transaction) => (left > 0 && matches(transaction) && left-- > 0 ? fault : undefined);
}
const isClosing = (job: string) => (transaction: Transaction) =>
  transaction.then.some((operation) => 'delete' in operation && operation.delete === keys.open(job as JobId));
async function storedResults(job: string): Promise<number[]> {
  const targets: number[] = [];
  for await (const { target } of replica.jobs.stored.results(job as JobId)) targets.push(target);
  return targets;
}

for (const fault of ['reject', 'lose'] as const) {
  const how = fault === 'reject' ? 'fails' : 'happens without anybody being told';

  test(`a submit that ${how} is UNAVAILABLE, and the same submit again has the job run once`, async () => {
    const node = await cluster.node('n');
    succeedAtOnce(node);
    const id = newJobId();
    failing(fault, 1, (transaction) => puts(transaction, keys.order(id)));
    // Byte for byte the same, so that it is the same order.
    const sent: Parameters<typeof cluster.client.call>[1][] = [];
    const { client } = cluster;
    const call = client.call.bind(client);
    client.call = (async (method: never, request: never, options: never) => {
      sent.push(request);
      return await call(method, request, options);
    }) as typeof client.call;
    await assert.rejects(cluster.submit([node], { id }), unavailable);
    const again = await call(jobMethods.Submit, sent[0] as object);
    assert.equal(again.existed, fault === 'lose');
    assert.equal(closing(await cluster.watch(id, { withoutOutput: true }))?.counts?.succeeded, 1);
    assert.equal(node.executor.offers.length, 1);
    assert.deepEqual(await storedResults(id), [0]);
  });

  test(`a job whose submit ${how} ${fault === 'lose' ? 'runs by itself' : 'is not there'}`, async () => {
    const node = await cluster.node('n');
    succeedAtOnce(node);
    const id = newJobId();
    failing(fault, 1, (transaction) => puts(transaction, keys.order(id)));
    await assert.rejects(cluster.submit([node], { id }), unavailable);
    if (fault === 'lose')
      assert.equal(closing(await cluster.watch(id, { withoutOutput: true }))?.state, 'JOB_STATE_CLOSED');
    else await assert.rejects(cluster.watch(id), (error: MusterError) => error.reason === 'UNKNOWN_JOB');
    assert.equal(node.executor.offers.length, fault === 'lose' ? 1 : 0);
  });

  test(`results whose commit ${how} are released once they are in the store, exactly once`, async () => {
    const nodes = [await cluster.node('a'), await cluster.node('b'), await cluster.node('c')];
    for (const node of nodes) node.executor.onOffer = ({ execution }) => node.executor.accept(execution);
    const { id } = await cluster.submit(nodes);
    await eventually(() => nodes.every(({ executor }) => executor.offers.length === 1), 'the offers');
    failing(fault, 2, (transaction) => puts(transaction, keys.resultPrefix(id as JobId)));
    nodes[0]?.executor.succeed(idOf(id, nodes[0]));
    nodes[1]?.executor.succeed(idOf(id, nodes[1]));
    await eventually(() => nodes.slice(0, 2).every(({ executor }) => executor.releases.length === 1), 'the releases');
    nodes[2]?.executor.succeed(idOf(id, nodes[2]));
    assert.equal(closing(await cluster.watch(id, { withoutOutput: true }))?.counts?.succeeded, 3);
    assert.deepEqual((await storedResults(id)).sort(), [0, 1, 2]);
  });

  test(`a close that ${how} is made good: the job closes, its results are released, watchers see its end`, async () => {
    const node = await cluster.node('n');
    succeedAtOnce(node);
    const id = newJobId();
    failing(fault, 1, isClosing(id));
    await cluster.submit([node], { id });
    assert.equal(closing(await cluster.watch(id, { withoutOutput: true }))?.closingReason, 'done');
    await eventually(() => node.executor.releases.length === 1, 'the release');
    assert.deepEqual(await storedResults(id), [0]);
    assert.equal(replica.jobs.open, 0);
  });

  test(`a cancel that ${how} reaches the nodes all the same, and again is written down`, async () => {
    const nodes = [await cluster.node('a'), await cluster.node('b')];
    for (const { executor } of nodes) executor.onOffer = ({ execution }) => executor.accept(execution);
    const { id } = await cluster.submit(nodes, { rollout: { maxConcurrency: { count: 1 } } });
    await eventually(() => nodes[0]?.executor.offers.length === 1, 'the offer');
    replica.store.fault = () => fault;
    await assert.rejects(cluster.client.call(jobMethods.Cancel, { jobId: id }), unavailable);
    await eventually(() => nodes[0]?.executor.cancels.length === 1, 'the cancel');
    replica.store.fault = () => undefined;
    await cluster.client.call(jobMethods.Cancel, { jobId: id });
    const stored = await replica.jobs.stored.get(id as JobId);
    assert.equal(stored?.record.state, 'cancelling');
    assert.equal(nodes[1]?.executor.offers.length, 0);
  });

  test(`a step of offers that ${how} is made again before anything beyond it is offered`, async () => {
    const nodes = await Promise.all(Array.from({ length: 3 }, (_, n) => cluster.node(`n-${n}`)));
    for (const node of nodes) succeedAtOnce(node);
    const { id } = await cluster.submit(nodes);
    assert.equal((await replica.jobs.stored.get(id as JobId))?.record.offeredBelow, 3);
    failing(fault, 1, (transaction) => puts(transaction, keys.state(id as JobId)));
    assert.equal(closing(await cluster.watch(id, { withoutOutput: true }))?.counts?.succeeded, 3);
  });

  test(`an adoption whose claim ${how} is made good`, async () => {
    const node = await cluster.node('n');
    tellsAgain(node);
    const { id } = await cluster.submit([node]);
    await eventually(() => node.executor.offers.length === 1, 'the offer');
    // The claim is gone, and so the next write finds this coordinator deposed.
    await replica.store.commit({
      then: [{ delete: keys.coordinator(id as JobId) }, { delete: keys.open(id as JobId) }],
    });
    node.executor.succeed(idOf(id, node));
    await eventually(() => replica.jobs.open === 0, 'the job to be given up');
    assert.equal(node.executor.releases.length, 0);
    failing(fault, 2, (transaction) => puts(transaction, keys.coordinator(id as JobId)));
    await replica.store.commit({ then: [{ put: keys.open(id as JobId), value: Buffer.alloc(0) }] });
    assert.equal(closing(await cluster.watch(id, { withoutOutput: true }))?.counts?.succeeded, 1);
    assert.deepEqual(await storedResults(id), [0]);
  });

  test(`a result of a closed job whose commit ${how} lands, once, and is released`, async () => {
    const node = await cluster.node('n');
    node.executor.onOffer = ({ execution }) => node.executor.accept(execution);
    const jobDeadlineUnixMs = Date.now() + 60_000;
    const { id } = await cluster.submit([node], { deliverWithinMs: 50_000, jobDeadlineUnixMs });
    await eventually(() => node.executor.offers.length === 1, 'the offer');
    replica.clock.jump(61_000);
    const closed = closing(await cluster.watch(id, { withoutOutput: true }));
    assert.deepEqual([closed?.closingReason, closed?.counts?.undetermined], ['deadline', 1]);
    failing(fault, 1, (transaction) => puts(transaction, keys.resultPrefix(id as JobId)));
    node.executor.succeed(idOf(id, node));
    await eventually(() => node.executor.releases.length === 1, 'the release');
    assert.deepEqual(await storedResults(id), [0]);
    if (fault === 'reject') assert.deepEqual(replica.finished, ['EXECUTION_STATE_SUCCEEDED']);
    assert.equal((await cluster.client.call(jobMethods.GetJob, { jobId: id })).job?.counts?.succeeded, 1);
  });
}

test('what became of a closed job is told without its results being read', async () => {
  const node = await cluster.node('n');
  succeedAtOnce(node);
  const { id } = await cluster.submit([node]);
  await cluster.watch(id, { withoutOutput: true });
  const { entries } = await replica.store.list(keys.resultPrefix(id as JobId), { limit: 10 });
  assert.equal(entries.length, 1);
  await replica.store.commit({ then: entries.map(({ key }) => ({ delete: key })) });
  const { job } = await cluster.client.call(jobMethods.GetJob, { jobId: id });
  assert.deepEqual([job?.counts?.total, job?.counts?.succeeded, job?.counts?.undetermined], [1, 1, 0]);
  const { jobs } = await cluster.client.call(jobMethods.ListJobs, {});
  assert.equal(jobs?.[0]?.counts?.succeeded, 1);
});
