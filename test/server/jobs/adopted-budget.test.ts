import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Hearing } from '../../../server/jobs/run/hearing.ts';
import { JobTimers } from '../../../server/jobs/run/job-timers.ts';
import type { Store } from '../../../server/store/store.ts';
import { executionId, type JobId } from '../../../shared/ids.ts';
import { type Clock, systemClock } from '../../../shared/time.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { JobsReplica, link, PlayedNode, temporaryStore } from './jobs-world.ts';

let store: Store;
let a: JobsReplica;
let b: JobsReplica;
const closing: (() => Promise<void>)[] = [];

async function replica(name: string): Promise<JobsReplica> {
  const started = await JobsReplica.start(name, store);
  closing.push(() => started.close());
  return started;
}
beforeEach(async () => {
  store = await temporaryStore((close) => closing.push(close));
  a = await replica('a');
  b = await replica('b');
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const nodeOn = (at: JobsReplica): PlayedNode => {
  const node = new PlayedNode();
  node.onStart = () => {};
  at.connect(node);
  return node;
};
const idOf = (job: string, { uid }: PlayedNode) => executionId(job as JobId, uid, 1);
const rollout = { maxConcurrency: { count: 2 }, maxErrors: { count: 0 } };

/** Submits to a, which hears that the first node failed and the second succeeded, can store neither, and dies. */
async function heardByTheDead(nodes: [PlayedNode, PlayedNode, PlayedNode]): Promise<string> {
  const job = await a.submit(nodes, { rollout });
  const [failing, succeeding, never] = nodes;
  await eventually(() => failing.started.length + succeeding.started.length === 2, 'two starts');
  a.store.fault = () => 'reject';
  failing.finish(idOf(job, failing), 'EXECUTION_STATE_FAILED');
  succeeding.finish(idOf(job, succeeding));
  await eventually(() => a.finished.length === 2, 'both ends');
  assert.equal(never.started.length, 0);
  return job;
}
const succeeded = (job: string) => (b.views.current(job as JobId)?.count('EXECUTION_STATE_SUCCEEDED') ?? 0) === 1;
const over = (job: string, node: PlayedNode) =>
  node.cancelled.includes(idOf(job, node)) && b.finished.length + a.finished.length >= 4;

test('an adopted job starts nothing before every agent that has some of it has said how that stands', async () => {
  const nodes: [PlayedNode, PlayedNode, PlayedNode] = [nodeOn(b), nodeOn(b), nodeOn(b)];
  link(a, b);
  const job = await heardByTheDead(nodes);
  const [failing, , never] = nodes;
  let asked = false;
  failing.onAsk = () => {
    asked = true;
  };
  await a.die();
  await eventually(() => succeeded(job) && asked, 'the answer of the other');
  assert.equal(never.started.length, 0);
  failing.tell(idOf(job, failing));
  await eventually(() => over(job, never), 'the end of what never ran');
  assert.equal(never.started.length, 0);
});

test('an adopted job starts nothing before every holder has said what its agents have of it', async () => {
  const c = await replica('c');
  // It adopts nothing itself.
  c.store.down = true;
  const nodes: [PlayedNode, PlayedNode, PlayedNode] = [nodeOn(c), nodeOn(b), nodeOn(b)];
  link(a, b);
  link(a, c);
  const answers = link(c, b);
  const job = await heardByTheDead(nodes);
  answers.held = [];
  await a.die();
  await eventually(() => succeeded(job) && (answers.held ?? []).some(({ jobOpened }) => jobOpened), 'the answer');
  assert.equal(nodes[2].started.length, 0);
  answers.arrive();
  await eventually(() => over(job, nodes[2]), 'the end of what never ran');
  assert.equal(nodes[2].started.length, 0);
  c.store.down = false;
});

test('an end that is made here is told once it is stored, and not before; that of an agent at once', async () => {
  const [failing, never] = [nodeOn(a), nodeOn(a)];
  const job = await a.submit([failing, never], { rollout: { maxConcurrency: { count: 1 }, maxErrors: { count: 0 } } });
  await eventually(() => failing.started.length === 1, 'the start');
  let rejected = 0;
  a.store.fault = () => {
    rejected += 1;
    return 'reject';
  };
  failing.finish(idOf(job, failing), 'EXECUTION_STATE_FAILED');
  const progress = a.views.current(job as JobId);
  assert.equal(progress?.stateAt(0), 'EXECUTION_STATE_FAILED');
  await eventually(() => rejected >= 3, 'tries to store it');
  assert.equal(progress?.stateAt(1), 'EXECUTION_STATE_PENDING');
  assert.deepEqual(a.finished, ['EXECUTION_STATE_FAILED']);
  // Whatever an agent says now, the decision stands: it may be in the store already.
  never.finish(idOf(job, never));
  assert.equal(progress?.stateAt(1), 'EXECUTION_STATE_PENDING');
  a.store.fault = () => undefined;
  await eventually(() => progress?.state === 'closed', 'the close');
  assert.deepEqual([progress?.stateAt(1), progress?.reason], ['EXECUTION_STATE_SKIPPED', 'max-errors']);
  assert.deepEqual(a.finished, ['EXECUTION_STATE_FAILED', 'EXECUTION_STATE_SKIPPED']);
  assert.deepEqual([...never.released, ...failing.released].length, 2);
  const record = (await a.jobs.stored.get(job as JobId))?.record;
  assert.deepEqual({ ...record?.counts }, { UNDETERMINED: 0, FAILED: 1, SKIPPED: 1 });
});

test('nobody is waited for without end', () => {
  const due: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    after: (_, action) => {
      due.push(action);
      return { cancel() {} };
    },
  };
  let ended = 0;
  const hearing = new Hearing({
    timers: new JobTimers({ clock }),
    over: () => {
      ended += 1;
    },
  });
  hearing.awaits(1);
  assert.equal(hearing.open, false, 'a fresh job hears nobody out');
  hearing.begin();
  hearing.awaits(1);
  hearing.awaits(2);
  hearing.begun(1);
  hearing.heard(2);
  assert.deepEqual([hearing.open, ended], [true, 0]);
  due[0]?.();
  assert.deepEqual([hearing.open, ended], [false, 1]);
  hearing.awaits(3);
  assert.equal(hearing.open, false);
});
