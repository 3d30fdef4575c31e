import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Execution__Output } from '../../../proto/gen/muster/v1/Execution.ts';
import type { WatchEvent__Output } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import type { MusterError } from '../../../shared/errors.ts';
import { executionId, type JobId, newJobId } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { jobMethods, nodeMethods } from '../../../shared/rpc/methods.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { TestReplica } from '../../harness/test-replica.ts';

let replica: TestReplica;

before(async () => {
  replica = await TestReplica.start();
});
after(() => replica.close());

const last = (events: readonly WatchEvent__Output[]): Map<string, Execution__Output> => {
  const latest = new Map<string, Execution__Output>();
  for (const event of events) for (const one of event.executions?.executions ?? []) latest.set(one.node, one);
  return latest;
};

test('a job runs on its nodes, is watched to its end, and its results are released once they are stored', async () => {
  const nodes = [await replica.node('a-1'), await replica.node('a-2')];
  for (const { executor } of nodes) {
    executor.onOffer = ({ execution }) => {
      executor.accept(execution);
      executor.succeed(execution);
    };
  }
  const { id } = await replica.submit(nodes);
  const events = await replica.watch(id, { withoutOutput: true });
  assert.deepEqual(
    [...last(events).values()].map((one) => one.state),
    Array(2).fill('EXECUTION_STATE_SUCCEEDED'),
  );
  const closing = events.findLast((event) => event.job)?.job;
  assert.equal(closing?.state, 'JOB_STATE_CLOSED');
  assert.equal(closing?.closingReason, 'done');
  assert.equal(closing?.counts?.succeeded, 2);
  await eventually(() => nodes.every(({ executor }) => executor.releases.length === 1), 'both releases');
  assert.equal(
    (await replica.watch(id, { withoutOutput: true })).findLast((event) => event.job)?.job?.counts?.succeeded,
    2,
  );
});

test('the same id with other bytes is refused, naming the field', async () => {
  const node = await replica.node('b-1');
  const id = newJobId();
  await replica.submit([node], { id });
  const stored = await replica.client.call(jobMethods.GetJob, { jobId: id });
  assert.equal(stored.job?.id, id);
  await assert.rejects(replica.submit([node], { id, command: { argv: ['false'] } }), (error: MusterError) => {
    assert.equal(error.reason, 'ID_CONFLICT');
    assert.equal(error.field, 'order.id');
    return true;
  });
  await eventually(() => node.executor.offers.length === 1, 'one offer');
});

test('an order sent twice, byte for byte, runs once', async () => {
  const node = await replica.node('g-1');
  const uids = [node.uid];
  const { bytes } = buildOrder({
    command: { argv: ['true'] },
    plan: { root: planRoot(uids), count: 1 },
    createdUnixMs: Date.now(),
  });
  const request = { order: bytes, targets: uids };
  const answers = await Promise.all([1, 2, 3].map(() => replica.client.call(jobMethods.Submit, request)));
  assert.deepEqual(answers.map((answer) => answer.existed).sort(), [false, true, true]);
  await eventually(() => node.executor.offers.length === 1, 'one offer');
});

test('no more than the order allows are in flight, and the budget of errors stops the rest', async () => {
  const nodes = await Promise.all(Array.from({ length: 6 }, (_, n) => replica.node(`c-${n}`)));
  const offered: string[] = [];
  for (const { executor } of nodes) executor.onOffer = ({ execution }) => void offered.push(execution);
  const { id } = await replica.submit(nodes, { rollout: { maxConcurrency: { count: 2 }, maxErrors: { count: 0 } } });
  await eventually(() => offered.length === 2, 'two offers');
  const fail = (index: number): void => {
    const node = nodes[index];
    if (!node) return;
    const execution = executionId(id as JobId, node.uid, 1);
    node.executor.emit({
      execution,
      type: 'finished',
      result: { state: 'EXECUTION_STATE_FAILED', exitCode: 1, startedUnixMs: 1 },
    });
  };
  fail(0);
  await eventually(() => nodes[0]?.executor.releases.length === 1, 'the release of the first');
  fail(1);
  const events = await replica.watch(id, { withoutOutput: true });
  const states = [...last(events).values()].map((one) => one.state).sort();
  assert.deepEqual(states, [...Array(2).fill('EXECUTION_STATE_FAILED'), ...Array(4).fill('EXECUTION_STATE_SKIPPED')]);
  assert.equal(offered.length, 2);
  assert.equal(events.findLast((event) => event.job)?.job?.closingReason, 'max-errors');
});

test('a cancel reaches what runs, skips what waits, and the job closes as cancelled', async () => {
  const nodes = [await replica.node('d-1'), await replica.node('d-2')];
  for (const { executor } of nodes) executor.onOffer = ({ execution }) => executor.accept(execution);
  const { id } = await replica.submit(nodes, { rollout: { maxConcurrency: { count: 1 } } });
  const [first] = nodes;
  await eventually(() => first?.executor.offers.length === 1, 'the first offer');
  await replica.client.call(jobMethods.Cancel, { jobId: id, signal: 2, graceMs: 7 });
  await eventually(() => first?.executor.cancels.length === 1, 'the cancel');
  assert.deepEqual({ ...first?.executor.cancels[0], execution: '' }, { execution: '', signal: 2, graceMs: 7 });
  if (first) {
    const execution = executionId(id as JobId, first.uid, 1);
    first.executor.emit({
      execution,
      type: 'finished',
      result: { state: 'EXECUTION_STATE_CANCELLED', startedUnixMs: 1 },
    });
  }
  const events = await replica.watch(id, { withoutOutput: true });
  assert.deepEqual([...last(events).values()].map((one) => one.state).sort(), [
    'EXECUTION_STATE_CANCELLED',
    'EXECUTION_STATE_SKIPPED',
  ]);
  assert.equal(events.findLast((event) => event.job)?.job?.closingReason, 'cancelled');
});

test('a replica that stops and starts again finishes its open jobs, without a second offer to who has it', async () => {
  const nodes = [await replica.node('e-1'), await replica.node('e-2')];
  for (const { executor } of nodes)
    executor.onOffer = ({ execution }) => {
      if (executor.present(execution).length === 0) executor.accept(execution);
    };
  const { id } = await replica.submit(nodes);
  await eventually(() => nodes.every(({ executor }) => executor.offers.length === 1), 'the offers');
  await replica.stop();
  const [away, back] = nodes;
  if (away) away.executor.succeed(executionId(id as JobId, away.uid, 1));
  await replica.begin();
  if (back) back.executor.succeed(executionId(id as JobId, back.uid, 1));
  const events = await replica.watch(id, { withoutOutput: true });
  assert.equal(events.findLast((event) => event.job)?.job?.counts?.succeeded, 2);
  await eventually(() => nodes.every(({ executor }) => executor.releases.length === 1), 'the releases');
});

test('a job over nodes of which one is away offers to it when it comes', async () => {
  const here = await replica.node('f-1');
  const gone = await replica.node('f-2');
  await gone.connection.close();
  for (const { executor } of [here, gone])
    executor.onOffer = ({ execution }) => {
      executor.accept(execution);
      executor.succeed(execution);
    };
  const { id } = await replica.submit([here, gone]);
  await eventually(() => here.executor.releases.length === 1, 'the one that is here');
  const listed = await replica.client.call(jobMethods.ListExecutions, { jobId: id });
  const waiting = listed.executions?.find((one) => one.node === 'f-2');
  assert.equal(waiting?.state, 'EXECUTION_STATE_PENDING');
  assert.equal(waiting?.nodeAway, true);
  await replica.again(gone);
  const events = await replica.watch(id, { withoutOutput: true });
  assert.equal(events.findLast((event) => event.job)?.job?.counts?.succeeded, 2);
});

test('a node that goes is listed with the time it was last seen', async () => {
  const node = await replica.node('h-1');
  const before = Date.now();
  await node.connection.close();
  let seen = 0;
  for (let tries = 0; seen < before && tries < 200; tries += 1) {
    const found = await replica.client.call(nodeMethods.GetNode, { node: 'h-1' });
    if (!found.node?.connected) seen = Number(found.node?.lastSeenUnixMs);
  }
  assert.ok(seen >= before, `${seen} is not ${before} or later`);
});
