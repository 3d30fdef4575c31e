import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../../../server/fleet/session.ts';
import { JobNodes } from '../../../server/jobs/run/job-nodes.ts';
import type { RemoteSession } from '../../../server/peers/peer-link.ts';
import { executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { FakeLink } from './fake-link.ts';

const uid = newNodeUid();
const job = newJobId();
const execution = executionId(job, uid, 1);

function world(options: { fresh: boolean }) {
  const at: { local?: Session; remote?: RemoteSession; fenced: boolean } = { fenced: false };
  const nodes = new JobNodes({
    ports: { local: () => at.local, remote: () => at.remote },
    ...{
      job,
      signed: { order: Buffer.from('order'), signature: Buffer.alloc(0) },
      claim: () => ({ era: 1, revision: 5 }),
      fenced: () => at.fenced,
      ...options,
    },
  });
  return { at, nodes };
}
const opened = (executions: string[], more = false, coordinatorRevision = 5) => {
  return { job, coordinatorRevision, era: 1, executions, more };
};
const here = (revision: number): Session & { live: boolean } =>
  ({ uid, live: true, epoch: { era: 1, revision } }) as unknown as Session & { live: boolean };

test('of the sessions that a moving node has here and elsewhere the one of the higher epoch counts, whichever is told of first', () => {
  const { at, nodes } = world({ fresh: true });
  const link = new FakeLink();
  const local = here(7);
  at.local = local;
  assert.equal(nodes.of(uid), local);
  at.remote = link.open(uid, 9);
  const moved = nodes.of(uid);
  assert.notEqual(moved, local);
  local.live = false;
  assert.equal(nodes.of(uid), moved);
  // And back, told of the other way round.
  const back = here(11);
  at.local = back;
  assert.equal(nodes.of(uid), back);
  at.remote = undefined;
  assert.equal(nodes.of(uid), back);
  back.live = false;
  assert.equal(nodes.of(uid), undefined);
});

test('a node held elsewhere counts as away until its holder has said what its agent has of an adopted job', () => {
  const { at, nodes } = world({ fresh: false });
  const link = new FakeLink();
  at.remote = link.open(uid, 9);
  assert.equal(nodes.of(uid), undefined);
  assert.equal(link.of('jobOpen').length, 1);
  assert.deepEqual(nodes.answered(link, opened([execution])), [execution]);
  const node = nodes.of(uid);
  assert.equal(node?.holds(execution), true);
  assert.equal(node?.held(execution), undefined);
  assert.equal(link.of('jobOpen').length, 1);
});

test('a holder has answered with the last page of its answer, and none to an earlier coordinator is taken for it', () => {
  const { at, nodes } = world({ fresh: false });
  const link = new FakeLink();
  at.remote = link.open(uid, 9);
  assert.equal(nodes.of(uid), undefined);
  assert.deepEqual(nodes.unanswered, [link]);
  assert.equal(nodes.answered(link, opened([], false, 4)), undefined);
  assert.equal(nodes.answered(link, opened([execution], true)), undefined);
  assert.equal(nodes.of(uid), undefined);
  assert.deepEqual(nodes.answered(link, opened([executionId(job, newNodeUid(), 1)])), [execution]);
  assert.deepEqual([nodes.of(uid)?.holds(execution), nodes.unanswered], [true, []]);
});

test('a fresh job waits for nobody, but over a link that came up after it had been offered there', () => {
  const { at, nodes } = world({ fresh: true });
  const first = new FakeLink('b');
  at.remote = first.open(uid, 9);
  assert.ok(nodes.of(uid));
  first.live = false;
  nodes.linkDown(first);
  const second = new FakeLink('b');
  at.remote = second.open(uid, 9);
  assert.equal(nodes.of(uid), undefined);
  nodes.answered(second, opened([]));
  assert.equal(nodes.of(uid)?.holds(execution), false);
});

test('what is said in one tick shares frames, in the order in which it was said', async () => {
  const { at, nodes } = world({ fresh: true });
  const link = new FakeLink();
  at.remote = link.open(uid, 9);
  const node = nodes.of(uid);
  node?.start(execution, { proof: { index: 0, siblings: [] }, traceparent: '' });
  node?.start(execution, { proof: { index: 0, siblings: [] }, traceparent: '' });
  node?.cancel({ execution });
  node?.release([execution]);
  await eventually(() => link.sent.length === 4, 'the frames');
  assert.deepEqual(
    link.sent.map((frame) => Object.keys(frame)[0]),
    ['jobOpen', 'offers', 'cancels', 'releases'],
  );
  assert.equal(link.of('offers')[0]?.offers?.length, 2);
  assert.equal(link.of('offers')[0]?.coordinatorRevision, 5);
});

test('offers of a fenced replica stay where they are, and leave when it is not', async () => {
  const { at, nodes } = world({ fresh: true });
  const link = new FakeLink();
  at.remote = link.open(uid, 9);
  at.fenced = true;
  nodes.of(uid)?.start(execution, {});
  await new Promise(setImmediate);
  assert.deepEqual(link.of('offers'), []);
  at.fenced = false;
  await eventually(() => link.of('offers').length === 1, 'the offer');
});

test('a run that is over takes back what it had not said yet, but for releases', async () => {
  const { at, nodes } = world({ fresh: true });
  const link = new FakeLink();
  at.remote = link.open(uid, 9);
  const node = nodes.of(uid);
  node?.start(execution, {});
  node?.release([execution]);
  nodes.end();
  await new Promise(setImmediate);
  assert.deepEqual(
    link.sent.map((frame) => Object.keys(frame)[0]),
    ['jobOpen', 'releases', 'jobEnd'],
  );
});
