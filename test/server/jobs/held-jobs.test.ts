import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Start } from '../../../proto/gen/muster/v1/Start.ts';
import type { Session } from '../../../server/fleet/session.ts';
import { type Claim, CoordinatorFence } from '../../../server/jobs/coordination/coordinator-fence.ts';
import { HeldJobs } from '../../../server/jobs/coordination/held-jobs.ts';
import type { LateResult } from '../../../server/jobs/late-results.ts';
import { type ExecutionId, executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { systemClock } from '../../../shared/time.ts';
import { eventually, silent } from '../../harness/agent-connection.ts';
import { FakeLink } from './fake-link.ts';

const uid = newNodeUid();
const job = newJobId();
const execution = executionId(job, uid, 1);
const result = { state: 'EXECUTION_STATE_SUCCEEDED' } as const;
const order = buildOrder({
  id: job,
  command: { argv: ['cat'] },
  plan: { root: planRoot([uid]), count: 1 },
  stdin: Buffer.from('in'),
  createdUnixMs: Date.now(),
}).bytes;

/** The local session of the node, as far as these jobs use it. */
function fakeSession() {
  const has = new Set<ExecutionId>();
  const told = { starts: [] as Omit<Start, 'execution'>[], inputs: [] as string[], released: [] as ExecutionId[] };
  const session = {
    ...{ uid, live: true, cancels: [] as unknown[] },
    holds: (id: ExecutionId) => has.has(id),
    start: (id: ExecutionId, frame: Omit<Start, 'execution'>) => {
      has.add(id);
      told.starts.push(frame);
    },
    input: (_: ExecutionId, data: Buffer) => void told.inputs.push(data.toString()),
    cancel: (frame: unknown) => void session.cancels.push(frame),
    release: (ids: readonly ExecutionId[]) => void told.released.push(...ids),
  };
  return { ...told, session: session as unknown as Session & { cancels: unknown[]; live: boolean } };
}

let at: { fenced: boolean };
let local: ReturnType<typeof fakeSession>;
let late: LateResult[];
let opened: [string, Claim][];
let fence: CoordinatorFence;
let held: HeldJobs;
let sessions: () => Iterable<Session>;

beforeEach(() => {
  at = { fenced: false };
  local = fakeSession();
  late = [];
  opened = [];
  fence = new CoordinatorFence();
  sessions = () => [local.session];
  held = new HeldJobs({
    ...{ fence, clock: systemClock, log: silent },
    session: (of) => (of === uid ? local.session : undefined),
    sessions: () => sessions(),
    stdin: async () => Buffer.from('in'),
    fenced: () => at.fenced,
    late: (result) => void late.push(result),
    opened: (...of) => void opened.push(of),
    ...{ executionsAPage: 2, maxUnreleased: 2 },
  });
});

const open = (link: FakeLink, coordinatorRevision: number, era = 1) =>
  held.open(link, { job, coordinatorRevision, era, order, signature: Buffer.alloc(0), fresh: false });
const offer = (link: FakeLink, coordinatorRevision: number) =>
  held.offers(link, { job, coordinatorRevision, era: 1, offers: [{ execution, proof: null, traceparent: '' }] });

test('an offer over a link starts the execution with the order of that job, and its stdin comes from the store', async () => {
  const link = new FakeLink();
  open(link, 5);
  assert.deepEqual(link.of('jobOpened'), [{ job, coordinatorRevision: 5, era: 1, executions: [], more: false }]);
  offer(link, 5);
  assert.deepEqual(local.starts[0]?.order, order);
  await eventually(() => local.inputs.length === 1, 'the stdin');
  // Asked again, it has both already.
  offer(link, 5);
  assert.equal(local.starts.length, 2);
  open(link, 5);
  assert.deepEqual(link.of('jobOpened').at(-1)?.executions, [execution]);
});

test('a coordinator that was succeeded is obeyed in nothing, and told so', () => {
  const [older, newer] = [new FakeLink('older'), new FakeLink('newer')];
  open(older, 5);
  open(newer, 9);
  assert.deepEqual(opened, [
    [job, { era: 1, revision: 5 }],
    [job, { era: 1, revision: 9 }],
  ]);
  offer(older, 5);
  held.cancels(older, { job, coordinatorRevision: 5, era: 1, cancels: [{ execution, signal: 15 }] });
  held.releases(older, { job, coordinatorRevision: 5, era: 1, executions: [execution], unknownJob: false });
  held.end(older, { job, coordinatorRevision: 5, era: 1 });
  open(older, 5);
  assert.deepEqual([local.starts.length, local.session.cancels.length, local.released.length], [0, 0, 0]);
  assert.deepEqual(older.of('stale'), Array(5).fill({ job, era: 1, highestRevision: 9 }));
  assert.equal(fence.admits(job, { era: 1, revision: 5 }), false);
  offer(newer, 9);
  assert.equal(local.starts.length, 1);
});

test('after a wipe or a restore of the store the later era counts, however low its revisions: what is late of the one before sets nothing back', () => {
  const [older, newer] = [new FakeLink('older'), new FakeLink('newer')];
  open(older, 900, 1);
  open(newer, 3, 2);
  open(older, 901, 1);
  assert.deepEqual(older.of('stale'), [{ job, era: 2, highestRevision: 3 }]);
  assert.deepEqual(opened, [
    [job, { era: 1, revision: 900 }],
    [job, { era: 2, revision: 3 }],
  ]);
  held.offers(newer, { job, coordinatorRevision: 3, era: 2, offers: [{ execution, proof: null, traceparent: '' }] });
  open(newer, 4, 2);
  assert.deepEqual([local.starts.length, newer.of('stale')], [1, []]);
});

test('a job that cannot have been offered there before costs its holder no look at its sessions, and no answer', () => {
  const link = new FakeLink();
  sessions = () => assert.fail('looked');
  held.open(link, { job, coordinatorRevision: 5, era: 1, order, signature: Buffer.alloc(0), fresh: true });
  assert.deepEqual(link.sent, []);
  offer(link, 5);
  assert.equal(local.starts.length, 1);
});

test('however many executions of a job are held, they are told in pages', () => {
  const nodes = Array.from({ length: 5 }, () => newNodeUid());
  sessions = () => nodes.map((node) => ({ uid: node, live: true, holds: () => true }) as unknown as Session);
  const link = new FakeLink();
  open(link, 5);
  assert.deepEqual(
    link.of('jobOpened').map(({ executions, more }) => [executions?.length, more]),
    [
      [2, true],
      [2, true],
      [1, false],
    ],
  );
  const told = link.of('jobOpened').flatMap(({ executions }) => executions ?? []);
  assert.deepEqual(
    told,
    nodes.map((node) => executionId(job, node, 1)),
  );
});

test('a result is kept until it is released: a link that goes down loses none', () => {
  const link = new FakeLink();
  open(link, 5);
  assert.equal(held.finished({ session: local.session, execution, result }), true);
  held.releases(link, { job, coordinatorRevision: 5, era: 1, executions: [execution], unknownJob: false });
  assert.deepEqual(local.released, [execution]);
  held.finished({ session: local.session, execution, result });
  link.live = false;
  held.linkDown(link);
  assert.deepEqual(late, [{ session: local.session, execution, result }]);
  assert.equal(held.finished({ session: local.session, execution, result }), false);
});

test('a result beyond what is kept here is passed on all the same', async () => {
  const link = new FakeLink();
  open(link, 5);
  const executions = Array.from({ length: 3 }, () => executionId(job, newNodeUid(), 1));
  for (const of of executions) held.finished({ session: local.session, execution: of, result });
  const told = () => link.of('events').flatMap(({ events }) => events?.map((event) => event.execution) ?? []);
  await eventually(() => told().length === 3, 'the events');
  assert.deepEqual(told(), executions);
  link.live = false;
  held.linkDown(link);
  assert.equal(late.length, 2);
});

test('a coordinator that is done with the job leaves what it did not release to be stored by somebody else', () => {
  const link = new FakeLink();
  open(link, 5);
  held.finished({ session: local.session, execution, result });
  held.end(link, { job, coordinatorRevision: 5, era: 1 });
  assert.equal(late.length, 1);
});

test('a fenced holder starts nothing that others offer, passes cancels on, and starts what waits when it is no longer', async () => {
  const link = new FakeLink();
  open(link, 5);
  at.fenced = true;
  offer(link, 5);
  held.cancels(link, { job, coordinatorRevision: 5, era: 1, cancels: [{ execution, signal: 15 }] });
  assert.deepEqual([local.starts.length, local.session.cancels.length], [0, 1]);
  at.fenced = false;
  await eventually(() => local.starts.length === 1, 'the start');
});

test('what waited at a fenced holder is not started for a coordinator that was succeeded meanwhile', async () => {
  const [older, newer] = [new FakeLink('older'), new FakeLink('newer')];
  open(older, 5);
  at.fenced = true;
  offer(older, 5);
  open(newer, 9);
  held.offers(newer, { job, coordinatorRevision: 9, era: 1, offers: [{ execution, proof: null, traceparent: 'its' }] });
  at.fenced = false;
  await eventually(() => local.starts.length > 0, 'the start');
  assert.deepEqual(
    local.starts.map(({ traceparent }) => traceparent),
    ['its'],
  );
});

test('what waited at a fenced holder is started for a coordinator that has only claimed the job anew', async () => {
  const link = new FakeLink();
  open(link, 5);
  at.fenced = true;
  offer(link, 5);
  held.releases(link, { job, coordinatorRevision: 9, era: 1, executions: [], unknownJob: false });
  at.fenced = false;
  await eventually(() => local.starts.length === 1, 'the start');
});

test('the fence forgets whom it has not heard of for longest', () => {
  const small = new CoordinatorFence({ maxJobs: 2 });
  const [first, second, third] = [newJobId(), newJobId(), newJobId()];
  for (const [id, revision] of [[first, 7] as const, [second, 7] as const, [first, 6] as const])
    small.admits(id, { era: 1, revision });
  small.admits(third, { era: 1, revision: 7 });
  assert.deepEqual(
    [first, second, third].map((id) => small.latest(id).revision),
    [7, 0, 7],
  );
});
